"""Months of the books: nothing is booked into a closed one, and it keeps what stood in it."""

from __future__ import annotations

import hashlib
import threading
from datetime import date, timedelta
from itertools import pairwise

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from audit import approvals
from finance import adjustments, ledger, periods, years
from finance.ledger import Move
from finance.models import Entry, Period, PeriodBalance
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time, violated
from tests import make_money as make
from tests import owner, people

from . import books

pytestmark = pytest.mark.django_db

MARCH = date(2025, 3, 14)


def today():
    return dates.in_shanghai(database_time()).date()


@pytest.fixture
def treasurer():
    return make.staff("treasurer1", "treasurer").member.user


def refused(deed, **said):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed(**said)
    return violated(caught.value)


def test_nothing_is_booked_into_a_closed_month():
    """F123"""
    books.month("2025-03")
    books.spent(1_000_00, MARCH)
    books.closed("2025-03")

    name = refused(books.spent, fen=1_00, day=MARCH)

    assert name == "entry_into_an_open_period"
    assert ledger.balance(books.RENT) == -1_000_00
    assert Entry.objects.filter(kind="EXPENSE_PAID").count() == 1


def test_an_open_month_of_the_past_still_takes_what_moves_no_players_money():
    """F123"""
    books.month("2025-03")

    entry = Entry.objects.get(pk=books.spent(1_000_00, MARCH).pk)

    assert entry.booked_on == MARCH
    assert dates.in_shanghai(entry.posted_at).date() == today()
    assert ledger.verify_books() == []


def test_players_money_is_booked_on_its_day_and_nothing_before_its_time():
    """F123"""
    alice = make.player()
    make.put(alice, 10_00)

    def deposit():
        ledger.post(
            reference="late",
            kind="DEPOSIT",
            moves=[Move("clearing:sandbox", f"wallet:{alice.code}", 5_00)],
            day=today() - timedelta(days=1),
        )

    assert refused(deposit) == "entry_booked_on_its_day"
    assert refused(books.spent, fen=5, day=today() + timedelta(days=1)) == "entry_booked_on_its_day"
    assert ledger.balance(f"wallet:{alice.code}") == 10_00


def test_a_closed_month_keeps_the_balance_of_every_account_under_a_digest():
    """F123: opening, moved, closing; whoever has the rows computes the digest again."""
    books.month("2025-02")
    books.month("2025-03")
    books.spent(300_00, date(2025, 2, 10))
    books.spent(1_000_00, MARCH)
    books.spent(5_00, date(2025, 4, 1))
    books.closed("2025-02")

    period = books.closed("2025-03")

    rows = list(PeriodBalance.objects.filter(period=period).order_by("account_id", "kind"))
    kept = {row.kind: (row.opening, row.moved_in, row.moved_out, row.closing) for row in rows}
    assert kept["OWNBANK"] == (300_00, 1_000_00, 0, 1_300_00)
    assert kept["EXPENSE"] == (-300_00, 0, 1_000_00, -1_300_00)
    lines = (
        f"{r.account_id}|{r.kind}|{r.opening}|{r.moved_in}|{r.moved_out}|{r.closing}" for r in rows
    )
    assert period.digest == hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert period.state == "CLOSED"
    assert period.closed_at is not None


def test_a_month_that_still_runs_is_not_closed(treasurer):
    """F123: neither asked for at its door, nor performed by an approval past it."""
    running = f"{today():%Y-%m}"

    with pytest.raises(periods.PeriodNotOver):
        periods.ask_close(code=running, maker=treasurer, now=database_time())
    with pytest.raises(periods.PeriodNotOver):
        books.asked_and_agreed(periods.KIND, {"period": running})

    assert Period.objects.get(code=running).state == "OPEN"
    assert not PeriodBalance.objects.exists()


def test_months_close_in_order(treasurer):
    """F123"""
    books.month("2025-03")
    books.month("2025-04")

    with pytest.raises(periods.EarlierPeriodOpen):
        periods.ask_close(code="2025-04", maker=treasurer, now=make.NOW)
    with pytest.raises(periods.EarlierPeriodOpen):
        books.asked_and_agreed(periods.KIND, {"period": "2025-04"})

    assert not Period.objects.filter(state="CLOSED").exists()


def test_a_month_closes_once(treasurer):
    """F123"""
    books.month("2025-03")
    books.spent(1_00, MARCH)
    books.closed("2025-03")

    with pytest.raises(periods.PeriodClosedAlready):
        periods.ask_close(code="2025-03", maker=treasurer, now=make.NOW)
    with pytest.raises(periods.PeriodClosedAlready):
        books.asked_and_agreed(periods.KIND, {"period": "2025-03"})

    assert PeriodBalance.objects.count() == 2


@pytest.mark.parametrize("agreed_to", ["", "2025-04"], ids=["none", "of another month"])
def test_a_month_is_closed_by_its_own_approval_only(agreed_to):
    """F120, F123"""
    books.month("2025-03")
    code = "NONE"
    if agreed_to:
        books.month("2025-04")
        books.closed("2025-03")
        code = books.closed("2025-04").approval_code
        books.month("2025-05")
    target = "2025-05" if agreed_to else "2025-03"

    def close():
        with connection.cursor() as cursor:
            cursor.execute("SELECT finance_close_period(%s, %s)", [target, code])

    assert refused(close) == "period_closed_by_approval"
    assert Period.objects.get(code=target).state == "OPEN"


def test_an_unknown_month_is_refused(treasurer):
    with pytest.raises(periods.PeriodUnknown):
        periods.ask_close(code="1999-01", maker=treasurer, now=make.NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "2025-3", "first_day": date(2025, 3, 1), "last_day": date(2025, 3, 31)},
        {"code": "2025-03", "first_day": date(2025, 3, 2), "last_day": date(2025, 3, 31)},
        {"code": "2025-03", "first_day": date(2025, 3, 1), "last_day": date(2025, 3, 30)},
        {"code": "2025-03", "first_day": date(2025, 3, 1), "last_day": date(2025, 4, 30)},
    ],
)
def test_a_period_is_a_whole_month(changes):
    assert refused(Period.objects.create, **changes) == "period_is_a_month"


def test_the_months_that_come_are_made_once_and_without_a_gap():
    """F123"""
    Period.objects.count()
    ahead = database_time() + timedelta(days=100)

    made = periods.keep_ahead(now=ahead)
    again = periods.keep_ahead(now=ahead)

    months = list(Period.objects.order_by("first_day"))
    assert made >= 3
    assert again == 0
    for before, after in pairwise(months):
        assert after.first_day == before.last_day + timedelta(days=1)


def test_a_day_after_the_closed_months_may_be_booked_in_an_open_one_or_in_none():
    books.month("2025-03")
    assert periods.open_on(date(2020, 1, 1))
    books.spent(1, MARCH)
    books.closed("2025-03")

    assert not periods.open_on(MARCH)
    assert not periods.open_on(date(2020, 1, 1))
    assert periods.open_on(date(2025, 4, 2))
    assert periods.open_on(today())


def test_a_correction_of_a_closed_month_is_refused_in_words_and_books_nothing():
    """F123, F212"""
    books.month("2025-03")
    books.spent(1_00, MARCH)
    make.open_accounts((books.INCOME, "INCOME"))
    maker = make.staff("maker", "treasurer").member.user
    asked = adjustments.ask(
        moves=[Move(books.INCOME, books.RENT, 50)],
        reason="科目记错",
        maker=maker,
        now=make.NOW,
        booked_on=MARCH,
    )
    books.closed("2025-03")

    with pytest.raises(adjustments.PeriodClosed):
        make.decided(asked)

    assert ledger.balance(books.RENT) == -1_00
    assert ledger.entry_of(f"adjustment:{asked.code}") is None


def test_the_application_may_neither_close_nor_reopen_a_month_by_hand():
    """F123"""
    books.month("2025-03")
    books.spent(1_00, MARCH)
    books.closed("2025-03")

    for statement in (
        "UPDATE finance_period SET state = 'OPEN'",
        "DELETE FROM finance_period",
        "UPDATE finance_periodbalance SET closing = 0",
        "INSERT INTO finance_periodbalance SELECT * FROM finance_periodbalance",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_even_the_owner_cannot_reopen_a_month_or_change_what_it_kept():
    """F123"""
    books.month("2025-03")
    books.spent(1_00, MARCH)
    books.closed("2025-03")

    with owner.as_owner() as hand:
        for statement, name in (
            ("UPDATE finance_period SET state = 'OPEN' WHERE code = '2025-03'", "closes_once"),
            ("DELETE FROM finance_period WHERE code = '2025-03'", "closes_once"),
            (
                "UPDATE finance_period SET last_day = '2025-02-28' WHERE code = '2025-03'",
                "closes_once",
            ),
            ("UPDATE finance_periodbalance SET closing = 0", "never_changes"),
            ("DELETE FROM finance_periodbalance", "never_changes"),
        ):
            with pytest.raises(psycopg.DatabaseError) as caught:
                hand.execute(statement)
            assert name in (caught.value.diag.constraint_name or str(caught.value))

    assert Period.objects.get(code="2025-03").state == "CLOSED"


@pytest.mark.django_db(transaction=True)
def test_books_that_do_not_add_up_are_not_closed():
    """F122, F123: turnover changed past its door."""
    books.month("2025-03")
    books.spent(1_00, MARCH)
    books.rolled_up()
    with owner.as_owner() as hand:
        hand.execute("UPDATE finance_turnover SET moved_in = moved_in + 1 WHERE kind = 'OWNBANK'")

    with pytest.raises(IntegrityError) as caught:
        books.closed("2025-03")

    assert violated(caught.value) == "period_closed_in_balance"
    assert Period.objects.get(code="2025-03").state == "OPEN"


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_what_is_being_booked_into_the_month():
    """F123: an entry on its way is in the balances kept, not after them."""
    books.month("2025-03")
    books.spent(1_00, MARCH)
    maker = make.staff("maker", "treasurer").member.user
    asked = periods.ask_close(code="2025-03", maker=maker, now=make.NOW)
    checker = make.staff("checker", "approver").member.user
    booked, go_on = threading.Event(), threading.Event()

    def book():
        with transaction.atomic():
            ledger.post(
                reference="on its way",
                kind="EXPENSE_PAID",
                moves=[Move(books.RENT, books.OWN, 41_00)],
                day=MARCH,
            )
            booked.set()
            go_on.wait(20)
        connections.close_all()

    def close():
        people_closed.append(
            approvals.decide(code=asked.code, checker=checker, approve=True, now=make.NOW)
        )
        connections.close_all()

    people_closed: list[object] = []
    booking, closing = threading.Thread(target=book), threading.Thread(target=close)
    booking.start()
    booked.wait(20)
    closing.start()
    closing.join(0.7)
    was_waiting = closing.is_alive()
    go_on.set()
    booking.join()
    closing.join()

    assert was_waiting
    assert people_closed
    assert PeriodBalance.objects.get(kind="OWNBANK").closing == 42_00


# The end of a year


@pytest.fixture
def december():
    books.month("2024-12")
    books.earned(900_00, date(2024, 11, 30))
    books.spent(350_00, date(2024, 12, 24))
    return Period.objects.get(code="2024-12")


def test_a_year_is_carried_forward_by_the_word_of_another(december, treasurer):
    """F122, F124: income less expenses goes to the surplus on the last day of the year."""
    books.agreed(years.ask(year=2024, maker=treasurer, now=make.NOW))

    entry = Entry.objects.get(kind="CLOSING")
    assert entry.booked_on == date(2024, 12, 31)
    assert ledger.balance(books.INCOME) == 0
    assert ledger.balance(books.RENT) == 0
    assert ledger.balance(years.SURPLUS) == 550_00
    assert ledger.trial_balance() == 0
    assert years.moves_of(2024) == []
    assert books.closed("2024-12").state == "CLOSED"


def test_december_closes_after_its_year(december):
    """F123"""
    with pytest.raises(periods.YearNotCarriedForward):
        books.closed("2024-12")

    december.refresh_from_db()
    assert december.state == "OPEN"
    assert not PeriodBalance.objects.exists()


def test_what_the_next_year_earns_stays_where_it_is(december, treasurer):
    books.earned(70_00, date(2025, 1, 2))

    books.agreed(years.ask(year=2024, maker=treasurer, now=make.NOW))

    assert ledger.balance(books.INCOME) == 70_00
    assert books.closed("2024-12").state == "CLOSED"


def test_a_year_that_changed_since_it_was_asked_for_is_asked_for_again(december, treasurer):
    """F120: what is booked is what was approved."""
    asked = years.ask(year=2024, maker=treasurer, now=make.NOW)
    books.spent(1_00, date(2024, 12, 30))

    with pytest.raises(years.YearChanged):
        books.agreed(asked)

    assert not Entry.objects.filter(kind="CLOSING").exists()
    assert ledger.balance(books.INCOME) == 900_00


def test_an_account_of_income_that_ends_below_nothing_is_carried_forward_too(treasurer):
    """A correction took more from income than it had."""
    books.month("2024-12")
    books.spent(10_00, date(2024, 12, 1))
    make.open_accounts((books.INCOME, "INCOME"))
    maker = make.staff("maker", "treasurer").member.user
    make.decided(
        adjustments.ask(
            moves=[Move(books.INCOME, books.RENT, 12_00)],
            reason="收入冲回",
            maker=maker,
            now=make.NOW,
            booked_on=date(2024, 12, 2),
        )
    )
    assert ledger.balance(books.RENT) == 2_00

    books.agreed(years.ask(year=2024, maker=treasurer, now=make.NOW))

    assert ledger.balances([books.INCOME, books.RENT, years.SURPLUS]) == {
        books.INCOME: 0,
        books.RENT: 0,
        years.SURPLUS: -10_00,
    }


@pytest.mark.parametrize(
    ("year", "refusal"),
    [(2023, years.YearUnknown), (2024, years.YearAtItsEnd), (2031, years.YearNotOver)],
)
def test_a_year_with_nothing_left_or_not_over_is_not_carried(treasurer, year, refusal):
    books.month("2024-12")

    with pytest.raises(refusal):
        years.ask(year=year, maker=treasurer, now=make.NOW)


def test_a_year_is_carried_after_its_other_months_are_closed(december, treasurer):
    books.month("2024-11")

    with pytest.raises(years.EarlierYearOpen):
        years.ask(year=2024, maker=treasurer, now=make.NOW)

    books.closed("2024-11")
    books.agreed(years.ask(year=2024, maker=treasurer, now=make.NOW))
    books.closed("2024-12")
    with pytest.raises(years.YearClosed):
        years.ask(year=2024, maker=treasurer, now=make.NOW)


@pytest.mark.parametrize(
    ("reference", "day", "moves"),
    [
        ("closing:2024", date(2024, 12, 31), None),
        ("closing:{code}", date(2024, 12, 30), None),
        ("closing:{code}", date(2024, 12, 31), [Move("income:other", "surplus:operator", 1_00)]),
    ],
    ids=["no approval", "another day", "other moves"],
)
def test_the_database_carries_no_year_that_was_not_approved(december, reference, day, moves):
    """F120: past the door, by the function behind it."""
    make.open_accounts((years.SURPLUS, "SURPLUS"))
    wanted = years.moves_of(2024)
    rows = [[move.source, move.target, move.amount] for move in wanted]
    maker = make.staff("maker", "treasurer").member.user
    asked = years.ask(year=2024, maker=maker, now=make.NOW)
    assert asked.payload["moves"] == rows
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

    def post():
        ledger.post(
            reference=reference.format(code=asked.code),
            kind="CLOSING",
            moves=moves or wanted,
            day=day,
        )

    assert refused(post) == "year_ends_by_approval"
    assert ledger.balance(years.SURPLUS) == 0


# The pages


@pytest.fixture
def desk():
    client = people.behind(people.member("treasurer").user)
    client.cookies["language"] = "en"
    return client


def test_the_page_of_a_month_says_what_speaks_against_closing_it(desk):
    """F123"""
    books.month("2025-03")
    books.month("2025-04")
    books.spent(1_00, MARCH)

    page = desk.get("/desk/ledger/periods/2025-04/").content.decode()
    listing = desk.get("/desk/ledger/periods/").content.decode()

    assert "Every month before it is closed" in page
    assert "/desk/ledger/periods/2025-03/" in page  # the way to what is in the way
    assert "2025-03" in listing
    assert desk.get("/desk/ledger/periods/1999-01/").status_code == 404


def test_a_treasurer_asks_on_the_page_and_another_closes(desk):
    """F120, F123"""
    books.month("2025-03")
    books.spent(1_00, MARCH)

    answer = desk.post("/desk/ledger/periods/2025-03/close/", follow=True)

    assert "others decide" in answer.content.decode()
    (asked,) = approvals.under_way(periods.KIND)
    books.agreed(asked)
    page = desk.get("/desk/ledger/periods/2025-03/").content.decode()
    period = Period.objects.get(code="2025-03")
    assert period.digest[:8] in page
    assert books.RENT in page


def test_a_treasurer_carries_a_year_forward_on_the_page(december, desk):
    """F122"""
    page = desk.get("/desk/ledger/periods/2024-12/").content.decode()
    assert "Carry 2024 forward" in page

    desk.post("/desk/ledger/years/2024/end/")

    (asked,) = approvals.under_way(years.KIND)
    books.agreed(asked)
    assert ledger.balance(years.SURPLUS) == 550_00
