"""A line that wins a prize for which there is no money: it is told, and the game goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts import drills
from finance import invariants, ledger, memos
from games import bets, draws, results
from games.models import Draw
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from prizes import comparison, drill, engines, pools
from prizes.models import Prize
from tests import make
from tests.prizes.test_every_game import logged, sold

pytestmark = pytest.mark.django_db(transaction=True)

TEN = bets.Selection("pick10", ((),), (tuple(range(1, 11)),))
NINE = bets.Selection("pick10", ((),), ((*range(1, 10), 80),))
MANY = bets.Selection("pick10", TEN.bankers, TEN.picks, multiplier=99)


def settled(selections: Sequence[bets.Selection]) -> tuple[Draw, list[str]]:
    """A draw of Happy 8 in which these were sold, a ticket each, and 1 to 20 came."""
    draw = drill.prepare(game_code="kl8-drill", now=database_time())
    codes = [code for one in selections for code in sold(draw, [one])]
    drill.close_and_seal(draw=draw, now=database_time())
    logged()
    for official in drills.officials(now=database_time()):
        make.wait_until(Draw.objects.get(pk=draw.pk).draws_at)
        numbers = [list(range(1, 21))]
        results.enter(draw=draw, official=official, numbers=numbers, now=database_time())
    drill.settle(draw=draws.find(draw.code), now=database_time())
    return draws.find(draw.code), codes


def memos_of(ticket: str) -> list[str]:
    """Which tickets the winnings of the owner of this ticket were for, by his statement."""
    owner = Prize.objects.get(ticket__code=ticket).owner
    today = in_shanghai(database_time()).date()
    lines = ledger.statement(
        f"winnings:{owner.code}", since=today - timedelta(days=1), until=today + timedelta(days=1)
    )
    return [one.url for one in memos.describe(list(lines))]


@pytest.mark.slow
@pytest.mark.thorough
def test_a_prize_of_nothing_stops_no_draw(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """F067: a ticket empties the pool, the next draw pays more than it took: its first prize is 0.
    It is told, and not booked; also where nothing else is in its batch."""
    settings.STATE_DIR = tmp_path
    first, _codes = settled([MANY])
    assert pools.held(first).first_fen == 0

    monkeypatch.setattr(engines, "BATCH", 2)
    draw, (for_nothing, other, alone) = settled([TEN, NINE, TEN])

    assert draw.state == Draw.State.PUBLISHED
    prizes = Prize.objects.filter(draw=draw).select_related("ticket")
    assert {one.ticket.code: (one.won, one.amount, one.route) for one in prizes} == {
        for_nothing: ("1:1", 0, "WALLET"),
        other: ("2:1", 8_000_00, "WALLET"),
        alone: ("1:1", 0, "WALLET"),
    }
    assert (memos_of(for_nothing), memos_of(other)) == ([], [f"/tickets/{other}/"])
    assert comparison.settled_differences(draw) == []
    broken, _since = invariants.look()
    assert [one.name for one in broken if one.broken_by] == []


def test_who_won_nothing_is_told_so():
    params = {"game": "Happy 8", "issue": "2026001", "ticket": "0" * 17, "route": "WALLET"}

    with override("en"):
        texts = [
            render_to_string("prizes/mail/won.txt", {**params, "amount_fen": fen}) for fen in (0, 1)
        ]

    assert "no prize money left" in texts[0]
    assert "you won 0.01 yuan" in texts[1]
