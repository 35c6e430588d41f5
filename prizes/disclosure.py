"""What everybody may know of the money of a draw that is over: sales, fund, prizes (F219).

Every figure is read from the books as they are now, so that what is disclosed is what is booked.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from finance import ledger
from finance.ledger import EntryKind
from games import announced, draws
from games.models import Draw
from lottery_portal.lib.errors import Refused
from sales.opening import prizes_of, stakes_of

from . import kits, pools
from .models import PrizeSheet, TierOutcome
from .pools import unclaimed_of


class NotDisclosed(Refused):
    """The draw is not over, or there is none."""

    code, status = "draw_not_disclosed", 404
    message = _("The money of draw %(draw)s is disclosed when its result is published.")


def of(code: str) -> dict[str, Any]:
    """The money of a published draw of the real books, or `NotDisclosed`; all in fen."""
    draw = draws.find(code)
    if draw.is_shadow or draw.state not in kits.OVER:
        raise NotDisclosed(draw=code)
    sheet = PrizeSheet.objects.get(draw=draw)
    stakes, prizes = stakes_of(draw), prizes_of(draw)
    game = draw.game.code
    shares = {
        "prize_fen": prizes,
        "fund_fen": pools.issuer_of(draw.game)
        if announced.is_announced(draw)
        else pools.fund_of(draw.game),
        "fee_fen": f"fee:{game}",
        "welfare_fen": f"welfare:{game}",
    }
    allocation = ledger.entry_of(f"allocation:{draw.code}")
    sold = ledger.taken(stakes, kind=EntryKind.PURCHASE)
    refunded = ledger.given(stakes, kind=EntryKind.REFUND)
    return {
        "draw": draw.code,
        "game": game,
        "issue": draw.issue,
        "mode": draw.mode,
        "sales_fen": sold - refunded,
        "allocation": {
            name: ledger.moved_to(allocation, target=account) if allocation else 0
            for name, account in shares.items()
        },
        "fund": {
            "paid_fen": ledger.taken(prizes, kind=EntryKind.FUND_COVER),
            "rounding_fen": sheet.rounding_to_fund,
        },
        "issuer": {
            "paid_fen": ledger.taken(prizes, kind=EntryKind.ISSUER),
            "owed_fen": ledger.given(prizes, kind=EntryKind.ISSUER),
        },
        "pools": [
            {"code": name, "before_fen": before, "after_fen": after}
            for name, (before, after) in _pools(draw, sheet).items()
        ],
        "tiers": [
            {"tier": row.tier, "winners": row.winners, "prize_fen": row.prize}
            for row in TierOutcome.objects.filter(draw=draw).order_by("tier")
        ],
        "prizes_fen": ledger.given(prizes, kind=EntryKind.PRIZE),
        "unclaimed_fen": ledger.balance(unclaimed_of(draw)),
    }


def _pools(draw: Draw, sheet: PrizeSheet) -> dict[str, tuple[int, int]]:
    """The pools of the house; those of an issuer are told in his announcement."""
    if announced.is_announced(draw):
        return {}
    found = {"pool": (sheet.pool_before, sheet.pool_after)}
    return found | {code: (pair[0], pair[1]) for code, pair in sheet.other_pools.items()}
