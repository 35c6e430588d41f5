"""The times that can be asked for in the statistics of winners: years, quarters, months (F222)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from . import statistics, winner_words
from .statistics import Table

MONTHS_OF_QUARTER = 3
NOTHING = Table(amounts=(), regions=(), since_on=None, until_on=None, regions_until_on=None)


@dataclass(frozen=True, kw_only=True)
class Period:
    """A year, a quarter or a month that can be asked for; `until` is the first day after it."""

    key: str
    name: str
    since: date
    until: date
    is_month: bool = False


def known() -> list[Period]:
    """What can be asked for: the years, quarters and months that are published, newest first."""
    months = statistics.months_published()
    quarters = dict.fromkeys((one.year, (one.month - 1) // MONTHS_OF_QUARTER + 1) for one in months)
    years = dict.fromkeys(one.year for one in months)
    return [
        *(_year(number) for number in years),
        *(_quarter(of, number) for of, number in quarters),
        *(
            Period(
                key=f"{one:%Y-%m}",
                name=winner_words.month(one),
                since=one,
                until=statistics.next_month(one),
                is_month=True,
            )
            for one in months
        ),
    ]


def table(game: str, period: Period | None) -> Table:
    """What is published of a game ("": all) in a period; by region not of a single month."""
    if period is None:
        return NOTHING
    found = statistics.table(game=game, since=period.since, until=period.until)
    return replace(found, regions=(), regions_until_on=None) if period.is_month else found


def _year(number: int) -> Period:
    return Period(
        key=str(number),
        name=winner_words.year(number),
        since=date(number, 1, 1),
        until=date(number + 1, 1, 1),
    )


def _quarter(of: int, number: int) -> Period:
    last = date(of, number * MONTHS_OF_QUARTER, 1)
    return Period(
        key=f"{of}-Q{number}",
        name=winner_words.quarter(of, number),
        since=date(of, last.month - MONTHS_OF_QUARTER + 1, 1),
        until=statistics.next_month(last),
    )
