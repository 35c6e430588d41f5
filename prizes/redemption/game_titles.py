"""What games are called, handed down to the room of outlets, which does not know games."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from games.models import Game
from partners import game_names


def titles() -> Mapping[str, str]:
    """Code and name of every game that is played for money, in the order of pages."""
    rows = Game.objects.filter(is_shadow=False).order_by("position")
    return {code: _(name) for code, name in rows.values_list("code", "name")}


game_names.introduce(titles)
