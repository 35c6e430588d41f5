"""The prize table of a draw: what a line of each tier gets, and where the rest of the money goes.

Exact arithmetic in fen. Announcements publish the prize per line, the winning lines, the pool after
the draw, the top-up of the pool and, at times, the fund's payment. The floating money, the deficit
and the rounding are ours: they are never published, and without them the books do not close:

    prize money + pools before + fund's payment + top-up = prizes + pools after + rounding to fund
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from games.rules.prizes import WHOLE, Floating, Part, Pool, Tier
from games.rules.shape import RuleVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class PrizeTable:
    """What a draw pays and leaves; `pool_after_fen` holds the top-up, `fund_paid_fen` does not.

    `prize_fen` has every tier in force: a fixed tier its amount, won or not, an unwon floating tier
    nothing. `fund_paid_fen` is the deficit and the raising to the minimum. `pool_*` is the first
    pool of the game, `other_pools` has before and after of each further one. `issuer_*` is where an
    issuer announces the prizes: what he pays for them, and what of the prize money is his.
    """

    winners: Mapping[int, int]
    prize_fen: Mapping[int, int]
    prize_money_fen: int
    floating_fen: int
    deficit_fen: int
    raised_fen: int
    pool_before_fen: int
    pool_after_fen: int
    fund_topup_fen: int
    rounding_to_fund_fen: int
    special_on: bool
    special_on_next: bool
    other_pools: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    excess_fen: Mapping[str, int] = field(default_factory=dict)
    issuer_paid_fen: int = 0
    issuer_owed_fen: int = 0

    @property
    def fund_paid_fen(self) -> int:
        return self.deficit_fen + self.raised_fen

    @property
    def prizes_fen(self) -> int:
        """What all winning lines get together."""
        return sum(self.winners[tier] * prize for tier, prize in self.prize_fen.items())

    @property
    def money_in_fen(self) -> int:
        pools = self.pool_before_fen + sum(before for before, _after in self.other_pools.values())
        given = self.fund_paid_fen + self.fund_topup_fen + self.issuer_paid_fen
        return self.prize_money_fen + pools + given

    @property
    def money_out_fen(self) -> int:
        pools = self.pool_after_fen + sum(after for _before, after in self.other_pools.values())
        return self.prizes_fen + pools + self.rounding_to_fund_fen + self.issuer_owed_fen


@dataclass(slots=True, kw_only=True)
class _Tier:
    """A floating tier while it is being worked out: the money of its parts, and where it goes.

    `units`: its lines, and for each line that wins a tier on top the share of that. What one unit
    gets is `unit_fen`, from which the prizes are cut.
    """

    tier: Tier
    lines: int
    on_top: Mapping[int, int]
    shares: Mapping[int, Fraction]
    money_fen: Fraction = Fraction(0)
    unit_fen: Fraction = Fraction(0)
    prize_fen: int = 0
    to_pool_fen: Fraction = Fraction(0)
    from_fund_fen: int = 0
    prizes_on_top: dict[int, int] = field(default_factory=dict)

    @property
    def units(self) -> Fraction:
        return self.lines + sum(
            (self.shares[number] * lines for number, lines in self.on_top.items()), Fraction(0)
        )

    @property
    def paid_fen(self) -> int:
        return self.lines * self.prize_fen + sum(
            self.on_top[number] * prize for number, prize in self.prizes_on_top.items()
        )


@dataclass(slots=True, kw_only=True)
class _Floating:
    """The floating money of a draw on its way to the tiers."""

    version: RuleVersion
    rule: Floating
    floating_fen: int
    pool_fen: int
    pool_left_fen: int
    special_on: bool
    lines: Mapping[int, int]
    tiers: dict[int, _Tier] = field(default_factory=dict)

    def divide(self) -> None:
        """Give each tier its parts: cut to the unit, capped per line, then per draw."""
        split = self.version.split_for(pool_fen=self.pool_fen, special_on=self.special_on)
        unwon = {number for number in self._numbers(split.parts) if not self.lines[number]}
        for number in self._numbers(split.parts):
            tier = self.tiers[number] = self._tier(number)
            for part in split.parts:
                if part.tier == number:
                    self._divide_part(part, self._money(part, split.parts, unwon), tier)
            self._set_prizes(tier)
            self._cap(tier)

    def raise_to_minimum(self, fixed: Mapping[int, int]) -> None:
        """Lift prizes that are too near the next tier's; the fund pays what the tier lacks."""
        minimum, prizes = self.version.minimum, dict(fixed)
        if minimum is None:
            return
        for number, tier in sorted(self.tiers.items(), reverse=True):
            if not tier.lines:
                continue
            least = min(minimum.factor * prizes.get(number + 1, 0), minimum.most_fen)
            if (cap := self._draw_cap(tier)) is not None:
                least = min(least, self._cut(cap / tier.units))
            if tier.prize_fen < least:
                tier.unit_fen = Fraction(least)
                self._set_prizes(tier)
                lacking = tier.paid_fen + tier.to_pool_fen - tier.money_fen
                tier.from_fund_fen = max(0, ceil(lacking))
            prizes[number] = tier.prize_fen

    def pool_after(self) -> int:
        """What all tiers leave to the pool; fractions of a fen are rounded once, halves up."""
        left = sum((tier.to_pool_fen for tier in self.tiers.values()), Fraction(0))
        return floor(left + Fraction(1, 2))

    def prizes(self) -> dict[int, int]:
        """What a line of each floating tier gets, and of each tier on top of one."""
        found = {}
        for number, tier in self.tiers.items():
            found[number] = tier.prize_fen
            found |= tier.prizes_on_top
        return found

    def _numbers(self, parts: tuple[Part, ...]) -> list[int]:
        return sorted({part.tier for part in parts})

    def _tier(self, number: int) -> _Tier:
        above = [
            (tier.number, Fraction(tier.on_top.share, WHOLE))
            for tier in self.version.tiers_in_force(special_on=self.special_on)
            if tier.on_top is not None and tier.on_top.tier == number
        ]
        return _Tier(
            tier=self.version.tier(number),
            lines=self.lines[number],
            on_top={top: self.lines[top] for top, _share in above},
            shares=dict(above),
        )

    def _money(self, part: Part, parts: tuple[Part, ...], unwon: set[int]) -> Fraction:
        """What a part has to give; the share of one that nobody wins may go to another tier."""
        share = 0 if part.unwon_to is not None and part.tier in unwon else part.share
        first_of_tier = next(one for one in parts if one.tier == part.tier)
        if part is first_of_tier:
            share += sum(
                one.share for one in parts if one.unwon_to == part.tier and one.tier in unwon
            )
        money = Fraction(self.floating_fen * share, WHOLE)
        return money + (self.pool_left_fen if part.takes_pool else 0)

    def _divide_part(self, part: Part, money: Fraction, tier: _Tier) -> None:
        tier.money_fen += money
        exact = self.rule.left_over == "exact"
        if not tier.lines:
            tier.to_pool_fen += money if exact else self._cut(money)
            return
        per_unit = money / tier.units
        if self.rule.cut == "parts":
            per_unit = Fraction(self._cut(per_unit))
        if money / tier.units > part.line_cap_fen:
            if self.rule.left_over == "per_line":
                tier.to_pool_fen += tier.units * (self._cut(money / tier.units) - part.line_cap_fen)
            else:
                whole = money if exact else self._cut(money)
                tier.to_pool_fen += whole - tier.units * part.line_cap_fen
            per_unit = Fraction(part.line_cap_fen)
        tier.unit_fen += per_unit

    def _set_prizes(self, tier: _Tier) -> None:
        tier.prize_fen = self._cut(tier.unit_fen)
        whole = Fraction(tier.prize_fen) if self.rule.cut == "parts" else tier.unit_fen
        tier.prizes_on_top = {
            number: self._cut(share * whole) if tier.on_top[number] else 0
            for number, share in tier.shares.items()
        }

    def _cap(self, tier: _Tier) -> None:
        cap = self._draw_cap(tier)
        if cap is None or not tier.lines or tier.units * tier.unit_fen <= cap:
            return
        tier.unit_fen = cap / tier.units
        if self.rule.cut == "parts":
            tier.unit_fen = Fraction(self._cut(tier.unit_fen))
        self._set_prizes(tier)
        if self.rule.left_over == "exact":
            tier.to_pool_fen = tier.money_fen - cap
        else:
            tier.to_pool_fen = Fraction(self._cut(tier.money_fen) - tier.paid_fen)

    def _draw_cap(self, tier: _Tier) -> int | None:
        caps = self.rule.draw_caps
        return next((cap.total_fen for cap in caps if cap.tier == tier.tier.number), None)

    def _cut(self, fen: Fraction) -> int:
        return floor(fen) // self.rule.unit_fen * self.rule.unit_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A pool after a draw, and what the fund adds because it did not suffice."""

    after_fen: int
    deficit_fen: int


def compute(
    version: RuleVersion,
    *,
    sales_fen: int,
    pool_before_fen: int,
    special_on: bool,
    winners: Mapping[int, int],
    fund_topup_fen: int = 0,
    sales_by_play: Mapping[str, int] | None = None,
    other_pools: Mapping[str, int] | None = None,
) -> PrizeTable:
    """The prize table of a draw with `winners` lines per tier; a tier left out has none.

    A game with several pools needs the sales of each play and what its further pools hold.
    Impossible input (negative sums, a tier that is not in force) is a bug: `ValueError`.
    """
    lines = _lines_in_force(version, winners, special_on=special_on)
    others = _other_pools(version, other_pools or {})
    if min(sales_fen, pool_before_fen, fund_topup_fen, *others.values()) < 0:
        raise ValueError("sales, pool and top-up cannot be negative")
    fixed = {
        tier.number: amount
        for tier in version.tiers_in_force(special_on=special_on)
        if (amount := tier.fixed_at(pool_before_fen)) is not None
    }
    money = _prize_money(version, sales_fen, sales_by_play)
    rest = {
        pool.code: money[pool.code]
        - sum(
            lines[number] * prize
            for number, prize in fixed.items()
            if _is_paid_from(version, pool, version.tier(number))
        )
        for pool in version.pools
    }
    main, *further = version.pools
    kept = {pool.code: _kept(others[pool.code], rest[pool.code]) for pool in further}
    prizes, raised, floating_fen = dict(fixed), 0, 0
    if version.floating is None:
        first = _kept(pool_before_fen, rest[main.code])
    else:
        floating_fen, short = max(rest[main.code], 0), max(-rest[main.code], 0)
        from_pool = min(short, pool_before_fen) if version.deficit_paid_by == "pool" else 0
        floating = _Floating(
            version=version,
            rule=version.floating,
            floating_fen=floating_fen,
            pool_fen=pool_before_fen,
            pool_left_fen=pool_before_fen - from_pool,
            special_on=special_on,
            lines=lines,
        )
        floating.divide()
        floating.raise_to_minimum(fixed)
        first = _Kept(after_fen=floating.pool_after(), deficit_fen=short - from_pool)
        prizes |= floating.prizes()
        raised = sum(tier.from_fund_fen for tier in floating.tiers.values())
    deficit = first.deficit_fen + sum(one.deficit_fen for one in kept.values())
    after = {main.code: first.after_fen + fund_topup_fen}
    after |= {code: one.after_fen for code, one in kept.items()}
    money_in = sum(money.values()) + pool_before_fen + sum(others.values())
    paid = sum(lines[number] * prize for number, prize in prizes.items())
    return PrizeTable(
        winners=lines,
        prize_fen=dict(sorted(prizes.items())),
        prize_money_fen=sum(money.values()),
        floating_fen=floating_fen,
        deficit_fen=deficit,
        raised_fen=raised,
        pool_before_fen=pool_before_fen,
        pool_after_fen=after[main.code],
        fund_topup_fen=fund_topup_fen,
        rounding_to_fund_fen=money_in
        + deficit
        + raised
        + fund_topup_fen
        - paid
        - sum(after.values()),
        special_on=special_on,
        special_on_next=version.next_special(pool_fen=after[main.code], special_on=special_on),
        other_pools={pool.code: (others[pool.code], after[pool.code]) for pool in further},
        excess_fen={
            pool.code: max(0, after[pool.code] - pool.excess_from_fen)
            for pool in version.pools
            if pool.excess_from_fen is not None
        },
    )


def _kept(before_fen: int, rest_fen: int) -> _Kept:
    """A pool that takes what is left of the prize money and gives what it lacks."""
    after = before_fen + rest_fen
    return _Kept(after_fen=max(after, 0), deficit_fen=max(-after, 0))


def _is_paid_from(version: RuleVersion, pool: Pool, tier: Tier) -> bool:
    """No plays named are all of them, of a pool and of a tier."""
    return any(tier.is_played(play) for play in pool.plays or [one.code for one in version.plays])


def _prize_money(
    version: RuleVersion, sales_fen: int, by_play: Mapping[str, int] | None
) -> dict[str, int]:
    """The prize money of each pool; together exactly that of all sales."""
    main, *further = version.pools
    whole = version.allocation.split(sales_fen).prize_fen
    if not further:
        return {main.code: whole}
    if by_play is None or sum(by_play.values()) != sales_fen:
        raise ValueError(f"{version.code} has several pools: the sales of each play must add up")
    if any(sold < 0 for sold in by_play.values()) or by_play.keys() - {
        play.code for play in version.plays
    }:
        raise ValueError(f"{version.code} has no such sales")
    money = {
        pool.code: version.allocation.split(
            sum(by_play.get(play, 0) for play in pool.plays)
        ).prize_fen
        for pool in further
    }
    return {main.code: whole - sum(money.values()), **money}


def _other_pools(version: RuleVersion, given: Mapping[str, int]) -> dict[str, int]:
    further = {pool.code for pool in version.pools[1:]}
    if given.keys() != further:
        raise ValueError(f"{version.code} has the further pools {sorted(further)}")
    return dict(given)


def _lines_in_force(
    version: RuleVersion, winners: Mapping[int, int], *, special_on: bool
) -> dict[int, int]:
    tiers = version.tiers_in_force(special_on=special_on)
    in_force = [tier.number for tier in tiers]
    if any(lines and tier not in in_force for tier, lines in winners.items()):
        raise ValueError(f"{version.code} has no such tier in this draw")
    if any(lines < 0 for lines in winners.values()):
        raise ValueError("winning lines cannot be negative")
    lines = {tier: winners.get(tier, 0) for tier in in_force}
    for tier in tiers:
        if tier.on_top is not None and lines[tier.number] > lines[tier.on_top.tier]:
            raise ValueError(f"{tier.mark} is won by lines that win {tier.on_top.tier} only")
    return lines
