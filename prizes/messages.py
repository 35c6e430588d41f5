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
for name, title, template, page in (
    (payment.PAID, _("Your prize was paid"), "claim_paid", "prize"),
    (refusal.REFUSED, _("Your claim was refused"), "claim_refused", "prize"),
    (refusal.REOPENED, _("Your claim goes on"), "claim_reopened", "prize"),
    (refusal.DISMISSED, _("Your objection was heard"), "objection_dismissed", "prize"),
    (recovery.TAKEN_BACK, _("Your prize was taken back"), "claim_taken_back", "prize"),
    (agents.OPENED, _("Somebody claims your prize for you"), "agent_opened", "prize"),
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
            is_legal=True,  # he comes, waits, owes or objects by it, or did not ask for it himself
            address=messages.page(f"prizes:{page}", "ticket"),
        )
    )
