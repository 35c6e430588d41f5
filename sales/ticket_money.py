"""Where the money of a ticket went, and what its draw then paid and gave (N09). Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from games.models import Announcement, Draw
from games.rules import RuleVersion, Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawMoney:
    """What a published draw took, what of it went where, and what its prizes came to; fen.

    `paid_fen` is all prizes of the draw, pools and fund included, so that it may be more than the
    share of the sales.
    """

    sales_fen: int
    paid_fen: int
    winners: int
    shares: Shares


def of_draw(draw: Draw, version: RuleVersion) -> DrawMoney | None:
    """The money of the draw once it is published; None before, and for a cancelled one."""
    told = Announcement.objects.filter(draw=draw).first()
    if told is None or told.sales is None:
        return None
    return DrawMoney(
        sales_fen=told.sales,
        paid_fen=sum(row["winners"] * row["prize_fen"] for row in told.tiers),
        winners=sum(row["winners"] for row in told.tiers),
        shares=version.allocation.split(told.sales),
    )
