"""The calendar: planned ahead by the rules, changed by two and told to the public (F025)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from django.test import Client

from audit import approvals, policies, waiting
from games import calendar, claim_days, rules
from games.models import Announcement, CalendarNotice, Draw, Game
from games.rules.schedule import Closure
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from tests import make, people

pytestmark = pytest.mark.django_db(transaction=True)

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


def test_a_change_of_times_needs_two_people_and_is_told_to_the_public():
    """F025: asked for by one, approved by another; then the times hold and the notice stands."""
    draw = make.draw()
    maker, checker = people.member("draw_official").user, people.member("approver").user
    closes, draws_at = draw.closes_at + timedelta(minutes=30), draw.draws_at + timedelta(minutes=45)

    asked = calendar.ask_for_times(
        draw=draw, closes_at=closes, draws_at=draws_at, reason="直播信号检修", maker=maker,
        now=database_time(),
    )  # fmt: skip
    assert Draw.objects.get(pk=draw.pk).closes_at == draw.closes_at
    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())

    changed = Draw.objects.get(pk=draw.pk)
    assert (changed.closes_at, changed.draws_at) == (closes, draws_at)
    notice = CalendarNotice.objects.get()
    assert (notice.closes_before, notice.closes_after) == (draw.closes_at, closes)
    assert "直播信号检修" in Client().get("/results/").content.decode()


def test_nobody_approves_his_own_change_of_times():
    """F025: the maker's second account is the maker."""
    draw = make.draw()
    number = people.citizen_id()
    maker = people.member("draw_official", id_number=number)
    people.member("approver", id_number=number)
    asked = calendar.ask_for_times(
        draw=draw, closes_at=draw.closes_at + timedelta(minutes=1), draws_at=draw.draws_at,
        reason="x", maker=maker.user, now=database_time(),
    )  # fmt: skip

    with pytest.raises(approvals.OnePerson):
        approvals.decide(
            code=asked.code, checker=maker.user, approve=True, reason="", now=database_time()
        )

    assert Draw.objects.get(pk=draw.pk).closes_at == draw.closes_at
    assert not CalendarNotice.objects.exists()


def test_times_of_a_closed_draw_stand():
    """F025, F037: nobody reopens a draw by moving its close."""
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=50))
    make.closed(draw)

    with pytest.raises(calendar.OnlyPutOff):
        calendar.ask_for_times(
            draw=draw, closes_at=database_time() + timedelta(hours=1),
            draws_at=database_time() + timedelta(hours=2), reason="x",
            maker=people.member("draw_official").user, now=database_time(),
        )  # fmt: skip


def test_an_approval_that_comes_after_the_close_changes_nothing():
    """F025: the draw closed while the request waited; the approval leaves no trace."""
    draw = make.shadow_draw(closes_in=timedelta(seconds=1))
    maker, checker = people.member("draw_official").user, people.member("approver").user
    asked = calendar.ask_for_times(
        draw=draw, closes_at=database_time() + timedelta(hours=1),
        draws_at=database_time() + timedelta(hours=2), reason="x", maker=maker, now=database_time(),
    )  # fmt: skip
    make.closed(draw)

    with pytest.raises(calendar.TimesStand):
        approvals.decide(
            code=asked.code, checker=checker, approve=True, reason="", now=database_time()
        )

    assert approvals.find(asked.code).state == "OPEN"
    assert not CalendarNotice.objects.exists()


@pytest.mark.parametrize(("close", "draw_at"), [(-5, 10), (10, 10), (10, 5)])
def test_times_that_are_not_in_order_are_refused(close, draw_at):
    draw, now = make.draw(), database_time()

    with pytest.raises(calendar.TimesNotInOrder):
        calendar.ask_for_times(
            draw=draw, closes_at=now + timedelta(hours=close),
            draws_at=now + timedelta(hours=draw_at),
            reason="x", maker=people.member("draw_official").user, now=now,
        )  # fmt: skip


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


def test_the_page_asks_for_times_on_a_shanghai_clock():
    """F025: what the form shows is what holds, and what is typed is Shanghai's time."""
    draw, official = make.draw(), people.member("draw_official").user
    client, address = people.behind(official), f"/desk/draws/{draw.code}/times/"
    closes = in_shanghai(draw.closes_at)

    shown = client.get(address).content.decode()
    asked = client.post(
        address,
        {
            "closes_at": f"{closes:%Y-%m-%d}T20:30",
            "draws_at": f"{closes:%Y-%m-%d}T21:30",
            "reason": "直播信号检修",
        },
    )

    assert f'value="{closes:%Y-%m-%dT%H:%M}"' in shown
    assert asked.status_code == 302
    (request,) = waiting.open_for(people.member("approver").user, database_time())
    assert f"{closes:%Y-%m-%d}T12:30:00+00:00" in request.payload
