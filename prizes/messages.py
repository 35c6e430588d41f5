"""What this room tells players: that a ticket won; what was drawn, and that none did (F053)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts import messages

from . import publication
from .redemption import payment, refusal

messages.register(
    messages.Kind(
        name=publication.WON,
        title=_("Your ticket won"),
        template="prizes/mail/won.txt",
        sms="prizes/mail/won_sms.txt",
        channels=messages.EVERYWHERE,
        address=messages.page("sales:ticket", "ticket"),
    )
)
messages.register(
    messages.Kind(
        name=publication.RESULT,
        title=_("Results of your draws, also without a prize"),
        template="prizes/mail/result.txt",
        sms="prizes/mail/result_sms.txt",
        channels=messages.EVERYWHERE,
        is_on_at_first=False,  # most of them say that nothing was won
        address=messages.page("games:result", "game_code", "issue"),
    )
)
messages.register(
    messages.Kind(
        name=payment.PAID,
        title=_("Your prize was paid"),
        template="prizes/mail/claim_paid.txt",
        sms="prizes/mail/claim_paid_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,
        address=messages.page("sales:ticket", "ticket"),
    )
)
messages.register(
    messages.Kind(
        name=refusal.REFUSED,
        title=_("Your claim was refused"),
        template="prizes/mail/claim_refused.txt",
        sms="prizes/mail/claim_refused_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,
        address=messages.page("sales:ticket", "ticket"),
    )
)
messages.register(
    messages.Kind(
        name=refusal.REOPENED,
        title=_("Your claim goes on"),
        template="prizes/mail/claim_reopened.txt",
        sms="prizes/mail/claim_reopened_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,
        address=messages.page("sales:ticket", "ticket"),
    )
)
messages.register(
    messages.Kind(
        name=refusal.DISMISSED,
        title=_("Your objection was heard"),
        template="prizes/mail/objection_dismissed.txt",
        sms="prizes/mail/objection_dismissed_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,
        address=messages.page("sales:ticket", "ticket"),
    )
)
