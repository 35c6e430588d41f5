"""The large prizes of a draw, handed up to the page of its result (F100)."""

from __future__ import annotations

from django.urls import reverse

from games import winner_facts
from games.models import Draw
from games.winner_facts import Large, Told
from lottery_portal.lib.db import database_time

from .redemption import announcements, winner_words


def told(draw: Draw) -> Told:
    """What is told now: read anew for every page, so that what was taken back is gone."""
    now = database_time()
    rows = [
        Large(
            tier=one.tier,
            lines=one.lines,
            band=winner_words.band(one.above_fen, one.up_to_fen),
            winners=winner_words.winners(one.winners),
        )
        for one in announcements.of_draw(draw, now=now)
    ]
    return Told(rows=rows, url=reverse("prizes:winners"))


winner_facts.register(told)
