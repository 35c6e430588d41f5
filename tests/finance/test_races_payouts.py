"""Many at once: a debt is paid once, a block begins once, a ceiling holds (F109, F111, F112)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from finance import cases, debts, failures, ledger, wallets, withdrawal_limits, withdrawals
from finance.ledger import EntryKind, Move
from finance.models import Case, TransferBlock, Withdrawal
from finance.providers import FAILED
from tests import make_money as make
from tests.at_once import at_once

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def of_type(results, kind):
    return [one for one in results if isinstance(one, kind)]


def test_a_debt_that_is_paid_ten_times_at_once_is_paid_once():
    """F112"""
    alice = make.player()
    make.open_accounts(("stakes:test", "STAKES"), ("prizes:test", "PRIZES"))
    deposit = make.fund(alice, 100_00)
    with transaction.atomic():
        ledger.post(
            reference="purchase:t1",
            kind=EntryKind.PURCHASE,
            moves=[Move(wallets.purse_of(alice), "stakes:test", 100_00)],
        )
    make.told(deposit, event="back", state="REFUNDED")
    with transaction.atomic():
        ledger.post(
            reference="prize:t1",
            kind=EntryKind.PRIZE,
            moves=[Move("prizes:test", wallets.winnings_of(alice), 1_000_00)],
        )
    moments = [make.NOW.replace(microsecond=1000 * n) for n in range(10)]

    results = at_once([partial(debts.pay, player=alice, now=now) for now in moments])

    assert of_type(results, int) == [100_00]
    assert len(of_type(results, debts.NoDebt)) == 9
    assert (wallets.available(alice), debts.owed(alice)) == (900_00, 0)
    alice.refresh_from_db()
    assert alice.state == "ACTIVE"
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_failures_that_end_at_once_count_each_other(fake_bank):
    """F111: the fifth of five blocks, whichever it is, and one case is opened."""
    alice = make.player()
    make.fund(
        alice, 100_00, now=make.NOW - timedelta(hours=2)
    )  # in a row: what succeeded was before
    card = make.bank_account(alice)
    made = [make.withdraw(alice, 10_00, card) for _number in range(5)]
    fake_bank.says = FAILED

    at_once([partial(withdrawals.send, code=one.code, now=make.NOW) for one in made])

    assert set(Withdrawal.objects.values_list("state", flat=True)) == {"FAILED"}
    assert TransferBlock.objects.get().failures == 5
    assert Case.objects.filter(kind=failures.KIND).count() == 1
    assert wallets.available(alice) == 100_00


def test_the_ceiling_of_a_day_holds_for_many_at_once():
    """F109"""
    alice = make.player()
    make.put(alice, 400_000_00)
    card = make.bank_account(alice)

    results = at_once([partial(make.withdraw, alice, 50_000_00, card)] * 8)

    assert len(of_type(results, Withdrawal)) == 4
    assert len(of_type(results, withdrawal_limits.DailyCeilingReached)) == 4
    assert wallets.held(alice) == 200_000_00
    assert ledger.verify_books() == []


def test_a_case_opened_by_many_at_once_is_one():
    """F121"""

    def open_one():
        with transaction.atomic():
            return cases.open_(
                kind=failures.KIND, object_type="player", object_code="X", facts={}, now=make.NOW
            )

    results = at_once([open_one] * 8)

    assert len({case.pk for case in of_type(results, Case)}) == 1
    assert len(of_type(results, Case)) == 8
