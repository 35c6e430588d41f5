"""What a treasurer looks at: money by day, sales and payouts by day, and how old open money is.

Drawn by the server as SVG: no script, and it prints. One series a chart; figures stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from finance.models import AccountKind, EntryKind
from lottery_portal.lib import dates, scales
from lottery_portal.lib.money import yuan

from . import figures
from .figures import CASH, Span

Kind = AccountKind
HEIGHT, TOP, BOTTOM, LEFT, RIGHT_GAP = 150, 14, 24, 64, 10
AGES = (1, 7, 30, 60)  # open since at most so many days
OPEN_KINDS = (Kind.CLEARING, Kind.RECEIVABLE, Kind.SUSPENSE, Kind.UNCLAIMED, Kind.WELFARE)
PURSES = (Kind.WALLET, Kind.WINNINGS, Kind.BONUS)


@dataclass(frozen=True)
class Day:
    """One day of a chart, in fen."""

    day: date
    fen: int


@dataclass(frozen=True)
class Ageing:
    """What of a kind is open since how long; parts in the order of `ages()`."""

    kind: Kind
    parts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.parts)


def cash(span: Span) -> list[Day]:
    """What lay in escrow and own accounts and with providers in the evening of each day."""
    return [Day(day, -fen) for day, fen in figures.days_of(span, CASH).items()]


def sold(span: Span) -> list[Day]:
    """Sales less refunds of each day."""
    wanted: dict[tuple[str, str, str], int] = {}
    for purse in PURSES:
        wanted[EntryKind.PURCHASE, purse, Kind.STAKES] = 1
        wanted[EntryKind.REFUND, Kind.STAKES, purse] = -1
    return _by_day(span, wanted)


def paid_out(span: Span) -> list[Day]:
    """What left for players each day: withdrawals, deposits returned, prizes paid directly."""
    return _by_day(
        span,
        {
            (EntryKind.WITHDRAWAL_PAID, Kind.HOLD, Kind.CLEARING): 1,
            (EntryKind.DEPOSIT_RETURNED, Kind.WALLET, Kind.CLEARING): 1,
            (EntryKind.PRIZE, Kind.UNCLAIMED, Kind.CLEARING): 1,
            (EntryKind.PRIZE, Kind.UNCLAIMED, Kind.CASH): 1,
            (EntryKind.PRIZE, Kind.UNCLAIMED, Kind.ESCROW): 1,
        },
    )


def ageing(span: Span) -> list[Ageing]:
    """How long what is open on the last day has been: what came last is still there first.

    By account, so that what one owes is not set off against another's.
    """
    moved: dict[tuple[str, str], list[tuple[date, int]]] = {}
    chart = figures.chart()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT x.kind, x.account, x.booked_on, sum(x.moved_in)::bigint,
                   sum(x.moved_out)::bigint
              FROM (SELECT f.kind, f.account_id AS account, f.booked_on, f.moved_in, f.moved_out
                      FROM finance_turnover f
                     WHERE f.is_shadow = %(shadow)s AND f.kind = ANY (%(kinds)s)
                       AND f.booked_on <= %(last)s
                    UNION ALL
                    SELECT a.kind, a.id, l.booked_on, l.amount, 0 FROM finance_latest l
                      JOIN finance_account a ON a.id = l.target_id AND a.kind = ANY (%(kinds)s)
                     WHERE l.is_shadow = %(shadow)s AND l.booked_on <= %(last)s
                    UNION ALL
                    SELECT a.kind, a.id, l.booked_on, 0, l.amount FROM finance_latest l
                      JOIN finance_account a ON a.id = l.source_id AND a.kind = ANY (%(kinds)s)
                     WHERE l.is_shadow = %(shadow)s AND l.booked_on <= %(last)s) x
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """,
            {
                "shadow": span.is_shadow,
                "kinds": [str(kind) for kind in OPEN_KINDS],
                "last": span.last,
            },
        )
        left: dict[tuple[str, str], int] = {}
        for kind, account, day, moved_in, moved_out in cursor.fetchall():
            came, went = (moved_out, moved_in) if chart[kind].is_outward else (moved_in, moved_out)
            moved.setdefault((kind, account), []).append((day, came))
            left[kind, account] = left.get((kind, account), 0) + came - went
    parts = {kind: [0] * (len(AGES) + 1) for kind in OPEN_KINDS}
    for (kind, account), days in moved.items():
        rest = left[kind, account]
        for day, came in reversed(days):
            if rest <= 0:
                break
            still = min(came, rest)
            parts[Kind(kind)][_age((span.last - day).days)] += still
            rest -= still
        if rest:  # below zero, or more than ever came: it has no day
            parts[Kind(kind)][0] += rest
    return [Ageing(kind, tuple(fen)) for kind, fen in parts.items()]


def ages() -> list[str]:
    """The words for the spans of age."""
    since = 0
    words = []
    for until in AGES:
        words.append(_("%(since)s to %(until)s days") % {"since": since, "until": until})
        since = until + 1
    return [*words, _("more than %(days)s days") % {"days": AGES[-1]}]


def draw(days: Sequence[Day], *, title: str, is_bars: bool, width: int = 720) -> dict[str, Any]:
    """The geometry of one chart, as `desk/_money_chart.html` reads it."""
    left, right = LEFT, width - RIGHT_GAP
    high = max([day.fen for day in days] + [0])
    low = min([day.fen for day in days] + [0])
    step = scales.step(high - low)
    ceiling, floor = -(-high // step) * step, low // step * step
    if ceiling == floor:
        ceiling = floor + step

    def y(fen: int) -> float:
        return round(TOP + (ceiling - fen) * (HEIGHT - TOP - BOTTOM) / (ceiling - floor), 1)

    room = (right - left) / max(len(days), 1)
    peak = max(range(len(days)), key=lambda place: days[place].fen) if days else None
    centres = [round(left + room * (place + 0.5), 1) for place in range(len(days))]
    points = [f"{x},{y(day.fen)}" for x, day in zip(centres, days, strict=True)]
    return {
        "title": title,
        "width": width,
        "height": HEIGHT,
        "left": left,
        "right": right,
        "zero": y(0),
        "grid": [
            {"y": y(fen), "text": scales.figure(fen)} for fen in range(floor, ceiling + 1, step)
        ],
        "bars": [
            {
                "x": round(x - room * 0.35, 1),
                "y": min(y(day.fen), y(0)),
                "width": round(room * 0.7, 1),
                "height": round(abs(y(day.fen) - y(0)), 1),
            }
            for x, day in zip(centres, days, strict=True)
            if day.fen
        ]
        if is_bars
        else [],
        "line": "" if is_bars else " ".join(points),
        "area": ""
        if is_bars or not points
        else f"{centres[0]},{y(0)} {' '.join(points)} {centres[-1]},{y(0)}",
        "first": dates.written(days[0].day, "day") if days else "",
        "last": dates.written(days[-1].day, "day") if days else "",
        "peak": None
        if peak is None
        else {
            "x": centres[peak],
            "y": y(days[peak].fen),
            "name": f"{dates.written(days[peak].day, 'day')} {yuan(days[peak].fen)}",
            "anchor": "end" if centres[peak] > width / 2 else "start",
            "dx": -6 if centres[peak] > width / 2 else 6,
        },
        "spoken": _spoken(days, title),
        "days": [{"day": day.day, "fen": day.fen} for day in days],
        "total": sum(day.fen for day in days),
        "is_bars": is_bars,
    }


def _spoken(days: Sequence[Day], title: str) -> str:
    if not days:
        return title
    most = max(days, key=lambda day: day.fen)
    return _("%(title)s. Most on %(day)s: %(most)s yuan. Last day: %(last)s yuan.") % {
        "title": title,
        "day": dates.written(most.day, "day"),
        "most": yuan(most.fen),
        "last": yuan(days[-1].fen),
    }


def _by_day(span: Span, wanted: Mapping[tuple[str, str, str], int]) -> list[Day]:
    found = {
        span.first + timedelta(days=place): 0 for place in range((span.last - span.first).days + 1)
    }
    for day, flow, fen in figures.daily(span, kinds={kind for kind, _s, _t in wanted}):
        found[day] += wanted.get(flow, 0) * fen
    return [Day(day, fen) for day, fen in found.items()]


def _age(days: int) -> int:
    return next((place for place, until in enumerate(AGES) if days <= until), len(AGES))
