"""Other times of a draw: changed by two, in order, and told to the public (F025)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import Message
from audit import approvals, waiting
from audit.models import ApprovalDecision, ApprovalRequest
from games import calendar, draw_times, draws, results
from games.models import CalendarNotice, Draw, Game
from lottery_portal import jobs
from lottery_portal.lib import codes
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated
from sales import holders
from tests import make, make_cancelled, make_draws, people
from tests.at_once import at_once
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True)


def test_a_change_of_times_needs_two_people_and_is_told_to_the_public():
    """F025: asked for by one, approved by another; then the times hold and the notice stands."""
    draw = make.draw()
    maker, checker = people.member("draw_official").user, people.member("approver").user
    closes, draws_at = draw.closes_at + timedelta(minutes=30), draw.draws_at + timedelta(minutes=45)

    asked = draw_times.ask(
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
    asked = draw_times.ask(
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

    with pytest.raises(draw_times.OnlyPutOff):
        draw_times.ask(
            draw=draw, closes_at=database_time() + timedelta(hours=1),
            draws_at=database_time() + timedelta(hours=2), reason="x",
            maker=people.member("draw_official").user, now=database_time(),
        )  # fmt: skip


def test_an_approval_that_comes_after_the_close_changes_nothing():
    """F025: the draw closed while the request waited; the approval leaves no trace."""
    draw = make.shadow_draw(closes_in=timedelta(seconds=1))
    maker, checker = people.member("draw_official").user, people.member("approver").user
    asked = draw_times.ask(
        draw=draw, closes_at=database_time() + timedelta(hours=1),
        draws_at=database_time() + timedelta(hours=2), reason="x", maker=maker, now=database_time(),
    )  # fmt: skip
    make.closed(draw)

    with pytest.raises(draw_times.TimesStand):
        approvals.decide(
            code=asked.code, checker=checker, approve=True, reason="", now=database_time()
        )

    assert approvals.find(asked.code).state == "OPEN"
    assert not CalendarNotice.objects.exists()


def test_times_that_are_not_in_order_are_refused():
    draw, now, maker = make.draw(), database_time(), people.member("draw_official").user

    for close, draw_at in ((-5, 10), (10, 10), (10, 5)):
        with pytest.raises(draw_times.TimesNotInOrder):
            draw_times.ask(
                draw=draw, closes_at=now + timedelta(hours=close),
                draws_at=now + timedelta(hours=draw_at), reason="x", maker=maker, now=now,
            )  # fmt: skip


def test_times_are_changed_from_those_that_hold():
    """F025: asking for what is so is refused; a second request waits for the first."""
    draw, now, maker = make.draw(), database_time(), people.member("draw_official").user
    with pytest.raises(draw_times.TimesUnchanged):
        draw_times.ask(
            draw=draw, closes_at=draw.closes_at, draws_at=draw.draws_at, reason="x", maker=maker,
            now=now,
        )  # fmt: skip
    asked = draw_times.ask(
        draw=draw, closes_at=draw.closes_at + timedelta(minutes=1),
        draws_at=draw.draws_at + timedelta(hours=1), reason="x", maker=maker, now=now,
    )  # fmt: skip
    with pytest.raises(draw_times.TimesAskedFor) as refused:
        make_cancelled.moved(
            draw, closes_at=draw.closes_at, draws_at=draw.draws_at + timedelta(hours=2)
        )
    assert codes.shown(asked.code) in str(refused.value)
    assert len(approvals.under_way(draw_times.KIND)) == 1
    page = people.behind(maker).get(f"/desk/draws/{draw.code}/times/").content.decode()
    assert asked.code in page
    assert 'name="reason"' not in page
    checker = people.member("approver").user
    approvals.decide(code=asked.code, checker=checker, approve=True, now=database_time())

    assert Draw.objects.get(pk=draw.pk).closes_at == draw.closes_at + timedelta(minutes=1)
    assert CalendarNotice.objects.count() == 1
    (_named, name), *_times = approvals.kinds()[draw_times.KIND].words(asked.payload)
    assert draw.issue in name.replace(draw.code, "")
    assert draw.code in name
    people_see = people.text(people.behind(checker).get("/desk/approvals/?show=ended"))
    assert name in people_see  # several requests of a kind are told apart in the list


def test_draws_stay_in_their_order_and_are_not_put_off_beyond_all_sense():
    """F025: not past a neighbour, neither when it is asked nor when it is done, nor to 2099."""
    now, maker = database_time(), people.member("draw_official").user
    calendar.plan(game=Game.objects.get(code="ssq"), until=now + timedelta(days=14), now=now)
    planned = list(
        Draw.objects.filter(game__code="ssq", state="SCHEDULED", closes_at__gt=now).order_by(
            "issue"
        )
    )
    _first, second, third, *_more, last = planned

    def ask(draw: Draw, draws_at: datetime) -> approvals.Request:
        closes_at = draws_at - timedelta(minutes=75)
        return draw_times.ask(
            draw=draw, closes_at=closes_at, draws_at=draws_at, reason="x", maker=maker, now=now
        )

    with pytest.raises(draw_times.DrawsStayInOrder, match=third.issue):
        ask(second, third.draws_at)
    with pytest.raises(draw_times.PutOffTooFar):
        ask(last, last.draws_at + timedelta(days=30, minutes=1))
    with pytest.raises(draw_times.PutOffTooFar):
        ask(last, datetime(2099, 1, 1, tzinfo=UTC))
    assert not approvals.under_way(draw_times.KIND)

    later = ask(second, third.draws_at - timedelta(hours=1))
    sooner = ask(third, third.draws_at - timedelta(hours=2))
    checker = people.member("approver").user
    approvals.decide(code=later.code, checker=checker, approve=True, now=database_time())
    with pytest.raises(draw_times.DrawsStayInOrder, match=second.issue):
        approvals.decide(code=sooner.code, checker=checker, approve=True, now=database_time())
    assert Draw.objects.get(pk=third.pk).draws_at == third.draws_at


@commits
def test_of_several_who_ask_at_once_one_is_heard():
    """F025: they queue at the draw, and the others are told of the first."""
    draw, now = make.draw(), database_time()
    maker = people.member("draw_official").user

    def ask() -> str:
        try:
            asked = draw_times.ask(
                draw=draw, closes_at=draw.closes_at, reason="x", maker=maker, now=now,
                draws_at=draw.draws_at + timedelta(minutes=1),
            )  # fmt: skip
        except draw_times.TimesAskedFor as refused:
            return refused.code
        return asked.state

    assert sorted(at_once([ask] * 4)) == ["OPEN", *["draw_times_asked_for"] * 3]
    assert len(approvals.under_way(draw_times.KIND)) == 1


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


@commits
def test_after_the_close_the_drawing_is_put_off_and_nothing_else():
    """F025, F075: sales stay closed, the draw is held later, and numbers wait for it."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    later = database_time() + timedelta(hours=3)

    with pytest.raises(draw_times.OnlyPutOff):
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


def agreed_past_the_door(draw: Draw, draws_at: datetime) -> str:
    """Two people agree on other times and the notice is written, by the application's own rights;
    the constraint that speaks against it."""
    said = {
        "draw": draw.code, "reason": "x",
        "closes_before": draw_times.written(draw.closes_at),
        "closes_after": draw_times.written(draw.closes_at),
        "draws_before": draw_times.written(draw.draws_at),
        "draws_after": draw_times.written(draws_at),
    }  # fmt: skip
    maker, checker = people.member("draw_official").user, people.member("approver").user
    try:
        with transaction.atomic():
            asked = approvals.request(
                kind=draw_times.KIND, payload=said, maker=maker, now=database_time()
            )
            ApprovalDecision.objects.create(
                request=ApprovalRequest.objects.get(code=asked.code), approved=True,
                checker=checker, digest=asked.digest, decided_at=database_time(),
            )  # fmt: skip
            ApprovalRequest.objects.filter(code=asked.code).update(state="PERFORMED")
            CalendarNotice.objects.create(
                draw=draw, closes_before=draw.closes_at, closes_after=draw.closes_at, reason="x",
                draws_before=draw.draws_at, draws_after=draws_at, approval_code=asked.code,
                published_at=database_time(),
            )  # fmt: skip
            Draw.objects.filter(pk=draw.pk).update(draws_at=draws_at)
    except DatabaseError as refused:
        return violated(refused)
    return ""


@commits
def test_the_database_keeps_the_order_of_draws_the_thirty_days_and_one_request():
    """F025: two people who agree on more than that move nothing; a second beyond and within."""
    now, second = database_time(), timedelta(seconds=1)
    calendar.plan(game=Game.objects.get(code="ssq"), until=now + timedelta(days=14), now=now)
    planned = Draw.objects.filter(game__code="ssq", state="SCHEDULED", closes_at__gt=now)
    first, draw, after, *_more, last = planned.order_by("issue")
    far = last.draws_at + draw_times.LONGEST_DELAY

    assert agreed_past_the_door(draw, after.draws_at) == "draws_stay_in_order"
    assert agreed_past_the_door(after, draw.draws_at) == "draws_stay_in_order"
    assert agreed_past_the_door(last, far + second) == "draw_put_off_thirty_days_at_most"
    assert not CalendarNotice.objects.exists()
    assert agreed_past_the_door(draw, after.draws_at - second) == ""
    assert agreed_past_the_door(last, far) == ""
    assert CalendarNotice.objects.count() == 2

    asked = draw_times.ask(
        draw=first, closes_at=first.closes_at, draws_at=first.draws_at + second, reason="x",
        maker=people.member("draw_official").user, now=now,
    )  # fmt: skip
    assert agreed_past_the_door(first, first.draws_at + second) == "draw_times_asked_once"
    assert [one.code for one in approvals.under_way(draw_times.KIND)] == [asked.code]
    with as_owner() as hand:  # its time is over, and nobody has written that down yet
        hand.execute("ALTER TABLE audit_approvalrequest DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE audit_approvalrequest SET expires_at = clock_timestamp() WHERE code = %s",
            [asked.code],
        )
        guards_up(hand)
    assert agreed_past_the_door(first, first.draws_at + second) == ""


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
