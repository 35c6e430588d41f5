"""Plans over several draws for tests, through the doors, and what became of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from accounts.models import Player
from finance import wallets
from games import bets, switches
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from sales import plan_steps, plans
from sales.models import Plan

from . import make, people

PICKS = (make.SELECTION,)


def begun(
    player: Player,
    draw: Draw,
    *,
    count: int = 3,
    stop: int = 0,
    picks: tuple[bets.Selection, ...] = PICKS,
    key: UUID | None = None,
) -> Plan:
    """A plan through its door."""
    return plans.begin(
        player=player,
        draw=draw,
        selections=picks,
        draws=count,
        stop_from_fen=stop,
        request_key=key or uuid7(),
        channel="drill" if draw.is_shadow else "web",
        now=database_time(),
    )


def shadow(*, wallet: int = 20_00) -> tuple[Player, Draw]:
    """A shadow player and an open shadow draw."""
    return make.shadow_player(wallet=wallet), make.shadow_draw()


def advanced(*, later: timedelta = timedelta()) -> list[str]:
    """What plans did by themselves; `later` passes the time that one of them waits."""
    Plan.objects.running().filter(tries_at__isnull=False).update(
        tries_at=database_time() + later - timedelta(days=1)
    )
    return [one.did for one in plan_steps.advance_due(now=database_time())]


def money(player: Player) -> tuple[int, int]:
    """What the player may spend, and what is set aside for his plans."""
    return wallets.available(player), wallets.planned(player)


def steps(plan: Plan) -> list[tuple[int, str, str]]:
    """Place, issue and outcome of the draws that are done."""
    found = plan.steps.select_related("draw").order_by("position")
    return [(step.position, step.draw.issue, step.outcome) for step in found]


def next_of(draw: Draw) -> Draw:
    """The draw after this one, as planned."""
    found = Draw.objects.filter(game=draw.game, issue__gt=draw.issue).order_by("issue").first()
    assert found is not None
    return found


def switched(scope: str, *, is_off: bool) -> None:
    """Sales of that scope switched off or on again."""
    by = people.member("risk").user
    switches.switch(scope=scope, is_off=is_off, reason="核查", actor=by, now=database_time())


def excluded(player: Player) -> None:
    """The account may not buy any more."""
    Player.objects.filter(pk=player.pk).update(state=Player.State.EXCLUDED)
