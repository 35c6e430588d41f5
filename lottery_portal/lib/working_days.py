"""Working days in mainland China: neither a holiday nor a weekend that stayed one."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import holidays

_FRIDAY = 5
_LANGUAGES = {"zh": "zh_CN", "en": "en_US"}


def is_holiday(day: date) -> bool:
    """Whether the State Council made `day` a holiday."""
    return day in _of(day.year)


def holiday_name(day: date, *, language: str) -> str:
    """What the holiday of `day` is called: "zh" or "en"; nothing on any other day."""
    return str(_of(day.year, language).get(day, ""))


def rests(day: date) -> bool:
    """Whether `day` is a weekend that no holiday turned into a working day."""
    return day.isoweekday() > _FRIDAY and day not in _shifted(day.year)


def is_one(day: date) -> bool:
    """Whether people work on `day`."""
    return not is_holiday(day) and not rests(day)


def on_or_after(day: date) -> date:
    """`day` itself, or the first working day after it."""
    while not is_one(day):
        day += timedelta(days=1)
    return day


def after(day: date, count: int) -> date:
    """The `count`-th working day after `day`; with 0 the day itself or the next working day."""
    if count < 0:
        raise ValueError("Working days are counted forwards.")
    for _one in range(count):
        day = on_or_after(day + timedelta(days=1))
    return on_or_after(day)


@cache
def _of(year: int, language: str = "zh") -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year, language=_LANGUAGES[language])


@cache
def _shifted(year: int) -> frozenset[date]:
    return frozenset(_of(year).weekend_workdays)
