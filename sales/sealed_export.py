"""Reading the tickets of a draw in their sealed form, fast, from one moment and in small memory.

PostgreSQL writes the lines and hashes the leaves (`sales_sealed_block`), a block of 16,384 tickets
at a time. A draw of more than one block is read through two connections that share one snapshot
(`lanes`); here the blocks are put in order, written, and the nodes of the tree above them hashed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import IO, NamedTuple

import psycopg
from django.db import connection
from django.db.models import Max, Min

from games.models import Draw
from lottery_portal.lib.lanes import alongside, read_ahead

from . import canonical
from .models import SealBlock, Ticket
from .sealed_tree import BLOCK, HASH, Builder


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


_Range = tuple[int, int]  # first ticket, last ticket


def write(draw: Draw, target: IO[bytes], tree_file: IO[bytes]) -> Sold:
    """Write the sealed file of `draw` to `target`, and its tree; inside `one_moment`."""
    file = _File(target)
    head = canonical.header(draw=draw.code, rule=draw.rule.code, rule_digest=draw.rule.digest)
    file.put(head + b"\n")
    sold = _read_all(draw, _ranges(draw), Builder(tree_file), file)
    sold.file_digest, sold.file_size = file.digest.hexdigest(), file.size
    return sold


def count(draw: Draw) -> Sold:
    """What would go into the file, but for the file itself; inside `one_moment`.

    A sealed draw is read in the blocks of its file, and no id lies between them or beyond: with a
    ticket more or less in any block the root is another one.
    """
    return _read_all(draw, _sealed_ranges(draw) or _ranges(draw), Builder(), None)


class _File:
    """The sealed file as it is written, with its digest."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.size, self.digest = 0, hashlib.sha256()

    def put(self, content: bytes) -> None:
        self._target.write(content)
        self.digest.update(content)
        self.size += len(content)


def _read_all(draw: Draw, ranges: list[_Range], tree: Builder, file: _File | None) -> Sold:
    sold = Sold()
    with (
        alongside(partial(_selections, draw), is_much=len(ranges) > 1) as selections,
        read_ahead(ranges, partial(_block, draw.pk, with_content=file is not None)) as blocks,
    ):
        for number, ((first, last), read) in enumerate(zip(ranges, blocks, strict=True)):
            if file is not None:
                file.put(read.content)
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
        for kind, count, lines, stake in selections():
            sold.by_bet_type[kind] = {"selections": count, "lines": lines, "stake_fen": stake}
            sold.lines += lines
            sold.picks_fen += stake
    sold.root = tree.finish().hex()
    return sold


def _ranges(draw: Draw) -> list[_Range]:
    """The ids between which each block of tickets lies."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id)
              FROM (SELECT t.id, (row_number() OVER (ORDER BY t.id) - 1) / %(size)s AS block
                      FROM sales_ticket t WHERE t.draw_id = %(draw)s AND t.id <> ALL (ARRAY(
                       SELECT c.ticket_id FROM sales_cancellation c
                        WHERE c.draw_id = %(draw)s))) numbered
             GROUP BY block ORDER BY block
            """,
            {"size": BLOCK, "draw": draw.pk},
        )
        return [(first, last) for first, last in cursor.fetchall()]


def _sealed_ranges(draw: Draw) -> list[_Range]:
    """The blocks of a sealed draw, each from the end of the one before, over all its tickets."""
    blocks = SealBlock.objects.filter(draw_id=draw.pk).order_by("number")
    ends = list(blocks.values_list("last_ticket", flat=True))
    if not ends:
        return []
    sold = Ticket.objects.filter(draw_id=draw.pk).aggregate(first=Min("pk"), last=Max("pk"))
    ends[-1] = max(ends[-1], sold["last"] or 0)
    starts = [sold["first"] or ends[0], *(last + 1 for last in ends[:-1])]
    return list(zip(starts, ends, strict=True))


def _selections(draw: Draw) -> list[tuple[str, int, int, int]]:
    """The sums by bet type, over every selection of the draw whether it has a ticket or not.

    Those of tickets that were taken back are not in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bet_type, count(*), sum(lines)::bigint, sum(amount)::bigint"
            " FROM sales_selection s WHERE draw_id = %(draw)s AND ticket_id <> ALL (ARRAY("
            " SELECT c.ticket_id FROM sales_cancellation c WHERE c.draw_id = %(draw)s))"
            " GROUP BY bet_type ORDER BY bet_type",
            {"draw": draw.pk},
        )
        return list(cursor.fetchall())


def _block(draw_id: int, one: _Range, *, with_content: bool) -> _Read:
    first, last = one
    # Django's cursors read text; a block is bytes, and comes as such.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT tickets, stake, content, leaves FROM sales_sealed_block("
            "%s::bigint, %s::bigint, %s::bigint, %s::boolean)",
            [draw_id, first, last, with_content],
            binary=True,
        )
        ((tickets, stake_fen, content, leaves),) = cursor.fetchall()
    return _Read(tickets, stake_fen, bytes(content or b""), bytes(leaves or b""))
