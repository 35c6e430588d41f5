"""The calendar: planned ahead by the rules, shown to everybody (F025)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from itertools import pairwise

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from audit import approvals, policies
from games import calendar, rule_sheets, rules
from games.models import Announcement, Draw, Game
from games.rules.schedule import Closure
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated
from tests import make, people

pytestmark = pytest.mark.django_db

NOV_21 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def ssq() -> Game:
    """The game, without the draws that genesis planned."""
    return Game.objects.get(code="ssq")


def test_issue_numbers_go_on_from_the_last_announcement(ssq):
    """F025: counted over every draw day, closures left out, they are the official ones."""
    schedule = rules.GAMES["ssq"].current.schedule
    counted = dict(schedule.issues(2026, closures=calendar.closures_of(2026, now=NOV_21)))
    official = dict(
        Announcement.objects.filter(game=ssq, issue__startswith="2026").values_list(
            "issue", "drawn_on"
        )
    )

    assert len(official) > 100
    assert {issue: counted[issue] for issue in official} == official
    assert counted["2026108"] == date(2026, 9, 17)
    assert counted["2026134"] == date(2026, 11, 22)


def test_draws_are_planned_on_tuesday_thursday_sunday(ssq):
    """F025: close 20:00, draw 21:15, Shanghai; the next opens a quarter of an hour later."""
    later = datetime(2027, 3, 1, tzinfo=UTC)
    planned = calendar.plan(game=ssq, until=later + timedelta(days=10), now=later)

    assert [in_shanghai(draw.draws_at).isoweekday() for draw in planned] == [2, 4, 7, 2]
    for draw in planned:
        assert (
            f"{in_shanghai(draw.closes_at):%H:%M} {in_shanghai(draw.draws_at):%H:%M}"
            == "20:00 21:15"
        )
    for before, after in pairwise(planned):
        assert after.opens_at == before.draws_at + timedelta(minutes=15)
        assert int(after.issue) == int(before.issue) + 1
    assert {draw.rule.code for draw in planned} == {"ssq-2026.1"}


def test_planning_again_plans_nothing_twice(ssq):
    later = datetime(2027, 3, 1, tzinfo=UTC)
    first = calendar.plan(game=ssq, until=later + timedelta(days=10), now=later)
    count = Draw.objects.count()

    assert calendar.plan(game=ssq, until=later + timedelta(days=10), now=later) == []
    assert (len(first), Draw.objects.count()) == (4, count)


def test_there_are_draws_thirty_days_ahead_whatever_the_policy_says():
    """F025: draws of every game of the house exist thirty days ahead."""
    with transaction.atomic():
        policies.set_genesis(
            key=calendar.DAYS_AHEAD_POLICY, value=1, reason="test", now=database_time()
        )
    now = database_time()

    calendar.plan_ahead(now=now)

    until = now + timedelta(days=30)
    games = Game.objects.filter(is_shadow=False)
    assert games
    for game in games:
        wanted = [
            issue
            for year in {in_shanghai(now).year, in_shanghai(until).year}
            for issue, day, schedule in calendar.issues(game, year, now=now)
            if schedule.closes_at(day) > now and schedule.draws_at(day) <= until
        ]
        planned = set(Draw.objects.filter(game=game).values_list("issue", flat=True))
        assert wanted
        assert set(wanted) <= planned


def test_no_draw_and_no_number_on_a_closure(ssq):
    """RULES C12: the days of a closure have neither."""
    before = datetime(2026, 9, 28, tzinfo=UTC)
    planned = calendar.plan(game=ssq, until=datetime(2026, 10, 9, tzinfo=UTC), now=before)

    assert [(draw.issue, in_shanghai(draw.draws_at).date()) for draw in planned] == [
        ("2026113", date(2026, 9, 29)),
        ("2026114", date(2026, 10, 6)),
        ("2026115", date(2026, 10, 8)),
    ]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_numbers_of_past_years_are_the_official_ones(ssq, year):
    """F025, RULES C12, C13: with the ministry's closures every day and number fits."""
    counted = {issue: day for issue, day, _schedule in calendar.issues(ssq, year, now=NOV_21)}
    official = dict(
        Announcement.objects.filter(game=ssq, issue__startswith=str(year)).values_list(
            "issue", "drawn_on"
        )
    )

    assert len(official) > 40
    assert {issue: counted[issue] for issue in official} == official
    assert all(
        closure.notice and closure.occasion for closure in calendar.closures_of(year, now=NOV_21)
    )


def test_a_year_of_which_nobody_knows_yet_is_provisional():
    """F025: planned by the practice of years past, and without a notice to name."""
    assert calendar.closures_of(2027, now=NOV_21) == (
        Closure(first_on=date(2027, 2, 5), last_on=date(2027, 2, 12), occasion="SPRING"),
        Closure(first_on=date(2027, 10, 1), last_on=date(2027, 10, 4), occasion="NATIONAL"),
    )


def test_real_draws_follow_the_schedule_and_are_not_brought_forward():
    """F250: only drills have times of their own."""
    draw, now = make.draw(), database_time()

    with pytest.raises(ValueError, match="published"):
        calendar.bring_forward(draw=draw)
    with pytest.raises(ValueError, match="schedule"):
        calendar.plan_one(
            game=draw.game, issue="2026999", opens_at=now, closes_at=now + timedelta(hours=1),
            draws_at=now + timedelta(hours=2), now=now,
        )  # fmt: skip


def test_the_month_shows_draws_closures_and_changes_to_everybody_and_to_the_desk():
    """F025: a month that a clerk recognises; a month that there is not is the one of now."""
    draw = make.draw()
    official = people.member("draw_official").user
    month = f"{in_shanghai(draw.draws_at):%Y-%m}"

    shown = Client().get(f"/calendar/?month={month}&game=ssq").content.decode()
    desk = people.behind(official).get(f"/desk/calendar/?month={month}").content.decode()
    spring = Client().get("/calendar/?month=2026-02").content.decode()

    assert draw.issue in shown
    assert f"/desk/draws/{draw.code}/" in desk
    assert "财政部关于2026年彩票市场休市安排的公告" in spring
    for wrong in ("0000-00", "2026-13", "x", "20266-1", "２０２６-１"):
        assert Client().get("/calendar/", {"month": wrong}).status_code == 200
    assert people.behind(people.player().user).get("/desk/calendar/").status_code == 403


def test_planned_draws_follow_a_rule_version_that_is_loaded_in_time(monkeypatch):
    """F021, F022, F025: planned thirty days ahead, they take it from its first issue."""
    now = database_time()
    ssq = Game.objects.get(code="ssq")
    calendar.plan_ahead(now=now)
    on_sale = make.draw()
    later = list(Draw.objects.filter(game=ssq, state="SCHEDULED").order_by("issue"))
    ten_days = in_shanghai(now).date() + timedelta(days=10)
    at = next(i for i, one in enumerate(later) if in_shanghai(one.opens_at).date() >= ten_days)
    current = rules.GAMES["ssq"].current
    newer = replace(
        current,
        code="ssq-2099.1",
        first_issue=later[at].issue,
        schedule=replace(current.schedule, closes=clock(19, 30)),
    )
    known = replace(
        rules.GAMES["ssq"],
        versions=(
            *rules.GAMES["ssq"].versions[:-1],
            replace(current, last_issue=later[at - 1].issue),
            newer,
        ),
    )
    monkeypatch.setattr(rules, "GAMES", {"ssq": known})
    monkeypatch.setitem(rules._BY_CODE, newer.code, newer)

    asked = rule_sheets.request(
        game=ssq, version=newer.code, notice="x", maker=people.member("compliance").user, now=now
    )
    approvals.decide(
        code=asked.code, checker=people.member("approver").user, approve=True, now=database_time()
    )

    planned = {draw.issue: draw for draw in Draw.objects.filter(game=ssq).select_related("rule")}
    for draw in (on_sale, *later[:at]):
        assert planned[draw.issue].rule_id == draw.rule_id
        assert planned[draw.issue].closes_at == draw.closes_at
    for draw in later[at:]:
        assert planned[draw.issue].rule.code == newer.code
        assert f"{in_shanghai(planned[draw.issue].closes_at):%H:%M}" == "19:30"
        assert planned[draw.issue].draws_at == draw.draws_at
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        Draw.objects.filter(pk=on_sale.pk).update(rule=planned[later[at].issue].rule)
    assert violated(refused.value) == "draw_stays_what_it_is"


def test_a_game_that_writes_a_year_in_two_digits_is_planned_and_moved_like_any_other():
    """F025, C13: 26001, not 2026001; a closure finds its draws, and drills count on from them."""
    now, version = database_time(), rules.GAMES["dlt"].current
    game = Game.objects.get(code="dlt")
    calendar.plan(game=game, until=now + timedelta(days=20), now=now)
    planned = list(Draw.objects.filter(game=game, closes_at__gt=now).order_by("issue"))
    year = in_shanghai(planned[0].draws_at).year
    counted = dict(version.schedule.issues(year, closures=calendar.closures_of(year, now=now)))
    assert planned[0].issue in counted
    assert planned[0].code == f"dlt-{str(year)[2:]}{planned[0].issue[-3:]}"

    day = in_shanghai(planned[0].draws_at).date()
    moved = calendar.moved_by(first_on=day, last_on=day, occasion="OTHER", now=now)

    assert planned[0].issue in {draw.issue for draw, _day in moved if draw.game_id == game.pk}
    assert calendar.next_issue(game, now=planned[0].draws_at)[:2] == str(year)[2:]
