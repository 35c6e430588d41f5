"""Settlement started many times at once pays once (F070)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from accounts.models import Player
from finance import wallets
from games import draws
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.jobs.queue import due
from lottery_portal.lib.db import database_time
from prizes import comparison, engines, publication, settlement
from prizes.models import Prize, Settlement
from sales import closing
from tests import make, make_draws
from tests.at_once import at_once
from tests.owner import as_owner

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def won_by(player: Player) -> Draw:
    """A draw with forty tickets of his that win five yuan each, and another's first prize."""
    draw = make_draws.sold(*[[make.single(20, 21, 22, 23, 24, 25, blue=7)]] * 40, player=player)
    make_draws.sold([make.single(1, 2, 3, 4, 5, 6, blue=7)], draw=draw)
    return make_draws.drawn(make_draws.sealed(draw))


def test_a_settlement_started_ten_times_at_once_pays_once(monkeypatch):
    """F070: ten workers do everything at once; the books are those of one."""
    monkeypatch.setattr(settlement, "CHUNK", 5)
    monkeypatch.setattr(engines, "BATCH", 7)
    player = make.shadow_player(wallet=80_00)
    draw = won_by(player)

    def settle() -> None:
        settlement.run(draw=draws.find(draw.code), now=database_time())
        publication.publish(draw=draws.find(draw.code), now=database_time())

    outcomes = at_once([settle] * 10)

    assert [one for one in outcomes if one is not None and not _comes_later(one)] == []
    settle()
    assert Settlement.objects.get(draw=draw).state == Settlement.State.DONE
    assert Prize.objects.count() == 41
    assert wallets.available(player) == 40 * 5_00
    assert comparison.settled_differences(draws.find(draw.code)) == []


def _comes_later(outcome: object) -> bool:
    """A worker may find others at their chunks still: it goes, and is called again."""
    return isinstance(
        outcome, settlement.NotCounted | settlement.NotCompared | settlement.NotCredited
    )


def priced(draw: Draw) -> Settlement:
    """The draw counted by both engines; its one batch is not credited yet."""
    begun = settlement.begin(draw=draw, now=database_time())
    while settlement.count_next(settlement=begun, now=database_time()):
        pass
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    settlement.compare(draw=draw, now=database_time())
    return begun


@pytest.mark.thorough
def test_one_batch_credited_ten_times_at_once_is_credited_once():
    """F070: the batch's row is the lock."""
    player = make.shadow_player(wallet=80_00)
    begun = priced(won_by(player))

    outcomes = at_once([lambda: settlement.credit_next(settlement=begun, now=database_time())] * 10)

    assert sorted(outcomes, key=str) == [False] * 9 + [True]
    assert wallets.available(player) == 40 * 5_00


@pytest.mark.thorough
def test_without_the_references_and_the_lock_prizes_would_be_paid_twice():
    """The negative control: without the batch's lock and once-only references, money doubles."""
    player = make.shadow_player(wallet=80_00)
    begun = priced(won_by(player))
    with as_owner() as owner:
        owner.execute("ALTER TABLE prizes_prize DROP CONSTRAINT prizes_prize_ticket_id_key")
        owner.execute("DROP TRIGGER prizes_batch_goes_forward ON prizes_batch")
        row = owner.execute(
            "SELECT pg_get_functiondef('prizes_credit(bigint, timestamptz)'::regprocedure)"
        ).fetchone()
        assert row is not None
        text = row[0]
        for guard, without in (
            ("FOR NO KEY UPDATE OF b SKIP LOCKED", ""),
            ("|| part.number;", "|| part.number || '.' || pg_backend_pid();"),
            ("THEN RETURN NULL; END IF;", "THEN RETURN NULL; END IF; PERFORM pg_sleep(0.5);"),
        ):
            assert guard in text
            text = text.replace(guard, without)
        owner.execute(text)

    at_once([lambda: settlement.credit_next(settlement=begun, now=database_time())] * 6)

    assert wallets.available(player) > 40 * 5_00


@pytest.mark.thorough
def test_three_dispatchers_and_two_beats_settle_a_draw_once(settings):
    """F070: whoever rings, and however often: every winner has his prize once."""
    settings.JOBS_RAISE = False
    player = make.shadow_player(wallet=80_00)
    draw = won_by(player)
    until, a_moment = time.monotonic() + 60, threading.Event()

    def is_open() -> bool:
        done = draws.find(draw.code).state == Draw.State.PUBLISHED
        return not done and time.monotonic() < until

    def dispatch() -> None:
        while is_open():
            for job_id, _kind in due():
                jobs.run_one(job_id)
            a_moment.wait(0.01)  # as between two looks: what is done needs the processor

    def beat() -> None:
        while is_open():
            settlement.ask_due(now=database_time())
            a_moment.wait(0.05)

    assert at_once([dispatch] * 3 + [beat] * 2) == [None] * 5

    assert draws.find(draw.code).state == Draw.State.PUBLISHED
    assert Prize.objects.count() == 41
    assert wallets.available(player) == 40 * 5_00
    assert comparison.settled_differences(draws.find(draw.code)) == []


def test_a_draw_advanced_ten_times_at_once_takes_the_step_once():
    """F056: of many callers exactly one wins."""
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=200))
    make.wait_until(draw.closes_at)

    def close() -> bool:
        return closing.close(draw=draw, now=database_time())

    outcomes = at_once([close] * 10)

    assert sorted(outcomes, key=str) == [False] * 9 + [True]
    assert draw.transitions.filter(to_state="CLOSED").count() == 1
