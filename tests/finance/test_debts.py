"""A chargeback beyond the purses: debt, locked account, case, and deposits that pay it (F112)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Player, PlayerStateChange
from audit import trail
from finance import debts, deposits, ledger, wallets, withdrawal_limits
from finance.ledger import EntryKind, Move
from finance.models import Case, Deposit, Withdrawal
from lottery_portal.lib.db import violated
from tests import make_money as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    make.open_accounts(("stakes:test", "STAKES"), ("prizes:test", "PRIZES"))
    return make.player()


def play(player, fen, number=1):
    with transaction.atomic():
        ledger.post(
            reference=f"played:t{number}",
            kind=EntryKind.PURCHASE,
            moves=[Move(wallets.purse_of(player), "stakes:test", fen)],
        )


def win(player, fen, number=1):
    with transaction.atomic():
        ledger.post(
            reference=f"won:t{number}",
            kind=EntryKind.PRIZE,
            moves=[Move("prizes:test", wallets.winnings_of(player), fen)],
        )


def take_back(deposit):
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED")
    deposit.refresh_from_db()
    return deposit


def state(player):
    player.refresh_from_db()
    return player.state


@pytest.fixture
def debtor(alice):
    """100.00 came in, 70.00 were played, the bank took 100.00 back."""
    deposit = make.fund(alice, 100_00)
    play(alice, 70_00)
    take_back(deposit)
    alice.refresh_from_db()
    return alice


def test_what_the_purses_do_not_cover_is_owed_and_the_account_locks(debtor):
    """F112: never below zero; the rest is a receivable, the account limited, a case opened."""
    assert wallets.available(debtor) == 0
    assert debts.owed(debtor) == 70_00
    assert state(debtor) == "LIMITED"
    change = PlayerStateChange.objects.get(player=debtor)
    assert (change.from_state, change.to_state, change.reason) == (
        "ACTIVE", "LIMITED", debts.REASON,
    )  # fmt: skip
    case = Case.objects.get(kind=debts.CHARGEBACK)
    assert (case.facts["from_wallet_fen"], case.facts["owed_fen"]) == (30_00, 70_00)
    found = trail.read(trail.Filters(object_type="player", object_code=debtor.code))
    assert {"finance.debt_arisen", "accounts.player_state_changed"} <= {r.action for r in found}
    assert ledger.verify_books() == []


def test_a_chargeback_that_is_covered_owes_nothing_and_opens_a_case(alice):
    """F112"""
    take_back(make.fund(alice, 100_00))

    assert (debts.owed(alice), state(alice)) == (0, "ACTIVE")
    assert Case.objects.get(kind=debts.CHARGEBACK).facts["owed_fen"] == 0


def test_winnings_are_taken_after_deposits_and_before_a_debt(alice):
    """F107, F112"""
    deposit = make.fund(alice, 100_00)
    play(alice, 90_00)
    win(alice, 50_00)

    take_back(deposit)

    assert (wallets.available(alice), debts.owed(alice)) == (0, 40_00)


def test_the_next_deposit_pays_the_debt_first(debtor):
    """F112: part by part; the last fen lets the account go."""
    make.fund(debtor, 30_00)
    assert (wallets.available(debtor), debts.owed(debtor)) == (0, 40_00)
    assert state(debtor) == "LIMITED"

    make.fund(debtor, 50_00)

    assert (wallets.available(debtor), debts.owed(debtor)) == (10_00, 0)
    assert state(debtor) == "ACTIVE"
    assert ledger.verify_books() == []


def test_an_account_limited_for_another_reason_stays_so(debtor):
    PlayerStateChange.objects.create(
        player=debtor, from_state="LIMITED", to_state="LIMITED", reason="Under review",
        changed_at=make.NOW,
    )  # fmt: skip

    make.fund(debtor, 70_00)

    assert (debts.owed(debtor), state(debtor)) == (0, "LIMITED")


def test_who_is_limited_without_a_debt_deposits_nothing(alice):
    Player.objects.filter(pk=alice.pk).update(state="LIMITED")
    alice.refresh_from_db()

    with pytest.raises(deposits.DepositNotAllowed):
        make.order(alice, 100_00)

    assert not Deposit.objects.exists()


def test_who_owes_takes_nothing_out(debtor):
    """F112: neither by the door nor by a row written by hand."""
    card = make.bank_account(debtor)
    win(debtor, 50_00)

    with pytest.raises(debts.DebtOpen) as caught:
        make.withdraw(debtor, 10_00, card)
    assert caught.value.figures == {"owed_fen": 70_00}
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        Withdrawal.objects.create(
            player_code=debtor.code, bank_account=card, provider="sandbox", amount=10_00,
            request_key="0199f4a0-0000-7000-8000-000000000001", requested_by=debtor.user,
            requested_at=make.NOW,
        )  # fmt: skip

    assert violated(refused.value) == "withdrawal_without_debt"
    assert wallets.available(debtor) == 50_00


def test_a_debtor_pays_from_his_winnings_when_he_says_so(debtor):
    """F112"""
    with pytest.raises(wallets.NotEnoughMoney):
        debts.pay(player=debtor, now=make.NOW)
    win(debtor, 90_00)

    assert debts.pay(player=debtor, now=make.NOW) == 70_00

    assert (wallets.available(debtor), debts.owed(debtor)) == (20_00, 0)
    assert state(debtor) == "ACTIVE"
    with pytest.raises(debts.NoDebt):
        debts.pay(player=debtor, now=make.NOW)


def test_a_debt_is_never_paid_twice(debtor):
    """F112: what would pay more than is owed is refused when all is written."""
    win(debtor, 200_00)

    @transaction.atomic
    def too_much():
        ledger.post(
            reference="recovery:twice",
            kind=EntryKind.RECOVERY,
            moves=[Move(wallets.purse_of(debtor), debts.account_of(debtor), 70_01)],
        )
        connection.check_constraints()

    with pytest.raises(DatabaseError) as caught:
        too_much()

    assert violated(caught.value) == "receivable_not_overpaid"
    assert (wallets.available(debtor), debts.owed(debtor)) == (200_00, 70_00)


def test_a_chargeback_does_not_leave_a_debtor_active(alice):
    """F112: the database asks for the lock."""
    deposit = make.fund(alice, 100_00)
    play(alice, 70_00)

    @transaction.atomic
    def without_a_lock():
        ledger.open_account(code=debts.account_of(alice), kind="RECEIVABLE")
        ledger.post(
            reference=f"chargeback:{deposit.code}",
            kind=EntryKind.CHARGEBACK,
            moves=[Move(wallets.purse_of(alice), "clearing:sandbox", 100_00)],
        )
        Deposit.objects.filter(pk=deposit.pk).update(state="CHARGED_BACK", ended_at=make.NOW)

    with pytest.raises(DatabaseError) as caught:
        without_a_lock()

    assert violated(caught.value) == "chargeback_locks_the_account"
    assert wallets.available(alice) == 30_00


def test_what_waits_for_approval_does_not_leave_after_a_chargeback(alice):
    """F112: money that nobody approved yet goes back to the purses and covers it."""
    deposit = make.fund(alice, 10_000_00)
    waits = make.withdraw(alice, 6_000_00, make.bank_account(alice))
    prepared = make.withdraw(alice, 4_000_00, make.bank_account(alice, "6022"))

    take_back(deposit)

    for withdrawal in (waits, prepared):
        withdrawal.refresh_from_db()
    assert waits.state == "REFUSED"
    assert prepared.state == "APPROVED"  # below the tier: it was on its way already
    assert (wallets.available(alice), wallets.held(alice)) == (0, 4_000_00)
    assert debts.owed(alice) == 4_000_00
    assert ledger.verify_books() == []


def test_a_locked_player_sees_what_he_owes_and_pays_on_the_page(debtor):
    """F112"""
    from tests import people  # noqa: PLC0415 - one test of pages among those of doors

    win(debtor, 90_00)
    client = people.behind(debtor.user)
    client.cookies["language"] = "en"

    before = client.get("/wallet/").content.decode()
    client.post("/wallet/debt/")
    after = client.get("/wallet/").content.decode()

    assert "70.00 yuan are owed" in before
    assert "are owed" not in after
    assert debts.owed(debtor) == 0


def test_left_today_counts_what_came_back_as_free(alice):
    make.fund(alice, 10_000_00)
    waits = make.withdraw(alice, 6_000_00, make.bank_account(alice))
    before = withdrawal_limits.left_today(alice, make.NOW)

    take_back(Deposit.objects.get())

    waits.refresh_from_db()
    assert waits.state == "REFUSED"
    assert withdrawal_limits.left_today(alice, make.NOW + timedelta(hours=1)) == before + 6_000_00
