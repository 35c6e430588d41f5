"""Histories of results for tests: fair ones, the same in every run, and ones with a fault."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from games import rules
from games.monitors import Finding, Outcome
from games.monitors.history import Drawn
from games.rules import Zone

SSQ = rules.GAMES["ssq"].current.zones
DIGITS = tuple(
    Zone(code=f"place{place}", name="Digit", size=10, picked=1, drawn=1) for place in (1, 2, 3)
)
NEXT_DAY = {2: 2, 4: 3, 7: 2}  # Tuesday, Thursday, Sunday

Look = Callable[[Sequence[Zone], Sequence[Drawn]], Finding | None]
Draw = Callable[[Iterator[int], list[Drawn], date], tuple[tuple[int, ...], ...]]


def numbers(name: str) -> Iterator[int]:
    """As good as chance, and always the same for a name."""
    turn = 0
    while True:
        digest = hashlib.sha256(f"{name}:{turn}".encode()).digest()
        for place in range(0, 32, 4):
            yield int.from_bytes(digest[place : place + 4], "big")
        turn += 1


def taken(dice: Iterator[int], balls: Sequence[int], count: int) -> tuple[int, ...]:
    """So many of these balls, none put back."""
    left = list(balls)
    return tuple(sorted(left.pop(next(dice) % len(left)) for _turn in range(count)))


def fair(dice: Iterator[int], zones: Sequence[Zone] = SSQ) -> tuple[tuple[int, ...], ...]:
    """One fair result."""
    return tuple(taken(dice, range(1, zone.size + 1), zone.drawn) for zone in zones)


def history(
    name: str,
    count: int,
    *,
    zones: Sequence[Zone] = SSQ,
    fault: Draw | None = None,
    after: int = 0,
) -> list[Drawn]:
    """So many results three times a week; `fault` draws those after the first `after`."""
    dice, day, found = numbers(name), date(2013, 1, 1), list[Drawn]()
    for number in range(count):
        is_faulty = fault is not None and number >= after
        drawn = fault(dice, found, day) if is_faulty and fault else fair(dice, zones)
        found.append(Drawn(f"{number:07d}", day, drawn))
        day += timedelta(days=NEXT_DAY[day.isoweekday()])
    return found


def alarm_after(
    look: Look, drawn: Sequence[Drawn], *, zones: Sequence[Zone] = SSQ, start: int = 1
) -> int:
    """How many results after the first `start - 1` it takes until the alarm; 0: never."""
    for number in range(start, len(drawn) + 1):
        finding = look(zones, drawn[:number])
        if finding is not None and finding.judged() == Outcome.ALARM:
            return number - start + 1
    return 0
