"""What this room tells players: that a ticket won, what was drawn, until when a prize is claimed
(F053, F079)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import messages

from . import publication
from .redemption import (
    agents,
    announcements,
    appointments,
    delays,
    extensions,
    forfeiture,
    holds,
    payment,
    recovery,
    refusal,
    reminders,
)


def _of_a_prize(params: Mapping[str, Any]) -> str:
    """The page of a prize that waits for its winner; of any other the ticket says it all."""
    name = "prizes:prize" if params.get("route") == "CENTRE" else "sales:ticket"
    return messages.page(name, "ticket")(params)


messages.register(
    messages.Kind(
        name=publication.WON,
        title=_("Your ticket won"),
        template="prizes/mail/won.txt",
        sms="prizes/mail/won_sms.txt",
        channels=messages.EVERYWHERE,
        address=_of_a_prize,
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
for name, title, template in (
    (reminders.KIND, _("Your prize lapses soon"), "claim_by"),
    (forfeiture.FORFEITED, _("Your prize has lapsed"), "lapsed"),
    (holds.BEGUN, _("Your prize is held"), "held"),
    (holds.OVER, _("Your prize is no longer held"), "hold_over"),
    (extensions.DECIDED, _("Decision on more time for your prize"), "extension"),
):
    messages.register(
        messages.Kind(
            name=name,
            title=title,
            template=f"prizes/mail/{template}.txt",
            sms="prizes/mail/deadline_sms.txt",
            channels=messages.EVERYWHERE,
            is_legal=True,  # who does not know of it loses money
            address=messages.page("prizes:deadline", "ticket"),
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
        address=messages.page("prizes:prize", "ticket"),
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
        address=messages.page("prizes:prize", "ticket"),
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
        address=messages.page("prizes:prize", "ticket"),
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
        address=messages.page("prizes:prize", "ticket"),
    )
)
messages.register(
    messages.Kind(
        name=recovery.TAKEN_BACK,
        title=_("Your prize was taken back"),
        template="prizes/mail/claim_taken_back.txt",
        sms="prizes/mail/claim_taken_back_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,  # he owes what was paid
        address=messages.page("prizes:prize", "ticket"),
    )
)
messages.register(
    messages.Kind(
        name=agents.OPENED,
        title=_("Somebody claims your prize for you"),
        template="prizes/mail/agent_opened.txt",
        sms="prizes/mail/agent_opened_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,  # who did not send anybody must know at once
        address=messages.page("prizes:prize", "ticket"),
    )
)
for name, title, template, page in (
    (appointments.BOOKED, _("Your appointment at the prize centre"), "appointment", "prize"),
    (appointments.CANCELLED, _("Your appointment is cancelled"), "appointment_cancelled", "prize"),
    (delays.ANNOUNCED, _("Your prize is paid later"), "payment_delayed", "prize"),
    (
        announcements.ANNOUNCED,
        _("What you allowed is told with your prize"),
        "winner_announced",
        "publicity",
    ),
    (
        announcements.TAKEN_AWAY,
        _("What you took back is no longer told"),
        "winner_taken_away",
        "publicity",
    ),
):
    messages.register(
        messages.Kind(
            name=name,
            title=title,
            template=f"prizes/mail/{template}.txt",
            sms=f"prizes/mail/{template}_sms.txt",
            channels=messages.EVERYWHERE,
            is_legal=True,  # he comes, waits for his money, or did not allow it himself
            address=messages.page(f"prizes:{page}", "ticket"),
        )
    )
