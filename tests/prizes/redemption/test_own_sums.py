"""What a winner won in one draw stands added up where prizes are claimed, each with its way."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from lottery_portal.lib.db import database_time
from lottery_portal.lib.money import yuan
from prizes.models import Prize
from prizes.redemption.where import Thresholds, Way
from prizes.settlement import WALLET_POLICY
from tests import make_claims as make
from tests import people
from tests.finance.test_payment_methods import set_figure
from tests.make_claims import Won
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_who_won_more_than_is_free_of_tax_gets_nothing_to_his_balance():
    """F077, F098: the sum of the draw −1/=/+1; the way of the ticket else."""
    figures = Thresholds(wallet_up_to=10_000_00, outlet_up_to=30_000_00, taxed_above=10_000_00)

    ways = [figures.way(5_00, together=10_000_00 + more) for more in (-1, 0, 1)]
    assert ways == [Way.WALLET, Way.WALLET, Way.OUTLET]
    assert figures.way(30_000_01, together=40_000_00) == Way.CENTRE
    assert figures.way(5_00) == Way.WALLET
    assert Thresholds(10_000_00, 30_000_00, 5_000_00).way(5_000_01) == Way.OUTLET


def test_a_winner_reads_his_own_sum_of_the_draw_and_a_visitor_that_prizes_count_together(won):
    """F077, F098, F274: his tickets added up, by the figures of that draw, whatever holds now;
    nobody else's; page and API."""
    _of_a_real_game(won)
    game, issue = won.draw.game.code, won.draw.issue
    set_figure(WALLET_POLICY, 10_000_00, database_time(), scope=game)  # after it was settled
    prizes = list(Prize.objects.filter(owner=won.alice).order_by("-amount"))
    asked = {"game": game, "draw": issue}

    hers = read(people.in_english(won.alice.user), **asked, amount="3000")
    sum_ = yuan(sum(prize.amount for prize in prizes))
    assert f"2 tickets, added up: {sum_} yuan" in hers
    assert "more than 10,000.00 yuan in one draw: every ticket is claimed" in hers
    assert "that is a prize of yours. Any place below pays it." in hers
    for prize in prizes:
        assert reverse("prizes:prize", args=[prize.ticket.code]) in hers
    assert "Several prizes of one draw count together" not in hers

    stranger = Client()
    stranger.cookies["language"] = "en"
    seen = read(stranger, **asked, amount="3000")
    assert "it is in your balance by itself" in seen
    assert "who won more than 10,000.00 yuan in it claims every ticket" in seen
    for other in (seen, read(people.in_english(won.staff["compliance"]), **asked)):
        assert "You won in" not in other
        assert prizes[0].ticket.code not in other

    his = read(people.in_english(won.carol.user), game=game)  # a prize of that draw waits for him
    assert "2 tickets, added up: 3,005.00 yuan" in his
    assert "Up to 10,000.00 yuan in one draw no tax is withheld." in his
    assert "In the balance" in his
    assert "At an outlet" in his
    assert "You won in" not in read(people.in_english(won.carol.user), game="dlt", draw=issue)
    make.paid(won, make.approved(won, make.opened(won, won.prize(won.bob))))
    bob = people.in_english(won.bob.user)
    assert "1 ticket: 30,000.00 yuan" in read(bob, **asked)
    assert "What became of it stands below." in read(bob, **asked, amount="30000")
    assert "You won in" not in read(bob, game=game)  # nothing of his waits
    assert bob.get("/where-to-claim/", {"draw": "../"}).status_code == 400

    api = {"game": game, "amount_fen": 5_00}
    told = [
        stranger.get("/api/v1/claim-places/", {**api, "together_fen": 10_000_00 + more}).json()
        for more in (0, 1)
    ]
    assert [(row["way"], row["taxed_above_fen"]) for row in told] == [
        ("WALLET", 10_000_00), ("OUTLET", 10_000_00),
    ]  # fmt: skip


def read(client: Client, **asked: str) -> str:
    """The page of all places, as this person gets it."""
    page = client.get("/where-to-claim/", asked)
    assert page.status_code == 200
    return people.text(page)


def _of_a_real_game(won: Won) -> None:
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_game DISABLE TRIGGER USER")
        hand.execute("UPDATE games_game SET is_shadow = false WHERE id = %s", [won.draw.game_id])
        guards_up(hand)
