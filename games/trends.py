"""What past draws looked like: how often each number came, how long it stayed away, sums (F142).

Counted from the published results of one game, read in one query. Nothing here says anything about
a draw to come, and no page that shows it may stand without the explainer beside it: what chance
alone gives (`expected`, `usual`) is worked out exactly, so that it can be shown next to what came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import groupby
from math import comb, isqrt

from django.core.cache import cache as shared

from . import rule_files, rules, words
from .models import Announcement, Game
from .rules import RuleVersion, Zone

WINDOWS = (30, 50, 100, 500)
# Drawn in the grid; of more only the figures are shown.
GRID_ROWS = 100
# Read beyond the window, so that the first row of it knows how long each number was away.
BEFORE = 500
KEPT_SECONDS = 24 * 3600

_PARTS = 3
_COEFFICIENT_BITS = 64
_USUAL_SPREADS = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """One number in the window: how often it came, and for how many draws it stayed away.

    `away`: draws since it came last; `longest`: the most in a row; `seen`: whether it came at all
    in what was read (if not, it was away for at least `away`).
    """

    number: int
    times: int
    away: int
    longest: int
    seen: bool


@dataclass(frozen=True, slots=True)
class ZoneTrend:
    """One zone in the window.

    `away`: per draw, oldest first, per number how many draws it had been away; 0 where it came.
    `expected`: how often chance alone brings each number; `usual`: from and to how often it brings
    most of them (two standard deviations).
    """

    code: str
    figures: Sequence[Figures]
    away: Sequence[Sequence[int]]
    expected: Fraction
    usual: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DrawShape:
    """One draw in figures: sum, odd and even, low and high numbers, thirds, span."""

    issue: str
    drawn_on: date
    numbers: Sequence[Sequence[int]]
    total: int
    odd: int
    even: int
    low: int
    high: int
    thirds: Sequence[int]
    span: int


@dataclass(frozen=True, slots=True)
class Trend:
    """The last draws of a game; `shapes` oldest first. `version` names the rules they follow.

    `name` is that under which it is kept, empty where it is not.
    """

    version: str
    window: int
    zones: Sequence[ZoneTrend]
    shapes: Sequence[DrawShape]
    name: str = ""

    @property
    def draws(self) -> int:
        """How many draws there were to count, at most the window."""
        return len(self.shapes)


def of(game: Game, *, window: int) -> Trend | None:
    """The trend of the last `window` draws; None while nothing is published.

    Kept under the newest issue: a new result is seen at once, and nothing is counted twice.
    """
    newest = (
        Announcement.objects.filter(game=game).order_by("-issue").values_list("issue", "pk").first()
    )
    if newest is None:
        return None
    issue, key = newest
    name = f"trend:2:{game.code}:{window}:{issue}:{key}"
    kept: Trend | None = shared.get(name)
    if kept is None:
        made = _counted(game, issue, window)
        if made is None:
            return None
        kept = replace(made, name=name)
        shared.set(name, kept, KEPT_SECONDS)
    return kept


def counted(version: RuleVersion, rows: Sequence[tuple[str, date, Sequence[Sequence[int]]]],
            *, window: int) -> Trend:  # fmt: skip
    """The trend of the last `window` of these draws (issue, day, numbers), oldest first."""
    shown = rows[-window:]
    return Trend(
        version=version.code,
        window=window,
        zones=[
            _zone(zone, [numbers[at] for _issue, _day, numbers in rows], len(shown))
            for at, zone in enumerate(version.zones)
        ],
        shapes=[_shape(summed(version), issue, day, numbers) for issue, day, numbers in shown],
    )


def summed(version: RuleVersion) -> tuple[Zone, ...]:
    """The zones whose numbers are added up: the first drum, or all columns of digits alike."""
    first = version.zones[0]
    if first.drawn > 1:
        return (first,)
    return tuple(zone for zone in version.zones if zone.size == first.size)


def sums(trend: Trend, *, bins: int = 20) -> list[tuple[int, int, int, Fraction]]:
    """The sums in steps: from, to, how many draws, and how many chance alone gives."""
    chances = sum_chances(rules.by_code(trend.version).code)
    least, most = min(chances), max(chances)
    width = -(-(most - least + 1) // bins)
    came = Counter((shape.total - least) // width for shape in trend.shapes)
    return [
        (
            low,
            min(low + width - 1, most),
            came[at],
            trend.draws * sum((chances.get(n, Fraction(0)) for n in range(low, low + width)),
                              Fraction(0)),
        )
        for at, low in enumerate(range(least, most + 1, width))
    ]  # fmt: skip


@cache
def sum_chances(code: str) -> Mapping[int, Fraction]:
    """How likely each sum is, exactly: all results counted, by adding one number after another."""
    zones = summed(rules.by_code(code))
    whole = 1
    for zone in zones:
        whole = _added(whole, zone)
    total = 1
    for zone in zones:
        total *= comb(zone.size, zone.drawn)
    mask = (1 << _COEFFICIENT_BITS) - 1
    found: dict[int, Fraction] = {}
    at = 0
    while whole:
        if ways := whole & mask:
            found[at] = Fraction(ways, total)
        whole >>= _COEFFICIENT_BITS
        at += 1
    return found


def _added(sums_so_far: int, zone: Zone) -> int:
    """The same with every set of `drawn` numbers of a zone added.

    A polynomial as one large number: coefficient n, in its own 64 bits, is in how many ways the sum
    is n. There are fewer than 2^63 results, so that no coefficient reaches into the next.
    """
    chosen = [sums_so_far] + [0] * zone.drawn
    for number in range(zone.first, zone.last + 1):
        for taken in range(zone.drawn, 0, -1):
            chosen[taken] += chosen[taken - 1] << number * _COEFFICIENT_BITS
    return chosen[zone.drawn]


def _counted(game: Game, newest: str, window: int) -> Trend | None:
    loaded = rule_files.of_real(game.rules_game)
    version = words.rules_of(game.rules_game, newest, loaded=loaded)
    since = alike_since([*rules.GAMES[game.rules_game].versions, *loaded], version)
    found = (
        Announcement.objects.filter(game=game, issue__gte=since, issue__lte=newest)
        .order_by("-issue")
        .values_list("issue", "drawn_on", "numbers")[: window + BEFORE]
    )
    rows = list(found)[::-1]
    return counted(version, rows, window=window) if rows else None


def alike_since(versions: Sequence[RuleVersion], version: RuleVersion) -> str:
    """The first issue since which the zones are those of `version`; older draws do not compare."""
    upto = versions[: versions.index(version) + 1]
    for is_alike, some in groupby(reversed(upto), key=lambda one: _matrix(one) == _matrix(version)):
        if is_alike:
            return list(some)[-1].first_issue
    return version.first_issue


def _matrix(version: RuleVersion) -> list[tuple[int, int, int, str]]:
    return [(zone.first, zone.size, zone.drawn, zone.drum) for zone in version.zones]


def _zone(zone: Zone, drawn: Sequence[Sequence[int]], shown: int) -> ZoneTrend:
    """One zone over all draws that were read, of which the last `shown` are the window."""
    numbers = range(zone.first, zone.last + 1)
    away = dict.fromkeys(numbers, 0)
    longest, times = dict.fromkeys(numbers, 0), dict.fromkeys(numbers, 0)
    seen: set[int] = set()
    rows: list[list[int]] = []
    begins = len(drawn) - shown
    for at, some in enumerate(drawn):
        came = frozenset(some)
        seen |= came
        for number in numbers:
            away[number] = 0 if number in came else away[number] + 1
        if at < begins:
            continue
        for number in numbers:
            times[number] += number in came
            longest[number] = max(longest[number], min(away[number], at - begins + 1))
        rows.append(list(away.values()))
    return ZoneTrend(
        code=zone.code,
        figures=[
            Figures(
                number=number,
                times=times[number],
                away=away[number],
                longest=longest[number],
                seen=number in seen,
            )
            for number in numbers
        ],
        away=rows,
        expected=Fraction(shown * zone.drawn, zone.size),
        usual=_usual(shown, Fraction(zone.drawn, zone.size)),
    )


def _usual(draws: int, chance: Fraction) -> tuple[int, int]:
    """From and to how often a number of this chance comes in so many draws, nearly always.

    Two standard deviations to either side, to whole numbers outwards.
    """
    mean, spread = draws * chance, draws * chance * (1 - chance)
    wide = isqrt(-(-(_USUAL_SPREADS**2) * spread.numerator // spread.denominator)) + 1
    return max(0, int(mean) - wide + 1), min(draws, int(mean) + wide)


def _shape(
    zones: Sequence[Zone], issue: str, day: date, numbers: Sequence[Sequence[int]]
) -> DrawShape:
    first = zones[0]
    some = [number for drawn, _zone in zip(numbers, zones, strict=False) for number in drawn]
    odd = sum(number % 2 for number in some)
    middle = first.first + first.size // 2
    low = sum(number < middle for number in some)
    thirds = Counter(_third(first, number) for number in some)
    return DrawShape(
        issue=issue,
        drawn_on=day,
        numbers=numbers,
        total=sum(some),
        odd=odd,
        even=len(some) - odd,
        low=low,
        high=len(some) - low,
        thirds=[thirds[part] for part in range(_PARTS)],
        span=max(some) - min(some),
    )


def _third(zone: Zone, number: int) -> int:
    """In which third of its zone a number lies: of 33 those to 11, to 22, to 33."""
    return (number - zone.first) * _PARTS // zone.size
