"""Buyers against a cancellation, officials against it: real threads, real commits (F075).

Each race is run twice: as it is, and once more with its protection taken away by the owner of the
database.
"""

from __future__ import annotations

import threading
from functools import partial

import pytest

from accounts import drills
from accounts.models import User
from finance import ledger
from games import draws, results
from games.models import Draw, DrawTransition
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import draw_cancellation, purchase
from sales.models import DrawRefund, Ticket, TicketRefund
from tests import make, make_cancelled, make_draws
from tests.at_once import at_once
from tests.races.test_purchase import MOST_TRIES, slow_sales, without_gate

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.race,
    pytest.mark.xdist_group("a_hundred_connections"),
]

BUYERS = 12


def buying_across_a_cancellation() -> tuple[Draw, int]:
    """Twelve players buy as fast as they can while the draw is cancelled.

    The draw, and how many tickets were committed after its cancellation had counted them.
    """
    players = [make.shadow_player(wallet=1_000_00) for _one in range(BUYERS)]
    draw = make.shadow_draw()
    stop = threading.Event()

    def keep_buying(player) -> Refused | None:
        while not stop.is_set():
            try:
                make.purchase(player, draw, channel="drill")
            except purchase.DrawNotOpen as refusal:
                return refusal
        return None

    def cancel_then() -> DrawRefund:
        while Ticket.objects.filter(draw=draw).count() < BUYERS:
            make.wait_until(database_time())
        return cancel(draw)

    try:
        *refused, refund = at_once([*(lambda p=p: keep_buying(p) for p in players), cancel_then])
    finally:
        stop.set()
    assert isinstance(refund, DrawRefund), refund
    assert all(isinstance(result, purchase.DrawNotOpen) for result in refused), refused
    return draws.find(draw.code), Ticket.objects.filter(draw=draw).count() - refund.tickets


def test_every_ticket_sold_before_a_cancellation_is_refunded_and_none_is_sold_after():
    """F075: cancelling waits for the sales in flight; those behind it are refused."""
    with slow_sales(100):
        draw, overtaken = buying_across_a_cancellation()

    assert overtaken == 0
    draw_cancellation.run(draw=draw, now=database_time())
    tickets = Ticket.objects.filter(draw=draw)
    assert TicketRefund.objects.filter(draw=draw).count() == tickets.count() >= BUYERS
    assert ledger.balance(f"stakes:{draw.code}") == 0
    for code in set(tickets.values_list("owner__code", flat=True)):
        assert ledger.balance(f"wallet:{code}") == 1_000_00
    assert ledger.trial_balance(is_shadow=True) == 0
    assert DrawRefund.objects.get(draw=draw).done_at is not None


def test_without_the_gate_a_ticket_would_come_after_the_cancellation():
    """The protection of the test above is the gate."""
    without_gate()
    overtaken = 0

    with slow_sales(100):
        for _draw in range(MOST_TRIES):
            overtaken += buying_across_a_cancellation()[1]
            if overtaken:
                break

    assert overtaken > 0


def type_first(draw: Draw, official: User) -> results.Entered:
    """The first number of a draw."""
    return results.enter(
        draw=draw, official=official, numbers=make_draws.NUMBERS, now=database_time()
    )


def cancel(draw: Draw) -> DrawRefund:
    """A drill cancelled at once."""
    return draw_cancellation.cancel_drill(
        draw=draws.find(draw.code), reason=make_cancelled.REASON, now=database_time()
    )


@pytest.mark.thorough
def test_a_draw_is_cancelled_or_drawn_and_never_both():
    """F075, F061: who types the first number and who cancels meet at the row of the draw."""
    for _try in range(5):
        draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
        official = drills.officials(now=database_time())[0]

        typed, refund = at_once([partial(type_first, draw, official), partial(cancel, draw)])

        is_cancelled = isinstance(refund, DrawRefund)
        assert is_cancelled is isinstance(typed, Refused), (typed, refund)
        assert is_cancelled or isinstance(refund, draws.DrawIsHeld), refund
        steps = set(DrawTransition.objects.filter(draw=draw).values_list("to_state", flat=True))
        assert len(steps & {"CANCELLED", "DRAWN"}) == 1


def test_a_draw_is_cancelled_once_however_many_agree_at_once():
    """F075: one cancellation, one refund, one taking back of what was divided."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION], [make.SELECTION]))

    done = at_once([partial(cancel, draw)] * 6)

    assert sum(isinstance(result, DrawRefund) for result in done) == 1, done
    assert sum(isinstance(result, draws.DrawIsHeld) for result in done) == 5
    assert ledger.balance(f"stakes:{draw.code}") == 4_00
