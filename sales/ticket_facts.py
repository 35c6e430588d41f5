"""What higher rooms know about tickets, handed up to be shown here.

`prizes` registers at start-up (its own `ticket_facts.py`, found by this room's app as `reports.py`
is found by audit); this room never learns who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a settled ticket won: all of it in fen, and per tier what one line wins.

    Of a prize that waits for its winner: the claim that is under way, by its code and state, and
    the page that says until when it is claimed, and that of the prize itself. It is over when it
    was paid, or when it lapsed.
    """

    prize_fen: int
    settled_at: datetime
    paid_at: datetime | None = None
    lapsed_at: datetime | None = None
    claim_code: str = ""
    claim_state: str = ""
    claim_until: date | None = None
    claim_url: str = ""
    prize_url: str = ""
    line_prizes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A room that knows about prizes.

    `facts` tells of the tickets (by primary key) that won; `won_by` is the query of the primary
    keys of all tickets that a player (by primary key) won with.
    """

    facts: Callable[[Collection[int]], Mapping[int, Fact]]
    won_by: Callable[[int], QuerySet[Any, Any]]


_SOURCES: list[Source] = []


def register(source: Source) -> None:
    """Make a source known; there is one."""
    if _SOURCES and [source] != _SOURCES:
        raise RuntimeError("Two rooms say what tickets won.")
    _SOURCES[:] = [source]


def of(ticket_ids: Collection[int]) -> Mapping[int, Fact]:
    """The facts of those of these tickets that won."""
    return _SOURCES[0].facts(ticket_ids) if _SOURCES and ticket_ids else {}


def won_by(player_id: int) -> QuerySet[Any, Any] | None:
    """Primary keys of all tickets the player won with; None while nobody settles anything."""
    return _SOURCES[0].won_by(player_id) if _SOURCES else None
