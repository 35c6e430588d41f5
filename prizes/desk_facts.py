"""What this room knows about a draw, handed up to its desk: how far the settlement has come."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from games import desk_facts
from games.desk_facts import Deed, Facts, Lack
from games.models import Draw

from .models import Settlement, TierOutcome

State = Settlement.State
SETTLERS = frozenset({"draw_official", "administrator"})


def facts(draw: Draw) -> Facts:
    """The steps of settlement of a confirmed draw, and the halt, if it was halted."""
    if draw.state != Draw.State.CONFIRMED:
        return Facts(tiers=_tiers(draw))
    settled = Settlement.objects.filter(draw=draw).first()
    if settled is not None and settled.state == State.HALTED:
        return Facts(
            attention=settled.halt_reason,
            lacks=[
                Lack(
                    state="now",
                    title=_("Tickets, file and books as sealed"),
                    text=settled.halt_reason,
                )
            ],
            deed=Deed(
                text=_("Look again"),
                url=reverse("prizes:desk_settle_again", args=[draw.code]),
                roles=SETTLERS,
                is_post=True,
            ),
        )
    return Facts(lacks=_steps(settled), tiers=_tiers(draw))


def _tiers(draw: Draw) -> list[dict[str, int]]:
    return [
        {"tier": row.tier, "winners": row.winners, "prize_fen": row.prize}
        for row in TierOutcome.objects.filter(draw=draw).order_by("tier")
    ]


def _steps(settled: Settlement | None) -> list[Lack]:
    chunks = settled.chunks if settled else 0
    counted = settled.parts.filter(counted_at__isnull=False).count() if settled else 0
    credited = settled.parts.filter(credited_at__isnull=False).count() if settled else 0
    is_priced = settled is not None and settled.priced_at is not None
    progress = _("%(done)s of %(chunks)s parts")
    return [
        Lack(
            state="done" if settled else "now",
            title=_("Tickets, file and books as sealed"),
            text=_("The root is worked out again from the tickets before anything is counted."),
        ),
        Lack(
            state="done" if is_priced else "now" if settled else "todo",
            title=_("Winning lines counted"),
            text=progress % {"done": counted, "chunks": chunks} if settled else "",
        ),
        Lack(state="done" if is_priced else "todo", title=_("Prizes worked out")),
        Lack(
            state="now" if is_priced else "todo",
            title=_("Prizes credited"),
            text=progress % {"done": credited, "chunks": chunks} if is_priced else "",
        ),
    ]


desk_facts.register(facts)
