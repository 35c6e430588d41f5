"""Odds: how many of all possible results let the chosen lines win, counted exactly.

Nothing is summed up that could overlap: a result counts once, however many lines win in it.
Numbers that no selection tells apart form a group, and results are counted by how many of their
numbers come from each group: a few dozen cases for one selection in place of 17 million results.

Zones that are judged apart from each other are counted apart, as *blocks*: a drum; columns of
digits whose hits are added; a drum with a special number drawn after it. Where what is drawn is
looked at as a whole (sums, groups of digits), each of the few results is looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import product
from math import comb, prod

from games import counting
from games.rules.picks import Play, Zone, facts_of
from games.rules.prizes import Tier
from games.rules.shape import RuleVersion

# Steps beyond which a cart is not counted: a page waits for it, and anybody may ask. So many take a
# twentieth of a second.
MOST_STEPS = 100_000
_STEPS_OF_A_LOOK = 4
_STEPS_OF_A_RESULT = 10

_ROUND_FROM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """Chances of the chosen lines together; `per_tier`: of a line or more in the tier."""

    any_prize: Fraction
    per_tier: Mapping[int, Fraction]

    @property
    def first_prize(self) -> Fraction:
        """The chance of the best tier that any of the chosen lines can win."""
        return next(self.per_tier[tier] for tier in sorted(self.per_tier) if self.per_tier[tier])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bet:
    """A selection as its odds are counted: masks per place, and each match it can win by."""

    play: Play
    masks: Sequence[int]
    bankers: Mapping[str, int]
    picks: Mapping[str, int]
    matches: Sequence[tuple[Tier, tuple[int, ...]]]
    first_bit: int


def of(
    version: RuleVersion,
    selections: Sequence[Sequence[int]],
    *,
    special_on: bool,
    bet_types: Sequence[str] | None = None,
) -> Odds | None:
    """The exact odds of all lines of `selections` (their masks) in one draw.

    `bet_types` says what each selection is; it may be left out where a game has one play. One
    selection always has an answer. Of several that overlap in too many ways to be counted while a
    page waits there is none: None, never an approximation.
    """
    bets = _bets(version, selections, bet_types, special_on=special_on)
    steps = _Steps(MOST_STEPS)
    together: Mapping[int, int] = {-1: 1}
    for count in _blocks(version, bets):
        cases = count(steps)
        if cases is None or not steps.go(len(together) * len(cases)):
            return None
        together = _both(together, cases)
    if not steps.go(_STEPS_OF_A_LOOK * len(together) * len(selections)):
        return None
    bits: defaultdict[int, int] = defaultdict(int)
    for bet in bets:
        for at, (tier, _match) in enumerate(bet.matches, start=bet.first_bit):
            bits[tier.number] |= 1 << at
    total = prod(_results(zone, version.zones) for zone in version.zones)
    return Odds(
        any_prize=_share(together, -1, total),
        per_tier={number: _share(together, bits[number], total) for number in sorted(bits)},
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


# How many results of a block meet which bits: a bit per match of each bet, set when some line of
# the bet has the hits that the match wants of this block.
_Cases = Mapping[int, int]
_Block = Callable[[_Steps], _Cases | None]


def _bets(
    version: RuleVersion,
    selections: Sequence[Sequence[int]],
    bet_types: Sequence[str] | None,
    *,
    special_on: bool,
) -> list[_Bet]:
    tiers = version.tiers_in_force(special_on=special_on)
    found: list[_Bet] = []
    bit = 0
    kinds: Sequence[str | None] = bet_types or [None] * len(selections)
    for masks, bet_type in zip(selections, kinds, strict=True):
        play = version.play_of(bet_type)
        matches = [(t, match) for t in tiers if t.is_played(play.code) for match in t.matches]
        bankers, picks = masks[::2], masks[1::2]
        found.append(
            _Bet(
                play=play,
                masks=masks,
                bankers={place.code: place.lifted(bankers) for place in play.places},
                picks={place.code: place.lifted(picks) for place in play.places},
                matches=matches,
                first_bit=bit,
            )
        )
        bit += len(matches)
    return found


def _blocks(version: RuleVersion, bets: Sequence[_Bet]) -> list[_Block]:
    """How the results of this version are counted for these bets, zone by zone where that works."""
    codes = {zone.code for zone in version.zones}
    if any(not bet.play.facts <= codes for bet in bets):
        return [partial(_each_result, version, bets)]
    special = next((zone for zone in version.zones if zone.drum), None)
    if special is not None:
        drum = next(zone for zone in version.zones if zone.code == special.drum)
        return [partial(_with_special, drum, bets)]
    found: list[_Block] = []
    for at, measure in enumerate(bets[0].play.measures):
        of_measure = [against.fact for against in measure.against]
        zones = [zone for zone in version.zones if zone.code in of_measure]
        if len(zones) == 1 and zones[0].drawn > 1:
            found.append(partial(_drum, zones[0], bets, at))
        else:
            found.append(partial(_columns, zones, bets, at))
    return found


def _results(zone: Zone, zones: Sequence[Zone]) -> int:
    """In how many ways its numbers can come out."""
    gone = sum(other.drawn for other in zones if zone.drum and other.code == zone.drum)
    return comb(zone.size - gone, zone.drawn)


def _share(together: _Cases, bits: int, total: int) -> Fraction:
    return Fraction(sum(results for met, results in together.items() if met & bits), total)


# A case while it is counted is one number, so that a step is one addition: in its lowest digit how
# many numbers of the zone are drawn, above it per selection how many bankers and picks are hit.
_DIGIT = 8
_LARGEST = (1 << _DIGIT) - 1


def _drum(zone: Zone, bets: Sequence[_Bet], measure: int, steps: _Steps) -> _Cases | None:
    """A drum that one measure looks at."""
    groups = Counter(_mark(zone, bit, bets) for bit in range(zone.size))
    whole = _drawn_from(groups, zone.drawn, steps)
    if whole is None or not steps.go(_STEPS_OF_A_LOOK * len(whole) * len(bets)):
        return None
    wanted = [tuple(match[measure] for _tier, match in bet.matches) for bet in bets]
    met: Counter[int] = Counter()
    for case, results in whole.items():
        bits = 0
        left = case
        for bet, hits in zip(bets, wanted, strict=True):
            bankers_hit = (left := left >> _DIGIT) & _LARGEST
            picks_hit = (left := left >> _DIGIT) & _LARGEST
            # A line joins so many picks to the bankers; every number of hits between the fewest
            # and the most is met by some line.
            joined, picks = _joined(bet, zone.code)
            least = bankers_hit + max(0, joined - picks + picks_hit)
            most = bankers_hit + min(joined, picks_hit)
            bits |= _between(least, most, hits) << bet.first_bit
        met[bits] += results
    return met


def _with_special(drum: Zone, bets: Sequence[_Bet], steps: _Steps) -> _Cases | None:
    """A drum, and a number drawn from it afterwards; each play looks at both in one place."""
    groups = Counter(_mark(drum, bit, bets) for bit in range(drum.size))
    met: Counter[int] = Counter()
    for mark, size in groups.items():
        whole = _drawn_from(groups - Counter({mark: 1}), drum.drawn, steps)
        if whole is None or not steps.go(_STEPS_OF_A_LOOK * len(whole) * len(bets)):
            return None
        for case, results in whole.items():
            bits = 0
            left, special = case, mark
            for bet in bets:
                hit = (left := left >> _DIGIT) & _LARGEST, (left := left >> _DIGIT) & _LARGEST
                also = (
                    (special := special >> _DIGIT) & _LARGEST,
                    (special := special >> _DIGIT) & _LARGEST,
                )
                wanted = tuple(match for _tier, match in bet.matches)
                bits |= _beside(*_joined(bet, drum.code), hit, also, wanted) << bet.first_bit
            met[bits] += results * size
    return met


def _columns(
    zones: Sequence[Zone], bets: Sequence[_Bet], measure: int, steps: _Steps
) -> _Cases | None:
    """Columns of one digit each, whose hits one measure adds."""
    counted: dict[int, int] = {0: 1}
    for zone in zones:
        groups = Counter(_hit(zone, bit, bets) for bit in range(zone.size))
        if not steps.go(len(counted) * len(groups)):
            return None
        more: defaultdict[int, int] = defaultdict(int)
        for case, results in counted.items():
            for mark, size in groups.items():
                more[case + mark] += results * size
        counted = more
    if not steps.go(_STEPS_OF_A_LOOK * len(counted) * len(bets)):
        return None
    wanted = [tuple(match[measure] for _tier, match in bet.matches) for bet in bets]
    met: Counter[int] = Counter()
    for case, results in counted.items():
        bits = 0
        left = case
        for bet, hits in zip(bets, wanted, strict=True):
            least, most = left & _LARGEST, left >> _DIGIT & _LARGEST
            bits |= _between(least, most, hits) << bet.first_bit
            left >>= 2 * _DIGIT
        met[bits] += results
    return met


def _each_result(version: RuleVersion, bets: Sequence[_Bet], steps: _Steps) -> _Cases | None:
    """Every result looked at; for digits, of which there are a thousand results."""
    columns = [range(zone.first, zone.last + 1) for zone in version.zones]
    # One selection always has an answer, however many steps that takes.
    if not steps.go(_STEPS_OF_A_RESULT * prod(map(len, columns)) * (len(bets) - 1)):
        return None
    met: Counter[int] = Counter()
    for digits in product(*columns):
        drawn = {zone.code: (digit,) for zone, digit in zip(version.zones, digits, strict=True)}
        known = facts_of(version.zones, version.facts, drawn)
        bits = 0
        for bet in bets:
            lines = counting.vectors(bet.play, bet.masks, known)
            for at, (tier, match) in enumerate(bet.matches, start=bet.first_bit):
                if lines.get(match) and tier.is_in_force(known):
                    bits |= 1 << at
        met[bits] += 1
    return met


def _drawn_from(groups: Mapping[int, int], drawn: int, steps: _Steps) -> dict[int, int] | None:
    """In how many ways so many numbers come out, by how many of them each selection holds."""
    counted: dict[int, int] = {0: 1}
    for mark, size in groups.items():
        if not steps.go(len(counted) * (min(size, drawn) + 1)):
            return None
        more: defaultdict[int, int] = defaultdict(int)
        ways = [comb(size, count) for count in range(drawn + 1)]
        for case, results in counted.items():
            for count in range(min(size, drawn - (case & _LARGEST)) + 1):
                more[case + count * mark] += results * ways[count]
        counted = more
    return {case: results for case, results in counted.items() if case & _LARGEST == drawn}


def _mark(zone: Zone, bit: int, bets: Sequence[_Bet]) -> int:
    """What a drawn number adds to a case."""
    mark = 1
    for at, bet in enumerate(bets):
        mark |= (bet.bankers[zone.code] >> bit & 1) << _DIGIT * (2 * at + 1)
        mark |= (bet.picks[zone.code] >> bit & 1) << _DIGIT * (2 * at + 2)
    return mark


def _hit(zone: Zone, bit: int, bets: Sequence[_Bet]) -> int:
    """What a drawn digit adds to the fewest and to the most hits of a line of each selection."""
    mark = 0
    for at, bet in enumerate(bets):
        picks = bet.picks[zone.code]
        if picks >> bit & 1:
            mark |= ((picks.bit_count() == 1) | 1 << _DIGIT) << 2 * _DIGIT * at
    return mark


def _joined(bet: _Bet, place: str) -> tuple[int, int]:
    """How many picks a line joins to the bankers at a place, and of how many."""
    picked = next(one.picked for one in bet.play.places if one.code == place)
    return picked - bet.bankers[place].bit_count(), bet.picks[place].bit_count()


@cache
def _between(least: int, most: int, wanted: tuple[int, ...]) -> int:
    return sum((least <= hits <= most) << at for at, hits in enumerate(wanted))


@cache
def _beside(
    joined: int,
    picks: int,
    hit: tuple[int, int],
    special: tuple[int, int],
    wanted: tuple[tuple[int, ...], ...],
) -> int:
    """Which of the wanted hits, in the drum and of the special number, some line has."""
    others = picks - hit[1] - special[1]
    met = 0
    for at, (main, beside) in enumerate(wanted):
        of_main, of_special = main - hit[0], beside - special[0]
        rest = joined - of_main - of_special
        fits = 0 <= of_main <= hit[1] and 0 <= of_special <= special[1] and 0 <= rest <= others
        met |= fits << at
    return met


def _both(some: _Cases, others: _Cases) -> _Cases:
    """What is met in one block and in the other as well, with the number of results of both."""
    both: defaultdict[int, int] = defaultdict(int)
    for met, results in some.items():
        for also_met, more in others.items():
            both[met & also_met] += results * more
    return both
