"""Amounts that an issuer announced, held against the rules, and the table that a draw pays by them.

Where totals are told the rules are worked out from them, as the issuer did: every prize that was
won, and the pool. A fixed amount is known without totals. What cannot be worked out is said to be
unchecked, and is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import prize_tables
from .issuer_file import TierTold, Told
from .prize_tables import PrizeTable
from .rules import RuleVersion
from .rules.prizes import WHOLE, Tier

Verdict = Literal["same", "differs", "unchecked", "untold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One amount: ours, the announced one, and what comes of it; None is not known."""

    what: str  # prize, pool, money, sales
    mark: str
    winners: int | None
    ours_fen: int | None
    announced_fen: int | None
    verdict: Verdict

    @property
    def difference_fen(self) -> int | None:
        """The announced amount less ours."""
        if self.ours_fen is None or self.announced_fen is None:
            return None
        return self.announced_fen - self.ours_fen

    def as_json(self) -> dict[str, Any]:
        """As it is kept and signed."""
        return {
            "what": self.what,
            "tier": self.mark,
            "ours_fen": self.ours_fen,
            "announced_fen": self.announced_fen,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every amount of an announcement beside ours; `is_whole` when all could be worked out."""

    rows: tuple[Compared, ...]
    is_whole: bool

    @property
    def differences(self) -> list[dict[str, Any]]:
        """What differs, as it is kept with the announcement; [] when nothing does."""
        return [row.as_json() for row in self.rows if row.verdict == "differs"]


def compare(version: RuleVersion, told: Told, *, own_sales_fen: int) -> Comparison:
    """Hold an announcement against the rules; our own sales are part of those it tells of."""
    worked_out, impossible = _worked_out(version, told)
    rows = [_tier(version, tier, told, worked_out) for tier in told.tiers]
    if impossible:
        rows.append(_row("money", ours=None, announced=told.sales_fen, verdict="differs"))
    if worked_out is not None:
        rows.append(_row("pool", ours=worked_out.pool_after_fen, announced=told.pool_after_fen))
    elif told.pool_after_fen is not None and len(version.pools) == 1:
        rows.append(_row("pool", ours=None, announced=told.pool_after_fen))
    if (closes := _closing(version, told)) is not None:
        rows.append(closes)
    if told.sales_fen is not None and told.sales_fen < own_sales_fen:
        rows.append(_row("sales", ours=own_sales_fen, announced=told.sales_fen))
    return Comparison(rows=tuple(rows), is_whole=worked_out is not None)


def table(
    version: RuleVersion, told: Told, *, sales_fen: int, winners: Mapping[int, int]
) -> PrizeTable:
    """What our own draw pays by an announcement: its prizes, for our own winning lines.

    All prize money goes to the issuer and all prizes come from him; pools and fund are his.
    """
    lines = {tier.number: winners.get(tier.number, 0) for tier in told.tiers}
    if any(count and tier not in lines for tier, count in winners.items()):
        raise ValueError(f"{version.code} has no such tier in this draw")
    prizes = {tier.number: price_of(version.tier(tier.number), tier, told) for tier in told.tiers}
    money = version.allocation.split(sales_fen).prize_fen
    pool_after = told.pool_after_fen
    return PrizeTable(
        winners=lines,
        prize_fen=prizes,
        prize_money_fen=money,
        floating_fen=0,
        deficit_fen=0,
        raised_fen=0,
        pool_before_fen=0,
        pool_after_fen=0,
        fund_topup_fen=0,
        rounding_to_fund_fen=0,
        special_on=told.special_on,
        special_on_next=(
            told.special_on
            if pool_after is None
            else version.next_special(pool_fen=pool_after, special_on=told.special_on)
        ),
        issuer_paid_fen=sum(lines[tier] * prize for tier, prize in prizes.items()),
        issuer_owed_fen=money,
    )


def price_of(tier: Tier, said: TierTold, told: Told) -> int:
    """What a line of a tier gets: as announced, or else the fixed amount, or nothing."""
    if said.prize_fen is not None:
        return said.prize_fen
    return tier.fixed_at(told.pool_before_fen or 0) or 0


def _row(
    what: str,
    *,
    ours: int | None,
    announced: int | None,
    mark: str = "",
    winners: int | None = None,
    verdict: Verdict | None = None,
) -> Compared:
    if verdict is None:
        if announced is None:
            verdict = "untold"
        elif ours is None:
            verdict = "unchecked"
        else:
            verdict = "same" if ours == announced else "differs"
    return Compared(
        what=what,
        mark=mark,
        winners=winners,
        ours_fen=ours,
        announced_fen=announced,
        verdict=verdict,
    )


def _worked_out(version: RuleVersion, told: Told) -> tuple[PrizeTable | None, bool]:
    """The table by the rules, where all totals are told; whether they contradict the rules."""
    lines = {tier.number: tier.winners for tier in told.tiers}
    if len(version.pools) > 1 or told.sales_fen is None or told.pool_before_fen is None:
        return None, False
    if None in lines.values():
        return None, False
    try:
        return (
            prize_tables.compute(
                version,
                sales_fen=told.sales_fen,
                pool_before_fen=told.pool_before_fen,
                special_on=told.special_on,
                winners={tier: count or 0 for tier, count in lines.items()},
                fund_topup_fen=told.fund_topup_fen,
            ),
            False,
        )
    except ValueError:
        return None, True


def _tier(
    version: RuleVersion, said: TierTold, told: Told, worked_out: PrizeTable | None
) -> Compared:
    """A prize that nobody won is not held against an announcement; no other is above its cap."""
    tier = version.tier(said.number)
    if worked_out is not None:
        ours: int | None = worked_out.prize_fen[tier.number]
    elif tier.raised and told.pool_before_fen is None:
        ours = None
    else:
        ours = tier.fixed_at(told.pool_before_fen or 0)
    verdict: Verdict | None = None
    if said.winners == 0 and said.prize_fen is not None:
        verdict = "same"
    elif ours is None and (said.prize_fen or 0) > _most(version, tier, told):
        verdict = "differs"
    return _row(
        "prize",
        mark=said.mark,
        winners=said.winners,
        ours=ours,
        announced=said.prize_fen,
        verdict=verdict,
    )


def _most(version: RuleVersion, tier: Tier, told: Told) -> int:
    """The most that a line of a tier can get under the rules, whatever was sold."""
    if tier.fixed_fen is not None:
        return max(tier.fixed_fen, *(step.fixed_fen for step in tier.raised), 0)
    below, share = (tier.on_top.tier, tier.on_top.share) if tier.on_top else (tier.number, WHOLE)
    splits = version.floating.splits if version.floating else ()
    sums = [
        sum(part.line_cap_fen for part in split.parts if part.tier == below)
        for split in splits
        if split.special == told.special_on
    ]
    return max(sums, default=0) * share // WHOLE


def _closing(version: RuleVersion, told: Told) -> Compared | None:
    """In a game of several pools only the sum is known: what they grew by, and all prizes."""
    if len(version.pools) == 1:
        return None
    sums = [(told.pool_before_fen, told.pool_after_fen), *told.other_pools.values()]
    known = (
        told.sales_fen is not None
        and len(told.other_pools) == len(version.pools) - 1
        and all(before is not None and after is not None for before, after in sums)
        and all(tier.winners is not None and tier.prize_fen is not None for tier in told.tiers)
    )
    if not known or told.sales_fen is None:
        return None
    paid = sum((tier.winners or 0) * (tier.prize_fen or 0) for tier in told.tiers)
    grown = sum((after or 0) - (before or 0) for before, after in sums)
    ours = version.allocation.split(told.sales_fen).prize_fen
    return _row("money", ours=ours, announced=grown + paid)
