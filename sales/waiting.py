"""Draws under seal, watched by those who may have one opened to reading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import waiting
from games import words
from games.models import Draw
from lottery_portal.lib import dates

from . import break_glass, read_ban


def _rows(closed_url: str) -> Sequence[waiting.Row]:
    sealed = Draw.objects.real().filter(state=read_ban.SEALED).select_related("game")
    return [_row(draw, closed_url) for draw in sealed.order_by("draws_at")]


def _row(draw: Draw, closed_url: str) -> waiting.Row:
    opening = read_ban.opening(draw)
    if opening is None:
        text, word, tone = _("Nobody reads its sales data."), _("Under seal"), "done"
    else:
        text = _("Open to reading until %(until)s") % {
            "until": dates.written(opening.closes_at, "clock")
        }
        word, tone = _("Opened seal"), "attention"
    name = closed_url if opening is None else "sales:desk_opened_seal"
    return waiting.Row(
        title=words.draw(draw), text=text, word=word, tone=tone, url=reverse(name, args=[draw.code])
    )


def _for_makers(_now: datetime) -> Sequence[waiting.Row]:
    return _rows("sales:desk_break_glass")


def _for_checkers(_now: datetime) -> Sequence[waiting.Row]:
    return _rows("games:desk_draw")


waiting.register(
    waiting.Watched(
        name="sales.seals",
        title=gettext_lazy("Draws under seal"),
        rows=_for_makers,
        roles=break_glass.MAKERS,
        empty=gettext_lazy("No draw is under seal now."),
    )
)
waiting.register(
    waiting.Watched(
        name="sales.seals_for_checkers",
        title=gettext_lazy("Draws under seal"),
        rows=_for_checkers,
        roles=break_glass.CHECKERS - break_glass.MAKERS,
        empty=gettext_lazy("No draw is under seal now."),
    )
)
