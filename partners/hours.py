"""Opening hours: one line of text that the database can check and both languages can read.

`1-5 09:00-17:30; 6-7 10:00-16:00` is Monday to Friday and the weekend; days are 1 (Monday) to 7.
Times are those of Shanghai.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused

_SPAN = re.compile(r"([1-7])(?:-([1-7]))? ([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)")
_MONDAY = date(2024, 1, 1)


class HoursUnreadable(Refused):
    """Not spelt as opening hours are."""

    code, status = "outlet_hours_unreadable", 400
    message = gettext_lazy(
        "Please write opening hours like this: 1-5 09:00-17:30; 6-7 10:00-16:00 (1 is Monday)."
    )


@dataclass(frozen=True)
class Span:
    """Some days of the week, first and last included, and from when to when."""

    first: int
    last: int
    opens: time
    closes: time


def read(text: str) -> list[Span]:
    """The hours as they are meant, or `HoursUnreadable`."""
    return [_span(part) for part in text.split("; ")]


def _span(part: str) -> Span:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise HoursUnreadable(fields=["hours"])
    first, last, opens, closes = found.groups()
    try:
        span = Span(
            int(first), int(last or first), time.fromisoformat(opens), time.fromisoformat(closes)
        )
    except ValueError as exc:  # 29:00
        raise HoursUnreadable(fields=["hours"]) from exc
    if span.last < span.first or span.closes <= span.opens:
        raise HoursUnreadable(fields=["hours"])
    return span


def checked(text: str) -> str:
    """The line as it is stored, whatever the gaps it was typed with, or `HoursUnreadable`."""
    parts = [" ".join(part.split()) for part in text.replace("；", ";").split(";")]
    plain = "; ".join(part for part in parts if part)
    read(plain)
    return plain


def in_words(text: str) -> list[str]:
    """A line for each span: Mon to Fri 09:00–17:30."""
    return [
        _("%(days)s %(opens)s–%(closes)s")
        % {"days": _days(span), "opens": f"{span.opens:%H:%M}", "closes": f"{span.closes:%H:%M}"}
        for span in read(text)
    ]


def _days(span: Span) -> str:
    if (span.first, span.last) == (1, 7):
        return _("Every day")
    first, last = (dates.weekday(_MONDAY + timedelta(day - 1)) for day in (span.first, span.last))
    if span.last == span.first:
        return first
    both = pgettext("days of the week", "%(first)s to %(last)s")
    return both % {"first": first, "last": last}


def is_open(spans: Sequence[Span], at: datetime) -> bool:
    """Whether these hours cover a moment; public holidays are not known here."""
    here = dates.in_shanghai(at)
    return any(
        span.first <= here.isoweekday() <= span.last and span.opens <= here.time() < span.closes
        for span in spans
    )
