"""The sum of a deadline in sentences, step by step, for who reads it now (N11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from games.claim_days import HOLIDAY
from lottery_portal.lib import dates, working_days

from .deadlines import Arithmetic, Step, StepKind


@dataclass(frozen=True)
class Line:
    """One step of the sum: what it is, how many days, and the day it leads to."""

    text: str
    days: str
    until_on: date


def lines(sum_: Arithmetic) -> list[Line]:
    """The steps of a sum in sentences, from the day of the draw to the last day."""
    return [Line(_text(sum_, step), _days(step.days), step.until_on) for step in sum_.steps]


def day(value: date) -> str:
    """A day with its year and weekday."""
    return dates.written(value, "year_weekday")


def _days(count: int) -> str:
    return ngettext("+%(count)d day", "+%(count)d days", count) % {"count": count}


def _text(sum_: Arithmetic, step: Step) -> str:
    if step.kind == StepKind.DAYS:
        return ngettext(
            "Drawn on %(day)s. From then on %(count)d natural day.",
            "Drawn on %(day)s. From then on %(count)d natural days.",
            step.days,
        ) % {"day": day(sum_.drawn_on), "count": step.days}
    if step.kind == StepKind.EXTENDED:
        return _("Extended by letter %(letter)s.") % {"letter": step.why}
    assert step.from_on is not None  # noqa: S101 - narrows: such steps begin on a day
    if step.kind == StepKind.FREE:
        return _free(step.from_on, step.why)
    assert step.to_on is not None  # noqa: S101 - narrows: and days that were held end on one
    return _("The clock stood from %(since)s to %(until)s; those days do not count.") % {
        "since": day(step.from_on),
        "until": day(step.to_on),
    }


def _free(on: date, why: str) -> str:
    if why != HOLIDAY:
        return _("On %(day)s the lottery market is closed, so the first working day after.") % {
            "day": day(on)
        }
    name = working_days.holiday_name(on, language="zh" if dates.is_chinese() else "en")
    return _("%(day)s is a public holiday (%(name)s), so the first working day after.") % {
        "day": day(on),
        "name": name,
    }
