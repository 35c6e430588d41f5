"""A settlement ends the same, whoever is killed: process, connection, the whole server (F070)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections

from accounts.models import Player
from finance import wallets
from games import draws
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import comparison, engines, settlement
from prizes.models import Prize, PrizeSheet, Settlement
from tests import make, make_draws
from tests.own_server import own_server
from tests.prizes.test_settlement import amounts, books, one_of_each_tier, refill_pool

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

GOLDEN = 0.618033988749895  # its multiples spread evenly over [0, 1)


def started(draw: Draw) -> int:
    """A process of its own that settles the draw; its id."""
    for one in connections.all(initialized_only=True):
        one.close()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what it says of a lost server is no news
        try:
            settlement.run(draw=draw, now=database_time())
            os._exit(0)
        finally:
            os._exit(1)
    return child


def struck(child: int, *, after: float, blow: Callable[[int], None]) -> bool:
    """Strike when the time has come; whether the settlement had not ended before."""
    threading.Event().wait(after)
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        return os.WEXITSTATUS(status) != 0
    blow(child)
    _pid, status = os.waitpid(child, 0)
    return status != 0


def kill_the_process(child: int) -> None:
    """SIGKILL for who settles."""
    os.kill(child, signal.SIGKILL)


def end_its_connections(_child: int) -> None:
    """What serves it in the database is ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid()"
        )
    connection.close()


class Undisturbed:
    """A draw that was settled in peace: what it paid, its books, and how long it took."""

    def __init__(self) -> None:
        self.player: Player = make.shadow_player(wallet=100_000_00)
        self.rich: Player = make.shadow_player(wallet=100_000_00)
        draw = self.confirmed()
        begun = time.monotonic()
        assert os.waitstatus_to_exitcode(os.waitpid(started(draw), 0)[1]) == 0
        self.seconds = time.monotonic() - begun
        self.pool_before = PrizeSheet.objects.get(draw=draw).pool_before
        self.amounts, self.books = amounts(draw), books(draw)

    def again(self) -> Draw:
        """Another draw, as the first was before it was settled."""
        draw = self.confirmed()
        refill_pool(draw, self.pool_before)
        return draw

    def confirmed(self) -> Draw:
        """A draw in which one player won much, and the other within what is free of tax."""
        first, second, *others = one_of_each_tier()
        draw = make_draws.sold(*[first, second, others[-2]] * 3, player=self.rich)
        make_draws.sold(*others * 3, player=self.player, draw=draw)
        return make_draws.drawn(make_draws.sealed(draw))

    def ends_the_same(self, draw: Draw, *, wallet: int) -> None:
        """Settled to the end, it paid the same; from `wallet` on, everybody was credited once."""
        settlement.run(draw=draw, now=database_time())
        assert Settlement.objects.get(draw=draw).state == Settlement.State.DONE
        assert amounts(draw) == self.amounts
        assert books(draw) == self.books
        paid = Prize.objects.filter(draw=draw, route="WALLET").values_list("amount", flat=True)
        assert len(paid) == 12
        assert wallets.available(self.player) == wallet + sum(paid)
        assert comparison.settled_differences(draws.find(draw.code)) == []


def strike(wanted: int, *blows: Callable[[int], None]) -> None:
    """Strike `wanted` times at spread moments, over as many draws as it takes, each to its end."""
    known = Undisturbed()
    strikes, draws_settled = 0, 0
    while strikes < wanted:
        draw = known.again()
        wallet = wallets.available(known.player)
        was_struck = True
        while was_struck:
            after = known.seconds * (strikes * GOLDEN % 1)
            was_struck = struck(started(draw), after=after, blow=blows[strikes % len(blows)])
            strikes += was_struck
        known.ends_the_same(draw, wallet=wallet)
        draws_settled += 1
    print(f"{strikes} strikes, {draws_settled} draws of {known.seconds:.2f} s, one digest")  # noqa: T201 - figures to read


@pytest.mark.thorough
def test_a_settlement_killed_at_any_moment_ends_with_the_same_books(monkeypatch, deep):
    """F070: processes and connections are struck at spread moments until the draw is settled.

    Each once (deep: a hundred times in all); each time the ledger is, to the digest,
    that of a draw that was settled undisturbed, and nobody is credited twice.
    """
    monkeypatch.setattr(settlement, "CHUNK", 3)
    monkeypatch.setattr(engines, "BATCH", 2)

    strike(100 if deep else 2, kill_the_process, end_its_connections)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_settlement_whose_server_is_killed_ends_with_the_same_books(monkeypatch, deep, tmp_path):
    """F070: SIGKILL for PostgreSQL and all its processes, once (deep: 100 times).

    What was committed before each blow stands after the recovery, what was not has never been.
    """
    monkeypatch.setattr(settlement, "CHUNK", 3)
    monkeypatch.setattr(engines, "BATCH", 2)

    with own_server(tmp_path / "state") as server:

        def kill_the_server(_child: int) -> None:
            server.kill()
            server.start_again()
            connection.close()

        strike(100 if deep else 1, kill_the_server)
