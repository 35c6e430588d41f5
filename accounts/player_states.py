"""Whether a player's account may do all it could: limiting it, and letting it go again (F012).

Every change is a row of its own with who and why; what a limited account may still do, the rooms
that ask decide.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audit import trail
from lottery_portal.lib.db import inside_transaction

from .models import Player, PlayerStateChange

State = Player.State


@inside_transaction
def limit(*, player_code: str, reason: str, actor: Any, now: datetime) -> bool:
    """Limit an active account; True for exactly one caller, however many try."""
    return _change(player_code, (State.ACTIVE, State.LIMITED), reason, actor, now)


@inside_transaction
def release(*, player_code: str, reason: str, actor: Any, now: datetime) -> bool:
    """Let an account go that was limited for this very reason; for another it stays limited."""
    last = PlayerStateChange.objects.filter(player__code=player_code).order_by("-pk").first()
    if last is None or (last.to_state, last.reason) != (State.LIMITED, reason):
        return False
    return _change(player_code, (State.LIMITED, State.ACTIVE), reason, actor, now)


def _change(player_code: str, way: tuple[str, str], reason: str, actor: Any, now: datetime) -> bool:
    old, new = way
    won = Player.objects.filter(code=player_code, state=old).update(state=new)
    if not won:
        return False
    player = Player.objects.get(code=player_code)
    PlayerStateChange.objects.create(
        player=player,
        from_state=old,
        to_state=new,
        actor=actor,
        reason=reason,
        changed_at=now,
    )
    trail.record(
        action="accounts.player_state_changed",
        actor=actor,
        object_type="player",
        object_code=player_code,
        body={"from": old, "to": new, "reason": reason},
    )
    return True
