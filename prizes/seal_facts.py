"""What this room knows about a draw, handed up to its public pages: the kit that checks it, and
what it left in the further pools of its game."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from games import seal_facts
from games.models import Draw
from games.seal_facts import File, PoolAfter
from lottery_portal.lib.db import database_time

from . import kits
from .models import PrizeSheet


def files(draw: Draw) -> Sequence[File]:
    """The kit, where policy gives it to everybody."""
    kit = kits.public_kit(draw, now=database_time())
    if kit is None:
        return ()
    url = reverse("prizes:kit", args=[draw.game.code, draw.issue])
    return (File(name=_("Regulator's kit"), file=kit.file_name, url=url),)


def pools(draw: Draw) -> Sequence[PoolAfter]:
    """The pools beside the first one, once the draw is settled."""
    sheet = PrizeSheet.objects.filter(draw=draw).first()
    if sheet is None:
        return ()
    names = {"fixed": _("Pool of the fixed prizes after the draw (yuan)")}
    return tuple(
        PoolAfter(name=names.get(code, code), fen=after)
        for code, (_before, after) in sorted(sheet.other_pools.items())
    )


seal_facts.register_files(files)
seal_facts.register_pools(pools)
