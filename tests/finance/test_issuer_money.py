"""Prize money between the house and the issuer of a game (ADR 20)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from audit import approvals
from finance import dues, issuer_money, ledger
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import Due, Entry, Purpose
from finance.recon import proof
from lottery_portal.lib.db import database_time, violated
from tests import make, make_money, people

pytestmark = pytest.mark.django_db(transaction=True)

ISSUER, DRAW = "issuer:ssq", "prizes:ssq-2026900"


def escrow() -> str:
    return issuer_money.escrows()[0]


@transaction.atomic
def won(fen: int, *, owed: int = 0) -> None:
    """A draw whose winners got `fen` at the issuer's expense, and of whose money `owed` is his."""
    ledger.open_account(code=ISSUER, kind=AccountKind.ISSUER)
    ledger.open_account(code=DRAW, kind=AccountKind.PRIZES)
    moves = [Move(ISSUER, DRAW, fen)] if fen else []
    moves += [Move(DRAW, ISSUER, owed)] if owed else []
    ledger.post(reference=f"issuer:{fen}-{owed}", kind=EntryKind.ISSUER, moves=moves)


def asked(reference: str = "CMB-77", *, fen: int = 500_00) -> approvals.Request:
    return issuer_money.ask(
        game="ssq", escrow=escrow(), amount=fen, bank_reference=reference,
        maker=people.member("treasurer").user, now=database_time(),
    )  # fmt: skip


def decided(request: approvals.Request) -> None:
    approvals.decide(
        code=request.code, checker=people.member("approver").user, approve=True, reason="",
        now=database_time(),
    )  # fmt: skip


def test_what_an_issuer_owes_is_no_money_before_it_is_in_the_bank():
    """F130: his debt pays nobody; what he sends is booked by two people, to the fen."""
    make_money.fund(make.player(), 1_00)
    before = proof.take(now=database_time())
    won(500_00)

    short = proof.take(now=database_time())
    request = asked()
    assert ledger.balance(ISSUER) == -500_00
    decided(request)
    after = proof.take(now=database_time())

    assert short.assets - short.liabilities == before.assets - before.liabilities - 500_00
    assert after.assets - after.liabilities == before.assets - before.liabilities
    assert ledger.balance(ISSUER) == 0
    assert ledger.verify_books() == []


def test_a_payment_of_the_bank_is_booked_once():
    """F120: two requests for one payment; the second finds it in the books."""
    won(1_000_00)
    one, two = asked(), asked()
    decided(one)

    with pytest.raises(issuer_money.IssuerPaidAlready):
        decided(two)
    with pytest.raises(issuer_money.IssuerPaidAlready):
        asked()

    assert Entry.objects.filter(kind=EntryKind.ISSUER_PAID).count() == 1


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"game": "dlt"}, issuer_money.IssuerAccountUnknown),
        ({"amount": 0}, issuer_money.IssuerAccountUnknown),
        ({"escrow": "issuer:ssq"}, issuer_money.IssuerAccountUnknown),
        ({"bank_reference": " "}, issuer_money.BankReferenceMissing),
    ],
)
def test_what_cannot_have_come_is_refused(changed, refusal):
    won(1_00)
    about = {
        "game": "ssq", "escrow": escrow(), "amount": 1_00, "bank_reference": "A",
        "maker": people.member("treasurer").user, "now": database_time(),
    }  # fmt: skip

    with pytest.raises(refusal):
        issuer_money.ask(**{**about, **changed})


def test_the_books_take_no_money_of_an_issuer_without_its_approval():
    """F120, F122: the database asks for the approval and for these very moves."""
    won(1_00)
    request = asked(fen=1_00)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        ledger.post(
            reference=f"issuer_paid:{request.code}",
            kind=EntryKind.ISSUER_PAID,
            moves=[Move(escrow(), ISSUER, 1_00)],
        )

    assert violated(refused.value) == "entry_by_its_own_approval"
    assert ledger.balance(ISSUER) == -1_00


def test_what_is_owed_to_an_issuer_becomes_due_like_other_dues():
    """F265: a month that is over makes a due, paid to a listed payee of that purpose."""
    won(0, owed=700_00)
    next_year = database_time().replace(year=database_time().year + 1)

    dues.make(now=next_year)

    due = Due.objects.get(account=ISSUER)
    assert (due.amount, due.kept) == (700_00, 0)
    assert Purpose.ISSUER in Purpose.values
    assert dues.position(ISSUER).owed_fen == 700_00


def test_the_page_shows_who_owes_whom():
    """F122: staff of the money see it; a treasurer says what came, an auditor only looks."""
    won(300_00)
    address = reverse("finance:desk_issuers")
    typed = {"game": "ssq", "escrow": escrow(), "amount": "300", "bank_reference": "B-1"}

    treasurer = people.in_english(people.member("treasurer").user)
    page = people.text(treasurer.get(address))
    assert "300.00" in page
    assert "Double Color Ball" in page
    answer = treasurer.post(address, typed)
    (waiting,) = approvals.under_way(issuer_money.KIND)
    assert answer["Location"] == reverse("audit:approval", args=[waiting.code])
    assert "B-1" in people.text(treasurer.get(address))
    decided(waiting)
    received = people.text(treasurer.get(address))
    assert "B-1" in received
    assert "is to approve" not in received
    auditor = people.in_english(people.member("auditor").user)
    assert auditor.get(address).status_code == 200
    assert auditor.post(address, typed).status_code == 403
