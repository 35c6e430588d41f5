"""Risk fund and working fund for claims: out of the business fee, by the word of others (R15)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit import approvals, trail
from finance import dues, ledger, payment_orders, reserves
from finance.ledger import EntryKind, Move
from finance.models import AccountKind
from finance.statements import catalogue, figures
from lottery_portal.lib.db import violated
from tests import make_money, people
from tests import make_remittance as make

pytestmark = pytest.mark.django_db

RISK, WORKING = AccountKind.RISKFUND, AccountKind.WORKFUND


@pytest.fixture
def business():
    """5,000.00 of business fee of one game."""
    make.allocate(("fee:ssq", 10_000_00), on=make.month(2))
    dues.make(now=people.right_now())
    assert ledger.balance("business:ssq") == 5_000_00


@pytest.fixture
def treasurer():
    return make.member("treasurer")


def ask(treasurer, fen, *, reserve=RISK, is_back=False, **changes):
    said = {"reserve": reserve, "game": "ssq", "amount": fen, "reason": "年度计提", **changes}
    return reserves.ask(maker=treasurer, is_back=is_back, now=people.right_now(), **said)


def stands():
    (one,) = reserves.standings()
    return one.free_fen, one.risk_fen, one.working_fen


def test_a_reserve_is_taken_from_the_business_fee_and_goes_back_there(business, treasurer):
    """R15: asked by one, booked by the word of another, both ways."""
    asked = ask(treasurer, 1_200_00)
    assert stands() == (5_000_00, 0, 0)

    make.decided(asked.code)
    make.decided(ask(treasurer, 300_00, reserve=WORKING).code)
    make.decided(ask(treasurer, 200_00, is_back=True).code)

    assert stands() == (3_700_00, 1_000_00, 300_00)
    booked = trail.read(trail.Filters(object_type="reserve", object_code="riskfund:ssq"))
    assert [row.action for row in booked] == ["finance.reserve_booked"] * 2
    assert ledger.verify_books() == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"fen": 5_000_01}, reserves.ReserveNotCovered),
        ({"fen": 1, "is_back": True}, reserves.ReserveNotCovered),
        ({"fen": 0}, reserves.ReserveUnknown),
        ({"fen": 1, "reserve": "FUND"}, reserves.ReserveUnknown),
        ({"fen": 1, "game": "dlt"}, reserves.ReserveUnknown),
        ({"fen": 1, "reason": " "}, reserves.ReserveReasonMissing),
    ],
)
def test_what_is_no_reserve_or_not_there_is_refused(business, treasurer, changes, refusal):
    """R15"""
    with pytest.raises(refusal):
        ask(treasurer, **changes)

    assert stands() == (5_000_00, 0, 0)


def test_what_was_drawn_meanwhile_is_not_set_aside_again(business, treasurer):
    """R15: the same fen are not in two places."""
    first, second = ask(treasurer, 3_000_00), ask(treasurer, 3_000_00)
    make.decided(first.code)

    with pytest.raises(reserves.ReserveNotCovered):
        make.decided(second.code)

    assert stands() == (2_000_00, 3_000_00, 0)


def test_the_books_take_no_reserve_without_its_approval(business, treasurer):
    """R15: past the door, and not in other moves than were signed."""
    asked = ask(treasurer, 1_00)
    with transaction.atomic():
        ledger.open_account(code="riskfund:ssq", kind=RISK)

    for reference, fen in (("reserve:NOBODY", 1_00), (f"reserve:{asked.code}", 2_00)):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            ledger.post(
                reference=reference,
                kind=EntryKind.RESERVE,
                moves=[Move("business:ssq", "riskfund:ssq", fen)],
            )
        assert violated(caught.value) == "entry_by_its_own_approval"
    assert stands() == (5_000_00, 0, 0)


def test_a_reserve_is_owed_where_the_business_fee_is_not(business, treasurer):
    """R15, F124, F130: on the balance sheet, and in what escrow must cover."""
    make.decided(ask(treasurer, 1_000_00).code)
    today = make.today()

    made = catalogue.make("liabilities", figures.Span(today, today))
    rows = {row.cells[0]: row.cells[-1] for row in made.tables[0].rows}

    assert rows[str(RISK.label)] == 1_000_00
    assert rows[str(AccountKind.BUSINESS.label)] == 4_000_00


def test_the_treasurer_asks_on_the_page_and_others_look(business, treasurer):
    """R15"""
    client, address = people.behind(treasurer), reverse("finance:desk_reserves")
    client.cookies["language"] = "en"
    said = {
        "game": "ssq",
        "reserve": "WORKFUND",
        "is_back": "out",
        "amount": "12.00",
        "reason": "x",
    }

    asked = client.post(address, said)
    much = client.post(address, {**said, "amount": "5000.01"})

    code = asked["Location"].rstrip("/").rpartition("/")[2]
    assert asked.status_code == 302
    make.decided(code)
    assert stands()[2] == 12_00
    assert "holds 5,000.00 yuan" in much.content.decode()
    assert "4,988.00" in client.get(address).content.decode()
    auditor = people.behind(make.member("auditor"))
    assert auditor.get(address).status_code == 200
    assert auditor.post(address, said).status_code == 403


def test_what_an_approved_order_will_pay_is_not_free_for_a_reserve(business, treasurer):
    """R15: drawn by an order that is under way."""
    make_money.open_accounts(("ownbank:main", AccountKind.OWNBANK))
    payee = make.payee("BUSINESS")
    order = payment_orders.ask_drawing(
        account="business:ssq", amount=4_500_00, own_bank="ownbank:main", payee=payee.code,
        escrow=make.ESCROW, maker=treasurer, now=people.right_now(),
    )  # fmt: skip
    make.decided(order.approval_code)

    with pytest.raises(reserves.ReserveNotCovered) as caught:
        ask(treasurer, 500_01)

    assert caught.value.figures["free_fen"] == 500_00
    assert approvals.find(order.approval_code).state == "PERFORMED"
