"""A month of the calendar as people know it: weeks from Monday on, draws and closures by day."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from lottery_portal.lib.dates import SHANGHAI, in_shanghai

from . import closures
from .models import CalendarNotice, Draw, MarketClosure
from .rules import Closure

_DECEMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One draw in its day."""

    draw: Draw
    is_moved: bool

    @property
    def is_cancelled(self) -> bool:
        """Whether it is not held."""
        return self.draw.state == Draw.State.CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the page; those of the neighbouring months fill its weeks."""

    on: date
    is_in_month: bool
    is_today: bool
    closure: Closure | None
    entries: list[Entry] = field(default_factory=list)

    @property
    def closure_name(self) -> str:
        """What the closure is called."""
        if self.closure is None:
            return ""
        return str(MarketClosure.Occasion(self.closure.occasion).label)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell of it."""
        return not self.entries and self.closure is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month with its weeks, and the months beside it."""

    first: date
    weeks: Sequence[Sequence[Day]]
    closures: Sequence[Closure]

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=31)).replace(day=1)


def of(year: int, month: int, *, now: datetime, game: str = "", drills: bool = False) -> Month:
    """The month as it is known at `now`, for one game or for all; drills only where asked for."""
    first = date(year, month, 1)
    weeks = Calendar().monthdatescalendar(year, month)
    since, until = weeks[0][0], weeks[-1][-1] + timedelta(days=1)
    entries = _entries(since, until, game=game, drills=drills)
    years = {since.year, until.year}
    known = [closure for one in sorted(years) for closure in closures.of_year(one, now=now)]
    today = in_shanghai(now).date()
    return Month(
        first=first,
        weeks=[
            [
                Day(
                    on=day,
                    is_in_month=day.month == month,
                    is_today=day == today,
                    closure=next(
                        (one for one in known if one.first_on <= day <= one.last_on), None
                    ),
                    entries=entries.get(day, []),
                )
                for day in week
            ]
            for week in weeks
        ],
        closures=[
            one
            for one in known
            if one.last_on >= first and one.first_on < (first + timedelta(days=31)).replace(day=1)
        ],
    )


def asked_for(text: str, *, now: datetime) -> tuple[int, int]:
    """Year and month of an address like 2026-11; what is none is the month of now."""
    year, _dash, month = text.partition("-")
    if len(year) == 4 and year.isdigit() and month.isdigit() and len(month) <= 2:  # noqa: PLR2004 - YYYY-MM
        wanted = int(year), int(month)
        if 2000 <= wanted[0] <= 2099 and 1 <= wanted[1] <= _DECEMBER:  # noqa: PLR2004 - as `lib.dates.ASKED`
            return wanted
    today = in_shanghai(now).date()
    return today.year, today.month


def _entries(since: date, until: date, *, game: str, drills: bool) -> dict[date, list[Entry]]:
    found = (
        Draw.objects.filter(draws_at__gte=_midnight(since), draws_at__lt=_midnight(until))
        .select_related("game", "cancellation")
        .order_by("draws_at", "game__position", "pk")
    )
    if game:
        found = found.filter(game__code=game)
    if not drills:
        found = found.filter(is_shadow=False)
    moved = set(CalendarNotice.objects.filter(draw__in=found).values_list("draw_id", flat=True))
    by_day: dict[date, list[Entry]] = {}
    for draw in found:
        day = in_shanghai(draw.draws_at).date()
        by_day.setdefault(day, []).append(Entry(draw=draw, is_moved=draw.pk in moved))
    return by_day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)
