"""The bank's word on a bank account before money leaves to it (F006, R18)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts import demo
from finance import bank_accounts, bank_checks, wallets
from finance.models import BankAccountCheck, Withdrawal
from finance.providers import ProviderSilent
from lottery_portal import jobs
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    player = make.player()
    make.put(player, 1_000_00)
    return player


def registered(player, tail="6021"):
    return bank_accounts.add(
        player=player, bank_name="建设银行", number=make.card(tail), holder=make.NAME, now=make.NOW
    )


def outcome(account):
    return BankAccountCheck.objects.get(bank_account=account).outcome


def test_an_account_takes_no_money_until_the_bank_has_confirmed_it(fake_bank, alice):
    """F006"""
    account = registered(alice)

    with pytest.raises(bank_checks.NotConfirmed):
        make.withdraw(alice, 10_00, account)
    assert bank_checks.ask(code=account.name_check.code, now=make.NOW) == "MATCHES"
    withdrawal = make.withdraw(alice, 10_00, account)

    assert withdrawal.state == "APPROVED"
    assert bank_checks.confirmed(alice) == [account]


def test_the_database_sends_nothing_to_an_account_nobody_confirmed(fake_bank, alice):
    """F006: whoever writes the row."""
    account = registered(alice)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Withdrawal.objects.create(
            player_code=alice.code, bank_account=account, provider="fake", amount=10_00,
            request_key="0199f4a0-0000-7000-8000-000000000001", requested_by=alice.user,
            requested_at=make.NOW,
        )  # fmt: skip

    assert violated(caught.value) == "withdrawal_to_checked_account"
    assert wallets.held(alice) == 0


def test_an_account_in_another_name_is_taken_off_the_list(fake_bank, alice):
    """F006: name mismatch → rejected."""
    account = registered(alice)
    fake_bank.names[account.number.reveal()] = "王海"

    assert bank_checks.ask(code=account.name_check.code, now=make.NOW) == "DIFFERS"

    assert bank_accounts.of(alice) == []
    with pytest.raises(bank_accounts.BankAccountUnknown):
        make.withdraw(alice, 10_00, account)
    assert registered(alice).code != account.code


def test_a_silent_bank_is_asked_again_by_the_queue(fake_bank, alice):
    """F006"""
    fake_bank.is_silent = True
    account = registered(alice)

    with pytest.raises(ProviderSilent):
        bank_checks.ask(code=account.name_check.code, now=make.NOW)
    assert outcome(account) == "ASKED"
    assert Job.objects.filter(kind="finance.check_bank_account").count() == 1
    fake_bank.is_silent = False
    jobs.run_pending()

    assert outcome(account) == "MATCHES"


def test_a_bank_that_compares_names_with_each_payout_is_taken_at_that(settings, alice):
    """F006: a provider without such a question."""
    settings.PAYMENT_PROVIDERS = {
        **settings.PAYMENT_PROVIDERS,
        "plain": "tests.fake_bank.PlainBank",
    }
    make.entered(code="plain", rank=0, accepts=["PAYOUT"])
    account = registered(alice)

    assert bank_checks.ask(code=account.name_check.code, now=make.NOW) == "AT_PAYOUT"

    assert make.withdraw(alice, 10_00, account).state == "APPROVED"


@pytest.mark.parametrize("said", ["ASKED", "DIFFERS", "AT_PAYOUT"])
def test_what_the_bank_said_is_said_once(fake_bank, alice, said):
    """F006: in the database."""
    account = make.bank_account(alice)

    bank_checks.conclude(code=account.name_check.code, outcome="DIFFERS", now=make.NOW)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        BankAccountCheck.objects.filter(bank_account=account).update(
            outcome=said, answered_at=None if said == "ASKED" else make.NOW
        )

    assert violated(caught.value) == "bank_account_check_stands"
    assert outcome(account) == "MATCHES"


def test_the_page_tells_what_the_bank_said(fake_bank, alice):
    """F006"""
    client = people.behind(alice.user)
    client.cookies["language"] = "en"
    fake_bank.is_silent = True
    fields = {"bank_name": "建设银行", "number": make.card("6021"), "holder": make.NAME}

    waiting = client.post("/wallet/bank-accounts/", fields, follow=True).content.decode()
    withdraw = client.get("/wallet/withdraw/", follow=True).content.decode()
    fake_bank.is_silent = False
    fake_bank.names[make.card("6022")] = "王海"
    other = client.post(
        "/wallet/bank-accounts/", {**fields, "number": make.card("6022")}, follow=True
    ).content.decode()

    assert "The bank is confirming it" in waiting
    assert "has not yet confirmed" in withdraw
    assert "is not in your name" in other
    assert [row.last_digits for row in bank_accounts.of(alice)] == ["6021"]


def test_who_has_a_second_factor_changes_bank_accounts_with_it_only(alice):
    """F007: neither a fresh password nor an old factor will do; by the API it is a 403."""
    account = make.bank_account(alice)
    demo.enrol(alice.user)
    client = people.behind(alice.user)
    fields = {"bank_name": "建设银行", "number": make.card("6023"), "holder": make.NAME}
    asked = {"amount_fen": 100, "bank_account": account.code, "request_id": str(uuid4())}

    answers = [
        client.post("/wallet/bank-accounts/", fields),
        client.post(f"/wallet/bank-accounts/{account.code}/remove/"),
        client.get("/wallet/withdraw/"),
    ]
    refused = client.post("/api/v1/withdrawals/", asked, content_type="application/json")

    assert [answer.status_code for answer in answers] == [302] * 3
    assert {answer["Location"].partition("?")[0] for answer in answers} == {
        reverse("mfa_reauthenticate")
    }
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert bank_accounts.of(alice) == [account]
    assert not Withdrawal.objects.exists()

    code = demo.totp_code(demo.totp_secret(alice.user_id))
    client.post(reverse("mfa_reauthenticate"), {"code": code, "next": "/wallet/bank-accounts/"})
    client.post("/wallet/bank-accounts/", fields)

    assert len(bank_accounts.of(alice)) == 2
