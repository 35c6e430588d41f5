"""Deposits back to their source: planned, agreed, carried out to the fen or not at all (F115)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.models import Message
from audit import approvals
from finance import deposits, inbox, ledger, refunds, wallets
from finance.ledger import Move
from finance.models import Deposit, DepositReturn, Entry, ReturnPlan
from lottery_portal import jobs
from lottery_portal.lib.db import violated
from lottery_portal.sandbox_bank.models import Payment, Refund
from tests import make_money as make
from tests import people

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


@pytest.fixture
def treasurer(now):
    return make.staff("caiwu8", "treasurer", now=now).member.user


def paid(player, fen, now):
    """A deposit that was paid at the sandbox bank and is in the balance."""
    deposit = deposits.begin(
        player=player, amount=fen, provider="sandbox", request_key=uuid4(), now=now
    )
    Client().post(f"/bank/pay/{deposit.provider_trade}/", {"action": "pay"})
    inbox.poll(now=now + timedelta(seconds=61))
    deposit.refresh_from_db()
    return deposit


def plan(found, maker, now, **changes):
    run = refunds.dry_run(found, **changes)
    return refunds.plan(run=run, reason="重复扣款", maker=maker, now=now)


def agreed(made, now):
    checker = make.staff("fuhe8", "approver", now=now).member.user
    approvals.decide(code=made.approval_code, checker=checker, approve=True, now=now)
    made.refresh_from_db()
    return made


def refused_by(deed):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed()
    return violated(caught.value)


def test_a_small_single_refund_goes_back_at_once(bank, alice, treasurer, now):
    """F115"""
    deposit = paid(alice, 100_00, now)

    made = plan([deposit], treasurer, now)
    assert wallets.available(alice) == 0
    jobs.run_pending()

    row = made.returns.get()
    assert (row.state, row.amount, made.approval_code) == ("DONE", 100_00, "")
    assert Refund.objects.get().amount == 100_00
    assert Payment.objects.get().state == "REFUNDED"
    assert ledger.balance("clearing:sandbox") == 0
    assert Message.objects.filter(user=alice.user, kind="finance.return_done").count() == 1
    assert ledger.verify_books() == []


def test_our_own_refund_is_no_chargeback(bank, alice, treasurer, now):
    """F115: the bank says REFUNDED, and nothing is taken a second time."""
    deposit = paid(alice, 100_00, now)
    plan([deposit], treasurer, now)
    jobs.run_pending()

    make.told(deposit, event="back", state="REFUNDED", trade=deposit.provider_trade, now=now)

    deposit.refresh_from_db()
    assert deposit.state == "CREDITED"
    assert wallets.available(alice) == 0
    assert not Entry.objects.filter(kind="CHARGEBACK").exists()


def test_a_chargeback_after_a_part_went_back_takes_the_rest(bank, alice, treasurer, now):
    deposit = paid(alice, 100_00, now)
    plan([deposit], treasurer, now, amount=30_00)
    jobs.run_pending()

    make.told(deposit, event="back", state="REFUNDED", trade=deposit.provider_trade, now=now)

    assert wallets.available(alice) == 0
    assert ledger.balance("clearing:sandbox") == 0
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_the_dry_run_of_many_is_the_sum_that_is_carried_out(bank, alice, treasurer, now):
    """F115: four eyes, several players, spent money left out, to the fen."""
    bob = make.player("王海", now=now)
    made_deposits = [paid(alice, 60_00, now), paid(alice, 50_00, now), paid(bob, 70_01, now)]
    make.withdraw(alice, 30_00, make.bank_account(alice, now=now), now=now)
    before = wallets.available(alice) + wallets.available(bob)

    run = refunds.dry_run(made_deposits)
    assert [row.returnable_fen for row in run.rows] == [60_00, 20_00, 70_01]
    assert [row.lacking_fen for row in run.rows] == [0, 30_00, 0]
    made = refunds.plan(run=run, reason="通道重复扣款", maker=treasurer, now=now)
    assert wallets.available(alice) + wallets.available(bob) == before
    assert not DepositReturn.objects.exists()
    agreed(made, now)
    jobs.run_pending()

    assert made.total == run.total_fen == 150_01
    assert before - wallets.available(alice) - wallets.available(bob) == run.total_fen
    assert sum(row.amount for row in Refund.objects.all()) == run.total_fen
    assert set(made.returns.values_list("state", flat=True)) == {"DONE"}
    assert ledger.verify_books() == []


def test_a_plan_that_no_longer_fits_is_not_carried_out_at_all(bank, alice, treasurer, now):
    """F115: all of it or nothing."""
    made = plan([paid(alice, 60_00, now), paid(alice, 50_00, now)], treasurer, now)
    make.withdraw(alice, 1_00, make.bank_account(alice, now=now), now=now)
    wallets_before = wallets.available(alice)

    with pytest.raises(refunds.PlanOutdated):
        agreed(made, now)

    assert wallets.available(alice) == wallets_before
    assert not DepositReturn.objects.exists()
    assert not Entry.objects.filter(kind="DEPOSIT_RETURNED").exists()


def test_nobody_plans_and_agrees_alone(bank, alice, treasurer, now):
    """F115"""
    made = plan([paid(alice, 60_00, now), paid(alice, 50_00, now)], treasurer, now)

    with pytest.raises(approvals.MayNotDecide):
        approvals.decide(code=made.approval_code, checker=treasurer, approve=True, now=now)

    assert not DepositReturn.objects.exists()


def test_a_large_single_refund_needs_another_person(bank, alice, treasurer, now):
    made = plan([paid(alice, 5_000_01, now)], treasurer, now)

    assert made.approval_code
    assert made.performed_at is None
    assert wallets.available(alice) == 5_000_01


def test_what_the_bank_cannot_return_is_in_the_balance_again(bank, alice, treasurer, now):
    """F115"""
    deposit = paid(alice, 100_44, now)

    made = plan([deposit], treasurer, now)
    jobs.run_pending()

    row = made.returns.get()
    assert (row.state, row.reason) == ("FAILED", "The account is closed.")
    assert wallets.available(alice) == 100_44
    assert refunds.left_of(deposit) == 100_44
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_a_lost_answer_is_asked_after_and_never_returned_twice(bank, alice, treasurer, now):
    """F115: the bank did it, and nobody heard."""
    made = plan([paid(alice, 100_55, now)], treasurer, now)
    jobs.run_pending()
    assert made.returns.get().state == "UNKNOWN"

    refunds.poll(now=people.right_now() + timedelta(seconds=61))

    assert made.returns.get().state == "DONE"
    assert Refund.objects.count() == 1
    assert wallets.available(alice) == 0


def test_a_refund_waits_while_the_bank_is_out_of_reach(bank, alice, treasurer, now, settings):
    made = plan([paid(alice, 100_00, now)], treasurer, now)
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    refunds.send(code=made.returns.get().code, now=now)
    assert made.returns.get().state == "UNKNOWN"
    settings.PUBLIC_URL = bank

    refunds.poll(now=people.right_now() + timedelta(seconds=61))

    assert made.returns.get().state == "DONE"
    assert Refund.objects.count() == 1


def credit_anyhow(deposit, now):
    """Past all doors."""
    ledger.post(
        reference=f"deposit:{deposit.code}",
        kind="DEPOSIT",
        moves=[Move("clearing:sandbox", f"wallet:{deposit.player_code}", deposit.amount)],
    )
    Deposit.objects.filter(pk=deposit.pk).update(state="BEGUN")
    Deposit.objects.filter(pk=deposit.pk).update(state="CREDITED", credited_at=now)


def test_money_set_aside_goes_back_without_touching_a_balance(bank, alice, treasurer, now):
    """F115, F006: what somebody else paid returns to him, and is never credited afterwards."""
    make.fund(alice, 5_00, now=now)
    deposit = deposits.begin(
        player=alice, amount=100_13, provider="sandbox", request_key=uuid4(), now=now
    )
    Client().post(f"/bank/pay/{deposit.provider_trade}/", {"action": "pay"})
    make.told(deposit, payer="王海", trade=deposit.provider_trade, now=now)
    deposit.refresh_from_db()
    assert deposit.state == "QUARANTINED"

    made = plan([deposit], treasurer, now)
    assert refused_by(lambda: credit_anyhow(deposit, now)) == "deposit_returned_stays_out"
    jobs.run_pending()

    deposit.refresh_from_db()
    assert made.returns.get().state == "DONE"
    assert deposit.state == "CLOSED"
    assert wallets.available(alice) == 5_00
    assert ledger.verify_books() == []


def test_no_more_goes_back_than_was_paid(bank, alice, treasurer, now):
    """F115"""
    deposit = paid(alice, 100_00, now)
    make.fund(alice, 500_00, now=now)
    plan([deposit], treasurer, now, amount=60_00)

    assert refunds.left_of(deposit) == 40_00
    assert plan([deposit], treasurer, now, amount=60_00).total == 40_00
    with pytest.raises(refunds.NothingToReturn):
        plan([deposit], treasurer, now)


def test_nobody_sends_his_own_money_back(bank, now):
    own = make.player("何静", now=now)
    user = make.staff("caiwu7", "treasurer", now=now).member
    own.person = user.person
    type(own).objects.filter(pk=own.pk).update(person=user.person)
    deposit = paid(own, 10_00, now)

    with pytest.raises(refunds.OwnDeposit):
        plan([deposit], user.user, now)


def written(maker, now, rows, **changes):
    return ReturnPlan.objects.create(
        rows=rows,
        total=changes.pop("total", sum(fen for _code, fen in rows)),
        reason="x",
        asked_by=maker,
        asked_at=now,
        **changes,
    )


def test_the_database_takes_no_refund_past_its_plan(bank, alice, treasurer, now):
    """F115: each rule met by our own code."""
    deposit, other = paid(alice, 100_00, now), paid(alice, 50_00, now)
    one = written(treasurer, now, [[deposit.code, 100_00]])

    def create(plan_row, **changes):
        row = {"deposit": deposit, "amount": 100_00, "is_from_wallet": True, "begun_at": now}
        return lambda: DepositReturn.objects.create(plan=plan_row, **{**row, **changes})

    assert refused_by(create(one, amount=99_00)) == "return_by_an_agreed_plan"
    assert refused_by(create(one, deposit=other)) == "return_by_an_agreed_plan"
    assert refused_by(create(one, is_from_wallet=False)) == "return_not_above_deposit"
    many = written(treasurer, now, [[deposit.code, 100_00], [other.code, 50_00]])
    assert refused_by(create(many)) == "return_by_an_agreed_plan"
    large = written(treasurer, now, [[deposit.code, 5_000_01]])
    assert refused_by(create(large, amount=5_000_01)) == "return_by_an_agreed_plan"
    more = written(treasurer, now, [[deposit.code, 100_01]])
    assert refused_by(create(more, amount=100_01)) == "return_not_above_deposit"
    assert (
        refused_by(lambda: written(treasurer, now, [[deposit.code, 1]], total=2))
        == "return_plan_adds_up"
    )
    assert (
        refused_by(lambda: ReturnPlan.objects.filter(pk=one.pk).update(performed_at=now))
        == "return_plan_adds_up"
    )
    assert refused_by(create(one)) == "return_held_in_the_books"
    assert not DepositReturn.objects.exists()
    row = plan([deposit], treasurer, now).returns.get()
    begun = DepositReturn.objects.filter(pk=row.pk)
    assert refused_by(lambda: begun.update(state="DONE", sent_at=now, ended_at=now)) == (
        "return_goes_forward"
    )
    begun.update(state="SENDING", sent_at=now)
    ended = {"state": "FAILED", "reason": "x", "ended_at": now}
    assert refused_by(lambda: begun.update(**ended)) == "return_in_the_books"


@pytest.mark.parametrize("source", ["wallet", "clearing"])
def test_the_books_take_no_returned_deposit_without_a_refund(alice, now, source):
    """F115"""
    make.fund(alice, 100_00, now=now)
    wallet, clearing = f"wallet:{alice.code}", "clearing:sandbox"
    move = Move(wallet, clearing, 1_00) if source == "wallet" else Move(clearing, wallet, 1_00)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        ledger.post(reference="return:NOTHING", kind="DEPOSIT_RETURNED", moves=[move])

    assert violated(caught.value) == "return_entry_is_a_refund"
    assert wallets.available(alice) == 100_00
