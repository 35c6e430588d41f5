"""Selections of every bet type and results of every game, made from a seed."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import comb, prod

from hypothesis import strategies as st

from games import bets, quick_pick
from games.bets import Selection
from games.rules import RuleVersion
from games.rules.picks import BetType, Place
from tests.games.brute_force import Line

Below = Callable[[int], int]

seeds = st.integers(0, 2**64 - 1)

_STEP, _MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def below_of(seed: int) -> Below:
    """Numbers as evenly spread as chance, always the same for a seed (SplitMix64)."""
    state = seed

    def below(bound: int) -> int:
        nonlocal state
        state = state + _STEP & _MASK
        mixed = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
        return (mixed ^ mixed >> 31) % bound

    return below


def selection(
    version: RuleVersion, below: Below, *, bet_type: BetType | None = None, most_lines: int = 60
) -> Selection:
    """A selection that the rules allow, of this or any bet type, with any count of bankers, in no
    order."""
    bet_type = bet_type or version.bet_types[below(len(version.bet_types))]
    play = version.play(bet_type.play)
    multiplier = 1 + below(2)
    picked = quick_pick.pick(version, bet_type=bet_type.code, multiplier=multiplier, below=below)
    picked = with_bankers(version, picked, below)
    for _turn in range(below(6)):
        wider = _wider(version, picked, below)
        if prod(map(_ways, play.places, wider.bankers, wider.picks)) <= most_lines:
            picked = wider
    if bets.count_lines(version, picked) < bet_type.least_lines:
        picked = _wider(version, picked, below, at_all=True)
    return Selection(
        picked.bet_type,
        tuple(some[::-1] for some in picked.bankers),
        tuple(some[::-1] for some in picked.picks),
        multiplier,
        quick_pick=bool(below(2)),
    )


def with_bankers(version: RuleVersion, picked: Selection, below: Below) -> Selection:
    """The same numbers, at every place as many of them bankers as chance says and the bet takes."""
    bet_type = version.bet_type(picked.bet_type)
    assert bet_type is not None
    if not any(taken.bankers_most for taken in bet_type.ranges):
        return picked
    places = version.play(bet_type.play).places
    while True:
        bankers: list[tuple[int, ...]] = []
        picks: list[tuple[int, ...]] = []
        for place, taken, *known in zip(
            places, bet_type.ranges, picked.bankers, picked.picks, strict=True
        ):
            if bet_type.same_numbers and picks:
                bankers.append(bankers[0])
                picks.append(picks[0])
                continue
            numbers = sorted(number for some in known for number in some)
            most = min(taken.bankers_most, place.picked - 1)
            count = taken.bankers_least + below(most - taken.bankers_least + 1)
            fixed = quick_pick.sample(len(numbers), count, below=below)
            bankers.append(tuple(numbers[at - 1] for at in fixed))
            picks.append(tuple(n for at, n in enumerate(numbers, start=1) if at not in fixed))
        if sum(map(len, bankers)) >= bet_type.least_bankers:
            return replace(picked, bankers=tuple(bankers), picks=tuple(picks))


def widest(version: RuleVersion, bet_type: BetType, below: Below) -> Selection:
    """A selection of that bet type with so many lines that hardly one more fits on a ticket."""
    picked = with_bankers(
        version, quick_pick.pick(version, bet_type=bet_type.code, below=below), below
    )
    most = version.ticket_cap_fen // version.line_price_fen(bet_type.code)
    too_many = 0
    while too_many < 5:
        wider = _wider(version, picked, below, at_all=True)
        if wider == picked:
            break
        if bets.count_lines(version, wider) > most:
            too_many += 1
        else:
            picked = wider
    return picked


def edges(version: RuleVersion, bet_type: BetType, below: Below) -> Iterator[Selection]:
    """Selections on both sides of everything that a bet type takes; some are refused, some not.

    Place by place as few and as many bankers and numbers as it takes, and one fewer, one more; no
    bankers at all; and other numbers at one place, where all must be the same.
    """
    base = with_bankers(
        version, quick_pick.pick(version, bet_type=bet_type.code, below=below), below
    )
    places = version.play(bet_type.play).places
    yield base
    yield replace(
        base,
        bankers=((),) * len(places),
        picks=tuple((*b, *p) for b, p in zip(base.bankers, base.picks, strict=True)),
    )
    for at, (place, taken) in enumerate(zip(places, bet_type.ranges, strict=True)):
        for sure, count in product(
            _around(taken.bankers_least, taken.bankers_most),
            _around(taken.numbers_least, taken.numbers_most),
        ):
            if 0 <= sure <= count <= place.size:
                shift = below(place.size - count + 1)
                numbers = tuple(range(place.first + shift, place.first + shift + count))
                wanted = [at] if not bet_type.same_numbers else range(len(places))
                yield _put(base, wanted, numbers[:sure], numbers[sure:])
        if bet_type.same_numbers:
            others = tuple(n for n in range(place.first, place.last + 1) if n not in base.picks[at])
            yield _put(base, [at], base.bankers[at], (*base.picks[at][1:], others[0]))


def _around(least: int, most: int) -> list[int]:
    return sorted({least - 1, least, most, most + 1})


def _put(
    picked: Selection, places: Container[int], bankers: tuple[int, ...], picks: tuple[int, ...]
) -> Selection:
    """The same with these numbers at these places."""
    return replace(
        picked,
        bankers=tuple(bankers if at in places else b for at, b in enumerate(picked.bankers)),
        picks=tuple(picks if at in places else p for at, p in enumerate(picked.picks)),
    )


def result(version: RuleVersion, below: Below, chosen: Selection | None = None) -> Line:
    """A result; near the chosen numbers half of the time, for few lines win by chance."""
    play = version.play_of(chosen.bet_type) if chosen else None
    drawn: dict[str, tuple[int, ...]] = {}
    for zone in version.zones:
        gone = set(drawn.get(zone.drum, ()))
        left = [n for n in range(zone.first, zone.last + 1) if n not in gone]
        wanted: list[int] = []
        if chosen and play and below(2):
            of_its_own = any(place.code == zone.code for place in play.places)
            for place, bankers, picks in zip(
                play.places, chosen.bankers, chosen.picks, strict=True
            ):
                if place.code == zone.code or not of_its_own:
                    wanted += [n for n in (*bankers, *picks) if n in left and n not in wanted]
        come: list[int] = []
        while len(come) < zone.drawn:
            pool = wanted if wanted and below(4) else left
            number = pool[below(len(pool))]
            left.remove(number)
            if number in wanted:
                wanted.remove(number)
            come.append(number)
        drawn[zone.code] = tuple(sorted(come))
    return tuple(drawn.values())


def _ways(place: Place, bankers: Sequence[int], picks: Sequence[int]) -> int:
    return max(1, comb(len(picks), place.picked - len(bankers)))


def _wider(
    version: RuleVersion, picked: Selection, below: Below, *, at_all: bool = False
) -> Selection:
    """One more number at some place, if the bet type takes it."""
    bet_type = version.bet_type(picked.bet_type)
    assert bet_type is not None
    places = version.play(bet_type.play).places
    start = below(len(places))
    for at in [*range(start, len(places)), *range(start)]:
        place, taken = places[at], bet_type.ranges[at]
        known = {*picked.bankers[at], *picked.picks[at]}
        more = [n for n in range(place.first, place.last + 1) if n not in known]
        if more and picked.picks[at] and len(known) < taken.numbers_most:
            number = more[below(len(more))]
            return _with(picked, number, range(len(places)) if bet_type.same_numbers else [at])
        if not at_all:
            break
    return picked


def _with(picked: Selection, number: int, places: Container[int]) -> Selection:
    picks = tuple((*some, number) if at in places else some for at, some in enumerate(picked.picks))
    return Selection(picked.bet_type, picked.bankers, picks, picked.multiplier)
