"""An approved withdrawal that cannot leave yet waits, and the desk says for what (F109, F112)."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, transaction

from finance import debts, inbox, ledger, payouts, refunds, wallets, withdrawals
from finance.models import DepositReturn, Provider, Withdrawal
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.at_once import at_once

from . import networks

pytestmark = pytest.mark.django_db

LATER = make.NOW + timedelta(minutes=2)


@pytest.fixture
def alice():
    return make.player()


@pytest.fixture
def cashier():
    return make.staff("chuna5", "cashier", now=people.right_now()).member.user


def take_back(deposit):
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED")


@pytest.fixture
def owing(fake_bank, alice):
    """40.00 are approved and on their way when the bank takes 100.00 back."""
    deposit = make.fund(alice, 100_00)
    withdrawal = make.withdraw(alice, 40_00, make.bank_account(alice))
    take_back(deposit)
    assert (withdrawal.state, debts.owed(alice)) == ("APPROVED", 40_00)
    return withdrawal


def state(row):
    row.refresh_from_db()
    return row.state


def seen(user, address):
    client = people.behind(user)
    client.cookies["language"] = "en"
    return client.get(address).content.decode()


def on_the_desk(withdrawal, cashier):
    return seen(cashier, f"/desk/withdrawals/{withdrawal.code}/")


def test_what_was_approved_waits_while_the_player_owes_what_a_bank_took_back(
    owing, fake_bank, alice
):
    """F112: neither by the door nor by its poll; the bank hears nothing of it."""
    withdrawals.send(code=owing.code, now=make.NOW)
    withdrawals.poll(now=LATER)

    assert withdrawals.waits_for(owing, now=LATER) == "DEBT"
    assert (state(owing), fake_bank.sent, wallets.held(alice)) == ("APPROVED", [], 40_00)


def test_it_goes_by_itself_once_the_debt_is_paid(owing, fake_bank, alice):
    """F112: the next deposit pays it, and nobody has to ask again."""
    make.fund(alice, 40_00)

    withdrawals.poll(now=LATER)

    assert (debts.owed(alice), state(owing)) == (0, "PAID")
    assert fake_bank.sent == [owing.code]
    assert ledger.verify_books() == []


def test_the_database_sends_nothing_of_who_owes(owing):
    """F112: past the door."""
    rows = Withdrawal.objects.filter(pk=owing.pk)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        rows.update(state="SENDING", sent_at=make.NOW)

    assert violated(caught.value) == "withdrawal_waits_for_debt"
    assert state(owing) == "APPROVED"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_chargeback_that_is_being_booked_is_waited_for(fake_bank, alice):
    """F112: whoever was first; never both sent afterwards and owed before."""
    deposit = make.fund(alice, 100_00)
    withdrawal = make.withdraw(alice, 40_00, make.bank_account(alice))

    at_once(
        [partial(take_back, deposit), partial(withdrawals.send, code=withdrawal.code, now=make.NOW)]
    )

    assert debts.owed(alice) == 40_00
    if state(withdrawal) == "APPROVED":
        assert fake_bank.sent == []
    else:
        assert fake_bank.sent == [withdrawal.code]
    assert ledger.verify_books() == []


def test_the_desk_says_what_an_approved_withdrawal_waits_for(owing, cashier, alice):
    """F109, F112, F295: the debt, a stop, an institution; else that it goes."""
    assert "40.00 yuan are owed" in on_the_desk(owing, cashier)
    assert "once what is owed is paid" in seen(alice.user, f"/wallet/withdrawals/{owing.code}/")

    payouts.stop_by_hand(reason="核查", actor=cashier, now=make.NOW)
    assert "payouts are stopped" in on_the_desk(owing, cashier)


def test_the_desk_says_that_nobody_may_send_it(fake_bank, alice, cashier):
    """F295"""
    make.fund(alice, 100_00)
    withdrawal = make.withdraw(alice, 40_00, make.bank_account(alice))
    assert "it goes to the bank within a minute" in on_the_desk(withdrawal, cashier)

    Provider.objects.update(is_on=False)

    assert "no payment institution in force" in on_the_desk(withdrawal, cashier)
    assert "it goes to the bank" not in on_the_desk(withdrawal, cashier)


def test_the_database_sends_no_refund_while_payouts_are_stopped(alice, cashier):
    """F115, F129: past the door; the money stays taken from the balance."""
    deposit = make.fund(alice, 50_00)
    deposit.refresh_from_db()
    treasurer = make.staff("caiwu5", "treasurer").member.user
    run = refunds.dry_run([deposit])
    row = refunds.plan(run=run, reason="重复扣款", maker=treasurer, now=make.NOW).returns.get()
    payouts.stop_by_hand(reason="核查", actor=cashier, now=make.NOW)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        DepositReturn.objects.filter(pk=row.pk).update(state="SENDING", sent_at=make.NOW)

    assert violated(caught.value) == "return_payouts_open"
    assert (state(row), wallets.available(alice)) == ("BEGUN", 0)


def test_a_refund_the_bank_never_heard_of_waits_for_the_stop_too(settings):
    """F115, F129, V-5: it is asked about, and not sent again while payouts are stopped."""
    now = people.right_now()
    alice, treasurer = make.player(now=now), make.staff("caiwu6", "treasurer", now=now).member.user
    with ExitStack() as stack:
        network = networks.Network("sandbox", settings, stack, now=now)
        deposit = network.begin(alice)
        network.pay(deposit, alice)
        network.told(deposit)
        deposit.refresh_from_db()
        run = refunds.dry_run([deposit])
        row = refunds.plan(run=run, reason="重复扣款", maker=treasurer, now=now).returns.get()
        network.sandbox.troubles.append("silent")
        refunds.send(code=row.code, now=now)
        assert (state(row), network.trade(deposit).refunds) == ("UNKNOWN", {})
        payouts.stop_by_hand(reason="核查", actor=treasurer, now=now)

        refunds.poll(now=now + timedelta(minutes=2))

        assert (state(row), network.trade(deposit).refunds) == ("UNKNOWN", {})
        inbox.poll(now=now + timedelta(minutes=2))
        assert state(deposit) == "CREDITED"
