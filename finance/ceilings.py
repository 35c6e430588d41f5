"""Ceilings of a player's money that bind on every path, because the books keep them (N14).

Whoever moves money, the page, the API, the admin or a job, meets `player_ceiling_kept` in
`finance_post`. Who may set which ceiling, and when a higher one begins, higher rooms decide.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """A limit of the player's would be passed."""

    code = "ceiling_reached"
    message = _("This would pass a limit of this account.")


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


def in_force(player: Player, *, at: datetime) -> Mapping[tuple[str, str], int]:
    """The ceilings in force, by flow and span, in fen."""
    found: dict[tuple[str, str], int | None] = {}
    rows = Ceiling.objects.filter(player_code=player.code, valid_from__lte=at)
    for row in rows.order_by("valid_from", "pk"):
        found[row.flow, row.span] = row.fen
    return {key: fen for key, fen in found.items() if fen is not None}


def has_room(player: Player, *, flow: str, fen: int, at: datetime) -> bool:
    """Whether so much more of a flow would fit now; the books judge again when it comes."""
    today = in_shanghai(at).date()
    begun = {
        Span.DAY: today,
        Span.WEEK: today - timedelta(days=today.weekday()),
        Span.MONTH: today.replace(day=1),
    }
    spent = {
        row.span: row.total
        for row in FlowRow.objects.filter(player_code=player.code, flow=flow)
        if row.begins_on == begun[Span(row.span)]
    }
    return all(
        spent.get(span, 0) + fen <= ceiling
        for (of, span), ceiling in in_force(player, at=at).items()
        if of == flow
    )


def used(player: Player, *, flow: str, span: str) -> int:
    """How much of a flow went through in the latest span that was counted, in fen."""
    row = (
        FlowRow.objects.filter(player_code=player.code, flow=flow, span=span)
        .order_by("-begins_on")
        .first()
    )
    return row.total if row else 0
