"""The tree of one night as a file: names in their order with both amounts, then level by level.

48 bytes a player (name, purses, prizes), then 40 bytes a node (hash, sum). A proof is found by
bisecting the names and reading one node a level; nothing is kept in memory.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from . import sumtree
from .sumtree import Node

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_NAME, _NODE = 48, 40
_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Owed:
    """What one name is owed, in fen."""

    name: bytes
    purses_fen: int
    prizes_fen: int


@dataclass(frozen=True)
class Place:
    """One name, where it stands, and the way from there to the root."""

    owed: Owed
    index: int
    path: tuple[Node, ...]


@dataclass(frozen=True)
class Written:
    """A file that stands under its name."""

    path: Path
    root: Node
    digest: str


def write(folder: Path, *, night: str, owed: Sequence[Owed]) -> Written:
    """Write the tree over `owed`, which is sorted by name; the file is named after its root."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{night}-")
    try:
        with os.fdopen(handle, "wb") as file:
            digest = hashlib.sha256()
            root = _write_all(file, digest, night, owed)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{night}-{root.hash.hex()[:16]}.tree"
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Written(path, root, digest.hexdigest())


def find(path: Path, *, name: bytes, size: int) -> Place | None:
    """The place of a name in a file of `size` names; None: it is not among them."""
    with path.open("rb") as file:
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            if _owed(file, middle).name < name:
                low = middle + 1
            else:
                high = middle
        if low == size or (owed := _owed(file, low)).name != name:
            return None
        steps, start, index = [], size * _NAME, low
        for level in sumtree.sizes(size)[:-1]:
            if (beside := sumtree.neighbour(index, level)) is not None:
                steps.append(_node(file, start + beside * _NODE))
            start, index = start + level * _NODE, index // 2
        return Place(owed, low, tuple(steps))


def _write_all(file: IO[bytes], digest: Hash, night: str, owed: Sequence[Owed]) -> Node:
    def put(parts: Iterable[bytes]) -> None:
        waiting: list[bytes] = []
        for part in parts:
            waiting.append(part)
            if len(waiting) == _AT_ONCE:
                _flush(file, digest, waiting)
        _flush(file, digest, waiting)

    put(one.name + _fen(one.purses_fen) + _fen(one.prizes_fen) for one in owed)
    level = [
        sumtree.leaf(
            night=night, name=one.name, purses_fen=one.purses_fen, prizes_fen=one.prizes_fen
        )
        for one in owed
    ] or [Node(hashlib.sha256(b"").digest(), 0)]
    put(one.hash + _fen(one.fen) for one in level)
    while len(level) > 1:
        level = sumtree.above(level)
        put(one.hash + _fen(one.fen) for one in level)
    return level[0]


def _flush(file: IO[bytes], digest: Hash, waiting: list[bytes]) -> None:
    block = b"".join(waiting)
    waiting.clear()
    digest.update(block)
    file.write(block)


def _fen(amount: int) -> bytes:
    return amount.to_bytes(8, "big")


def _read(file: IO[bytes], start: int, length: int) -> bytes:
    file.seek(start)
    found = file.read(length)
    if len(found) != length:
        raise EOFError("The file of a night is cut off.")
    return found


def _owed(file: IO[bytes], place: int) -> Owed:
    row = _read(file, place * _NAME, _NAME)
    return Owed(row[:32], int.from_bytes(row[32:40], "big"), int.from_bytes(row[40:], "big"))


def _node(file: IO[bytes], start: int) -> Node:
    row = _read(file, start, _NODE)
    return Node(row[:32], int.from_bytes(row[32:], "big"))
