"""Money deeds that are seldom done, killed before and after every statement (RELIABILITY 3.5).

Money that comes back, own money, money of issuers, orders, statements: see `test_crash` for the
deeds of every day. A run does one of them at a few points, a deep one all at all points.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from audit.models import ApprovalRequest
from finance import (
    covers,
    debts,
    dues,
    issuer_money,
    ledger,
    payment_orders,
    periods,
    recalls,
    wallets,
    withdrawals,
    years,
)
from finance.models import (
    Cover,
    Difference,
    Match,
    PaymentOrder,
    Statement,
    StatementLine,
    Withdrawal,
)
from finance.recon import matching, statements
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.sandbox_bank.models import Payout
from tests import make_money as make
from tests import make_remittance

from . import books
from .crash_stories import Story, all_words, booked, last_word, sweep
from .recon_deeds import bill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


@pytest.fixture
def staff(now):
    """Who asks, and who agrees."""
    maker = make.staff("caiwu7", "treasurer", now=now).member.user
    return maker, [make.staff(f"fuhe7{at}", "approver", now=now).member.user for at in range(3)]


def owing(now: Any) -> Withdrawal:
    """40.00 on their way while their player owes as much to his bank."""
    player = make.player(now=now)
    deposit = make.fund(player, 100_00, now=now)
    waits = make.withdraw(player, 40_00, make.bank_account(player, now=now), now=now)
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED", now=now)
    assert (waits.state, debts.owed(player)) == ("APPROVED", 40_00)
    return waits


def came_back(withdrawal: Withdrawal, *, state: str = "RECALLED") -> None:
    """It ended so, its hold was released once, and it has paid what was owed."""
    withdrawal.refresh_from_db()
    player = withdrawals.player_of(withdrawal)
    assert withdrawal.state == state
    assert booked(f"withdrawal:{withdrawal.code}:release") == 1
    assert (wallets.held(player), debts.owed(player)) == (0, 0)


def nothing_leaves(now: Any) -> None:
    """Who looks later finds nothing to send, and the bank has heard of nothing."""
    jobs.run_pending()
    withdrawals.poll(now=now + timedelta(minutes=2))
    assert not Payout.objects.exists()
    assert not Withdrawal.objects.exclude(state="RECALLED").exists()


def test_own_money_killed_at_any_point_is_in_escrow_once(staff, now, most):
    """F130: asked for, agreed to, and written down when the bank has paid it."""
    make.open_accounts(("escrow:icbc", "ESCROW"), (books.OWN, "OWNBANK"))
    maker, checkers = staff
    came = 0

    def begin() -> Story:
        nonlocal came
        came += 6_00
        after, number = came, f"B{uuid4().hex[:12]}"

        def deed() -> None:
            cover = Cover.objects.filter(reason=number).first() or covers.ask(
                escrow="escrow:icbc", own_bank=books.OWN, amount=6_00, reason=number,
                maker=maker, now=now,
            )  # fmt: skip
            all_words(cover.approval_code, checkers, now)
            today = dates.in_shanghai(now).date()
            covers.paid(code=cover.code, paid_on=today, bank_reference=number, actor=maker, now=now)

        def once() -> None:
            cover = Cover.objects.get(reason=number)
            assert cover.state == "BOOKED"
            assert booked(covers.reference_of(cover)) == 1
            assert ledger.balances(["escrow:icbc", books.OWN]) == {
                "escrow:icbc": -after,
                books.OWN: after,
            }

        return Story(deed, once)

    sweep(begin, most=most, name="own money")


@pytest.mark.long
def test_a_recall_killed_at_any_point_comes_back_once(bank, staff, now, most):
    """F112: by the word of others; what comes back pays what is owed, and nothing is sent."""
    cashier, checkers = make.staff("chuna7", "cashier", now=now).member.user, staff[1]

    def begin() -> Story:
        waits = owing(now)

        def deed() -> None:
            waits.refresh_from_db()
            if waits.state == "APPROVED":
                asked = recalls.asked_for(waits) or recalls.ask(
                    code=waits.code, reason="不再提现", maker=cashier, now=now
                )
                all_words(asked.code, checkers, now)

        return Story(deed, lambda: came_back(waits))

    sweep(begin, most=most, name="recall")
    nothing_leaves(now)


@pytest.mark.long
def test_a_recall_by_its_player_killed_at_any_point_comes_back_once(bank, now, most):
    """F112: while he owes what a bank took back."""

    def begin() -> Story:
        waits = owing(now)
        player = withdrawals.player_of(waits)
        return Story(
            lambda: recalls.by_player(code=waits.code, player=player, now=now),
            lambda: came_back(waits),
        )

    sweep(begin, most=most, name="recall by player")
    nothing_leaves(now)


@pytest.mark.long
def test_a_payout_that_came_back_killed_at_any_point_is_given_back_once(
    bank, alice, staff, now, most
):
    """F109, F113: its line waits, or is unknown, until others agree; then both end."""
    make.fund(alice, 50_00, now=now)
    card = make.bank_account(alice, now=now)
    cashier, checkers = make.staff("chuna7", "cashier", now=now).member.user, staff[1]
    bills = itertools.count()

    def begin() -> Story:
        gone = make.withdraw(alice, 10_00, card, now=now)
        withdrawals.send(code=gone.code, now=now)
        number = next(bills)
        day = dates.in_shanghai(now).date() - timedelta(days=500 - number)
        named = "" if number % 2 else gone.code  # every other line does not say what it is
        bill([(day, 10_00, f"R{number}", named, "退汇")], cashier, now, opening=number * 10_00)
        line = StatementLine.objects.get(statement__first_on=day)

        def deed() -> None:
            gone.refresh_from_db()
            if gone.state == "PAID":
                asked = recalls.asked_for(gone) or recalls.ask_return(
                    code=gone.code, reason="账号已销户", maker=cashier, now=now,
                    line="" if named else line.code,
                )  # fmt: skip
                all_words(asked.code, checkers, now)
            matching.run_all(now=now)

        def once() -> None:
            came_back(gone, state="RETURNED")
            back = f"withdrawal:{gone.code}:returned"
            assert (booked(back), Difference.objects.get(line=line).state) == (1, "RESOLVED")
            assert Match.objects.filter(reference=back).count() == bool(named)
            assert booked(f"statement:{line.code}:returned") == (not named)
            assert (wallets.available(alice), wallets.held(alice)) == (50_00, 0)

        return Story(deed, once)

    sweep(begin, most=most, name="payout that came back")
    assert ledger.balance("clearing:sandbox") == -50_00


@pytest.mark.long
def test_money_of_an_issuer_killed_at_any_point_is_booked_once(staff, now, most):
    """F122: one payment of his bank, by the word of another."""
    make.open_accounts(("issuer:ssq", "ISSUER"), ("escrow:icbc", "ESCROW"))
    maker, checkers = staff
    came = 0

    def begin() -> Story:
        nonlocal came
        came += 500_00
        after, number = came, f"CMB-{uuid4().hex[:8]}"

        def deed() -> None:
            if ApprovalRequest.objects.filter(
                payload__contains=number, state="PERFORMED"
            ).exists():  # a treasurer looks before he asks again
                return
            known = ApprovalRequest.objects.filter(payload__contains=number).first()
            asked = known or issuer_money.ask(
                game="ssq", escrow="escrow:icbc", amount=500_00, bank_reference=number,
                maker=maker, now=now,
            )  # fmt: skip
            all_words(asked.code, checkers, now)

        def once() -> None:
            asked = ApprovalRequest.objects.get(payload__contains=number)
            assert booked(f"issuer_paid:{asked.code}") == 1
            assert ledger.balance("issuer:ssq") == -ledger.balance("escrow:icbc") == after

        return Story(deed, once)

    sweep(begin, most=most, name="money of an issuer")


@pytest.mark.long
def test_a_chargeback_killed_at_any_point_is_taken_once(now, most):
    """F112: what the player still has, and what he owes from then on."""

    def begin() -> Story:
        player = make.player(now=now)
        deposit = make.fund(player, 100_00, now=now)
        make.withdraw(player, 30_00, make.bank_account(player, now=now), now=now)

        def deed() -> None:
            make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED", now=now)

        def once() -> None:
            deposit.refresh_from_db()
            assert booked(f"chargeback:{deposit.code}") == 1
            assert (debts.owed(player), wallets.available(player)) == (30_00, 0)
            assert wallets.held(player) == 30_00

        return Story(deed, once)

    sweep(begin, most=most, name="chargeback")
    assert ledger.balance("clearing:sandbox") == 0


@pytest.mark.long
def test_a_payment_order_killed_at_any_point_is_paid_once(staff, now, most):
    """F129, F265: dues are in one order, which the bank pays once."""
    maker, checkers = staff
    treasury = make_remittance.payee("WELFARE")
    gone, opened = 0, ledger.balance(make_remittance.ESCROW)

    def begin() -> Story:
        nonlocal gone
        gone += 36_00
        after, number = gone, f"P{uuid4().hex[:12]}"
        make_remittance.allocate(("welfare:ssq", 36_00), on=make_remittance.month(1))
        dues.make(now=now)

        def deed() -> None:
            orders = PaymentOrder.objects.filter(bank_reference__in=["", number])
            order = orders.first() or payment_orders.ask(
                account="welfare:ssq", payee=treasury.code, escrow=make_remittance.ESCROW,
                maker=maker, now=now,
            )  # fmt: skip
            all_words(order.approval_code, checkers, now)
            today = dates.in_shanghai(now).date()
            payment_orders.paid(
                code=order.code, paid_on=today, bank_reference=number, actor=maker, now=now
            )

        def once() -> None:
            order = PaymentOrder.objects.get(bank_reference=number)
            assert (order.state, order.amount) == ("PAID", 36_00)
            assert booked(payment_orders.reference_of(order)) == 1
            assert ledger.balance("welfare:ssq") == 0
            assert ledger.balance(make_remittance.ESCROW) == opened + after

        return Story(deed, once)

    sweep(begin, most=most, name="payment order")


@pytest.mark.long
def test_a_statement_killed_at_any_point_is_taken_in_and_booked_once(staff, now, most):
    """F113: a fee and money nobody can explain are in the books once, as the bank has them."""
    make.open_accounts(("escrow:icbc", "ESCROW"))
    maker, _checkers = staff
    files = itertools.count()

    def begin() -> Story:
        number = next(files)
        day = dates.in_shanghai(now).date() - timedelta(days=500 - number)
        rows = [(day, -1_00, f"F{number}", "", "手续费"), (day, 5_00, f"I{number}", "", "来账")]

        def deed() -> None:
            with suppress(statements.TakenBefore):
                bill(rows, maker, now, opening=number * 4_00, account="escrow:icbc")
            statements.work_through(code=Statement.objects.get(first_on=day).code, now=now)

        def once() -> None:
            lines = StatementLine.objects.filter(statement__first_on=day)
            assert lines.count() == Match.objects.filter(line__in=lines).count() == 2
            assert all(booked(f"statement:{line.code}") == 1 for line in lines)
            assert ledger.balance("escrow:icbc") == -4_00 * (number + 1)
            assert Difference.objects.filter(line__in=lines).count() == 1

        return Story(deed, once)

    sweep(begin, most=most, name="statement")
    assert ledger.balance("suspense:unexplained_in") == 5_00 * next(files)


@pytest.mark.long
def test_a_year_killed_at_any_point_is_carried_forward_once(staff, now, most):
    """F123, F124: what it cost goes to the surplus, before its December closes."""
    make.open_accounts((books.RENT, "EXPENSE"), (books.OWN, "OWNBANK"))
    maker, checkers = staff
    ends = itertools.count(1900)

    def begin() -> Story:
        year = next(ends)
        if year > 1900:
            close = periods.ask_close(code=f"{year - 1}-12", maker=maker, now=now)
            all_words(close.code, checkers, now)
        books.month(f"{year}-12")
        books.spent(9_00, date(year, 12, 1))
        asked = years.ask(year=year, maker=maker, now=now)

        def once() -> None:
            assert booked(f"closing:{asked.code}") == 1
            assert ledger.balances([books.RENT, years.SURPLUS]) == {
                books.RENT: 0,
                years.SURPLUS: -9_00 * (year - 1899),
            }

        return Story(last_word(asked.code, checkers, now), once)

    sweep(begin, most=most, name="year")
