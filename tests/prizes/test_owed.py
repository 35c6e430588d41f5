"""Prizes that wait at the centre stand in the proof of the night beside what lies in wallets."""

from __future__ import annotations

import pytest

from finance import invariants
from finance.models import InvariantRun
from finance.solvency import nightly
from lottery_portal.lib.db import database_time
from prizes.models import Prize
from tests import make, make_draws
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SHADOWS = (
    "accounts_player", "games_draw", "finance_account", "finance_entry", "finance_transfer",
    "finance_turnover", "finance_dayflow",
)  # fmt: skip


def first_tier_won():
    """Who won the first tier and five yuan yesterday, in a drill that counts as real by the
    owner's hand: what he won is taxed together, and both prizes wait."""
    player = make.shadow_player(wallet=100_00)
    draw = make_draws.confirmed(
        [make.single(1, 2, 3, 4, 5, 6, blue=7)],
        [make.single(20, 21, 22, 23, 24, 25, blue=7)],
        player=player,
    )
    make_draws.settled(draw)
    with as_owner() as hand:
        for table in SHADOWS:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            also = ", verified_at = NULL" if table == "accounts_player" else ""
            hand.execute(f"UPDATE {table} SET is_shadow = false{also} WHERE is_shadow")  # noqa: S608 - our own names
        hand.execute("UPDATE finance_account SET opened_at = opened_at - interval '1 day'")
        guards_up(hand)
    player.refresh_from_db()
    return player


@pytest.fixture
def winner(begin):
    return begin(first_tier_won)


def test_an_unpaid_prize_is_owed_and_the_winner_finds_it_in_his_leaf(winner):
    """N08: the source of unpaid prizes is this room's; in the books they lie set aside."""
    waiting = Prize.objects.filter(route=Prize.Route.CENTRE).values_list("amount", flat=True)
    large, small = sorted(waiting, reverse=True)
    now = database_time()

    proof = nightly.publish(now=now)

    assert proof is not None
    assert small == 5_00
    assert (proof.prizes_fen, proof.purses_fen) == (large + small, 96_00)
    mine = nightly.of(winner, now=now)
    assert (mine["prizes_fen"], mine["purses_fen"]) == (large + small, 96_00)
    assert nightly.holds(mine)
    assert not nightly.holds({**mine, "prizes_fen": large})


def test_a_prize_that_is_left_out_of_the_count_stops_the_proof(winner):
    """N08: prizes are counted by winners, and by what lies set aside; both must agree."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_prize DISABLE TRIGGER USER")
        hand.execute("UPDATE prizes_prize SET route = 'WALLET' WHERE amount = 500")

    with pytest.raises(nightly.SolvencyIncomplete):
        nightly.publish(now=database_time())

    found, _upto = invariants.look(extent=InvariantRun.Extent.ROLLING)
    assert "open_prizes_are_set_aside" in {one.name for one in found if not one.holds}
