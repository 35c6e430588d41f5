"""Detectors that need nothing but results: what the known bugs and frauds left in the numbers.

Each is a function of the drums and the results, oldest first, and counts exactly: two results one
after the other share numbers by the hypergeometric law whatever the first was, so a chain of them
is a chain of independent counts, and their sum has an exact distribution.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, perm, prod

from games.rules import Zone

from . import tails
from .history import Drawn
from .readings import Finding

WINDOW = 30  # results in a row that are looked at together
RUNS_WINDOW = 60
COUNTS_WINDOW = 200
COUNTS_LEAST = 50
CELL_LEAST = 10  # expected in each cell, for the chi-square to hold
WAYS_LEAST = 1_000  # a repeated drum with fewer possible results means nothing

Numbers = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Test:
    """One thing looked at: its chance, its figure, and what it was."""

    chance: float
    figure: float
    what: str


def _least(tests: Sequence[_Test]) -> Finding | None:
    """The least likely of several things looked at; its chance counts once for each of them."""
    if not tests:
        return None
    worst = min(tests, key=lambda test: test.chance)
    return Finding(
        statistic=worst.figure,
        probability=min(1.0, worst.chance * len(tests)),
        facts={"what": worst.what, "looked_at": len(tests)},
    )


def _shared(first: Numbers, second: Numbers) -> list[int]:
    return [len(set(a) & set(b)) for a, b in zip(first, second, strict=True)]


def _line(zones: Sequence[Zone]) -> tails.Chances:
    """How many numbers two results share, all drums together."""
    found: tails.Chances = (1.0,)
    for zone in zones:
        found = tails.together(found, _zone(zone))
    return found


def _zone(zone: Zone) -> tails.Chances:
    return tails.overlap(zone.size, zone.drawn, zone.drawn)


def dates(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """Numbers that come back on the same day of the year, or on the same day of the week."""
    if not drawn:
        return None
    line, newest = _line(zones), drawn[-1]
    tests = []
    same = [one for one in drawn[:-1] if _day(one) == _day(newest)]
    if same:
        most = max(sum(_shared(one.numbers, newest.numbers)) for one in same)
        chance = min(1.0, len(same) * tails.upper(line, most))
        tests.append(_Test(chance, most, "day_of_the_year"))
    for what, key, window in (
        ("days_of_the_year", _day, COUNTS_WINDOW),
        ("day_of_the_week", _weekday, WINDOW),
    ):
        chained = drawn if key is _day else [one for one in drawn if key(one) == key(newest)]
        counts = list(_chains(chained, key))[-window:]
        if counts:
            chance = tails.upper(tails.summed(line, len(counts)), sum(counts))
            tests.append(_Test(chance, sum(counts), what))
    return _least(tests)


def _day(one: Drawn) -> tuple[int, int]:
    return one.on.month, one.on.day


def _weekday(one: Drawn) -> tuple[int, int]:
    return one.on.isoweekday(), 0


def _chains(drawn: Iterable[Drawn], key: Callable[[Drawn], tuple[int, int]]) -> Iterable[int]:
    """Numbers that each result shares with the one before it of the same kind of day."""
    last: dict[tuple[int, int], Drawn] = {}
    for one in drawn:
        if before := last.get(key(one)):
            yield sum(_shared(before.numbers, one.numbers))
        last[key(one)] = one


def overlaps(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """Balls that never, too seldom or too often come out again in the next draw."""
    pairs = [_shared(a.numbers, b.numbers) for a, b in pairwise(drawn)]
    if not pairs:
        return None
    tests = []
    for place, zone in enumerate(zones):
        counts = [pair[place] for pair in pairs]
        quiet = _run(count == 0 for count in counts)
        tests.append(_Test(_zone(zone)[0] ** quiet, quiet, f"{zone.code}:never"))
        recent = counts[-WINDOW:]
        fair = tails.summed(_zone(zone), len(recent))
        for chance, what in (
            (tails.lower(fair, sum(recent)), "seldom"),
            (tails.upper(fair, sum(recent)), "often"),
        ):
            tests.append(_Test(chance, sum(recent), f"{zone.code}:{what}"))
    return _least(tests)


def digits(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """Results of several digits in which no digit ever stands twice; for games of digits only."""
    sizes = {zone.size for zone in zones}
    if len(zones) < 2 or len(sizes) > 1 or any(zone.drawn != 1 for zone in zones):  # noqa: PLR2004
        return None
    (size,) = sizes
    quiet = _run(len({*one.numbers}) == len(zones) for one in drawn)
    return Finding(
        statistic=quiet,
        probability=(perm(size, len(zones)) / size ** len(zones)) ** quiet,
        facts={"what": "digits", "looked_at": 1},
    )


def _run(happened: Iterable[bool]) -> int:
    """How long it has been so without a break, up to now."""
    length = 0
    for one in happened:
        length = length + 1 if one else 0
    return length


def absent(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """A number that has not come out for too long."""
    tests = []
    for place, zone in enumerate(zones):
        last = dict.fromkeys(range(zone.first, zone.last + 1), 0)
        for turn, one in enumerate(drawn, start=1):
            last.update(dict.fromkeys(one.numbers[place], turn))
        number = min(last, key=lambda ball: last[ball])
        gap = len(drawn) - last[number]
        chance = min(1.0, zone.size * (1 - zone.drawn / zone.size) ** gap)
        tests.append(_Test(chance, gap, f"{zone.code}:{number:02d}"))
    return _least(tests) if drawn else None


def frequencies(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """Numbers drawn too often or too seldom, one by one and all together."""
    recent = drawn[-COUNTS_WINDOW:]
    if len(recent) < COUNTS_LEAST:
        return None
    tests = []
    for place, zone in enumerate(zones):
        counts = Counter(dict.fromkeys(range(zone.first, zone.last + 1), 0))
        for one in recent:
            counts.update(one.numbers[place])
        fair = tails.binomial(len(recent), zone.drawn / zone.size)
        often, seldom = max(counts.values()), min(counts.values())
        for chance, figure, what in (
            (tails.upper(fair, often), often, "often"),
            (tails.lower(fair, seldom), seldom, "seldom"),
        ):
            tests.append(_Test(min(1.0, chance * zone.size), figure, f"{zone.code}:{what}"))
        expected = len(recent) * zone.drawn / zone.size
        if expected >= CELL_LEAST and zone.drawn < zone.size:
            square = sum((count - expected) ** 2 for count in counts.values()) / expected
            # Balls are not put back: counts of one draw hold each other down by this much.
            square *= (zone.size - 1) / (zone.size - zone.drawn)
            chance = tails.chi_square_upper(square, zone.size - 1)
            tests.append(_Test(chance, square, f"{zone.code}:chi_square"))
    return _least(tests)


def duplicates(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """A result that was there before: the nearer, the less likely."""
    if not drawn:
        return None
    newest, before = drawn[-1], drawn[-2::-1]
    drums = {zone.code: zone.drawn for zone in zones}
    ways = [comb(zone.size - drums.get(zone.drum, 0), zone.drawn) for zone in zones]
    tests = [_repeated("all", prod(ways), [one.numbers == newest.numbers for one in before])]
    if len(zones) > 1:
        tests += [
            _repeated(
                zone.code,
                ways[place],
                [one.numbers[place] == newest.numbers[place] for one in before],
            )
            for place, zone in enumerate(zones)
            if ways[place] >= WAYS_LEAST
        ]
    return _least(tests)


def _repeated(what: str, ways: int, same: Sequence[bool]) -> _Test:
    distance = same.index(True) + 1 if True in same else 0
    return _Test(min(1.0, distance / ways) if distance else 1.0, distance, what)


def serial(zones: Sequence[Zone], drawn: Sequence[Drawn]) -> Finding | None:
    """High and low sums that follow each other too regularly, or stay too long."""
    tests = []
    for place, zone in enumerate(zones):
        middle = zone.drawn * (zone.first + zone.last)
        signs = [
            2 * sum(one.numbers[place]) > middle
            for one in drawn
            if 2 * sum(one.numbers[place]) != middle
        ][-RUNS_WINDOW:]
        if len(signs) < WINDOW:
            continue
        found = 1 + sum(a != b for a, b in pairwise(signs))
        fair = tails.runs(sum(signs), len(signs) - sum(signs))
        for chance, what in (
            (tails.lower(fair, found), "stays"),
            (tails.upper(fair, found), "alternates"),
        ):
            tests.append(_Test(chance, found, f"{zone.code}:{what}"))
    return _least(tests)


def rehearsed(zones: Sequence[Zone], numbers: Numbers, tried: Sequence[Numbers]) -> Finding | None:
    """A result that is, or is nearly, one of the test draws."""
    if not tried:
        return None
    most = max(sum(_shared(one, numbers)) for one in tried)
    chance = min(1.0, len(tried) * tails.upper(_line(zones), most))
    return Finding(
        statistic=most, probability=chance, facts={"what": "test_draws", "looked_at": len(tried)}
    )


def order(orders: Sequence[Numbers]) -> Finding | None:
    """Balls that came out rising or falling too often, as the minutes have their order."""
    rises = 0
    fair: tails.Chances = (1.0,)
    for numbers in orders:
        for balls in numbers:
            if len(balls) > 1:
                rises += sum(a < b for a, b in pairwise(balls))
                fair = tails.together(fair, tails.ascents(len(balls)))
    if len(fair) == 1:
        return None
    return _least(
        [
            _Test(tails.upper(fair, rises), rises, "rising"),
            _Test(tails.lower(fair, rises), rises, "falling"),
        ]
    )
