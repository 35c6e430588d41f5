"""What higher rooms know about a draw, handed up to be shown on its desk.

`prizes` registers at start-up (its own `desk_facts.py`, found by this room's app); this room never
learns who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .models import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that the next state needs: `state` is done, now or todo."""

    state: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that staff with one of `roles` may do next; `is_post` asks for a form's button."""

    text: str
    url: str
    roles: frozenset[str]
    is_post: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known: what is lacking, what needs attention, and the next deed, if there is one.

    `tiers` are the prizes once they are worked out: tier, winners and prize_fen of each.
    """

    lacks: Sequence[Lack] = ()
    attention: str = ""
    deed: Deed | None = None
    tiers: Sequence[Mapping[str, Any]] = ()


_SOURCES: list[Callable[[Draw], Facts]] = []


def register(source: Callable[[Draw], Facts]) -> None:
    """Make a source known."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of(draw: Draw) -> list[Facts]:
    """What all sources know about `draw`."""
    return [source(draw) for source in _SOURCES]
