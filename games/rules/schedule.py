"""When a game is sold and drawn: weekdays, clock times, market closures, issue numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which no lottery is sold or drawn, first and last included.

    `notice` is the paper that says so, and where it is read; empty while there is none.
    """

    first_on: date
    last_on: date
    occasion: str = "OTHER"
    notice: str = ""
    address: str = ""


def _year(
    spring: tuple[date, date], national: tuple[date, date], *, notice: str, address: str = ""
) -> tuple[Closure, Closure]:
    """The two closures that the ministry announces for a year."""
    return (
        Closure(
            first_on=spring[0], last_on=spring[1], occasion="SPRING", notice=notice, address=address
        ),
        Closure(
            first_on=national[0],
            last_on=national[1],
            occasion="NATIONAL",
            notice=notice,
            address=address,
        ),
    )


# Announced by the ministry a few weeks before each year; no draw, no issue number (RULES C12). A
# year that is not here is recorded at the desk of the calendar once it is announced.
CLOSURES = (
    *_year(
        (date(2023, 1, 19), date(2023, 1, 28)),
        (date(2023, 10, 1), date(2023, 10, 4)),
        notice="中华人民共和国财政部公告2022年第39号（2022年12月26日）",
    ),
    *_year(
        (date(2024, 2, 8), date(2024, 2, 17)),
        (date(2024, 10, 1), date(2024, 10, 4)),
        notice="财政部关于2024年彩票市场休市安排的公告（2023年12月）",
    ),
    *_year(
        (date(2025, 1, 27), date(2025, 2, 5)),
        (date(2025, 10, 1), date(2025, 10, 4)),
        notice="中华人民共和国财政部公告2024年第19号（2024年12月2日）",
    ),
    *_year(
        (date(2026, 2, 14), date(2026, 2, 23)),
        (date(2026, 10, 1), date(2026, 10, 4)),
        notice="财政部关于2026年彩票市场休市安排的公告（2025年12月）",
        address="https://www.mof.gov.cn/gp/xxgkml/zhs/202512/t20251225_3980248.htm",
    ),
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
                yield self.issue(year, number), day
            day += timedelta(days=1)

    def issue(self, year: int, number: int) -> str:
        """A running number of a year as this game writes it: 2026001, or 26001."""
        return f"{str(year)[-self.issue_year_digits :]}{number:03d}"

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)
