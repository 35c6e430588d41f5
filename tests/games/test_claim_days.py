"""Until when prizes are claimed, as the calendar has it (C11)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from games import claim_days

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
