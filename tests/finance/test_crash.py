"""Money deeds killed before and after every statement and commit, and done again (RELIABILITY 3.5).

Each deed is done in a process of its own that is killed at one point; then it is asked for again as
a browser, a bank or a colleague would. Whatever the point, the books hold in between, and in the
end the money has moved once. A run takes points spread over each deed, a deep
one all.
"""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.db import transaction

from finance import adjustments, ledger, periods, refunds, wallets, withdrawals, years
from finance.ledger import Move
from finance.models import (
    Adjustment,
    Deposit,
    DepositReturn,
    Entry,
    Period,
    PeriodBalance,
    Withdrawal,
)
from lottery_portal import jobs
from lottery_portal.sandbox_bank.models import Payout, Refund
from tests import make_money as make

from . import books
from .crash_stories import Story, booked, broken_rules, last_word, sweep
from .test_refunds import paid

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

FIRST = 1990
MONTHS_OF_OLD = [  # a year ends among the first of them
    date(FIRST + number // 12, number % 12 + 1, 15) for number in range(10, 12 * 30)
]


@pytest.fixture
def staff(now):
    """Who asks, and who agrees."""
    maker = make.staff("caiwu7", "treasurer", now=now).member.user
    return maker, [make.staff(f"fuhe7{at}", "approver", now=now).member.user for at in range(3)]


def test_a_deposit_killed_at_any_point_is_credited_once(alice, now, most):
    """F108: begun by the player, paid by the word of the bank, which says it until it is heard."""
    came = 0

    def begin() -> Story:
        nonlocal came
        key, before = uuid4(), came
        came += 100_00

        def deed() -> None:
            make.told(make.order(alice, 100_00, key=key, now=now), now=now)

        def once() -> None:
            deposit = Deposit.objects.get(request_key=key)
            assert deposit.state == "CREDITED"
            assert booked(f"deposit:{deposit.code}") == 1
            assert wallets.available(alice) == before + 100_00

        return Story(deed, once)

    sweep(begin, most=most, name="deposit")
    assert ledger.balance("clearing:sandbox") == -came
    assert broken_rules() == set()


def test_a_withdrawal_killed_at_any_point_is_paid_once(bank, alice, now, most):
    """F106, F110: held, sent and paid; the bank is asked before anything is sent again."""
    make.fund(alice, 50_000_00, now=now)
    card = make.bank_account(alice, now=now)
    gone = 0

    def begin() -> Story:
        nonlocal gone
        key = uuid4()
        gone += 10_00
        left = 50_000_00 - gone

        def deed() -> None:
            asked = make.withdraw(alice, 10_00, card, key=key, now=now)
            withdrawals.send(code=asked.code, now=now)

        def once() -> None:
            found = Withdrawal.objects.get(request_key=key)
            assert found.state == "PAID"
            assert Payout.objects.get(order_code=found.code).state == "PAID"
            assert booked(f"withdrawal:{found.code}:hold") == 1
            assert booked(f"withdrawal:{found.code}:paid") == 1
            assert (wallets.available(alice), wallets.held(alice)) == (left, 0)

        return Story(deed, once)

    sweep(begin, most=most, name="withdrawal")
    jobs.run_pending()
    assert Payout.objects.count() == Withdrawal.objects.count() == gone // 10_00
    assert broken_rules() == set()


@pytest.mark.thorough
def test_an_adjustment_killed_at_any_point_is_booked_once(alice, staff, now, most):
    """F120, F212: the last word performs it, in the transaction of the word."""
    make.open_accounts(("suspense:bank", "SUSPENSE"))
    maker, checkers = staff
    came = 0

    def begin() -> Story:
        nonlocal came
        came += 7_00
        after = came
        asked = adjustments.ask(
            moves=[Move("suspense:bank", wallets.wallet_of(alice), 7_00)],
            reason="账实不符",
            maker=maker,
            now=now,
        )

        def once() -> None:
            done = Adjustment.objects.get(pk=asked.pk)
            assert booked(f"adjustment:{asked.code}") == 1
            assert done.after == {"suspense:bank": -after, wallets.wallet_of(alice): after}
            assert wallets.available(alice) == after

        return Story(last_word(asked.approval_code, checkers, now), once)

    sweep(begin, most=most, name="adjustment")
    assert broken_rules() == set()


@pytest.mark.thorough
def test_a_reversal_killed_at_any_point_is_booked_once(alice, staff, now, most):
    """F105: what came by mistake goes back whole, and once."""
    maker, checkers = staff

    def begin() -> Story:
        deposit = make.fund(alice, 30_00, now=now)
        asked = adjustments.ask_reversal(
            of_reference=f"deposit:{deposit.code}", reason="重复入账", maker=maker, now=now
        )

        def once() -> None:
            reversals = Entry.objects.filter(reversal_of__reference=f"deposit:{deposit.code}")
            assert [one.reference for one in reversals] == [f"adjustment:{asked.code}"]
            assert wallets.available(alice) == 0

        return Story(last_word(asked.approval_code, checkers, now), once)

    sweep(begin, most=most, name="reversal")
    assert ledger.balance("clearing:sandbox") == 0


def test_a_refund_killed_at_any_point_goes_back_once(bank, alice, staff, now, most):
    """F115: out of the balance and back to the card, each once."""
    maker, _checkers = staff

    def begin() -> Story:
        deposit = paid(alice, 20_00, now)

        def deed() -> None:
            if not refunds.of(deposit):  # a treasurer looks before he asks again
                run = refunds.dry_run([deposit])
                refunds.plan(run=run, reason="重复扣款", maker=maker, now=now)
            for row in refunds.of(deposit):
                refunds.send(code=row.code, now=now)

        def once() -> None:
            row = DepositReturn.objects.get(deposit=deposit)
            assert row.state == "DONE"
            assert Refund.objects.get(payment__order_code=deposit.code).amount == 20_00
            assert booked(f"return:{row.code}") == 1
            assert booked(f"return:{row.code}:back") == 0
            assert wallets.available(alice) == 0

        return Story(deed, once)

    sweep(begin, most=most, name="refund")
    jobs.run_pending()
    assert Refund.objects.count() == DepositReturn.objects.count()
    assert ledger.balance("clearing:sandbox") == 0
    assert broken_rules() == set()


@pytest.mark.thorough
def test_a_closing_month_killed_at_any_point_is_closed_once(staff, now, most):
    """F123: the balances, their digest and the lock come together or not at all; December too."""
    make.open_accounts((books.RENT, "EXPENSE"), (books.OWN, "OWNBANK"))
    maker, checkers = staff
    months = iter(MONTHS_OF_OLD)

    def begin() -> Story:
        day = next(months)
        code = f"{day:%Y-%m}"
        books.month(code)
        with transaction.atomic():
            moves = [Move(books.RENT, books.OWN, 9_00)]
            ledger.post(reference=f"rent:{code}", kind="EXPENSE_PAID", moves=moves, day=day)
        years_ended = day.year - FIRST
        if code.endswith("-12"):
            years_ended += 1
            last_word(years.ask(year=day.year, maker=maker, now=now).code, checkers, now)()
        asked = periods.ask_close(code=code, maker=maker, now=now)

        def once() -> None:
            period = Period.objects.get(code=code)
            rows = PeriodBalance.objects.filter(period=period)
            assert (period.state, rows.count()) == ("CLOSED", 2 + bool(years_ended))
            assert sum(row.closing for row in rows) == 0
            assert period.approval_code == asked.code

        return Story(last_word(asked.code, checkers, now), once)

    sweep(begin, most=most, name="period")
    closed = Period.objects.filter(state="CLOSED")
    assert closed.count() == Period.objects.filter(last_day__lt=now.date()).count()


def test_the_sweep_finds_a_deed_that_is_not_whole(alice, now):
    """Credited first and noted afterwards: who is killed in between credits twice."""
    came = 0

    def begin() -> Story:
        nonlocal came
        came += 100_00
        note, after = f"stakes:{uuid4()}", came

        def careless() -> None:
            if ledger.is_open(note):
                return
            with transaction.atomic():
                ledger.post(
                    reference=f"careless:{uuid4()}",
                    kind="DEPOSIT",
                    moves=[Move("clearing:sandbox", wallets.wallet_of(alice), 100_00)],
                )
            make.open_accounts((note, "STAKES"))

        def once() -> None:
            assert wallets.available(alice) == after

        return Story(careless, once)

    with pytest.raises(AssertionError):
        sweep(begin, most=None, name="careless")
