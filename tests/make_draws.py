"""Draw days for tests, through the doors: sold, closed, sealed, drawn, settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from accounts import drills
from accounts.models import Player
from games import bets, calendar, draws, results
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import publication, settlement
from sales import closing, sealing

from . import make, owner

NUMBERS = ((1, 2, 3, 4, 5, 6), (7,))


def sold(
    *tickets: Sequence[bets.Selection], player: Player | None = None, draw: Draw | None = None
) -> Draw:
    """A shadow draw in which these tickets were sold, all to one shadow player."""
    draw = draw or make.shadow_draw()
    if tickets:
        buyer = player or make.shadow_player(wallet=1_000_000_00)
        for selections in tickets:
            make.purchase(buyer, draw, selections, channel="drill")
    return draw


def sealed(draw: Draw) -> Draw:
    """The draw closed at once and sealed; its drawing is a moment past."""
    now = database_time()
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=now)
    publicly_sealed(draws.find(draw.code))
    make.wait_until(draw.draws_at + timedelta(milliseconds=1))
    return draws.find(draw.code)


def publicly_sealed(draw: Draw) -> Draw:
    """The closed draw sealed, countersigned and its seal published.

    What the seal does not depend on is left to the tests of it: the look at the catalogue.
    """
    now = database_time()
    sealing.seal(draw=draw, now=now)
    sealing.countersign(draw=draw, now=now)
    sealing.publish(draw=draw, now=now)
    return draws.find(draw.code)


def closing_soon(draw: Draw) -> None:
    """Let an open draw of any books close in a moment, whenever its sale was to begin."""
    with owner.as_owner() as hand:
        hand.execute(
            "UPDATE games_draw SET closes_at = clock_timestamp() + interval '0.2 seconds',"
            " draws_at = clock_timestamp() + interval '0.4 seconds',"
            " opens_at = least(opens_at, clock_timestamp() - interval '1 hour') WHERE id = %s",
            [draw.pk],
        )
    draw.refresh_from_db()


def drawn(draw: Draw, numbers: Sequence[Sequence[int]] = NUMBERS) -> Draw:
    """The sealed draw with these numbers, typed alike by two officials."""
    now = database_time()
    for official in drills.officials(now=now):
        results.enter(draw=draw, official=official, numbers=numbers, now=now)
    return draws.find(draw.code)


def confirmed(
    *tickets: Sequence[bets.Selection],
    numbers: Sequence[Sequence[int]] = NUMBERS,
    player: Player | None = None,
) -> Draw:
    """A shadow draw with these tickets and this result, waiting to be settled."""
    return drawn(sealed(sold(*tickets, player=player)), numbers)


def settled(draw: Draw) -> Draw:
    """The confirmed draw settled, credited and published."""
    now = database_time()
    settlement.run(draw=draw, now=now)
    publication.publish(draw=draws.find(draw.code), now=now)
    return draws.find(draw.code)


def multiple(reds: Sequence[int], blues: Sequence[int], multiplier: int = 1) -> bets.Selection:
    """A multiple selection."""
    return bets.Selection(
        bet_type="multiple",
        bankers=((), ()),
        picks=(tuple(reds), tuple(blues)),
        multiplier=multiplier,
    )


def banker(
    bankers: Sequence[int], drags: Sequence[int], blues: Sequence[int], multiplier: int = 1
) -> bets.Selection:
    """A banker selection."""
    return bets.Selection(
        bet_type="banker",
        bankers=(tuple(bankers), ()),
        picks=(tuple(drags), tuple(blues)),
        multiplier=multiplier,
    )
