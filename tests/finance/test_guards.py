"""Rows written past their doors: each guard of the tables refuses by its own name."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, connections, transaction

from finance.ledger import Move
from finance.models import (
    Account,
    Adjustment,
    Case,
    Difference,
    HouseBank,
    Match,
    Payee,
    Period,
    Statement,
    StatementLine,
    TreasuryReceipt,
    Withdrawal,
)
from lottery_portal.lib import dates
from lottery_portal.lib.db import violated
from tests import make_money as make

from . import books
from .recon_deeds import bill, house_bank, provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def treasurer(now):
    return make.staff("treasurer-guards", "treasurer", now=now).member.user


def refused(deed, *args, **said):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed(*args, **said)
    return violated(caught.value)


def test_a_withdrawal_begins_held():
    """F109: one that begins as paid was never held."""
    alice = make.player()
    card = make.bank_account(alice)

    name = refused(
        Withdrawal.objects.create,
        player_code=alice.code,
        bank_account=card,
        provider="sandbox",
        amount=1_00,
        request_key=uuid4(),
        state="PAID",
        requested_by=alice.user,
        requested_at=make.NOW,
        ended_at=make.NOW,
    )

    assert name == "finance_withdrawal_begins_at_the_beginning"
    assert not Withdrawal.objects.exists()


def test_a_case_begins_open(now, treasurer):
    """F121"""
    name = refused(
        Case.objects.create,
        kind="finance.chargeback",
        object_type="deposit",
        object_code="X",
        facts={},
        opened_at=now,
        due_on=now.date(),
        state="RESOLVED",
        resolution="Nothing to see.",
        resolved_at=now,
        resolved_by=treasurer,
    )

    assert name == "finance_case_begins_at_the_beginning"
    assert not Case.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_closed_month_is_not_opened_again_by_its_owner_either():
    """F123"""
    books.month("2025-03")
    books.closed("2025-03")

    for change in (
        "UPDATE finance_period SET state = 'OPEN', closed_at = NULL WHERE code = '2025-03'",
        "UPDATE finance_period SET digest = repeat('0', 64) WHERE code = '2025-03'",
        "DELETE FROM finance_period WHERE code = '2025-03'",
    ):
        with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
            cursor.execute(change)
        assert violated(caught.value) == "period_closes_once"

    assert Period.objects.get(code="2025-03").state == "CLOSED"


def test_a_correction_is_not_called_booked_before_it_is():
    """F212: the balances after it are those after its entry."""
    alice = make.player()
    make.open_accounts(("suspense:a", "SUSPENSE"))
    asked = make.adjustment(Move("suspense:a", f"wallet:{alice.code}", 7_00))
    rows = Adjustment.objects.filter(pk=asked.pk)

    before = refused(rows.update, after={}, booked_at=make.NOW)
    make.decided(asked)
    afterwards = refused(rows.update, after={}, booked_at=make.NOW)

    assert (before, afterwards) == ("adjustment_stands", "adjustment_stands")
    assert rows.get().after == {"suspense:a": -7_00, f"wallet:{alice.code}": 7_00}


def test_a_row_of_a_register_ends_once(now, treasurer):
    """F117, F129: a bank account of the house, and a payee."""
    bank, payee = house_bank(treasurer, now), provider(treasurer, now)
    banks, payees = HouseBank.objects.filter(pk=bank.pk), Payee.objects.filter(pk=payee.pk)
    banks.update(closed_at=now)
    payees.update(state="RETIRED", ended_at=now, reason="账户注销")

    assert refused(banks.update, closed_at=None) == "register_row_stays"
    assert refused(payees.update, state="LISTED", ended_at=None) == "payee_stands"


def test_the_days_of_an_account_are_told_once(now, treasurer):
    """F113: a second statement of the same days is refused, whatever it says."""
    today = dates.in_shanghai(now).date()
    first = bill([(today, 5_00, "T0", "", "利息")], treasurer, now)

    name = refused(
        Statement.objects.create,
        **{
            field.attname: getattr(first, field.attname)
            for field in Statement._meta.concrete_fields
            if field.attname not in {"id", "code", "digest"}
        },
        code="OTHER",
        digest="0" * 64,
    )

    assert name == "statement_days_once"
    assert Statement.objects.count() == 1


def test_a_line_is_matched_with_the_same_movement_only(now, treasurer):
    """F113"""
    alice = make.player(now=now)
    deposit = make.fund(alice, 50_00, now=now)
    today = dates.in_shanghai(now).date()
    bill([(today, 49_99, "T0", deposit.code, "交易")], treasurer, now)
    line = StatementLine.objects.get(reference="T0")

    name = refused(
        Match.objects.create,
        line=line,
        account=Account.objects.get(code="clearing:sandbox"),
        reference=f"deposit:{deposit.code}",
        how="ORDER",
        matched_at=now,
    )

    assert name == "match_agrees_with_the_books"
    assert not Match.objects.filter(line=line).exists()


def test_a_difference_stays_as_it_was_found_and_is_put_right_to_the_fen(now, treasurer):
    """F121"""
    alice = make.player(now=now)
    deposit = make.fund(alice, 50_00, now=now)
    today = dates.in_shanghai(now).date()
    bill([(today, 49_99, "T0", deposit.code, "交易")], treasurer, now)
    rows = Difference.objects.filter(kind="AMOUNT")
    ended = {"state": "RESOLVED", "resolution": "x", "resolved_by": treasurer, "resolved_at": now}

    wrong = refused(rows.update, **ended, correction=f"deposit:{deposit.code}")
    rows.update(**ended)
    again = refused(rows.update, resolution="y")

    assert (wrong, again) == ("difference_put_right_to_the_fen", "difference_stands")
    assert rows.get().resolution == "x"


def test_a_treasury_receipt_is_for_what_was_paid():
    """F265"""
    name = refused(
        TreasuryReceipt.objects.create,
        order_id=-1,
        number="R-1",
        issued_on=make.NOW.date(),
        amount=1_00,
        file_name="r.pdf",
        file_digest="0" * 64,
        file_size=1,
        recorded_at=make.NOW,
    )

    assert name == "treasury_receipt_fits"
    assert not TreasuryReceipt.objects.exists()
