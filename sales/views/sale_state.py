"""Whether a game can be bought now, for pages that have stood open: asked every few seconds (F039).

Who has a basket open learns within seconds that sales were switched off, that the licence ended,
that the draw was cancelled or has another close, each with its reason. It shows nothing that the
board would not show.
"""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import who
from games import draws, public_notices
from games.models import Draw, Game
from lottery_portal.lib.errors import Refused
from sales import offers

CHANNEL = "web"


@never_cache
@require_safe
def sale_state(request: HttpRequest, game_code: str) -> JsonResponse:
    """`is_open` and, where it is not, `text` in the words of the page; `closes_at` of the draw.

    `draw` in the query is the one the page was made for: another one on sale is told as well.
    """
    game = get_object_or_404(Game, code=game_code, is_shadow=False)
    player = who.player_or_none(request.user) if request.user.is_authenticated else None
    shown = request.GET.get("draw", "")[:32]
    try:
        draw = offers.on_sale(
            game, channel=CHANNEL, player=player.code if player else "", now=timezone.now()
        )
    except Refused as refusal:
        return _answer(is_open=False, draw=None, text=_told(shown) or str(refusal))
    if shown and shown != draw.code:
        text = _told(shown) or _("Draw %(issue)s takes tickets now. Please look again.") % {
            "issue": draw.issue
        }
        return _answer(is_open=False, draw=draw, text=text)
    return _answer(is_open=True, draw=draw, text="")


def _told(code: str) -> str:
    """What is published about the draw that the page was made for."""
    try:
        draw = draws.find(code)
    except draws.DrawUnknown:
        return ""
    if draw.is_shadow or draw.state != Draw.State.CANCELLED:
        return ""
    return " ".join(public_notices.texts(public_notices.of_draw(draw)))


def _answer(*, is_open: bool, draw: Draw | None, text: str) -> JsonResponse:
    return JsonResponse(
        {
            "is_open": is_open,
            "draw": draw.code if draw else None,
            "closes_at": draw.closes_at.isoformat() if draw else None,
            "text": text,
        }
    )
