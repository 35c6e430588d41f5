"""The large prizes of a result: known to a higher room, shown with the result (F100).

Like `claim_facts`: whoever knows registers at start-up (its own `winner_facts.py`, found by this
room's app); this room never learns who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .models import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """The large prizes of a tier: how many lines, what a line won in words; what winners allow."""

    tier: str
    lines: int
    band: str
    winners: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The large prizes of a result, and the page with more."""

    rows: Sequence[Large]
    url: str


Source = Callable[[Draw], Told]
_SOURCES: list[Source] = []


def register(source: Source) -> None:
    """Make the source known."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of(draw: Draw | None) -> Told | None:
    """What is told of the large prizes of a draw; None where nobody knows."""
    if draw is None:
        return None
    return next((source(draw) for source in _SOURCES), None)
