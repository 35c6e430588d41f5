"""A draw settles fast, and what it costs is asked of the database by the chunk (F072)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from games import bets
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes import comparison, settlement
from prizes.models import Batch, Chunk, Hit, Prize, Settlement
from sales.purchase import MOST_TICKETS, Order, buy
from tests import make, make_draws

pytestmark = pytest.mark.django_db(transaction=True)

TICKETS, LINES = 2_000, 5
LIMIT = 60.0 / 1_000_000  # seconds a selection
MARGIN = 10  # a small draw has its fixed costs too, and the machine of a test other work


def _sold(tickets: int, *, of: Callable[[int], list[bets.Selection]]) -> Draw:
    """A confirmed draw in which shadow players bought so many tickets, twenty at once."""
    draw = make.shadow_draw()
    buyers = [make.shadow_player(wallet=100_000_00) for _one in range(4)]
    for first in range(0, tickets, MOST_TICKETS):
        numbers = range(first, min(first + MOST_TICKETS, tickets))
        buy(
            player=buyers[first // MOST_TICKETS % len(buyers)],
            orders=[Order(draw=draw, selections=of(number)) for number in numbers],
            request_key=uuid7(),
            channel="drill",
            now=database_time(),
        )
    return make_draws.drawn(make_draws.sealed(draw))


def _five(number: int) -> list[bets.Selection]:
    """Five single lines; among a few hundred tickets each has lines that win in several tiers."""
    blue = 1 + number % 16
    return [
        make.single(*(1 + (number * step + place * 5) % 33 for place in range(6)), blue=blue)
        for step in range(1, 1 + LINES)
    ]


def _winning(number: int) -> list[bets.Selection]:
    return [make.single(1, 2, 3, 4, 5, 20 + number % 10, blue=8)]


@pytest.mark.thorough
def test_ten_thousand_selections_settle_within_their_share_of_the_limit():
    """F072: a million selections settle within a minute; both engines, from root to SETTLED."""
    draw = _sold(TICKETS, of=_five)

    before = time.perf_counter()
    done = settlement.run(draw=draw, now=database_time())
    seconds = time.perf_counter() - before

    assert done.state == Settlement.State.DONE
    assert Prize.objects.count() == Hit.objects.count() > TICKETS // 20
    assert seconds < MARGIN * LIMIT * TICKETS * LINES
    assert comparison.settled_differences(draw) == []


def _statements(tickets: int) -> dict[str, int]:
    """How many statements each step sends for a draw of one chunk and one batch."""
    draw = _sold(tickets, of=_winning)
    begun = settlement.begin(draw=draw, now=database_time())
    sent = {}
    for name, step in {
        "count": lambda: settlement.count_next(settlement=begun, now=database_time()),
        "price": lambda: settlement.price(draw=draw, now=database_time()),
        "engine two": lambda: settlement.engine_two(draw=draw, now=database_time()),
        "compare": lambda: settlement.compare(draw=draw, now=database_time()),
        "credit": lambda: settlement.credit_next(settlement=begun, now=database_time()),
        "finish": lambda: settlement.finish(draw=draw, now=database_time()),
    }.items():
        with CaptureQueriesContext(connection) as queries:
            assert step()
        sent[name] = len(queries)
    assert Chunk.objects.filter(settlement=begun).count() == 1
    assert Batch.objects.filter(run__draw=draw).count() == 1
    assert Prize.objects.filter(draw=draw).count() == tickets
    return sent


@pytest.mark.thorough
def test_a_chunk_and_a_batch_cost_the_same_statements_however_many_tickets_are_in_them():
    """F072: sets, not rows, go to the database; that is what keeps ten million selections fast."""
    assert _statements(3) == _statements(60)
