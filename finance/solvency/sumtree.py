"""A Merkle tree whose nodes carry sums: no leaf is left out without another root, none is negative.

**Name** of a player in one night: SHA-256 of `solvency-name/1`, night, player number, salt, each on
a line. **Leaf**: SHA-256(0x00 ‖ text), the text being `solvency-leaf/1`, night, name, fen in
purses, fen of unpaid prizes, each on a line; its sum is both together. **Node**: SHA-256(0x01 ‖
left hash ‖ left sum ‖ right hash ‖ right sum), sums as 8 bytes, the highest first; its sum is both
together. The last node of an odd level is carried up unchanged. A node is bound to the sum of each
side, so that no side can hide a negative one behind the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

MOST = 2**53 - 1  # what a browser counts exactly


class Node(NamedTuple):
    """A hash and the sum below it, in fen."""

    hash: bytes
    fen: int


def name(*, night: str, player: str, salt: bytes) -> bytes:
    """What a player is called in the tree of one night; nobody guesses it without the salt."""
    text = "\n".join(("solvency-name/1", night, player, salt.hex()))
    return hashlib.sha256(text.encode("ascii")).digest()


def leaf(*, night: str, name: bytes, purses_fen: int, prizes_fen: int) -> Node:
    """The leaf of one player; an amount below zero, or above what is counted, is refused."""
    if not (0 <= purses_fen <= MOST and 0 <= prizes_fen <= MOST):
        raise ValueError("A leaf owes nothing below zero.")
    text = f"solvency-leaf/1\n{night}\n{name.hex()}\n{purses_fen}\n{prizes_fen}"
    return Node(hashlib.sha256(b"\x00" + text.encode("ascii")).digest(), purses_fen + prizes_fen)


def node(left: Node, right: Node) -> Node:
    """What stands above two neighbours."""
    fen = left.fen + right.fen
    if min(left.fen, right.fen) < 0 or fen > MOST:
        raise ValueError("A sum is not below zero, and not above what is counted.")
    below = left.hash + left.fen.to_bytes(8, "big") + right.hash + right.fen.to_bytes(8, "big")
    return Node(hashlib.sha256(b"\x01" + below).digest(), fen)


def above(level: Sequence[Node]) -> list[Node]:
    """The level above: each two neighbours in one, the last of an odd level as it is."""
    found = [node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return found + [level[-1]] * (len(level) % 2)


def sizes(leaves: int) -> list[int]:
    """How many nodes each level has, from the leaves up to the root."""
    found = [leaves]
    while found[-1] > 1:
        found.append((found[-1] + 1) // 2)
    return found


def neighbour(index: int, size: int) -> int | None:
    """The place beside `index` in a level of `size` nodes; None: it is carried up alone."""
    beside = index ^ 1
    return beside if beside < size else None


def leads_to(start: Node, *, index: int, size: int, path: Sequence[Node]) -> Node | None:
    """Where the path from a leaf leads, or None if it is none for that place."""
    if not 0 <= index < size:
        return None
    found, rest = start, list(path)
    while size > 1:
        if neighbour(index, size) is not None:
            if not rest:
                return None
            step = rest.pop(0)
            try:
                found = node(step, found) if index % 2 else node(found, step)
            except ValueError:
                return None
        index, size = index // 2, (size + 1) // 2
    return None if rest else found
