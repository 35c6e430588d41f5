"""One basket over several games: what of it can be bought now, and why the rest cannot.

A cart is a JSON object from game to basket (`sales.basket`). Pages carry it between requests as
they carry a basket; nothing in it is trusted, and nothing of it is kept by the house before a sale.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from games import bets
from games.bets import Selection, SelectionUnreadable
from games.models import Draw, Game
from lottery_portal.lib.errors import Refused

from . import basket, offers, quotes

MOST_GAMES = 20

Cart = dict[str, list[Selection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a cart holds of one game: priced for the draw on sale, or refused."""

    game: Game
    selections: Sequence[Selection]
    quote: quotes.Quote | None = None
    refusal: Refused | None = None


def read(text: str) -> Cart:
    """The games of a cart with their selections, or `SelectionUnreadable`."""
    if len(text) > basket.LONGEST:
        raise SelectionUnreadable
    try:
        games = json.loads(text or "{}")
    except (ValueError, RecursionError) as exc:
        raise SelectionUnreadable from exc
    if not isinstance(games, dict) or len(games) > MOST_GAMES:
        raise SelectionUnreadable
    found: Cart = {}
    for code, rows in games.items():
        if not isinstance(rows, list):
            raise SelectionUnreadable
        if rows:
            found[code] = [basket.read_one(row) for row in rows]
    return found


def write(cart: Mapping[str, Sequence[Selection]]) -> str:
    """The cart as text."""
    rows = {code: [basket.as_row(one) for one in some] for code, some in cart.items() if some}
    return json.dumps(rows, separators=(",", ":"))


def games(cart: Mapping[str, object]) -> dict[str, Game]:
    """The games of a cart that there are, in the order of the house."""
    known = Game.objects.filter(code__in=list(cart), is_shadow=False).order_by("position")
    return {game.code: game for game in known}


def parts(
    cart: Mapping[str, Sequence[Selection]], *, channel: str, player: str, now: datetime
) -> list[Part]:
    """Each game of the cart, priced for its draw on sale or with the refusal that holds it back."""
    return [
        part(game, cart[code], channel=channel, player=player, now=now)
        for code, game in games(cart).items()
    ]


def part(
    game: Game,
    selections: Sequence[Selection],
    *,
    channel: str,
    player: str,
    now: datetime,
    draw: Draw | None = None,
) -> Part:
    """One game of a cart; `draw` is the one it was confirmed for, and no other will do."""
    try:
        on_sale = offers.on_sale(game, channel=channel, player=player, now=now)
        if draw is not None and draw.pk != on_sale.pk:
            raise offers.NoDrawOnSale(next_issue=on_sale.issue, opens_at=on_sale.opens_at)
        quote = quotes.quote(draw=on_sale, selections=selections, now=now)
    except Refused as refusal:
        return Part(game=game, selections=selections, refusal=refusal)
    return Part(game=game, selections=selections, quote=quote)


def of(found: Iterable[Part]) -> Cart:
    """The cart that these parts make."""
    return {one.game.code: list(one.selections) for one in found}


def shown(one: Part) -> dict[str, Any]:
    """What a board of another game says of this part, for page and script."""
    return {
        "game": one.game.code,
        "name": _(one.game.name),
        "groups": len(one.selections),
        "lines": one.quote.lines if one.quote else 0,
        "fen": one.quote.price_fen if one.quote else 0,
        "rows": [basket.as_row(selection) for selection in one.selections],
        "problem": str(one.refusal) if one.refusal else "",
        "url": reverse("sales:board", args=[one.game.code]),
    }


def picks(quote: quotes.Quote) -> list[dict[str, Any]]:
    """The picks of a quote for a page."""
    checked: Sequence[bets.CheckedSelection] = quote.selections
    return [basket.shown(quote.version, one) for one in checked]
