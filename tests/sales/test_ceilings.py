"""A player's limits bind whoever sells: the page, the API, the door, and the database itself."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Player
from finance import ceilings, ledger, wallets
from finance.ledger import Move
from games.models import Draw
from lottery_portal.lib.db import database_time, violated
from sales.models import Purchase, Ticket
from tests import make, owner, people
from tests.at_once import at_once

pytestmark = pytest.mark.django_db

ROW = {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1, "q": False}
FIGURES = {"asked_fen": 2_00, "ceiling_fen": 5_00, "used_fen": 4_00, "room_fen": 1_00}


def limited(flow: str, *, fen: int = 5_00, wallet: int = 20_00) -> Player:
    """A player with a ceiling on the flow of a day."""
    player = make.player(wallet=wallet)
    with transaction.atomic():
        ceilings.set_ceiling(
            player=player,
            flow=flow,
            span="DAY",
            fen=fen,
            valid_from=database_time() - timedelta(minutes=1),
        )
    return player


def nothing_moved(player: Player, draw: Draw, *, tickets: int) -> None:
    assert wallets.available(player) == 20_00 - tickets * 2_00
    assert ledger.balance(f"stakes:{draw.code}") == tickets * 2_00
    assert Ticket.objects.count() == Purchase.objects.count() == tickets


@pytest.mark.parametrize("flow", ["STAKE", "LOSS"])
def test_the_door_sells_nothing_over_a_limit(flow):
    """N14: two tickets fit under 5 yuan of stakes or losses a day, the third is refused."""
    draw, alice = make.draw(), limited(flow)
    make.purchase(alice, draw)
    make.purchase(alice, draw)

    with pytest.raises(ceilings.CeilingReached) as caught:
        make.purchase(alice, draw)

    assert caught.value.figures == {"flow": flow, "span": "DAY", **FIGURES}
    nothing_moved(alice, draw, tickets=2)


@pytest.mark.parametrize(("fen", "sold"), [(3_99, 1), (4_00, 2), (4_01, 2)])
def test_a_limit_of_the_day_is_met_to_the_fen(fen, sold):
    """F036: what fits exactly is sold, one fen less is refused, one fen more buys nothing more."""
    draw, alice = make.draw(), limited("STAKE", fen=fen)

    for _ticket in range(sold):
        make.purchase(alice, draw)
    with pytest.raises(ceilings.CeilingReached):
        make.purchase(alice, draw)

    nothing_moved(alice, draw, tickets=sold)


@pytest.mark.parametrize("flow", ["STAKE", "LOSS"])
def test_the_api_refuses_with_the_figures_of_the_limit(flow):
    """N14"""
    draw, alice = make.draw(), limited(flow)
    make.purchase(alice, draw)
    make.purchase(alice, draw)
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    answer = client.post(
        "/api/v1/purchases/",
        {
            "request_key": str(uuid4()),
            "tickets": [
                {
                    "draw": draw.code,
                    "selections": [{"bet_type": "single", "picks": [[1, 2, 3, 4, 5, 6], [7]]}],
                }
            ],
        },
        "application/json",
    )

    assert answer.status_code == 409
    assert answer.json() == {
        "code": "ceiling_reached",
        "detail": "This would pass a limit of this account.",
        "flow": flow,
        "span": "DAY",
        **FIGURES,
    }
    nothing_moved(alice, draw, tickets=2)


@pytest.mark.parametrize("flow", ["STAKE", "LOSS"])
def test_the_page_says_which_figures_and_keeps_the_numbers(flow):
    """N14"""
    draw, alice = make.draw(), limited(flow)
    make.purchase(alice, draw)
    make.purchase(alice, draw)
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    page = client.post(
        f"/play/ssq/{draw.issue}/buy/",
        {"basket": json.dumps([ROW]), "request_key": str(uuid4())},
    )

    text = page.content.decode()
    assert page.status_code == 409
    assert "A limit of this account is reached" in text
    for figure in ("2.00 yuan", "5.00 yuan", "4.00 yuan", "1.00 yuan"):
        assert figure in text
    assert "Your numbers are still in the basket." in text
    nothing_moved(alice, draw, tickets=2)


def test_past_every_door_the_books_refuse_all_the_same():
    """N14: the constraint stands in the ledger, not in a view."""
    draw, alice = make.draw(), limited("STAKE")

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ledger.post(
            reference="by-hand",
            kind="PURCHASE",
            moves=[Move(wallets.purse_of(alice), f"stakes:{draw.code}", 5_01)],
        )

    assert violated(caught.value) == ceilings.CONSTRAINT
    nothing_moved(alice, draw, tickets=0)


@pytest.mark.thorough
@pytest.mark.race
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_many_purchases_at_once_never_pass_the_limit():
    """N14: and without the constraint they would."""
    draw, alice = make.draw(), limited("STAKE")

    results = at_once([partial(make.purchase, alice, draw)] * 8)

    refused = [one for one in results if isinstance(one, ceilings.CeilingReached)]
    assert (len(refused), Ticket.objects.count()) == (6, 2)
    nothing_moved(alice, draw, tickets=2)

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE finance_flow DROP CONSTRAINT player_ceiling_kept")
    results = at_once([partial(make.purchase, alice, draw)] * 8)

    assert sum(isinstance(one, Purchase) for one in results) == 8
    nothing_moved(alice, draw, tickets=10)


def test_a_stake_that_comes_back_and_a_prize_make_room_again():
    """N14, F107: what falls is never refused, and counts at once."""
    draw, alice = make.draw(), limited("LOSS", fen=2_00)
    make.purchase(alice, draw)
    make_room = [Move(f"stakes:{draw.code}", wallets.wallet_of(alice), 2_00)]
    with transaction.atomic():
        ledger.post(reference="refund:1", kind="REFUND", moves=make_room)

    make.purchase(alice, draw)

    assert ceilings.used(alice, flow="LOSS", span="DAY") == 2_00
    with pytest.raises(ceilings.CeilingReached):
        make.purchase(alice, draw)
