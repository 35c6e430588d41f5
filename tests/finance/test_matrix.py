"""Who decides on how much: role by amount, as the policy says, by the door and by the database."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import staff
from audit import approvals, canonical, policies, waiting
from audit.models import ApprovalDecision, ApprovalRequest
from finance import adjustments, covers, payment_orders, recalls, refunds, withdrawals
from finance.ledger import Move
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.owner import as_owner

pytestmark = pytest.mark.django_db

_number = itertools.count(1)
WITHDRAWAL, CORRECTION = withdrawals.KIND, adjustments.KIND
RETURN, PAYMENT, COVER = refunds.KIND, payment_orders.KIND, covers.KIND
RECALL, CAME_BACK = recalls.RECALL_KIND, recalls.RETURN_KIND
ANY = 10**13
# Kind, post, the most it decides on in fen (0: nothing at all); worked out from the genesis policy.
MATRIX = [
    (WITHDRAWAL, "approver", ANY), (WITHDRAWAL, "treasurer", 50_000_00),
    (WITHDRAWAL, "cashier", 0), (WITHDRAWAL, "compliance", 0), (WITHDRAWAL, "auditor", 0),
    (CORRECTION, "approver", ANY), (CORRECTION, "compliance", 100_000_00),
    (CORRECTION, "treasurer", 0), (CORRECTION, "cashier", 0), (CORRECTION, "regulator", 0),
    (RETURN, "approver", ANY), (RETURN, "compliance", 100_000_00), (RETURN, "treasurer", 0),
    (PAYMENT, "approver", ANY), (PAYMENT, "compliance", 10_000_000_00), (PAYMENT, "treasurer", 0),
    (COVER, "approver", ANY), (COVER, "compliance", 10_000_000_00), (COVER, "treasurer", 0),
    (RECALL, "approver", ANY), (RECALL, "treasurer", 50_000_00), (RECALL, "cashier", 0),
    (CAME_BACK, "approver", ANY), (CAME_BACK, "compliance", 100_000_00),
    (CAME_BACK, "treasurer", 0),
]  # fmt: skip


def asked(kind, fen):
    """A request of this kind and amount, as its door would write it down."""
    payload = canonical.page({"amount_fen": fen, "withdrawal": "W", "player": "P", "bank": "…6021"})
    return ApprovalRequest.objects.create(
        kind=kind,
        payload=payload,
        digest=canonical.digest(payload),
        amount_fen=fen,
        maker=make.staff(f"asker{next(_number)}", "treasurer").member.user,
        needed=9,
        requested_at=make.NOW,
        expires_at=make.NOW + timedelta(days=1),
    )


def decided(row, checker, *, approve=True):
    return approvals.decide(
        code=row.code, checker=checker, approve=approve, reason="金额不符", now=make.NOW
    )


@pytest.mark.parametrize(("kind", "post", "most"), MATRIX)
def test_every_post_decides_up_to_its_amount_and_not_one_fen_more(kind, post, most):
    """F120: the matrix of roles and amounts."""
    checker = make.staff("checker", post).member.user
    if not most:
        with pytest.raises(approvals.MayNotDecide):
            decided(asked(kind, 1), checker)
        assert not ApprovalDecision.objects.exists()
        return
    within = asked(kind, most)
    assert decided(within, checker).state == "OPEN"  # others sign after him
    assert [word.is_yes for word in approvals.words_on(within.code)] == [True]


@pytest.mark.parametrize(
    ("kind", "post", "most"), [row for row in MATRIX if 0 < row[2] < ANY], ids=str
)
@pytest.mark.parametrize("approve", [True, False])
def test_one_fen_above_a_tier_is_refused(kind, post, most, approve):
    """F120: neither signed nor sent back, and nothing is kept of it."""
    checker = make.staff("checker", post).member.user
    above = asked(kind, most + 1)

    with pytest.raises(approvals.AboveTheTier):
        decided(above, checker, approve=approve)

    above.refresh_from_db()
    assert above.state == "OPEN"
    assert not ApprovalDecision.objects.exists()


def by_hand(row, checker):
    return ApprovalDecision.objects.create(
        request=row, checker=checker, approved=True, digest=row.digest, decided_at=make.NOW
    )


def test_the_database_refuses_it_past_the_door():
    """F120"""
    checker = make.staff("checker", "treasurer").member.user

    above = asked(WITHDRAWAL, 50_000_01)

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        by_hand(above, checker)

    assert violated(caught.value) == "decision_within_the_tier"
    assert by_hand(asked(WITHDRAWAL, 50_000_00), checker).pk


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_its_guard_the_database_would_take_it():
    """F120: the guard is what refuses, not chance."""
    checker = make.staff("checker", "treasurer").member.user
    row = asked(WITHDRAWAL, 50_000_01)
    with as_owner() as owner:
        owner.execute("ALTER TABLE audit_approvaldecision DISABLE TRIGGER audit_tier_of_checker")

    assert by_hand(row, checker).pk


def test_a_post_that_the_policy_does_not_name_decides_on_nothing():
    """F120: who is left out of the matrix has no tier."""
    now = people.right_now()
    maker = people.member("treasurer").user
    request = policies.request_change(
        key=approvals.UP_TO,
        scope=WITHDRAWAL,
        value={"approver": 10_000_00},
        reason="董事会决议",
        maker=maker,
        now=now,
    )
    approvals.decide(
        code=request.code, checker=people.member("approver").user, approve=True, now=now
    )
    treasurer, approver = (people.member(post).user for post in ("treasurer", "approver"))

    with pytest.raises(approvals.AboveTheTier):
        decided(asked(WITHDRAWAL, 1), treasurer)
    with pytest.raises(approvals.AboveTheTier):
        decided(asked(WITHDRAWAL, 10_000_01), approver)
    least = asked(WITHDRAWAL, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        by_hand(least, treasurer)
    assert decided(asked(WITHDRAWAL, 10_000_00), approver).state == "OPEN"


def test_who_has_two_posts_decides_as_the_higher_of_them():
    """F120"""
    made = make.staff("checker", "treasurer").member
    staff.appoint_at_genesis(made, "approver", now=make.NOW)

    assert decided(asked(WITHDRAWAL, 50_000_01), made.user).state == "OPEN"


def test_what_is_above_a_tier_waits_for_others_on_every_page():
    """F120: it is not counted as waiting for him, and the page says whose it is."""
    member = people.member("treasurer")
    row = asked(WITHDRAWAL, 60_000_00)
    small = asked(WITHDRAWAL, 6_000_00)
    client = people.behind(member.user)
    client.cookies["language"] = "en"

    page = client.get(f"/desk/approvals/{row.code}/").content.decode()

    assert set(waiting.open_for(member.user, people.right_now())) == {small}
    assert "Your post decides up to 50,000.00 yuan." in page
    assert "Sign and confirm" not in page


def test_the_matrix_reads_as_words_on_the_page_of_policies():
    """F120, D12"""
    client = people.behind(people.member("treasurer").user)
    client.cookies["language"] = "en"

    page = client.get("/desk/policies/").content.decode()

    assert "Pay out a withdrawal" in page
    assert "up to 50,000.00 yuan" in page
    assert "any amount" in page
    assert "up to 10,000.00 yuan: 1; above that: 2" in page


def test_a_correction_above_the_tier_of_compliance_books_nothing():
    """F120, F212: through the doors, to the books."""
    make.open_accounts(("suspense:bank", "SUSPENSE"), ("income:other", "INCOME"))
    made = make.adjustment(Move("suspense:bank", "income:other", 100_000_01))
    checker = make.staff("checker", "compliance").member.user

    with pytest.raises(approvals.AboveTheTier):
        approvals.decide(code=made.approval_code, checker=checker, approve=True, now=make.NOW)

    made.refresh_from_db()
    assert (made.booked_at, made.after) == (None, None)
