"""Turnover by day: the same figures before and after it is rolled up, at any moment."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connection, connections, transaction

from finance import ledger
from finance.ledger import Move
from finance.models import DayFlow, Entry, RolledUp, Turnover
from finance.statements import figures
from finance.statements.figures import Span
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from tests import make as make_all
from tests import make_money as make
from tests import owner
from tests.at_once import at_once

from . import books

pytestmark = pytest.mark.django_db(transaction=True)

CLEARING = "clearing:sandbox"
EVER = Span(date(2000, 1, 1), date(2100, 1, 1))


def today():
    return dates.in_shanghai(database_time()).date()


def told(*codes):
    """Everything there is to ask of the books, as one value."""
    return (
        ledger.balances(codes),
        ledger.trial_balance(),
        {code: ledger.balance_at(code, database_time() + timedelta(hours=1)) for code in codes},
        figures.standing(EVER),
        figures.daily(EVER),
    )


def test_rolled_up_or_not_the_books_say_the_same():
    """F122: balance, balance at a moment, trial balance, flows."""
    alice = make.player()
    make.put(alice, 300_00)
    books.spent(12_00, date(2025, 3, 14))
    make.put(alice, 7_00)
    make.reversed_entry(Entry.objects.latest("pk").reference)
    codes = (CLEARING, books.RENT, books.OWN, f"wallet:{alice.code}")
    before = told(*codes)
    assert not Turnover.objects.exists()

    taken = books.rolled_up()

    assert taken > 0
    assert Turnover.objects.exists()
    assert told(*codes) == before
    assert before[0] == {
        CLEARING: -300_00,
        books.RENT: -12_00,
        books.OWN: 12_00,
        f"wallet:{alice.code}": 300_00,
    }
    assert ledger.verify_books() == []


def test_each_place_of_the_log_is_counted_once_however_small_the_steps():
    """F122"""
    alice = make.player()
    for _time in range(5):
        make.put(alice, 10_00)
    books.sequenced()

    steps = 0
    while ledger.roll_up(most=3):
        steps += 1
    again = ledger.roll_up()

    assert steps == 1  # one call takes steps of three until nothing is left
    assert again == 0
    row = Turnover.objects.get(kind="CLEARING", booked_on=today())
    assert (row.moved_in, row.moved_out) == (0, 50_00)


def test_two_that_roll_up_at_once_count_nothing_twice():
    alice = make.player()
    for _time in range(4):
        make.put(alice, 10_00)
    books.sequenced()

    at_once([lambda: ledger.roll_up(most=2)] * 4)

    assert Turnover.objects.get(kind="CLEARING").moved_out == 40_00
    assert DayFlow.objects.get(entry_kind="DEPOSIT").moved == 40_00
    assert ledger.balance(CLEARING) == -40_00


def test_an_entry_whose_transaction_began_early_and_ended_late_is_not_left_out():
    """F122: the roll-up stops where a transaction is still open."""
    make.open_accounts((books.OWN, "OWNBANK"), (books.RENT, "EXPENSE"))
    posted, go_on = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            ledger.post(
                reference="slow", kind="EXPENSE_PAID", moves=[Move(books.RENT, books.OWN, 5_00)]
            )
            posted.set()
            go_on.wait(20)
        connections.close_all()

    early = threading.Thread(target=slow)
    early.start()
    posted.wait(20)
    books.spent(3_00, reference="quick")
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_sequence(1000000)")
    ledger.roll_up()
    assert ledger.balance(books.OWN) == 3_00
    go_on.set()
    early.join()

    assert ledger.balance(books.OWN) == 8_00
    books.rolled_up()
    assert ledger.balance(books.OWN) == 8_00
    assert Turnover.objects.get(kind="OWNBANK").moved_in == 8_00


def test_what_is_rolled_up_and_what_came_after_add_up():
    alice = make.player()
    make.put(alice, 100_00)
    books.rolled_up()
    make.put(alice, 20_00)

    assert ledger.balance(CLEARING) == -120_00
    assert Turnover.objects.get(kind="CLEARING").moved_out == 100_00
    assert ledger.trial_balance() == 0
    books.rolled_up()
    assert ledger.balance(CLEARING) == -120_00
    assert Turnover.objects.get(kind="CLEARING").moved_out == 120_00


def test_purses_of_all_players_are_one_row_a_day():
    """A million players cost one row a day and kind."""
    for name in ("陈小雨", "王海", "李敏"):
        make.put(make.player(name), 10_00)

    books.rolled_up()

    row = Turnover.objects.get(kind="WALLET")
    assert (row.account_id, row.moved_in, row.moved_out) == (0, 30_00, 0)


def test_the_two_books_are_rolled_up_apart():
    make_all.shadow_player(wallet=44_00)
    make.put(make.player(), 10_00)

    books.rolled_up()

    rows = dict(Turnover.objects.filter(kind="WALLET").values_list("is_shadow", "moved_in"))
    assert rows == {True: 44_00, False: 10_00}
    assert ledger.trial_balance(is_shadow=True) == 0


def test_a_balance_can_be_asked_for_any_moment_of_the_past():
    """F122: of purses by their own rows, of house accounts by days, rolled up or not."""
    alice = make.player()
    wallet = f"wallet:{alice.code}"
    moments = [database_time()]
    for fen in (10_00, 20_00, 30_00):
        make.put(alice, fen)
        moments.append(database_time())
    expected = [0, 10_00, 30_00, 60_00]

    assert [ledger.balance_at(wallet, at) for at in moments] == expected
    assert [ledger.balance_at(CLEARING, at) for at in moments] == [-fen for fen in expected]
    books.rolled_up()
    assert [ledger.balance_at(wallet, at) for at in moments] == expected
    assert [ledger.balance_at(CLEARING, at) for at in moments] == [-fen for fen in expected]
    tomorrow = database_time() + timedelta(days=1)
    assert ledger.balance_at(CLEARING, tomorrow) == -60_00


def test_what_was_booked_later_into_an_earlier_day_is_not_in_a_moment_before_it_was_known():
    """F122, F123"""
    books.spent(10_00, today())
    before = database_time()
    books.spent(3_00, date(2025, 3, 14))
    after = database_time()
    long_ago = after - timedelta(days=1)

    for _state in ("latest", "rolled up"):
        assert ledger.balance_at(books.OWN, before) == 10_00
        assert ledger.balance_at(books.OWN, after) == 13_00
        assert ledger.balance_at(books.OWN, long_ago) == 0
        books.rolled_up()


def test_an_unknown_account_has_no_balance_at_any_moment():
    with pytest.raises(LookupError):
        ledger.balance_at("wallet:NOBODY", database_time())
    with pytest.raises(LookupError):
        ledger.balance("fund:nothing")


def test_the_trial_of_a_span_parts_before_within_and_after():
    """F122"""
    books.spent(1_00, date(2025, 1, 31))
    books.spent(2_00, date(2025, 2, 1))
    books.spent(4_00, date(2025, 2, 28))
    books.spent(8_00, date(2025, 3, 1))

    for _state in ("latest", "rolled up"):
        rows = figures.standing(Span(date(2025, 2, 1), date(2025, 2, 28)))
        stood = {row.account: row for row in rows}
        own = stood[books.OWN]
        assert (own.opening, own.moved_in, own.moved_out, own.closing) == (1_00, 6_00, 0, 7_00)
        assert sum(row.closing for row in rows) == 0
        books.rolled_up()


def test_what_a_reversal_brings_back_stands_with_the_deed_it_reverses():
    """F105: a statement of deposits is one of deposits that held."""
    alice = make.player()
    make.put(alice, 10_00)
    make.put(alice, 3_00)
    make.reversed_entry(Entry.objects.filter(kind="DEPOSIT").latest("pk").reference)
    flow = ("DEPOSIT", "CLEARING", "WALLET")

    assert figures.flows(EVER)[flow] == 10_00
    books.rolled_up()

    assert figures.flows(EVER)[flow] == 10_00
    row = DayFlow.objects.get(entry_kind="DEPOSIT")
    assert (row.entry_kind, row.moved, row.moved_back) == ("DEPOSIT", 13_00, 3_00)
    assert ledger.verify_books() == []


def test_flows_that_differ_from_the_turnover_are_found():
    """F122"""
    make.put(make.player(), 10_00)
    books.rolled_up()
    assert ledger.verify_books() == []
    with owner.as_owner() as hand:
        hand.execute("UPDATE finance_dayflow SET moved = moved + 1")

    found = {violation.rule for violation in ledger.verify_books()}

    assert found == {"flows_are_not_the_turnover"}


def test_the_state_of_the_roll_up_is_the_place_of_the_last_entry_taken():
    make.put(make.player(), 10_00)
    books.rolled_up()

    with connection.cursor() as cursor:
        cursor.execute("SELECT max(seq) FROM audit_sequenced")
        (last,) = cursor.fetchone()

    assert RolledUp.objects.get().seq == last
