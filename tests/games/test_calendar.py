"""The calendar: planned ahead by the rules, changed by two and told to the public (F025)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import Message
from audit import approvals, policies, waiting
from games import (
    calendar,
    claim_days,
    closures,
    draws,
    public_notices,
    results,
    rule_sheets,
    rules,
)
from games.models import (
    Announcement,
    CalendarNotice,
    Draw,
    Game,
    MarketClosure,
    NoticeDelivery,
)
from games.rules.schedule import Closure
from lottery_portal import jobs
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated
from sales import holders
from tests import make, make_cancelled, make_draws, people

pytestmark = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True)

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


def test_times_that_are_not_in_order_are_refused():
    draw, now, maker = make.draw(), database_time(), people.member("draw_official").user

    for close, draw_at in ((-5, 10), (10, 10), (10, 5)):
        with pytest.raises(calendar.TimesNotInOrder):
            calendar.ask_for_times(
                draw=draw, closes_at=now + timedelta(hours=close),
                draws_at=now + timedelta(hours=draw_at), reason="x", maker=maker, now=now,
            )  # fmt: skip


def test_times_are_changed_from_those_that_hold():
    """F025: asking for what is so is refused; of two requests the second one is told why."""
    draw, now, maker = make.draw(), database_time(), people.member("draw_official").user
    with pytest.raises(calendar.TimesUnchanged):
        calendar.ask_for_times(
            draw=draw, closes_at=draw.closes_at, draws_at=draw.draws_at, reason="x", maker=maker,
            now=now,
        )  # fmt: skip
    asked = [
        calendar.ask_for_times(
            draw=draw, closes_at=draw.closes_at + timedelta(minutes=late),
            draws_at=draw.draws_at + timedelta(hours=1), reason="x", maker=maker, now=now,
        )
        for late in (1, 2)
    ]  # fmt: skip
    checker = people.member("approver").user
    approvals.decide(code=asked[0].code, checker=checker, approve=True, now=database_time())

    with pytest.raises(calendar.TimesChangedMeanwhile):
        approvals.decide(code=asked[1].code, checker=checker, approve=True, now=database_time())

    assert Draw.objects.get(pk=draw.pk).closes_at == draw.closes_at + timedelta(minutes=1)
    assert CalendarNotice.objects.count() == 1
    (_named, name), *_times = approvals.kinds()[calendar.KIND].words(asked[1].payload)
    assert draw.issue in name.replace(draw.code, "")
    assert draw.code in name
    people_see = people.text(people.behind(checker).get("/desk/approvals/?show=ended"))
    assert name in people_see  # several requests of a kind are told apart in the list


def test_the_closure_of_a_feast_that_began_is_not_recorded_anew():
    """F025: drawn days would become other numbers; days to come are a closure of their own."""
    days = {"first_on": date(2026, 12, 24), "last_on": date(2026, 12, 26)}
    payload = {
        "year": 2026, "occasion": "SPRING", "first_on": "2026-12-24", "last_on": "2026-12-26",
        "notice": "财政部公告（测试）", "address": "",
    }  # fmt: skip

    with pytest.raises(closures.ClosureOfThatFeastBegan):
        closures.check(occasion="SPRING", **days, now=NOV_21)
    with pytest.raises(closures.ClosureOfThatFeastBegan), transaction.atomic():
        calendar.record_closure(payload=payload, approval_code="test", actor=None, now=NOV_21)

    assert not MarketClosure.objects.exists()
    assert not CalendarNotice.objects.exists()
    closures.check(occasion="OTHER", **days, now=NOV_21)
    later = date(2027, 2, 4)
    closures.check(occasion="SPRING", first_on=later, last_on=later, now=NOV_21)


def test_days_in_the_wrong_order_are_refused_before_anything_is_worked_out():
    """F025: the first look says what the request would say."""
    year = in_shanghai(database_time()).year + 1
    desk = people.behind(people.member("compliance").user)

    answer = desk.post(
        "/desk/calendar/closures/new/",
        {"occasion": "OTHER", "first_on": f"{year}-03-05", "last_on": f"{year}-03-04",
         "notice": "财政部公告（测试）"},
    )  # fmt: skip

    assert answer.status_code == 400
    assert answer.context["moved"] is None


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
    for page, is_shown in (
        (address, True),
        (f"/desk/draws/{draw.code}/", True),
        (f"/desk/draws/{make.draw(game_code='dlt').code}/times/", False),
    ):
        seen = people.text(client.get(page))
        assert ("直播信号检修" in seen) == is_shown, page
        assert (f"/desk/approvals/{request.code}/" in seen) == is_shown


def closure(first: date, last: date, *, occasion: str = "SPRING") -> list[CalendarNotice]:
    """A closure recorded by two people; the notices of the draws that it moved."""
    now = database_time()
    known = set(CalendarNotice.objects.values_list("pk", flat=True))
    asked = closures.request(
        occasion=occasion, first_on=first, last_on=last, notice="财政部公告（测试）", address="",
        maker=people.member("compliance").user, now=now,
    )  # fmt: skip
    approvals.decide(code=asked.code, checker=people.member("approver").user, approve=True, now=now)
    return list(CalendarNotice.objects.exclude(pk__in=known).order_by("pk"))


def test_a_recorded_closure_moves_planned_draws_and_tells_the_public():
    """F025, C12: numbers stay without a gap, a draw moves to the next draw day, with a notice."""
    now = database_time()
    ssq = Game.objects.get(code="ssq")
    calendar.plan_ahead(now=now)
    planned = list(
        Draw.objects.filter(game=ssq, state="SCHEDULED", closes_at__gt=now).order_by("issue")
    )
    first = in_shanghai(planned[1].draws_at).date()
    would_move = calendar.moved_by(first_on=first, last_on=first, occasion="OTHER", now=now)

    notices = closure(first, first, occasion="OTHER")

    assert [notice.draw for notice in notices] == [draw for draw, _day in would_move] != []
    assert [in_shanghai(notice.draws_after).date() for notice in notices] == [
        day for _draw, day in would_move
    ]
    assert notices[0].draw.issue == planned[1].issue
    moved = Draw.objects.get(pk=planned[1].pk)
    assert moved.draws_at == planned[2].draws_at
    assert moved.opens_at == planned[0].draws_at + timedelta(minutes=15)
    assert Draw.objects.get(pk=planned[0].pk).draws_at == planned[0].draws_at
    now = database_time()
    counted = {issue: day for issue, day, _schedule in calendar.issues(ssq, first.year, now=now)}
    later = Draw.objects.filter(game=ssq, state="SCHEDULED", issue__startswith=str(first.year))
    assert {draw.issue: in_shanghai(draw.draws_at).date() for draw in later} == {
        draw.issue: counted[draw.issue] for draw in later
    }
    assert first not in counted.values()
    assert "财政部公告（测试）" in Client().get("/calendar/").content.decode()
    (told,) = public_notices.now_told(now=now)  # one decision, one notice, however many draws
    assert told.reason == "财政部公告（测试）"
    assert str(len(notices)) in told.lead
    assert told.url.startswith("/calendar/?month=")
    (told,) = public_notices.now_told(now=now, game="ssq")
    assert str(sum(notice.draw.game_id == ssq.pk for notice in notices)) in told.lead
    assert NoticeDelivery.objects.filter(about="TIMES").count() == len(notices)


def test_a_draw_that_two_people_moved_stays_there_when_a_closure_comes():
    """F025: what was decided for one draw is not undone by the calendar."""
    draw = make.draw()
    now = database_time()
    moved = make_cancelled.moved(
        draw,
        closes_at=draw.closes_at + timedelta(minutes=30),
        draws_at=draw.draws_at + timedelta(minutes=30),
    )
    day = in_shanghai(draw.draws_at).date()
    if day <= in_shanghai(now).date():
        day += timedelta(days=1)

    notices = closure(day, day, occasion="OTHER")

    assert draw.pk not in {notice.draw_id for notice in notices}
    assert Draw.objects.get(pk=draw.pk).draws_at == moved.draws_at


def test_a_closure_is_recorded_before_its_first_day_with_its_notice():
    """F025: nothing is closed afterwards, and nothing without a paper."""
    now = database_time()
    today = in_shanghai(now).date()
    maker = people.member("compliance").user
    asked: dict[str, Any] = {
        "occasion": "OTHER", "notice": "x", "address": "", "maker": maker, "now": now,
    }  # fmt: skip
    later = today + timedelta(days=200)

    with pytest.raises(closures.ClosureTooLate):
        closures.request(first_on=today, last_on=today, **asked)
    with pytest.raises(closures.ClosureNotInOrder):
        closures.request(first_on=later, last_on=later - timedelta(days=1), **asked)
    with pytest.raises(closures.NoticeMissing):
        closures.request(first_on=later, last_on=later, **asked | {"notice": " "})

    assert not approvals.under_way(closures.KIND)


@commits
def test_after_the_close_the_drawing_is_put_off_and_nothing_else():
    """F025, F075: sales stay closed, the draw is held later, and numbers wait for it."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    later = database_time() + timedelta(hours=3)

    with pytest.raises(calendar.OnlyPutOff):
        make_cancelled.moved(
            draw, closes_at=draw.closes_at, draws_at=draw.draws_at - timedelta(minutes=1)
        )
    moved = make_cancelled.moved(draw, closes_at=draw.closes_at, draws_at=later)

    assert (moved.state, moved.closes_at, moved.draws_at) == ("SEALED", draw.closes_at, later)
    with pytest.raises(results.TooEarly):
        make_draws.drawn(moved)
    assert draws.find(draw.code).state == Draw.State.SEALED


PAST_EVERY_DOOR = [
    (
        "UPDATE games_draw SET draws_at = draws_at + interval '1 hour' WHERE id = %s",
        "draw_times_by_notice",
    ),
    (
        "UPDATE games_draw SET opens_at = opens_at - interval '1 hour' WHERE id = %s",
        "draw_times_by_notice",
    ),
    (
        """INSERT INTO games_calendarnotice (draw_id, closes_before, closes_after, draws_before,
        draws_after, reason, approval_code, published_at)
        SELECT id, closes_at, closes_at, draws_at, draws_at + interval '1 hour', 'x', 'x', now()
          FROM games_draw WHERE id = %s""",
        "notice_by_agreement",
    ),
    (
        """INSERT INTO games_calendarnotice (draw_id, closes_before, closes_after, draws_before,
        draws_after, reason, approval_code, published_at)
        SELECT id, now(), closes_at, draws_at, draws_at + interval '1 hour', 'x', 'x', now()
          FROM games_draw WHERE id = %s""",
        "notice_of_the_times_that_were",
    ),
    (
        """INSERT INTO games_marketclosure (year, occasion, first_on, last_on, notice, address,
        approval_code, recorded_at)
        SELECT 2030, 'OTHER', '2030-01-01', '2030-01-02', 'x', '', 'GENESIS', now()
          FROM games_draw WHERE id = %s""",
        "closure_by_agreement",
    ),
]


@commits
def test_the_database_moves_no_draw_without_two_people_and_a_notice():
    """F025: the application's own rights are not enough."""
    draw = make.draw()

    for deed, constraint in PAST_EVERY_DOOR:
        with (
            pytest.raises(DatabaseError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(deed, [draw.pk])

        assert violated(refused.value) == constraint, deed
        stands = Draw.objects.get(pk=draw.pk)
        assert (stands.opens_at, stands.draws_at) == (draw.opens_at, draw.draws_at)


@commits
def test_a_notice_moves_a_draw_once():
    """F025: what two people agreed on does not serve for going back and forth."""
    draw = make.draw()
    moved = make_cancelled.moved(
        draw,
        closes_at=draw.closes_at + timedelta(minutes=5),
        draws_at=draw.draws_at + timedelta(minutes=5),
    )

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        Draw.objects.filter(pk=draw.pk).update(closes_at=draw.closes_at, draws_at=draw.draws_at)

    assert violated(refused.value) == "draw_times_by_notice"
    assert Draw.objects.get(pk=draw.pk).closes_at == moved.closes_at


def test_those_who_hold_tickets_are_told_of_other_times_once():
    """F025, F053: a legal notice, to each person one, however often the clock strikes."""
    alice, bob, draw = make.alice(), make.player("王明", wallet=20_00), make.draw()
    make.purchase(alice, draw)
    make.purchase(alice, draw)
    make.purchase(bob, draw)
    make_cancelled.moved(
        draw,
        closes_at=draw.closes_at + timedelta(minutes=30),
        draws_at=draw.draws_at + timedelta(minutes=45),
    )

    for _again in range(3):
        holders.ask_due(now=database_time())
        jobs.run_pending(kinds=frozenset({"sales.tell_holders"}))

    told = Message.objects.filter(kind=holders.TIMES)
    assert sorted(told.values_list("user_id", flat=True)) == sorted([alice.user_id, bob.user_id])
    for page in ("/play/ssq/", "/calendar/", "/results/"):
        assert "直播信号检修" in people.behind(alice.user).get(page).content.decode(), page


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


def test_the_desk_records_a_closure_in_two_looks():
    """F025: first what would move, then the request; the auditor may do neither."""
    compliance, auditor = people.member("compliance").user, people.member("auditor").user
    day = in_shanghai(database_time()).date() + timedelta(days=9)
    fields = {
        "occasion": "OTHER", "first_on": f"{day}", "last_on": f"{day + timedelta(days=2)}",
        "notice": "财政部公告（测试）", "address": "",
    }  # fmt: skip
    address = "/desk/calendar/closures/new/"

    assert people.behind(auditor).post(address, fields).status_code == 403
    looked = people.behind(compliance).post(address, fields)
    assert looked.status_code == 200
    assert not approvals.under_way(closures.KIND)
    asked = people.behind(compliance).post(address, {**fields, "is_sure": "1"})

    assert asked.status_code == 302
    assert len(approvals.under_way(closures.KIND)) == 1


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
