"""The tree over a sealed file, kept beside it: what proofs are read from.

The tree file holds hashes of 32 bytes and nothing else, level after level as `audit.tree` keeps
them: level 0 has the leaves in the order of the sealed file, level *k* the roots of complete runs
of 256**k leaves. How many there are follows from the number of tickets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from audit import tree

HASH = 32
BLOCK = 1 << 14  # leaves of a block: a complete tree of its own

_sha256 = hashlib.sha256


class Builder:
    """Takes the leaves of a file in blocks, all full but the last; writes the tree to `target`."""

    def __init__(self, target: IO[bytes] | None = None) -> None:
        self.size = 0
        self._target = target
        self._tiles: list[bytes] = []  # level 1, in pieces
        self._roots: list[bytes] = []

    def add(self, leaves: bytes) -> bytes:
        """Append the leaf hashes of the next block, one after the other; the block's root."""
        if self._target is not None:
            self._target.write(leaves)
        count = len(leaves) // HASH
        self.size += count
        whole = count - count % tree.TILE
        row = leaves[: whole * HASH]
        for _level in range(tree.HEIGHT):
            row = _halved(row)
        self._tiles.append(row)
        root = _top(row) if count == BLOCK else tree.root_of(_split(leaves))
        self._roots.append(root)
        return root

    def finish(self) -> bytes:
        """Write the higher levels; the root over all leaves."""
        level = b"".join(self._tiles)
        while level:
            if self._target is not None:
                self._target.write(level)
            row = level[: len(level) - len(level) % (tree.TILE * HASH)]
            for _level in range(tree.HEIGHT):
                row = _halved(row)
            level = row
        # Full blocks are complete trees of equal height: their roots are leaves of the upper tree.
        return tree.root_of(self._roots)


class Kept:
    """A tree file as `audit.tree` reads it."""

    def __init__(self, path: Path, *, size: int) -> None:
        self._path, self._size = path, size

    def hashes(self, level: int, start: int, stop: int, /) -> Sequence[bytes]:
        """The hashes of a level."""
        below = sum(self._size >> (tree.HEIGHT * lower) for lower in range(level))
        with self._path.open("rb") as file:
            file.seek((below + start) * HASH)
            return _split(file.read((stop - start) * HASH))


def _halved(row: bytes) -> bytes:
    return b"".join(
        [_sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row), 64)]
    )


def _top(row: bytes) -> bytes:
    while len(row) > HASH:
        row = _halved(row)
    return row


def _split(row: bytes) -> list[bytes]:
    return [row[at : at + HASH] for at in range(0, len(row), HASH)]
