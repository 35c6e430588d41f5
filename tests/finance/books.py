"""What tests of the books share: days of the past, closed months, the log given its places."""

from __future__ import annotations

import itertools
from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from django.db import connection, transaction

from audit import approvals
from finance import adjustments, ledger, periods
from finance.ledger import Move
from finance.models import Entry, Period
from tests import make_money as make
from tests import owner

_number = itertools.count(1)
OWN, RENT, INCOME = "ownbank:main", "expense:rent", "income:other"


def month(code: str) -> Period:
    """A month of the past, as the clock would have made it then."""
    year, number = (int(part) for part in code.split("-"))
    return Period.objects.create(
        code=code,
        first_day=date(year, number, 1),
        last_day=date(year, number, monthrange(year, number)[1]),
    )


def spent(fen: int, day: date | None = None, *, reference: str = "") -> Entry:
    """Rent paid from the operator's own money, booked on `day`."""
    make.open_accounts((OWN, "OWNBANK"), (RENT, "EXPENSE"))
    with transaction.atomic():
        return ledger.post(
            reference=reference or f"rent:{day}:{fen}",
            kind="EXPENSE_PAID",
            moves=[Move(RENT, OWN, fen)],
            day=day,
        )


def earned(fen: int, day: date | None = None) -> Entry:
    """What nobody claimed is income by the word of others, booked on `day`."""
    make.open_accounts(("suspense:old", "SUSPENSE"), (INCOME, "INCOME"))
    asked = adjustments.ask(
        moves=[Move("suspense:old", INCOME, fen)],
        reason="无人认领",
        maker=make.staff(f"bookkeeper{next(_number)}", "treasurer").member.user,
        now=make.NOW,
        booked_on=day,
    )
    return Entry.objects.get(reference=f"adjustment:{make.decided(asked).code}")


def asked_and_agreed(kind: str, payload: dict[str, object]) -> approvals.Request:
    """A deed asked for past its door, and agreed to."""
    maker = make.staff(f"bookkeeper{next(_number)}", "treasurer").member.user
    asked = approvals.request(kind=kind, payload=payload, maker=maker, now=make.NOW)
    return agreed(asked)


def agreed(asked: approvals.Request) -> approvals.Request:
    """The word of another."""
    checker = make.staff(f"reader{next(_number)}", "approver").member.user
    return approvals.decide(code=asked.code, checker=checker, approve=True, now=make.NOW)


def closed(code: str) -> Period:
    """The month, closed by its doors."""
    maker = make.staff(f"bookkeeper{next(_number)}", "treasurer").member.user
    agreed(periods.ask_close(code=code, maker=maker, now=make.NOW))
    return Period.objects.get(code=code)


def sequenced() -> None:
    """Every entry of the log has its place; those of a transaction still open are left out."""
    with connection.cursor() as cursor:
        for _attempt in range(200):
            cursor.execute("SELECT audit_sequence(1000000)")
            cursor.execute("SELECT count(*) FROM finance_latest")
            left = cursor.fetchone()[0]
            cursor.execute(
                "SELECT (SELECT count(*) FROM audit_entry) = (SELECT count(*) FROM audit_sequenced)"
            )
            if cursor.fetchone()[0] or not left:
                return
            cursor.execute("SELECT pg_sleep(0.05)")  # another database's transaction holds it up
    raise AssertionError("The log has not given every entry its place.")


def rolled_up() -> int:
    """Everything has its place and is rolled up; how many places were taken."""
    sequenced()
    return ledger.roll_up()


def booked_over(days: Sequence[tuple[str, date]]) -> None:
    """Bring entries, by reference, to days and hours of the past, in this order.

    The owner's hand: only time brings about a month of players' money.
    """
    with owner.as_owner() as hand:
        for table in ("finance_entry", "finance_transfer"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_never_changes")
        for place, (reference, day) in enumerate(days):
            at = f"{day} 10:00:00+08"
            hand.execute(
                "UPDATE finance_entry SET booked_on = %s,"
                " posted_at = %s::timestamptz + %s * interval '1 second' WHERE reference = %s",
                [day, at, place, reference],
            )
        hand.execute(
            "UPDATE finance_transfer t SET posted_at = e.posted_at FROM finance_entry e"
            " WHERE e.id = t.entry_id AND t.posted_at <> e.posted_at"
        )
        owner.guards_up(hand)
