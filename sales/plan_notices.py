"""Telling players what became of their plans, once each (F029, F053)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts import messages
from games.models import Draw
from lottery_portal.lib.db import inside_transaction

from .models import Plan

ENDED, LEFT_OUT, RULE_CHANGED = "sales.plan_ended", "sales.plan_left_out", "sales.plan_rule"


@inside_transaction
def ended(plan: Plan, *, reason: str, left_fen: int, now: datetime) -> None:
    """The plan is done, or stopped before its last draw: why, and what was released."""
    _send(ENDED, plan, "ended", {"reason": reason, "left_fen": left_fen}, now=now)


@inside_transaction
def left_out(plan: Plan, draw: Draw, *, reason: str, is_last: bool, now: datetime) -> None:
    """One draw was left out: why, and that its money is back."""
    facts = {"issue": draw.issue, "reason": reason, "fen": plan.price, "is_last": is_last}
    _send(LEFT_OUT, plan, f"draw:{draw.code}", facts, now=now)


@inside_transaction
def rule_changed(plan: Plan, draw: Draw, *, now: datetime) -> None:
    """From this draw on another rule version holds; the picks and the price are the same."""
    facts = {"issue": draw.issue, "rule": draw.rule.code}
    _send(RULE_CHANGED, plan, f"rule:{draw.code}", facts, now=now)


def _send(kind: str, plan: Plan, event: str, facts: Mapping[str, Any], *, now: datetime) -> None:
    if plan.player.is_shadow:  # nobody reads them
        return
    messages.send(
        user=plan.player.user,
        kind=kind,
        params={"plan": plan.code, "game": plan.game.name, **facts},
        natural_key=f"plan:{plan.code}:{event}",
        now=now,
    )
