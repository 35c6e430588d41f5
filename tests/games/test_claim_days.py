"""Until when prizes are claimed, as the calendar has it (C11)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from games import calendar, claim_days
from lottery_portal.lib import working_days
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db

NOV_21 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("drawn_on", "last"),
    [
        (date(2026, 9, 17), date(2026, 11, 16)),
        (
            date(2025, 12, 18),
            date(2026, 2, 24),
        ),  # 16 February lies in the closure of Spring Festival
        (date(2026, 8, 2), date(2026, 10, 8)),  # 1 October; working days begin on the 8th
        (date(2026, 9, 15), date(2026, 11, 14)),  # a Saturday stays
    ],
)
def test_prizes_are_claimed_within_sixty_natural_days(drawn_on, last):
    """RULES C11: a holiday or closure moves the last day to the first working day after it."""
    assert claim_days.last_day_after(drawn_on, days=60, now=NOV_21) == last


def closed_days(first: date, last: date) -> set[date]:
    """Those of the database."""
    with as_owner() as hand:
        rows = hand.execute(
            "SELECT day::date FROM generate_series(%s::date, %s::date, interval '1 day') day"
            " WHERE games_closed_on(day::date)",
            [first, last],
        ).fetchall()
    return {day for (day,) in rows}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_database_knows_the_same_closed_days():
    """C11, C12, F083: this year and the next; a closure on record takes the place of what was known
    of its feast, and another closure that of its notice. Announced otherwise: a migration."""
    year = in_shanghai(database_time()).year + 1

    def known(first: date, last: date) -> set[date]:
        now = database_time()
        found = [*calendar.closures_of(year - 1, now=now), *calendar.closures_of(year, now=now)]
        days = {first + timedelta(days=n) for n in range((last - first).days + 1)}
        return {day for day in days if working_days.is_holiday(day)} | {
            day for day in days for one in found if one.first_on <= day <= one.last_on
        }

    from_now = date(year - 1, 1, 1), date(year, 12, 31)
    assert closed_days(*from_now) == known(*from_now)
    before = known(date(year, 1, 1), date(year, 9, 30))
    for occasion, month, notice in (
        ("OTHER", 6, "a"), ("OTHER", 8, "a"), ("OTHER", 7, "b"), ("SPRING", 1, "c"),
    ):  # fmt: skip
        recorded(occasion, date(year, month, 10), date(year, month, 12), notice)
    after = known(date(year, 1, 1), date(year, 9, 30))
    assert closed_days(date(year, 1, 1), date(year, 9, 30)) == after != before
    assert date(year, 6, 10) not in after
    assert {date(year, 1, 12), date(year, 7, 10), date(year, 8, 12)} <= after


def recorded(occasion: str, first_on: date, last_on: date, notice: str) -> None:
    """A closure on record, by the owner's hand."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_marketclosure DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO games_marketclosure (year, occasion, first_on, last_on, notice, address,"
            " approval_code, recorded_at) VALUES (%s, %s, %s, %s, %s, '', 'x', clock_timestamp())",
            [first_on.year, occasion, first_on, last_on, notice],
        )
        guards_up(hand)
