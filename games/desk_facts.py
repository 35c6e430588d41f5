"""What higher rooms know about a draw, handed up to be shown on its desk.

Rooms above register at start-up (their own `desk_facts.py`, found by this room's app); this room
never learns who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .models import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that the next state needs: `state` is done, now or todo.

    `url` leads staff with one of `roles` to where it is done, under the words of `action`.
    """

    state: str
    title: str
    text: str = ""
    action: str = ""
    url: str = ""
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a higher room knows of one place of the course of a draw (`games.draw_course`).

    A step with `at` is done. One that is halted says why in `text`.
    """

    place: str
    at: datetime | None = None
    text: str = ""
    is_halted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page about the draw that staff with one of `roles` may open."""

    text: str
    url: str
    roles: frozenset[str]
    is_danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """The draw does not go on: what stands still in a few words, and what that means."""

    word: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where two counts differ: thing, the first's word, the second's; `url` leads to all of it."""

    rows: Sequence[tuple[str, str, str]]
    url: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that staff with one of `roles` may do next; `is_post` asks for a form's button."""

    text: str
    url: str
    roles: frozenset[str]
    is_post: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A file about the draw that staff with one of `roles` may fetch."""

    title: str
    text: str
    url: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known: what is lacking, what needs attention, and the next deed, if there is one.

    `tiers` are the prizes once they are worked out: tier, winners and prize_fen of each.
    `attention` may be a technical sentence; `halt` says in words what it means for the draw.
    """

    lacks: Sequence[Lack] = ()
    attention: str = ""
    deed: Deed | None = None
    tiers: Sequence[Mapping[str, Any]] = ()
    papers: Sequence[Paper] = ()
    steps: Sequence[Step] = ()
    links: Sequence[Link] = ()
    notes: Sequence[str] = ()
    halt: Halt | None = None
    report: Report | None = None


_SOURCES: list[Callable[[Draw], Facts]] = []


def register(source: Callable[[Draw], Facts]) -> None:
    """Make a source known."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of(draw: Draw) -> list[Facts]:
    """What all sources know about `draw`."""
    return [source(draw) for source in _SOURCES]
