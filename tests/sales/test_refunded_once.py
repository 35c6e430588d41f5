"""Taken back by its owner, then its draw cancelled; and plans over a cancelled draw: money once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from accounts.models import Message
from finance import invariants, ledger, wallets
from games import draws
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from sales import cancellation, cancellation_paper, draw_cancellation, holders, plans, tickets
from sales.models import Cancellation, DrawRefund, HolderNotice, Plan, Ticket, TicketRefund
from tests import make, make_cancelled, owner
from tests.at_once import at_once
from tests.make_plans import advanced, begun, money, shadow, steps
from tests.sales.test_cancellation import allowed, shadow_allowed, taken_back

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_state(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def called_off(draw: Draw) -> Draw:
    """A shadow draw cancelled through the door, its tickets not back yet."""
    draw_cancellation.cancel_drill(draw=draw, reason=make_cancelled.REASON, now=database_time())
    return draws.find(draw.code)


def broken() -> set[str]:
    found, _upto = invariants.look()
    return {one.name for one in found if not one.holds}


def test_what_its_owner_took_back_is_not_refunded_again_with_its_draw():
    """F048, F075: one entry in the books, no row and no word of the cancellation about it."""
    allowed()
    alice, bob, draw = make.alice(), make.player("王明", wallet=20_00), make.draw()
    gone = make.ticket(alice, draw)
    kept = make.ticket(bob, draw)
    taken_back(gone)
    found = draw_cancellation.dry_run(draw)
    assert (found.tickets, found.stake_fen, found.players) == (1, 2_00, 1)
    assert found.by_purse == {"WALLET": 2_00}

    cancelled = make_cancelled.refunded(make_cancelled.cancelled(draw))
    jobs.run_pending(kinds=frozenset({"sales.refund_draw", "sales.tell_holders"}))

    assert [wallets.available(one) for one in (alice, bob)] == [20_00, 20_00]
    assert ledger.balance(f"stakes:{draw.code}") == 0
    refund = DrawRefund.objects.get()
    assert (refund.tickets, refund.stake, refund.done_at is not None) == (1, 2_00, True)
    assert [one.ticket_id for one in TicketRefund.objects.all()] == [kept.pk]
    told = Message.objects.filter(kind=holders.CANCELLED)
    assert [one.user_id for one in told] == [bob.user_id]
    assert HolderNotice.objects.get().told == 1
    read = [
        tickets.read([tickets.find(player_id=one.owner_id, code=one.code)], player_id=one.owner_id)
        for one in (gone, kept)
    ]
    assert [one.state for (one,) in read] == ["cancelled", "refunded"]
    paper = json.loads(json.loads(cancellation_paper.of(cancelled))["statement"])
    assert {name: paper[name] for name in paper if "ticket" in name or "taken" in name} == {
        "tickets": 1, "refunded_tickets": 1, "taken_back_before": 1,
    }  # fmt: skip
    assert broken() & {
        "refunded_once", "cancelled_draws_keep_nothing", "taken_back_is_refunded_once",
    } == set()  # fmt: skip
    assert ledger.verify_books() == []


def test_a_draw_of_which_everything_was_taken_back_is_refunded_with_nothing():
    """F048, F075: nothing is left to give back, and that is done at once."""
    shadow_allowed()
    shade, draw = shadow()
    taken_back(make.ticket(shade, draw))

    make_cancelled.refunded(called_off(draw))

    assert wallets.available(shade) == 20_00
    assert not TicketRefund.objects.exists()
    refund = DrawRefund.objects.get()
    assert (refund.tickets, refund.stake, refund.done_at is not None) == (0, 0, True)


def test_the_database_refunds_nothing_that_was_taken_back():
    """F048, F075: not even by the owner's hand, and not under the same reference."""
    shadow_allowed()
    shade, draw = shadow()
    gone = make.ticket(shade, draw)
    make.ticket(shade, draw)
    taken_back(gone)
    called_off(draw)

    with pytest.raises(psycopg.errors.CheckViolation) as refused, owner.as_owner() as hand:
        hand.execute(
            "INSERT INTO sales_ticketrefund (ticket_id, draw_id, amount, reference, refunded_at)"
            " SELECT id, draw_id, price, 'refund:' || code, now() FROM sales_ticket WHERE id = %s",
            [gone.pk],
        )
    assert refused.value.diag.constraint_name == "refund_of_what_stands"
    with owner.as_owner() as hand:
        hand.execute("SELECT sales_refund(%s)", [gone.pk])

    assert wallets.available(shade) == 18_00
    assert ledger.balance(f"stakes:{draw.code}") == 2_00


def test_without_the_guard_the_books_say_that_it_was_refunded_with_its_draw():
    """F048, F075: the check of the books names it."""
    shadow_allowed()
    shade, draw = shadow()
    gone = make.ticket(shade, draw)
    taken_back(gone)
    called_off(draw)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticketrefund DISABLE TRIGGER sales_ticket_refund_may_be")
        hand.execute(
            "INSERT INTO sales_ticketrefund (ticket_id, draw_id, amount, reference, refunded_at)"
            " SELECT id, draw_id, price, 'refund:' || code, now() FROM sales_ticket WHERE id = %s",
            [gone.pk],
        )

    assert "refunded_once" in broken()


def test_a_ticket_of_a_cancelled_draw_is_not_taken_back_as_well():
    """F048, F075: its owner is told that it comes back by itself, and again when it has."""
    shadow_allowed()
    shade, draw = shadow()
    ticket = make.ticket(shade, draw)
    cancelled = called_off(draw)

    for _before_and_after in range(2):
        with pytest.raises(cancellation.CalledOffFirst):
            taken_back(ticket)
        assert not Cancellation.objects.exists()
        make_cancelled.refunded(cancelled)

    assert wallets.available(shade) == 20_00
    assert ledger.balance(f"stakes:{draw.code}") == 0


@pytest.mark.thorough
def test_a_ticket_taken_back_while_its_draw_is_cancelled_comes_back_once():
    """F048, F075: whichever is first, the other finds it done; four times at once."""
    shadow_allowed()
    for _again in range(4):
        shade, draw = shadow()
        sold = [make.ticket(shade, draw) for _one in range(3)]
        deeds: list[Callable[[], Any]] = [partial(taken_back, one) for one in sold]

        results = at_once([*deeds, partial(called_off, draw)])
        make_cancelled.refunded(draws.find(draw.code))

        back = [one for one in results[:3] if isinstance(one, Cancellation)]
        late = [one for one in results[:3] if isinstance(one, cancellation.CalledOffFirst)]
        assert len(back) + len(late) == 3, results
        assert TicketRefund.objects.filter(draw=draw).count() == len(late)
        assert wallets.available(shade) == 20_00
        assert ledger.balance(f"stakes:{draw.code}") == 0
    assert ledger.trial_balance(is_shadow=True) == 0


@pytest.mark.thorough
@pytest.mark.parametrize("stop", [0, plans.ANY_PRIZE])
def test_a_plan_goes_on_over_a_cancelled_draw(stop):
    """F029, F075: its ticket comes back to the balance, the others are bought from what is held."""
    shade, first = shadow()
    plan = begun(shade, first, count=4, stop=stop)
    assert money(shade) == (12_00, 6_00)

    make_cancelled.refunded(called_off(first))

    assert money(shade) == (14_00, 6_00)
    plan.refresh_from_db()
    assert plan.state == Plan.State.RUNNING
    second = make.shadow_draw()
    assert advanced() == ["bought"]
    make_cancelled.refunded(called_off(second))
    third = called_off(make.shadow_draw())
    assert advanced() == ["left_out"]
    fourth = make.shadow_draw()
    assert advanced() == ["bought"]

    assert steps(plan) == [
        (1, first.issue, "BOUGHT"),
        (2, second.issue, "BOUGHT"),
        (3, third.issue, "LEFT_OUT"),
        (4, fourth.issue, "BOUGHT"),
    ]
    plan.refresh_from_db()
    assert plan.state == Plan.State.DONE
    assert money(shade) == (18_00, 0)
    assert Ticket.objects.filter(owner=shade).count() == 3
    assert "plans_hold_what_is_left" not in broken()
    assert ledger.trial_balance(is_shadow=True) == 0


def test_a_ticket_of_a_plan_taken_back_is_not_refunded_with_its_draw_and_the_plan_goes_on():
    """F029, F048, F075: all three in one draw."""
    shadow_allowed()
    shade, first = shadow()
    plan = begun(shade, first, count=2)
    taken_back(Ticket.objects.get(owner=shade))
    assert money(shade) == (18_00, 2_00)

    make_cancelled.refunded(called_off(first))

    assert money(shade) == (18_00, 2_00)
    make.shadow_draw()
    assert advanced() == ["bought"]
    plan.refresh_from_db()
    assert plan.state == Plan.State.DONE
    assert money(shade) == (18_00, 0)
