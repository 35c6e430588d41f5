"""A hold stops the clock and the money; when it is lifted, the days left are left (F081, F087)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction

from accounts import staff
from accounts.models import Delivery, Message
from audit import approvals
from finance import ledger
from lottery_portal.lib.db import database_time, violated
from prizes.claim_models import Claim, PrizeEnd
from prizes.deadline_models import ClaimLimit, Hold, HoldLift
from prizes.redemption import forfeiture, holds, limits
from tests import people
from tests.owner import as_owner, guards_up
from tests.samples import one_in

from . import lapsing

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)


@pytest.fixture
def draw(begin):
    return begin(lapsing.seven_wait)


def last_day_of(prize):
    found = limits.of(prize)
    assert found is not None
    return found.last_day


def test_while_it_stands_nobody_pays_and_nothing_lapses(draw):
    """F081: neither approved, paid nor ended, whoever tries, and the clock stands."""
    first, second, *_rest = lapsing.prizes_of(draw)
    today = lapsing.today()
    claim = lapsing.claimed(first, state="SIGNED")
    one = lapsing.held(first)
    lapsing.held(second)
    set_aside = ledger.balance(f"unclaimed:{draw.code}")

    for state in ("APPROVED", "PAYING", "PAID"):
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            lapsing.moved(claim, state)
        assert caught.value.diag.constraint_name == "claim_not_while_held"
    with as_owner() as hand, pytest.raises(psycopg.errors.CheckViolation) as caught:
        hand.execute(
            "INSERT INTO prizes_prizeend (prize_id, kind, claim_id, amount, tax, net,"
            " entry_reference, ended_at) VALUES (%s, 'PAID', %s, %s, 0, %s, 'x', now())",
            [first.pk, claim, first.amount, first.amount],
        )
    assert caught.value.diag.constraint_name == "prize_end_not_while_held"
    lapsing.last_day_is(draw, today - DAY)
    assert lapsing.asked_of_sql("prizes_claimable_until(%s) = 'infinity'", second.pk)
    assert not lapsing.asked_of_sql("prizes_forfeit(%s)", second.pk)
    shown = limits.of(second)
    assert shown is not None
    assert (shown.is_held, shown.until) == (True, None)

    assert forfeiture.forfeit_due() == 5  # the others of the draw
    assert Claim.objects.get(pk=claim).state == "SIGNED"
    assert not PrizeEnd.objects.filter(prize__in=[first, second]).exists()
    left = first.amount + second.amount
    assert ledger.balance(f"unclaimed:{draw.code}") == left < set_aside
    lapsing.lifted(one)
    lapsing.moved(claim, "APPROVED")
    assert Claim.objects.get(pk=claim).state == "APPROVED"


@pytest.mark.parametrize("left", one_in(3, [1, 0, 5]))
def test_the_days_left_are_left_when_it_is_lifted(draw, left):
    """F081, N11: held for ten days with so many left; written once, told in messages and a sum."""
    prize = lapsing.prizes_of(draw)[0]
    today = lapsing.today()
    lapsing.last_day_is(draw, today - 10 * DAY + left * DAY)
    one = hold_since(prize, days=10)

    lapsing.lifted(one)

    limit = ClaimLimit.objects.get(prize=prize)
    assert (limit.days, limit.before, limit.held_from, limit.held_until) == (
        10, today - 10 * DAY + left * DAY, today - 10 * DAY, today,
    )  # fmt: skip
    assert limit.last_day >= today + left * DAY  # on, where that is a holiday
    assert last_day_of(prize) == limit.last_day
    shown = limits.of(prize)
    assert shown is not None
    assert (shown.sum_.held_days, shown.is_held) == (10, False)
    assert shown.until == lapsing.midnight_after(limit.last_day)
    told = Message.objects.filter(user=prize.owner.user, kind__in=[holds.BEGUN, holds.OVER])
    assert [one.kind for one in told.order_by("pk")] == [holds.BEGUN, holds.OVER]
    assert Delivery.objects.filter(message__in=told, state="DELIVERED").count() >= 2


def hold_since(prize, *, days, kind="COURT", order="(2026)粤01执保1号"):
    """A hold that began so many days ago."""
    one = lapsing.held(prize, kind, order=order)
    lapsing.held_for(one, days)
    one.refresh_from_db()
    return one


def test_days_under_two_holds_are_given_back_once(draw):
    """F081: one for ten days, another beside it; the clock goes on when both are lifted."""
    prize = lapsing.prizes_of(draw)[0]
    last = last_day_of(prize)
    court = hold_since(prize, days=10)
    dispute = hold_since(prize, days=4, kind="DISPUTE", order="争议1")
    with pytest.raises(holds.HeldAlready):
        lapsing.held(prize)

    lapsing.lifted(court)
    assert not ClaimLimit.objects.exists()
    assert not lapsing.asked_of_sql("prizes_may_go_on(%s)", prize.pk)
    lapsing.lifted(dispute)

    limit = ClaimLimit.objects.get()
    assert (limit.before, limit.days) == (last, 10)
    # A hold that began when nothing was left gives nothing back.
    lapsing.claimed(prize)
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_claimlimit DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE prizes_claimlimit SET before = before - 300, last_day = last_day - 300"
        )
        guards_up(hand)
    lapsing.lifted(lapsing.held(prize, "INVESTIGATION", order="调查1"))
    assert ClaimLimit.objects.count() == 1


def test_it_begins_by_an_officer_and_ends_by_the_word_of_another(draw):
    """F081: nobody lifts alone, past the door, or by a paper for another hold."""
    first, second, *_rest = lapsing.prizes_of(draw)
    officer = lapsing.officer()
    with pytest.raises(holds.NotForThisRole):
        lapsing.held(first, by=people.member("cashier").user)
    with pytest.raises(holds.OrderMissing):
        lapsing.held(first, order=" ", by=officer)
    assert not Hold.objects.exists()
    one, other = lapsing.held(first, by=officer), lapsing.held(second, by=officer)
    asked = holds.ask_to_lift(hold=one, decision="准予", maker=officer, now=database_time())
    with pytest.raises(approvals.OnePerson):
        approvals.decide(code=asked.code, checker=_also(officer), approve=True, now=database_time())

    for hold, code, decision in ((one, asked.code, "准予"), (other, asked.code, "准予")):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            HoldLift.objects.create(
                hold=hold, decision=decision, approval_code=code, lifted_by=officer,
                lifted_at=database_time(),
            )  # fmt: skip
        assert violated(caught.value) == "hold_lifted_by_the_word_of_another"
    lapsing.signed(asked.code, "treasurer")
    assert not Hold.objects.standing().filter(pk=one.pk).exists()
    with pytest.raises(holds.NotHeld):
        holds.ask_to_lift(hold=one, decision="再次", maker=officer, now=database_time())
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        HoldLift.objects.create(
            hold=other, decision="准予", approval_code=asked.code, lifted_by=officer,
            lifted_at=database_time(),
        )  # fmt: skip
    assert violated(caught.value) == "hold_lifted_by_the_word_of_another"
    for change in ("UPDATE prizes_hold SET reason = 'x'", "DELETE FROM prizes_holdlift"):
        with as_owner() as hand, pytest.raises(psycopg.errors.RestrictViolation):
            hand.execute(change)
    lapsing.last_day_is(draw, lapsing.today() - DAY)
    forfeiture.forfeit_due()
    with pytest.raises(holds.PrizeIsOver):
        lapsing.held(lapsing.prizes_of(draw)[3])


def _also(user):
    """The same person in another post."""
    staff.appoint_at_genesis(user.staff_member, "approver", now=people.NOW)
    return user


def test_a_minors_prize_goes_on_by_counsels_decision_only(draw):
    """F087: compliance record the decision, another agrees; no officer, and not by another kind."""
    prize = lapsing.prizes_of(draw)[0]
    one = lapsing.held(prize, "MINOR", order="监护人材料1")
    officer = lapsing.officer()
    with pytest.raises(approvals.MayNotAsk):
        holds.ask_to_lift(hold=one, decision="法务意见1", maker=officer, now=database_time())
    with pytest.raises(holds.OrderMissing):
        holds.ask_to_lift(
            hold=one, decision=" ", maker=people.member("compliance").user, now=database_time()
        )
    with pytest.raises(holds.CounselMissing):
        holds.ask_to_lift(
            hold=one, decision="法务意见1", maker=people.member("compliance").user,
            now=database_time(),
        )  # fmt: skip
    forged = approvals.request(
        kind=holds.LIFT, maker=officer, now=database_time(),
        payload={
            "hold": one.code, "kind": "COURT", "order": "x", "since": one.opened_at,
            "ticket": prize.ticket.code, "prize_fen": 1, "decision": "x",
        },
    )  # fmt: skip
    with pytest.raises(DatabaseError) as caught:
        lapsing.signed(forged.code, "approver")
    assert violated(caught.value) == "hold_lifted_by_the_word_of_another"
    assert not lapsing.asked_of_sql("prizes_may_go_on(%s)", prize.pk)

    lapsing.lifted(one, decision="法务意见2026-1")

    assert lapsing.asked_of_sql("prizes_may_go_on(%s)", prize.pk)


@pytest.mark.thorough
def test_no_last_day_is_moved_by_hand(draw):
    """N11: a later day without a hold or a letter, or with more days than were held, is refused."""
    prize = lapsing.prizes_of(draw)[0]
    last = last_day_of(prize)
    one = hold_since(prize, days=3)
    with as_owner() as hand:  # lifted, and the days not given back yet
        hand.execute("ALTER TABLE prizes_holdlift DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO prizes_holdlift (hold_id, decision, approval_code, lifted_by_id,"
            " lifted_at) VALUES (%s, 'x', 'x', %s, clock_timestamp())",
            [one.pk, one.opened_by_id],
        )
        guards_up(hand)
    today = lapsing.today()
    right = {
        "prize": prize, "number": 1, "kind": "HELD", "before": last, "held_from": today - 3 * DAY,
        "held_until": today, "days": 3, "last_day": last + 3 * DAY, "lift": one.lift,
        "set_at": database_time(),
    }  # fmt: skip
    for wrong in (
        {"days": 4, "last_day": last + 4 * DAY},
        {"held_from": today - 4 * DAY, "days": 4, "last_day": last + 4 * DAY},
        {"before": last + DAY, "last_day": last + 4 * DAY},
        {"last_day": last + 4 * DAY},
        {"number": 2},
        {"prize": lapsing.prizes_of(draw)[1]},
    ):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            ClaimLimit.objects.create(**right | wrong)
        assert violated(caught.value) == "claim_limit_goes_on"
    ClaimLimit.objects.create(**right)
    assert last_day_of(prize) == last + 3 * DAY


@pytest.mark.thorough
def test_the_desk_holds_and_asks_to_lift(draw):
    """F081: an officer at the desk; who only reads has no form; the winner reads which order."""
    prize = lapsing.prizes_of(draw)[0]
    client = people.in_english(lapsing.officer())
    said = {
        "ticket": prize.ticket.code, "kind": "COURT", "order_reference": "(2026)粤01执保1号",
        "reason": "法院来函",
    }  # fmt: skip

    unknown = client.post("/desk/prizes/holds/", said | {"ticket": "0000"})
    begun = client.post("/desk/prizes/holds/", said)
    asked = client.post(begun["Location"], {"decision": "(2026)粤01执保1号之二"})

    assert (unknown.status_code, begun.status_code, asked.status_code) == (400, 302, 302)
    assert asked["Location"].startswith("/desk/approvals/")
    words = people.text(people.in_english(people.member("approver").user).get(asked["Location"]))
    assert "粤01执保1号之二" in words
    under_way = people.text(client.get(begun["Location"]))
    assert "others decide" in under_way
    assert "Lift the hold" not in under_way
    winner = people.in_english(prize.owner.user)
    for page in ("", "deadline/"):
        told = people.text(winner.get(f"/prizes/{prize.ticket.code}/{page}"))
        assert "Order of a court" in told
        assert "(2026)粤01执保1号" in told
        assert "法院来函" not in told
    assert "Order of a court" in people.text(client.get("/desk/prizes/holds/"))
    auditor = people.in_english(people.member("auditor").user)
    assert "order_reference" not in people.text(auditor.get("/desk/prizes/holds/"))
    assert auditor.post("/desk/prizes/holds/", said).status_code == 403
    page = people.text(
        people.in_english(prize.owner.user).get(f"/prizes/{prize.ticket.code}/deadline/")
    )
    assert "The clock stands." in page
