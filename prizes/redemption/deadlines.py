"""Until when a prize is claimed, as sums that anybody can follow (F078, N11; RULES C11, R11).

Natural days from the day of the draw; where they end on a holiday or in a closure of the market,
the first working day after. Days under a hold do not count: who had five days left has five days
left when it is lifted. An approved extension names a later day.

Nothing here reads or writes: `prizes.redemption.limits` does. The database only compares with the
day that was worked out here; it never counts holidays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MOST_DAYS = 60  # natural days, by law; a game may have fewer
FreeDay = Callable[[date], str]  # why nobody claims on a day; "" if people may
MovedOn = Callable[[date], date]  # the day itself, or the first working day after a free one


class StepKind(StrEnum):
    """What a step of the sum adds days for."""

    DAYS = "DAYS"
    FREE = "FREE"
    HELD = "HELD"
    EXTENDED = "EXTENDED"


@dataclass(frozen=True)
class Step:
    """`days` are added, which leads to `until_on`; `why` says by what they are.

    For FREE days it is why nobody claims on `from_on`, where the sum had led; for an extension the
    number of its letter. Days that were held lie from `from_on` to `to_on`.
    """

    kind: StepKind
    days: int
    until_on: date
    why: str = ""
    from_on: date | None = None
    to_on: date | None = None


@dataclass(frozen=True)
class Held:
    """Days on which the clock stood: from the day of the hold to the day on which it went on."""

    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.to_on - self.from_on).days


@dataclass(frozen=True)
class Extended:
    """An approved extension to `until_on`, by letter."""

    until_on: date
    letter: str


@dataclass(frozen=True)
class Arithmetic:
    """The whole sum: drawn on, and the steps that lead to the last day."""

    drawn_on: date
    steps: tuple[Step, ...]

    @property
    def last_day(self) -> date:
        """The last day on which the prize is claimed, until 23:59:59 in Shanghai."""
        return self.steps[-1].until_on

    @property
    def held_days(self) -> int:
        """Days that do not count, because the clock stood."""
        return sum(step.days for step in self.steps if step.kind == StepKind.HELD)

    @property
    def counted_days(self) -> int:
        """Days of the winner: natural days, those moved on by holidays, and extensions."""
        return sum(step.days for step in self.steps if step.kind != StepKind.HELD)


def base(drawn_on: date, *, days: int, why_free: FreeDay, moved_on: MovedOn) -> Arithmetic:
    """`days` natural days from the day of the draw, moved on from a holiday or closure.

    A programmer's mistake: more than sixty, or none.
    """
    if not 0 < days <= MOST_DAYS:
        raise ValueError("A prize is claimed within sixty natural days.")
    first = drawn_on + timedelta(days=days)
    return _moved(
        Arithmetic(drawn_on, (Step(StepKind.DAYS, days, first),)),
        why_free=why_free,
        moved_on=moved_on,
    )


def held(sum_: Arithmetic, by: Held, *, why_free: FreeDay, moved_on: MovedOn) -> Arithmetic:
    """The days left when the hold began are left when it ends, moved on from a holiday or closure.

    A hold that began after the last day gives nothing back: there was nothing left.
    """
    if by.from_on > sum_.last_day:
        return sum_
    until = sum_.last_day + timedelta(days=by.days)
    step = Step(StepKind.HELD, by.days, until, from_on=by.from_on, to_on=by.to_on)
    return _moved(_then(sum_, step), why_free=why_free, moved_on=moved_on)


def extended(sum_: Arithmetic, by: Extended) -> Arithmetic:
    """The last day is that of the letter. A programmer's mistake: one that is not later."""
    days = (by.until_on - sum_.last_day).days
    if days <= 0:
        raise ValueError("An extension gives days.")
    return _then(sum_, Step(StepKind.EXTENDED, days, by.until_on, by.letter))


def kept_until(last_day: date, to_object: Sequence[date]) -> date:
    """The last day on which a prize has not lapsed: its own, or the last on which a refusal of its
    claims may be objected to (F082, F283). While an objection waits there is none."""
    return max([last_day, *to_object])


def of(
    drawn_on: date,
    *,
    days: int,
    changes: Sequence[Held | Extended],
    why_free: FreeDay,
    moved_on: MovedOn,
) -> Arithmetic:
    """The sum of a prize with all that changed it, in the order in which it did."""
    sum_ = base(drawn_on, days=days, why_free=why_free, moved_on=moved_on)
    for change in changes:
        if isinstance(change, Held):
            sum_ = held(sum_, change, why_free=why_free, moved_on=moved_on)
        else:
            sum_ = extended(sum_, change)
    return sum_


def _moved(sum_: Arithmetic, *, why_free: FreeDay, moved_on: MovedOn) -> Arithmetic:
    led_to = sum_.last_day
    if not (why := why_free(led_to)):
        return sum_
    last = moved_on(led_to)
    return _then(sum_, Step(StepKind.FREE, (last - led_to).days, last, why, from_on=led_to))


def _then(sum_: Arithmetic, step: Step) -> Arithmetic:
    return Arithmetic(sum_.drawn_on, (*sum_.steps, step))
