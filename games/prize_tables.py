"""The prize table of a draw: what a line of each tier gets, and where the rest of the money goes.

Pure integer arithmetic in fen. Announcements publish the prize per line, the winning lines, the
pool after the draw, the top-up of the pool and, at times, the fund's payment. The floating money,
the deficit and the rounding are ours: they are never published, and without them the books do not
close:

    prize money + pool before + fund's payment + top-up = prizes + pool after + rounding to the fund
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from games.rules.shape import WHOLE, Part, RuleVersion, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class PrizeTable:
    """What a draw pays and leaves; `pool_after_fen` holds the top-up, `fund_paid_fen` does not.

    `prize_fen` has every tier in force: a fixed tier its amount, won or not, an unwon floating tier
    nothing. `fund_paid_fen` is the deficit and the raising to the minimum.
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

    @property
    def fund_paid_fen(self) -> int:
        return self.deficit_fen + self.raised_fen

    @property
    def prizes_fen(self) -> int:
        """What all winning lines get together."""
        return sum(self.winners[tier] * prize for tier, prize in self.prize_fen.items())

    @property
    def money_in_fen(self) -> int:
        return (
            self.prize_money_fen + self.pool_before_fen + self.fund_paid_fen + self.fund_topup_fen
        )

    @property
    def money_out_fen(self) -> int:
        return self.prizes_fen + self.pool_after_fen + self.rounding_to_fund_fen


@dataclass(slots=True, kw_only=True)
class _Tier:
    """A floating tier while it is being worked out: the money of its parts, and where it goes."""

    tier: Tier
    lines: int
    money_fen: int
    prize_fen: int = 0
    to_pool_fen: int = 0
    from_fund_fen: int = 0

    @property
    def rounding_fen(self) -> int:
        paid = self.lines * self.prize_fen - self.from_fund_fen
        return self.money_fen - paid - self.to_pool_fen


@dataclass(slots=True, kw_only=True)
class _Floating:
    """The floating money of a draw on its way to the tiers."""

    version: RuleVersion
    floating_fen: int
    pool_fen: int
    special_on: bool
    lines: Mapping[int, int]
    tiers: dict[int, _Tier] = field(default_factory=dict)

    def divide(self) -> None:
        """Give each tier its parts: cut to the unit, capped per line, then per draw."""
        split = self.version.split_for(pool_fen=self.pool_fen, special_on=self.special_on)
        for number in sorted({part.tier for part in split.parts}):
            parts = [part for part in split.parts if part.tier == number]
            tier = _Tier(
                tier=self.version.tier(number),
                lines=self.lines[number],
                # Together, so that two halves of a fen in two parts are one fen of the tier.
                money_fen=self._money(
                    share=sum(part.share for part in parts),
                    with_pool=any(part.takes_pool for part in parts),
                ),
            )
            for part in parts:
                self._divide_part(part, tier)
            self._cap(tier)
            self.tiers[number] = tier

    def raise_to_minimum(self, fixed: Mapping[int, int]) -> None:
        """Lift prizes that are too near the next tier's; the fund pays what the tier lacks."""
        minimum, prizes = self.version.minimum, dict(fixed)
        for number, tier in sorted(self.tiers.items(), reverse=True):
            if not tier.lines:
                continue
            least = min(minimum.factor * prizes.get(number + 1, 0), minimum.most_fen)
            if (cap := self._draw_cap(tier)) is not None:
                least = min(least, self._cut(cap // tier.lines))
            if tier.prize_fen < least:
                tier.prize_fen = least
                tier.from_fund_fen = max(0, tier.lines * least - tier.money_fen)
            prizes[number] = tier.prize_fen

    def _divide_part(self, part: Part, tier: _Tier) -> None:
        money = self._money(share=part.share, with_pool=part.takes_pool)
        if not tier.lines:
            tier.to_pool_fen += self._cut(money)
            return
        per_line = self._cut(money // tier.lines)
        if per_line > part.line_cap_fen:
            if self.version.floating.left_over == "per_line":
                tier.to_pool_fen += tier.lines * (per_line - part.line_cap_fen)
            else:
                tier.to_pool_fen += self._cut(money) - tier.lines * part.line_cap_fen
            per_line = part.line_cap_fen
        tier.prize_fen += per_line

    def _cap(self, tier: _Tier) -> None:
        cap = self._draw_cap(tier)
        if cap is not None and tier.lines * tier.prize_fen > cap:
            tier.prize_fen = self._cut(cap // tier.lines)
            tier.to_pool_fen = self._cut(tier.money_fen) - tier.lines * tier.prize_fen

    def _draw_cap(self, tier: _Tier) -> int | None:
        caps = self.version.floating.draw_caps
        return next((cap.total_fen for cap in caps if cap.tier == tier.tier.number), None)

    def _money(self, *, share: int, with_pool: bool) -> int:
        return self.floating_fen * share // WHOLE + (self.pool_fen if with_pool else 0)

    def _cut(self, fen: int) -> int:
        return fen - fen % self.version.floating.unit_fen


def compute(
    version: RuleVersion,
    *,
    sales_fen: int,
    pool_before_fen: int,
    special_on: bool,
    winners: Mapping[int, int],
    fund_topup_fen: int = 0,
) -> PrizeTable:
    """The prize table of a draw with `winners` lines per tier; a tier left out has none.

    Impossible input (negative sums, a tier that is not in force) is a bug: `ValueError`.
    """
    lines = _lines_in_force(version, winners, special_on=special_on)
    if min(sales_fen, pool_before_fen, fund_topup_fen) < 0:
        raise ValueError("sales, pool and top-up cannot be negative")
    fixed = {
        tier.number: tier.fixed_fen
        for tier in version.tiers_in_force(special_on=special_on)
        if tier.fixed_fen is not None
    }
    prize_money = version.allocation.split(sales_fen).prize_fen
    rest = prize_money - sum(lines[tier] * prize for tier, prize in fixed.items())
    floating = _Floating(
        version=version,
        floating_fen=max(rest, 0),
        pool_fen=pool_before_fen,
        special_on=special_on,
        lines=lines,
    )
    floating.divide()
    floating.raise_to_minimum(fixed)
    tiers = floating.tiers.values()
    pool_after = sum(tier.to_pool_fen for tier in tiers) + fund_topup_fen
    shared_out = sum(tier.money_fen for tier in tiers) - pool_before_fen
    floating_prizes = {number: tier.prize_fen for number, tier in floating.tiers.items()}
    return PrizeTable(
        winners=lines,
        prize_fen=dict(sorted({**fixed, **floating_prizes}.items())),
        prize_money_fen=prize_money,
        floating_fen=floating.floating_fen,
        deficit_fen=max(-rest, 0),
        raised_fen=sum(tier.from_fund_fen for tier in tiers),
        pool_before_fen=pool_before_fen,
        pool_after_fen=pool_after,
        fund_topup_fen=fund_topup_fen,
        rounding_to_fund_fen=sum(tier.rounding_fen for tier in tiers)
        + floating.floating_fen
        - shared_out,
        special_on=special_on,
        special_on_next=version.next_special(pool_fen=pool_after, special_on=special_on),
    )


def _lines_in_force(
    version: RuleVersion, winners: Mapping[int, int], *, special_on: bool
) -> dict[int, int]:
    in_force = [tier.number for tier in version.tiers_in_force(special_on=special_on)]
    if any(lines and tier not in in_force for tier, lines in winners.items()):
        raise ValueError(f"{version.code} has no such tier in this draw")
    if any(lines < 0 for lines in winners.values()):
        raise ValueError("winning lines cannot be negative")
    return {tier: winners.get(tier, 0) for tier in in_force}
