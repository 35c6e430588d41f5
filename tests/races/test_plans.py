"""Plans and tickets taken back, against each other and the clock: real threads, real commits.

Each race is run twice: as it is, and once more with its protection taken away by the owner of the
database. If the second run did not lose the race, the first would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from finance import ledger, wallets
from games import calendar
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7
from sales import cancellation, closing, plan_steps, plans
from sales.models import Cancellation, Plan, PlanStep, Ticket
from tests import make, owner
from tests.at_once import at_once
from tests.make_plans import begun, money
from tests.sales.test_cancellation import shadow_allowed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

WORKERS = 8


def eight_workers_on_ten_plans() -> list[Any]:
    """Ten plans whose next draw opened, and eight workers at once."""
    draw = make.shadow_draw()
    players = [make.shadow_player(wallet=20_00) for _one in range(10)]
    for player in players:
        begun(player, draw)
    make.shadow_draw()

    return at_once([lambda: plan_steps.advance_due(now=database_time())] * WORKERS)


def test_however_many_workers_a_draw_is_bought_once_a_plan():
    """F029: ten plans, eight workers, ten tickets."""
    done = eight_workers_on_ten_plans()

    assert not [one for one in done if isinstance(one, Exception)]
    assert [one.did for found in done for one in found].count("bought") == 10
    assert PlanStep.objects.count() == Ticket.objects.count() == 20
    assert {money(plan.player) for plan in Plan.objects.select_related("player")} == {(14_00, 2_00)}
    assert ledger.verify_books() == []


def without_taking_turns() -> None:
    """Let every worker take every plan: the steps are no longer unique, nor in order."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_planstep DISABLE TRIGGER USER")
        hand.execute("ALTER TABLE sales_planstep DROP CONSTRAINT plan_step_once")
        hand.execute("ALTER TABLE sales_planstep DROP CONSTRAINT plan_takes_a_draw_once")


@pytest.mark.thorough
def test_without_unique_steps_two_workers_would_buy_one_draw_twice(monkeypatch):
    """The protection of the test above, with workers that do not hold the plan."""
    monkeypatch.setattr(
        plan_steps,
        "_TAKE",
        plan_steps._TAKE.replace("FOR NO KEY UPDATE OF p SKIP LOCKED", ""),
    )
    without_taking_turns()
    with owner.as_owner() as hand:
        found = hand.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'finance_check_plan'"
        ).fetchone()
        assert found is not None
        hand.execute(found[0].replace("IF plan IS NULL OR EXISTS", "IF false AND EXISTS"))

    eight_workers_on_ten_plans()

    assert PlanStep.objects.count() > 20 or Ticket.objects.count() > 20


def test_stopping_and_buying_at_once_is_one_or_the_other():
    """F029: what is left is released once, whoever was first."""
    draw = make.shadow_draw()
    player = make.shadow_player(wallet=20_00)
    plan = begun(player, draw)
    make.shadow_draw()

    results = at_once(
        [
            *[lambda: plan_steps.advance_due(now=database_time())] * 4,
            *[lambda: plans.stop(plan=plan, actor=player.user, now=database_time())] * 4,
        ]
    )

    refused = [one for one in results if isinstance(one, Exception)]
    assert all(isinstance(one, plans.PlanEnded) for one in refused), refused
    assert len(refused) == 3
    plan.refresh_from_db()
    assert (plan.state, plan.reason) == ("STOPPED", "PLAYER")
    assert money(player) == (20_00 - 2_00 * Ticket.objects.count(), 0)
    assert ledger.verify_books() == []


def test_one_request_at_once_begins_one_plan():
    """F043"""
    draw, player, key = make.shadow_draw(), make.shadow_player(wallet=100_00), uuid7()

    results = at_once([lambda: begun(player, draw, key=key)] * WORKERS)

    assert {one.pk for one in results} == {Plan.objects.get().pk}
    assert money(player) == (94_00, 4_00)


def test_a_ticket_taken_back_many_times_at_once_comes_back_once():
    """F048"""
    shadow_allowed()
    draw, player = make.shadow_draw(), make.shadow_player(wallet=20_00)
    ticket = make.ticket(player, draw)

    results = at_once([lambda: taken_back(ticket)] * WORKERS)

    assert {one.pk for one in results} == {Cancellation.objects.get().pk}
    assert wallets.available(player) == 20_00
    assert ledger.verify_books() == []


def taken_back(ticket: Ticket) -> Cancellation:
    return cancellation.cancel(
        player=ticket.owner, ticket=ticket, channel="drill", now=database_time()
    )


@contextmanager
def slow_cancellations(milliseconds: int) -> Iterator[None]:
    """Cancellations that take their time between the look at the draw and the commit."""
    with owner.as_owner() as hand:
        hand.execute(
            "CREATE FUNCTION tests_wait() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_sleep({milliseconds / 1000}); RETURN NEW; END $$"
        )
        hand.execute(
            "CREATE TRIGGER tests_wait AFTER INSERT ON sales_cancellation"
            " FOR EACH ROW EXECUTE FUNCTION tests_wait()"
        )
    yield


def taking_back_across_the_close() -> tuple[int, int, int]:
    """Tickets are taken back one after the other while the draw closes.

    How many were taken back in all, how many of them at the close or later, and how many after the
    close had seen what is sold.
    """
    shadow_allowed()
    players = [make.shadow_player(wallet=100_00) for _one in range(6)]
    draw = make.shadow_draw()
    held = {player.pk: [make.ticket(player, draw) for _one in range(10)] for player in players}
    seen: list[int] = []

    def keep_taking_back(player_id: int) -> Refused | None:
        for ticket in held[player_id]:
            try:
                taken_back(ticket)
            except cancellation.ClosedBeforeCancelled as refusal:
                return refusal
        return None

    def close() -> bool:
        patience = database_time() + timedelta(seconds=60)
        while Cancellation.objects.filter(draw=draw).count() < len(players):
            assert database_time() < patience
            make.wait_until(database_time() + timedelta(milliseconds=20))
        calendar.bring_forward(draw=draw)
        closed = closing.close(draw=draw, now=database_time())
        seen.append(Cancellation.objects.filter(draw=draw).count())
        return closed

    *refused, closed = at_once([*(lambda pk=pk: keep_taking_back(pk) for pk in held), close])
    assert closed is True
    assert not [
        one
        for one in refused
        if isinstance(one, Exception) and not isinstance(one, cancellation.ClosedBeforeCancelled)
    ]
    draw.refresh_from_db()
    count = Cancellation.objects.filter(draw=draw).count()
    late = Cancellation.objects.filter(draw=draw, cancelled_at__gte=draw.closes_at).count()
    return count, late, count - seen[0]


@pytest.mark.thorough
def test_nothing_is_taken_back_at_the_close_or_after_it():
    """F048, D8: what the close has seen is what is sealed."""
    with slow_cancellations(300):
        count, late, after = taking_back_across_the_close()

    assert 0 < count < 60
    assert (late, after) == (0, 0)
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_without_the_gate_tickets_would_be_taken_back_after_the_close():
    """The protection of the test above is the gate."""
    with owner.as_owner() as hand:
        found = hand.execute(
            "SELECT pg_get_functiondef('sales_cancellation_may_be'::regproc)"
        ).fetchone()
        assert found is not None
        (body,) = found
        assert "pg_advisory_xact_lock_shared" in body
        hand.execute(body.replace("PERFORM pg_advisory_xact_lock_shared", "PERFORM int4larger"))
    with slow_cancellations(1_500):  # longer than a close takes on a machine with much to do
        _count, _late, after = taking_back_across_the_close()

    assert after > 0
