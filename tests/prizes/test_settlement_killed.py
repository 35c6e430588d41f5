"""Killed anywhere, by SIGKILL or by a lost connection, a settlement ends the same (F070)."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from django.db import connection, connections

from finance import ledger
from games import draws
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import comparison, engines, settlement
from prizes.models import Prize, PrizeSheet, Settlement
from tests import make, make_draws
from tests.prizes.test_settlement import amounts, books, one_of_each_tier, refill_pool

pytestmark = pytest.mark.django_db(transaction=True)

LONGEST = 0.6  # seconds, about what the settlement below takes
GOLDEN = 0.618033988749895  # its multiples spread evenly over [0, 1)


def started(draw: Draw) -> int:
    """A process of its own that settles the draw; its id."""
    for one in connections.all(initialized_only=True):
        one.close()
    child = os.fork()
    if child == 0:
        try:
            settlement.run(draw=draw, now=database_time())
            os._exit(0)
        finally:
            os._exit(1)
    return child


def struck(child: int, *, after: float, is_backend: bool) -> bool:
    """Strike the process, or what serves it in the database; whether it had not ended before."""
    threading.Event().wait(after)
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        return os.WEXITSTATUS(status) != 0
    if is_backend:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user"
                " AND pid <> pg_backend_pid()"
            )
        connection.close()
    else:
        os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    return status != 0


def test_a_settlement_killed_at_any_moment_ends_with_the_same_books(monkeypatch, deep):
    """F070: processes and backends are struck at spread moments until the draw is settled.

    Ten times (deep: a hundred); each time the ledger is, to the digest, that of a draw that was
    settled undisturbed, and nobody is credited twice.
    """
    monkeypatch.setattr(settlement, "CHUNK", 3)
    monkeypatch.setattr(engines, "BATCH", 2)
    player = make.shadow_player(wallet=100_000_00)
    tickets = one_of_each_tier() * 3
    draw = make_draws.confirmed(*tickets, player=player)
    settlement.run(draw=draw, now=database_time())
    pool_before = PrizeSheet.objects.get(draw=draw).pool_before
    known, known_books = amounts(draw), books(draw)
    wanted = 100 if deep else 10
    strikes = 0

    while strikes < wanted:
        again = make_draws.confirmed(*tickets, player=player)
        refill_pool(again, pool_before)
        wallet = ledger.balance(f"wallet:{player.code}")
        was_struck = True
        while was_struck:
            place = strikes * GOLDEN % 1
            child = started(again)
            was_struck = struck(child, after=LONGEST * place, is_backend=strikes % 2 == 1)
            strikes += was_struck
        settlement.run(draw=again, now=database_time())

        assert Settlement.objects.get(draw=again).state == Settlement.State.DONE
        assert amounts(again) == known
        assert books(again) == known_books
        paid = Prize.objects.filter(draw=again, route="WALLET").values_list("amount", flat=True)
        assert ledger.balance(f"wallet:{player.code}") == wallet + sum(paid)
        assert comparison.settled_differences(draws.find(again.code)) == []
