"""Portal and bank over real HTTP: begin, pay, call back, ask, pay out (F108, F109)."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from finance import channels, deposits, inbox, ledger, wallets, withdrawals
from finance.models import Deposit, ProviderEvent, ProviderHealth, Withdrawal
from lottery_portal import jobs
from lottery_portal.jobs.models import Job
from lottery_portal.sandbox_bank.models import Payment, Payout
from tests import make_money as make
from tests import people
from tests.at_once import at_once

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def begin(player, fen, now):
    return deposits.begin(
        player=player, amount=fen, provider="sandbox", request_key=uuid4(), now=now
    )


def pay(deposit, action="pay"):
    """The customer presses a button on the bank's page."""
    path = "/bank/pay/" + deposit.pay_page.rsplit("/", 2)[1] + "/"
    return Client().post(path, {"action": action})


def state(row):
    row.refresh_from_db()
    return row.state


def test_a_deposit_from_the_order_to_the_balance(bank, alice, now):
    """F108"""
    deposit = begin(alice, 100_00, now)
    page = Client().get("/bank/pay/" + deposit.provider_trade + "/")

    answer = pay(deposit)
    jobs.run_pending()

    assert "100.00" in page.content.decode()
    assert answer.headers["Location"] == f"{bank}/wallet/deposits/{deposit.code}/"
    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_00
    assert Job.objects.get(kind="sandbox_bank.notify").state == "DONE"


def test_a_declined_payment_closes_the_deposit(bank, alice, now):
    deposit = begin(alice, 100_00, now)

    pay(deposit, "decline")
    jobs.run_pending()

    assert state(deposit) == "CLOSED"
    assert wallets.available(alice) == 0


def test_a_payment_is_made_once(bank, alice, now):
    deposit = begin(alice, 100_00, now)

    for action in ("pay", "pay", "decline"):
        pay(deposit, action)
    jobs.run_pending()

    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_00
    assert Job.objects.filter(kind="sandbox_bank.notify").count() == 1


def test_the_same_request_leads_to_the_same_page_of_the_bank(bank, alice, now):
    key = uuid4()

    pages = {
        deposits.begin(
            player=alice, amount=100_00, provider="sandbox", request_key=key, now=now
        ).pay_page
        for _ in range(3)
    }

    assert len(pages) == 1
    assert Payment.objects.count() == 1


def test_a_bank_that_talks_too_much_is_believed_once(bank, alice, now):
    """F108"""
    deposit = begin(alice, 100_22, now)

    pay(deposit)
    jobs.run_pending()

    assert wallets.available(alice) == 100_22
    outcomes = ProviderEvent.objects.values_list("outcome", flat=True)
    assert sorted(outcomes) == ["APPLIED", "REPEATED", "REPEATED"]


def test_a_lost_callback_is_found_out_by_asking(bank, alice, now):
    """F108: the poll asks about deposits older than a minute, and no others."""
    deposit = begin(alice, 100_13, now)
    pay(deposit)
    jobs.run_pending()
    assert state(deposit) == "BEGUN"

    assert inbox.poll(now=now + timedelta(seconds=59)) == 0
    assert inbox.poll(now=now + timedelta(seconds=61)) == 1

    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_13


def test_an_unpaid_deposit_is_closed_at_the_bank_after_half_an_hour(bank, alice, now):
    """F108"""
    deposit = begin(alice, 100_00, now)

    inbox.poll(now=now + timedelta(minutes=29))
    assert state(deposit) == "BEGUN"
    inbox.poll(now=now + timedelta(minutes=31))

    assert state(deposit) == "CLOSED"
    assert Payment.objects.get().state == "CANCELLED"
    pay(deposit)
    jobs.run_pending()
    assert (state(deposit), wallets.available(alice)) == ("CLOSED", 0)


def test_an_order_the_bank_never_got_is_closed_too(bank, alice, now):
    deposit = make.order(alice, 100_00, now=now)

    inbox.poll(now=now + timedelta(minutes=31))

    assert state(deposit) == "CLOSED"


def test_a_bank_out_of_reach_is_no_answer(settings, alice, now):
    """Nothing is known, so nothing changes; the same key tries again later."""
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    with pytest.raises(deposits.BankSilent):
        begin(alice, 100_00, now)
    inbox.poll(now=now + timedelta(hours=1))

    assert Deposit.objects.get().state == "BEGUN"


def test_a_deposit_set_aside_is_cleared_up_by_asking_the_bank(bank, alice, now):
    """F108: credited when the bank's own answer fits the order."""
    deposit = begin(alice, 100_13, now)
    pay(deposit)
    make.told(deposit, now=now, amount_fen=1, event="wrong", trade=deposit.provider_trade)
    treasurer = make.staff("caiwu9", "treasurer", now=now).member.user
    assert state(deposit) == "QUARANTINED"

    inbox.check_again(code=deposit.code, actor=treasurer, now=now)

    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_13


@pytest.fixture
def rich(alice, now):
    make.fund(alice, 20_000_00, now=now)
    return alice


def withdraw(player, fen, tail, now):
    account = make.bank_account(player, tail, now=now)
    return make.withdraw(player, fen, account, now=now)


def test_a_small_withdrawal_reaches_the_bank_by_itself(bank, rich, now):
    """F109"""
    withdrawal = withdraw(rich, 300_00, "6021", now)

    jobs.run_pending()

    assert state(withdrawal) == "PAID"
    assert (wallets.available(rich), wallets.held(rich)) == (19_700_00, 0)
    assert ledger.balance("clearing:sandbox") == -19_700_00
    made = Payout.objects.get()
    assert (made.order_code, made.amount, made.state) == (withdrawal.code, 300_00, "PAID")
    assert ledger.verify_books() == []


def test_what_the_bank_cannot_pay_comes_back_with_the_reason(bank, rich, now):
    withdrawal = withdraw(rich, 300_00, "4040", now)

    jobs.run_pending()

    assert state(withdrawal) == "FAILED"
    assert withdrawal.reason == "The account is closed."
    assert (wallets.available(rich), wallets.held(rich)) == (20_000_00, 0)


def test_a_lost_answer_is_asked_after_and_never_paid_twice(bank, rich, now):
    """F109: the bank did it, and nobody heard."""
    withdrawal = withdraw(rich, 300_00, "5050", now)
    jobs.run_pending()
    assert state(withdrawal) == "UNKNOWN"
    assert wallets.held(rich) == 300_00

    withdrawals.poll(now=people.right_now() + timedelta(seconds=61))

    assert state(withdrawal) == "PAID"
    assert wallets.held(rich) == 0
    assert Payout.objects.count() == 1


def test_what_the_bank_never_got_is_sent_again_under_its_own_number(bank, rich, now):
    """F109"""
    withdrawal = withdraw(rich, 300_00, "6060", now)
    jobs.run_pending()
    assert state(withdrawal) == "UNKNOWN"

    withdrawals.poll(now=people.right_now() + timedelta(seconds=61))

    assert state(withdrawal) == "PAID"
    assert [row.order_code for row in Payout.objects.all()] == [withdrawal.code]


def test_a_withdrawal_waits_while_the_bank_is_out_of_reach(settings, rich, now):
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    withdrawal = withdraw(rich, 300_00, "6021", now)

    jobs.run_pending()

    assert state(withdrawal) == "UNKNOWN"
    assert wallets.held(rich) == 300_00


@pytest.mark.race
def test_sending_ten_times_at_once_pays_once(bank, rich, now):
    """F109"""
    withdrawal = withdraw(rich, 300_00, "6021", now)

    results = at_once([lambda: withdrawals.send(code=withdrawal.code, now=people.right_now())] * 10)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert state(withdrawal) == "PAID"
    assert Payout.objects.count() == 1
    assert ledger.balance("clearing:sandbox") == -19_700_00
    assert ledger.verify_books() == []


def test_the_bank_opens_only_to_its_merchant(bank):
    answers = [
        Client().post("/bank/orders/", "{}", content_type="application/json"),
        Client().get("/bank/orders/X/"),
        Client().post("/bank/payouts/", "{}", content_type="application/json"),
        Client().get(
            "/bank/payouts/X/", headers={"Bank-Timestamp": "1", "Bank-Signature": "0" * 64}
        ),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert not Payout.objects.exists()


def test_asking_whether_the_bank_is_there_warns_of_nothing(bank, now, caplog):
    """F295: it is asked every few seconds, about an order that nobody made."""
    channels.watch(now=now)

    assert ProviderHealth.objects.get(provider="sandbox").last_ok_at == now
    assert [row.getMessage() for row in caplog.records if row.levelno >= logging.WARNING] == []


def test_without_its_key_the_bank_is_switched_off(settings):
    settings.SANDBOX_BANK_KEY = b""

    answers = [
        Client().post("/bank/orders/", "{}", content_type="application/json"),
        Client().get("/bank/pay/X/"),
        Client().post("/bank/payouts/", "{}", content_type="application/json"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


def test_the_bank_calls_nobody_but_its_merchant(bank, now):
    body = json.dumps(
        {
            "merchant": "portal",
            "currency": "CNY",
            "order": "X",
            "amount_fen": 5,
            "notify_url": "http://169.254.169.254/",
            "return_url": f"{bank}/",
        }
    ).encode()

    answer = Client().post(
        "/bank/orders/",
        body,
        content_type="application/json",
        headers=make.signed(body, now=now, path="/bank/orders/"),
    )

    assert answer.status_code == 400
    assert not Payment.objects.exists()


def test_without_a_key_the_portal_believes_no_callback(settings, alice, now):
    deposit = make.order(alice, 100_00, now=now)
    headers, body = make.message(deposit, now=now)
    settings.SANDBOX_BANK_KEY = b""

    answer = Client().post(
        "/wallet/callbacks/sandbox/", body, content_type="application/json", headers=headers
    )

    assert answer.status_code == 401
    assert state(deposit) == "BEGUN"


def test_a_callback_is_answered_by_what_became_of_it(alice, now):
    deposit = make.order(alice, 100_00, now=now)
    headers, body = make.message(deposit, now=now)
    client = Client(enforce_csrf_checks=True)

    def post(**changes):
        return client.post(
            "/wallet/callbacks/sandbox/",
            **{"data": body, "headers": headers, **changes},
            content_type="application/json",
        ).status_code

    assert post(headers={}) == 401
    assert post() == 200
    assert post() == 200
    assert (
        client.post("/wallet/callbacks/nobody/", body, content_type="application/json").status_code
        == 404
    )
    assert client.get("/wallet/callbacks/sandbox/").status_code == 405
    assert post(data=b"x" * 20_001) == 413
    assert wallets.available(alice) == 100_00
    assert Withdrawal.objects.count() == 0
