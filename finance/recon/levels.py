"""The balances themselves: do statements join, and does the bank's balance follow from the books?

The sheet of an account is what accountants call a bank reconciliation statement (余额调节表): from
the bank's balance and from the books', by what only the other has, to one and the same figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db import connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _now

from finance.models import Account, Difference, Statement, StatementLine
from lottery_portal.lib.db import door

from . import differences

Kind = Difference.Kind
State = Difference.State


@dataclass(frozen=True)
class Levels:
    """How the bank's balance follows from the books', in fen."""

    statement: Statement
    stated: int
    booked: int
    only_in_books: int
    only_at_bank: int
    other_amounts: int

    @property
    def bank_side(self) -> int:
        """The bank's balance with what only the books have."""
        return self.stated + self.only_in_books

    @property
    def books_side(self) -> int:
        """The books' balance with what only the bank has."""
        return self.booked + self.only_at_bank + self.other_amounts

    @property
    def unexplained(self) -> int:
        """What no line and no entry accounts for; 0 when all is well."""
        return self.bank_side - self.books_side


def of(account: Account) -> Levels | None:
    """The sheet of an account at its latest statement, all of one moment; None without any."""
    statement = Statement.objects.filter(account=account).order_by("-last_on").first()
    if statement is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT -(SELECT coalesce(sum(b.balance), 0) FROM finance_balances(ARRAY[%(code)s]) b),
                   (SELECT coalesce(sum(u.fen), 0) FROM finance_unmatched(%(pk)s, (
                        SELECT min(s.first_on) FROM finance_statement s
                         WHERE s.account_id = %(pk)s), 'infinity') u)
            """,
            {"code": account.code, "pk": account.pk},
        )
        booked, only_in_books = (int(value) for value in cursor.fetchone())
    lines = StatementLine.objects.filter(account=account, match__isnull=True)
    other = Difference.objects.filter(account=account, kind=Kind.AMOUNT, correction="")
    return Levels(
        statement=statement,
        stated=statement.closing,
        booked=booked,
        only_in_books=only_in_books,
        only_at_bank=_sum(lines.exclude(differences__kind=Kind.AMOUNT).aggregate(x=Sum("amount"))),
        other_amounts=_sum(other.aggregate(x=Sum(F("stated") - F("booked")))),
    )


def gaps(account: Account) -> Sequence[tuple[Statement, Statement]]:
    """Neighbouring statements whose balances do not join: something between them is missing."""
    rows = list(Statement.objects.filter(account=account).order_by("first_on"))
    return [(before, after) for before, after in pairwise(rows) if before.closing != after.opening]


@door
def check(*, account: Account, now: datetime) -> None:
    """Bring up gaps between statements and a balance beyond all lines; end those that are gone."""
    broken = gaps(account)
    for before, after in broken:
        differences.found(
            kind=Kind.GAP,
            natural_key=_gap_key(before, after),
            account=account,
            booked_fen=before.closing,
            stated_fen=after.opening,
            owner=after.taken_by,
            now=now,
        )
    levels = of(account)
    if levels and levels.unexplained and not broken:
        differences.found(
            kind=Kind.LEVEL,
            natural_key=f"level:{levels.statement.code}",
            account=account,
            booked_fen=levels.books_side,
            stated_fen=levels.bank_side,
            owner=levels.statement.taken_by,
            now=now,
        )
    is_level = levels is not None and not levels.unexplained
    still = {_gap_key(before, after) for before, after in broken}
    for difference in Difference.objects.filter(
        account=account, state=State.OPEN, kind__in=[Kind.GAP, Kind.LEVEL]
    ):
        is_gone = is_level if difference.kind == Kind.LEVEL else difference.natural_key not in still
        if is_gone:
            differences.settled(difference, why=_now("The balances agree now."), now=now)


def _gap_key(before: Statement, after: Statement) -> str:
    return f"gap:{before.code}:{after.code}"


def _sum(found: dict[str, int | None]) -> int:
    return int(found["x"] or 0)
