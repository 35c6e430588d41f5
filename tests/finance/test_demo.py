"""The demo players have money that came through the doors, and staff have something to decide."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from accounts import demo as people
from accounts import messages
from accounts.models import Message
from audit import report_file, reports, waiting
from finance import demo, genesis, ledger, wallets, withdrawals
from finance.models import Deposit, Withdrawal
from lottery_portal.sandbox_bank.models import Payment
from tests import make_money as make
from tests import people as others

pytestmark = pytest.mark.django_db


def test_the_demo_brings_money_in_once():
    now = others.right_now()
    people.load(now=now)

    for _ in range(2):
        demo.load(now=now)

    players = people.players()
    assert [wallets.available(player) for player in players] == [500_00, 2_000_00, 2_000_00]
    assert wallets.held(players[2]) == 6_000_00
    assert Withdrawal.objects.get().state == "HELD"
    assert Payment.objects.filter(state="PAID").count() == Deposit.objects.count() == 3
    assert ledger.verify_books() == []


def test_without_the_sandbox_bank_the_demo_has_no_money(settings):
    settings.SANDBOX_BANK_KEY = b""
    people.load(now=others.right_now())

    demo.load(now=others.right_now())

    assert not Deposit.objects.exists()


def test_genesis_can_be_repeated():
    before = ledger.balances(list(genesis.ACCOUNTS))

    genesis.load(now=others.right_now())

    assert ledger.balances(list(genesis.ACCOUNTS)) == before


def test_the_desk_says_what_waits_for_whom():
    alice, now = make.player(), make.NOW
    make.fund(alice, 10_000_00)
    make.withdraw(alice, 6_000_00, make.bank_account(alice))
    make.told(make.order(alice, 5_00), amount_fen=6_00)

    def titles(post):
        user = others.member(post).user
        with override("en"):
            return [item.title for item in waiting.for_person(user, frozenset({post}), now)]

    assert "Withdrawals to prepare" in titles("cashier")
    assert "Deposits set aside" in titles("treasurer")
    assert not {"Withdrawals to prepare", "Deposits set aside"} & set(titles("support"))


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "5,000.01 yuan could not go to 建设银行 …4040"), ("zh-hans", "5,000.01")],
)
def test_messages_are_written_in_the_readers_language(language, words):
    alice = make.player()
    make.fund(alice, 6_000_00)
    cashier = others.member("cashier").user
    withdrawal = make.withdraw(alice, 5_000_01, make.bank_account(alice, "4040"))
    withdrawals.refuse(code=withdrawal.code, actor=cashier, reason="R & D <b>", now=make.NOW)

    written = messages.write(Message.objects.get(kind="finance.withdrawal_returned"), language)

    assert words[:8] in written.text
    assert "R & D <b>" in written.text
    assert written.address == f"/wallet/withdrawals/{withdrawal.code}/"


def test_the_books_can_be_exported():
    """F103: every row is one debit and one credit."""
    alice = make.player()
    deposit = make.fund(alice, 100_00)
    report = reports.known("finance.entries")
    assert report is not None

    params = {"since": "2020-01-01", "until": "2099-12-31", "kind": "DEPOSIT"}
    rows = list(report.rows(params))

    assert report.count is not None
    assert report.count(params) == len(rows) == 1
    assert rows[0][3] == f"deposit:{deposit.code}"
    assert rows[0][6:10] == ("clearing:sandbox", wallets.wallet_of(alice), 100_00, "real")
    assert report_file.text_cell("=1") == "'=1"
