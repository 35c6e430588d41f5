"""All games as pages list them: draw on sale, close, pool, or why nothing is sold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from games.models import Draw, Game
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused

from . import offers

CHANNEL = "web"

Row = dict[str, Any]


def rows(*, player: str, now: datetime) -> list[Row]:
    """Every game in the order of the house, with the draw that this visitor may buy now."""
    games = list(Game.objects.filter(is_shadow=False).order_by("position"))
    offered = offers.on_sale_each(games, channel=CHANNEL, player=player, now=now)
    pools: dict[str, int | None] = {**offers.pools_of(games)}
    for game in games:
        draw = offered[game.code]
        if isinstance(draw, Draw) and draw.mode == Draw.Mode.ANNOUNCED:
            pools[game.code] = offers.pool_of(game, draw=draw)
    return [_row(game, offered[game.code], pools.get(game.code), now=now) for game in games]


def _row(game: Game, offered: Draw | Refused, pool_fen: int | None, *, now: datetime) -> Row:
    return {
        "of": game,
        "game": {"code": game.code, "name": _(game.name)},
        "draw": offered if isinstance(offered, Draw) else None,
        "stopped": why(offered, now=now) if isinstance(offered, Refused) else None,
        "pool_fen": pool_fen,
        "url": reverse("sales:board", args=[game.code]),
    }


def why(refusal: Refused, *, now: datetime) -> dict[str, str]:
    """Why nothing of a game is sold, as a short title and a sentence."""
    figures = refusal.figures
    if refusal.code == "licence_missing":
        return {
            "title": _("Sales are paused"),
            "text": _(
                "The licence to sell this game is not in force now. Tickets you hold stay valid."
            ),
        }
    if reason := figures.get("reason"):
        text = _("Reason: %(reason)s Tickets you hold stay valid.")
        return {"title": _("Sales are paused"), "text": text % {"reason": _sentence(str(reason))}}
    if opens_at := figures.get("opens_at"):
        opens = {
            "issue": figures["next_issue"],
            "when": dates.relative(opens_at, now, "minute"),
        }
        return {"title": str(refusal), "text": _("Draw %(issue)s opens %(when)s.") % opens}
    return {"title": str(refusal), "text": ""}


def _sentence(text: str) -> str:
    """A reason as it was typed, closed with a full stop where it has none."""
    return (
        text
        if text.endswith((".", "。", "!", "！", "?", "？"))
        else text + ("。" if dates.is_chinese() else ".")
    )
