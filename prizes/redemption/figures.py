"""The first figures of redemption: ceilings of outlets, who agrees to what, days, papers."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from audit import approvals, policies
from games.models import Game

from . import announcements, appointments, claims, delays, papers, payment, refusal, routing

# Up to so many fen so many further persons agree; at an outlet nobody up to a small amount.
PEOPLE: list[tuple[str, list[list[int | None]]]] = [
    ("", [[500_000_00, 1], [None, 2]]),
    ("OUTLET", [[10_000_00, 0], [500_000_00, 1], [None, 2]]),
]
# By role: up to so many fen it decides on the payment of a prize; None: however much.
TIERS: dict[str, int | None] = {"approver": None, "treasurer": 500_000_00}
DUE_WORKING_DAYS = 10


def load(*, now: datetime) -> None:
    """Write them once; a second run changes nothing."""
    for game in Game.objects.order_by("position", "pk"):
        policies.set_genesis(
            key=routing.OUTLET_POLICY,
            scope=game.code,
            value=routing.OUTLET_UP_TO_FEN,
            reason=gettext_noop("Genesis: outlets pay prizes up to 30,000 yuan"),
            now=now,
        )
    for scope, people in PEOPLE:
        policies.set_genesis(
            key=payment.PEOPLE,
            scope=scope,
            value=people,
            reason=gettext_noop("Genesis: how many further people agree to pay a prize"),
            now=now,
        )
    policies.set_genesis(
        key=approvals.UP_TO,
        scope=payment.KIND,
        value=TIERS,
        reason=gettext_noop("Genesis: up to which amount a post decides"),
        now=now,
    )
    policies.set_genesis(
        key=claims.DUE_POLICY,
        value=DUE_WORKING_DAYS,
        reason=gettext_noop("Genesis: a prize is paid within 10 working days"),
        now=now,
    )
    policies.set_genesis(
        key=announcements.FROM_POLICY,
        value=announcements.FROM_FEN,
        reason=gettext_noop("Genesis: prizes of 100,000 yuan a line or more are announced"),
        now=now,
    )
    policies.set_genesis(
        key=refusal.OBJECTION_POLICY,
        value=refusal.OBJECTION_DAYS,
        reason=gettext_noop("Genesis: 15 days to object; the measures (S1 九(一)3) name none"),
        now=now,
    )
    for key, figure in appointments.GENESIS.items():
        policies.set_genesis(
            key=key,
            value=figure,
            reason=gettext_noop("Genesis: appointments at the prize centre"),
            now=now,
        )
    policies.set_genesis(
        key=delays.MOST_DAYS_POLICY,
        value=delays.MOST_DAYS,
        reason=gettext_noop("Genesis: a late payment is promised within 30 days"),
        now=now,
    )
    for key, by_way in papers.GENESIS.items():
        for way, kinds in by_way.items():
            policies.set_genesis(
                key=key,
                scope=way,
                value=kinds,
                reason=gettext_noop("Genesis: which papers a claim needs"),
                now=now,
            )
