"""What a period brought: net deposit, won and lost, equal to the ledger for any period (F139)."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from finance import debts, flows, ledger, wallets, withdrawals
from finance.ledger import Move
from finance.models import Transfer
from lottery_portal.lib.dates import SHANGHAI, in_shanghai
from tests import make_money as make
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    make.open_accounts(("stakes:test", "STAKES"), ("prizes:test", "PRIZES"), ("fund:test", "FUND"))
    return make.player(now=people.right_now())


def post(kind, number, *moves):
    with transaction.atomic():
        return ledger.post(
            reference=f"test:{kind}:{number}", kind=kind, moves=[Move(*move) for move in moves]
        )


def lived(player, bank):
    """A life of an account with every kind of flow; all of it today."""
    now = people.right_now()
    deposit = make.fund(player, 500_00, now=now)
    post("BONUS", 1, ("fund:test", wallets.bonus_of(player), 20_00))
    post("PURCHASE", 1, (wallets.purse_of(player), "stakes:test", 120_00))
    post("REFUND", 1, ("stakes:test", wallets.wallet_of(player), 10_00))
    post("PRIZE", 1, ("prizes:test", wallets.winnings_of(player), 45_00))
    card = make.bank_account(player, now=now)
    paid = make.withdraw(player, 60_00, card, now=now)
    withdrawals.send(code=paid.code, now=now)
    make.withdraw(player, 30_00, card, now=now)
    second = make.fund(player, 80_00, now=now)
    make.told(second, event="back", state="REFUNDED", now=now)
    return deposit


def position(player, moment):
    codes = [*wallets.accounts_of(player), wallets.hold_of(player)]
    total = sum(ledger.balance_at(code, moment) for code in codes)
    owed = debts.account_of(player)
    return total + (ledger.balance_at(owed, moment) if ledger.is_open(owed) else 0)


def today():
    return in_shanghai(people.right_now()).date()


def test_the_figures_of_a_period_are_those_of_the_books(fake_bank, alice):
    """F139: each figure by hand."""
    lived(alice, fake_bank)

    found = flows.between(alice, since=today(), until=today() + timedelta(days=1))

    assert found.deposited_fen == 580_00
    assert found.returned_fen == 80_00
    assert found.withdrawn_fen == 60_00
    assert found.net_deposit_fen == 440_00
    assert found.staked_fen == 110_00
    assert found.won_fen == 45_00
    assert found.result_fen == -65_00
    assert found.other_fen == 20_00
    assert found.change_fen == 395_00
    assert wallets.available(alice) + wallets.held(alice) == 395_00


def test_a_reversed_deposit_was_never_brought_in(alice):
    """F139"""
    now = people.right_now()
    deposit = make.fund(alice, 100_00, now=now)
    make.reversed_entry(f"deposit:{deposit.code}", now=now)

    found = flows.between(alice, since=today(), until=today() + timedelta(days=1))

    assert (found.deposited_fen, found.change_fen) == (0, 0)


def test_the_figures_equal_the_ledger_for_any_period(fake_bank, alice):
    """F139: the change of what lies in the account, over any days, backwards in time too."""
    lived(alice, fake_bank)
    here = today()

    @settings(deadline=None)
    @given(st.integers(-400, 3), st.integers(0, 400))
    def check(begin, length):
        since = here + timedelta(days=begin)
        until = since + timedelta(days=length)
        found = flows.between(alice, since=since, until=until)
        first, last = (datetime.combine(day, time.min, SHANGHAI) for day in (since, until))
        assert found.change_fen == position(alice, last) - position(alice, first)
        assert found.change_fen == (found.net_deposit_fen + found.result_fen + found.other_fen)

    check()


def test_the_lines_of_the_statement_add_up_to_the_change_of_the_balance(fake_bank, alice):
    """F010: to the fen, and each line names its purse."""
    lived(alice, fake_bank)
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    answer: Any = client.get("/wallet/statement.csv")
    file = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file)))
    api = client.get("/api/v1/wallet/statement/").json()["lines"]

    total = sum(round(float(row["Amount (yuan)"]) * 100) for row in rows)
    assert total == wallets.available(alice) == round(float(rows[-1]["Balance (yuan)"]) * 100)
    assert {row["Purse"] for row in rows} == {"Money brought in", "Winnings", "Bonus"}
    assert sum(line["amount_fen"] for line in api) == wallets.available(alice)
    assert {line["purse"] for line in api} == {"wallet", "winnings", "bonus"}


def test_a_statement_reaches_back_twelve_months_without_being_asked(alice):
    """F010"""
    client = people.behind(alice.user)

    answer = client.get("/wallet/statement.csv")

    since, until = answer["Content-Disposition"].split('"')[1][10:27].split("-")
    days = date.fromisoformat(until) - date.fromisoformat(since)
    assert days >= timedelta(days=365)


def test_the_wallet_shows_each_purse_and_what_can_be_withdrawn(fake_bank, alice):
    """F011, F107: bonus apart, holds apart."""
    post("BONUS", 1, ("fund:test", wallets.bonus_of(alice), 20_01))
    make.fund(alice, 300_02, now=people.right_now())
    post("PRIZE", 1, ("prizes:test", wallets.winnings_of(alice), 45_03))
    card = make.bank_account(alice, now=people.right_now())
    make.withdraw(alice, 100_04, card, now=people.right_now())
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    page = client.get("/wallet/").content.decode()
    told = client.get("/api/v1/wallet/").json()

    assert told == {
        "balance_fen": 265_02, "deposited_fen": 245_01, "winnings_fen": 0, "bonus_fen": 20_01,
        "withdrawable_fen": 245_01, "held_fen": 100_04, "planned_fen": 0, "owed_fen": 0,
    }  # fmt: skip
    for figure in ("265.02", "245.01", "20.01", "100.04"):
        assert figure in page
    assert "Bonus, to play with only" in page
    assert "On its way to your bank" in page


def test_the_page_and_the_api_show_the_same_period(fake_bank, alice):
    """F139"""
    lived(alice, fake_bank)
    client = people.behind(alice.user)
    client.cookies["language"] = "en"
    days = f"since={today()}&until={today()}"

    page = client.get(f"/wallet/?{days}").content.decode()
    told = client.get(f"/api/v1/wallet/flows/?{days}").json()
    before = client.get("/api/v1/wallet/flows/?since=2020-01-01&until=2020-12-31").json()

    assert (told["net_deposit_fen"], told["result_fen"]) == (440_00, -65_00)
    assert "440.00" in page
    assert "65.00" in page
    assert (before["net_deposit_fen"], before["result_fen"]) == (0, 0)


def test_the_wallet_asks_few_questions_however_long_the_statement(
    fake_bank, alice, django_assert_max_num_queries
):
    for number in range(30):
        post("BONUS", number, ("fund:test", wallets.bonus_of(alice), 1))
    client = people.behind(alice.user)
    client.get("/wallet/")

    with django_assert_max_num_queries(45):
        client.get("/wallet/")

    assert Transfer.objects.filter(target__code=wallets.bonus_of(alice)).count() == 30
