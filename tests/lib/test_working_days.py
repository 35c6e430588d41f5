"""Working days of mainland China, as deadlines need them."""

from __future__ import annotations

from datetime import date

import pytest

from lottery_portal.lib import working_days


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 20), True),  # a Friday
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 2, 14), True),  # a Saturday worked for Spring Festival
    ],
)
def test_holidays_rest_and_shifted_weekends_work(day, expected):
    assert working_days.is_one(day) is expected


def test_a_deadline_moves_to_the_next_working_day():
    assert working_days.on_or_after(date(2026, 11, 15)) == date(2026, 11, 16)
    assert working_days.on_or_after(date(2026, 11, 16)) == date(2026, 11, 16)


def test_working_days_are_counted_from_the_day_after():
    assert working_days.after(date(2026, 11, 20), 1) == date(2026, 11, 23)
    assert working_days.after(date(2026, 11, 20), 7) == date(2026, 12, 1)
    assert working_days.after(date(2026, 11, 21), 0) == date(2026, 11, 23)
    with pytest.raises(ValueError, match="forwards"):
        working_days.after(date(2026, 11, 20), -1)
