"""What must hold in the books is asked again and again; what is broken stops payouts."""

from __future__ import annotations

import io
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import alarms, approvals, sequencing
from audit.models import ApprovalRequest
from finance import invariants, ledger, payouts, wallets, withdrawals
from finance.ledger import Move
from finance.models import InvariantRun, PayoutStop, Withdrawal
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.at_once import at_once
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

ONE_MORE = "UPDATE finance_account SET balance = balance + %s WHERE code = %s"
FULL, ROLLING = InvariantRun.Extent.FULL, InvariantRun.Extent.ROLLING


@pytest.fixture
def house():
    """Two players, deposits, a small withdrawal, and a large one that others approved."""
    alice, bob = make.player(), make.player("王海")
    make.fund(alice, 20_000_00)
    make.fund(bob, 300_00)
    small = make.withdraw(alice, 100_00, make.bank_account(alice))
    large = make.withdraw(alice, 6_000_00, make.bank_account(alice))
    cashier = make.staff("chuna9", "cashier").member.user
    checker = make.staff("fuhe9", "approver").member.user
    withdrawals.prepare(code=large.code, maker=cashier, now=make.NOW)
    large.refresh_from_db()
    approvals.decide(code=large.approval_code, checker=checker, approve=True, now=make.NOW)
    make.open_accounts(("stakes:t", "STAKES"))
    with transaction.atomic():
        ledger.post(
            reference="purchase:t",
            kind="PURCHASE",
            moves=[Move(wallets.purse_of(bob), "stakes:t", 50_00)],
        )
    return {"alice": alice, "bob": bob, "small": small, "large": large}


def broken(extent):
    found, _upto = invariants.look(extent=extent)
    return {one.name for one in found if not one.holds}


def by_force(statement, *values, table=""):
    """The owner's hand, with the guards of a table put to sleep meanwhile."""
    with as_owner() as owner:
        if table:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(statement, values or None)
        if table:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


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
    assert {one.code for one in full} == {"INV3", "INV4", "INV5", "INV9", "INV10", "INV13", "BOOKS"}
    assert {one.name for one in rolling} < {one.name for one in full}


def test_it_holds_also_when_the_books_are_rolled_up(house):
    sequencing.run_all()
    ledger.roll_up()

    assert broken(FULL) == broken(ROLLING) == set()


SEEDED = {
    "a balance edited": (
        "finance_account",
        "UPDATE finance_account SET balance = balance + 1 WHERE code = 'wallet:{alice}'",
        {"balance_follows_from_its_rows", "debits_equal_credits", "turnover_follows_from_the_rows"},
        {"balance_follows_from_its_rows", "debits_equal_credits"},
    ),
    "two balances edited, so that the sum is right": (
        "finance_account",
        (
            "UPDATE finance_account SET balance = balance + CASE WHEN code = 'wallet:{alice}'"
            " THEN 1 ELSE -1 END WHERE code IN ('wallet:{alice}', 'wallet:{bob}')"
        ),
        {"balance_follows_from_its_rows"},
        {"balance_follows_from_its_rows"},
    ),
    "a row of the books edited": (
        "finance_transfer",
        (
            "UPDATE finance_transfer SET amount = amount + 1 WHERE source_id ="
            " (SELECT id FROM finance_account WHERE code = 'wallet:{bob}')"
        ),
        {"balance_follows_from_its_rows"},
        {"balance_follows_from_its_rows", "moves_are_not_those_asked_for", "never_below_zero"},
    ),
    "a day's turnover edited": (
        "finance_turnover",
        "UPDATE finance_turnover SET moved_in = moved_in + 1 WHERE account_id <> 0",
        {"debits_equal_credits"},
        {"turnover_follows_from_the_rows"},
    ),
    "a credit nobody paid for": (
        "finance_providerevent",
        "DELETE FROM finance_providerevent WHERE amount = 30000",
        {"deposit_credited_once"},
        {"deposit_credited_once"},
    ),
    "two deposits of one trade": (
        "finance_deposit",
        "UPDATE finance_deposit SET provider_trade = 'T1'",
        {"deposit_credited_once"},
        {"deposit_credited_once"},
    ),
    "a payout without anybody's word": (
        "finance_withdrawal",
        "UPDATE finance_withdrawal SET approval_code = '' WHERE amount = 600000",
        {"payout_has_its_approval"},
        {"payout_has_its_approval"},
    ),
    "one approval for two payouts": (
        "finance_withdrawal",
        (
            "DROP INDEX withdrawal_approval_used_once;"
            "UPDATE finance_withdrawal SET approval_code ="
            " (SELECT max(approval_code) FROM finance_withdrawal)"
        ),
        {"payout_has_its_approval"},
        {"payout_has_its_approval"},
    ),
    "a payout larger than was approved": (
        "finance_withdrawal",
        "UPDATE finance_withdrawal SET amount = 700000 WHERE amount = 600000",
        {"payout_has_its_approval", "held_is_under_way"},
        {"payout_has_its_approval", "held_is_under_way"},
    ),
    "paid, but not in the books": (
        "finance_withdrawal",
        (
            "UPDATE finance_withdrawal SET state = 'PAID', sent_at = now(), ended_at = now()"
            " WHERE amount = 10000"
        ),
        {"withdrawal_paid_once", "held_is_under_way"},
        {"withdrawal_paid_once", "held_is_under_way", "provider_money_conserved"},
    ),
}


@pytest.mark.parametrize(
    ("table", "statement", "rolling", "full"), list(SEEDED.values()), ids=list(SEEDED)
)
def test_every_seeded_fault_is_found(house, table, statement, rolling, full):
    """INV3, INV5, INV9, INV10, INV13: by the check of every few minutes, and by that of the day."""
    sequencing.run_all()
    ledger.roll_up()
    codes = {"alice": house["alice"].code, "bob": house["bob"].code}
    by_force(statement.format(**codes), table=table)

    assert broken(ROLLING) >= rolling
    assert broken(FULL) >= full


def test_a_broken_invariant_raises_an_alarm_and_stops_payouts(house):
    """N05, money side"""
    by_force("UPDATE finance_turnover SET moved_in = moved_in + 1")
    by_force(ONE_MORE, 1, wallets.wallet_of(house["alice"]))

    run = invariants.check(extent=ROLLING, now=make.NOW)

    assert run.broken > 0
    alarm = {one.object_code for one in alarms.open_now()}
    assert "balance_follows_from_its_rows" in alarm
    (stop,) = payouts.open_stops()
    assert (stop.cause, "balance_follows_from_its_rows" in stop.facts["invariants"]) == (
        "invariants",
        True,
    )


def test_looking_again_when_all_is_right_clears_the_alarm_but_not_the_stop(house):
    """What stopped payouts is for people to judge."""
    code = wallets.wallet_of(house["alice"])
    by_force(ONE_MORE, 1, code)
    invariants.check(extent=ROLLING, now=make.NOW)
    by_force(ONE_MORE, -1, code)

    run = invariants.check(extent=ROLLING, now=make.NOW + timedelta(minutes=3))

    assert run.broken == 0
    assert alarms.open_now() == []
    assert payouts.are_stopped()


def test_check_money_prints_every_figure_and_fails_when_one_is_broken(house):
    """`check_money` exits with 0 in a healthy house, and with 1 in another."""
    said = io.StringIO()
    call_command("check_money", stdout=said)
    lines = said.getvalue().splitlines()

    assert len(lines) == len(invariants.all_of_them()) + 1
    assert "deposit_credited_once" in said.getvalue()
    assert "20,300.00" in said.getvalue()
    assert lines[-1].endswith("0 broken.")

    by_force("DELETE FROM finance_providerevent", table="finance_providerevent")
    with pytest.raises(SystemExit) as ended:
        call_command("check_money", stdout=io.StringIO())

    assert ended.value.code == 1
    assert not InvariantRun.objects.exists()
    assert not payouts.are_stopped()


def test_an_invariant_that_cannot_be_asked_is_broken(house):
    """Nobody knows whether it holds."""
    by_force("REVOKE SELECT ON finance_providerevent FROM lottery_app")

    assert "deposit_credited_once" in broken(FULL)


def stopped(now=make.NOW):
    return payouts.stop(cause="invariants", facts={"invariants": []}, now=now)


def test_while_payouts_are_stopped_no_withdrawal_goes_to_the_bank(house):
    """N05: it waits, approved; the bank hears nothing of it."""
    stopped()

    withdrawals.send(code=house["small"].code, now=make.NOW)

    house["small"].refresh_from_db()
    assert (house["small"].state, house["small"].sent_at) == ("APPROVED", None)
    assert wallets.held(house["alice"]) == 6_100_00


def test_the_database_refuses_to_send_one_whoever_asks(house):
    """Without the check of the door too."""
    stopped()
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


def test_a_lifted_stop_stays_as_it_was(house):
    stop = stopped()
    with as_owner() as owner, pytest.raises(Exception, match="lifted by its own approval"):
        owner.execute("DELETE FROM finance_payoutstop WHERE id = %s", [stop.pk])


def test_many_faults_at_once_make_one_stop_of_a_cause(house):
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
