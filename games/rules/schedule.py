"""When a game is sold and drawn: weekdays, clock times, market closures, issue numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which no lottery is sold or drawn, first and last included."""

    first_on: date
    last_on: date


# Announced by the ministry a few weeks before each year; no draw, no issue number (RULES C12).
# A year joins this list once its closures are announced.
CLOSURES = (
    Closure(first_on=date(2026, 2, 14), last_on=date(2026, 2, 23)),
    Closure(first_on=date(2026, 10, 1), last_on=date(2026, 10, 4)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Draw days by ISO weekday (Monday is 1) and the local times of close and draw.

    An issue is the year, in so many digits, and the running number of the draw in it.
    """

    weekdays: tuple[int, ...]
    closes: time
    draws: time
    time_zone: str
    issue_year_digits: int = 4

    def is_draw_day(self, day: date, *, closures: tuple[Closure, ...] = CLOSURES) -> bool:
        return day.isoweekday() in self.weekdays and not any(
            closure.first_on <= day <= closure.last_on for closure in closures
        )

    def closes_at(self, day: date) -> datetime:
        """The moment, in UTC, at which the draw of `day` stops taking tickets."""
        return self._moment(day, self.closes)

    def draws_at(self, day: date) -> datetime:
        """The moment, in UTC, at which the draw of `day` is held."""
        return self._moment(day, self.draws)

    def issues(
        self, year: int, *, closures: tuple[Closure, ...] = CLOSURES
    ) -> Iterator[tuple[str, date]]:
        """Issue (year and running number, RULES C13) and day of every draw of `year`."""
        day, number = date(year, 1, 1), 0
        while day.year == year:
            if self.is_draw_day(day, closures=closures):
                number += 1
                yield f"{str(year)[-self.issue_year_digits :]}{number:03d}", day
            day += timedelta(days=1)

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)
