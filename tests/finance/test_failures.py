"""Five failed transfers in a row within ten minutes, and the sixth is blocked (F111)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Message
from finance import cases, deposits, failures, ledger, wallets, withdrawals
from finance.models import Case, Deposit, TransferBlock, Withdrawal
from finance.providers import FAILED, PAID
from lottery_portal.lib.db import database_time, violated
from tests import make_money as make

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def alice():
    player = make.player()
    make.fund(player, 1_000_00, now=make.NOW - timedelta(hours=2))
    return player


@pytest.fixture
def card(alice):
    return make.bank_account(alice)


@pytest.fixture
def bank(fake_bank):
    fake_bank.says = FAILED
    return fake_bank


def sent(player, card, *, at):
    """A withdrawal the bank was asked to pay at that moment."""
    withdrawal = make.withdraw(player, 10_00, card, now=at)
    withdrawals.send(code=withdrawal.code, now=at)
    withdrawal.refresh_from_db()
    return withdrawal


def declined(player, *, at):
    """A payment that ended unpaid at the bank."""
    deposit = make.order(player, 20_00, now=at)
    make.told(deposit, event=f"{deposit.code}:no", state="CANCELLED", now=at)


def by_hand(player, card, *, at):
    return Withdrawal.objects.create(
        player_code=player.code, bank_account=card, provider="sandbox", amount=10_00,
        request_key=uuid4(), requested_by=player.user, requested_at=at,
    )  # fmt: skip


def test_the_sixth_after_five_failures_is_blocked_and_a_case_opened(bank, alice, card):
    """F111: withdrawals and deposits alike; nothing has moved."""
    for n in range(5):
        assert sent(alice, card, at=make.NOW + n * MINUTE).state == "FAILED"
    at = make.NOW + 5 * MINUTE

    with pytest.raises(failures.TransfersBlocked):
        make.withdraw(alice, 10_00, card, now=at)
    with pytest.raises(failures.TransfersBlocked):
        make.order(alice, 10_00, now=at)

    block = TransferBlock.objects.get()
    assert (block.player_code, block.failures) == (alice.code, 5)
    assert block.until == make.NOW + 4 * MINUTE + timedelta(minutes=30)
    assert Case.objects.get(kind=failures.KIND).object_code == alice.code
    assert Message.objects.get(kind="finance.transfers_blocked").user == alice.user
    assert (wallets.available(alice), wallets.held(alice)) == (1_000_00, 0)
    assert ledger.verify_books() == []


def test_a_block_ends_by_itself(bank, alice, card):
    for n in range(5):
        sent(alice, card, at=make.NOW + n * MINUTE)
    bank.says = PAID

    assert sent(alice, card, at=TransferBlock.objects.get().until).state == "PAID"


def test_the_database_blocks_whoever_writes_the_row(bank, alice, card):
    """F111: in and out."""
    for n in range(5):
        sent(alice, card, at=make.NOW + n * MINUTE)
    at = make.NOW + 5 * MINUTE
    now = database_time()  # when the database says that a withdrawal is asked for
    TransferBlock.objects.create(
        player_code=alice.code, failures=5, begun_at=now - MINUTE, until=now + 30 * MINUTE
    )

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        by_hand(alice, card, at=at + timedelta(days=400))
    assert violated(caught.value) == "transfers_not_blocked"
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Deposit.objects.create(
            player_code=alice.code, provider="sandbox", amount=10_00, request_key=uuid4(),
            begun_at=at,
        )  # fmt: skip
    assert violated(caught.value) == "transfers_not_blocked"


def test_declined_payments_count_with_returned_withdrawals(bank, alice, card):
    """F111"""
    for n in range(3):
        declined(alice, at=make.NOW + n * MINUTE)
    sent(alice, card, at=make.NOW + 3 * MINUTE)
    assert failures.block_of(alice.code, now=make.NOW + 4 * MINUTE) is None

    sent(alice, card, at=make.NOW + 4 * MINUTE)

    assert failures.block_of(alice.code, now=make.NOW + 5 * MINUTE) is not None


@pytest.mark.thorough
def test_one_that_goes_through_begins_the_count_anew(bank, alice, card):
    """F111: in a row."""
    for n in range(4):
        sent(alice, card, at=make.NOW + n * MINUTE)
    bank.says = PAID
    sent(alice, card, at=make.NOW + 4 * MINUTE)
    bank.says = FAILED
    for n in range(4):
        sent(alice, card, at=make.NOW + (5 + n) * MINUTE)

    assert not TransferBlock.objects.exists()


@pytest.mark.thorough
def test_five_in_more_than_ten_minutes_block_nothing(bank, alice, card):
    """F111"""
    for n in range(8):
        sent(alice, card, at=make.NOW + n * timedelta(minutes=2.6))

    assert not TransferBlock.objects.exists()


def test_a_payment_page_left_alone_is_no_failure(alice):
    """F111: what nobody paid for half an hour was forgotten, not refused."""
    begun = make.NOW - timedelta(minutes=31)
    for _n in range(6):
        deposit = make.order(alice, 20_00, now=begun)
        make.told(deposit, event=f"{deposit.code}:no", state="CANCELLED")

    assert Deposit.objects.filter(state="CLOSED").count() == 6
    assert not TransferBlock.objects.exists()


def test_who_settles_the_case_lets_transfers_go_on(bank, alice, card):
    """F111"""
    for n in range(5):
        sent(alice, card, at=make.NOW + n * MINUTE)
    cashier = make.staff("chuna9", "cashier").member.user
    at = make.NOW + 6 * MINUTE

    cases.resolve(
        code=Case.objects.get(kind=failures.KIND).code, actor=cashier,
        resolution="His account was closed; he has registered another.", now=at,
    )  # fmt: skip
    bank.says = PAID

    assert sent(alice, card, at=at).state == "PAID"
    block = TransferBlock.objects.get()
    assert (block.lifted_at, block.lifted_by) == (at, cashier)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        TransferBlock.objects.update(lifted_at=None, lifted_by=None)
    assert violated(caught.value) == "transfer_block_stands"


def test_one_players_failures_block_no_other(bank, alice, card):
    bob = make.player("王海")
    for n in range(5):
        sent(alice, card, at=make.NOW + n * MINUTE)

    make.order(bob, 10_00, now=make.NOW + 5 * MINUTE)

    assert deposits.of(bob)[0].state == "BEGUN"
