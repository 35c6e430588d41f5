"""Ledger sheets: one account line by line, or a whole kind day by day (明细账, 总账).

Lines stand in the order of the days of the books; each says on which side what is left lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance import ledger
from finance.models import Account, AccountKind, EntryKind
from lottery_portal.lib.dates import SHANGHAI
from lottery_portal.lib.errors import Refused

from . import figures
from .figures import Span
from .layout import Check, Column, Row, Statement, Table, between, book_name

_LINES = """
    SELECT e.booked_on, t.posted_at, e.reference, e.kind,
           CASE WHEN t.target_id = %(account)s THEN s.code ELSE g.code END AS other,
           CASE WHEN t.target_id = %(account)s THEN t.amount ELSE -t.amount END AS fen
      FROM finance_transfer t
      JOIN finance_entry e ON e.id = t.entry_id
      JOIN finance_account s ON s.id = t.source_id
      JOIN finance_account g ON g.id = t.target_id
     WHERE (t.source_id = %(account)s OR t.target_id = %(account)s)
       AND e.booked_on BETWEEN %(first)s AND %(last)s
       AND t.posted_at >= %(since)s
       AND (t.posted_at < %(until)s
            OR e.booked_on <> (e.posted_at AT TIME ZONE 'Asia/Shanghai')::date)
"""
_BEFORE = """
    SELECT coalesce(sum(fen), 0)::bigint
      FROM (SELECT f.moved_in - f.moved_out AS fen FROM finance_turnover f
             WHERE f.account_id = %(account)s AND f.booked_on < %(day)s
            UNION ALL
            SELECT CASE WHEN l.target_id = %(account)s THEN l.amount ELSE -l.amount END
              FROM finance_latest l
             WHERE (l.target_id = %(account)s OR l.source_id = %(account)s)
               AND l.booked_on < %(day)s) x
"""


class AccountUnknown(Refused):
    """No such account."""

    code, status = "account_unknown", 404
    message = gettext_lazy("There is no account of this code.")


class TooManyLines(Refused):
    """More lines than the form takes."""

    code = "sheet_too_long"
    message = gettext_lazy("%(lines)s lines are more than this form takes. Choose fewer days.")


def sheet(code: str, *, first: date, last: date, most: int | None = None) -> Statement:
    """The sheet of one account; refuses with `AccountUnknown`, and `TooManyLines` above `most`.

    Without `most` its lines may be read once, and come from the database as they are read.
    """
    account = Account.objects.filter(code=code).first()
    if account is None:
        raise AccountUnknown
    span = Span(first, last, account.is_shadow)
    asked = _asked(account, span)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), coalesce(sum(x.fen) FILTER (WHERE x.fen < 0), 0)::bigint,"  # noqa: S608 - our own text
            f" coalesce(sum(x.fen) FILTER (WHERE x.fen > 0), 0)::bigint FROM ({_LINES}) x",
            asked,
        )
        count, moved_out, moved_in = cursor.fetchone()
    if most is not None and count > most:
        raise TooManyLines(lines=f"{count:,}")
    opening = _before(account, first)
    closing = opening + moved_in + moved_out
    rows = _rows(asked, opening, -moved_out, moved_in)
    return Statement(
        name="sheet",
        title=_("Ledger sheet"),
        about=between(span),
        book=book_name(is_shadow=account.is_shadow),
        tables=(
            Table(
                f"{account.code} {AccountKind(account.kind).label}",
                _columns(),
                rows if most is None else tuple(rows),
            ),
        ),
        checks=(
            Check(
                _("Last line, and the balance in the books"),
                closing,
                _before(account, last + timedelta(days=1)),
            ),
        ),
    )


def by_day(kind: str, span: Span) -> Statement:
    """All accounts of one kind together, a line a day."""
    stood = figures.by_kind(figures.standing(span))[kind]
    lines = [Row((span.first, _("Brought forward"), None, None, *sided(stood.opening)))]
    left = stood.opening
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT x.booked_on, sum(x.moved_out)::bigint, sum(x.moved_in)::bigint
              FROM (SELECT f.booked_on, f.moved_in, f.moved_out FROM finance_turnover f
                     WHERE f.kind = %(kind)s AND f.is_shadow = %(shadow)s
                    UNION ALL
                    SELECT l.booked_on, l.amount, 0 FROM finance_latest l
                      JOIN finance_account a ON a.id = l.target_id AND a.kind = %(kind)s
                     WHERE l.is_shadow = %(shadow)s
                    UNION ALL
                    SELECT l.booked_on, 0, l.amount FROM finance_latest l
                      JOIN finance_account a ON a.id = l.source_id AND a.kind = %(kind)s
                     WHERE l.is_shadow = %(shadow)s) x
             WHERE x.booked_on BETWEEN %(first)s AND %(last)s
             GROUP BY 1 ORDER BY 1
            """,
            {"kind": kind, "shadow": span.is_shadow, "first": span.first, "last": span.last},
        )
        for day, debit, credit in cursor.fetchall():
            left += credit - debit
            lines.append(Row((day, _("Moved on this day"), debit, credit, *sided(left))))
    lines.append(
        Row(
            (span.last, _("Total"), stood.moved_out, stood.moved_in, *sided(stood.closing)),
            is_total=True,
        )
    )
    return Statement(
        name="ledger",
        title=_("General ledger"),
        about=between(span),
        book=book_name(is_shadow=span.is_shadow),
        tables=(
            Table(
                f"{figures.chart()[kind].number} {AccountKind(kind).label}",
                (
                    Column(_("Booked on"), "day", share=1.2),
                    Column(_("Particulars"), share=1.6),
                    Column(_("Debit (yuan)"), "money", share=1.4),
                    Column(_("Credit (yuan)"), "money", share=1.4),
                    Column(_("Side"), is_derived=True, share=0.6),
                    Column(_("Balance (yuan)"), "money", share=1.4),
                ),
                tuple(lines),
            ),
        ),
        checks=(Check(_("Last line, and the balance in the books"), left, stood.closing),),
    )


def _rows(asked: dict[str, Any], opening: int, debit: int, credit: int) -> Iterator[Row]:
    left = opening
    brought = _("Brought forward")
    yield Row((asked["first"], None, "", brought, "", None, None, *sided(left)))
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"{_LINES} ORDER BY e.booked_on, t.id", asked)
        names: dict[str, str] = {kind.value: str(kind.label) for kind in EntryKind}
        while found := cursor.fetchmany(2000):
            for day, at, reference, kind, other, fen in found:
                left += fen
                yield Row(
                    (
                        day, at, reference, names[kind], other,
                        -fen if fen < 0 else None, fen if fen > 0 else None,
                        *sided(left),
                    )
                )  # fmt: skip
    yield Row((asked["last"], None, "", _("Total"), "", debit, credit, *sided(left)), is_total=True)


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("Booked on"), "day", share=1.05),
        Column(_("Time"), "moment", is_derived=True, share=1.15),
        Column(_("Entry"), "code", share=2.3),
        Column(_("Particulars"), share=1.2),
        Column(_("Opposite account"), "code", is_derived=True, share=2),
        Column(_("Debit (yuan)"), "money", share=1.3),
        Column(_("Credit (yuan)"), "money", share=1.3),
        Column(_("Side"), is_derived=True, share=0.55),
        Column(_("Balance (yuan)"), "money", share=1.3),
    )


def sided(fen: int) -> tuple[str, int]:
    """On which side what is left lies, and how much it is."""
    if not fen:
        return _("even"), 0
    return (_("credit"), fen) if fen > 0 else (_("debit"), -fen)


def _asked(account: Account, span: Span) -> dict[str, Any]:
    return {
        "account": account.pk,
        "first": span.first,
        "last": span.last,
        "since": _midnight(span.first),
        "until": _midnight(span.last + timedelta(days=1)),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def _before(account: Account, day: date) -> int:
    """What stood in the account in the evening before a day of the books."""
    if account.keeps_balance:
        return ledger.balance_at(account.code, _midnight(day))
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, {"account": account.pk, "day": day})
        return int(cursor.fetchone()[0])
