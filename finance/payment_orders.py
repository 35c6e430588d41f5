"""Orders to the bank: what is due, out of an escrow account, to a listed payee (F129, F265).

ASKED → APPROVED by the word of others → PAID when the bank has paid and the books say so. The
portal prints the order; people bring it to the bank and write down the bank's own number of the
payment. An order that is approved is dropped only by another approval, for the bank may have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import dues, ledger, payees, periods
from .ledger import AccountKind, Move
from .models import Account, Due, Payee, PaymentOrder, Purpose
from .remittance_models import ENTRY_KINDS

KIND = "finance.payment_order"
DROP_KIND = "finance.payment_order_drop"
EVENT_INCOME = "income:event-fees"
FEE_INCOME = "income:issue-fee"
LONGEST_REASON = 200

State = PaymentOrder.State


class NothingDue(Refused):
    """Nothing of that account is due, or its dues cancel each other."""

    code = "nothing_due"
    message = _("Nothing of %(account)s is due that no order pays yet.")


class NotCovered(Refused):
    """The account does not hold what would be paid out of it."""

    code = "payment_not_covered"
    message = _("%(account)s does not hold as much as is to be paid out of it.")


class NotAnEscrow(Refused):
    """Dues are paid out of an escrow account."""

    code, status = "payment_not_from_escrow", 400
    message = _("Dues are paid out of an escrow account.")


class OrderUnknown(Refused):
    """No such order."""

    code, status = "payment_order_unknown", 404
    message = _("There is no such payment order.")


class OrderNotInThisState(Refused):
    """Somebody was faster, or it is another's turn."""

    code = "payment_order_not_in_this_state"
    message = _("This order is no longer in the state you saw. Please load the page again.")


class OrderReasonMissing(Refused):
    """Dropped without a reason."""

    code, status = "payment_order_reason_missing", 400
    message = _("Please say why this order is not paid.")


class PaidOnWrongDay(Refused):
    """Before it was approved, or in the future."""

    code, status = "payment_day_wrong", 400
    message = _("An order is paid after it was approved, and not later than today.")


class BankReferenceUsed(Refused):
    """One payment of the bank pays one order."""

    code = "bank_reference_used"
    message = _("Another order was paid under this number of the bank.")


class NotReversed(Refused):
    """The books still say that it was paid."""

    code = "payment_not_reversed"
    message = _("The payment must be reversed in the books first, by the word of others.")


_REFUSALS: dict[str, type[Refused]] = {
    "payment_order_to_a_listed_payee": payees.PayeeNotListed,
    "payment_order_out_of_an_escrow": NotAnEscrow,
    "payment_order_covered": NotCovered,
    "payment_order_stands": OrderNotInThisState,
    "payment_order_pays_what_is_due": OrderNotInThisState,
    "payment_order_bank_reference_once": BankReferenceUsed,
    "payment_order_returned_in_the_books": NotReversed,
    "due_stands": OrderNotInThisState,
}


@door
def ask(*, account: str, payee: str, escrow: str, maker: Any, now: datetime) -> PaymentOrder:
    """Ask that all that is due of `account` be paid to a listed payee; others decide.

    Dues that came out negative are taken off. Refuses with `NothingDue`, `PayeeNotListed`,
    `NotAnEscrow`; what is not covered is refused when it is decided.
    """
    dues.lock(account)
    taken = dues.unordered(account)
    total = sum(due.amount for due in taken)
    if total <= 0:
        raise NothingDue(account=account)
    moves = [Move(account, escrow, total)]
    if kept := _kept_by_us(account, taken):
        ledger.open_account(code=EVENT_INCOME, kind=AccountKind.INCOME)
        moves.insert(0, Move(account, EVENT_INCOME, kept))
    return _ask(_Payment(account, escrow, total, moves, taken), payee, maker, now)


@door
def ask_drawing(
    *,
    account: str,
    amount: int,
    own_bank: str,
    payee: str,
    escrow: str,
    maker: Any,
    now: datetime,
) -> PaymentOrder:
    """Ask that business fee be paid to the operator's own bank account; others decide.

    It is income from then on. Refuses with `NotCovered` at once what the account does not hold.
    """
    dues.lock(account)
    if amount <= 0 or amount > free(account):
        raise NotCovered(account=account)
    ledger.open_account(code=FEE_INCOME, kind=AccountKind.INCOME)
    moves = [Move(account, FEE_INCOME, amount), Move(own_bank, escrow, amount)]
    return _ask(_Payment(account, escrow, amount, moves, ()), payee, maker, now)


@inside_transaction
def approve(*, code: str, approval_code: str, now: datetime) -> None:
    """What the last decision performs: the order may be brought to the bank."""
    order = _locked(code)
    if order.state != State.ASKED or order.approval_code != approval_code:
        raise OrderNotInThisState
    _move(order, State.APPROVED, actor=None, approved_at=now)


@inside_transaction
def refused(*, code: str, reason: str, now: datetime) -> None:
    """What a refused or expired request leads to: the dues are open again."""
    order = _locked(code)
    if order.state == State.ASKED:
        _let_go(order, State.DROPPED, reason, actor=None, now=now)


@door
def paid(
    *, code: str, paid_on: date, bank_reference: str, actor: Any, now: datetime
) -> PaymentOrder:
    """Write down that the bank paid an approved order, and book it on that day.

    A payment of a closed period is booked today. Repeating it with the same figures is no harm.
    """
    order = _locked(code)
    bank_reference = bank_reference.strip()
    if (order.state, order.paid_on, order.bank_reference) == (State.PAID, paid_on, bank_reference):
        return order
    if order.state != State.APPROVED or order.approved_at is None:
        raise OrderNotInThisState
    today = dates.in_shanghai(now).date()
    if not dates.in_shanghai(order.approved_at).date() <= paid_on <= today or not bank_reference:
        raise PaidOnWrongDay(fields=["paid_on"])
    ledger.post(
        reference=reference_of(order),
        kind=order.entry_kind,
        moves=[Move(source, target, fen) for source, target, fen in order.moves],
        day=paid_on if paid_on < today and periods.open_on(paid_on) else None,
    )
    _move(
        order, State.PAID, actor=actor, paid_on=paid_on, bank_reference=bank_reference, paid_at=now
    )
    return order


@door
def ask_drop(*, code: str, reason: str, maker: Any, now: datetime) -> approvals.Request:
    """Ask that an approved order not be paid after all; others look whether the bank has it."""
    if not reason.strip():
        raise OrderReasonMissing
    order = _locked(code)
    if order.state != State.APPROVED:
        raise OrderNotInThisState
    return approvals.request(
        kind=DROP_KIND,
        payload={"order": code, "reason": reason.strip()[:LONGEST_REASON]},
        maker=maker,
        now=now,
        amount_fen=order.amount,
    )


@inside_transaction
def drop(*, code: str, reason: str, approval_code: str, now: datetime) -> None:
    """Drop an approved order; its dues are open again. What the last decision performs."""
    order = _locked(code)
    if order.state != State.APPROVED:
        raise OrderNotInThisState
    _let_go(order, State.DROPPED, reason, actor=None, now=now, drop_approval_code=approval_code)


@door
def returned(*, code: str, reason: str, actor: Any, now: datetime) -> PaymentOrder:
    """Note that the bank gave a payment back; its dues are open again.

    Refuses with `NotReversed` until its entry was reversed.
    """
    if not reason.strip():
        raise OrderReasonMissing
    order = _locked(code)
    if order.state != State.PAID:
        raise OrderNotInThisState
    _let_go(order, State.RETURNED, reason.strip(), actor=actor, now=now)
    return order


def find(code: str) -> PaymentOrder:
    """One order with its payee, or `OrderUnknown`."""
    found = PaymentOrder.objects.select_related("payee").filter(code=code).first()
    if found is None:
        raise OrderUnknown
    return found


def free(account: str) -> int:
    """What an account holds beyond what approved orders will pay out of it, in fen."""
    approved = PaymentOrder.objects.filter(account=account, state=State.APPROVED)
    promised: int = sum(
        fen for moves in approved.values_list("moves", flat=True)
        for source, _target, fen in moves if source == account
    )  # fmt: skip
    return (ledger.balance(account) if ledger.is_open(account) else 0) - promised


def reference_of(order: PaymentOrder) -> str:
    """The reference under which an order is booked."""
    return f"order:{order.code}"


def escrows() -> Sequence[str]:
    """The escrow accounts that dues can be paid out of."""
    return _codes(AccountKind.ESCROW)


def own_banks() -> Sequence[str]:
    """The operator's own bank accounts."""
    return _codes(AccountKind.OWNBANK)


def businesses() -> Sequence[str]:
    """The accounts of business fee."""
    return _codes(AccountKind.BUSINESS)


def _codes(kind: str) -> Sequence[str]:
    found = Account.objects.filter(kind=kind, is_shadow=False).order_by("code")
    return list(found.values_list("code", flat=True))


def _kept_by_us(account: str, taken: Sequence[Due]) -> int:
    """The portal's part of what organisers are paid; the business fee was set aside before."""
    if not account.startswith("organiser:"):
        return 0
    return sum(due.kept for due in taken)


@dataclass(frozen=True)
class _Payment:
    """What an order is to pay, and in which moves."""

    account: str
    escrow: str
    amount: int
    moves: Sequence[Move]
    dues: Sequence[Due]


def _ask(payment: _Payment, payee_code: str, maker: Any, now: datetime) -> PaymentOrder:
    payee = payees.find(payee_code)
    if payee.state != Payee.State.LISTED or payee.purpose not in ENTRY_KINDS:
        raise payees.PayeeNotListed
    code = new_code()
    rows = [[move.source, move.target, move.amount] for move in payment.moves]
    request = approvals.request(
        kind=KIND,
        payload={
            "order": code,
            "purpose": payee.purpose,
            "payee": payee.code,
            "name": payee.name,
            "bank": f"{payee.bank_name} …{payee.last_digits}",
            "account": payment.account,
            "escrow": payment.escrow,
            "amount_fen": payment.amount,
            "moves": rows,
            "dues": [[due.code, due.subject, due.amount] for due in payment.dues],
        },
        maker=maker,
        now=now,
        amount_fen=payment.amount,
    )
    with _explained(payment.account):
        order = PaymentOrder.objects.create(
            code=code,
            purpose=payee.purpose,
            account=payment.account,
            payee=payee,
            escrow=payment.escrow,
            amount=payment.amount,
            entry_kind=ENTRY_KINDS[Purpose(payee.purpose)],
            moves=rows,
            approval_code=request.code,
            asked_at=now,
        )
        Due.objects.filter(pk__in=[due.pk for due in payment.dues]).update(order=order)
    return order


def _locked(code: str) -> PaymentOrder:
    found = (
        PaymentOrder.objects.select_for_update(no_key=True, of=("self",))
        .select_related("payee")
        .filter(code=code)
        .first()
    )
    if found is None:
        raise OrderUnknown
    return found


def _let_go(
    order: PaymentOrder,
    state: PaymentOrder.State,
    reason: str,
    *,
    actor: Any,
    now: datetime,
    **changes: Any,
) -> None:
    _move(order, state, actor=actor, reason=reason[:LONGEST_REASON], ended_at=now, **changes)
    Due.objects.filter(order=order).update(order=None)


def _move(order: PaymentOrder, state: PaymentOrder.State, *, actor: Any, **changes: Any) -> None:
    """Write the new state of an order the caller has locked, and the evidence of it."""
    with _explained(order.account):
        change(order, state=state, **changes)
    body: Mapping[str, Any] = {
        "account": order.account, "amount_fen": order.amount, "payee": order.payee.code,
        "escrow": order.escrow, "approval": order.approval_code, "reason": order.reason,
        "bank_reference": order.bank_reference,
        "paid_on": order.paid_on.isoformat() if order.paid_on else "",
    }  # fmt: skip
    trail.record(
        action=f"finance.payment_order_{state.lower()}",
        actor=actor,
        object_type="payment_order",
        object_code=order.code,
        body=body,
    )


class _explained:  # noqa: N801 - reads as a clause: with _explained(account)
    """Turn what the database refuses inside it into the refusal of that name."""

    def __init__(self, account: str) -> None:
        self.account = account

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, exc: BaseException | None, _trace: Any) -> None:
        if isinstance(exc, IntegrityError) and (refusal := _REFUSALS.get(violated(exc))):
            raise refusal(account=self.account) from exc
