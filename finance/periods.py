"""Months of the books, and closing them for good (F123).

A closed month keeps the balance of every account and takes no more entries; the database refuses
them. Months close in order, by the word of others, and only when all of their entries are rolled up
below the log's horizon, so that none can still be on its way.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .models import Period, PeriodBalance

KIND = "finance.period_close"
MONTHS_AHEAD = 2


class PeriodUnknown(Refused):
    """No such period."""

    code, status = "period_unknown", 404
    message = _("There is no such period.")


class PeriodNotOver(Refused):
    """The month still runs, or ended a moment ago."""

    code = "period_not_over"
    message = _("This period is not over yet.")


class EarlierPeriodOpen(Refused):
    """Periods close in order."""

    code = "period_not_in_order"
    message = _("An earlier period is still open. Close it first.")


class PeriodClosedAlready(Refused):
    """It was closed before."""

    code = "period_closed_already"
    message = _("This period is closed already.")


class YearNotCarriedForward(Refused):
    """December closes after its year was carried forward."""

    code = "period_before_its_year"
    message = _("Carry the year forward first: income and expenses are not at nothing yet.")


_REFUSALS: dict[str, type[Refused]] = {
    "period_closed_after_its_year": YearNotCarriedForward,
    "period_closed_when_over": PeriodNotOver,
    "period_closed_in_order": EarlierPeriodOpen,
    "period_closes_once": PeriodClosedAlready,
}


@door
def keep_ahead(*, now: datetime) -> int:
    """Make the months that come, as the clock asks for them; how many were new."""
    return ensure(now=now)


@inside_transaction
def ensure(*, now: datetime) -> int:
    """Make the months from the first entry's to two months ahead; how many were new."""
    first = Period.objects.order_by("-first_day").values_list("first_day", flat=True).first()
    today = dates.in_shanghai(now).date()
    month = (first + timedelta(days=32)).replace(day=1) if first else today.replace(day=1)
    made = 0
    while (month.year - today.year) * 12 + month.month - today.month <= MONTHS_AHEAD:
        last = month.replace(day=monthrange(month.year, month.month)[1])
        _period, is_new = Period.objects.get_or_create(
            code=f"{month:%Y-%m}", defaults={"first_day": month, "last_day": last}
        )
        made += is_new
        month = last + timedelta(days=1)
    return made


@door
def ask_close(*, code: str, maker: Any, now: datetime) -> approvals.Request:
    """Ask that a month be closed; others decide. Refuses what cannot be closed anyway."""
    period = find(code)
    if period.state == Period.State.CLOSED:
        raise PeriodClosedAlready
    if dates.in_shanghai(now).date() <= period.last_day:
        raise PeriodNotOver
    if Period.objects.filter(state=Period.State.OPEN, last_day__lt=period.first_day).exists():
        raise EarlierPeriodOpen
    return approvals.request(kind=KIND, payload={"period": code}, maker=maker, now=now)


@inside_transaction
def close(*, code: str, approval_code: str, now: datetime) -> str:  # noqa: ARG001 - Postgres's clock decides
    """Close the month, keep its balances; their digest. What the last decision performs."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT finance_close_period(%s, %s)", [code, approval_code])
            (digest,) = cursor.fetchone()
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    trail.record(
        action="finance.period_closed",
        actor=None,
        object_type="period",
        object_code=code,
        body={"digest": digest, "approval": approval_code},
    )
    return str(digest)


def find(code: str) -> Period:
    """One month, or `PeriodUnknown`."""
    period = Period.objects.filter(code=code).first()
    if period is None:
        raise PeriodUnknown
    return period


def all_periods() -> Sequence[Period]:
    """All months, the latest first."""
    return list(Period.objects.order_by("-first_day"))


def balances_of(period: Period) -> Sequence[PeriodBalance]:
    """What was kept when it was closed, by account."""
    return list(period.balances.order_by("account_id", "kind"))


def open_on(day: date) -> bool:
    """Whether something may still be booked on `day`: no month from there on is closed."""
    return not Period.objects.filter(last_day__gte=day, state=Period.State.CLOSED).exists()
