"""The full verification of the log: ordered by a person or the clock, and what it found last.

It runs in a process of its own (`verify_log`) and leaves its result in the trail.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lottery_portal import jobs
from lottery_portal.lib.db import door

from . import people, trail

DONE, ORDERED = "audit.log_verified", "audit.verification_ordered"


@dataclass(frozen=True)
class Verified:
    """What a full verification found, and when."""

    at: datetime
    entries: int
    differences: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class Ordered:
    """Somebody ordered a verification that has not ended yet."""

    at: datetime
    who: str


@door
def order(*, actor: Any, now: datetime) -> None:
    """Have everything verified now; asked twice within a minute, it is done once."""
    trail.record(action=ORDERED, actor=actor, object_type="log", object_code="main")
    jobs.enqueue("audit.verify_log", key=f"ordered:{now:%Y%m%dT%H%M}")


def last() -> Verified | None:
    """The last full verification; None before the first."""
    row = trail.read(trail.Filters(action=DONE, object_type="log")).first()
    if row is None:
        return None
    body = json.loads(row.body)
    return Verified(row.at, body["entries"], body["differences"], tuple(body["first"]))


def under_way() -> Ordered | None:
    """The order given since the last verification ended, if there is one."""
    row = trail.read(trail.Filters(action=ORDERED, object_type="log")).first()
    done = last()
    if row is None or (done is not None and done.at > row.at):
        return None
    return Ordered(row.at, trail.actor_name(row.actor, people.names_of([row.actor])))
