"""Tickets of the demo players in the open draw, bought through the door like any other."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from accounts import demo as people
from games import bets, draws, quick_pick
from games.rule_sheets import version_of

from . import opening
from .models import Purchase
from .purchase import Order, buy

GAME = "ssq"
CHOSEN = (
    bets.Selection(bet_type="single", bankers=((), ()), picks=((6, 11, 13, 19, 22, 28), (16,))),
    bets.Selection(
        bet_type="multiple", bankers=((), ()), picks=((3, 8, 11, 17, 22, 26, 31), (7, 16))
    ),
    bets.Selection(
        bet_type="banker", bankers=((6, 13), ()), picks=((11, 14, 20, 22, 28, 31), (16,))
    ),
)


def load(*, now: datetime) -> None:
    """A ticket of one's own numbers and a quick pick for each demo player, once a player."""
    opening.open_due(now=now)
    draw = draws.on_sale(GAME, now=now)
    if draw is None:
        return
    version = version_of(draw)
    for place, player in enumerate(people.players()):
        key = uuid5(NAMESPACE_URL, f"demo:tickets:{player.code}")
        if Purchase.objects.of(player.pk).exists():
            continue
        selections = [CHOSEN[place % len(CHOSEN)], quick_pick.pick(version)]
        buy(
            player=player,
            orders=[Order(draw=draw, selections=selections)],
            request_key=key,
            channel="web",
            now=now,
        )
