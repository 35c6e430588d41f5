"""Until when a prize is claimed: the sum, the row, and the second at which it is over (N11)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from games import claim_days
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.db import database_time, violated
from prizes.deadline_models import ClaimPeriod
from prizes.redemption import deadlines, limits, words
from prizes.redemption.deadlines import Arithmetic, Extended, Held, StepKind
from tests import people
from tests.games.brute_force import random_cases
from tests.owner import as_owner, guards_up

from . import lapsing

DAY = timedelta(days=1)
FIRST = date(2024, 1, 1)
CASES = 10_000


class Calendar:
    """Holidays as they are, and a closure of the market somewhere."""

    def __init__(self, first: int = 0, days: int = 0) -> None:
        self.closed = {FIRST + timedelta(days=first + one) for one in range(days)}

    def why_free(self, day: date) -> str:
        if working_days.is_holiday(day):
            return claim_days.HOLIDAY
        return claim_days.CLOSURE if day in self.closed else ""

    def moved_on(self, day: date) -> date:
        if not self.why_free(day):
            return day
        while self.why_free(day) or working_days.rests(day):
            day += DAY
        return day


class Walk:
    """The same by going from day to day, and how many of those days the clock stood."""

    def __init__(self, drawn_on: date, days: int, calendar: Calendar) -> None:
        self.calendar, self.stood = calendar, 0
        self.last = self._working(self._on(drawn_on, days))

    def happens(self, change: Held | Extended) -> None:
        if isinstance(change, Extended):
            self.last = change.until_on
            return
        left, day = 0, change.from_on
        if day > self.last:
            return
        while day < self.last:
            day, left = day + DAY, left + 1
        day = change.from_on
        while day < change.to_on:
            day, self.stood = day + DAY, self.stood + 1
        self.last = self._working(self._on(day, left))

    def _on(self, day: date, days: int) -> date:
        for _one in range(days):
            day += DAY
        return day

    def _working(self, day: date) -> date:
        if not self.calendar.why_free(day):
            return day
        while self.calendar.why_free(day) or working_days.rests(day):
            day += DAY
        return day


HAPPENS = st.tuples(st.booleans(), st.integers(0, 70), st.integers(0, 400))


def added_up(sum_: Arithmetic) -> None:
    """Each step begins where the one before ended, and they lead from the draw to the last day."""
    day = sum_.drawn_on
    for step in sum_.steps:
        assert step.days >= 0
        day += timedelta(days=step.days)
        assert step.until_on == day
    assert sum_.counted_days + sum_.held_days == (sum_.last_day - sum_.drawn_on).days


def test_days_counted_and_days_held_are_the_calendar(request):
    """N11, C11: over random draws, holidays, closures, holds and extensions, from day to day."""

    @random_cases(request, ordinary=60, deep=CASES)
    @given(
        drawn=st.integers(0, 800),
        days=st.sampled_from((60, 60, 30, 1)),
        closed=st.tuples(st.integers(0, 900), st.sampled_from((0, 4, 10))),
        happens=st.lists(HAPPENS, max_size=4),
    )
    def holds_for(drawn, days, closed, happens):
        calendar, drawn_on = Calendar(*closed), FIRST + timedelta(days=drawn)
        used: dict[str, Any] = {
            "days": days,
            "why_free": calendar.why_free,
            "moved_on": calendar.moved_on,
        }
        walk, changes, day = Walk(drawn_on, days, calendar), [], drawn_on
        plain = sum_ = deadlines.base(drawn_on, **used)
        free = drawn_on + timedelta(days=days)
        while free < plain.last_day:  # never above sixty natural days, but for the holiday rule
            assert calendar.why_free(free) or working_days.rests(free)
            free += DAY
        for is_letter, gap, length in happens:
            change: Held | Extended
            if is_letter:
                change = Extended(sum_.last_day + timedelta(days=gap + 1), "2026/1")
            else:
                change = Held(day := day + timedelta(days=gap), day + timedelta(days=length))
                day = change.to_on
            changes.append(change)
            walk.happens(change)
            before, sum_ = sum_, deadlines.of(drawn_on, changes=changes, **used)
            assert sum_.last_day >= before.last_day  # what happens never takes a day away
        added_up(sum_)
        assert (sum_.last_day, sum_.held_days) == (walk.last, walk.stood)
        assert sum_.steps[: len(plain.steps)] == plain.steps

    holds_for()


@pytest.mark.parametrize(("days", "is_right"), [(0, False), (1, True), (60, True), (61, False)])
def test_no_period_is_above_sixty_days(days, is_right):
    """C11, R11: a figure above the law is a mistake of ours, not a longer period."""
    calendar = Calendar()
    used: dict[str, Any] = {
        "days": days,
        "why_free": calendar.why_free,
        "moved_on": calendar.moved_on,
    }
    if is_right:
        assert deadlines.base(FIRST, **used).steps[0].days == days
        return
    with pytest.raises(ValueError, match="sixty"):
        deadlines.base(FIRST, **used)


def test_a_sum_is_told_in_sentences():
    """N11: drawn on, sixty days, moved on by which holiday, held how long, by which letter."""
    calendar = Calendar()
    used: dict[str, Any] = {"why_free": calendar.why_free, "moved_on": calendar.moved_on}
    held = Held(date(2024, 10, 9), date(2024, 10, 11))
    sum_ = deadlines.of(
        date(2024, 8, 2), days=60, changes=[held, Extended(date(2024, 11, 1), "2024/7")], **used
    )

    assert [(one.kind, one.days, one.until_on) for one in sum_.steps] == [
        (StepKind.DAYS, 60, date(2024, 10, 1)),
        (StepKind.FREE, 7, date(2024, 10, 8)),
        (StepKind.EXTENDED, 24, date(2024, 11, 1)),
    ]  # held after the last day: nothing was left to give back
    sum_ = deadlines.held(sum_, Held(date(2024, 10, 30), date(2024, 11, 4)), **used)
    told = [line.text for line in words.lines(sum_)]
    assert "2024年8月2日" in told[0]
    assert "国庆" in told[1]
    assert "2024/7" in told[2]
    assert "2024年11月4日" in told[3]
    assert sum_.last_day == date(2024, 11, 6)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestOfTheDatabase:
    """The row of a draw, and the second at which a prize is claimed no more."""

    @pytest.fixture
    def draw(self, begin):
        return begin(lapsing.seven_wait)

    def test_the_period_stands_when_the_draw_is_settled(self, draw):
        """F078: written once, as the rule says; the database knows when it is not."""
        row = ClaimPeriod.objects.get(draw=draw)
        found = limits.period_of(draw)
        assert (row.drawn_on, row.days, row.last_day) == (
            dates.in_shanghai(draw.draws_at).date(), 60, found.last_day,
        )  # fmt: skip
        assert row.last_day == claim_days.last_day(draw)
        prize = lapsing.prizes_of(draw)[0]
        shown = limits.of(prize)
        assert shown is not None
        assert shown.sum_ == found
        assert shown.until == lapsing.midnight_after(found.last_day)
        with pytest.raises(DatabaseError), transaction.atomic():
            ClaimPeriod.objects.filter(pk=row.pk).update(days=61)
        with pytest.raises(DatabaseError), transaction.atomic():
            ClaimPeriod.objects.filter(pk=row.pk).delete()
        with as_owner() as hand, pytest.raises(psycopg.errors.RestrictViolation):
            hand.execute("UPDATE prizes_claimperiod SET days = 59")

        with as_owner() as hand:  # as it was before periods were written
            hand.execute("ALTER TABLE prizes_claimperiod DISABLE TRIGGER USER")
            hand.execute("DELETE FROM prizes_claimperiod")
            guards_up(hand)
        assert limits.of(prize) is None
        assert lapsing.asked_of_sql("prizes_claimable_until(%s) = '-infinity'", prize.pk)
        right = {
            "draw": draw, "drawn_on": row.drawn_on, "days": 60, "moved_by": row.moved_by,
            "last_day": row.last_day, "set_at": row.set_at,
        }  # fmt: skip
        for wrong in (
            {"days": 59, "last_day": row.last_day - DAY},
            {"drawn_on": row.drawn_on + DAY, "last_day": row.last_day + DAY},
            {"moved_by": "", "last_day": row.drawn_on + timedelta(days=61)},
            {"moved_by": "HOLIDAY", "last_day": row.drawn_on + timedelta(days=121)},
            {"moved_by": "HOLIDAY", "last_day": row.drawn_on + timedelta(days=60)},
        ):
            with pytest.raises(DatabaseError) as caught, transaction.atomic():
                ClaimPeriod.objects.create(**right | wrong)
            assert violated(caught.value) == "claim_period_as_the_rule_says"
        assert (limits.set_missing(), limits.set_missing()) == (1, 0)
        assert ClaimPeriod.objects.get(draw=draw).last_day == row.last_day

    def test_the_last_second_is_in_time_and_the_next_is_not(self, draw):
        """F078: claimed at 23:59:59 of the last day; a second later it is over, by one clock."""
        today = lapsing.today()
        prize, other, *_rest = lapsing.prizes_of(draw)
        lapsing.last_day_is(draw, today)
        shown = limits.of(prize)
        assert shown is not None
        until = shown.until
        assert until is not None
        assert until - timedelta(seconds=1) == dates.in_shanghai(until).replace(
            year=today.year, month=today.month, day=today.day, hour=23, minute=59, second=59
        )
        lapsing.claimed(prize)

        lapsing.last_day_is(draw, today - DAY)
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            lapsing.claimed(other)

        assert caught.value.diag.constraint_name == "claim_in_time"
        late = limits.of(other)
        assert late is not None
        assert late.until is not None
        assert late.until <= database_time() < until

    def test_a_player_reads_the_sum_of_his_own_prize_only(self, draw):
        """N11: step by step, in his language; another's prize is not there."""
        prize = lapsing.prizes_of(draw)[0]
        row = ClaimPeriod.objects.get(draw=draw)
        address = f"/prizes/{prize.ticket.code}/deadline/"

        page = people.text(people.in_english(prize.owner.user).get(address))
        chinese = people.text(people.behind(prize.owner.user).get(address))

        assert dates.written(row.last_day, "date")[:4] in page
        assert "23:59:59" in page
        assert "60 natural days" in page
        assert "23:59:59" in chinese
        assert people.behind(people.player().user).get(address).status_code == 404
