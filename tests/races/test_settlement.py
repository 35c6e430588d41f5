"""Settlement started many times at once pays once (F070)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from finance import ledger
from games import bets, draws
from lottery_portal.lib.db import database_time
from prizes import proof, publication, settlement
from prizes.models import Chunk, Prize, Settlement
from sales import closing
from tests import make, make_draws
from tests.at_once import at_once, meeting
from tests.owner import as_owner

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def winners() -> list[list[bets.Selection]]:
    """Forty tickets that win five yuan each, and one first prize."""
    return [
        *[[make.single(20, 21, 22, 23, 24, 25, blue=7)]] * 40,
        [make.single(1, 2, 3, 4, 5, 6, blue=7)],
    ]


def test_a_settlement_started_ten_times_at_once_pays_once(monkeypatch):
    """F070: ten workers do everything at once; the books are those of one."""
    monkeypatch.setattr(settlement, "CHUNK", 5)
    player = make.shadow_player(wallet=82_00)
    draw = make_draws.confirmed(*winners(), player=player)

    def settle() -> None:
        settlement.run(draw=draws.find(draw.code), now=database_time())
        publication.publish(draw=draws.find(draw.code), now=database_time())

    outcomes = at_once([settle] * 10)

    assert [one for one in outcomes if one is not None and not _comes_later(one)] == []
    settle()
    assert Settlement.objects.get(draw=draw).state == Settlement.State.DONE
    assert Prize.objects.count() == 41
    assert ledger.balance(f"wallet:{player.code}") == 40 * 5_00
    assert proof.differences(draws.find(draw.code)) == []


def _comes_later(outcome: object) -> bool:
    """A worker may find others at their chunks still: it goes, and is called again."""
    return isinstance(outcome, settlement.NotCounted | settlement.NotCredited)


def test_one_chunk_credited_ten_times_at_once_is_credited_once():
    """F070: the chunk's row is the lock."""
    player = make.shadow_player(wallet=82_00)
    draw = make_draws.confirmed(*winners(), player=player)
    settlement.begin(draw=draw, now=database_time())
    chunk = Chunk.objects.get()
    settlement.count_chunk(chunk_id=chunk.pk, now=database_time())
    settlement.price(draw=draw, now=database_time())

    outcomes = at_once(
        [lambda: settlement.credit_chunk(chunk_id=chunk.pk, now=database_time())] * 10
    )

    assert sorted(outcomes, key=str) == [False] * 9 + [True]
    assert ledger.balance(f"wallet:{player.code}") == 40 * 5_00


def test_without_the_references_and_the_lock_prizes_would_be_paid_twice(monkeypatch):
    """The negative control: without the chunk's lock and once-only references, money doubles."""
    player = make.shadow_player(wallet=82_00)
    draw = make_draws.confirmed(*winners(), player=player)
    settlement.begin(draw=draw, now=database_time())
    chunk = Chunk.objects.get()
    settlement.count_chunk(chunk_id=chunk.pk, now=database_time())
    settlement.price(draw=draw, now=database_time())
    with as_owner() as owner:
        owner.execute("ALTER TABLE prizes_prize DROP CONSTRAINT prizes_prize_ticket_id_key")
        owner.execute("DROP TRIGGER prizes_chunk_goes_forward ON prizes_chunk")
    monkeypatch.setattr(
        "django.db.models.query.QuerySet.select_for_update",
        lambda rows, **_how: rows.using("default"),
    )
    monkeypatch.setattr(
        settlement,
        "prize_reference",
        lambda found, part: f"prize:{found.code}:{part.number}:{_backend()}",
    )

    monkeypatch.setattr(settlement, "_prizes", meeting(settlement._prizes, 6))

    at_once([lambda: settlement.credit_chunk(chunk_id=chunk.pk, now=database_time())] * 6)

    assert ledger.balance(f"wallet:{player.code}") > 40 * 5_00


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_draw_advanced_ten_times_at_once_takes_the_step_once():
    """F056: of many callers exactly one wins."""
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=200))
    make.wait_until(draw.closes_at)

    def close() -> bool:
        return closing.close(draw=draw, now=database_time())

    outcomes = at_once([close] * 10)

    assert sorted(outcomes, key=str) == [False] * 9 + [True]
    assert draw.transitions.filter(to_state="CLOSED").count() == 1
