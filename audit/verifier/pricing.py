"""What a line of each tier gets and where the rest goes: the rule sheet's own steps, in its order.

All sums are whole fen; on the way to them nothing is cut that the sheet does not cut. In the end
every fen is somewhere:

    prize money + pools before + paid by the fund = prizes + pools after + rounding to the fund
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from .sheet import SettlementInput, Sheet
from .tiers import WHOLE, SheetFloating, SheetPart, SheetTier

_NOTHING = Fraction(0)
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Prices:
    """A priced draw; `prize_fen` and `lines` hold every tier in force, ascending.

    `pools` are code, before and after of every pool, in the order of the sheet. `issuer` is, where
    prizes are announced: digest of the announcement, approval of a decision on it or `-`, what of
    the prize money is the issuer's, and what he pays.
    """

    sales_fen: int
    prize_money_fen: int
    pools: tuple[tuple[str, int, int], ...]
    fund_paid_fen: int
    rounding_fen: int
    special_next: bool
    lines: dict[int, int]
    prize_fen: dict[int, int]
    issuer: tuple[str, str, int, int] | None = None


@dataclass(slots=True)
class _Work:
    """A floating tier in work: its money, what a unit gets of it, what the pool gets, what lacks.

    `tops` are the tiers on top of it, each with its lines and the share that a line of it gets.
    """

    number: int
    lines: int
    tops: tuple[tuple[int, int, Fraction], ...]
    money: Fraction = _NOTHING
    each: Fraction = _NOTHING
    to_pool: Fraction = _NOTHING
    lacks_fen: int = 0

    @property
    def units(self) -> Fraction:
        """Its lines, and for each line that wins a tier on top of it the share of that."""
        return self.lines + sum((share * lines for _top, lines, share in self.tops), _NOTHING)

    def prizes(self, rule: SheetFloating) -> dict[int, int]:
        """What a line gets, of this tier and of those on top of it."""
        own = _cut(self.each, rule)
        whole = Fraction(own) if rule.cut == "parts" else self.each
        tops = {top: _cut(share * whole, rule) if lines else 0 for top, lines, share in self.tops}
        return {self.number: own, **tops}

    def paid(self, rule: SheetFloating) -> int:
        """What all its lines get together."""
        prizes = self.prizes(rule)
        tops = sum(lines * prizes[top] for top, lines, _share in self.tops)
        return self.lines * prizes[self.number] + tops


def price(
    sheet: Sheet, given: SettlementInput, *, sales: Mapping[str, int], lines: Mapping[int, int]
) -> Prices:
    """Price a draw with these `sales` by play and so many winning `lines` per tier."""
    tiers = sheet.tiers_in_force(special_on=given.special_on)
    won = {tier.number: lines.get(tier.number, 0) for tier in tiers}
    before = given.pools_before_fen
    prizes = {tier.number: tier.fixed_at(before[0]) or 0 for tier in tiers}
    money = _prize_money(sheet, sales)
    rest = list(money)
    for tier in tiers:
        if tier.fixed_fen is not None:
            rest[_paying(sheet, tier)] -= won[tier.number] * prizes[tier.number]
    kept = [
        _settle(sheet, given, rest[0], won, prizes),
        *map(_kept, before[1:], rest[1:]),
    ]
    after, fund = [pool for pool, _fund in kept], sum(fund for _pool, fund in kept)
    paid = sum(count * prizes[number] for number, count in won.items())
    codes = [pool.code for pool in sheet.pools]
    return Prices(
        sales_fen=sum(sales.values()),
        prize_money_fen=sum(money),
        pools=tuple(zip(codes, before, after, strict=True)),
        fund_paid_fen=fund,
        rounding_fen=sum(money) + sum(before) + fund - paid - sum(after),
        special_next=special_after(sheet, given, after[0]),
        lines=won,
        prize_fen=prizes,
    )


def _prize_money(sheet: Sheet, sales: Mapping[str, int]) -> list[int]:
    """Step 4: the prize money of each pool; what cutting leaves belongs to the first."""
    further = [
        sum(sales.get(play, 0) for play in pool.plays) * sheet.prize_share // WHOLE
        for pool in sheet.pools[1:]
    ]
    return [prize_money_of(sheet, sum(sales.values())) - sum(further), *further]


def prize_money_of(sheet: Sheet, sales_fen: int) -> int:
    """Step 4: the prize money of so much."""
    return sales_fen * sheet.prize_share // WHOLE


def _paying(sheet: Sheet, tier: SheetTier) -> int:
    """The pool that pays a tier, counted from 0."""
    return next(at for at, pool in enumerate(sheet.pools) if tier.plays[0] in pool.plays)


def _kept(before: int, rest: int) -> tuple[int, int]:
    """Step 5: a pool takes what is left or gives what lacks, and what it has not the fund pays."""
    return max(before + rest, 0), max(-before - rest, 0)


def _work(tier: SheetTier, tiers: Iterable[SheetTier], won: Mapping[int, int]) -> _Work:
    tops = [
        (top.number, won[top.number], Fraction(top.on_top[1], WHOLE))
        for top in tiers
        if top.on_top is not None and top.on_top[0] == tier.number
    ]
    return _Work(tier.number, won[tier.number], tuple(tops))


def _settle(
    sheet: Sheet,
    given: SettlementInput,
    rest: int,
    won: Mapping[int, int],
    prizes: dict[int, int],
) -> tuple[int, int]:
    """Steps 5 to 10: the first pool after the draw and what the fund pays.

    The floating prizes are put into `prizes`.
    """
    rule, pool, deficit = sheet.floating, given.pools_before_fen[0], max(-rest, 0)
    if rule is None:
        return _kept(pool, rest)
    tiers = sheet.tiers_in_force(special_on=given.special_on)
    works = {tier.number: _work(tier, tiers, won) for tier in tiers if tier.is_floating}
    from_pool = min(deficit, pool) if sheet.deficit_paid_by == "pool" else 0
    parts = _parts(rule, given)
    for at, part in enumerate(parts):
        money = Fraction(max(rest, 0) * _share(parts, at, works), WHOLE)
        _divide(rule, part, works[part.tier], money + (pool - from_pool) * part.takes_pool)
    for work in works.values():
        if work.number in rule.draw_caps:
            _cap(rule, work, rule.draw_caps[work.number])
    if sheet.minimum is not None:
        _raise(rule, sheet.minimum, works, prizes)
    for work in works.values():
        prizes.update(work.prizes(rule))
    after = floor(sum((work.to_pool for work in works.values()), _NOTHING) + _HALF)
    return after, deficit - from_pool + sum(work.lacks_fen for work in works.values())


def _parts(rule: SheetFloating, given: SettlementInput) -> tuple[SheetPart, ...]:
    """Step 6: the parts of the split in force."""
    reached = [
        split
        for split in rule.splits
        if split.special == given.special_on and split.pool_from_fen <= given.pools_before_fen[0]
    ]
    return max(reached, key=lambda split: split.pool_from_fen).parts


def _share(parts: tuple[SheetPart, ...], at: int, works: Mapping[int, _Work]) -> int:
    """Step 6: the share of a part, when those that nobody wins have gone where they go."""

    def leaves(part: SheetPart) -> bool:
        return part.unwon_to > 0 and not works[part.tier].lines

    own = 0 if leaves(parts[at]) else parts[at].share
    tier = parts[at].tier
    if any(part.tier == tier for part in parts[:at]):
        return own
    return own + sum(part.share for part in parts if leaves(part) and part.unwon_to == tier)


def _divide(rule: SheetFloating, part: SheetPart, work: _Work, money: Fraction) -> None:
    """Steps 6 and 7: a unit's share of this part, and what of it nobody may have."""
    work.money += money
    whole = money if rule.left_over == "exact" else Fraction(_cut(money, rule))
    units = work.units
    if not units:
        work.to_pool += whole
        return
    share = money / units
    cut = Fraction(_cut(share, rule))
    if share <= part.line_cap_fen:
        work.each += cut if rule.cut == "parts" else share
        return
    work.each += part.line_cap_fen
    if rule.left_over == "per_line":
        work.to_pool += units * (cut - part.line_cap_fen)
    else:
        work.to_pool += whole - units * part.line_cap_fen


def _cap(rule: SheetFloating, work: _Work, cap: int) -> None:
    """Step 8: together the units of a tier get no more than `cap`."""
    if work.units * work.each <= cap:
        return
    work.each = cap / work.units
    if rule.cut == "parts":
        work.each = Fraction(_cut(work.each, rule))
    if rule.left_over == "exact":
        work.to_pool = work.money - cap
    else:
        work.to_pool = Fraction(_cut(work.money, rule) - work.paid(rule))


def _raise(
    rule: SheetFloating,
    minimum: tuple[int, int],
    works: Mapping[int, _Work],
    prizes: dict[int, int],
) -> None:
    """Step 9, from the last floating tier upwards."""
    factor, most = minimum
    for work in sorted(works.values(), key=lambda work: -work.number):
        if not work.lines:
            continue
        least = min(prizes.get(work.number + 1, 0) * factor, most)
        if work.number in rule.draw_caps:
            least = min(least, _cut(rule.draw_caps[work.number] / work.units, rule))
        if work.prizes(rule)[work.number] < least:
            work.each = Fraction(least)
            lacks = work.paid(rule) + work.to_pool - work.money
            work.lacks_fen = max(ceil(lacks), 0)
        prizes[work.number] = work.prizes(rule)[work.number]


def special_after(sheet: Sheet, given: SettlementInput, pool_after: int) -> bool:
    """Step 11: whether the special rule is on in the draw after this."""
    if sheet.special_marks is None:
        return False
    on_from, off_below = sheet.special_marks
    if pool_after >= on_from:
        return True
    return given.special_on and pool_after >= off_below


def _cut(fen: Fraction, rule: SheetFloating) -> int:
    return floor(fen) // rule.unit_fen * rule.unit_fen
