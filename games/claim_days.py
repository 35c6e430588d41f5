"""Until when prizes are claimed: natural days, moved on by holidays and closures (RULES C11)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

import holidays

from lottery_portal.lib.dates import in_shanghai

from . import calendar, rules
from .models import Draw

_SUNDAY, _SATURDAY = 7, 6


def last_day(draw: Draw) -> date:
    """The last day on which a prize of `draw` is claimed."""
    return last_day_after(
        in_shanghai(draw.draws_at).date(),
        days=rules.by_code(draw.rule.code).claim_days,
        now=draw.draws_at,
    )


def last_day_after(drawn_on: date, *, days: int, now: datetime) -> date:
    """`days` natural days from the draw; a holiday or closure moves the end to a working day."""
    day = drawn_on + timedelta(days=days)
    if not _is_free(day, now):
        return day
    while _is_free(day, now) or not _is_working_day(day):
        day += timedelta(days=1)
    return day


def _is_free(day: date, now: datetime) -> bool:
    return day in _holidays(day.year) or any(
        closure.first_on <= day <= closure.last_on
        for closure in calendar.closures_of(day.year, now=now)
    )


def _is_working_day(day: date) -> bool:
    """Weekends rest, unless the state council made them working days."""
    weekend = day.isoweekday() in {_SATURDAY, _SUNDAY}
    return not weekend or day in _shifted(day.year)


@cache
def _holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year)


def _shifted(year: int) -> frozenset[date]:
    return frozenset(_holidays(year).weekend_workdays)
