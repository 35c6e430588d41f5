"""What must hold of plans and of tickets taken back, and how a fault in it is found."""

from __future__ import annotations

import pytest

from audit import log
from finance import invariants
from lottery_portal.lib.db import database_time
from sales import plans
from sales.models import PlanStep
from tests import make, owner
from tests.make_plans import begun
from tests.sales.test_cancellation import shadow_allowed, taken_back

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("plans_hold_what_is_left", "taken_back_is_refunded_once", "held_is_under_way")


def broken() -> dict[str, tuple[str, ...]]:
    found, _since = invariants.look()
    return {one.name: one.broken_by for one in found if one.name in NAMES and one.broken_by}


def test_a_plan_and_its_hold_that_differ_are_found():
    """F106, F029: every kind of plan is whole; a step that is gone is named."""
    shadow_allowed()
    player, draw = make.shadow_player(wallet=100_00), make.shadow_draw()
    running, stopped = begun(player, draw), begun(player, draw)
    plans.stop(plan=stopped, actor=player.user, now=database_time())
    ticket = make.ticket(player, draw)
    taken_back(ticket)
    assert broken() == {}

    things = [
        ("cancellation", str(ticket.pk)),
        *(("plan_step", str(pk)) for pk in PlanStep.objects.values_list("pk", flat=True)),
    ]
    assert log.unlike_logged(things) == []

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_planstep DISABLE TRIGGER USER")
        hand.execute("DELETE FROM sales_planstep WHERE plan_id = %s", [running.pk])
        hand.execute("ALTER TABLE sales_cancellation DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_cancellation SET amount = amount - 1")

    assert broken() == {
        "plans_hold_what_is_left": (running.code,),
        "taken_back_is_refunded_once": (ticket.code,),
    }
    assert sorted((one.kind, one.what) for one in log.unlike_logged(things)) == [
        ("cancellation", "changed"),
        ("plan_step", "missing"),
    ]
