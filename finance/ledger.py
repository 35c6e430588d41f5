"""The books: `post` is the only way money moves.

Wallets and holds keep a balance and never go below zero; every other account is worth what was
moved into it less what was moved out. `REFUSALS` of callers meet these names of constraints:
`wallet_not_overdrawn`, `hold_not_overdrawn`, `books_not_mixed`, `posting_rule_known`,
`transfer_never_player_to_player`, `entry_reference_once`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.dates import SHANGHAI
from lottery_portal.lib.db import inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .books import Violation, verify_books
from .models import Account, AccountKind, Entry, EntryKind, Transfer

__all__ = [
    "AccountKind",
    "AlreadyReversed",
    "EntryKind",
    "Line",
    "Move",
    "Violation",
    "balance",
    "balance_at",
    "balances",
    "entry_of",
    "is_open",
    "lines",
    "movements",
    "open_account",
    "post",
    "reverse",
    "statement",
    "trial_balance",
    "verify_books",
]


class AlreadyReversed(Refused):
    """The entry was reversed before, or is a reversal itself."""

    code = "already_reversed"
    message = _("This entry has already been reversed.")


@dataclass(frozen=True)
class Move:
    """`amount` fen from one account to another, both named by their codes."""

    source: str
    target: str
    amount: int


@dataclass(frozen=True)
class Line:
    """One movement of one account, as its statement shows it; `balance_fen` is what it left."""

    transfer_id: int
    at: datetime
    booked_on: date
    kind: str
    reference: str
    position: int
    other: str
    amount_fen: int
    balance_fen: int


@inside_transaction
def open_account(*, code: str, kind: str, is_shadow: bool = False) -> None:
    """Open an account, or find it open; a code that names another kind or book is a bug."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT finance_open_account(%s, %s, %s)", [code, kind, is_shadow])


@inside_transaction
def post(*, reference: str, moves: Sequence[Move], kind: str) -> Entry:
    """Book `moves` as one entry, once per `reference`; a repeat with other moves is a bug."""
    return _post(reference, kind, moves, None)


@inside_transaction
def reverse(*, reference: str, of_reference: str) -> Entry:
    """Move back everything the entry `of_reference` moved, once, or raise `AlreadyReversed`.

    What was spent meanwhile cannot be taken back: then the wallet's constraint refuses.
    """
    original = Entry.objects.get(reference=of_reference)
    if original.kind == EntryKind.REVERSAL:
        raise AlreadyReversed(reference=of_reference)
    rows = Transfer.objects.filter(entry_id=original.pk).select_related("source", "target")
    moves = [
        Move(source=row.target.code, target=row.source.code, amount=row.amount)
        for row in rows.order_by("-position")
    ]
    try:
        return _post(reference, EntryKind.REVERSAL, moves, original.pk)
    except IntegrityError as exc:
        if violated(exc) == "entry_reversed_once":
            raise AlreadyReversed(reference=of_reference) from exc
        raise


def is_open(code: str) -> bool:
    """Whether there is an account of this code."""
    return Account.objects.filter(code=code).exists()


def entry_of(reference: str) -> Entry | None:
    """The entry booked under `reference`, if any."""
    return Entry.objects.filter(reference=reference).first()


def balance(code: str) -> int:
    """What lies in an account, in fen; an unknown code is a `LookupError`."""
    return balances([code])[code]


def balances(codes: Collection[str]) -> dict[str, int]:
    """What lies in each of these accounts, in fen."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.code, CASE WHEN a.keeps_balance THEN a.balance ELSE
                   coalesce((SELECT sum(t.amount) FROM finance_transfer t
                              WHERE t.target_id = a.id), 0)
                   - coalesce((SELECT sum(t.amount) FROM finance_transfer t
                                WHERE t.source_id = a.id), 0)
                   END::bigint
              FROM finance_account a WHERE a.code = ANY(%s)
            """,
            [list(codes)],
        )
        found: dict[str, int] = dict(cursor.fetchall())
    if missing := set(codes) - set(found):
        raise LookupError(f"No account {', '.join(sorted(missing))}.")
    return found


def trial_balance(*, is_shadow: bool = False) -> int:
    """The sum over all accounts of one book, kept balances as they are kept: always 0."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce((SELECT sum(balance) FROM finance_account
                              WHERE keeps_balance AND is_shadow = %(shadow)s), 0)
                 + coalesce((SELECT sum(t.amount) FROM finance_transfer t
                               JOIN finance_account a ON a.id = t.target_id
                              WHERE NOT a.keeps_balance AND a.is_shadow = %(shadow)s), 0)
                 - coalesce((SELECT sum(t.amount) FROM finance_transfer t
                               JOIN finance_account a ON a.id = t.source_id
                              WHERE NOT a.keeps_balance AND a.is_shadow = %(shadow)s), 0)
            """,
            {"shadow": is_shadow},
        )
        return int(cursor.fetchone()[0])


def movements(code: str, *, kinds: Collection[str] = ()) -> QuerySet[Transfer]:
    """The transfers of one account, newest first, of all kinds of entries or of these."""
    account = Account.objects.get(code=code)
    rows = Transfer.objects.filter(Q(source_id=account.pk) | Q(target_id=account.pk))
    if kinds:
        rows = rows.filter(entry__kind__in=kinds)
    return rows.select_related("entry", "source", "target").order_by("-id")


def lines(code: str, rows: Iterable[Transfer]) -> list[Line]:
    """Transfers as lines of the statement of the account `code`, which keeps a balance."""
    return [_line(code, row, None) for row in rows]


def statement(code: str, *, since: date, until: date) -> Iterator[Line]:
    """The movements of one account on Shanghai's days `[since, until)`, oldest first.

    Each line has the balance it left, whether the account keeps one or not.
    """
    first = datetime.combine(since, time.min, SHANGHAI)
    last = datetime.combine(until, time.min, SHANGHAI)
    account = Account.objects.get(code=code)
    running = None if account.keeps_balance else balance_at(code, first)
    rows = movements(code).filter(posted_at__gte=first, posted_at__lt=last).order_by("id")
    for row in rows.iterator(chunk_size=2000):
        line = _line(code, row, running)
        running = None if running is None else line.balance_fen
        yield line


def balance_at(code: str, moment: datetime) -> int:
    """What lay in the account just before `moment`, folded from its transfers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(CASE WHEN t.target_id = a.id THEN t.amount ELSE -t.amount END), 0)
              FROM finance_account a
              JOIN finance_transfer t ON (t.source_id = a.id OR t.target_id = a.id)
             WHERE a.code = %s AND t.posted_at < %s
            """,
            [code, moment],
        )
        return int(cursor.fetchone()[0])


def _line(code: str, row: Transfer, running: int | None) -> Line:
    is_in = row.target.code == code
    amount = row.amount if is_in else -row.amount
    kept = row.target_balance if is_in else row.source_balance
    left = kept if running is None else running + amount
    if left is None:
        raise ValueError(f"{code} keeps no balance; its statement needs an opening one.")
    return Line(
        transfer_id=row.pk,
        at=row.posted_at,
        booked_on=row.entry.booked_on,
        kind=row.entry.kind,
        reference=row.entry.reference,
        position=row.position,
        other=row.source.code if is_in else row.target.code,
        amount_fen=amount,
        balance_fen=left,
    )


def _post(reference: str, kind: str, moves: Sequence[Move], reversal_of: int | None) -> Entry:
    rows: list[list[Any]] = [[move.source, move.target, move.amount] for move in moves]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT finance_post(%s, %s, %s, %s)", [reference, kind, json.dumps(rows), reversal_of]
        )
        (pk,) = cursor.fetchone()
    return Entry.from_db(connection.alias, ["id", "reference", "kind"], [pk, reference, kind])
