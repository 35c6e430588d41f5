"""Prizes nobody has claimed yet, as desks show them in passing: who was shown which (F099, F150).

The list of unclaimed prizes opens with a reason; the desks of holds, extensions, winners under age,
visits and claims show some of the same prizes to those who work there. Each such page leaves a row
in the trail before it is shown, which `lookers` joins with who claims. What is claimed already, or
over, leaves none; nor what the same reader was shown at the same desk on the same day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django.db.models import Exists, OuterRef

from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door
from prizes.claim_models import Claim
from prizes.models import Prize

SHOWN = "prizes.unclaimed_shown"


def note(tickets: Iterable[str], *, desk: str, actor: Any, now: datetime) -> None:
    """Write down which of these tickets with an unclaimed prize `desk` shows to its reader.

    `desk` is the name of the page's address. Nothing is written where there is nothing new.
    """
    standing = Claim.objects.filter(prize=OuterRef("pk")).exclude(state__in=Claim.STANDS_NOT)
    waiting = Prize.objects.filter(
        ~Exists(standing),
        ticket__code__in=set(tickets),
        route=Prize.Route.CENTRE,
        end__isnull=True,
    )
    new = set(waiting.values_list("ticket__code", flat=True))
    if new:
        new -= _shown_today(desk, actor, now)
    if new:
        _record(sorted(new), desk, actor)


def _shown_today(desk: str, actor: Any, now: datetime) -> set[str]:
    midnight = datetime.combine(dates.in_shanghai(now).date(), time.min, dates.SHANGHAI)
    rows = trail.read(
        trail.Filters(since=midnight, action=SHOWN, object_type="desk", object_code=desk)
    ).filter(actor=actor.username)
    return {
        ticket
        for body in rows.values_list("body", flat=True)
        for ticket in json.loads(body).get("tickets", ())
    }


@door
def _record(tickets: list[str], desk: str, actor: Any) -> None:
    trail.record(
        action=SHOWN,
        actor=actor,
        object_type="desk",
        object_code=desk,
        body={"tickets": tickets},
    )
