"""The books: `post` is the only way money moves.

Purses and holds keep a balance and never go below zero; every other account is worth what was
moved into it less what was moved out. A source `purse:<player>` stands for the purses of that
player, drawn on in the order of the posting rules (F107).

`REFUSALS` of callers meet these names of constraints: `wallet_not_overdrawn`,
`hold_not_overdrawn`, `plan_within_its_hold`, `books_not_mixed`, `posting_rule_known`,
`entry_reference_once`, `transfer_never_player_to_player`, `entry_into_an_open_period`,
`player_ceiling_kept`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.dates import SHANGHAI
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .books import Violation, verify_books
from .models import Account, AccountKind, Entry, EntryKind, PostingRule, Transfer

__all__ = [
    "AccountKind",
    "AlreadyReversed",
    "EntryKind",
    "Line",
    "Move",
    "Violation",
    "allowed",
    "back",
    "balance",
    "balance_at",
    "balances",
    "entry_of",
    "given",
    "is_open",
    "is_reversed",
    "kinds_of",
    "left_of_plan",
    "lines",
    "lock_player",
    "moved",
    "moved_to",
    "movements",
    "open_account",
    "paid_into",
    "parts_of",
    "post",
    "reverse",
    "roll_up",
    "statement",
    "taken",
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
    """One movement of one account, as a statement shows it.

    `balance_fen` is what it left in all accounts of that statement.
    """

    transfer_id: int
    at: datetime
    booked_on: date
    kind: str
    reference: str
    position: int
    account: str
    other: str
    amount_fen: int
    balance_fen: int


@inside_transaction
def open_account(*, code: str, kind: str, is_shadow: bool = False) -> None:
    """Open an account, or find it open; a code that names another kind or book is a bug."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT finance_open_account(%s, %s, %s)", [code, kind, is_shadow])


@inside_transaction
def post(*, reference: str, moves: Sequence[Move], kind: str, day: date | None = None) -> Entry:
    """Book `moves` as one entry, once per `reference`; a repeat with other moves is a bug.

    A `day` before today is for what moves no player's money, into a period that is open (F123).
    """
    return _post(reference, kind, moves, None, day)


@inside_transaction
def reverse(*, reference: str, of_reference: str) -> Entry:
    """Move back everything the entry `of_reference` moved, once, or raise `AlreadyReversed`.

    What was spent meanwhile cannot be taken back: then the wallet's constraint refuses.
    """
    original = Entry.objects.get(reference=of_reference)
    if original.kind == EntryKind.REVERSAL:
        raise AlreadyReversed(reference=of_reference)
    try:
        return _post(reference, EntryKind.REVERSAL, back(original), original.pk)
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


def is_reversed(reference: str) -> bool:
    """Whether the entry of this reference was reversed."""
    return Entry.objects.filter(reversal_of__reference=reference).exists()


def kinds_of(codes: Collection[str]) -> dict[str, str]:
    """The kind of each of these accounts that there is."""
    return dict(Account.objects.filter(code__in=codes).values_list("code", "kind"))


def allowed(kind: str) -> set[tuple[str, str]]:
    """From which kind of account into which an entry of `kind` may move money."""
    return set(
        PostingRule.objects.filter(entry_kind=kind).values_list("source_kind", "target_kind")
    )


def moved(entry: Entry, *, source: str) -> int:
    """How much of an entry came from the account `source`, in fen."""
    rows = Transfer.objects.filter(entry_id=entry.pk, source__code=source)
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


def moved_to(entry: Entry, *, target: str) -> int:
    """How much of an entry went to the account `target`, in fen."""
    rows = Transfer.objects.filter(entry_id=entry.pk, target__code=target)
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


def taken(code: str, *, kind: str) -> int:
    """How much entries of a kind moved into an account, in fen."""
    rows = Transfer.objects.filter(target__code=code, entry__kind=kind)
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


def given(code: str, *, kind: str) -> int:
    """How much entries of a kind moved out of an account, in fen."""
    rows = Transfer.objects.filter(source__code=code, entry__kind=kind)
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


@inside_transaction
def lock_player(player: str) -> None:
    """Hold the purses and the hold of a player (his code) until the transaction ends.

    For who books more than one entry of his: so all take the accounts in one order.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT finance_lock_players(%s)", [[player]])


def left_of_plan(plan: str) -> dict[str, int]:
    """What is still held for a plan (its code), by the purse it came from, in fen."""
    left: dict[str, int] = {}
    rows = Transfer.objects.filter(
        entry__reference__startswith=f"plan:{plan}:",
        entry__kind__in=[EntryKind.PLAN_HOLD, EntryKind.PLAN_RELEASE],
    ).select_related("entry", "source", "target")
    for row in rows:
        is_hold = row.entry.kind == EntryKind.PLAN_HOLD
        purse = row.source.code if is_hold else row.target.code
        left[purse] = left.get(purse, 0) + (row.amount if is_hold else -row.amount)
    return left


def parts_of(reference: str, *, position: int) -> list[tuple[str, int]]:
    """Where the money of one of the moves asked for came from: accounts and fen."""
    rows = Transfer.objects.filter(entry__reference=reference, position=position)
    return list(rows.order_by("id").values_list("source__code", "amount"))


def paid_into(code: str) -> dict[str, int]:
    """What purchases brought into an account, less what was refunded, by kind of purse, in fen."""
    paid: Counter[str] = Counter()
    for purse, kind, sign in (("source", EntryKind.PURCHASE, 1), ("target", EntryKind.REFUND, -1)):
        other = "target" if purse == "source" else "source"
        rows = Transfer.objects.filter(**{f"{other}__code": code}, entry__kind=kind)
        for name, fen in rows.values_list(f"{purse}__kind").annotate(fen=Sum("amount")):
            paid[name] += sign * fen
    return {name: fen for name, fen in sorted(paid.items()) if fen}


def back(entry: Entry) -> list[Move]:
    """The moves that bring what an entry moved back to where it came from, to the fen."""
    rows = Transfer.objects.filter(entry_id=entry.pk).select_related("source", "target")
    return [
        Move(source=row.target.code, target=row.source.code, amount=row.amount)
        for row in rows.order_by("-id")
    ]


def balance(code: str) -> int:
    """What lies in an account, in fen; an unknown code is a `LookupError`."""
    return balances([code])[code]


def balances(codes: Collection[str]) -> dict[str, int]:
    """What lies in each of these accounts, in fen, all of one moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM finance_balances(%s)", [list(codes)])
        found: dict[str, int] = dict(cursor.fetchall())
    if missing := set(codes) - set(found):
        raise LookupError(f"No account {', '.join(sorted(missing))}.")
    return found


def balance_at(code: str, moment: datetime) -> int:
    """What lay in the account just before `moment`, in fen; an unknown code is a `LookupError`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT finance_balance_at(%s, %s)", [code, moment])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        raise LookupError(f"No account {code}.")
    return int(row[0])


def trial_balance(*, is_shadow: bool = False) -> int:
    """The sum over all accounts of one book, kept balances as they are kept: always 0."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce((SELECT sum(balance) FROM finance_account
                              WHERE keeps_balance AND is_shadow = %(shadow)s), 0)
                 + coalesce((SELECT sum(t.closing)
                               FROM finance_trial(%(shadow)s, '-infinity', 'infinity') t
                              WHERE t.account_id <> 0), 0)
            """,
            {"shadow": is_shadow},
        )
        return int(cursor.fetchone()[0])


def roll_up(*, most: int = 50_000) -> int:
    """Add what has its place in the log to the turnover of its day; how many places were taken."""
    total = 0
    while taken := _roll(most):
        total += taken
        if taken < most:
            break
    return total


def movements(*codes: str, kinds: Collection[str] = ()) -> QuerySet[Transfer]:
    """The transfers of these accounts, newest first, of all kinds of entries or of these."""
    pks = list(Account.objects.filter(code__in=codes).values_list("pk", flat=True))
    rows = Transfer.objects.filter(Q(source_id__in=pks) | Q(target_id__in=pks))
    if kinds:
        rows = rows.filter(entry__kind__in=kinds)
    return rows.select_related("entry", "source", "target").order_by("-posted_at", "-id")


def lines(codes: Collection[str], rows: Iterable[Transfer]) -> list[Line]:
    """Transfers as lines of the statement of `codes` together; each has what it left in them all.

    All of `codes` keep balances, and no transfer goes from one of them into another.
    """
    shown = list(rows)
    left = _left_by(codes, shown)
    return [_line(codes, row, left[row.pk]) for row in shown]


def statement(*codes: str, since: date, until: date) -> Iterator[Line]:
    """The movements of these accounts on Shanghai's days `[since, until)`, oldest first.

    Each line has what it left in all of them together, whether they keep balances or not.
    """
    first = datetime.combine(since, time.min, SHANGHAI)
    last = datetime.combine(until, time.min, SHANGHAI)
    running = sum(balance_at(code, first) for code in codes)
    rows = movements(*codes).filter(posted_at__gte=first, posted_at__lt=last)
    for row in rows.order_by("posted_at", "id").iterator(chunk_size=2000):
        running += row.amount if row.target.code in codes else -row.amount
        yield _line(codes, row, running)


@door
def _roll(most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT finance_roll(%s)", [most])
        return int(cursor.fetchone()[0])


def _left_by(codes: Collection[str], rows: Sequence[Transfer]) -> dict[int, int]:
    """What lay in all these accounts right after each row: each keeps its balance in its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.id, coalesce(sum(x.left_over), 0)::bigint
              FROM unnest(%(ats)s::timestamptz[], %(ids)s::bigint[]) AS r (at, id)
             CROSS JOIN finance_account a
              LEFT JOIN LATERAL (
                SELECT left_over FROM (
                    (SELECT t.posted_at, t.id, t.source_balance AS left_over
                       FROM finance_transfer t
                      WHERE t.source_id = a.id AND (t.posted_at, t.id) <= (r.at, r.id)
                      ORDER BY t.posted_at DESC, t.id DESC LIMIT 1)
                    UNION ALL
                    (SELECT t.posted_at, t.id, t.target_balance
                       FROM finance_transfer t
                      WHERE t.target_id = a.id AND (t.posted_at, t.id) <= (r.at, r.id)
                      ORDER BY t.posted_at DESC, t.id DESC LIMIT 1)) y
                ORDER BY y.posted_at DESC, y.id DESC LIMIT 1) x ON true
             WHERE a.code = ANY(%(codes)s)
             GROUP BY r.id
            """,
            {
                "ats": [row.posted_at for row in rows],
                "ids": [row.pk for row in rows],
                "codes": list(codes),
            },
        )
        return dict(cursor.fetchall())


def _line(codes: Collection[str], row: Transfer, left_fen: int) -> Line:
    is_in = row.target.code in codes
    return Line(
        transfer_id=row.pk,
        at=row.posted_at,
        booked_on=row.entry.booked_on,
        kind=row.entry.kind,
        reference=row.entry.reference,
        position=row.position,
        account=row.target.code if is_in else row.source.code,
        other=row.source.code if is_in else row.target.code,
        amount_fen=row.amount if is_in else -row.amount,
        balance_fen=left_fen,
    )


def _post(
    reference: str,
    kind: str,
    moves: Sequence[Move],
    reversal_of: int | None,
    day: date | None = None,
) -> Entry:
    rows: list[list[Any]] = [[move.source, move.target, move.amount] for move in moves]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT finance_post(%s, %s, %s, %s, %s)",
            [reference, kind, json.dumps(rows), reversal_of, day],
        )
        (pk,) = cursor.fetchone()
    return Entry.from_db(connection.alias, ["id", "reference", "kind"], [pk, reference, kind])
