"""Until when prizes are claimed: natural days, moved on by holidays and closures (RULES C11)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from lottery_portal.lib import working_days
from lottery_portal.lib.dates import in_shanghai

from . import calendar, rules
from .models import Draw

HOLIDAY, CLOSURE = "HOLIDAY", "CLOSURE"


def last_day(draw: Draw) -> date:
    """The last day on which a prize of `draw` is claimed."""
    return last_day_after(
        in_shanghai(draw.draws_at).date(),
        days=rules.by_code(draw.rule.code).claim_days,
        now=draw.draws_at,
    )


def last_day_after(drawn_on: date, *, days: int, now: datetime) -> date:
    """`days` natural days from the draw; a holiday or closure moves the end to a working day."""
    return moved_on(drawn_on + timedelta(days=days), now=now)


def moved_on(day: date, *, now: datetime) -> date:
    """`day` itself; the first working day after it where it is a holiday or lies in a closure."""
    if not why_free(day, now=now):
        return day
    while why_free(day, now=now) or working_days.rests(day):
        day += timedelta(days=1)
    return day


def why_free(day: date, *, now: datetime) -> str:
    """Why nobody claims on `day`: HOLIDAY or CLOSURE; nothing if people may, as on a weekend."""
    if working_days.is_holiday(day):
        return HOLIDAY
    closed = calendar.closures_of(day.year, now=now)
    return CLOSURE if any(one.first_on <= day <= one.last_on for one in closed) else ""
