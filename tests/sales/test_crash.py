"""Killed at every step: no money without a ticket, no ticket without money (F042)."""

from __future__ import annotations

from functools import partial

import pytest

from audit import catalogue
from finance import ledger
from games.models import SealStatement
from games.seal_models import SealPublication, SealSignature
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from sales import plan_steps, plans, sealing
from sales.models import Cancellation, Plan, PlanStep, Purchase, Receipt, Selection, Ticket
from tests import make, make_plans
from tests.crash import killed_at
from tests.sales import test_cancellation
from tests.sales.test_sealing import sold_out_draw
from tests.samples import one_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


# Of what plans do, every third step is enough for every run; a deep one takes all.
STRIDE = {False: 3, True: 1}


@pytest.mark.parametrize("before", [True, False])
def test_a_purchase_killed_at_any_step_happened_or_did_not(before):
    """F042: after each kill the same request is sent again, as a browser does."""
    alice, draw = make.alice(wallet=100_00), make.draw()
    step, bought = 0, 0

    while True:
        step += 1
        key = uuid7()
        was_killed = killed_at(
            step, before=before, deed=partial(make.purchase, alice, draw, key=key)
        )
        assert Ticket.objects.count() in {bought, bought + 1}
        again = make.purchase(alice, draw, key=key)
        bought += 1

        assert Ticket.objects.filter(purchase=again).count() == 1
        assert Purchase.objects.count() == Ticket.objects.count() == bought
        assert Receipt.objects.count() == Selection.objects.count() == bought
        assert Job.objects.filter(kind="sales.send_receipt").count() == bought
        assert ledger.balance(f"wallet:{alice.code}") == 100_00 - bought * 2_00
        assert ledger.balance(f"stakes:{draw.code}") == bought * 2_00
        if not was_killed:
            break

    assert step > 3  # sale, receipt and job at least were each cut off


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.thorough
def test_a_sealing_killed_at_any_step_ends_the_same(before, deep, settings, tmp_path):
    """F057: file, statement, division of the stakes and state come together or not at all."""
    settings.STATE_DIR = tmp_path
    draw, _sold = sold_out_draw()
    step = 0

    while True:
        step += 1 if deep else 3
        was_killed = killed_at(
            step, before=before, deed=lambda: sealing.seal(draw=draw, now=database_time())
        )
        draw.refresh_from_db()
        statement = SealStatement.objects.filter(draw=draw).first()
        assert (draw.state == "SEALED") is (statement is not None)
        left = ledger.balance(f"stakes:{draw.code}")
        assert left == (0 if statement else 56_00)
        if not was_killed:
            break

    assert statement is not None
    assert step > 8
    assert sealing.file_of(statement).stat().st_size == statement.file_size
    assert ledger.balance(f"prizes:{draw.code}") == 27_44


@pytest.mark.parametrize("before", one_in(2, [True, False]))
@pytest.mark.thorough
def test_a_publication_killed_at_any_step_ends_the_same(before, deep, settings, tmp_path):
    """F057: statement, both signatures and publication each stand once, wherever it was cut off."""
    settings.STATE_DIR = tmp_path
    draw, _sold = sold_out_draw()
    catalogue.look()  # once for all who are killed: each goes on from what is known here
    step = 0

    while True:
        step += 1 if deep else 3
        was_killed = killed_at(
            step, before=before, deed=lambda: sealing.complete(draw=draw, now=database_time())
        )
        published = SealPublication.objects.count()
        assert published == 0 or SealSignature.objects.count() == 2
        if not was_killed:
            break

    assert step > 20
    assert SealStatement.objects.count() == published == 1
    draw.refresh_from_db()
    assert draw.state == "SEALED"
    assert ledger.balance(f"prizes:{draw.code}") == 27_44


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False])
def test_a_plan_killed_at_any_step_began_whole_or_not_at_all(before, deep):
    """F029: ticket, hold, plan and its first step are one; the same request is sent again."""
    shade, draw = make.shadow_player(wallet=1_000_00), make.shadow_draw()
    step, begun_so_far = 0, 0

    while True:
        step += STRIDE[deep]
        key = uuid7()
        was_killed = killed_at(
            step, before=before, deed=partial(make_plans.begun, shade, draw, key=key)
        )
        assert Plan.objects.count() in {begun_so_far, begun_so_far + 1}
        make_plans.begun(shade, draw, key=key)
        begun_so_far += 1

        assert Plan.objects.count() == PlanStep.objects.count() == begun_so_far
        assert Ticket.objects.count() == Receipt.objects.count() == begun_so_far
        assert make_plans.money(shade) == (1_000_00 - 6_00 * begun_so_far, 4_00 * begun_so_far)
        if not was_killed:
            break

    assert step > 6
    assert ledger.verify_books() == []


@pytest.mark.parametrize("before", [True, False])
def test_plans_killed_while_they_buy_buy_each_draw_once(before, deep):
    """F029: three plans, killed at every step of the worker that serves them; another goes on."""
    shade, draw = make.shadow_player(wallet=1_000_00), make.shadow_draw()
    for _one in range(3):
        make_plans.begun(shade, draw, count=2)
    make.shadow_draw()
    step = 0

    while True:
        step += STRIDE[deep]
        was_killed = killed_at(
            step, before=before, deed=lambda: plan_steps.advance_due(now=database_time())
        )
        bought = PlanStep.objects.filter(position=2).count()
        assert Ticket.objects.count() == 3 + bought
        assert make_plans.money(shade) == (1_000_00 - 12_00, 2_00 * (3 - bought))
        if not was_killed:
            break

    assert step > 5
    assert bought == 3
    assert set(Plan.objects.values_list("state", flat=True)) == {"DONE"}
    assert ledger.verify_books() == []


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False])
def test_a_plan_killed_while_it_stops_gives_back_once(before, deep):
    """F029: the hold is released with the end of the plan, or not yet."""
    shade, draw = make.shadow_player(wallet=1_000_00), make.shadow_draw()
    plan = make_plans.begun(shade, draw)
    step = 0

    def stop() -> None:
        plans.stop(plan=plan, actor=shade.user, now=database_time())

    while True:
        step += STRIDE[deep]
        was_killed = killed_at(step, before=before, deed=stop)
        is_over = Plan.objects.get().state == "STOPPED"
        assert make_plans.money(shade) == ((998_00, 0) if is_over else (994_00, 4_00))
        if is_over or not was_killed:
            break

    assert step > 5
    assert is_over


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False])
def test_a_ticket_killed_while_it_is_taken_back_comes_back_once(before, deep):
    """F048: refund, row and message are one."""
    test_cancellation.shadow_allowed()
    shade, draw = make.shadow_player(wallet=1_000_00), make.shadow_draw()
    step, count = 0, 0

    while True:
        step, count = step + STRIDE[deep], count + 1
        ticket = make.ticket(shade, draw)
        was_killed = killed_at(
            step, before=before, deed=partial(test_cancellation.taken_back, ticket)
        )
        assert Cancellation.objects.count() in {count - 1, count}
        test_cancellation.taken_back(ticket)
        assert Cancellation.objects.count() == count
        assert make_plans.money(shade) == (1_000_00, 0)
        if not was_killed:
            break

    assert step > 3
    assert ledger.verify_books() == []
