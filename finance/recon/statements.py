"""Taking in what a bank says: read, believed when it adds up, written down once (F113)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import trail
from finance import payees
from finance.ledger import AccountKind
from finance.models import Account, HouseBank, Statement, StatementLine
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import camt_files, csv_files, matching, mt940_files, outflows
from .sheets import Sheet, believed, unreadable

LARGEST = 5_000_000
AT_ONCE = 500
KINDS = (AccountKind.ESCROW, AccountKind.OWNBANK, AccountKind.CLEARING)
Form = Statement.Form
READERS: Mapping[str, Callable[..., Sheet]] = {
    Form.CSV: csv_files.read,
    Form.MT940: mt940_files.read,
    Form.CAMT: camt_files.read,
    Form.ALIPAY: csv_files.read,
    Form.WECHAT: csv_files.read,
    Form.SANDBOX: csv_files.read,
}


# A bill of these names no account of ours: taken in for another, nothing of it would be found.
OF_INSTITUTION: Mapping[str, str] = {
    Form.ALIPAY: "clearing:alipay",
    Form.WECHAT: "clearing:wechat",
    Form.SANDBOX: "clearing:sandbox",
}


class AccountUnknown(Refused):
    """Nobody outside keeps such an account for us."""

    code, status = "statement_account_unknown", 404
    message = _("There is no such bank or provider account in the books.")


class AnotherAccount(Refused):
    """The file is of another account than the one chosen."""

    code = "statement_of_another_account"
    message = _("This file is of another account than the one you chose.")


class AnotherInstitution(Refused):
    """A bill names no account; its format says whose it is."""

    code = "statement_of_another_institution"
    message = _("A bill in this format belongs to %(account)s. Please choose that account.")


class TakenBefore(Refused):
    """The same file, or the same days by another file."""

    code = "statement_taken_before"
    message = _("These days of the account have been taken in before.")


class TooLarge(Refused):
    """More than a statement of a day or a month ever is."""

    code, status = "statement_too_large", 413
    message = _("The file is larger than %(most)s MB. Please ask the bank for fewer days.")


_REFUSALS: dict[str, type[Refused]] = {
    "statement_days_once": TakenBefore,
    "finance_statement_digest_key": TakenBefore,
}


def take(
    *, account: str, form: str, file_name: str, content: bytes, actor: Any, now: datetime
) -> Statement:
    """Take in a file, match its lines with the books, and look where its money went.

    Refuses what cannot be read, does not add up, is of another account, or was taken in before;
    then nothing of it is kept. A long file is worked through by the queue.
    """
    known = Account.objects.filter(code=account, kind__in=KINDS, is_shadow=False).first()
    if known is None:
        raise AccountUnknown
    if len(content) > LARGEST:
        raise TooLarge(most=LARGEST // 1_000_000)
    if form not in READERS:
        raise unreadable(_("nobody knows this format."))
    theirs = OF_INSTITUTION.get(form, account)
    if known.kind == AccountKind.CLEARING and account != theirs:
        raise AnotherInstitution(account=theirs)
    sheet = believed(READERS[form](content, form=form))
    if sheet.last_on > dates.in_shanghai(now).date():
        raise unreadable(_("it tells of days that are still to come."))
    bank = HouseBank.objects.filter(account=known).first()
    if bank and sheet.number and payees.index_of(sheet.number) != bytes(bank.number_index):
        raise AnotherAccount
    try:
        statement = _write_down(
            account=known,
            sheet=sheet,
            file_name=file_name,
            content=content,
            actor=actor,
            now=now,
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    if statement.lines_count <= AT_ONCE:
        work_through(code=statement.code, now=now)
    return statement


def work_through(*, code: str, now: datetime) -> None:
    """Match the lines of a statement and look where its money went; may run again."""
    statement = find(code)
    matching.run(account=statement.account.code, now=now)
    outflows.look(statement=statement, now=now)


def accounts() -> QuerySet[Account]:
    """The accounts that banks and providers keep for us."""
    return Account.objects.filter(kind__in=KINDS, is_shadow=False).order_by("code")


def all_of(account: str = "") -> QuerySet[Statement]:
    """Statements, the latest days first."""
    rows = Statement.objects.select_related("account")
    return (rows.filter(account__code=account) if account else rows).order_by("-last_on", "-pk")


def missing_until(day: date) -> list[str]:
    """The accounts of the house that no statement tells of up to this day."""
    begun_later = datetime.combine(day + timedelta(days=1), time.min, dates.SHANGHAI)
    open_ones = HouseBank.objects.filter(closed_at__isnull=True, opened_at__lt=begun_later).exclude(
        account__in=Statement.objects.filter(last_on__gte=day).values("account")
    )
    return list(open_ones.order_by("account__code").values_list("account__code", flat=True))


def find(code: str) -> Statement:
    """One statement, or `AccountUnknown`."""
    statement = Statement.objects.select_related("account", "taken_by").filter(code=code).first()
    if statement is None:
        raise AccountUnknown
    return statement


@door
def _write_down(
    *, account: Account, sheet: Sheet, file_name: str, content: bytes, actor: Any, now: datetime
) -> Statement:
    lines = [told for told in sheet.lines if told.amount_fen]
    statement = Statement.objects.create(
        account=account,
        form=sheet.form,
        file_name=file_name[-120:],
        digest=hashlib.sha256(account.code.encode() + b"\n" + content).hexdigest(),
        first_on=sheet.first_on,
        last_on=sheet.last_on,
        opening=sheet.opening_fen,
        closing=sheet.closing_fen,
        lines_count=len(lines),
        taken_by=actor,
        taken_at=now,
    )
    StatementLine.objects.bulk_create(
        [
            StatementLine(
                statement=statement,
                account=account,
                position=position,
                booked_on=told.booked_on,
                amount=told.amount_fen,
                kind=told.kind,
                reference=told.reference,
                order_code=told.order,
                party_name=told.name,
                party_number=told.number,
                party_index=payees.index_of(told.number) if told.number else None,
                memo=told.memo,
            )
            for position, told in enumerate(lines, 1)
        ],
        batch_size=1000,
    )
    jobs.enqueue(
        "finance.work_through_statement", key=f"statement:{statement.code}", code=statement.code
    )
    trail.record(
        action="finance.statement_taken",
        actor=actor,
        object_type="statement",
        object_code=statement.code,
        body={
            "account": account.code,
            "days": [sheet.first_on.isoformat(), sheet.last_on.isoformat()],
            "opening_fen": sheet.opening_fen,
            "closing_fen": sheet.closing_fen,
            "lines": len(lines),
            "digest": statement.digest,
        },
    )
    return statement
