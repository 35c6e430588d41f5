"""The prize table of a draw, once both engines agree: its rows, and its money in the books."""

from __future__ import annotations

from datetime import datetime

from finance import ledger
from finance.ledger import AccountKind, EntryKind, Move
from games import announced
from games.models import Draw
from games.prize_tables import PrizeTable
from lottery_portal.lib.db import inside_transaction
from sales.opening import prizes_of

from . import pools
from .models import PrizeSheet, TierOutcome
from .pools import unclaimed_of


@inside_transaction
def keep(draw: Draw, table: PrizeTable, *, now: datetime) -> None:
    """Write the table and book what pool, fund or issuer give to the draw and get from it."""
    _write(draw, table, now=now)
    _book(draw, table)


def _write(draw: Draw, table: PrizeTable, *, now: datetime) -> None:
    PrizeSheet.objects.create(
        draw=draw,
        sales=draw.seal.stake,
        prize_money=table.prize_money_fen,
        pool_before=table.pool_before_fen,
        pool_after=table.pool_after_fen,
        fund_paid=table.fund_paid_fen,
        rounding_to_fund=table.rounding_to_fund_fen,
        issuer_paid=table.issuer_paid_fen,
        issuer_owed=table.issuer_owed_fen,
        special_on_next=table.special_on_next,
        other_pools={code: list(pair) for code, pair in table.other_pools.items()},
        computed_at=now,
    )
    TierOutcome.objects.bulk_create(
        TierOutcome(draw=draw, tier=tier, winners=table.winners[tier], prize=prize)
        for tier, prize in sorted(table.prize_fen.items())
    )


def _book(draw: Draw, table: PrizeTable) -> None:
    """First what comes in, then what goes out; between the draw and its prizes nothing is lost."""
    prizes, fund = prizes_of(draw), pools.fund_of(draw.game)
    ledger.open_account(
        code=unclaimed_of(draw), kind=AccountKind.UNCLAIMED, is_shadow=draw.is_shadow
    )
    if announced.is_announced(draw):
        _book_announced(draw, table)
        return
    if table.fund_paid_fen:
        ledger.post(
            reference=f"fund:{draw.code}",
            kind=EntryKind.FUND_COVER,
            moves=[Move(source=fund, target=prizes, amount=table.fund_paid_fen)],
        )
    changes = {pools.pool_of(draw.game): table.pool_after_fen - table.pool_before_fen}
    for code, (before, after) in table.other_pools.items():
        changes[pools.pool_of(draw.game, code)] = after - before
    moves = [
        Move(source=pool, target=prizes, amount=-change)
        for pool, change in changes.items()
        if change < 0
    ]
    moves += [
        Move(source=prizes, target=pool, amount=change)
        for pool, change in changes.items()
        if change > 0
    ]
    if table.rounding_to_fund_fen:
        moves.append(Move(source=prizes, target=fund, amount=table.rounding_to_fund_fen))
    if moves:
        ledger.post(reference=f"pool:{draw.code}", kind=EntryKind.POOL_ROLL, moves=moves)


def _book_announced(draw: Draw, table: PrizeTable) -> None:
    """All prize money of the draw is the issuer's, and all its prizes are paid by him."""
    prizes, issuer = prizes_of(draw), pools.issuer_of(draw.game)
    moves = [
        Move(source=source, target=target, amount=amount)
        for source, target, amount in (
            (issuer, prizes, table.issuer_paid_fen),
            (prizes, issuer, table.issuer_owed_fen),
        )
        if amount
    ]
    if moves:
        ledger.post(reference=f"issuer:{draw.code}", kind=EntryKind.ISSUER, moves=moves)
