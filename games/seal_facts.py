"""What higher rooms know about a draw and its seal, handed up to be shown on its public pages.

`sales` registers at start-up (its own `seal_facts.py`, found by this room's app); this room never
learns who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .models import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to a seal: when, and a sentence for the public."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something that the public fetches beside the seal: what it is, its file name, where."""

    name: str
    file: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAfter:
    """A further pool of a game with several, after a draw."""

    name: str
    fen: int


_SOURCES: list[Callable[[Draw], Sequence[Fact]]] = []


def register(source: Callable[[Draw], Sequence[Fact]]) -> None:
    """Make a source known."""
    if source not in _SOURCES:
        _SOURCES.append(source)


_FILES: list[Callable[[Draw], Sequence[File]]] = []


def register_files(source: Callable[[Draw], Sequence[File]]) -> None:
    """Make a source of files known."""
    if source not in _FILES:
        _FILES.append(source)


_POOLS: list[Callable[[Draw], Sequence[PoolAfter]]] = []


def register_pools(source: Callable[[Draw], Sequence[PoolAfter]]) -> None:
    """Make a source of pools known."""
    if source not in _POOLS:
        _POOLS.append(source)


def pools_of(draw: Draw) -> list[PoolAfter]:
    """What a settled draw left in the pools of its game beside the first one."""
    return [pool for source in _POOLS for pool in source(draw)]


def files_of(draw: Draw) -> list[File]:
    """The files that higher rooms have of `draw` for the public."""
    return [file for source in _FILES for file in source(draw)]


def of(draw: Draw) -> list[Fact]:
    """What all sources know about the seal of `draw`, in the order in which it happened."""
    return sorted((fact for source in _SOURCES for fact in source(draw)), key=lambda fact: fact.at)
