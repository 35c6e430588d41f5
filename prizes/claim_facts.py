"""Where each tier of a result is claimed, handed up to the result's page (F274)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from games import claim_facts
from games.claim_facts import Claims, Tiers, Way
from games.models import Draw, Game
from lottery_portal.lib.db import database_time

from .models import Settlement
from .redemption import where, where_words


def claims(game: Game, draw: Draw | None, tiers: Tiers) -> Claims:
    """By the figures in force when the draw was settled; a draw not sold here is claimed elsewhere.

    A tier whose amount nobody knows goes by its amount: it stands under none of the ways.
    """
    asked = {"game": game.code} if draw is None else {"game": game.code, "draw": draw.issue}
    url = f"{reverse('prizes:where_to_claim')}?{urlencode(asked)}"
    if draw is None:
        note = _("This draw was not sold here: its prizes are claimed where the ticket was bought.")
        return Claims(ways=(), note=note, url=url)
    figures = _figures(draw)
    by_way: dict[where.Way, list[str]] = {way: [] for way in where.Way}
    for tier in tiers:
        if tier["prize_fen"]:
            by_way[figures.way(tier["prize_fen"])].append(str(tier["name"]))
    ways = [
        Way(sign=step.sign, title=step.title, text=step.text, tiers=by_way[step.way])
        for step in where_words.steps(figures)
    ]
    return Claims(ways=ways, note=where_words.decides(), url=url)


def _figures(draw: Draw) -> where.Thresholds:
    """What holds for the prizes of a draw: as when it was settled; before that, as now."""
    settled = Settlement.objects.filter(draw=draw, priced_at__isnull=False).first()
    if settled is None:
        return where.thresholds(draw.game.code, at=database_time())
    figures = where.thresholds(draw.game.code, at=settled.begun_at)
    return where.Thresholds(settled.wallet_up_to, figures.outlet_up_to, settled.taxed_above)


claim_facts.register(claims)
