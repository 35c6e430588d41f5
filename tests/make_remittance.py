"""Dues, payees and payment orders for tests, made by the doors."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from django.db import transaction

from accounts.models import User
from audit import approvals
from audit.models import ApprovalRequest
from finance import ledger, payees, payment_orders
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import Payee, PaymentOrder
from lottery_portal.lib import dates

from . import make_money, people

STAKES = "stakes:T001"
ESCROW = "escrow:sandbox"
_numbers = itertools.count(1)


def today() -> date:
    """Shanghai's date."""
    return dates.in_shanghai(people.right_now()).date()


def month(ago: int) -> date:
    """The first day of the month so many months ago."""
    first = today().replace(day=1)
    for _one in range(ago):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def staked(fen: int) -> None:
    """Stakes of a player's own money, for what is allocated where all books must hold."""
    player = make_money.player(now=people.right_now())
    make_money.fund(player, fen, now=people.right_now())
    with transaction.atomic():
        ledger.open_account(code=STAKES, kind=AccountKind.STAKES)
        ledger.post(
            reference=f"purchase:T{next(_numbers):03d}",
            kind=EntryKind.PURCHASE,
            moves=[Move(f"purse:{player.code}", STAKES, fen)],
        )


def allocate(*parts: tuple[str, int], on: date | None = None) -> str:
    """Divide stakes into accounts like `welfare:ssq`, on a day of the books; its reference."""
    reference = f"allocation:T{next(_numbers):03d}"
    with transaction.atomic():
        ledger.open_account(code=STAKES, kind=AccountKind.STAKES)
        for code, _fen in parts:
            ledger.open_account(code=code, kind=code.partition(":")[0].upper())
        ledger.post(
            reference=reference,
            kind=EntryKind.ALLOCATION,
            moves=[Move(STAKES, code, fen) for code, fen in parts],
            day=on,
        )
    return reference


def member(post: str) -> User:
    """Somebody of the staff with that post."""
    return people.member(post).user


def decided(code: str, *, approve: bool = True, by: str = "approver") -> None:
    """The word of as many people of a post as a request needs."""
    for _person in range(ApprovalRequest.objects.get(code=code).needed):
        approvals.decide(
            code=code,
            checker=member(by),
            approve=approve,
            reason="" if approve else "账号有误",
            now=people.right_now(),
        )


def asked_payee(purpose: str, party: str = "", *, number: str = "") -> Payee:
    """A payee that waits for approval."""
    return payees.ask(
        purpose=purpose,
        party=party,
        name="国家金库上海市分库",
        bank_name="中国人民银行",
        number=number or f"29030000{next(_numbers):08d}",
        maker=member("treasurer"),
        now=people.right_now(),
    )


def payee(purpose: str, party: str = "", *, number: str = "") -> Payee:
    """A payee on the list."""
    made = asked_payee(purpose, party, number=number)
    decided(made.approval_code)
    made.refresh_from_db()
    return made


def asked_order(account: str, to: Payee) -> PaymentOrder:
    """An order of what is due of an account, that waits for approval."""
    return payment_orders.ask(
        account=account,
        payee=to.code,
        escrow=ESCROW,
        maker=member("treasurer"),
        now=people.right_now(),
    )


def order(account: str, to: Payee) -> PaymentOrder:
    """An approved order of what is due of an account."""
    made = asked_order(account, to)
    decided(made.approval_code)
    made.refresh_from_db()
    return made


def paid(order: PaymentOrder, reference: str = "") -> PaymentOrder:
    """The bank paid the order today."""
    return payment_orders.paid(
        code=order.code,
        paid_on=today(),
        bank_reference=reference or f"BANK{next(_numbers):06d}",
        actor=member("treasurer"),
        now=people.right_now(),
    )


def open_own_bank(code: str) -> None:
    """An account of the operator's own at a bank."""
    with transaction.atomic():
        ledger.open_account(code=code, kind=AccountKind.OWNBANK)
