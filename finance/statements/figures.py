"""What statements are made of: how accounts stood and what moved, asked of the books.

A balance is what moved in less what moved out. So an asset or an expense is below zero when it is
there: `natural` turns it round. Debit is what moved out of an account, credit what moved into it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.db import connection, transaction

from finance.models import AccountClass, AccountKind, AccountType

CASH = (AccountKind.ESCROW, AccountKind.OWNBANK, AccountKind.CLEARING, AccountKind.CASH)
OUTWARD = (AccountClass.ASSET, AccountClass.EXPENSE)  # worth something when below zero
Flow = tuple[str, str, str]  # kind of entry, kind of source, kind of target


@dataclass(frozen=True)
class Span:
    """Days of the books from `first` to `last`, both included, of one of the two books."""

    first: date
    last: date
    is_shadow: bool = False

    @property
    def year(self) -> Span:
        """From the first day of the year to the same last day."""
        return Span(self.last.replace(month=1, day=1), self.last, self.is_shadow)


@dataclass(frozen=True)
class Standing:
    """One account, or all of a kind that keeps balances: before, moved, after, in fen."""

    kind: str
    account: str  # its code; empty: all of the kind together
    opening: int
    moved_in: int
    moved_out: int
    closing: int


@dataclass(frozen=True)
class Subject:
    """What the chart of accounts says of a kind."""

    kind: AccountKind
    number: str
    accounting_class: AccountClass

    @property
    def is_outward(self) -> bool:
        """Whether it is worth something when its balance is below zero: assets, expenses."""
        return self.accounting_class in OUTWARD

    def natural(self, fen: int) -> int:
        """A balance with the sign that people give it."""
        return -fen if self.is_outward else fen


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read inside is of one moment; inside a transaction, of that transaction."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@cache
def chart() -> dict[str, Subject]:
    """The chart of accounts, which never changes, by kind in the order of its numbers."""
    return {
        row.kind: Subject(AccountKind(row.kind), row.number, AccountClass(row.accounting_class))
        for row in AccountType.objects.order_by("number")
    }


def standing(span: Span) -> list[Standing]:
    """Every account that ever moved until the last day, in the order of the chart."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.kind, coalesce(a.code, ''), t.opening, t.moved_in, t.moved_out, t.closing
              FROM finance_trial(%s, %s, %s) t
              LEFT JOIN finance_account a ON a.id = t.account_id
              JOIN finance_accounttype y ON y.kind = t.kind
             ORDER BY y.number, a.code
            """,
            [span.is_shadow, span.first, span.last],
        )
        return [Standing(*row) for row in cursor.fetchall()]


def by_kind(rows: Collection[Standing]) -> dict[str, Standing]:
    """The same, accounts of one kind added up; every kind of the chart is there."""
    sums: dict[str, list[int]] = {kind: [0, 0, 0, 0] for kind in chart()}
    for row in rows:
        for place, fen in enumerate((row.opening, row.moved_in, row.moved_out, row.closing)):
            sums[row.kind][place] += fen
    return {kind: Standing(kind, "", *figures) for kind, figures in sums.items()}


def flows(span: Span) -> Counter[Flow]:
    """What deeds of each kind moved between kinds of accounts, less what was reversed."""
    total: Counter[Flow] = Counter()
    for _day, flow, fen in daily(span):
        total[flow] += fen
    return total


def daily(span: Span, *, kinds: Collection[str] = ()) -> list[tuple[date, Flow, int]]:
    """The same by day, of all kinds of entries or of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT x.booked_on, x.entry_kind, x.source_kind, x.target_kind, sum(x.fen)::bigint
              FROM (SELECT f.booked_on, f.entry_kind, f.source_kind, f.target_kind,
                           f.moved - f.moved_back AS fen
                      FROM finance_dayflow f
                     WHERE f.is_shadow = %(shadow)s AND f.booked_on BETWEEN %(first)s AND %(last)s
                    UNION ALL
                    SELECT l.booked_on, coalesce(o.kind, e.kind),
                           CASE WHEN o.id IS NULL THEN s.kind ELSE t.kind END,
                           CASE WHEN o.id IS NULL THEN t.kind ELSE s.kind END,
                           CASE WHEN o.id IS NULL THEN l.amount ELSE -l.amount END
                      FROM finance_latest l
                      JOIN finance_entry e ON e.id = l.entry_id
                      LEFT JOIN finance_entry o ON o.id = e.reversal_of_id
                      JOIN finance_account s ON s.id = l.source_id
                      JOIN finance_account t ON t.id = l.target_id
                     WHERE l.is_shadow = %(shadow)s
                       AND l.booked_on BETWEEN %(first)s AND %(last)s) x
             WHERE %(kinds)s::text[] = '{}' OR x.entry_kind = ANY (%(kinds)s::text[])
             GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
            """,
            {
                "shadow": span.is_shadow,
                "first": span.first,
                "last": span.last,
                "kinds": list(kinds),
            },
        )
        return [(day, (kind, source, target), fen) for day, kind, source, target, fen in cursor]


def moved_by(span: Span, kind: str) -> list[tuple[str, str, int]]:
    """What entries of one kind moved into each account less what they moved out: code, kind, fen.

    For kinds of which there are few entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.code, a.kind, sum(CASE WHEN t.target_id = a.id THEN t.amount
                                            ELSE -t.amount END)::bigint
              FROM finance_entry e
              JOIN finance_transfer t ON t.entry_id = e.id
              JOIN finance_account a ON a.id IN (t.source_id, t.target_id)
             WHERE e.kind = %s AND e.is_shadow = %s AND e.booked_on BETWEEN %s AND %s
             GROUP BY a.code, a.kind ORDER BY a.code
            """,
            [kind, span.is_shadow, span.first, span.last],
        )
        return [(code, of_kind, fen) for code, of_kind, fen in cursor.fetchall()]


def days_of(span: Span, kinds: Collection[str]) -> dict[date, int]:
    """What all accounts of these kinds together stood at in the evening of each day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT x.booked_on, sum(x.fen)::bigint
              FROM (SELECT f.booked_on, f.moved_in - f.moved_out AS fen FROM finance_turnover f
                     WHERE f.is_shadow = %(shadow)s AND f.kind = ANY (%(kinds)s)
                       AND f.booked_on <= %(last)s
                    UNION ALL
                    SELECT l.booked_on, l.amount FROM finance_latest l
                      JOIN finance_account a ON a.id = l.target_id AND a.kind = ANY (%(kinds)s)
                     WHERE l.is_shadow = %(shadow)s AND l.booked_on <= %(last)s
                    UNION ALL
                    SELECT l.booked_on, -l.amount FROM finance_latest l
                      JOIN finance_account a ON a.id = l.source_id AND a.kind = ANY (%(kinds)s)
                     WHERE l.is_shadow = %(shadow)s AND l.booked_on <= %(last)s) x
             GROUP BY 1
            """,
            {"shadow": span.is_shadow, "last": span.last, "kinds": list(kinds)},
        )
        moved: dict[date, int] = dict(cursor.fetchall())
    left = sum(fen for day, fen in moved.items() if day < span.first)
    found = {}
    for place in range((span.last - span.first).days + 1):
        day = span.first + timedelta(days=place)
        left += moved.get(day, 0)
        found[day] = left
    return found
