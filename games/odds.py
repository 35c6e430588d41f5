"""Odds: how many of all possible results let the chosen lines win, counted exactly.

Nothing is summed up that could overlap: a result counts once, however many lines win in it.
Numbers that no selection tells apart form a group, and results are counted by how many of their
numbers come from each group: a few dozen cases for one selection in place of 17 million results.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, prod

from games.rules.shape import RuleVersion, Zone

# Cases in one zone beyond which a cart is not counted: a page waits for it.
MOST_CASES = 20_000

_ROUND_FROM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """Chances of the chosen lines together; `per_tier`: of a line or more in the tier."""

    any_prize: Fraction
    per_tier: Mapping[int, Fraction]

    @property
    def first_prize(self) -> Fraction:
        return self.per_tier[1]


def of(
    version: RuleVersion, selections: Sequence[Sequence[int]], *, special_on: bool
) -> Odds | None:
    """The exact odds of all lines of `selections` (their masks) in one draw.

    One selection always has an answer. Of several that overlap in too many ways to be counted
    while a page waits there is none: None, never an approximation.
    """
    zones: list[Mapping[_Reached, int]] = []
    for index, zone in enumerate(version.zones):
        pairs = [(masks[2 * index], masks[2 * index + 1]) for masks in selections]
        cases = _cases(zone, pairs)
        if cases is None:
            return None
        zones.append(cases)

    @cache
    def tiers_of(line: tuple[tuple[int, int], ...]) -> int:
        return _tiers(version, line, special_on=special_on)

    winning: Counter[int] = Counter()
    for results, reached in _together(zones):
        tiers = 0
        for line in zip(*reached, strict=True):
            tiers |= tiers_of(line)
        winning[tiers] += results
    total = prod(comb(zone.size, zone.drawn) for zone in version.zones)
    return Odds(
        any_prize=Fraction(sum(results for tiers, results in winning.items() if tiers), total),
        per_tier={
            tier.number: Fraction(
                sum(results for tiers, results in winning.items() if tiers >> tier.number & 1),
                total,
            )
            for tier in version.tiers_in_force(special_on=special_on)
        },
    )


def one_in(chance: Fraction) -> str:
    """The N of "1 in N" for people, rounded up: whole from a hundred on, below it to a tenth."""
    if not chance:
        raise ValueError("what cannot happen has no odds")
    inverse = 1 / chance
    if inverse >= _ROUND_FROM:
        return f"{-(-inverse.numerator // inverse.denominator):,}"
    tenths = -(-10 * inverse.numerator // inverse.denominator)
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else f"{whole}"


# Per selection, the fewest and the most hits that one of its lines has in a zone; every number of
# hits between them is met by some line.
_Reached = tuple[tuple[int, int], ...]


def _cases(zone: Zone, pairs: Sequence[tuple[int, int]]) -> Mapping[_Reached, int] | None:
    """How many results of a zone reach what, for selections given as (bankers, picks)."""
    groups = Counter(
        tuple((bankers >> bit & 1, picks >> bit & 1) for bankers, picks in pairs)
        for bit in range(zone.size)
    )
    nothing = (0, tuple((0, 0) for _pair in pairs))
    counted = {nothing: 1}
    for marks, size in groups.items():
        more: defaultdict[tuple[int, tuple[tuple[int, int], ...]], int] = defaultdict(int)
        for (drawn, hit), results in counted.items():
            for count in range(min(size, zone.drawn - drawn) + 1):
                now = tuple(
                    (bankers + count * banker, picks + count * pick)
                    for (bankers, picks), (banker, pick) in zip(hit, marks, strict=True)
                )
                more[drawn + count, now] += results * comb(size, count)
        if len(more) > MOST_CASES:
            return None
        counted = dict(more)
    reached: Counter[_Reached] = Counter()
    for (drawn, hit), results in counted.items():
        if drawn == zone.drawn:
            reached[_reach(zone, pairs, hit)] += results
    return reached


def _reach(
    zone: Zone, pairs: Sequence[tuple[int, int]], hit: Sequence[tuple[int, int]]
) -> _Reached:
    reached = []
    for (bankers, picks), (bankers_hit, picks_hit) in zip(pairs, hit, strict=True):
        wanted = zone.picked - bankers.bit_count()
        missed = picks.bit_count() - picks_hit
        reached.append(
            (bankers_hit + max(0, wanted - missed), bankers_hit + min(wanted, picks_hit))
        )
    return tuple(reached)


def _together(zones: Sequence[Mapping[_Reached, int]]) -> list[tuple[int, list[_Reached]]]:
    """Every combination of the zones' cases, with the number of results in it."""
    combined: list[tuple[int, list[_Reached]]] = [(1, [])]
    for cases in zones:
        combined = [
            (results * more, [*reached, reach])
            for results, reached in combined
            for reach, more in cases.items()
        ]
    return combined


def _tiers(version: RuleVersion, line: tuple[tuple[int, int], ...], *, special_on: bool) -> int:
    """The tiers in which a selection with these reaches per zone wins: bit n for tier n."""
    return sum(
        1 << tier.number
        for tier in version.tiers_in_force(special_on=special_on)
        if any(
            all(least <= hits <= most for hits, (least, most) in zip(match, line, strict=True))
            for match in tier.matches
        )
    )
