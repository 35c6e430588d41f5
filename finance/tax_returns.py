"""The withholding report of each month: of whom what was withheld, filed by the 15th (F098).

One line a person. Its sum is what is due of the tax of the month, to the fen: both follow from the
same entries of the books. What is booked into a month later makes it due again, and is filed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext_lazy as _

from audit import alarms, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import tax_papers
from .models import Due, TaxReturn

LATE = "finance.tax_return_late"
SOON = timedelta(days=5)
TAX = "tax:"

alarms.register(kind=LATE, title=_("The withholding report of a month was not filed in time"))


class ReturnDoesNotFit(Refused):
    """The month is not over, filed already as it stands, or was filed on an impossible day."""

    code = "tax_return_does_not_fit"
    message = _("Give a month that is over and not filed yet, and the day on which it was filed.")


class ReceiptUsed(Refused):
    """One number of the tax office is one report."""

    code = "tax_return_receipt_used"
    message = _("Another report has this number of the tax office.")


class ReceiptMissing(Refused):
    """Filed, but without the number that proves it."""

    code, status = "tax_return_receipt_missing", 400
    message = _("Please give the number under which the tax office took it.")


@dataclass(frozen=True)
class Withheld:
    """What was withheld of one person in some days of the books; name and number are masked."""

    person: str
    name: str
    citizen_id: str
    draws: int
    won_fen: int  # in those draws together, the basis of the tax
    tax_fen: int


@dataclass(frozen=True)
class Month:
    """A month of which tax is due: the two sums that are one, and how it was filed."""

    month: str
    people: int
    withheld_fen: int
    due_fen: int
    due_on: date
    filed: TaxReturn | None

    @property
    def is_filed(self) -> bool:
        """Whether what is due now was filed."""
        return self.filed is not None and self.filed.amount == self.due_fen

    @property
    def agrees(self) -> bool:
        """Whether the lines of the persons are what is due."""
        return self.withheld_fen == self.due_fen

    def is_late(self, today: date) -> bool:
        """Whether its day is over and it is not filed."""
        return not self.is_filed and self.due_on < today


def withheld(first: date, last: date) -> Sequence[Withheld]:
    """Of whom what was withheld in the days `first` to `last` of the books, both included.

    A reversed prize is taken back on the day of its reversal, as the books do.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT x.winner, count(*), sum(x.together)::bigint, sum(x.tax)::bigint FROM (
                SELECT p.winner, p.occasion, max(p.together) AS together, sum(b.sign * p.tax) AS tax
                  FROM finance_prizetax p
                 CROSS JOIN LATERAL (
                       SELECT e.booked_on, 1 AS sign FROM finance_entry e WHERE e.id = p.entry_id
                       UNION ALL
                       SELECT r.booked_on, -1 FROM finance_entry r
                        WHERE r.reversal_of_id = p.entry_id) b
                 WHERE p.tax > 0 AND b.booked_on BETWEEN %s AND %s
                 GROUP BY p.winner, p.occasion HAVING sum(b.sign * p.tax) <> 0) x
             GROUP BY x.winner ORDER BY x.winner
            """,
            [first, last],
        )
        return [_masked(*row) for row in cursor.fetchall()]


def months() -> Sequence[Month]:
    """Every month of which tax is due, newest first."""
    filed = {row.month: row for row in TaxReturn.objects.order_by("position")}
    rows = (
        Due.objects.filter(account__startswith=TAX)
        .values("subject")
        .annotate(fen=Sum("amount"), kept_fen=Sum("kept"), on=Min("due_on"), last=Max("due_on"))
        .order_by("-subject")
    )
    found = []
    for row in rows:
        first, last = days_of(row["subject"])
        lines = withheld(first, last)
        known = filed.get(row["subject"])
        found.append(
            Month(
                month=row["subject"],
                people=len(lines),
                withheld_fen=sum(line.tax_fen for line in lines),
                due_fen=int(row["fen"]) + int(row["kept_fen"]),
                # what became due after it was filed is filed by its own day
                due_on=row["on"] if known is None else row["last"],
                filed=known,
            )
        )
    return found


def open_now() -> Sequence[Month]:
    """The months to be filed, the longest due first."""
    return [month for month in reversed(months()) if not month.is_filed]


@door
def record(*, month: str, receipt: str, filed_on: date, actor: Any, now: datetime) -> TaxReturn:
    """Write down that the report of a month was filed, with the number of the tax office.

    Refuses with `ReceiptMissing`, `ReceiptUsed` or `ReturnDoesNotFit`.
    """
    number = receipt.strip()
    if not number:
        raise ReceiptMissing(fields=["receipt"])
    known = next((one for one in months() if one.month == month), None)
    if known is None or not known.agrees:
        raise ReturnDoesNotFit(fields=["month"])
    try:
        made = TaxReturn.objects.create(
            month=month,
            position=0,
            people=known.people,
            amount=known.due_fen,
            receipt=number,
            filed_on=filed_on,
            filed_by=actor,
            recorded_at=now,
        )
    except IntegrityError as exc:
        if violated(exc) == "tax_return_receipt_once":
            raise ReceiptUsed(fields=["receipt"]) from exc
        if violated(exc) == "tax_return_is_what_is_due":
            raise ReturnDoesNotFit(fields=["month", "filed_on"]) from exc
        raise
    made.refresh_from_db(fields=["position", "recorded_at"])  # the database's own
    trail.record(
        action="finance.tax_return_filed",
        actor=actor,
        object_type="tax_return",
        object_code=month,
        body={
            "position": made.position, "amount_fen": made.amount, "people": made.people,
            "receipt": number, "filed_on": filed_on.isoformat(),
        },
    )  # fmt: skip
    alarms.settle(kind=LATE, object_type="tax_return", object_code=month, now=now)
    return made


@door
def notice_late(*, now: datetime) -> int:
    """Raise an alarm for every month whose day is over and that is not filed; how many."""
    today = dates.in_shanghai(now).date()
    late = [month for month in months() if month.is_late(today)]
    for month in late:
        alarms.raise_alarm(
            kind=LATE,
            object_type="tax_return",
            object_code=month.month,
            facts={
                "month": month.month, "due_on": month.due_on.isoformat(),
                "amount_fen": month.due_fen,
            },
            now=now,
        )  # fmt: skip
    return len(late)


def days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month written 2026-11."""
    first = date.fromisoformat(f"{month}-01")
    following = (first + timedelta(days=32)).replace(day=1)
    return first, following - timedelta(days=1)


def _masked(winner: str, draws: int, won: int, tax: int) -> Withheld:
    person = tax_papers.person_of(winner)
    return Withheld(
        person=winner,
        name=str(person.name) if person else "",
        citizen_id=str(person.citizen_id) if person else "",
        draws=int(draws),
        won_fen=int(won),
        tax_fen=int(tax),
    )
