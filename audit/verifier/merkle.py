"""The tree over a list of leaves (RFC 6962, section 2.1): its root, and proofs about it.

A leaf is SHA-256(0x00 and the data), a node SHA-256(0x01 and both children); of nothing at all the
root is SHA-256 of nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
MOST_LEAVES = 2**63


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows leaf by leaf and remembers one hash a level."""

    __slots__ = ("peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, hashed: bytes) -> None:
        """Take the hash of the next leaf."""
        size, peaks = self.size, self.peaks
        while size & 1:
            hashed = node_hash(peaks.pop(), hashed)
            size >>= 1
        peaks.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.peaks:
            return hashlib.sha256().digest()
        *rest, root = self.peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root


def root_by_path(*, leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that `path` leads to from the leaf at `index`; None if it cannot be its path."""
    if not 0 <= index < size <= MOST_LEAVES:
        return None
    place, last, root = index, size - 1, leaf
    for step in path:
        if last == 0 or len(step) != HASH_BYTES:
            return None
        if place & 1 or place == last:
            root = node_hash(step, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, step)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(
    *, old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves that the tree of `new` leaves only adds to that of `old` leaves."""
    if not 0 <= old <= new <= MOST_LEAVES or any(len(step) != HASH_BYTES for step in path):
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == hashlib.sha256().digest()
    return _both_roots(old=old, old_root=old_root, new=new, path=path) == (old_root, new_root)


def _both_roots(
    *, old: int, old_root: bytes, new: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """The roots of the old and of the new tree that a consistency proof leads to."""
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    # A complete old tree is itself the first step.
    steps = [*path] if place else [old_root, *path]
    if not steps:
        return None
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            was, now = node_hash(step, was), node_hash(step, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = node_hash(now, step)
        place, last = place >> 1, last >> 1
    return (was, now) if last == 0 else None
