"""Sealing: what was sold in a draw, frozen into one file under one root, before the numbers fall.

Three doors, each once, each going on where a crash cut it off:

1. `seal`: the tickets are read in one snapshot and written to a file of the canonical format
   (`sales.canonical`), the tree over it beside it. Then one transaction writes statement, blocks
   and our signature, divides the stakes by the rule of the draw and moves the draw on. The file
   has its name only once the statement is being written, and the statement stands once.
2. `countersign`: the independent witness reads the file itself and signs the statement, or refuses.
3. `publish`: with both signatures the seal becomes public; only then are results typed.

The serial of a ticket is the number of its line in the sealed file, from 1, without a gap (F051).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.db.utils import DatabaseError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit import alarms, catalogue, trail, tree, witnesses
from finance import issuer_money, ledger
from finance.ledger import EntryKind, Move
from games import draws, seals
from games.models import Draw, DrawTransition, SealStatement
from games.seal_models import SealPublication, SealSignature
from lottery_portal import jobs
from lottery_portal.lib import manifest
from lottery_portal.lib.db import database_time, door
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.lanes import one_moment
from lottery_portal.lib.sentences import sentence

from . import canonical, quotes, rolling, sealed_export, sealed_tree
from .models import Cancellation, SealBlock, Ticket
from .opening import prizes_of, stakes_of
from .sealed_export import Sold

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

_BUFFER = 1 << 20
_PATIENCE, _PAUSE_SECONDS = 25, 0.2
_SEAL_CHAIN = 2  # added to the gate's number: the lock under which the chain of roots grows


class DrawNotClosed(Refused):
    """Only a closed draw is sealed."""

    code = "draw_not_closed"
    message = _("Draw %(draw)s is not closed.")


class DrawNotSealed(Refused):
    """There is no statement to sign or publish yet."""

    code = "draw_not_sealed"
    message = _("Draw %(draw)s is not sealed.")


class BooksDiffer(Refused):
    """What tickets cost and what lies in the books differ; nothing is sealed until that clears."""

    code = "books_differ"
    message = _(
        "The tickets of draw %(draw)s cost %(tickets_fen)s yuan, the books hold %(books_fen)s yuan."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """That a ticket is in the sealed file: its serial, and the way from its leaf to the root."""

    serial: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


def seal(*, draw: Draw, now: datetime) -> SealStatement:
    """Seal a closed draw, or return the seal it has; a draw without tickets is sealed too.

    Refuses with `BooksDiffer`, and leaves that in the trail, when tickets and books disagree.
    """
    if known := SealStatement.objects.filter(draw_id=draw.pk).first():
        return known
    if not Draw.objects.filter(pk=draw.pk, state=Draw.State.CLOSED).exists():
        raise DrawNotClosed(draw=draw.code)
    directory().mkdir(parents=True, exist_ok=True)
    drafts = _Drafts(file=_new_draft(draw), tree=_new_draft(draw))
    try:
        exported = _export(draw, drafts)
        if exported is None:
            return SealStatement.objects.get(draw_id=draw.pk)
        sold, books_fen = exported
        for counted_fen in (sold.stake_fen, sold.picks_fen):
            if counted_fen != books_fen or sold.without_line:
                _alarm(draw, sold, counted_fen, books_fen, now=now)
                raise BooksDiffer(draw=draw.code, tickets_fen=counted_fen, books_fen=books_fen)
        return _stand(draw, drafts, sold, now=now)
    finally:
        drafts.file.unlink(missing_ok=True)
        drafts.tree.unlink(missing_ok=True)


def countersign(*, draw: Draw, now: datetime) -> SealSignature:
    """The independent signature: the witness reads the sealed file itself, and signs or refuses.

    Raises `witnesses.WitnessUnreachable`, to be tried again, or `witnesses.WitnessRefuses`, which
    raises an alarm: what the witness was told during the sale and what is sealed now differ.
    """
    statement = _statement_of(draw)
    if known := statement.signatures.filter(role=SealSignature.Role.INDEPENDENT).first():
        return known
    try:
        _tell_the_last(draw, now=now)
        signed = witnesses.countersign(statement_text=statement.statement, file=file_of(statement))
    except witnesses.WitnessRefuses as refusal:
        _raise_alarm("sales.seal_refused", draw, {"difference": refusal.difference}, now=now)
        raise
    return seals.record_countersignature(
        statement=statement,
        key=signed.key_id,
        algorithm=signed.algorithm,
        signature=signed.signature,
    )


def _tell_the_last(draw: Draw, *, now: datetime) -> None:
    """The last interval of the draw; the log may have to wait for a transaction that still runs."""
    for _attempt in range(_PATIENCE - 1):
        try:
            rolling.close(draw=draw, now=now)
        except rolling.TicketsNotSequenced:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(%s)", [_PAUSE_SECONDS])
        else:
            return
    rolling.close(draw=draw, now=now)


def publish(*, draw: Draw, now: datetime) -> SealPublication:
    """Make the seal of a draw public; refused before both signatures stand."""
    return seals.publish(statement=_statement_of(draw), now=now)


def complete(*, draw: Draw, now: datetime) -> SealPublication:
    """Seal, countersign and publish: all that lies between the close and the draw.

    A database that is not what was released is an alarm and is sealed none the less: what was sold
    must be fixed above all, and nothing is paid out of it before the database is right again.
    """
    if not is_public(draw):
        try:
            catalogue.check(now=now, occasion="seal")
        except DatabaseError:
            logger.exception("The catalogue cannot be checked before a seal")
    seal(draw=draw, now=now)
    countersign(draw=draw, now=now)
    return publish(draw=draw, now=now)


def is_public(draw: Draw) -> bool:
    """Whether the seal of `draw` is published."""
    return SealPublication.objects.filter(statement__draw_id=draw.pk).exists()


@door
def ask_again(*, draw: Draw, actor: User, now: datetime) -> None:
    """Have a draw that stood still sealed, countersigned and published, by the word of a person."""
    if draw.state not in {Draw.State.CLOSED, Draw.State.SEALED} or is_public(draw):
        raise DrawNotClosed(draw=draw.code)
    trail.record(
        action="sales.seal_asked_again",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
    )
    jobs.enqueue("sales.seal_draw", key=f"seal:{draw.code}:{now:%Y%m%dT%H%M%S}", draw_id=draw.pk)


def recount(draw: Draw) -> Sold:
    """What the rows of `draw` hold now and the root they have, from one snapshot; to compare."""
    with one_moment():
        return sealed_export.count(draw)


def serial_of(ticket: Ticket) -> int | None:
    """The serial of a ticket; None while its draw is not sealed, and if it was taken back."""
    if Cancellation.objects.filter(ticket_id=ticket.pk).exists():
        return None
    block = (
        SealBlock.objects.filter(
            draw_id=ticket.draw_id, first_ticket__lte=ticket.pk, last_ticket__gte=ticket.pk
        )
        .order_by("number")
        .first()
    )
    if block is None:
        return None
    ahead = Ticket.objects.filter(
        draw_id=ticket.draw_id, pk__gte=block.first_ticket, pk__lt=ticket.pk
    ).exclude(pk__in=Cancellation.objects.filter(draw_id=ticket.draw_id).values("ticket_id"))
    return int(block.first_serial + ahead.count())


def proof_of(ticket: Ticket) -> InclusionProof | None:
    """The way from a ticket's leaf to the root of its draw; None while that is not sealed."""
    serial = serial_of(ticket)
    if serial is None:
        return None
    statement = SealStatement.objects.get(draw_id=ticket.draw_id)
    path = tree.inclusion_path(
        index=serial - 1,
        size=statement.tickets,
        levels=sealed_tree.Kept(tree_of(statement), size=statement.tickets),
    )
    return InclusionProof(
        serial=serial,
        size=statement.tickets,
        path=tuple(path),
        root=bytes.fromhex(statement.root),
    )


def check(statement: SealStatement, *, with_rows: bool) -> list[str]:
    """What of a seal no longer fits: its file, its rows, its signatures. Nothing when all does.

    Rows cannot be read between seal and draw (article 22): `with_rows` leaves them out.
    """
    found = [*_check_file(statement), *seals.problems(statement)]
    if with_rows:
        counted = recount(statement.draw)
        if counted.root != statement.root:
            differing = _differing(statement, counted)
            found.append(OTHER_ROWS.of(serials=differing))
        if (counted.tickets, counted.stake_fen) != (statement.tickets, statement.stake):
            found.append(OTHER_SUMS.of(tickets=counted.tickets, stake=counted.stake_fen))
    return found


def _check_file(statement: SealStatement) -> list[str]:
    try:
        with file_of(statement).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return [FILE_UNREADABLE.of()]
    return [] if digest == statement.file_digest else [FILE_CHANGED.of()]


def _differing(statement: SealStatement, counted: Sold) -> str:
    """The stretches of serials whose roots are not those that were sealed."""
    now = {block.first_serial: block.root for block in counted.blocks}
    stretches = [
        f"{block.first_serial}-{block.first_serial + block.tickets - 1}"
        for block in SealBlock.objects.filter(draw_id=statement.draw_id).order_by("number")
        if now.get(block.first_serial) != block.root
    ]
    return ", ".join(stretches) or "beyond the last"


def directory() -> Path:
    """Where sealed files lie."""
    return settings.STATE_DIR / "seals"


def file_of(statement: SealStatement) -> Path:
    """The sealed file of a statement."""
    return directory() / statement.file_name


def tree_of(statement: SealStatement) -> Path:
    """The tree over that file."""
    return file_of(statement).with_suffix(".tree")


def _statement_of(draw: Draw) -> SealStatement:
    found = SealStatement.objects.select_related("draw").filter(draw_id=draw.pk).first()
    if found is None:
        raise DrawNotSealed(draw=draw.code)
    return found


@dataclass(frozen=True)
class _Drafts:
    """File and tree under names that count for nothing."""

    file: Path
    tree: Path


def _new_draft(draw: Draw) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{draw.code}-", suffix=".draft", dir=directory())
    os.close(handle)
    return Path(name)


def _export(draw: Draw, drafts: _Drafts) -> tuple[Sold, int] | None:
    """Write the file from one snapshot; with what went into it, the stakes as the books have them.

    None when another sealed the draw before the snapshot: then its stakes are divided already.
    """
    with one_moment():
        if SealStatement.objects.filter(draw_id=draw.pk).exists():
            return None
        with (
            drafts.file.open("wb", buffering=_BUFFER) as file,
            drafts.tree.open("wb", buffering=_BUFFER) as tree_file,
        ):
            sold = sealed_export.write(draw, file, tree_file)
            for written in (file, tree_file):
                written.flush()
                os.fsync(written.fileno())
        books_fen = ledger.balance(stakes_of(draw))
    return sold, books_fen


@door
def _stand(draw: Draw, drafts: _Drafts, sold: Sold, *, now: datetime) -> SealStatement:
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
    _keep_blocks(draw, sold)
    seals.sign_for_operations(statement)
    _divide(draw, sold.stake_fen)
    if not draws.advance(draw_id=draw.pk, to=Draw.State.SEALED, actor=None, now=now):
        raise DrawNotClosed(draw=draw.code)
    _give_their_names({drafts.tree: tree_of(statement), drafts.file: file_of(statement)})
    statement.refresh_from_db(fields=["sealed_at"])
    return statement


def _keep_blocks(draw: Draw, sold: Sold) -> None:
    SealBlock.objects.bulk_create(
        SealBlock(
            draw=draw,
            number=block.number,
            first_serial=block.first_serial,
            tickets=block.tickets,
            first_ticket=block.first_ticket,
            last_ticket=block.last_ticket,
            root=block.root,
        )
        for block in sold.blocks
    )


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
            "first_serial": 1 if statement.tickets else 0,
            "last_serial": statement.tickets,
            "lines": statement.lines,
            "stake_fen": statement.stake,
            "by_bet_type": statement.by_bet_type,
            "root": statement.root,
            "previous_root": statement.previous_root,
            "file_name": statement.file_name,
            "file_digest": statement.file_digest,
            "file_size": statement.file_size,
            "software_manifest": manifest.of_this_process().digest,
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
    """Divide the stakes as the rule says; what division leaves over goes to the adjustment fund.

    Where the issuer announces the prizes the fund is his, as the pool is.
    """
    shares = quotes.version_of(draw.rule).allocation.split(stake_fen)
    game = draw.game.code
    is_issuers = Draw.objects.filter(pk=draw.pk, mode=Draw.Mode.ANNOUNCED).exists()
    parts = {
        prizes_of(draw): shares.prize_fen,
        issuer_money.account_of(game) if is_issuers else f"fund:{game}": shares.fund_fen,
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


def _give_their_names(names: Mapping[Path, Path]) -> None:
    """The last step before the commit: once its statement stands, a sealed file is not replaced."""
    for draft, final in names.items():
        draft.chmod(0o440)
        draft.replace(final)
    handle = os.open(directory(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _alarm(draw: Draw, sold: Sold, tickets_fen: int, books_fen: int, *, now: datetime) -> None:
    facts = {
        "tickets_fen": tickets_fen,
        "books_fen": books_fen,
        "without_line": sold.without_line,
    }
    logger.error("Tickets and books differ", extra={"draw": draw.code})
    _leave_in_the_trail(draw, facts)
    _raise_alarm("sales.books_differ", draw, facts, now=now)


def _raise_alarm(kind: str, draw: Draw, facts: Mapping[str, Any], *, now: datetime) -> None:
    alarms.raise_alarm(kind=kind, object_type="draw", object_code=draw.code, facts=facts, now=now)


@door
def _leave_in_the_trail(draw: Draw, facts: Mapping[str, Any]) -> None:
    trail.record(
        action="sales.seal_refused",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body=facts,
    )


FILE_UNREADABLE = sentence(gettext_noop("the sealed file cannot be read"))
FILE_CHANGED = sentence(gettext_noop("the sealed file has another digest"))
OTHER_ROWS = sentence(gettext_noop("the rows have another root, in serials %(serials)s"))
OTHER_SUMS = sentence(gettext_noop("the rows hold %(tickets)s tickets for %(stake)s fen"))

alarms.register(kind="sales.books_differ", title=_("Tickets and books differ"))
alarms.register(kind="sales.seal_refused", title=_("The witness does not sign a seal"))
