"""Market closures: recorded by two before they begin; planned draws follow (F025, C12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client

from audit import approvals
from games import calendar, closures, draw_times, notice_mail, public_notices, words
from games.models import CalendarNotice, Draw, Game, MarketClosure, NoticeDelivery
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from tests import make, make_cancelled, people

pytestmark = pytest.mark.django_db

NOV_21 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


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


def one_mail_tells_of(notices: Sequence[CalendarNotice]) -> None:
    """One mail to each supervisor, however many draws; every draw stands in it (F025)."""
    (delivery,) = NoticeDelivery.objects.filter(about="TIMES")
    assert len(notices) > 1
    assert notice_mail.of(notices[0].draw) == notice_mail.of(notices[-1].draw) == [delivery]
    jobs.run_pending(kinds=frozenset({"games.send_notice"}))
    (sent,) = mail.outbox
    assert str(len(notices)) in sent.subject
    for notice in notices:
        days = [
            dates.written(at, "short_weekday") for at in (notice.draws_before, notice.draws_after)
        ]
        assert f"{words.draw(notice.draw)}：{' → '.join(days)}" in sent.body
    assert "原因：财政部公告（测试）" in sent.body
    assert ": " not in sent.body


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

    other = draw_times.ask(  # waits while the closure is recorded
        draw=planned[3], closes_at=planned[3].closes_at, reason="x", now=now,
        draws_at=planned[3].draws_at + timedelta(minutes=5),
        maker=people.member("draw_official").user,
    )  # fmt: skip
    asked = make_cancelled.closure_asked(first, first, occasion="OTHER")
    checker = people.member("approver").user
    signed = people.behind(checker).get(f"/desk/approvals/{asked.code}/").content.decode()
    for draw, day in would_move:  # what is signed names every draw with its old and its new day
        assert day is not None
        before, after = dates.written(draw.draws_at, "day"), dates.day_weekday(day)
        assert f"<dt>{words.draw(draw)}</dt><dd>{before} → {after}</dd>" in signed
    assert "追号" in signed
    make_cancelled.agreed(asked, checker=checker)
    notices = list(CalendarNotice.objects.order_by("pk"))

    assert [notice.draw for notice in notices] == [draw for draw, _day in would_move] != []
    assert [in_shanghai(notice.draws_after).date() for notice in notices] == [
        day for _draw, day in would_move
    ]
    assert notices[0].draw.issue == planned[1].issue
    moved = Draw.objects.get(pk=planned[1].pk)
    assert moved.draws_at == planned[2].draws_at
    assert moved.opens_at == planned[0].draws_at + timedelta(minutes=15)
    assert Draw.objects.get(pk=planned[0].pk).draws_at == planned[0].draws_at
    # Agreed would be times in place of others, and those others are gone.
    with pytest.raises(draw_times.TimesChangedMeanwhile):
        make_cancelled.agreed(other, checker=checker)
    assert Draw.objects.get(pk=planned[3].pk).draws_at == planned[4].draws_at
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
    one_mail_tells_of(notices)
    # When it is done, the request still says which draws it moved.
    said = approvals.kinds()[closures.KIND].words(asked.payload)
    assert [name for name, _days in said[-len(notices) :]] == [
        words.draw(notice.draw) for notice in closures.notices_of(asked.payload)
    ]


@pytest.mark.thorough
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

    would_move = calendar.moved_by(first_on=day, last_on=day, occasion="OTHER", now=now)

    notices = make_cancelled.closure(day, day, occasion="OTHER")

    assert {one.pk for one, _day in would_move} == {notice.draw_id for notice in notices}
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
