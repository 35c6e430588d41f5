"""Reading the tickets of a draw in their sealed form, fast, from one moment and in small memory.

PostgreSQL writes the lines and hashes the leaves (`sales_sealed_block`), a block of 16,384 tickets
at a time. A draw of more than one block is read through two connections that share one snapshot;
here the blocks are put in order, written, and the nodes of the tree above them hashed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import IO, Any, NamedTuple

import psycopg
from django.db import connection, transaction

from games.models import Draw

from . import canonical
from .sealed_tree import BLOCK, HASH, Builder

LANES = 2
_WAITING = 2  # blocks that a lane may be ahead
_PATIENCE = 0.2  # seconds after which a lane looks whether anybody still waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of the file: its tickets by id and serial, and the root over them."""

    number: int
    first_serial: int
    tickets: int
    first_ticket: int
    last_ticket: int
    root: str


@dataclass(slots=True)
class Sold:
    """What went into a sealed file."""

    tickets: int = 0
    without_line: int = 0  # tickets whose selections are gone
    lines: int = 0
    stake_fen: int = 0
    by_bet_type: dict[str, dict[str, int]] = field(default_factory=dict)
    picks_fen: int = 0
    root: str = ""
    file_digest: str = ""
    file_size: int = 0
    blocks: list[Block] = field(default_factory=list)


class _Read(NamedTuple):
    tickets: int
    stake_fen: int
    content: bytes
    leaves: bytes


_Range = tuple[int, int, int]  # first ticket, last ticket, tickets


@contextmanager
def one_moment(snapshot: str = "") -> Iterator[None]:
    """A transaction that reads one moment, however long it takes: its own, or that of another."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if snapshot:
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def write(draw: Draw, target: IO[bytes], tree_file: IO[bytes] | None = None) -> Sold:
    """Write the sealed file of `draw` to `target`, and its tree; inside `one_moment`."""
    sold, tree, digest = Sold(), Builder(tree_file), hashlib.sha256()
    head = canonical.header(draw=draw.code, rule=draw.rule.code, rule_digest=draw.rule.digest)
    _put(head + b"\n", target, digest, sold)
    ranges = _ranges(draw)
    with _reading(draw, ranges) as blocks:
        _count_selections(draw, sold)
        for number, ((first, last, _count), read) in enumerate(zip(ranges, blocks, strict=True)):
            _put(read.content, target, digest, sold)
            root = tree.add(read.leaves)
            sold.blocks.append(
                Block(
                    number=number,
                    first_serial=sold.tickets + 1,
                    tickets=read.tickets,
                    first_ticket=first,
                    last_ticket=last,
                    root=root.hex(),
                )
            )
            sold.tickets += read.tickets
            sold.without_line += read.tickets - len(read.leaves) // HASH
            sold.stake_fen += read.stake_fen
    sold.root, sold.file_digest = tree.finish().hex(), digest.hexdigest()
    return sold


def _put(content: bytes, target: IO[bytes], digest: Any, sold: Sold) -> None:
    target.write(content)
    digest.update(content)
    sold.file_size += len(content)


def _ranges(draw: Draw) -> list[_Range]:
    """The ids between which each block of tickets lies."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id), count(*)
              FROM (SELECT t.id, (row_number() OVER (ORDER BY t.id) - 1) / %s AS block
                      FROM sales_ticket t WHERE t.draw_id = %s) numbered
             GROUP BY block ORDER BY block
            """,
            [BLOCK, draw.pk],
        )
        return [(first, last, count) for first, last, count in cursor.fetchall()]


def _count_selections(draw: Draw, sold: Sold) -> None:
    """The sums by bet type, over every selection of the draw whether it has a ticket or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bet_type, count(*), sum(lines)::bigint, sum(amount)::bigint"
            " FROM sales_selection WHERE draw_id = %s GROUP BY bet_type ORDER BY bet_type",
            [draw.pk],
        )
        for kind, selections, lines, stake in cursor.fetchall():
            sold.by_bet_type[kind] = {"selections": selections, "lines": lines, "stake_fen": stake}
            sold.lines += lines
            sold.picks_fen += stake


@contextmanager
def _reading(draw: Draw, ranges: Sequence[_Range]) -> Iterator[Iterator[_Read]]:
    """The blocks in order; through lanes of their own as soon as there is more than one."""
    if len(ranges) <= 1:
        yield (_block(draw.pk, one) for one in ranges)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    lanes = [_Lane(draw.pk, ranges[lane::LANES], snapshot) for lane in range(LANES)]
    try:
        yield (lanes[number % LANES].next() for number in range(len(ranges)))
    finally:
        for lane in lanes:
            lane.stop()


class _Lane:
    """A connection of its own, in a thread, that reads every second block ahead of its use."""

    def __init__(self, draw_id: int, ranges: Sequence[_Range], snapshot: str) -> None:
        self._given = draw_id, ranges, snapshot
        self._ready: Queue[_Read | BaseException] = Queue(maxsize=_WAITING)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sealing", daemon=True)
        self._thread.start()

    def next(self) -> _Read:
        """The next block of this lane; what went wrong in it goes wrong here."""
        got = self._ready.get()
        if isinstance(got, BaseException):
            raise got
        return got

    def stop(self) -> None:
        """End it, whether all was read or not."""
        self._is_stopped.set()
        while self._thread.is_alive():
            try:
                self._ready.get_nowait()
            except Empty:
                self._thread.join(_PATIENCE)

    def _work(self) -> None:
        draw_id, ranges, snapshot = self._given
        try:
            with one_moment(snapshot):
                for one in ranges:
                    if not self._hand_over(_block(draw_id, one)):
                        return
        except BaseException as exc:  # noqa: BLE001 - raised again where the block is waited for
            self._hand_over(exc)
        finally:
            connection.close()

    def _hand_over(self, read: _Read | BaseException) -> bool:
        while not self._is_stopped.is_set():
            try:
                self._ready.put(read, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False


def _block(draw_id: int, one: _Range) -> _Read:
    first, last, _count = one
    # Django's cursors read text; a block is bytes, and comes as such.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT tickets, stake, content, leaves FROM sales_sealed_block("
            "%s::bigint, %s::bigint, %s::bigint)",
            [draw_id, first, last],
            binary=True,
        )
        ((tickets, stake_fen, content, leaves),) = cursor.fetchall()
    return _Read(tickets, stake_fen, bytes(content or b""), bytes(leaves or b""))
