"""Many at once: money is credited once, held once, given back once, and never overdrawn."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, transaction

from finance import bank_accounts, inbox, ledger, wallets, withdrawal_limits, withdrawals
from finance.ledger import Move
from finance.models import Adjustment, BankAccount, Deposit, Entry, ProviderEvent, Withdrawal
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests.at_once import at_once
from tests.owner import as_owner

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def post(reference, moves, kind):
    with transaction.atomic(durable=True):
        return ledger.post(reference=reference, moves=moves, kind=kind)


def of_type(results, kind):
    return [result for result in results if isinstance(result, kind)]


def test_the_same_callback_twenty_times_at_once_credits_once():
    """F108"""
    alice = make.player()
    deposit = make.order(alice, 100_00)

    results = at_once([lambda: make.told(deposit)] * 20)

    assert len(of_type(results, ProviderEvent)) == 20
    assert wallets.available(alice) == 100_00
    assert Entry.objects.filter(kind="DEPOSIT", reference=f"deposit:{deposit.code}").count() == 1
    assert ProviderEvent.objects.count() == 1
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_the_same_fact_under_twenty_names_at_once_credits_once():
    """F108: the row of the deposit is locked while its facts are folded."""
    alice = make.player()
    deposit = make.order(alice, 100_00)

    results = at_once([partial(make.told, deposit, event=f"e{number}") for number in range(20)])

    assert len(of_type(results, ProviderEvent)) == 20
    assert wallets.available(alice) == 100_00
    outcomes = ProviderEvent.objects.values_list("outcome", flat=True)
    assert sorted(outcomes) == ["APPLIED", *["REPEATED"] * 19]


def test_paid_and_refunded_at_once_end_in_one_state():
    """F108"""
    alice = make.player()
    made = [make.order(alice, 100_00) for _ in range(4)]

    facts = [
        partial(make.told, deposit, event=f"{deposit.code}:{told}", state=told)
        for deposit in made
        for told in ("PAID", "REFUNDED", "CANCELLED")
    ]

    for fact, result in zip(facts, at_once(facts), strict=True):
        if isinstance(result, OperationalError):  # waited too long: the bank says it again
            fact()
        else:
            assert not isinstance(result, Exception), result

    assert set(Deposit.objects.values_list("state", flat=True)) == {"CHARGED_BACK"}
    owed = ledger.balance(f"receivable:{alice.code}")
    assert wallets.available(alice) + owed == 0
    assert ledger.verify_books() == []


def test_holding_and_spending_at_once_never_overdraws():
    """F106: the wallet has money for one of them."""
    alice = make.player()
    make.put(alice, 100_00)
    card = make.bank_account(alice)
    make.open_accounts(("stakes:test", "STAKES"))
    spend = [Move(wallets.wallet_of(alice), "stakes:test", 60_00)]

    results = at_once(
        [lambda: make.withdraw(alice, 60_00, card)] * 6
        + [partial(post, f"purchase:{n}", spend, "PURCHASE") for n in range(6)]
    )

    assert len(of_type(results, Withdrawal)) + len(of_type(results, Entry)) == 1
    assert (
        len(of_type(results, wallets.NotEnoughMoney)) + len(of_type(results, IntegrityError)) == 11
    )
    assert wallets.available(alice) == 40_00
    assert wallets.held(alice) + ledger.balance("stakes:test") == 60_00
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_reversing_twice_at_once_moves_the_money_back_once():
    """F105"""
    alice = make.player()
    make.put(alice, 100_00)
    post(
        "deed:1", [Move(wallets.wallet_of(alice), wallets.hold_of(alice), 40_00)], "WITHDRAWAL_HOLD"
    )

    asked = [make.reversal("deed:1") for _number in range(8)]

    results = at_once([partial(make.decided, one) for one in asked])

    assert len(of_type(results, Adjustment)) == 1
    assert len(of_type(results, ledger.AlreadyReversed)) == 7
    assert (wallets.available(alice), wallets.held(alice)) == (100_00, 0)


def test_one_reference_at_once_is_one_entry():
    """F103"""
    alice = make.player()
    moves = [Move("clearing:sandbox", wallets.wallet_of(alice), 5_00)]

    results = at_once([lambda: post("deed:1", moves, "DEPOSIT")] * 12)

    assert len({entry.pk for entry in of_type(results, Entry)}) == 1
    assert len(of_type(results, Entry)) == 12
    assert wallets.available(alice) == 5_00


@pytest.mark.thorough
def test_entries_over_the_same_wallets_never_wait_for_each_other_in_a_ring():
    """F103: balances are locked by code, in whatever order the moves name them."""
    codes = [f"winnings:R{number}" for number in range(8)]
    make.open_accounts(("prizes:r", "PRIZES"), *((code, "WINNINGS") for code in codes))

    def pay(number):
        turned = codes[number % 8 :] + codes[: number % 8]
        order = turned if number % 2 else turned[::-1]
        return [
            post(f"prize:{number}:{again}", [Move("prizes:r", code, 1) for code in order], "PRIZE")
            for again in range(10)
        ]

    results = at_once([partial(pay, number) for number in range(16)])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert set(ledger.balances(codes).values()) == {160}
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_the_movements_of_a_wallet_stand_in_the_order_of_their_times():
    """F010: the time is read when the wallet is locked."""
    alice = make.player()

    at_once(
        [
            partial(
                post,
                f"d:{number}",
                [Move("clearing:sandbox", wallets.wallet_of(alice), 1)],
                "DEPOSIT",
            )
            for number in range(24)
        ]
    )

    times = [row.posted_at for row in ledger.movements(wallets.wallet_of(alice)).order_by("id")]
    assert times == sorted(times)
    assert ledger.verify_books() == []


def test_one_request_key_at_once_is_one_withdrawal():
    alice = make.player()
    make.put(alice, 100_00)
    card, key = make.bank_account(alice), uuid4()

    results = at_once([lambda: make.withdraw(alice, 60_00, card, key=key)] * 8)

    assert len({row.pk for row in of_type(results, Withdrawal)}) == 1
    assert len(of_type(results, Withdrawal)) == 8
    assert wallets.held(alice) == 60_00


def test_one_request_key_at_once_is_one_deposit():
    alice, key = make.player(), uuid4()

    results = at_once([lambda: make.order(alice, 60_00, key=key)] * 8)

    assert len({row.pk for row in of_type(results, Deposit)}) == 1
    assert len(of_type(results, Deposit)) == 8


def test_the_ceiling_of_a_day_holds_for_requests_at_once():
    """Over different bank accounts, so that only the wallet is common to them."""
    alice = make.player()
    make.put(alice, 300_000_00)
    cards = [make.bank_account(alice, f"60{number}1") for number in range(5)]

    results = at_once([partial(make.withdraw, alice, 60_000_00, card) for card in cards])

    assert len(of_type(results, Withdrawal)) == 3
    assert len(of_type(results, withdrawal_limits.DailyCeilingReached)) == 2
    assert wallets.held(alice) == 180_000_00


@pytest.mark.thorough
def test_an_account_is_not_removed_while_a_withdrawal_to_it_begins():
    alice = make.player()
    make.put(alice, 100_00)
    for _ in range(6):
        card = make.bank_account(alice)
        results = at_once(
            [
                partial(bank_accounts.remove, player=alice, code=card.code, now=make.NOW),
                partial(make.withdraw, alice, 1_00, card),
            ]
        )
        is_removed = BankAccount.objects.get(pk=card.pk).removed_at is not None
        assert is_removed != Withdrawal.objects.filter(bank_account=card).exists(), results
        if not is_removed:
            break


def test_two_cashiers_at_once_prepare_it_once():
    alice = make.player()
    make.put(alice, 6_000_00)
    withdrawal = make.withdraw(alice, 6_000_00, make.bank_account(alice))
    cashiers = [make.staff(f"chuna{number}", "cashier").member.user for number in range(4)]

    results = at_once(
        [
            partial(withdrawals.prepare, code=withdrawal.code, maker=user, now=make.NOW)
            for user in cashiers
        ]
    )

    assert len(of_type(results, Withdrawal)) == 1
    assert len(of_type(results, withdrawals.NotInThisState)) == 3


@pytest.mark.thorough
def test_two_players_at_once_register_one_bank_account():
    """F006"""
    number = make.card("6021")
    players = [make.player() for _ in range(6)]

    results = at_once(
        [
            partial(
                bank_accounts.add,
                player=player,
                bank_name="建设银行",
                number=number,
                holder=make.NAME,
                now=make.NOW,
            )
            for player in players
        ]
    )

    assert len(of_type(results, BankAccount)) == 1
    assert len(of_type(results, bank_accounts.BankAccountTaken)) == 5


def test_callbacks_and_polls_at_once_do_not_disturb_each_other():
    """F108: what waits in the inbox is folded by whoever comes first."""
    alice = make.player()
    made = [make.order(alice, 10_00) for _ in range(6)]
    # As if the house had been killed between writing the messages down and acting on them.
    facts = [
        ProviderEvent(
            provider="sandbox",
            event_id=f"{deposit.code}:PAID",
            kind="PAID",
            order_code=deposit.code,
            trade="T",
            amount=deposit.amount,
            body="{}",
            received_at=make.NOW,
        )
        for deposit in made
    ]
    ProviderEvent.objects.bulk_create(facts)

    results = at_once([lambda: inbox.poll(now=make.NOW)] * 4)

    assert results == [0, 0, 0, 0]
    assert wallets.available(alice) == 60_00
    assert ledger.verify_books() == []


def test_an_approval_is_good_for_its_own_moves_only():
    """F212: moves altered behind the approval's back are not booked."""
    alice = make.player()
    make.open_accounts(("suspense:a", "SUSPENSE"))
    asked = make.adjustment(Move("suspense:a", wallets.wallet_of(alice), 7_00))
    with as_owner() as owner:
        owner.execute("ALTER TABLE finance_adjustment DISABLE TRIGGER finance_adjustment_stands")
        owner.execute(
            "UPDATE finance_adjustment SET moves = jsonb_set(moves, '{0,2}', '800')"
            " WHERE code = %s",
            [asked.code],
        )
        owner.execute(
            "ALTER TABLE finance_adjustment ENABLE ALWAYS TRIGGER finance_adjustment_stands"
        )

    with pytest.raises(IntegrityError) as caught:
        make.decided(asked)

    assert violated(caught.value) == "correction_is_approved"
    assert wallets.available(alice) == 0
