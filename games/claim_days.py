"""Until when prizes are claimed: natural days, moved on by holidays and closures (RULES C11)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from lottery_portal.lib import working_days
from lottery_portal.lib.dates import in_shanghai

from . import calendar, rules
from .models import Draw


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
    while _is_free(day, now) or working_days.rests(day):
        day += timedelta(days=1)
    return day


def _is_free(day: date, now: datetime) -> bool:
    return working_days.is_holiday(day) or any(
        closure.first_on <= day <= closure.last_on
        for closure in calendar.closures_of(day.year, now=now)
    )
