"""Where the prizes of a result are claimed: known to a higher room, shown with the result (F274).

Like `seal_facts`: whoever knows registers at start-up (its own `claim_facts.py`, found by this
room's app); this room never learns who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .models import Draw, Game


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to a prize: its sign, its name, a line about it, and the tiers that go this way."""

    sign: str
    title: str
    text: str
    tiers: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """How the prizes of a result are claimed, and the page with all places."""

    ways: Sequence[Way]
    note: str
    url: str


Tiers = Sequence[Mapping[str, Any]]  # as a page shows them: `name`, `prize_fen` (None: not known)
Source = Callable[[Game, Draw | None, Tiers], Claims]
_SOURCES: list[Source] = []


def register(source: Source) -> None:
    """Make the source known."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of(game: Game, draw: Draw | None, tiers: Tiers) -> Claims | None:
    """How prizes of this result are claimed; None where nobody knows."""
    return next((source(game, draw, tiers) for source in _SOURCES), None)
