"""What the witness signs, and what it refuses; every refusal is kept with its evidence.

A checkpoint is cosigned when the log's own key signed it and a proof shows that the log only grew.
There is one log: who could begin another, under another name, would have two histories signed.
An interval of sales is signed when it follows the last without a gap. A seal is signed when the
sealed file is what its statement says, line by line, and its tickets are exactly those that were
told while they were sold, but for those that were told to be taken back.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

from . import notes
from .book import ALGORITHM, HASH, Book, Log, Refusal, Sales, is_draw
from .merkle import Growing, grew

NAMED = 10
LEAVES_AT_ONCE = 65_536
_LINE_LIMIT = 1 << 20
_STAKE_FIELD = 4


class Malformed(Exception):
    """The request is no request of this protocol."""


def key(book: Book) -> dict[str, Any]:
    """Our public key and its names."""
    return {
        "name": book.name,
        "key_id": book.key_id,
        "algorithm": ALGORITHM,
        "public_key": base64.b64encode(book.public).decode(),
    }


def checkpoint(book: Book, asked: dict[str, Any]) -> dict[str, Any]:
    """Cosign a checkpoint that continues the one we know, or refuse and keep the evidence."""
    try:
        note = notes.read(asked["checkpoint"])
        proof = [_raw(one) for one in asked["proof"]]
        old_size = int(asked["old_size"])
    except (notes.Unreadable, KeyError, TypeError, ValueError) as exc:
        raise Malformed(str(exc)) from exc
    with book.lock:
        known = _known(book, note, asked)
        pinned = book.pins.get(note.origin)
        if pinned is None:
            _refuse(book, "nobody said by which key this log signs", asked, known)
        elif not notes.is_signed(note, public=_raw(pinned)):
            _refuse(book, "not signed by the key of this log", asked, known)
        if known is not None:
            if difference := _contradicts(note, known):
                _refuse(book, difference, asked, known)
            if old_size != known.size:
                raise Refusal("the proof begins elsewhere", size=known.size)
            if not grew(
                old=known.size,
                old_root=bytes.fromhex(known.root),
                new=note.size,
                new_root=note.root,
                proof=proof,
            ):
                _refuse(book, "the log did not only grow", asked, known)
        elif old_size != 0:
            raise Refusal("the proof begins elsewhere", size=0)
        line = notes.cosign(note, name=book.name, key=book.key, second=int(time.time()))
        if known is None or note.size > known.size:
            book.write(
                "checkpoint",
                origin=note.origin,
                public=pinned,
                size=note.size,
                root=note.root.hex(),
                note=asked["checkpoint"],
                cosignature=line,
            )
    return {"cosignature": line}


def _contradicts(note: notes.Note, known: Log) -> str:
    """What of the checkpoint cannot be true beside the one we know; "" if nothing."""
    if note.size < known.size:
        return "the log went back"
    if note.size > known.size:
        return ""
    if note.root.hex() != known.root:
        return "another log of the same size"
    if known.note and note.text != notes.read(known.note).text:
        return "another checkpoint of the same size"
    return ""


def _known(book: Book, note: notes.Note, asked: dict[str, Any]) -> Log | None:
    """What we know of this log; None before the first checkpoint of the one log there is."""
    known = book.logs.get(note.origin)
    if known is None and book.logs:
        _refuse(book, "another log is known", asked, next(iter(book.logs.values())))
    return known


def _refuse(book: Book, difference: str, asked: dict[str, Any], known: Any) -> None:
    """Keep what was shown to us beside what we knew, and refuse."""
    book.write(
        "refused",
        difference=difference,
        shown=str(asked["checkpoint"])[: notes.LIMIT],
        known=known.note if known else "",
        second=int(time.time()),
    )
    facts = {"size": known.size, "known": known.note} if known else {}
    raise Refusal(difference, **facts)


def interval(book: Book, asked: dict[str, Any]) -> dict[str, Any]:
    """Take down the leaves sold since the last interval of a draw; sign what was sold so far."""
    try:
        draw, number = asked["draw"], int(asked["number"])
        log_size, tickets = int(asked["log_size"]), int(asked["tickets"])
        stake_fen, closing = int(asked["stake_fen"]), bool(asked["closing"])
        returned_fen = int(asked["returned_fen"])
        leaves, cancelled = _raw(asked["leaves"]), _raw(asked["cancelled"])
    except (KeyError, TypeError, ValueError) as exc:
        raise Malformed(str(exc)) from exc
    if not is_draw(draw) or any(
        len(one) % HASH or len(one) > LEAVES_AT_ONCE * HASH for one in (leaves, cancelled)
    ):
        raise Malformed("no draw, or no leaves")
    told_so = f"{draw} {number} {log_size} {tickets} {stake_fen} {returned_fen} {closing} "
    fingerprint = hashlib.sha256(
        told_so.encode() + hashlib.sha256(cancelled).digest() + leaves
    ).hexdigest()
    with book.lock:
        known = book.sales.get(draw, Sales())
        if number == known.number and known.last.get("asked") == fingerprint:
            return _signed_interval(book, known.last)
        _must_follow(known, number=number, log_size=log_size, stake_fen=stake_fen)
        told = known.tickets + len(leaves) // HASH
        if tickets != told:
            raise Refusal("the count of tickets does not follow", told=told)
        taken_back = known.cancelled + len(cancelled) // HASH
        if taken_back > told or not known.returned_fen <= returned_fen <= stake_fen:
            raise Refusal("more is taken back than was sold", told=told)
        tree = book.tree_of(draw)
        book.add_leaves(draw, leaves, cancelled)
        tree.add_many([leaves[at : at + HASH] for at in range(0, len(leaves), HASH)])
        root = tree.root().hex()
        text = interval_text(
            draw=draw,
            number=number,
            log_size=log_size,
            tickets=tickets,
            stake_fen=stake_fen,
            cancelled=taken_back,
            returned_fen=returned_fen,
            root=root,
            closing=closing,
        )
        try:
            book.write(
                "interval",
                draw=draw,
                number=number,
                log_size=log_size,
                tickets=tickets,
                stake_fen=stake_fen,
                cancelled=taken_back,
                returned_fen=returned_fen,
                closing=closing,
                asked=fingerprint,
                root=root,
                text=text,
                signature=book.sign(text.encode()),
            )
        except OSError:
            book.forget_tree(draw)
            raise
        return _signed_interval(book, book.sales[draw].last)


def _must_follow(known: Sales, *, number: int, log_size: int, stake_fen: int) -> None:
    if known.closed:
        raise Refusal("the draw is closed", number=known.number)
    if number != known.number + 1:
        raise Refusal("an interval is missing or was told before", number=known.number)
    if log_size < known.log_size:
        raise Refusal("the log went back", log_size=known.log_size)
    if stake_fen < known.stake_fen:
        raise Refusal("the stake went back", stake_fen=known.stake_fen)


def interval_text(
    *,
    draw: str,
    number: int,
    log_size: int,
    tickets: int,
    stake_fen: int,
    cancelled: int,
    returned_fen: int,
    root: str,
    closing: bool,
) -> str:
    """What the witness signs of an interval: totals of what was sold and of what was taken back."""
    last = "closing" if closing else "selling"
    told = (draw, number, log_size, tickets, stake_fen, cancelled, returned_fen, root, last)
    return "\n".join(("interval/1", *map(str, told), ""))


def _signed_interval(book: Book, last: dict[str, Any]) -> dict[str, Any]:
    return {
        "key_id": book.key_id,
        "algorithm": ALGORITHM,
        "text": last["text"],
        "root": last["root"],
        "signature": last["signature"],
    }


def seal(book: Book, head: dict[str, Any], body: Iterator[bytes]) -> dict[str, Any]:
    """Sign a statement whose sealed file holds exactly the tickets that were told."""
    try:
        text = head["statement"]
        said = json.loads(text)
        draw = said["draw"]
        game = draw.rpartition("-")[0]
    except (KeyError, TypeError, ValueError) as exc:
        raise Malformed(str(exc)) from exc
    if not is_draw(draw) or not game:
        raise Malformed("no draw")
    digest = hashlib.sha256(text.encode()).hexdigest()
    with book.lock:
        sales = book.sales.get(draw)
        if sales is None or not sales.closed:
            raise Refusal("the sales of this draw were not closed with us")
        told = book.leaves_of(draw)[: sales.tickets * HASH]
        cancelled = book.cancelled_of(draw)[: sales.cancelled * HASH]
    found = _Reading(draw, told, cancelled)
    found.read(body)
    with book.lock:
        signed = book.seals.get(game)
        if signed is not None and draw in signed.signed:
            if signed.signed[draw] != digest:
                book.write("refused", difference="another statement", shown=text[:_LINE_LIMIT])
                raise Refusal("another statement of this draw was signed")
        else:
            differences = found.compared(said, sales)
            if signed is not None and said.get("previous_root", "") != signed.root:
                differences.append("previous_root is not the root we signed last")
            if differences:
                facts = {"tickets": found.unknown, "missing": found.missing}
                book.write("refused", difference="; ".join(differences), statement=text, **facts)
                raise Refusal("; ".join(differences), **facts)
            book.write(
                "seal",
                draw=draw,
                game=game,
                root=said["root"],
                statement_digest=digest,
                statement=text,
            )
    signature = book.sign(text.encode())
    return {"key_id": book.key_id, "algorithm": ALGORITHM, "signature": signature}


class _Reading:
    """One pass over a sealed file: what it is, and what of it nobody told us."""

    def __init__(self, draw: str, told: bytes, cancelled: bytes) -> None:
        self._told = {told[at : at + HASH] for at in range(0, len(told), HASH)}
        taken_back = {cancelled[at : at + HASH] for at in range(0, len(cancelled), HASH)}
        self._never_told = len(taken_back - self._told) + len(cancelled) // HASH - len(taken_back)
        self._told -= taken_back
        self._draw = f"1\t{draw}\t".encode()
        self._head = f"sealed-file\t1\t{draw}\t".encode()
        self._tree = Growing()
        self.header = b""
        self.digest, self.size = hashlib.sha256(), 0
        self.tickets, self.stake_fen = 0, 0
        self.unknown: list[str] = []
        self.unknown_count, self.foreign = 0, 0

    @property
    def missing(self) -> int:
        """How many tickets were told that the file does not have."""
        return len(self._told)

    def read(self, body: Iterator[bytes]) -> None:
        """Read the file; lines may be cut anywhere between two pieces."""
        rest, is_first = b"", True
        for piece in body:
            self.digest.update(piece)
            self.size += len(piece)
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            if is_first and lines:
                self.header, is_first = lines.pop(0), False
            if len(rest) > _LINE_LIMIT:
                raise Malformed("a line has no end")
            self._take(lines)
        if rest or is_first:
            raise Malformed("the file does not end with a line")

    def _take(self, lines: list[bytes]) -> None:
        sha256, told = hashlib.sha256, self._told
        leaves = [sha256(b"\x00" + line).digest() for line in lines]
        self._tree.add_many(leaves)
        self.tickets += len(lines)
        draw = self._draw
        try:
            stake = 0
            for line, leaf in zip(lines, leaves, strict=True):
                stake += int(line.split(b"\t", 5)[_STAKE_FIELD])
                if leaf in told:
                    told.remove(leaf)
                else:
                    self._name(line)
                if not line.startswith(draw):
                    self.foreign += 1
        except (IndexError, ValueError) as exc:
            raise Malformed("a line cannot be read") from exc
        self.stake_fen += stake

    def _name(self, line: bytes) -> None:
        self.unknown_count += 1
        if len(self.unknown) < NAMED:
            self.unknown.append(line.split(b"\t", 3)[2].decode("utf-8", "replace")[:40])

    def compared(self, said: dict[str, Any], sales: Sales) -> list[str]:
        """What differs between file, statement and what was told; nothing if all is well."""
        found = []
        for name, counted in (
            ("tickets", self.tickets),
            ("stake_fen", self.stake_fen),
            ("root", self._tree.root().hex()),
            ("file_digest", self.digest.hexdigest()),
            ("file_size", self.size),
        ):
            if said.get(name) != counted:
                found.append(f"{name} is {counted}")
        rule = f"{said.get('rule', '')}\t{said.get('rule_digest', '')}".encode()
        if self.header != self._head + rule:
            found.append("the header names another draw or rule sheet")
        if self.foreign:
            found.append(f"{self.foreign} lines are of another draw")
        if self.unknown_count:
            named = ", ".join(self.unknown)
            found.append(f"{self.unknown_count} tickets were not told while sold: {named}")
        if self.missing:
            found.append(f"{self.missing} tickets that were told are missing")
        if self._never_told:
            found.append(f"{self._never_told} tickets were taken back that were not told before")
        stake_fen = sales.stake_fen - sales.returned_fen
        if stake_fen != self.stake_fen:
            found.append(f"the stake that was told is {stake_fen}")
        return found


def _raw(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError) as exc:
        raise ValueError("this is no base64") from exc
