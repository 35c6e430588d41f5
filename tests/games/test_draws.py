"""Draws go forward, one state at a time, each step with who and when (F056)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts import drills
from accounts.models import User
from audit import trail
from games import calendar, draws, results
from games.models import Draw, DrawTransition, Game
from lottery_portal.lib.db import database_time, violated
from sales import closing
from tests import make, make_draws, owner, people

pytestmark = pytest.mark.django_db(transaction=True)

STATES = [state.value for state in Draw.State]
LEGAL = {
    *((before.value, after.value) for before, after in zip(draws.WAY, draws.WAY[1:], strict=False)),
    *((state, "CANCELLED") for state in ("SCHEDULED", "OPEN", "CLOSED", "SEALED")),
}


def forced(draw: Draw, state: str) -> None:
    """Write the state with the application's own rights, and its step."""
    with transaction.atomic(), connection.cursor() as cursor:
        before = Draw.objects.values_list("state", flat=True).get(pk=draw.pk)
        cursor.execute("UPDATE games_draw SET state = %s WHERE id = %s", [state, draw.pk])
        cursor.execute(
            "INSERT INTO games_drawtransition (draw_id, from_state, to_state, at)"
            " VALUES (%s, %s, %s, now())",
            [draw.pk, before, state],
        )


def test_a_draw_day_leaves_every_step_with_its_time_and_its_actor():
    """F056: open, closed, sealed by the clock; drawn and confirmed by the people who typed."""
    draw = make_draws.settled(make_draws.confirmed([make.SELECTION]))

    steps = list(DrawTransition.objects.filter(draw=draw).order_by("at"))

    assert [step.to_state for step in steps] == [state.value for state in draws.WAY[1:8]]
    assert [step.from_state for step in steps] == [state.value for state in draws.WAY[:7]]
    assert [step.actor_id is not None for step in steps] == [False] * 3 + [True] * 2 + [False] * 2
    recorded = trail.read(trail.Filters(action="games.draw_", object_code=draw.code))
    assert {row.action for row in recorded} >= {f"games.draw_{s.lower()}" for s in draws.WAY[1:8]}


def test_the_database_refuses_every_illegal_step():
    """F056: whatever the code does; each refusal leaves the draw where it was."""
    waiting = Draw.objects.filter(state="SCHEDULED").first()
    assert waiting is not None
    refuses_illegal_steps(waiting, "SCHEDULED")
    draw = make_draws.sold([make.SELECTION])
    refuses_illegal_steps(draw, "OPEN")
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=database_time())
    refuses_illegal_steps(draw, "CLOSED")
    make_draws.publicly_sealed(draws.find(draw.code))
    refuses_illegal_steps(draw, "SEALED")
    make.wait_until(draws.find(draw.code).draws_at)
    first, second = drills.officials(now=database_time())
    for official, state in ((first, "DRAWN"), (second, "CONFIRMED")):
        now = database_time()
        results.enter(draw=draw, official=official, numbers=make_draws.NUMBERS, now=now)
        refuses_illegal_steps(draw, state)


def refuses_illegal_steps(draw: Draw, state: str) -> None:
    assert Draw.objects.get(pk=draw.pk).state == state
    for wanted in STATES:
        if wanted == state or (state, wanted) in LEGAL:
            continue
        with pytest.raises(IntegrityError) as refused:
            forced(draw, wanted)
        assert violated(refused.value) == "draw_goes_forward", (state, wanted)
        assert Draw.objects.get(pk=draw.pk).state == state


def test_nothing_follows_a_cancelled_draw():
    """F056: not even its own beginning."""
    draw = make.shadow_draw()
    forced(draw, "CANCELLED")

    for wanted in STATES:
        if wanted == "CANCELLED":
            continue
        with pytest.raises(IntegrityError) as refused:
            forced(draw, wanted)
        assert violated(refused.value) == "draw_goes_forward"


def test_advancing_twice_moves_once():
    draw = make.shadow_draw()

    with transaction.atomic():
        again = draws.advance(draw_id=draw.pk, to="OPEN", actor=None, now=database_time())

    assert again is False
    assert draw.transitions.count() == 1


def test_a_draw_is_not_closed_before_its_time():
    """F037: Postgres's clock judges, not the caller's."""
    draw = make.shadow_draw()

    with pytest.raises(draws.DrawNotReady):
        closing.close(draw=draw, now=database_time() + timedelta(days=1))

    assert draws.find(draw.code).state == Draw.State.OPEN


def test_a_draw_is_sealed_by_its_statement_only():
    """F057: the state alone cannot be moved."""
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=50))
    make.wait_until(draw.closes_at)
    forced(draw, "CLOSED")
    assert draws.find(draw.code).state == "CLOSED"

    with pytest.raises(IntegrityError) as refused:
        forced(draw, "SEALED")

    assert violated(refused.value) == "draw_sealed_by_statement"


def test_a_step_without_its_row_is_not_taken():
    """F056: the state changes together with the row that says who and when, or not at all."""
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=50))
    make.wait_until(draw.closes_at)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Draw.objects.filter(pk=draw.pk).update(state="CLOSED")

    assert violated(refused.value) == "draw_step_is_written"
    assert draws.find(draw.code).state == Draw.State.OPEN


def test_a_row_without_its_step_is_not_written():
    draw = make.shadow_draw()

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        DrawTransition.objects.create(
            draw=draw, from_state="OPEN", to_state="SEALED", at=database_time()
        )

    assert violated(refused.value) == "step_written_when_taken"


def test_what_a_draw_is_it_stays():
    """F049, F056: refused for the application by its rights or by the trigger."""
    draw = make_draws.confirmed()

    for change, constraint in (
        ("code = 'other'", "draw_stays_what_it_is"),
        ("issue = '2099999'", "draw_stays_what_it_is"),
        ("is_shadow = false", "draw_stays_what_it_is"),
        ("rule_id = rule_id - 1", "draw_stays_what_it_is"),
        ("closes_at = closes_at + interval '1 hour'", "draw_times_stand_after_close"),
        ("special_on = true", "draw_special_stands"),
    ):
        with (
            pytest.raises(DatabaseError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE games_draw SET {change} WHERE id = %s", [draw.pk])  # noqa: S608 - our own names

        said = violated(refused.value)
        assert said == constraint or "permission denied" in str(refused.value), change


def test_evidence_of_a_draw_is_not_changed_by_the_application():
    """F049: seal, entries, result and steps stand."""
    draw = make_draws.confirmed()
    tables = ("sealstatement", "result", "resultentry", "drawtransition")

    for table in tables:
        for sql in (
            f"UPDATE games_{table} SET draw_id = draw_id",  # noqa: S608 - our own names
            f"DELETE FROM games_{table}",  # noqa: S608 - our own names
        ):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)
        assert draws.find(draw.code).state == Draw.State.CONFIRMED


def test_the_desk_shows_a_draw_and_the_one_next_deed():
    """F056: a draw official is offered the entry, an auditor is told who may."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    official, auditor = people.member("draw_official").user, people.member("auditor").user

    page = people.behind(official).get(f"/desk/draws/{draw.code}/")
    other = people.behind(auditor).get(f"/desk/draws/{draw.code}/")

    assert page.status_code == other.status_code == 200
    assert f"/desk/draws/{draw.code}/result/" in page.content.decode()
    assert f"/desk/draws/{draw.code}/result/" not in other.content.decode()
    assert draw.seal.root[:4] in page.content.decode()


def test_the_list_of_draws_is_for_the_staff():
    make.shadow_draw()
    official: User = people.member("draw_official").user

    assert people.behind(official).get("/desk/draws/").status_code == 200
    assert (
        people.behind(official).get("/desk/draws/?show=ssq-drill").content.count(b"ssq-drill") > 1
    )
    assert people.behind(people.player().user).get("/desk/draws/").status_code == 403


def planned() -> Draw:
    """A draw that nothing else names yet."""
    now, game = database_time(), Game.objects.get(code=make.DRILL)
    return calendar.plan_one(
        game=game,
        issue=calendar.next_issue(game, now=now),
        opens_at=now + timedelta(hours=1),
        closes_at=now + timedelta(hours=2),
        draws_at=now + timedelta(hours=3),
        now=now,
    )


@pytest.mark.parametrize(
    ("deed", "constraint"),
    [
        ("DELETE FROM games_draw WHERE id = %s", "games_draw_never_changes"),
        ("UPDATE games_draw SET id = id + 1000000 WHERE id = %s", "draw_stays_what_it_is"),
    ],
)
def test_what_tickets_name_is_always_there(deed, constraint):
    """F044: tickets name their draw without a foreign key; not even the owner takes a draw away."""
    draw = planned()

    with owner.as_owner() as hand, pytest.raises(psycopg.errors.IntegrityError) as refused:
        hand.execute(deed, [draw.pk])

    assert refused.value.diag.constraint_name == constraint
