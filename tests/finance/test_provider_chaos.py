"""Banks that repeat, reorder, delay, lose and time out: 0 double postings (V-1 to V-5, F108, F112).

Each test runs for WeChat Pay, in a full run for Alipay and the sandbox too, over real HTTP, signed
by keys of our own.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from finance import bank_accounts, bank_checks, debts, inbox, ledger, wallets
from finance import withdrawals as door
from finance.ledger import EntryKind, Move
from finance.models import Case, Entry, ProviderEvent
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests.at_once import at_once
from tests.samples import one_in

from . import networks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.parametrize("network", one_in(3, networks.ALL[::-1]), indirect=True),
]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def paid(network, alice):
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    network.told(deposit)
    deposit.refresh_from_db()
    return deposit


@pytest.fixture
def card(network, alice, now):
    """An account as this provider has it confirmed: by an answer, or at each payout."""
    account = bank_accounts.add(
        player=alice, bank_name="建设银行", number=make.card(), holder=make.NAME, now=now
    )
    bank_checks.ask(code=account.name_check.code, now=now)
    return account


def state(row):
    row.refresh_from_db()
    return row.state


def postings(kind):
    return Entry.objects.filter(kind=kind).count()


def play(player, fen):
    make.open_accounts(("stakes:chaos", "STAKES"))
    with transaction.atomic():
        ledger.post(
            reference="played:chaos",
            kind=EntryKind.PURCHASE,
            moves=[Move(wallets.purse_of(player), "stakes:chaos", fen)],
        )


@pytest.mark.xdist_group("a_hundred_connections")  # two such at once are too many
@pytest.mark.race
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_hundred_notices_and_questions_at_once_credit_once(network, alice, now, full):
    """V-2: the same notice, other notices of the same payment, and the poll, all at one moment.

    A hundred in a full run, twenty in any.
    """
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    same, again = network.message(deposit), network.message(deposit)
    later = now + timedelta(seconds=61)

    many = networks.HUNDRED if full else networks.SAMPLE
    results = at_once(
        [partial(network.take, *same)] * (many * 3 // 5)
        + [partial(network.take, *again)] * (many * 2 // 5 - 1)
        + [partial(inbox.poll, now=later)]
    )

    assert [one for one in results if isinstance(one, Exception)] == []
    assert (wallets.available(alice), postings("DEPOSIT")) == (100_00, 1)
    assert ProviderEvent.objects.filter(outcome="APPLIED").count() == 1
    assert ledger.verify_books() == []


@pytest.mark.parametrize(
    "late", one_in(3, ((one,) for one in itertools.permutations(["pay", "refund", "close"])))
)
def test_facts_a_day_apart_in_any_order_end_in_the_same_books(network, alice, now, late):
    """V-3, V-4: each of them comes 24 hours after the one before, and the poll asks in between."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    for days, name in enumerate(late):
        at = now + timedelta(days=days)
        network.now = at
        network.take(*network.facts(deposit)[name], now=at)
        inbox.poll(now=at + MINUTE)

    assert (state(deposit), wallets.available(alice)) == ("CHARGED_BACK", 0)
    assert (postings("DEPOSIT"), postings("CHARGEBACK")) == (1, 1)
    assert ledger.balance(f"clearing:{network.name}") == 0
    assert ledger.verify_books() == []


def test_nothing_is_playable_before_it_is_received(network, alice):
    """F108, R4: GLI-19 2.5.6(c): begun and paid at the bank is not in the balance."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)

    with pytest.raises(IntegrityError) as caught:
        play(alice, 1)
    assert violated(caught.value) == "wallet_not_overdrawn"
    network.told(deposit)
    play(alice, 100_00)

    assert wallets.available(alice) == 0


@pytest.mark.parametrize("fen", [99_99, 100_01, 1])
def test_another_sum_is_quarantined_whole(network, alice, fen):
    """V-1, F108: never a partial credit; the right message after it waits for people."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)

    wrong = network.told(deposit, **network.of_another_sum(fen))
    right = network.told(deposit)

    assert (wrong.outcome, right.outcome) == ("QUARANTINED", "WAITING")
    assert (state(deposit), wallets.available(alice), postings("DEPOSIT")) == ("QUARANTINED", 0, 0)


def test_a_chargeback_of_spent_money_is_owed_and_locks(network, alice, paid):
    """F112: the wallet is never below zero, the rest is a receivable, the account is limited."""
    play(alice, 70_00)

    for _ in range(3):
        network.take(*network.facts(paid)["refund"])

    alice.refresh_from_db()
    assert (wallets.available(alice), debts.owed(alice)) == (0, 70_00)
    assert ledger.balance(f"receivable:{alice.code}") == -70_00
    assert (alice.state, postings("CHARGEBACK")) == ("LIMITED", 1)
    assert Case.objects.get(kind=debts.CHARGEBACK).object_code == paid.code
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_a_payout_lost_after_paying_is_paid_once(network, alice, paid, card, now):
    """V-5: UNKNOWN, asked under its own number, never sent again."""
    withdrawal = door.request(
        player=alice, amount=30_00, bank_account=card.code, request_key=uuid4(), now=now
    )
    network.bank.troubles.append("lost")

    door.send(code=withdrawal.code, now=now)
    assert state(withdrawal) == "UNKNOWN"
    assert wallets.held(alice) == 30_00
    for n in range(5):
        network.bank.troubles.append("silent")
        door.poll(now=now + (2 + n) * MINUTE)
        assert state(withdrawal) == "UNKNOWN"
    for n in range(2):
        door.poll(now=now + timedelta(hours=24 + n))

    assert (state(withdrawal), wallets.held(alice)) == ("PAID", 0)
    assert list(network.bank.transfers) == [withdrawal.code]
    assert postings("WITHDRAWAL_PAID") == 1
    assert ledger.balance(f"clearing:{network.name}") == -70_00
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_a_payout_that_never_arrived_is_sent_under_its_own_number(network, alice, paid, card, now):
    """V-5: the bank says that it never heard of it."""
    withdrawal = door.request(
        player=alice, amount=30_00, bank_account=card.code, request_key=uuid4(), now=now
    )
    network.bank.troubles.append("silent")
    door.send(code=withdrawal.code, now=now)
    assert (state(withdrawal), network.bank.transfers) == ("UNKNOWN", {})

    for n in range(3):
        door.poll(now=now + (2 + n) * MINUTE)

    assert state(withdrawal) == "PAID"
    assert list(network.bank.transfers) == [withdrawal.code]
    assert ledger.balance(f"clearing:{network.name}") == -70_00


@pytest.mark.race
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_payout_sent_by_many_at_once_is_paid_once(network, alice, paid, card, now):
    """V-5: the queue, the poll and an impatient hand."""
    withdrawal = door.request(
        player=alice, amount=30_00, bank_account=card.code, request_key=uuid4(), now=now
    )

    results = at_once([partial(door.send, code=withdrawal.code, now=now)] * 8)
    door.poll(now=now + 2 * MINUTE)

    assert [one for one in results if isinstance(one, Exception)] == []
    assert (state(withdrawal), wallets.held(alice)) == ("PAID", 0)
    assert list(network.bank.transfers) == [withdrawal.code]
    assert postings("WITHDRAWAL_PAID") == 1
    assert ledger.verify_books() == []
