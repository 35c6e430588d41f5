"""Tickets taken back and draws cancelled in games other than 双色球 (F048, F075)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from finance import ledger, wallets
from games import bets, draws, rule_sheets
from games.models import Draw, SealStatement
from lottery_portal.lib.db import database_time
from prizes import comparison, pools
from prizes.models import Hit, Prize, PrizeSheet, Settlement
from sales import draw_cancellation, sealing
from sales.models import DrawRefund, Ticket, TicketRefund
from sales.opening import stakes_of
from tests import make, make_cancelled, make_draws
from tests.sales.test_cancellation import allowed, taken_back
from tests.samples import one_in

pytestmark = pytest.mark.django_db(transaction=True)

TEN, SEVEN = tuple(range(1, 11)), tuple(range(1, 8))
# Of each game: a bet that wins twice over, one of another kind that wins, one that does not, and
# the numbers drawn.
GAMES = {
    "fc3d-drill": (
        bets.Selection("straight", ((),) * 3, ((1, 2), (2,), (3,))),
        bets.Selection("group6", ((),), ((1, 2, 3),)),
        bets.Selection("straight", ((),) * 3, ((3,), (2,), (1,))),
        ((1,), (2,), (3,)),
    ),
    "kl8-drill": (
        bets.Selection("pick5_multi", ((),), (SEVEN,)),
        bets.Selection("pick10", ((),), (TEN,)),
        bets.Selection("pick4", ((),), ((60, 61, 62, 63),)),
        (tuple(range(1, 21)),),
    ),
}


def sold(game: str) -> tuple[Draw, list[Ticket]]:
    """An open draw and its three tickets that stand; the like of each was taken back."""
    allowed(scope=game)
    *picks, _numbers = GAMES[game]
    draw = make.shadow_draw(game_code=game)
    buyer = make.shadow_player(wallet=1_000_00)
    bought = [make.ticket(buyer, draw, [one]) for one in [*picks, *picks]]
    for ticket in bought[3:]:
        taken_back(ticket)
    return draw, bought[:3]


SOLD = {game: partial(sold, game) for game in GAMES}


def codes(tickets: Sequence[Ticket]) -> set[str]:
    return {ticket.code for ticket in tickets}


@pytest.mark.parametrize("game", one_in(2, sorted(GAMES)))
def test_a_ticket_taken_back_is_in_no_seal_no_stake_and_no_prize_of_any_game(begin, game):
    """F048, F058, F067: its like wins; both engines and the books agree without it."""
    draw, standing = begin(SOLD[game])
    numbers = GAMES[game][-1]
    stake = sum(ticket.price for ticket in standing)

    done = make_draws.settled(make_draws.drawn(make_draws.sealed(draw), numbers))

    statement = SealStatement.objects.get(draw=draw)
    lines = sealing.file_of(statement).read_text().splitlines()[1:]
    assert [line.split("\t")[2] for line in lines] == [one.code for one in standing]
    assert (statement.tickets, statement.stake) == (3, stake)
    assert sum(sums["stake_fen"] for sums in statement.by_bet_type.values()) == stake
    assert done.state == Draw.State.PUBLISHED
    assert Settlement.objects.get(draw=draw).state == "DONE"
    assert set(Hit.objects.values_list("ticket__code", flat=True)) == codes(standing[:2])
    assert set(Prize.objects.values_list("ticket__code", flat=True)) == codes(standing[:2])
    sheet = PrizeSheet.objects.get(draw=draw)
    split = rule_sheets.version_of(done).allocation.split(stake)
    assert sheet.prize_money == split.prize_fen
    assert ledger.balance(stakes_of(done)) == 0
    assert comparison.settled_differences(done) == []
    assert ledger.verify_books() == []


@pytest.mark.parametrize("is_sealed", [False, True], ids=["open", "sealed"])
@pytest.mark.parametrize("game", one_in(2, sorted(GAMES)))
def test_a_cancelled_draw_of_any_game_goes_back_once_and_leaves_its_pools_alone(
    begin, game, is_sealed
):
    """F048, F075: nothing is given back a second time, and every pool holds what it held."""
    draw, standing = begin(SOLD[game])
    owner = standing[0].owner
    before = pools.held(draw)
    if is_sealed:
        draw = make_draws.sealed(draw)
        assert ledger.balance(stakes_of(draw)) == 0

    draw_cancellation.cancel_drill(draw=draw, reason=make_cancelled.REASON, now=database_time())
    make_cancelled.refunded(draws.find(draw.code))

    refund = DrawRefund.objects.get()
    assert (refund.tickets, refund.stake) == (3, sum(one.price for one in standing))
    assert refund.done_at is not None
    assert set(TicketRefund.objects.values_list("ticket__code", flat=True)) == codes(standing)
    assert wallets.available(owner) == 1_000_00
    assert pools.held(draw) == before
    assert ledger.balance(stakes_of(draw)) == 0
    assert ledger.verify_books() == []
