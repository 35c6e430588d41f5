"""Sealing: what was sold in a draw, frozen into one file under one root, before the numbers fall.

First, outside of any write, the tickets are read in one snapshot and written to a file of the
canonical format (`sales.canonical`). Then one transaction publishes the statement, divides the
stakes by the rule of the draw and moves the draw on. Cut off anywhere, the next call ends the same:
the file has its name only once the statement is being written, and the statement stands once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from audit import trail
from finance import ledger
from finance.ledger import EntryKind, Move
from games import draws
from games.models import Draw, DrawTransition, SealStatement
from lottery_portal.lib.db import database_time, door
from lottery_portal.lib.errors import Refused

from . import canonical, quotes
from .opening import prizes_of, stakes_of

logger = logging.getLogger(__name__)

FETCH = 5_000
_BUFFER = 1 << 20
_SEAL_CHAIN = 2  # added to the gate's number: the lock under which the chain of roots grows


class DrawNotClosed(Refused):
    """Only a closed draw is sealed."""

    code = "draw_not_closed"
    message = _("Draw %(draw)s is not closed.")


class BooksDiffer(Refused):
    """What tickets cost and what lies in the books differ; nothing is sealed until that clears."""

    code = "books_differ"
    message = _(
        "The tickets of draw %(draw)s cost %(tickets_fen)s yuan, the books hold %(books_fen)s yuan."
    )


@dataclass(slots=True)
class Sold:
    """What went into a sealed file."""

    tickets: int = 0
    lines: int = 0
    stake_fen: int = 0
    by_bet_type: dict[str, dict[str, int]] = field(default_factory=dict)
    picks_fen: int = 0
    root: str = ""
    file_digest: str = ""
    file_size: int = 0


def seal(*, draw: Draw, now: datetime) -> SealStatement:
    """Seal a closed draw, or return the seal it has; a draw without tickets is sealed too.

    Refuses with `BooksDiffer`, and leaves that in the trail, when tickets and books disagree.
    """
    if known := SealStatement.objects.filter(draw_id=draw.pk).first():
        return known
    if not Draw.objects.filter(pk=draw.pk, state=Draw.State.CLOSED).exists():
        raise DrawNotClosed(draw=draw.code)
    directory().mkdir(parents=True, exist_ok=True)
    draft = _new_draft(draw)
    try:
        exported = _export(draw, draft)
        if exported is None:
            return SealStatement.objects.get(draw_id=draw.pk)
        sold, books_fen = exported
        for counted_fen in (sold.stake_fen, sold.picks_fen):
            if counted_fen != books_fen:
                _alarm(draw, counted_fen, books_fen)
                raise BooksDiffer(draw=draw.code, tickets_fen=counted_fen, books_fen=books_fen)
        return _publish(draw, draft, sold, now=now)
    finally:
        draft.unlink(missing_ok=True)


def recount(draw: Draw) -> Sold:
    """What the rows of `draw` hold now and the root they have, from one snapshot; to compare."""
    with transaction.atomic(durable=True):
        _look_at_one_moment()
        with Path(os.devnull).open("wb") as nowhere:
            return _write(draw, nowhere)


def _look_at_one_moment() -> None:
    """All that this transaction reads is of one moment, however long it takes."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        # A draw of today has no statistics yet: the planner would take it for a few rows.
        cursor.execute("SET LOCAL enable_nestloop = off")


def directory() -> Path:
    """Where sealed files lie."""
    return settings.STATE_DIR / "seals"


def file_of(statement: SealStatement) -> Path:
    """The sealed file of a statement."""
    return directory() / statement.file_name


def _new_draft(draw: Draw) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{draw.code}-", suffix=".draft", dir=directory())
    os.close(handle)
    return Path(name)


def _export(draw: Draw, draft: Path) -> tuple[Sold, int] | None:
    """Write the file from one snapshot; with what went into it, the stakes as the books have them.

    None when another sealed the draw before the snapshot: then its stakes are divided already.
    """
    with transaction.atomic(durable=True):
        _look_at_one_moment()
        if SealStatement.objects.filter(draw_id=draw.pk).exists():
            return None
        with draft.open("wb", buffering=_BUFFER) as target:
            sold = _write(draw, target)
            target.flush()
            os.fsync(target.fileno())
        books_fen = ledger.balance(stakes_of(draw))
    sold.file_size = draft.stat().st_size
    return sold, books_fen


def _write(draw: Draw, target: IO[bytes]) -> Sold:
    version = quotes.version_of(draw.rule)
    zones = len(version.zones)
    sold, tree, digest = Sold(), canonical.Root(), hashlib.sha256()

    def put(line: bytes) -> None:
        ended = line + b"\n"
        target.write(ended)
        digest.update(ended)

    put(canonical.header(draw=draw.code, rule=draw.rule.code, rule_digest=draw.rule.digest))
    for _ticket, rows in groupby(_rows(draw), key=itemgetter(0)):
        picked = list(rows)
        selections = [_count_in(sold, row, zones) for row in picked]
        _pk, code, owner, price, channel, sold_at, salt = picked[0][:7]
        line = canonical.TicketLine(
            draw=draw.code,
            ticket=code,
            owner=canonical.pseudonym(draw=draw.code, player=owner),
            price_fen=price,
            channel=channel,
            sold_at=sold_at,
            salt=bytes(salt),
            selections=selections,
        ).encode()
        put(line)
        tree.add(canonical.leaf(line))
        sold.tickets += 1
        sold.stake_fen += price
    sold.root, sold.file_digest = tree.digest().hex(), digest.hexdigest()
    return sold


def _count_in(sold: Sold, row: tuple[Any, ...], zones: int) -> str:
    """Add one selection to the sums; its canonical text."""
    kind, lines, times, quick, amount, *masks = row[7:]
    counted = sold.by_bet_type.setdefault(kind, {"selections": 0, "lines": 0, "stake_fen": 0})
    counted["selections"] += 1
    counted["lines"] += lines
    counted["stake_fen"] += amount
    sold.lines += lines
    sold.picks_fen += amount
    return canonical.selection_text(
        bet_type=kind, masks=masks, zones=zones, multiplier=times, is_quick_pick=quick
    )


def _rows(draw: Draw) -> Iterator[tuple[Any, ...]]:
    """Every selection of the draw with its ticket, tickets ascending, a few thousand at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.code, p.code, t.price, t.channel, t.sold_at, t.salt,
                   s.bet_type, s.lines, s.multiplier, s.is_quick_pick, s.amount,
                   s.mask_1, s.mask_2, s.mask_3, s.mask_4
              FROM sales_ticket t
              JOIN accounts_player p ON p.id = t.owner_id
              JOIN sales_selection s ON s.draw_id = %s AND s.ticket_id = t.id
             WHERE t.draw_id = %s
             ORDER BY t.id, s.position
            """,
            [draw.pk, draw.pk],
        )
        while rows := cursor.fetchmany(FETCH):
            yield from rows


@door
def _publish(draw: Draw, draft: Path, sold: Sold, *, now: datetime) -> SealStatement:
    draws.hold_gate(draw.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(draw_gate() + %s, %s::integer)",
            [_SEAL_CHAIN, draw.game_id],
        )
    if known := SealStatement.objects.filter(draw_id=draw.pk).first():
        return known
    statement = _statement(draw, sold)
    statement.save(force_insert=True)
    _divide(draw, sold.stake_fen)
    if not draws.advance(draw_id=draw.pk, to=Draw.State.SEALED, actor=None, now=now):
        raise DrawNotClosed(draw=draw.code)
    _give_its_name(draft, file_of(statement))
    statement.refresh_from_db(fields=["sealed_at"])
    return statement


def _statement(draw: Draw, sold: Sold) -> SealStatement:
    previous = (
        SealStatement.objects.filter(draw__game_id=draw.game_id).order_by("-sealed_at").first()
    )
    closed_at = DrawTransition.objects.get(draw_id=draw.pk, to_state=Draw.State.CLOSED).at
    statement = SealStatement(
        draw=draw,
        format_version=canonical.FORMAT_VERSION,
        root=sold.root,
        previous_root=previous.root if previous else "",
        rule_digest=draw.rule.digest,
        tickets=sold.tickets,
        lines=sold.lines,
        stake=sold.stake_fen,
        by_bet_type=sold.by_bet_type,
        file_name=f"{draw.code}.seal",
        file_digest=sold.file_digest,
        file_size=sold.file_size,
        closed_at=closed_at,
        sealed_at=database_time(),
    )
    statement.statement = text_of(statement, draw=draw)
    return statement


def text_of(statement: SealStatement, *, draw: Draw) -> str:
    """The statement as canonical JSON: keys sorted, no spaces, UTC times to the microsecond."""
    return json.dumps(
        {
            "format": f"seal-statement/{statement.format_version}",
            "draw": draw.code,
            "issue": draw.issue,
            "rule": draw.rule.code,
            "rule_digest": statement.rule_digest,
            "tickets": statement.tickets,
            "lines": statement.lines,
            "stake_fen": statement.stake,
            "by_bet_type": statement.by_bet_type,
            "root": statement.root,
            "previous_root": statement.previous_root,
            "file_name": statement.file_name,
            "file_digest": statement.file_digest,
            "file_size": statement.file_size,
            "closes_at": _moment(draw.closes_at),
            "closed_at": _moment(statement.closed_at),
            "sealed_at": _moment(statement.sealed_at),
            "is_shadow": draw.is_shadow,
        },
        sort_keys=True,
        ensure_ascii=True,
        separators=(",", ":"),
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _divide(draw: Draw, stake_fen: int) -> None:
    """Divide the stakes as the rule says; what division leaves over goes to the adjustment fund."""
    shares = quotes.version_of(draw.rule).allocation.split(stake_fen)
    game = draw.game.code
    parts = {
        prizes_of(draw): shares.prize_fen,
        f"fund:{game}": shares.fund_fen,
        f"fee:{game}": shares.fee_fen,
        f"welfare:{game}": shares.welfare_fen,
    }
    moves = [
        Move(source=stakes_of(draw), target=target, amount=amount)
        for target, amount in parts.items()
        if amount
    ]
    if moves:
        ledger.post(reference=f"allocation:{draw.code}", moves=moves, kind=EntryKind.ALLOCATION)


def _give_its_name(draft: Path, final: Path) -> None:
    """The last step before the commit: once its statement stands, a sealed file is not replaced."""
    draft.chmod(0o440)
    draft.replace(final)
    handle = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _alarm(draw: Draw, tickets_fen: int, books_fen: int) -> None:
    logger.error("Tickets and books differ", extra={"draw": draw.code})
    _leave_in_the_trail(draw, tickets_fen, books_fen)


@door
def _leave_in_the_trail(draw: Draw, tickets_fen: int, books_fen: int) -> None:
    trail.record(
        action="sales.seal_refused",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={"tickets_fen": tickets_fen, "books_fen": books_fen},
    )
