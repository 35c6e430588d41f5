"""What a line of each tier gets and where the rest goes: the rule sheet's own steps, in its order.

All money is whole fen. In the end every fen is somewhere:

    prize money + pool before + paid by the fund = prizes + pool after + rounding to the fund
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .sheet import WHOLE, SettlementInput, Sheet, SheetPart, SheetSplit, SheetTier


@dataclass(frozen=True, slots=True)
class Prices:
    """A priced draw; `prize_fen` and `lines` hold every tier in force, ascending."""

    sales_fen: int
    prize_money_fen: int
    pool_before_fen: int
    pool_after_fen: int
    fund_paid_fen: int
    rounding_fen: int
    special_next: bool
    lines: dict[int, int]
    prize_fen: dict[int, int]


@dataclass(slots=True)
class _Floating:
    """A floating tier in work: its lines, what a line gets, what the pool gets, what is lacking.

    `money` of its parts is in ten-thousandths of a fen, so that parts are added before any is cut.
    """

    lines: int
    money: int = 0
    prize_fen: int = 0
    to_pool_fen: int = 0
    lacks_fen: int = 0


def price(
    sheet: Sheet, given: SettlementInput, *, sales_fen: int, lines: Mapping[int, int]
) -> Prices:
    """Price a draw with so many winning `lines` per tier."""
    tiers = sheet.tiers_in_force(special_on=given.special_on)
    won = {tier.number: lines.get(tier.number, 0) for tier in tiers}
    prize_money = sales_fen * sheet.prize_share // WHOLE
    fixed = sum(won[tier.number] * tier.fixed_fen for tier in tiers if tier.fixed_fen is not None)
    floating_money, deficit = max(prize_money - fixed, 0), max(fixed - prize_money, 0)

    floating = {
        tier.number: _Floating(won[tier.number]) for tier in tiers if tier.fixed_fen is None
    }
    for part in _split_of(sheet, given).parts:
        money = floating_money * part.share
        if part.takes_pool:
            money += given.pool_before_fen * WHOLE
        _divide(sheet, part, floating[part.tier], money)
    for number, cap in sheet.draw_caps.items():
        if number in floating:
            _cap(sheet, floating[number], cap)
    _raise(sheet, tiers, floating)

    prize = {
        tier.number: floating[tier.number].prize_fen if tier.fixed_fen is None else tier.fixed_fen
        for tier in tiers
    }
    pool_after = sum(tier.to_pool_fen for tier in floating.values())
    fund_paid = deficit + sum(tier.lacks_fen for tier in floating.values())
    paid = sum(won[number] * prize[number] for number in won)
    return Prices(
        sales_fen=sales_fen,
        prize_money_fen=prize_money,
        pool_before_fen=given.pool_before_fen,
        pool_after_fen=pool_after,
        fund_paid_fen=fund_paid,
        rounding_fen=prize_money + given.pool_before_fen + fund_paid - paid - pool_after,
        special_next=_special_next(sheet, given, pool_after),
        lines=won,
        prize_fen=prize,
    )


def _split_of(sheet: Sheet, given: SettlementInput) -> SheetSplit:
    reached = [
        split
        for split in sheet.splits
        if split.special == given.special_on and split.pool_from_fen <= given.pool_before_fen
    ]
    return max(reached, key=lambda split: split.pool_from_fen)


def _divide(sheet: Sheet, part: SheetPart, tier: _Floating, money: int) -> None:
    """Step 4 and 5: a line's share of this part, and what of it nobody may have."""
    tier.money += money
    money //= WHOLE
    if tier.lines == 0:
        tier.to_pool_fen += _cut(money, sheet.unit_fen)
        return
    share = _cut(money // tier.lines, sheet.unit_fen)
    if share < part.line_cap_fen:
        tier.prize_fen += share
        return
    tier.prize_fen += part.line_cap_fen
    if sheet.left_over == "whole_part":
        tier.to_pool_fen += _cut(money, sheet.unit_fen) - tier.lines * part.line_cap_fen
    else:
        tier.to_pool_fen += tier.lines * (share - part.line_cap_fen)


def _cap(sheet: Sheet, tier: _Floating, cap: int) -> None:
    """Step 6: together the lines of a tier get no more than `cap`."""
    if tier.lines * tier.prize_fen <= cap:
        return
    tier.prize_fen = _cut(cap // tier.lines, sheet.unit_fen)
    tier.to_pool_fen = _cut(tier.money // WHOLE, sheet.unit_fen) - tier.lines * tier.prize_fen


def _raise(sheet: Sheet, tiers: tuple[SheetTier, ...], floating: dict[int, _Floating]) -> None:
    """Step 7, from the last floating tier upwards."""
    below: int | None = None
    for tier in reversed(tiers):
        if tier.fixed_fen is not None:
            below = tier.fixed_fen
            continue
        mine = floating[tier.number]
        if mine.lines == 0:
            below = None
            continue
        if below is not None:
            least = min(below * sheet.minimum_factor, sheet.minimum_most_fen)
            if tier.number in sheet.draw_caps:
                cap = sheet.draw_caps[tier.number] // mine.lines
                least = min(least, _cut(cap, sheet.unit_fen))
            if mine.prize_fen < least:
                mine.prize_fen = least
                wanted = mine.lines * least + mine.to_pool_fen
                mine.lacks_fen = max(wanted - mine.money // WHOLE, 0)
        below = mine.prize_fen


def _special_next(sheet: Sheet, given: SettlementInput, pool_after: int) -> bool:
    if sheet.special_marks is None:
        return False
    on_from, off_below = sheet.special_marks
    if pool_after >= on_from:
        return True
    return given.special_on and pool_after >= off_below


def _cut(money: int, unit: int) -> int:
    return money // unit * unit
