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
from itertools import chain
from math import comb, prod

from games.rules.shape import RuleVersion, Zone

# Steps beyond which a cart is not counted: a page waits for it, and anybody may ask. So many take a
# twentieth of a second.
MOST_STEPS = 100_000
_STEPS_OF_A_LOOK = 4

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
    tiers = version.tiers_in_force(special_on=special_on)
    matches = [(tier.number, match) for tier in tiers for match in tier.matches]
    steps = _Steps(MOST_STEPS)
    together: Mapping[int, int] = {-1: 1}
    for index, zone in enumerate(version.zones):
        pairs = [(masks[2 * index], masks[2 * index + 1]) for masks in selections]
        cases = _cases(zone, pairs, tuple(match[index] for _tier, match in matches), steps)
        if cases is None or not steps.go(len(together) * len(cases)):
            return None
        together = _both(together, cases)
    if not steps.go(_STEPS_OF_A_LOOK * len(together) * len(selections)):
        return None
    winning: Counter[int] = Counter()
    won_by = tuple(tier for tier, _match in matches)
    for met, results in together.items():
        winning[_tiers(met, won_by)] += results
    total = prod(comb(zone.size, zone.drawn) for zone in version.zones)
    return Odds(
        any_prize=Fraction(sum(results for won, results in winning.items() if won), total),
        per_tier={
            tier.number: Fraction(
                sum(results for won, results in winning.items() if won >> tier.number & 1), total
            )
            for tier in tiers
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


@dataclass(slots=True)
class _Steps:
    """How many steps may still be gone; asked before they are."""

    left: int

    def go(self, steps: int) -> bool:
        self.left -= steps
        return self.left >= 0


# A case while it is counted is one number, so that a step is one addition: in its lowest digit how
# many numbers of the zone are drawn, above it per selection how many bankers and picks are hit.
_DIGIT = 8
_LARGEST = (1 << _DIGIT) - 1


def _cases(
    zone: Zone, pairs: Sequence[tuple[int, int]], wanted: tuple[int, ...], steps: _Steps
) -> Mapping[int, int] | None:
    """How many results of a zone meet which of the `wanted` hits, by some line of each selection.

    What is met is one number too: a bit per wanted hits, selection after selection.
    """
    groups = Counter(_mark(bit, pairs) for bit in range(zone.size))
    counted = {0: 1}
    for mark, size in groups.items():
        if not steps.go(len(counted) * (min(size, zone.drawn) + 1)):
            return None
        more: defaultdict[int, int] = defaultdict(int)
        ways = [comb(size, count) for count in range(zone.drawn + 1)]
        for case, results in counted.items():
            for count in range(min(size, zone.drawn - (case & _LARGEST)) + 1):
                more[case + count * mark] += results * ways[count]
        counted = more
    whole = {case: results for case, results in counted.items() if case & _LARGEST == zone.drawn}
    if not steps.go(_STEPS_OF_A_LOOK * len(whole) * len(pairs)):
        return None
    met: Counter[int] = Counter()
    for case, results in whole.items():
        met[_met(zone, pairs, case, wanted)] += results
    return met


def _mark(bit: int, pairs: Sequence[tuple[int, int]]) -> int:
    """What a drawn number adds to a case."""
    mark = 1
    for place, masks in enumerate(chain.from_iterable(pairs), start=1):
        mark |= (masks >> bit & 1) << _DIGIT * place
    return mark


def _met(zone: Zone, pairs: Sequence[tuple[int, int]], case: int, wanted: tuple[int, ...]) -> int:
    met = 0
    for place, (bankers, picks) in enumerate(pairs):
        bankers_hit = (case := case >> _DIGIT) & _LARGEST
        picks_hit = (case := case >> _DIGIT) & _LARGEST
        # A line joins so many picks to the bankers; every number of hits between the fewest and the
        # most is met by some line.
        joined = zone.picked - bankers.bit_count()
        least = bankers_hit + max(0, joined - picks.bit_count() + picks_hit)
        most = bankers_hit + min(joined, picks_hit)
        met |= _between(least, most, wanted) << place * len(wanted)
    return met


@cache
def _between(least: int, most: int, wanted: tuple[int, ...]) -> int:
    return sum((least <= hits <= most) << at for at, hits in enumerate(wanted))


def _both(some: Mapping[int, int], others: Mapping[int, int]) -> Mapping[int, int]:
    """What is met in one zone and in the other as well, with the number of results of both."""
    both: defaultdict[int, int] = defaultdict(int)
    for met, results in some.items():
        for also_met, more in others.items():
            both[met & also_met] += results * more
    return both


def _tiers(met: int, won_by: tuple[int, ...]) -> int:
    """The tiers in which some selection wins: bit n for tier n."""
    won = 0
    while met:
        won |= _tiers_of_one(met & (1 << len(won_by)) - 1, won_by)
        met >>= len(won_by)
    return won


@cache
def _tiers_of_one(met: int, won_by: tuple[int, ...]) -> int:
    won = 0
    for at, tier in enumerate(won_by):
        won |= (met >> at & 1) << tier
    return won
