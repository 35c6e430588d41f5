"""What this room knows about a seal, handed up to its public page: the kit that checks the draw."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from games import seal_facts
from games.models import Draw
from games.seal_facts import File
from lottery_portal.lib.db import database_time

from . import kits


def files(draw: Draw) -> Sequence[File]:
    """The kit, where policy gives it to everybody."""
    kit = kits.public_kit(draw, now=database_time())
    if kit is None:
        return ()
    url = reverse("prizes:kit", args=[draw.game.code, draw.issue])
    return (File(name=_("Regulator's kit"), file=kit.file_name, url=url),)


seal_facts.register_files(files)
