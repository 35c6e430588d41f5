"""Sales switched off at once: all, one game, one channel, one player; always with a reason (F039).

The database asks the switch at every sale, so it holds from the moment it is thrown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import trail
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused

from .models import Draw, Game, SalesSwitch

if TYPE_CHECKING:
    from accounts.models import User

ALL = "all"
CHANNELS = ("channel:web", "channel:api")
_SCOPE = re.compile(r"all|game:[a-z0-9-]{1,20}|channel:[a-z]{1,10}|player:[0-9A-Z]{17}", re.ASCII)


class SwitchScopeUnknown(Refused):
    """There is no such thing to switch."""

    code, status = "switch_scope_unknown", 400
    message = _("There is nothing called %(scope)s to switch off.")


class SwitchReasonMissing(Refused):
    """Switching needs a reason; players read it."""

    code, status = "switch_reason_missing", 400
    message = _("Please give the reason. Players read it.")


class SalesOff(Refused):
    """Sales are switched off, for the reason given."""

    code, status = "ticket_sales_switched_on", 503
    message = _("Sales are switched off: %(reason)s")


@door
def switch(*, scope: str, is_off: bool, reason: str, actor: User, now: datetime) -> SalesSwitch:
    """Switch sales of `scope` off, or on again; it holds at once."""
    check_scope(scope)
    if not reason.strip():
        raise SwitchReasonMissing
    thrown, _is_new = SalesSwitch.objects.update_or_create(
        scope=scope,
        defaults={
            "is_off": is_off,
            "reason": reason.strip(),
            "switched_by": actor,
            "switched_at": now,
        },
    )
    trail.record(
        action="games.sales_switched_off" if is_off else "games.sales_switched_on",
        actor=actor,
        object_type="sales_switch",
        object_code=scope,
        body={"reason": reason.strip()},
    )
    return thrown


def check_scope(scope: str) -> None:
    """Raise `SwitchScopeUnknown` when there is nothing of that name to switch."""
    if not _exists(scope):
        raise SwitchScopeUnknown(scope=scope)


def _exists(scope: str) -> bool:
    if not _SCOPE.fullmatch(scope):
        return False
    kind, _colon, code = scope.partition(":")
    if kind == "game":
        return Game.objects.filter(code=code).exists()
    return kind != "player" or Player.objects.filter(code=code).exists()


def stopped(*, scope: str, now: datetime) -> list[Draw]:
    """The draws on sale at `now` that a switch of `scope` concerns, those that close first ahead.

    Drills have books of their own; a switch concerns them only when it names their game.
    """
    found = Draw.objects.on_sale(now=now).select_related("game")
    kind, _colon, code = scope.partition(":")
    found = found.filter(game__code=code) if kind == "game" else found.filter(is_shadow=False)
    return list(found.order_by("closes_at"))


def off_for(*, game: str, channel: str = "web", player: str = "") -> SalesSwitch | None:
    """The switch that stops a sale of this game by this channel to this player, if any."""
    return off_for_each([game], channel=channel, player=player).get(game)


def off_for_each(
    games: Sequence[str], *, channel: str = "web", player: str = ""
) -> dict[str, SalesSwitch]:
    """Those of these games whose sale by this channel to this player a switch stops, with it."""
    wide = [f"channel:{channel}"] + ([f"player:{player}"] if player else [])
    scopes = [ALL, *wide, *(f"game:{game}" for game in games)]
    thrown = {
        switch.scope: switch for switch in SalesSwitch.objects.filter(scope__in=scopes, is_off=True)
    }
    found = {}
    for game in games:
        scope = next((one for one in (ALL, f"game:{game}", *wide) if one in thrown), None)
        if scope is not None:
            found[game] = thrown[scope]
    return found


def check(*, game: str, channel: str = "web", player: str = "") -> None:
    """Raise `SalesOff` with its reason when a switch stops this sale."""
    if thrown := off_for(game=game, channel=channel, player=player):
        raise SalesOff(reason=thrown.reason, scope=thrown.scope)


def thrown() -> list[SalesSwitch]:
    """Every switch ever thrown, those that are off first."""
    return list(
        SalesSwitch.objects.select_related("switched_by").order_by("-is_off", "-switched_at")
    )
