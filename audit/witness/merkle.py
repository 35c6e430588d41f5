"""RFC 6962 trees as the witness computes them, by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()
_TILE = 256
_sha256 = hashlib.sha256


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return _sha256(b"\x01" + left + right).digest()


class Growing:
    """The root over leaves that come in one after the other; `add_many` is the fast way."""

    __slots__ = ("_peaks", "_waiting", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []  # (height, root) of full trees, tallest first
        self._waiting: list[bytes] = []

    def add_many(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes."""
        self.size += len(leaves)
        self._waiting.extend(leaves)
        full = len(self._waiting) - len(self._waiting) % _TILE
        for start in range(0, full, _TILE):
            self._push(8, _full_root(self._waiting[start : start + _TILE]))
        del self._waiting[:full]

    def _push(self, height: int, root: bytes) -> None:
        while self._peaks and self._peaks[-1][0] == height:
            root, height = node(self._peaks.pop()[1], root), height + 1
        self._peaks.append((height, root))

    def root(self) -> bytes:
        """The root over all leaves so far."""
        hashes = [root for _height, root in self._peaks]
        start, left = 0, len(self._waiting)
        for bit in reversed(range(8)):
            if left >> bit & 1:
                hashes.append(_full_root(self._waiting[start : start + (1 << bit)]))
                start += 1 << bit
        if not hashes:
            return EMPTY
        found = hashes.pop()
        while hashes:
            found = node(hashes.pop(), found)
        return found


def _full_root(leaves: Sequence[bytes]) -> bytes:
    while len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2], strict=True)
        leaves = [_sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return leaves[0]


def grew(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Does `proof` show that the tree of `new` leaves begins with the tree of `old` leaves?

    By recursion, as RFC 6962 §2.1.2 describes how the proof is made.
    """
    if old > new or old < 0:
        return False
    if old == new:
        return old_root == new_root and not proof
    if old == 0:
        return old_root == EMPTY and not proof
    rest = list(proof)
    try:
        found = _walk(old, new, old_root, rest, is_whole=True)
    except IndexError:
        return False
    return not rest and found == (old_root, new_root)


def _walk(
    old: int, new: int, old_root: bytes, rest: list[bytes], *, is_whole: bool
) -> tuple[bytes, bytes]:
    """The old and the new root of this part of the tree; takes its share from the end of `rest`."""
    if old == new:
        same = old_root if is_whole else rest.pop(0)
        return same, same
    left = 1 << ((new - 1).bit_length() - 1)
    if old <= left:
        before, after = _walk(old, left, old_root, rest, is_whole=is_whole)
        return before, node(after, rest.pop(0))
    before, after = _walk(old - left, new - left, old_root, rest, is_whole=False)
    sibling = rest.pop(0)
    return node(sibling, before), node(sibling, after)
