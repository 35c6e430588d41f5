"""Times as people read them: always Asia/Shanghai, in the words of the language in use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

SHANGHAI = ZoneInfo("Asia/Shanghai")
# What a person may ask for: days that stay days when a zone or a day is added to them.
ASKED = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31)))
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def is_chinese() -> bool:
    """Whether the page is being written in Chinese."""
    return (get_language() or "").startswith("zh")


def in_shanghai(value: datetime) -> datetime:
    """The same moment on a Shanghai clock; a naive time is a programmer's mistake."""
    if value.tzinfo is None:
        raise ValueError("A moment needs its time zone.")
    return value.astimezone(SHANGHAI)


def weekday(value: date) -> str:
    """周四, or Thu."""
    return [
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    ][value.weekday()]


def day(value: date) -> str:
    """9月17日, or 17 Sep."""
    if is_chinese():
        return f"{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]}"


def day_weekday(value: date) -> str:
    """9月17日 周四, or Thu 17 Sep."""
    if is_chinese():
        return f"{day(value)} {weekday(value)}"
    return f"{weekday(value)} {day(value)}"


def year_weekday(value: date) -> str:
    """2026年9月17日 周四, or Thu 17 Sep 2026."""
    if is_chinese():
        return f"{value.year}年{day_weekday(value)}"
    return f"{day_weekday(value)} {value.year}"


def milli(value: datetime) -> str:
    """20:00:00.412, for the cases where a millisecond decided."""
    return f"{value:%H:%M:%S}.{value.microsecond // 1000:03d}"


def written(value: datetime | date, form: str) -> str:
    """`value` in one of the forms of the house; see `FORMS`."""
    if isinstance(value, datetime):
        value = in_shanghai(value)
    elif form not in {"date", "day", "weekday", "year_weekday"}:
        message = f"A date has no {form}."
        raise ValueError(message)
    return FORMS[form](value)


def relative(value: datetime, now: datetime, form: str) -> str:
    """`value` seen from `now`: 今天 20:00, 明天 20:00, 9月21日 周一 20:00.

    `form` is "minute", "second", or "day" for the day alone.
    """
    value, now = in_shanghai(value), in_shanghai(now)
    distance = (value.date() - now.date()).days
    if distance == 0:
        when = _("today")
    elif distance == 1:
        when = _("tomorrow")
    elif value.year == now.year:
        when = day_weekday(value)
    else:
        when = f"{value:%Y-%m-%d}"
    if form == "day":
        return when
    return f"{when} {FORMS['clock' if form == 'second' else 'minute'](value)}"


def duration(seconds: int) -> str:
    """1 小时 14 分 53 秒, or 1 h 14 min 53 s; whole units only."""
    hours, rest = divmod(max(seconds, 0), 3600)
    minutes, rest = divmod(rest, 60)
    parts = []
    if hours:
        parts.append(_("%(count)d h") % {"count": hours})
    if minutes:
        parts.append(_("%(count)d min") % {"count": minutes})
    if rest or not parts:
        parts.append(_("%(count)d s") % {"count": rest})
    return " ".join(parts)


FORMS: dict[str, Callable[[Any], str]] = {
    "full": lambda value: f"{value:%Y-%m-%d %H:%M:%S}",
    "milli": milli,
    "clock": lambda value: f"{value:%H:%M:%S}",
    "minute": lambda value: f"{value:%H:%M}",
    "date": lambda value: f"{value:%Y-%m-%d}",
    "day": day,
    "weekday": day_weekday,
    "year_weekday": year_weekday,
    "short": lambda value: f"{day(value)} {value:%H:%M}",
    "short_weekday": lambda value: f"{day_weekday(value)} {value:%H:%M}",
    "day_clock": lambda value: f"{day(value)} {value:%H:%M:%S}",
    "iso": lambda value: value.isoformat(),
}
