"""Prizes to practise claiming with: in demonstrations, and nowhere else (F250)."""

from __future__ import annotations

import pytest
from stdnum import luhn

from accounts import demo as people
from finance import demo as money
from games import rules
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.sandbox_bank import banking
from prizes import demo_prizes, genesis
from prizes.models import Prize
from prizes.redemption import announcements, figures, routing
from sales.models import Ticket

pytestmark = pytest.mark.django_db


def test_prizes_to_practise_with_are_made_in_demonstrations_alone(settings):
    """F250: without DEMO nothing is sold and nothing is won; nor where nobody is there to play."""
    settings.DEMO = False
    with pytest.raises(demo_prizes.OnlyInDemonstrations):
        demo_prizes.begin(now=database_time())
    with pytest.raises(demo_prizes.OnlyInDemonstrations):
        demo_prizes.finish(draw=Draw())
    settings.DEMO = True
    with pytest.raises(demo_prizes.NoDrawToPractise):
        demo_prizes.begin(now=database_time())
    assert not Ticket.objects.exists()
    assert not Prize.objects.exists()


def test_a_prize_of_every_size_is_there_to_practise_with():
    """F077, F097, F100: for balance, outlet, centre; one is announced, one asks for two people."""
    assert luhn.is_valid(money.CLOSED_CARD)
    assert money.CLOSED_CARD.endswith(banking.CLOSED_TAIL)
    assert all(len(play.multipliers) == len(people.PLAYERS) for play in demo_prizes.PLAYS)
    approvers = [one for one in people.STAFF if one[1] == "approver"]
    for play in demo_prizes.PLAYS:
        for game in play.games:
            version = rules.GAMES[game].current
            assert play.bet_type in {one.code for one in version.bet_types}
            assert len(play.numbers) == len(version.zones)
            line = version.tier(1).fixed_fen
            assert line is not None
            won = [line * times for one in play.multipliers for times in one]
            if game == "pl5":
                assert line >= announcements.FROM_FEN
                alone = figures.PEOPLE[0][1][0][0]
                assert alone is not None
                assert [fen > alone for fen in won] == [True, False]
                assert len(approvers) == figures.PEOPLE[0][1][-1][1]
                continue
            assert min(won) <= genesis.WALLET_UP_TO_FEN < max(won)
            assert any(genesis.WALLET_UP_TO_FEN < fen <= routing.OUTLET_UP_TO_FEN for fen in won)
            assert max(won) > routing.OUTLET_UP_TO_FEN
