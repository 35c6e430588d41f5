"""Posts of the first hour wait, and are an alarm, until people replace them (F210)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from accounts import first_posts, staff
from audit import alarms, approvals, waiting
from lottery_portal.lib.db import database_time
from tests.audit.colleagues import employ

pytestmark = pytest.mark.django_db(transaction=True)


def _kinds() -> list[str]:
    return [one.kind for one in alarms.open_now()]


def _items(user, roles) -> list[tuple[str, int]]:
    with translation.override("en"):
        found = waiting.for_person(user, frozenset(roles), database_time())
        return [(one.title, one.count) for one in found if "First posts" in one.title]


def test_first_posts_wait_and_are_an_alarm_after_a_week_until_they_are_given_by_approval(settings):
    """Each is taken back and given again by two people; then the alarm settles by itself."""
    settings.DEMO = False
    maker, checker = employ("maker", "administrator"), employ("checker", "approver")
    now = database_time()
    assert _items(maker.user, {"administrator"}) == [("First posts without an approval", 2)]
    assert _items(maker.user, {"support"}) == []
    first_posts.watch(now=now)
    assert _kinds() == []

    first_posts.watch(now=now + timedelta(days=8))
    first_posts.watch(now=now + timedelta(days=8, hours=1))

    (alarm,) = alarms.open_now()
    assert alarm.kind == first_posts.ALARM
    assert alarm.facts == {"posts": ["administrator", "approver"]}

    second, third = employ("second"), employ("third")
    for deed, member, post, asks, agrees in (
        (staff.request_appointment, second, "administrator", maker, checker),
        (staff.request_appointment, third, "approver", second, checker),
        (staff.request_end, maker, "administrator", second, third),
        (staff.request_end, checker, "approver", second, third),
    ):
        asked = deed(person=member.person, post=post, maker=asks.user, now=database_time())
        approvals.decide(code=asked.code, checker=agrees.user, approve=True, now=database_time())
    first_posts.watch(now=database_time() + timedelta(days=9))

    assert _kinds() == []
    assert _items(second.user, {"administrator"}) == []


def test_a_demonstration_keeps_its_posts(settings):
    settings.DEMO = True
    official = employ("official", "draw_official")

    first_posts.watch(now=database_time() + timedelta(days=30))

    assert _kinds() == []
    assert _items(official.user, {"administrator"}) == []
