"""Merkle trees over lists that only grow: roots, proofs that a leaf is in one, proofs of growth.

The tree is that of RFC 6962 §2.1. **Leaf**: SHA-256(0x00 ‖ data). **Node**: SHA-256(0x01 ‖ left ‖
right). **Root** of no leaves at all: SHA-256 of the empty string. A kept tree stores levels of
tiles of 256, as C2SP tlog-tiles does: level 0 has the leaf hashes, level *k* the roots of complete
runs of 256**k leaves. Everything else follows from those in a few hundred hashes, so a proof reads
at most a tile of each level on each side of its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

HEIGHT = 8  # binary levels of a tile
TILE = 1 << HEIGHT
EMPTY = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def leaf(data: bytes) -> bytes:
    """The hash under which `data` stands in a tree."""
    return _sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return _sha256(b"\x01" + left + right).digest()


class Root:
    """The root of a growing list of leaves, in memory that grows with its logarithm only."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # roots of full trees, largest first: the ones of `size`

    def add(self, leaf_hash: bytes) -> None:
        """Append one leaf."""
        carried, size = leaf_hash, self.size
        while size & 1:
            carried = node(self._peaks.pop(), carried)
            size >>= 1
        self._peaks.append(carried)
        self.size += 1

    def digest(self) -> bytes:
        """The root over all leaves so far."""
        return _folded(self._peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over `leaves` (hashes)."""
    tree = Root()
    for one in leaves:
        tree.add(one)
    return tree.digest()


class Levels(Protocol):
    """A kept tree: `hashes(level, start, stop)` gives the hashes of a level, `start` included."""

    def hashes(self, level: int, start: int, stop: int, /) -> Sequence[bytes]:
        """Exactly `stop - start` hashes of `level`."""
        ...


class Completed(NamedTuple):
    """A hash of a higher level that has become complete, to be kept under its place."""

    level: int
    place: int
    hash: bytes


class Grower:
    """Appends leaf hashes to a kept tree; at most 256 hashes of each level are in memory.

    Begin anew with `Grower()`, go on with a tree of `size` leaves with `Grower(size, levels)`.
    """

    __slots__ = ("_open", "size")

    def __init__(self, size: int = 0, levels: Levels | None = None) -> None:
        self.size = size
        self._open: list[list[bytes]] = [[]]  # of each level, the hashes of its unfinished tile
        if size:
            if levels is None:
                raise ValueError("a tree that has leaves goes on from its levels")
            self._open = []
            level, count = 0, size
            while count:
                self._open.append(list(levels.hashes(level, count - count % TILE, count)))
                level, count = level + 1, count >> HEIGHT

    def add(self, leaf_hash: bytes) -> list[Completed]:
        """Append one leaf; what it completes, lower levels first, usually nothing."""
        done: list[Completed] = []
        carried, place = leaf_hash, self.size
        self.size += 1
        for level in range(len(self._open) + 1):
            if level == len(self._open):
                self._open.append([])
            unfinished = self._open[level]
            unfinished.append(carried)
            if len(unfinished) < TILE:
                break
            carried, place = _reduced(unfinished), place >> HEIGHT
            unfinished.clear()
            done.append(Completed(level + 1, place, carried))
        return done

    def extend(self, leaf_hashes: Iterable[bytes]) -> Iterator[Completed]:
        """Append many leaves; what they complete, as it is completed. Exhaust it to append all."""
        for one in leaf_hashes:
            yield from self.add(one)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        peaks: list[bytes] = []
        for unfinished in reversed(self._open):
            peaks.extend(_peaks(unfinished))
        return _folded(peaks)


class Kept:
    """A kept tree in memory: for trees of modest size, and as a source of proofs in tests."""

    __slots__ = ("_grower", "_levels")

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._grower = Grower()
        self._levels: list[list[bytes]] = [[]]
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._grower.size

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaves."""
        for one in leaf_hashes:
            self._levels[0].append(one)
            for level, _index, completed in self._grower.add(one):
                if level == len(self._levels):
                    self._levels.append([])
                self._levels[level].append(completed)

    def hashes(self, level: int, start: int, stop: int, /) -> Sequence[bytes]:
        """The hashes of a level."""
        return self._levels[level][start:stop] if start < stop else []

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return self._grower.root()


def root_at(*, size: int, levels: Levels) -> bytes:
    """The root that the kept tree had when it had `size` leaves."""
    return _root_between(levels, 0, size)


def inclusion_path(*, index: int, size: int, levels: Levels) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _largest_power_below(stop - start)
        if index < middle:
            path.append(_root_between(levels, middle, stop))
            stop = middle
        else:
            path.append(_root_between(levels, start, middle))
            start = middle
    path.reverse()
    return path


def consistency_path(*, old: int, new: int, levels: Levels) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 <= old <= new:
        raise ValueError("a tree only grows")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, stop, is_known = 0, new, True
    while old != stop:
        middle = start + _largest_power_below(stop - start)
        if old <= middle:
            path.append(_root_between(levels, middle, stop))
            stop = middle
        else:
            path.append(_root_between(levels, start, middle))
            start, is_known = middle, False
    if not is_known:
        path.append(_root_between(levels, start, stop))
    path.reverse()
    return path


def check_inclusion(
    *, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Does `path` lead from the leaf at `index` to the `root` of `size` leaves?"""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf_hash
    for one in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node(one, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node(found, one)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def check_consistency(
    *, old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Does `path` prove that the tree of `new` leaves begins with that of `old` leaves?"""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == EMPTY and (new > 0 or new_root == EMPTY)
    if old == new:
        return not path and old_root == new_root
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    found = _walked_both(rest, here=old - 1, last=new - 1)
    return found == (old_root, new_root)


def _walked_both(path: Sequence[bytes], *, here: int, last: int) -> tuple[bytes, bytes] | None:
    """The two roots to which a proof of growth leads (RFC 9162 §2.1.4.2); None: it is too long."""
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if last == 0:
            return None
        if here & 1 or here == last:
            old, new = node(one, old), node(one, new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new = node(new, one)
        here, last = here >> 1, last >> 1
    return (old, new) if last == 0 else None


def _largest_power_below(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def _reduced(hashes: Sequence[bytes]) -> bytes:
    """The root of a full tree; their number is a power of two."""
    row = hashes
    while len(row) > 1:
        row = [
            _sha256(b"\x01" + row[place] + row[place + 1]).digest()
            for place in range(0, len(row), 2)
        ]
    return row[0]


def _peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """The roots of the full trees in a row of hashes, largest first."""
    peaks, start = [], 0
    for bit in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> bit & 1:
            peaks.append(_reduced(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return peaks


def _folded(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY
    *others, found = peaks
    for peak in reversed(others):
        found = node(peak, found)
    return found


def _root_between(levels: Levels, start: int, stop: int) -> bytes:
    """The root over leaves `start` to `stop`; `start` is a place where such a tree may begin."""
    peaks = []
    for bit in reversed(range((stop - start).bit_length())):
        if (stop - start) >> bit & 1:
            level, within = divmod(bit, HEIGHT)
            first = start >> (HEIGHT * level)
            peaks.append(_reduced(levels.hashes(level, first, first + (1 << within))))
            start += 1 << bit
    return _folded(peaks)
