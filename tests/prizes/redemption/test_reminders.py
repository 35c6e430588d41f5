"""Winners are told thirty days, seven days and one day before (F079, N10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Delivery, Message
from lottery_portal.lib.db import database_time
from prizes.claim_models import PrizeEnd
from prizes.redemption import forfeiture, limits, reminders
from tests import people
from tests.samples import one_in

from . import lapsing

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)


@pytest.fixture
def draw(begin):
    return begin(lapsing.seven_wait)


def steps() -> list[tuple[int, int]]:
    """Step and days left of every message so far, with how many there were of each."""
    told = Message.objects.filter(kind=reminders.KIND).order_by("pk")
    return [(one.params["step"], one.params["days_left"]) for one in told]


def test_every_prize_that_lapses_was_told_of_three_times(draw):
    """F079, N10: on the days, not before, once each however often the clock rings; delivered."""
    now = database_time()
    last = lapsing.today() + 40 * DAY
    lapsing.last_day_is(draw, last)
    found = []
    for left in (31, 30, 29, 8, 7, 2, 1, 0):
        found.append((left, reminders.send_due(now=now + (40 - left) * DAY)))
        assert reminders.send_due(now=now + (40 - left) * DAY) == 0

    assert found == [(31, 0), (30, 7), (29, 0), (8, 0), (7, 7), (2, 0), (1, 7), (0, 0)]
    assert reminders.send_due(now=now + 41 * DAY) == 0
    assert set(steps()) == {(30, 30), (7, 7), (1, 1)}
    lapsing.last_day_is(draw, lapsing.today() - DAY)
    assert forfeiture.forfeit_due() == lapsing.SEVEN
    for end in PrizeEnd.objects.select_related("prize__ticket"):
        told = Delivery.objects.filter(
            message__kind=reminders.KIND,
            message__params__ticket=end.prize.ticket.code,
            channel="INBOX",
            state="DELIVERED",
        )
        assert told.count() == 3
    page = people.text(
        people.in_english(lapsing.prizes_of(draw)[0].owner.user).get("/me/messages/")
    )
    assert "Your prize lapses soon" in page


@pytest.mark.parametrize(("left", "step"), one_in(2, [(12, 30), (7, 7), (5, 7), (1, 1), (0, 1)]))
def test_who_comes_late_is_told_what_still_makes_sense(draw, left, step):
    """F079: one message with the days that are left, not three at once."""
    lapsing.last_day_is(draw, lapsing.today() + left * DAY)

    assert reminders.send_due(now=database_time()) == lapsing.SEVEN

    assert set(steps()) == {(step, left)}


def test_what_is_held_needs_no_reminder_and_a_new_day_is_told_anew(draw):
    """F079, F081: the clock stands; when it goes on, the days before the new last day count."""
    now = database_time()
    prize = lapsing.prizes_of(draw)[0]
    lapsing.last_day_is(draw, lapsing.today() + 5 * DAY)
    one = lapsing.held(prize)
    lapsing.held_for(one, 10)

    assert reminders.send_due(now=now) == lapsing.SEVEN - 1
    lapsing.lifted(one)
    assert reminders.send_due(now=now) == 1

    shown = limits.of(prize)
    assert shown is not None
    newest = Message.objects.filter(kind=reminders.KIND).latest("pk")
    assert newest.params["last_day"] == shown.last_day.isoformat()
    assert newest.params["ticket"] == prize.ticket.code
