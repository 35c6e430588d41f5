"""Ceilings of a player's money that bind on every path, because the books keep them (N14).

Whoever moves money, the page, the API, the admin or a job, meets `player_ceiling_kept` in
`finance_post`. Who may set which ceiling, and when a higher one begins, higher rooms decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from .models import Ceiling
from .models import Flow as FlowRow

Flow = Ceiling.Flow
Span = Ceiling.Span
CONSTRAINT = "player_ceiling_kept"


class CeilingReached(Refused):
    """A limit of the player's would be passed: which one, what of it is used, what is asked."""

    code = "ceiling_reached"
    message = _("This would pass a limit of this account.")


@dataclass(frozen=True, slots=True)
class Room:
    """A ceiling in force, and how much of it is used up in the span that runs."""

    flow: str
    span: str
    ceiling_fen: int
    used_fen: int

    @property
    def room_fen(self) -> int:
        """What still fits."""
        return max(self.ceiling_fen - self.used_fen, 0)


@inside_transaction
def set_ceiling(
    *, player: Player, flow: str, span: str, fen: int | None, valid_from: datetime
) -> int:
    """Set a ceiling from a moment on, or none with `fen` None; the row's id.

    What went through in the span that runs is counted at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT finance_set_ceiling(%s, %s, %s, %s, %s)",
            [player.code, flow, span, fen, valid_from],
        )
        return int(cursor.fetchone()[0])


def in_force(player_code: str, *, at: datetime) -> Mapping[tuple[str, str], int]:
    """The ceilings in force, by flow and span, in fen."""
    found: dict[tuple[str, str], int | None] = {}
    rows = Ceiling.objects.filter(player_code=player_code, valid_from__lte=at)
    for row in rows.order_by("valid_from", "pk"):
        found[row.flow, row.span] = row.fen
    return {key: fen for key, fen in found.items() if fen is not None}


def rooms(player_code: str, *, at: datetime) -> Sequence[Room]:
    """The ceilings in force, with what went through in the spans that run."""
    ceilings = in_force(player_code, at=at)
    if not ceilings:
        return []
    today = in_shanghai(at).date()
    begun = {
        Span.DAY: today,
        Span.WEEK: today - timedelta(days=today.weekday()),
        Span.MONTH: today.replace(day=1),
    }
    spent = {
        (row.flow, row.span): row.total
        for row in FlowRow.objects.filter(player_code=player_code)
        if row.begins_on == begun[Span(row.span)]
    }
    return [
        Room(flow=flow, span=span, ceiling_fen=fen, used_fen=spent.get((flow, span), 0))
        for (flow, span), fen in ceilings.items()
    ]


def has_room(player: Player, *, flow: str, fen: int, at: datetime) -> bool:
    """Whether so much more of a flow would fit now; the books judge again when it comes."""
    return all(
        room.used_fen + fen <= room.ceiling_fen
        for room in rooms(player.code, at=at)
        if room.flow == flow
    )


def reached(player_code: str, *, flows: Collection[str], fen: int, at: datetime) -> CeilingReached:
    """The refusal of `fen` more of these flows, with the figures of the ceiling that is nearest."""
    nearest = min(
        (room for room in rooms(player_code, at=at) if room.flow in flows),
        key=lambda room: room.room_fen,
        default=None,
    )
    if nearest is None:  # lifted in this moment
        return CeilingReached(asked_fen=fen)
    return CeilingReached(
        flow=nearest.flow,
        span=nearest.span,
        asked_fen=fen,
        ceiling_fen=nearest.ceiling_fen,
        used_fen=nearest.used_fen,
        room_fen=nearest.room_fen,
    )


def used(player: Player, *, flow: str, span: str) -> int:
    """How much of a flow went through in the latest span that was counted, in fen."""
    row = (
        FlowRow.objects.filter(player_code=player.code, flow=flow, span=span)
        .order_by("-begins_on")
        .first()
    )
    return row.total if row else 0
