"""The treasurer's pages of dues, payees, orders and receipts (F265)."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit import reports
from finance import dues, ledger
from finance.models import Due, Payee, PaymentOrder
from lottery_portal.lib import codes
from tests import make_remittance as make
from tests import people
from tests.people import in_english, text

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 a receipt"


def client(post):
    return in_english(make.member(post))


@pytest.fixture
def treasurer():
    return client("treasurer")


@pytest.fixture
def due():
    make.allocate(("welfare:ssq", 36_000_00), ("fee:ssq", 13_000_00), on=make.month(2))
    dues.make(now=people.right_now())
    return Due.objects.get(account="welfare:ssq")


def test_a_due_goes_its_way_through_the_pages(treasurer, due):
    """F265: payee, order, bank, receipt, each by its page and its people."""
    asked = treasurer.post(
        reverse("finance:desk_payee_new"),
        {
            "purpose": "WELFARE", "party": "", "name": "国家金库", "bank_name": "人民银行",
            "number": "2903000012345678",
        },
    )  # fmt: skip
    assert asked.status_code == 302
    payee = Payee.objects.get()
    make.decided(payee.approval_code)

    page = treasurer.get(reverse("finance:desk_payment_new", args=["welfare:ssq"]))
    assert "36,000.00" in text(page)
    sent = treasurer.post(page.request["PATH_INFO"], {"payee": payee.code, "escrow": make.ESCROW})
    order = PaymentOrder.objects.get()
    assert sent.url == reverse("finance:desk_payment", args=[order.code])
    make.decided(order.approval_code)

    shown = text(treasurer.get(sent.url))
    assert "2903000012345678" in shown
    assert "2903000012345678" not in text(client("compliance").get(sent.url))
    booked = treasurer.post(
        sent.url,
        {"action": "paid", "paid_on": make.today().isoformat(), "bank_reference": "B1"},
    )
    assert booked.status_code == 302
    assert ledger.balance("welfare:ssq") == 0
    kept = treasurer.post(
        sent.url,
        {
            "action": "receipt", "number": "R1", "issued_on": make.today().isoformat(),
            "amount": "36,000.00", "file": SimpleUploadedFile("r.pdf", PDF),
        },
    )  # fmt: skip
    assert kept.status_code == 302

    receipt = order.receipts.get()
    scan = treasurer.get(reverse("finance:desk_receipt", args=[receipt.file_digest]))
    assert (scan.content, scan["Content-Type"]) == (PDF, "application/pdf")
    assert scan["Content-Disposition"].startswith("attachment")
    assert receipt.file_digest[:8] in text(treasurer.get(sent.url))


def test_the_first_page_says_what_is_in_arrears(treasurer, due):
    """F265: late days in words, sums of every account, for the auditor too."""
    for who in (treasurer, client("auditor")):
        page = text(who.get(reverse("finance:desk_remittances")))

        assert "2 dues are in arrears" in page
        assert "In arrears" in page
        assert "day late" in page or "days late" in page
        assert "36,000.00" in page
        assert "6,500.00" in page
    assert "Dues in arrears" in text(treasurer.get(reverse("audit:desk")))


@pytest.mark.usefixtures("due")
def test_the_first_page_leads_to_just_the_payments_that_lack_a_receipt(treasurer):
    """F265: a list of everything open is no answer to a note that something is missing."""
    order = make.order("welfare:ssq", make.payee("WELFARE"))
    make.paid(order)

    first = text(treasurer.get(reverse("audit:desk")))

    assert "Payments without a treasury receipt" in first
    assert f'href="{reverse("finance:desk_payments")}?state=receipt"' in first
    assert codes.shown(order.code) in text(
        treasurer.get(reverse("finance:desk_payments") + "?state=receipt")
    )


@pytest.mark.parametrize(
    ("name", "args"),
    [("desk_payment_new", ["welfare:ssq"]), ("desk_drawing_new", ["business:ssq"]),
     ("desk_payee_new", [])],
)  # fmt: skip
def test_only_a_treasurer_asks(due, name, args):
    """F120: others look on."""
    for post in ("approver", "auditor", "cashier"):
        assert client(post).get(reverse(f"finance:{name}", args=args)).status_code == 403


def test_others_do_not_act_on_an_order(due):
    """F120: an approver reads the order; his POST changes nothing."""
    order = make.order("welfare:ssq", make.payee("WELFARE"))

    answer = client("approver").post(
        reverse("finance:desk_payment", args=[order.code]),
        {"action": "paid", "paid_on": make.today().isoformat(), "bank_reference": "B1"},
    )

    order.refresh_from_db()
    assert (answer.status_code, order.state) == (403, "APPROVED")


def test_what_is_refused_is_said_beside_the_field(treasurer, due):
    order = make.order("welfare:ssq", make.payee("WELFARE"))
    url = reverse("finance:desk_payment", args=[order.code])

    future = treasurer.post(
        url, {"action": "paid", "paid_on": "2090-01-01", "bank_reference": "B1"}
    )
    empty = treasurer.post(url, {"action": "paid"})
    unknown = treasurer.post(url, {"action": "fly"})
    wrong = treasurer.post(
        reverse("finance:desk_payee_new"),
        {"purpose": "TAX", "name": "国税", "bank_name": "人行", "number": "123"},
    )

    assert (future.status_code, "not later than today" in text(future)) == (400, True)
    assert (empty.status_code, unknown.status_code) == (400, 409)
    assert (wrong.status_code, "8 to 32 digits" in text(wrong)) == (400, True)


def test_an_order_is_dropped_and_a_payee_retired_by_pages(treasurer, due):
    payee = make.payee("WELFARE")
    order = make.order("welfare:ssq", payee)

    dropped = treasurer.post(
        reverse("finance:desk_payment", args=[order.code]), {"action": "drop", "reason": "拒收"}
    )
    silent = treasurer.post(reverse("finance:desk_payee_retire", args=[payee.code]), {"reason": ""})
    retired = treasurer.post(
        reverse("finance:desk_payee_retire", args=[payee.code]), {"reason": "销户"}
    )

    payee.refresh_from_db()
    assert (dropped.status_code, silent.status_code, retired.status_code) == (302, 400, 302)
    assert (payee.state, payee.reason) == ("RETIRED", "销户")
    assert "销户" in text(treasurer.get(reverse("finance:desk_payees")))


def test_business_fee_is_drawn_by_its_page(treasurer, due):
    """R15"""
    make.open_own_bank("ownbank:icbc")
    own = make.payee("BUSINESS")
    url = reverse("finance:desk_drawing_new", args=["business:ssq"])
    assert "6,500.00" in text(treasurer.get(url))

    sent = {"payee": own.code, "escrow": make.ESCROW, "own_bank": "ownbank:icbc"}
    much = treasurer.post(url, {**sent, "amount": "6500.01"})
    done = treasurer.post(url, {**sent, "amount": "6,500"})

    assert (much.status_code, done.status_code) == (409, 302)
    assert PaymentOrder.objects.get().amount == 6_500_00


def test_orders_are_listed_by_what_they_wait_for(treasurer, due):
    make.paid(make.order("welfare:ssq", make.payee("WELFARE")))

    for state in ("open", "paid", "receipt", "ended", "all", "nonsense"):
        page = treasurer.get(reverse("finance:desk_payments"), {"state": state})

        assert page.status_code == 200
        assert ("36,000.00" in text(page)) == (state in {"paid", "receipt", "all"}), state


def test_an_unknown_order_or_scan_is_not_found(treasurer):
    assert treasurer.get(reverse("finance:desk_payment", args=["NONE"])).status_code == 404
    assert treasurer.get(reverse("finance:desk_receipt", args=["0" * 64])).status_code == 404


def test_an_auditor_exports_dues_and_their_payment(due):
    """F265, F128"""
    order = make.paid(make.order("welfare:ssq", make.payee("WELFARE")), "B1")
    report = reports.known("finance.dues")
    params = {"since": make.today().isoformat(), "until": make.today().isoformat()}

    assert report is not None
    assert report.count is not None
    rows = {row[0]: row for row in report.rows(params)}

    assert report.count(params) == 2
    assert rows["welfare:ssq"][3] == 36_000_00
    assert rows["welfare:ssq"][6:8] == (order.code, "PAID")
    assert rows["welfare:ssq"][10] == "B1"
