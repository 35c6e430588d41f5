"""What must hold in the books is asked again and again; what is broken stops payouts."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import alarms, approvals, sequencing
from audit.models import ApprovalRequest
from finance import invariants, ledger, payouts, wallets, withdrawals
from finance.models import Deposit, InvariantRun, PayoutStop, Withdrawal
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.at_once import at_once
from tests.owner import as_owner

from . import checked_house

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

ONE_MORE = "UPDATE finance_account SET balance = balance + %s WHERE code = %s"
FULL, ROLLING = InvariantRun.Extent.FULL, InvariantRun.Extent.ROLLING


@pytest.fixture
def house():
    return checked_house.made()


def broken(extent):
    found, _upto = invariants.look(extent=extent)
    return {one.name for one in found if not one.holds}


def test_in_a_healthy_house_everything_holds(house):
    """INV3, INV4, INV5, INV9, INV10, INV13 with their figures, from the first entry and since."""
    full, _upto = invariants.look(extent=FULL)
    rolling, _upto = invariants.look(extent=ROLLING)

    assert [one.broken_by for one in full if not one.holds] == []
    assert [one.broken_by for one in rolling if not one.holds] == []
    figures = {one.name: one.figure for one in full}
    assert figures["nothing_below_zero"] == 20_250_00
    assert figures["deposit_credited_once"] == 20_300_00
    assert figures["held_is_under_way"] == 6_100_00
    assert figures["payout_has_its_approval"] == 1
    assert {one.code for one in full} == {
        "INV1", "INV3", "INV4", "INV5", "INV9", "INV10", "INV13", "BOOKS",
    }  # fmt: skip
    assert {one.name for one in rolling} < {one.name for one in full}

    # It holds also when the books are rolled up.
    sequencing.run_all()
    ledger.roll_up()

    assert broken(FULL) == broken(ROLLING) == set()


def test_a_broken_invariant_raises_an_alarm_and_stops_payouts(house):
    """N05, money side"""
    code = wallets.wallet_of(house["alice"])
    checked_house.by_force("UPDATE finance_turnover SET moved_in = moved_in + 1")
    checked_house.by_force(ONE_MORE, 1, code)

    run = invariants.check(extent=ROLLING, now=make.NOW)

    assert run.broken > 0
    alarm = {one.object_code for one in alarms.open_now()}
    assert "balance_follows_from_its_rows" in alarm
    (stop,) = payouts.open_stops()
    assert (stop.cause, "balance_follows_from_its_rows" in stop.facts["invariants"]) == (
        "invariants",
        True,
    )

    # Looking again when all is right clears the alarm; what stopped payouts is for people to judge.
    checked_house.by_force("UPDATE finance_turnover SET moved_in = moved_in - 1")
    checked_house.by_force(ONE_MORE, -1, code)

    run = invariants.check(extent=ROLLING, now=make.NOW + timedelta(minutes=3))

    assert run.broken == 0
    assert alarms.open_now() == []
    assert payouts.are_stopped()


LONG_AGO = "2020-01-01 00:00+00"
# Each is spoilt by one statement with the row's code; what it says of when is set beside it.
SPOILT = {
    "deposit_credited_once": (
        "UPDATE finance_deposit SET amount = amount + 1, credited_at = %s WHERE code = %s",
        "finance_deposit",
    ),
    "payout_has_its_approval": (
        "UPDATE finance_withdrawal SET approval_code = '', approved_at = %s WHERE code = %s",
        "finance_withdrawal",
    ),
    "withdrawal_paid_once": (
        "UPDATE finance_withdrawal SET state = 'PAID', ended_at = %s WHERE code = %s",
        "finance_withdrawal",
    ),
}


@pytest.mark.thorough
def test_a_new_fault_is_found_within_minutes_and_an_old_one_at_night(house):
    """N05, F103: every few minutes what has moved since, every night all of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM finance_transfer")
        (since,) = cursor.fetchone()

    def found(name, extent):
        findings, _upto = invariants.look(extent=extent, since=since)
        return name in {one.name for one in findings if not one.holds}

    for name, (statement, table) in SPOILT.items():
        is_payout = table == "finance_withdrawal"
        row = house["large"] if is_payout else Deposit.objects.earliest("pk")
        assert not found(name, ROLLING)
        checked_house.by_force(statement, LONG_AGO, row.code, table=table)
        assert (found(name, ROLLING), found(name, FULL)) == (False, True), name
        checked_house.by_force(statement, make.NOW, row.code, table=table)
        assert (found(name, ROLLING), found(name, FULL)) == (True, True), name


def test_an_invariant_that_cannot_be_asked_is_broken(house):
    """Nobody knows whether it holds."""
    checked_house.by_force("REVOKE SELECT ON finance_providerevent FROM lottery_app")

    assert "deposit_credited_once" in broken(FULL)


def stopped(now=make.NOW):
    return payouts.stop(cause="invariants", facts={"invariants": []}, now=now)


def test_while_payouts_are_stopped_no_withdrawal_goes_to_the_bank(house):
    """N05: it waits, approved; the bank hears nothing of it. The database refuses it too."""
    stopped()

    withdrawals.send(code=house["small"].code, now=make.NOW)

    house["small"].refresh_from_db()
    assert (house["small"].state, house["small"].sent_at) == ("APPROVED", None)
    assert wallets.held(house["alice"]) == 6_100_00

    # Without the check of the door, whoever asks.
    row = Withdrawal.objects.filter(pk=house["small"].pk)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        row.update(state="SENDING", sent_at=make.NOW)

    assert violated(caught.value) == "withdrawal_payouts_open"
    with as_owner() as owner:
        owner.execute(
            "ALTER TABLE finance_withdrawal DISABLE TRIGGER finance_withdrawal_payouts_open"
        )
    with transaction.atomic():
        assert row.update(state="SENDING", sent_at=make.NOW) == 1


def test_a_stop_is_lifted_by_others_only_and_then_what_waited_goes_on(house):
    """F120"""
    stop = stopped()
    with as_owner() as owner, pytest.raises(Exception, match="lifted by its own approval"):
        owner.execute("DELETE FROM finance_payoutstop WHERE id = %s", [stop.pk])
    maker = make.staff("siku9", "treasurer").member.user
    checker = make.staff("fuhe8", "approver").member.user

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        PayoutStop.objects.filter(pk=stop.pk).update(lifted_at=make.NOW, approval_code="A1")
    assert violated(caught.value) == "payout_stop_stands"
    asked = payouts.ask_to_lift(code=stop.code, reason="查明", maker=maker, now=make.NOW)
    assert payouts.are_stopped()
    approvals.decide(code=asked.code, checker=checker, approve=True, now=make.NOW)

    stop.refresh_from_db()
    assert (stop.approval_code, payouts.are_stopped()) == (asked.code, False)
    waiting = Job.objects.filter(kind="finance.send_withdrawal", key__endswith=f":{stop.code}")
    assert waiting.count() == 2
    assert ApprovalRequest.objects.get(code=asked.code).state == "PERFORMED"


def test_many_faults_at_once_make_one_stop_of_a_cause():
    results = at_once([stopped] * 8)

    assert len({one.pk for one in results}) == 1
    assert PayoutStop.objects.count() == 1


def send_by_hand(withdrawal):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")
        return Withdrawal.objects.filter(pk=withdrawal.pk).update(
            state="SENDING", sent_at=people.right_now()
        )


def test_once_a_stop_is_written_nothing_is_sent_any_more(house):
    """Whoever was first: a withdrawal that was sent had been sent before the stop was written."""
    results = at_once([partial(send_by_hand, house["small"]), stopped])

    house["small"].refresh_from_db()
    is_sent = house["small"].state == "SENDING"
    assert is_sent == (results[0] == 1)
    with pytest.raises(IntegrityError):
        send_by_hand(house["large"])


def test_the_desk_shows_what_holds_and_stops_payouts(house):
    invariants.check(extent=FULL, now=make.NOW)
    treasurer = people.behind(people.member("treasurer").user)
    treasurer.cookies["language"] = "en"

    page = treasurer.get("/desk/checks/").content.decode()
    assert "provider_money_conserved" in page
    assert "20,300.00" in page
    assert "Payouts are open." in page
    treasurer.post("/desk/payouts/stop/", {"reason": "bank statement differs"})

    (stop,) = payouts.open_stops()
    assert (stop.cause, stop.facts) == ("staff", {"reason": "bank statement differs"})
    assert "bank statement differs" in treasurer.get("/desk/checks/").content.decode()
    answer = treasurer.post(f"/desk/payouts/{stop.code}/lift/", {"reason": "explained"})
    assert answer.status_code == 302
    assert ApprovalRequest.objects.filter(kind="finance.payouts_on", state="OPEN").count() == 1
    assert payouts.are_stopped()
