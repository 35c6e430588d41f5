"""Buyers against each other and against the clock: real threads, real commits.

Each race is run twice: as it is, and once more with its protection taken away by the owner of the
database. If the second run did not lose the race, the first would prove nothing.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connections

from finance import ledger
from games.models import DrawTransition
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import closing, opening, purchase, sealing
from sales.models import Purchase, Receipt, Selection, Ticket
from tests import make, owner
from tests.at_once import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.race,
    pytest.mark.xdist_group("a_hundred_connections"),  # two such at once are more than a server has
]

BUYERS = 100
FEW = 12  # are enough to show that a protection is gone


def books_are_whole(*, is_shadow: bool = False) -> None:
    """No money without ticket, no ticket without money, no ticket without receipt (F042)."""
    tickets = Ticket.objects.filter(is_shadow=is_shadow)
    stakes = {ticket.draw.code for ticket in tickets.select_related("draw")}
    paid = sum(ledger.balances([f"stakes:{code}" for code in stakes]).values())
    assert sum(ticket.price for ticket in tickets) == paid
    assert Receipt.objects.count() == Ticket.objects.count() == Selection.objects.count()
    assert Purchase.objects.count() == Job.objects.filter(kind="sales.send_receipt").count()
    assert ledger.trial_balance(is_shadow=is_shadow) == 0


def without_overdraft_check() -> None:
    """Take away what keeps a wallet from being overdrawn."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE finance_account DROP CONSTRAINT wallet_not_overdrawn")


def without_request_key() -> None:
    """Take away what makes a request key unique."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_purchase DROP CONSTRAINT purchase_once_per_request")


def without_gate() -> None:
    """Sell without holding the gate: the sale and its trigger no longer take the lock."""
    with owner.as_owner() as hand:
        for name in ("sales_sell", "sales_ticket_may_be_sold"):
            found = hand.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", [name]
            ).fetchone()
            assert found is not None
            (body,) = found
            assert "pg_advisory_xact_lock_shared(" in body
            hand.execute(body.replace("pg_advisory_xact_lock_shared(", "int4larger("))


def many_against_one_wallet(*also: type[Refused], buyers: int = BUYERS) -> int:
    """So many purchases at once on a wallet with money for one; how many went through.

    The others had no money left, or met one of the other refusals that the caller names.
    """
    alice, draw = make.alice(wallet=3_00), make.draw()

    results = at_once([lambda: make.purchase(alice, draw)] * buyers)

    sold = [result for result in results if isinstance(result, Purchase)]
    others = [result for result in results if not isinstance(result, Purchase)]
    expected: tuple[type[Refused], ...] = (purchase.NotEnoughMoney, *also)
    assert [result for result in others if not isinstance(result, expected)] == []
    assert ledger.balance(f"wallet:{alice.code}") == 3_00 - 2_00 * len(sold)
    books_are_whole()
    return len(sold)


def test_one_wallet_pays_for_one_ticket_however_many_ask():
    """F042: a hundred buyers, money for one."""
    assert many_against_one_wallet() == 1


@pytest.mark.thorough
def test_without_the_check_the_wallet_would_be_overdrawn():
    """The protection of the test above is the constraint of the wallet.

    Sales one after the other from one wallet: the last may wait longer than a sale does.
    """
    without_overdraft_check()

    assert many_against_one_wallet(purchase.SalesBusy, buyers=FEW) > 1


def the_same_request(*also: type[Refused], times: int = 50) -> tuple[int, set[str]]:
    """The same request so many times at once; tickets sold and the different answers.

    Nobody is refused, but by one of the refusals that the caller names.
    """
    alice, draw, key = make.alice(wallet=200_00), make.draw(), uuid.uuid4()

    results = at_once([lambda: make.purchase(alice, draw, key=key)] * times)

    done = [result for result in results if isinstance(result, Purchase)]
    others = [result for result in results if not isinstance(result, Purchase)]
    assert all(isinstance(result, also) for result in others), others[0]
    answers = {f"{one.code} {[ticket.code for ticket in one.sold()]}" for one in done}
    assert ledger.balance(f"wallet:{alice.code}") == 200_00 - 2_00 * Ticket.objects.count()
    books_are_whole()
    return Ticket.objects.count(), answers


def test_the_same_request_fifty_times_is_one_purchase():
    """F043: one ticket, the same answer for all."""
    sold, answers = the_same_request()

    assert (sold, len(answers)) == (1, 1)


def test_without_its_constraint_the_same_request_would_sell_twice():
    """The protection of the test above is the unique request key.

    Sales one after the other from one wallet: the last may wait longer than a sale does.
    """
    without_request_key()

    sold, answers = the_same_request(purchase.SalesBusy, times=FEW)

    assert sold == len(answers) > 1


@contextmanager
def slow_sales(milliseconds: int) -> Iterator[None]:
    """Sales that take their time between the look at the draw and the commit, as under load."""
    with owner.as_owner() as hand:
        hand.execute(
            "CREATE FUNCTION tests_wait() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_sleep({milliseconds / 1000}); RETURN NEW; END $$"
        )
        hand.execute(
            "CREATE TRIGGER tests_wait AFTER INSERT ON sales_ticket"
            " FOR EACH ROW EXECUTE FUNCTION tests_wait()"
        )
    yield


MOST_TRIES = 5


def buying_across_the_close() -> tuple[int, int, int]:
    """Sixteen players buy as fast as they can while the draw closes and is sealed.

    Tickets sold in all; sold at the close or later; committed after the draw was closed.
    """
    players = [make.shadow_player(wallet=1_000_00) for _one in range(16)]
    draw = make.shadow_draw(closes_in=timedelta(seconds=3))
    seen_at_close: list[int] = []
    stop = threading.Event()

    def keep_buying(player) -> Refused | None:
        while not stop.is_set():
            try:
                make.purchase(player, draw, channel="drill")
            except purchase.DrawClosed as refusal:
                return refusal
        return None

    def close() -> bool:
        make.wait_until(draw.closes_at)
        closed = closing.close(draw=draw, now=database_time())
        seen_at_close.append(Ticket.objects.filter(draw=draw).count())
        return closed

    try:
        *refused, closed = at_once([*(lambda p=p: keep_buying(p) for p in players), close])
    finally:
        stop.set()
    assert closed is True
    assert all(isinstance(result, purchase.DrawClosed) for result in refused), refused
    tickets = Ticket.objects.filter(draw=draw)
    late = tickets.filter(sold_at__gte=draw.closes_at).count()
    return tickets.count(), late, tickets.count() - seen_at_close[0]


def test_no_ticket_is_sold_at_the_close_or_after_it():
    """F037, D8: what is committed when the draw is closed is all there ever will be."""
    with slow_sales(250):
        sold, late, after = buying_across_the_close()

    assert sold > 16
    assert (late, after) == (0, 0)
    books_are_whole(is_shadow=True)


@pytest.mark.thorough
def test_without_the_gate_tickets_would_come_after_the_close():
    """The protection of the test above is the gate: without it, sales in flight are overtaken."""
    without_gate()
    overtaken = 0

    with slow_sales(250):
        for _draw in range(MOST_TRIES):  # a busy machine may close in a quiet moment
            _sold, late, after = buying_across_the_close()
            assert late == 0  # Postgres's clock still judges the moment of the sale
            overtaken += after
            if overtaken:
                break

    assert overtaken > 0


@pytest.mark.thorough
def test_ten_ticks_at_once_open_close_and_seal_once():
    """F037, F057: the clock may strike on many machines."""
    shade = make.shadow_player(wallet=2_00)
    draw = make.shadow_draw(closes_in=timedelta(seconds=1))
    make.purchase(shade, draw, channel="drill")
    make.wait_until(draw.closes_at)

    def tick() -> int:
        now = database_time()
        return len(opening.open_due(now=now)) + len(closing.close_due(now=now))

    struck = at_once([tick] * 10)
    sealed = at_once([lambda: sealing.seal(draw=draw, now=database_time())] * 10)

    assert not [result for result in [*struck, *sealed] if isinstance(result, Exception)]
    assert len({statement.pk for statement in sealed}) == 1
    steps = DrawTransition.objects.filter(draw=draw).order_by("pk")
    assert [step.to_state for step in steps] == ["OPEN", "CLOSED", "SEALED"]
    assert Job.objects.filter(kind="sales.seal_draw", key=f"seal:{draw.code}").count() == 1
    assert ledger.balance(f"prizes:{draw.code}") == 98
    assert ledger.trial_balance(is_shadow=True) == 0
    connections.close_all()
