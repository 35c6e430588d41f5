"""What this room tells players: that a ticket won; what was drawn, and that none did (F053)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts import messages

from . import publication

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
