"""A sealed file read once from front to back: its digest, its root, its sums, its tickets.

The file is never in memory: lines come in blocks, and what a ticket code must not do, stand twice,
is found with a table of bits and a second look at the few codes that it cannot tell apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from .lines import MOST_LINE_BYTES, BetSums, Reader
from .merkle import Tree, leaf_hash
from .strict import Wrong

_HEADER = re.compile(
    rb"sealed-file\t1\t([a-z0-9][a-z0-9.-]{0,39})\t([a-z0-9][a-z0-9.-]{0,39})\t([0-9a-f]{64})"
)
_MOST_HEADER_BYTES = 200
_BYTES_A_TICKET = 128
_LEAST_BITS, _MOST_BITS = 1 << 16, 1 << 28
_SECOND_PROBE = 29

Winner = Callable[[bytes, dict[int, int]], None]


@dataclass(slots=True)
class Sealed:
    """What a sealed file holds."""

    draw: str
    rule: str
    rule_digest: str
    size: int = 0
    digest: str = ""
    root: str = ""
    tickets: int = 0
    lines: int = 0
    stake_fen: int = 0
    by_bet_type: dict[str, BetSums] = field(default_factory=dict)


def read_header(file: IO[bytes]) -> Sealed:
    """The first line of a sealed file; the file is put back to its beginning."""
    file.seek(0)
    line = file.readline(_MOST_HEADER_BYTES)
    fields = _HEADER.fullmatch(line[:-1]) if line.endswith(b"\n") else None
    if fields is None:
        raise Wrong("the sealed file, line 1: is not the header of a sealed file, version 1")
    file.seek(0)
    draw, rule, digest = (part.decode("ascii") for part in fields.groups())
    return Sealed(draw=draw, rule=rule, rule_digest=digest)


def read_tickets(file: IO[bytes], reader: Reader, *, winner: Winner | None = None) -> Sealed:
    """Everything in `file`; each winning ticket is told to `winner` in the order of the file."""
    sealed = read_header(file)
    file.readline()
    size, tree, seen = file.tell(), Tree(), _Codes(_size_of(file))
    digest = hashlib.sha256(_header_bytes(sealed))
    add, hashed, ticket = tree.add, digest.update, reader.ticket
    number = 1
    for line in _ended_lines(file):
        number += 1
        bare = line[:-1]
        if line[-1:] != b"\n":
            raise Wrong(f"the sealed file, line {number}: is not ended, or far too long")
        try:
            code, price, won = ticket(bare)
        except Wrong as exc:
            raise Wrong(f"the sealed file, line {number}: {exc}") from exc
        hashed(line)
        size += len(line)
        add(leaf_hash(bare))
        sealed.stake_fen += price
        seen.add(code)
        if won and winner is not None:
            winner(code, won)
    _refuse_double(file, seen)
    sealed.size, sealed.digest, sealed.root = size, digest.hexdigest(), tree.root().hex()
    sealed.tickets, sealed.by_bet_type = tree.size, reader.sums
    sealed.lines = sum(sums.lines for sums in reader.sums.values())
    return sealed


class _Codes:
    """Ticket codes seen so far, two bits a code; `doubtful` are those that may have been before."""

    def __init__(self, file_size: int) -> None:
        wanted = max(_LEAST_BITS, min(_MOST_BITS, file_size // _BYTES_A_TICKET * 64))
        self._mask = (1 << (wanted - 1).bit_length()) - 1
        self._bits = bytearray((self._mask + 1) // 8)
        self.doubtful: set[bytes] = set()

    def add(self, code: bytes) -> None:
        bits, mark = self._bits, hash(code)
        one, two = mark & self._mask, (mark >> _SECOND_PROBE) & self._mask
        bit_one, bit_two = 1 << (one & 7), 1 << (two & 7)
        if bits[one >> 3] & bit_one and bits[two >> 3] & bit_two:
            self.doubtful.add(code)
        bits[one >> 3] |= bit_one
        bits[two >> 3] |= bit_two


def _refuse_double(file: IO[bytes], seen: _Codes) -> None:
    if not seen.doubtful:
        return
    file.seek(0)
    file.readline()
    first: dict[bytes, int] = {}
    for number, line in enumerate(_ended_lines(file), start=2):
        code = line.split(b"\t", 3)[2]
        if code not in seen.doubtful:
            continue
        if code in first:
            told = f"ticket {code.decode('ascii')} stands in line {first[code]} already"
            raise Wrong(f"the sealed file, line {number}: {told}")
        first[code] = number


def _ended_lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(MOST_LINE_BYTES):
        yield line


def _header_bytes(sealed: Sealed) -> bytes:
    return f"sealed-file\t1\t{sealed.draw}\t{sealed.rule}\t{sealed.rule_digest}\n".encode("ascii")


def _size_of(file: IO[bytes]) -> int:
    place = file.tell()
    end = file.seek(0, 2)
    file.seek(place)
    return end
