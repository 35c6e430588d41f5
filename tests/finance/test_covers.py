"""Own money into escrow: asked by one, agreed by another, booked when the bank has paid (F130)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit import alarms, approvals, trail
from finance import covers, invariants, ledger, payouts
from finance.ledger import EntryKind, Move
from finance.models import Cover, Difference, Match
from finance.recon import matching, proof
from lottery_portal.lib import dates
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.owner import as_owner

from . import checked_house
from .recon_deeds import OURS, STRANGERS, approved, bill, house_bank, lift, post

pytestmark = pytest.mark.django_db

OWN, ESCROW = "ownbank:own", "escrow:icbc"


@pytest.fixture
def treasurer(now):
    return make.staff("treasurer-cover", "treasurer", now=now).member.user


@pytest.fixture
def banks(treasurer, now):
    """One account for own money, one for money of players and dues."""
    house_bank(treasurer, now, word="own", number=STRANGERS, purpose="OWN")
    house_bank(treasurer, now, word="icbc", number=OURS)


@pytest.fixture
def short(alice, banks, now):
    """A fee of six yuan that nobody covered: the proof of funds is short by it."""
    make.fund(alice, 100_00, now=now)
    make.open_accounts(("expense:provider_fees", "EXPENSE"))
    post("fee:1", EntryKind.PROVIDER_FEE, Move("expense:provider_fees", "clearing:sandbox", 6_00))
    assert not proof.take(now=now).is_met


def asked(treasurer, now, *, fen=6_00, escrow=ESCROW, own_bank=OWN, reason="渠道手续费"):
    return covers.ask(
        escrow=escrow, own_bank=own_bank, amount=fen, reason=reason, maker=treasurer, now=now
    )


def may_be_paid(treasurer, now, **said):
    cover = asked(treasurer, now, **said)
    approved(cover.approval_code, now)
    cover.refresh_from_db()
    return cover


def paid(cover, treasurer, now, *, reference="B0001", on=None):
    return covers.paid(
        code=cover.code,
        paid_on=on or dates.in_shanghai(now).date(),
        bank_reference=reference,
        actor=treasurer,
        now=now,
    )


def test_a_treasurer_whose_proof_is_short_covers_it_and_payouts_go_on(short, treasurer, now):
    """F130: nothing counts before the bank has paid; then the proof is met, to the fen."""
    cover = may_be_paid(treasurer, now)
    assert (cover.state, ledger.balance(ESCROW)) == ("APPROVED", 0)
    assert not proof.take(now=now + timedelta(seconds=1)).is_met

    booked = paid(cover, treasurer, now)
    met = proof.take(now=now + timedelta(seconds=2))

    assert (booked.state, met.is_met) == ("BOOKED", True)
    assert (ledger.balance(ESCROW), ledger.balance(OWN)) == (-6_00, 6_00)
    lift(treasurer, now)
    assert not payouts.are_stopped()
    told = trail.read(trail.Filters(object_type="cover", object_code=cover.code))
    assert [row.action for row in told] == ["finance.cover_booked", "finance.cover_approved"]
    assert alarms.open_now() == []
    assert ledger.verify_books() == []


def test_the_statements_of_both_banks_are_matched_with_it(short, treasurer, now, today):
    """F113, F130: in the account of the operator and in escrow, by amount and day."""
    paid(may_be_paid(treasurer, now), treasurer, now)

    bill([(today, 6_00, "I1", "", "转入")], treasurer, now, account=ESCROW, party=STRANGERS)
    bill([(today, -6_00, "O1", "", "转出")], treasurer, now, account=OWN, party=OURS)

    cover = Cover.objects.get()
    assert Match.objects.filter(reference=covers.reference_of(cover)).count() == 2
    assert set(matching.lines_of(covers.reference_of(cover))) == {ESCROW, OWN}
    assert not Difference.objects.exists()


def test_own_money_that_came_before_it_was_written_down_is_no_suspense(
    short, treasurer, now, today
):
    """F113, F130: the line waits as a difference, and is settled by writing the payment down."""
    cover = may_be_paid(treasurer, now)
    bill([(today, 6_00, "I1", "", "转入")], treasurer, now, account=ESCROW, party=STRANGERS)
    waiting = Difference.objects.get()
    assert (waiting.kind, waiting.state) == ("NOT_BOOKED", "OPEN")
    assert not ledger.is_open("suspense:unexplained_in")
    page = people.behind(treasurer).get(reverse("finance:desk_difference", args=[waiting.code]))
    assert reverse("finance:desk_covers") in page.content.decode()

    paid(cover, treasurer, now)
    matching.run_all(now=now)

    waiting.refresh_from_db()
    assert waiting.state == "RESOLVED"
    assert ledger.balance(ESCROW) == -6_00


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"fen": 0}, covers.CoverAccountsWrong),
        ({"escrow": OWN}, covers.CoverAccountsWrong),
        ({"own_bank": ESCROW}, covers.CoverAccountsWrong),
        ({"own_bank": "ownbank:nowhere"}, covers.CoverAccountsWrong),
        ({"reason": " "}, covers.CoverReasonMissing),
    ],
)
def test_what_is_no_payment_into_escrow_is_refused(banks, treasurer, now, said, refusal):
    """F130"""
    with pytest.raises(refusal):
        asked(treasurer, now, **said)

    assert not Cover.objects.exists()


def test_one_payment_of_the_bank_is_written_down_once(banks, treasurer, now):
    """F130: said again it is the same; for another, or a day that cannot be, it is refused."""
    first, second = may_be_paid(treasurer, now), may_be_paid(treasurer, now, fen=7_00)
    with pytest.raises(covers.CoverPaidOnWrongDay):
        paid(first, treasurer, now, on=dates.in_shanghai(now).date() + timedelta(days=2))
    with pytest.raises(covers.CoverReferenceMissing):
        paid(first, treasurer, now, reference=" ")
    paid(first, treasurer, now)
    paid(first, treasurer, now)

    with pytest.raises(covers.CoverReferenceUsed):
        paid(second, treasurer, now)
    with pytest.raises(covers.CoverNotInThisState):
        covers.drop(code=first.code, reason="x", actor=treasurer, now=now)

    assert ledger.balance(ESCROW) == -6_00


def test_what_is_not_paid_is_dropped_with_a_reason(banks, treasurer, now):
    """F130: by the treasurer when it was approved, by the word of others before."""
    cover = may_be_paid(treasurer, now)
    with pytest.raises(covers.CoverReasonMissing):
        covers.drop(code=cover.code, reason="", actor=treasurer, now=now)
    dropped = covers.drop(code=cover.code, reason="银行退回", actor=treasurer, now=now)
    refused = asked(treasurer, now)
    checker = make.staff("eyes-cover", "approver", now=now).member.user
    approvals.decide(
        code=refused.approval_code, checker=checker, approve=False, reason="金额不符", now=now
    )

    with pytest.raises(covers.CoverNotInThisState):
        paid(dropped, treasurer, now)
    refused.refresh_from_db()
    assert (dropped.state, refused.state, refused.drop_reason) == ("DROPPED", "DROPPED", "金额不符")
    assert ledger.balance(ESCROW) == 0


def refusal_of(deed):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed()
    return violated(caught.value)


def test_the_database_takes_no_cover_without_its_approval(banks, treasurer, now):
    """F130: past the door; not before others agreed, and not in another amount."""
    waiting, ready = asked(treasurer, now), may_be_paid(treasurer, now)

    def book(reference, fen):
        return lambda: ledger.post(
            reference=reference, kind=EntryKind.COVER, moves=[Move(ESCROW, OWN, fen)]
        )

    for reference, fen in (
        ("cover:NOBODY", 6_00),
        (covers.reference_of(waiting), 6_00),
        (covers.reference_of(ready), 6_01),
    ):
        assert refusal_of(book(reference, fen)) == "cover_is_approved"
    row = Cover.objects.filter(pk=waiting.pk)
    assert refusal_of(lambda: row.update(state="APPROVED", approved_at=now)) == (
        "cover_approved_by_others"
    )
    of_ready = Cover.objects.filter(pk=ready.pk)
    assert refusal_of(lambda: of_ready.update(state="ASKED")) == "cover_stands"
    paid_in = {"state": "BOOKED", "paid_on": now.date(), "bank_reference": "B", "booked_at": now}
    assert refusal_of(lambda: of_ready.update(**paid_in)) == "cover_booked_in_the_books"
    assert ledger.balance(ESCROW) == 0


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_is_the_guards_that_keep_own_money_true(now):
    """F130: with them off a proof could be met by a word; the check of the books finds it."""
    make.open_accounts((ESCROW, "ESCROW"), (OWN, "OWNBANK"))
    with as_owner() as hand:
        hand.execute("ALTER TABLE finance_entry DISABLE TRIGGER finance_cover_is_approved")

    checked_house.posted("cover:NOBODY", EntryKind.COVER, Move(ESCROW, OWN, 6_00))

    found = {one.name for one in invariants.look()[0] if not one.holds}
    rolling = invariants.look(extent="ROLLING")[0]
    assert found == {"cover_and_books_differ", "correction_has_its_approval"}
    assert {one.name for one in rolling if not one.holds} == {"correction_has_its_approval"}


def test_the_pages_lead_from_the_shortage_to_the_bank_statement(short, treasurer, now):
    """F130: asked for with what is missing filled in, written down, and said where it stands."""
    client = people.in_english(treasurer)
    address = reverse("finance:desk_covers")
    assert address in client.get(reverse("finance:desk_proof")).content.decode()
    page = client.get(address).content.decode()
    assert 'value="6.00"' in page
    assert "6.00 yuan are missing" in page

    said = {"escrow": ESCROW, "own_bank": OWN, "amount": "6.00", "reason": "fee"}
    answer = client.post(address, said)
    cover = Cover.objects.get()
    assert answer["Location"] == reverse("finance:desk_cover", args=[cover.code])
    assert "are missing" not in client.get(address).content.decode()
    approved(cover.approval_code, people.right_now())
    assert "btn--primary" in client.get(answer["Location"]).content.decode()  # the next deed
    wrong = client.post(answer["Location"], {"action": "paid", "paid_on": "", "bank_reference": ""})
    today = dates.in_shanghai(people.right_now()).date()
    done = client.post(
        answer["Location"], {"action": "paid", "paid_on": str(today), "bank_reference": "B1"}
    )

    assert (wrong.status_code, done.status_code) == (400, 302)
    cover.refresh_from_db()
    assert cover.state == "BOOKED"
    assert "not shown yet" in client.get(answer["Location"]).content.decode()
    auditor = people.behind(make.staff("auditor-cover", "auditor", now=now).member.user)
    assert auditor.get(address).status_code == auditor.get(answer["Location"]).status_code == 200
    assert auditor.post(address, said).status_code == 403
    assert auditor.post(answer["Location"], {"action": "drop", "reason": "x"}).status_code == 403
