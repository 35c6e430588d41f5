"""Money leaves escrow by an approved order to a listed payee, and by nothing else (F129, F265)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import approvals
from audit.models import ApprovalRequest, TrailRecord
from finance import books, dues, ledger, payees, payment_orders, treasury_receipts
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import Due, Entry, Payee, PaymentOrder, TreasuryReceipt
from lottery_portal.lib.db import violated
from tests import make_money, people
from tests import make_remittance as make

pytestmark = pytest.mark.django_db

ACCOUNT = "welfare:ssq"
PDF = b"%PDF-1.7 a receipt"


@pytest.fixture
def due():
    make.allocate((ACCOUNT, 36_00), on=make.month(1))
    dues.make(now=people.right_now())
    return Due.objects.get()


@pytest.fixture
def treasury():
    return make.payee("WELFARE")


@pytest.fixture
def still():
    """What lies in the account, and what left the escrow account since the test began."""
    opened = ledger.balance(make.ESCROW)
    return lambda: (ledger.balance(ACCOUNT), ledger.balance(make.ESCROW) - opened)


def state(row):
    row.refresh_from_db()
    return row.state


def test_a_payee_is_listed_by_the_word_of_another_person():
    """F129, F120: who asked does not sign; nobody is listed before."""
    asked = make.asked_payee("WELFARE", number="2903 0000-1234 5678")
    maker = approvals.as_request(ApprovalRequest.objects.get(code=asked.approval_code))
    assert (asked.state, payees.is_listed("2903000012345678")) == ("ASKED", False)

    with pytest.raises(approvals.MayNotDecide):
        approvals.decide(
            code=asked.approval_code, checker=maker.maker, approve=True, now=people.right_now()
        )
    make.decided(asked.approval_code)

    assert state(asked) == "LISTED"
    assert payees.is_listed("2903000012345678")
    assert asked.number.reveal() == "2903000012345678"
    words = dict(approvals.kinds()[payees.KIND].words(maker.payload))
    assert "2903000012345678" in words.values()


def test_the_number_of_a_payee_does_not_lie_in_the_clear():
    """F016: neither in the row nor in the request."""
    asked = make.asked_payee("WELFARE", number="2903000099998888")

    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM finance_payee WHERE code = %s", [asked.code])
        (stored,) = cursor.fetchone()
        cursor.execute(
            "SELECT payload FROM audit_approvalrequest WHERE code = %s", [asked.approval_code]
        )
        (payload,) = cursor.fetchone()

    assert "2903000099998888" not in stored
    assert "2903000099998888" not in payload


@pytest.mark.parametrize("number", ["", "1234567", "12345678a", "１２３４５６７８９", "1" * 33])
def test_a_wrong_number_is_no_payee(number):
    with pytest.raises(payees.PayeeNumberWrong):
        payees.ask(
            purpose="WELFARE", party="", name="国库", bank_name="人行", number=number or "x",
            maker=make.member("treasurer"), now=people.right_now(),
        )  # fmt: skip

    assert not Payee.objects.exists()


def test_one_account_is_listed_once_for_a_purpose():
    make.payee("WELFARE", number="2903000012345678")

    with pytest.raises(payees.PayeeKnown):
        make.asked_payee("WELFARE", number="2903000012345678")
    make.asked_payee("FEE", number="2903000012345678")


def test_a_partner_is_named():
    with pytest.raises(payees.PayeeNeedsParty):
        make.asked_payee("PARTNER")


def test_nobody_is_listed_without_his_approval():
    """F129: the application's own role cannot list a payee, or turn his number."""
    asked = make.asked_payee("WELFARE")

    for sql in (
        "UPDATE finance_payee SET state = 'LISTED', listed_at = now() WHERE code = %s",
        "UPDATE finance_payee SET number_index = sha256('x') WHERE code = %s",
        "DELETE FROM finance_payee WHERE code = %s",
    ):
        with (
            pytest.raises(DatabaseError) as caught,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, [asked.code])
        assert violated(caught.value) == "payee_listed_by_approval" or "permission" in str(
            caught.value
        )
    assert state(asked) == "ASKED"


@pytest.mark.parametrize("listed", ["asked", "retired", "fee", "dlt"])
def test_nobody_is_paid_who_is_not_listed_for_it(due, listed):
    """F129, F265: not on the list, no longer, for something else, for another game."""
    if listed == "asked":
        payee = make.asked_payee("WELFARE")
    elif listed == "retired":
        payee = make.payee("WELFARE")
        payees.retire(
            code=payee.code, reason="销户", actor=make.member("treasurer"), now=people.right_now()
        )
    else:
        payee = make.payee("FEE") if listed == "fee" else make.payee("WELFARE", "dlt")

    with pytest.raises(payees.PayeeNotListed):
        make.asked_order(ACCOUNT, payee)

    due.refresh_from_db()
    assert due.order is None
    assert not PaymentOrder.objects.exists()


def test_a_payee_off_the_list_is_not_paid_by_an_order_that_waits(due, treasury):
    """F129: between asking and signing he may have come off the list."""
    order = make.asked_order(ACCOUNT, treasury)
    payees.retire(
        code=treasury.code, reason="销户", actor=make.member("treasurer"), now=people.right_now()
    )

    with pytest.raises(payees.PayeeNotListed):
        make.decided(order.approval_code)

    assert state(order) == "ASKED"


def test_an_approved_order_that_the_bank_paid_is_in_the_books(due, treasury, still):
    """F265: dues of the account become a remittance out of the escrow account, once."""
    order = make.order(ACCOUNT, treasury)
    assert (state(order), still()) == ("APPROVED", (36_00, 0))

    make.paid(order, "B1")
    same = payment_orders.paid(
        code=order.code, paid_on=make.today(), bank_reference="B1",
        actor=make.member("treasurer"), now=people.right_now(),
    )  # fmt: skip

    assert (same.state, still()) == ("PAID", (0, 36_00))
    assert Entry.objects.get(reference=f"order:{order.code}").kind == "REMITTANCE"
    assert dues.unordered(ACCOUNT) == []
    assert books.verify_books() == []
    with pytest.raises(payment_orders.OrderNotInThisState):
        make.paid(order, "B2")


OUTFLOWS = {
    "REMITTANCE": (ACCOUNT, AccountKind.WELFARE),
    "FEE_DRAWN": ("ownbank:A", AccountKind.OWNBANK),
    "PARTNER_PAID": ("partner:P1", AccountKind.PARTNER),
    "ORGANISER_PAID": ("organiser:O1", AccountKind.ORGANISER),
}


def test_no_money_leaves_without_an_approved_order(due, still):
    """F129: the books refuse an outflow that no order names, whoever posts it."""
    make_money.open_accounts(*OUTFLOWS.values())

    for kind, (source, _kind) in OUTFLOWS.items():
        moves = [Move(source, make.ESCROW, 1_00)]
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            ledger.post(reference="order:NONE", kind=kind, moves=moves)

        assert violated(caught.value) == "outflow_by_an_approved_order", kind
        assert still() == (36_00, 0)


def test_an_order_moves_what_was_approved_and_not_before(due, treasury, still):
    """F129: neither before the last word, nor another sum, nor by another kind of entry."""
    order = make.asked_order(ACCOUNT, treasury)

    def post(fen):
        with transaction.atomic():
            ledger.post(
                reference=f"order:{order.code}",
                kind=EntryKind.REMITTANCE,
                moves=[Move(ACCOUNT, make.ESCROW, fen)],
            )

    with pytest.raises(IntegrityError) as early:
        post(36_00)
    make.decided(order.approval_code)
    with pytest.raises(IntegrityError) as other:
        post(36_01)

    assert violated(early.value) == violated(other.value) == "outflow_by_an_approved_order"
    assert still() == (36_00, 0)


def test_an_order_is_not_moved_on_by_hand(due, treasury):
    """F120: the application's own role cannot approve an order, or call it paid."""
    order = make.asked_order(ACCOUNT, treasury)
    now = people.right_now()

    for into, name in (
        ("APPROVED", "payment_order_approved_by_others"),
        ("PAID", "payment_order_stands"),
        ("RETURNED", "payment_order_stands"),
    ):
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            PaymentOrder.objects.filter(pk=order.pk).update(
                approved_at=now, paid_at=now, paid_on=make.today(), bank_reference="B",
                ended_at=now, reason="x", state=into,
            )  # fmt: skip

        assert violated(caught.value) == name
        assert state(order) == "ASKED"


def test_an_order_that_is_not_in_the_books_is_not_paid(due, treasury):
    """F265: PAID means booked."""
    order = make.order(ACCOUNT, treasury)

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PaymentOrder.objects.filter(pk=order.pk).update(
            state="PAID", paid_at=people.right_now(), paid_on=make.today(), bank_reference="B"
        )

    assert violated(caught.value) == "payment_order_paid_in_the_books"


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"amount": 35_00}, "payment_order_approved_by_others"),
        ({"payee": "2"}, "payment_order_approved_by_others"),
        ({}, "payment_order_pays_what_is_due"),
    ],
)
def test_an_order_is_what_others_signed_and_what_is_due(due, treasury, other, name):
    """F120, F265: not another sum or payee than they were shown, and no sum without its dues."""
    asked = make.asked_order(ACCOUNT, treasury)
    request = ApprovalRequest.objects.get(code=asked.approval_code)
    content = json.loads(request.payload) | {"order": "FORGED"}
    maker, now = request.maker, people.right_now()
    forged = approvals.request(
        kind=payment_orders.KIND, payload=content, maker=maker, now=now, amount_fen=36_00
    )
    fen = other.get("amount", 36_00)
    PaymentOrder.objects.create(
        code="FORGED", purpose="WELFARE", account=ACCOUNT, escrow=make.ESCROW, amount=fen,
        payee=make.payee("WELFARE") if "payee" in other else treasury, asked_at=now,
        entry_kind="REMITTANCE", moves=[[ACCOUNT, make.ESCROW, fen]], approval_code=forged.code,
    )  # fmt: skip

    with pytest.raises((IntegrityError, payment_orders.OrderNotInThisState)) as caught:
        make.decided(forged.code)

    refused: Any = caught.value.__cause__ if name.endswith("due") else caught.value
    assert violated(refused) == name
    assert PaymentOrder.objects.get(code="FORGED").state == "ASKED"


def test_an_order_out_of_what_is_no_escrow_is_refused(due, treasury):
    """F117: dues are paid out of an escrow account and no other."""
    with pytest.raises(payment_orders.NotAnEscrow):
        payment_orders.ask(
            account=ACCOUNT, payee=treasury.code, escrow="clearing:sandbox",
            maker=make.member("treasurer"), now=people.right_now(),
        )  # fmt: skip


def test_one_due_is_paid_by_one_order(due, treasury):
    """F265"""
    make.asked_order(ACCOUNT, treasury)

    with pytest.raises(payment_orders.NothingDue):
        make.asked_order(ACCOUNT, treasury)


def test_what_the_account_no_longer_holds_is_not_approved(treasury):
    """F265: an allocation that was reversed meanwhile is not remitted."""
    reference = make.allocate((ACCOUNT, 36_00), on=make.month(1))
    dues.make(now=people.right_now())
    order = make.asked_order(ACCOUNT, treasury)
    make_money.reversed_entry(reference, now=people.right_now())

    with pytest.raises(payment_orders.NotCovered):
        make.decided(order.approval_code)

    assert state(order) == "ASKED"


def test_a_refused_order_leaves_its_dues_open(due, treasury):
    """F120"""
    order = make.asked_order(ACCOUNT, treasury)

    make.decided(order.approval_code, approve=False)

    assert (state(order), order.reason) == ("DROPPED", "账号有误")
    assert [one.code for one in dues.unordered(ACCOUNT)] == [due.code]
    assert state(make.order(ACCOUNT, treasury)) == "APPROVED"


def test_an_approved_order_is_dropped_by_the_word_of_others(due, treasury):
    """F120: the bank may have it; one person alone does not open its dues again."""
    order, treasurer = make.order(ACCOUNT, treasury), make.member("treasurer")
    now = people.right_now()
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PaymentOrder.objects.filter(pk=order.pk).update(state="DROPPED", reason="x", ended_at=now)
    assert violated(caught.value) == "payment_order_dropped_by_others"

    asked = payment_orders.ask_drop(code=order.code, reason="银行拒收", maker=treasurer, now=now)
    make.decided(asked.code)

    assert state(order) == "DROPPED"
    assert [one.code for one in dues.unordered(ACCOUNT)] == [due.code]


def test_a_payment_that_came_back_is_reversed_first(due, treasury, still):
    """F105, F265: then its dues are open again and can be ordered anew."""
    order, now = make.paid(make.order(ACCOUNT, treasury)), people.right_now()
    back: dict[str, Any] = {
        "code": order.code, "reason": "退汇", "actor": make.member("treasurer"), "now": now
    }  # fmt: skip
    with pytest.raises(payment_orders.NotReversed):
        payment_orders.returned(**back)

    make_money.reversed_entry(f"order:{order.code}", now=now)
    payment_orders.returned(**back)

    assert (state(order), still()) == ("RETURNED", (36_00, 0))
    make.paid(make.order(ACCOUNT, treasury))
    assert still() == (0, 36_00)
    assert books.verify_books() == []


def test_one_payment_of_the_bank_pays_one_order(due, treasury):
    """F265"""
    make.allocate(("welfare:dlt", 1_00), on=make.month(1))
    dues.make(now=people.right_now())
    make.paid(make.order(ACCOUNT, treasury), "B1")
    other = make.order("welfare:dlt", treasury)

    with pytest.raises(payment_orders.BankReferenceUsed):
        make.paid(other, "B1")

    assert (state(other), ledger.balance("welfare:dlt")) == ("APPROVED", 1_00)


@pytest.mark.parametrize("days", [-1, 1])
def test_an_order_is_paid_after_its_approval_and_not_tomorrow(due, treasury, days, still):
    order = make.order(ACCOUNT, treasury)

    with pytest.raises(payment_orders.PaidOnWrongDay):
        payment_orders.paid(
            code=order.code, paid_on=make.today() + timedelta(days=days), bank_reference="B",
            actor=make.member("treasurer"), now=people.right_now(),
        )  # fmt: skip

    assert still() == (36_00, 0)


def test_large_orders_need_two_people(treasury):
    """F120: how many by amount is policy."""
    make.allocate((ACCOUNT, 1_000_000_01), on=make.month(1))
    dues.make(now=people.right_now())
    order = make.asked_order(ACCOUNT, treasury)
    first = make.member("approver")

    approvals.decide(code=order.approval_code, checker=first, approve=True, now=people.right_now())
    assert state(order) == "ASKED"
    approvals.decide(
        code=order.approval_code, checker=make.member("compliance"), approve=True,
        now=people.right_now(),
    )  # fmt: skip

    assert state(order) == "APPROVED"


def test_the_operator_draws_business_fee_by_an_order():
    """R15, F117: income only of what was set aside, into the listed own account."""
    make.allocate(("fee:ssq", 100_00), on=make.month(1))
    dues.make(now=people.right_now())
    with transaction.atomic():
        ledger.open_account(code="ownbank:icbc", kind=AccountKind.OWNBANK)
    own, asked = make.payee("BUSINESS"), {"maker": make.member("treasurer")}
    opened = ledger.balance(make.ESCROW)

    def ask(fen):
        return payment_orders.ask_drawing(
            account="business:ssq", amount=fen, own_bank="ownbank:icbc", payee=own.code,
            escrow=make.ESCROW, now=people.right_now(), **asked,
        )  # fmt: skip

    with pytest.raises(payment_orders.NotCovered):
        ask(50_01)
    order = ask(50_00)
    make.decided(order.approval_code)
    with pytest.raises(payment_orders.NotCovered):  # promised already
        ask(1)
    order.refresh_from_db()
    make.paid(order)

    codes = ("business:ssq", payment_orders.FEE_INCOME, "ownbank:icbc")
    assert [ledger.balance(code) for code in codes] == [0, 50_00, -50_00]
    assert ledger.balance(make.ESCROW) - opened == 50_00
    assert books.verify_books() == []


def receipt(order, **other):
    return treasury_receipts.record(
        **{
            "order": order.code, "number": "沪财缴-2026-0001", "issued_on": make.today(),
            "amount": order.amount, "file_name": "../../receipt.pdf", "content": PDF,
            "actor": make.member("treasurer"), "now": people.right_now(), **other,
        }
    )  # fmt: skip


def test_the_treasury_receipt_is_kept_with_its_scan(due, treasury):
    """F265: number, date, sum and digest; a scan that was exchanged does not open."""
    order = make.paid(make.order(ACCOUNT, treasury))
    assert [one.code for one in treasury_receipts.missing()] == [order.code]

    kept = receipt(order)

    assert treasury_receipts.missing() == []
    assert (kept.file_name, kept.file_size) == ("receipt.pdf", len(PDF))
    assert treasury_receipts.scan(kept.file_digest)[1] == PDF
    told = TrailRecord.objects.filter(object_type="payment_order", object_code=order.code)
    assert told.latest("pk").action == "finance.treasury_receipt_recorded"
    place = settings.STATE_DIR / "treasury" / kept.file_digest
    place.chmod(0o600)
    place.write_bytes(PDF + b"!")
    with pytest.raises(treasury_receipts.ReceiptUnknown):
        treasury_receipts.scan(kept.file_digest)


def test_a_receipt_that_does_not_fit_is_refused(due, treasury):
    """F265: another sum, another day, no scan."""
    order = make.paid(make.order(ACCOUNT, treasury))
    a_day = timedelta(days=1)
    receipts: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"amount": 36_01}, treasury_receipts.ReceiptDoesNotFit),
        ({"content": b"MZ an executable"}, treasury_receipts.ReceiptFileWrong),
        ({"content": b""}, treasury_receipts.ReceiptFileWrong),
        ({"content": b"%PDF-" + b"0" * 6_000_000}, treasury_receipts.ReceiptFileWrong),
        ({"issued_on": make.today() - a_day}, treasury_receipts.ReceiptDoesNotFit),
        ({"issued_on": make.today() + a_day}, treasury_receipts.ReceiptDoesNotFit),
    ]

    for wrong, refusal in receipts:
        with pytest.raises(refusal):
            receipt(order, **wrong)

        assert not TreasuryReceipt.objects.exists()


def test_no_receipt_before_the_payment_and_none_twice(due, treasury):
    """F265"""
    order = make.order(ACCOUNT, treasury)
    with pytest.raises(treasury_receipts.ReceiptDoesNotFit):
        receipt(order)
    make.paid(order)
    receipt(order)

    with pytest.raises(treasury_receipts.ReceiptKnown):
        receipt(order)
    with pytest.raises(DatabaseError), transaction.atomic():
        TreasuryReceipt.objects.update(amount=1)
