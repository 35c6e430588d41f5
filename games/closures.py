"""Market closures: days without sale and draw, by the ministry's notices (RULES C12, F025).

What a notice recorded at the desk says counts before what this release knows; a year of which
nobody knows yet is planned by the practice of years past, and says that it is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import holidays
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import approvals
from lottery_portal.lib import dates
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.errors import Refused

from .models import CalendarNotice, MarketClosure
from .rules import Closure
from .rules.schedule import CLOSURES

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.closure"
Occasion = MarketClosure.Occasion
ANNOUNCED = (Occasion.SPRING, Occasion.NATIONAL)  # what the ministry announces for every year
LONGEST = 60  # days; a longer one is a slip of the pen, or no holiday


class ClosureNotInOrder(Refused):
    """It ends before it begins, or lies in two years."""

    code, status = "closure_not_in_order", 400
    message = _("A closure begins and ends in the year it is for, and lasts %(most)s days at most.")


class ClosureTooLate(Refused):
    """It has begun: what was sold or drawn today is not made undone."""

    code = "closure_too_late"
    message = _("A closure is recorded before its first day.")


class ClosureOfThatFeastBegan(Refused):
    """The closure of that feast has begun: numbers of draws already held would shift with it."""

    code = "closure_of_that_feast_began"
    message = _(
        "The closure of %(year)s for %(occasion)s began on %(first)s."
        " Record other days as another closure."
    )


class NoticeMissing(Refused):
    """A closure names the paper that says so."""

    code, status = "closure_notice_missing", 400
    message = _("Please name the notice of the ministry.")


def of_year(year: int, *, now: datetime) -> tuple[Closure, ...]:
    """The closures of a year as they are known at `now`, in their order."""
    found: dict[tuple[str, str], Closure] = {}
    for closure in CLOSURES:
        if closure.first_on.year == year:
            found[closure.occasion, ""] = closure
    recorded = MarketClosure.objects.filter(year=year, recorded_at__lte=now).order_by("pk")
    for row in recorded:
        # A year has one closure for each of its feasts; others stand beside one another.
        place = "" if row.occasion in ANNOUNCED else row.notice
        found[row.occasion, place] = Closure(
            first_on=row.first_on,
            last_on=row.last_on,
            occasion=row.occasion,
            notice=row.notice,
            address=row.address,
        )
    for closure in _provisional(year):
        found.setdefault((closure.occasion, ""), closure)
    return tuple(sorted(found.values(), key=lambda one: one.first_on))


def request(
    *,
    occasion: str,
    first_on: date,
    last_on: date,
    notice: str,
    address: str,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Ask for a closure to be recorded; planned draws then move to their new days."""
    check(occasion=occasion, first_on=first_on, last_on=last_on, now=now)
    if not notice.strip():
        raise NoticeMissing
    return approvals.request(
        kind=KIND,
        payload={
            "year": first_on.year,
            "occasion": Occasion(occasion).value,
            "first_on": first_on.isoformat(),
            "last_on": last_on.isoformat(),
            "notice": notice.strip(),
            "address": address.strip(),
        },
        maker=maker,
        now=now,
    )


def is_recorded(payload: Mapping[str, Any]) -> bool:
    """Whether a closure that was asked for stands in the calendar."""
    return _recorded(payload).exists()


def notices_of(payload: Mapping[str, Any]) -> QuerySet[CalendarNotice]:
    """The draws that a recorded closure moved, game by game."""
    return (
        CalendarNotice.objects.filter(approval_code__in=_recorded(payload).values("approval_code"))
        .select_related("draw__game")
        .order_by("draw__game__position", "draw__issue")
    )


def _recorded(payload: Mapping[str, Any]) -> QuerySet[MarketClosure]:
    wanted = ("year", "occasion", "first_on", "last_on", "notice")
    return MarketClosure.objects.filter(**{name: payload[name] for name in wanted})


def check(*, occasion: str, first_on: date, last_on: date, now: datetime) -> None:
    """Raise the `Refused` that speaks against these days; nothing is asked for yet."""
    if last_on < first_on or last_on.year != first_on.year or (last_on - first_on).days >= LONGEST:
        raise ClosureNotInOrder(most=LONGEST)
    check_time(first_on, now=now)
    check_feast(occasion, first_on.year, now=now)


def check_feast(occasion: str, year: int, *, now: datetime) -> None:
    """Raise `ClosureOfThatFeastBegan` when the year's closure of that feast has begun."""
    if occasion not in ANNOUNCED:
        return
    today = in_shanghai(now).date()
    for known in of_year(year, now=now):
        if known.occasion == occasion and known.first_on <= today:
            raise ClosureOfThatFeastBegan(
                occasion=Occasion(occasion).label,
                year=str(year),  # a year is no figure: no comma in it
                first=dates.year_weekday(known.first_on),
            )


def check_time(first_on: date, *, now: datetime) -> None:
    """Raise `ClosureTooLate` when the first day has come."""
    if first_on <= in_shanghai(now).date():
        raise ClosureTooLate


@cache
def _provisional(year: int) -> tuple[Closure, ...]:
    """As in years past: Spring Festival from its eve for eight days, 1 to 4 October."""
    known = holidays.country_holidays("CN", years=year, language="en_US")
    spring = min(day for day, name in known.items() if "Spring Festival" in name)
    return (
        Closure(
            first_on=spring - timedelta(days=1),
            last_on=spring + timedelta(days=6),
            occasion=Occasion.SPRING,
        ),
        Closure(first_on=date(year, 10, 1), last_on=date(year, 10, 4), occasion=Occasion.NATIONAL),
    )
