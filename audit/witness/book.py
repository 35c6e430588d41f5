"""What the witness knows: a file that only grows, one line a fact, each naming the line before.

`witness.jsonl` is written and flushed to the disk before an answer leaves. `leaves/<draw>` has the
ticket leaves of a draw, 32 bytes each, in the order in which they were told, `cancelled/<draw>`
those of tickets that were taken back. `state.json` is only a
bookmark: where reading may begin after a restart. All of it lies in the witness's own directory.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .merkle import Growing

ALGORITHM = "Ed25519"
HASH = 32
BOOKMARK_EVERY = 1000
_DRAW = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DRAW_LIMIT = 32
_FIRST = "0" * 64


class Refusal(Exception):
    """What was asked is not signed; the facts say why."""

    def __init__(self, difference: str, **facts: Any) -> None:
        super().__init__(difference)
        self.facts = {"difference": difference, **facts}


class BookDamaged(Exception):
    """The witness's own file is not as the witness wrote it."""


class KeyUnknown(Exception):
    """Nobody said by which key a log signs, or it is said otherwise than before."""


@dataclass
class Log:
    """The last checkpoint of one log."""

    size: int
    root: str
    note: str = ""


@dataclass
class Sales:
    """What was told of one draw."""

    number: int = 0
    log_size: int = 0
    tickets: int = 0
    stake_fen: int = 0
    cancelled: int = 0
    returned_fen: int = 0
    closed: bool = False
    last: dict[str, Any] = field(default_factory=dict)


@dataclass
class Seals:
    """What was signed of one game: the last root, and every statement by its draw."""

    root: str = ""
    signed: dict[str, str] = field(default_factory=dict)  # draw: SHA-256 of the statement


def is_draw(code: Any) -> bool:
    """Whether this may be the code of a draw (it names a file)."""
    return isinstance(code, str) and len(code) <= _DRAW_LIMIT and bool(_DRAW.fullmatch(code))


def _fact(line: bytes, at: int) -> dict[str, Any]:
    try:
        fact = json.loads(line)
    except ValueError:
        fact = None
    if not isinstance(fact, dict):
        raise BookDamaged(f"the line at byte {at} is none of ours")
    return fact


class Book:
    """The witness's memory and its key. One process at a time has it."""

    def __init__(self, directory: Path) -> None:
        self.lock = RLock()
        self.directory = directory
        self._leaves = directory / "leaves"
        self._cancelled = directory / "cancelled"
        for folder in (self._leaves, self._cancelled):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._alone = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._alone)
            raise BookDamaged("another witness has this directory") from exc
        self.key = self._own_key()
        self.public = self.key.public_key().public_bytes_raw()
        self.key_id = f"independent-{hashlib.sha256(self.public).hexdigest()[:8]}"
        self.name = f"witness/{self.key_id}"
        self.logs: dict[str, Log] = {}
        self.pins: dict[str, str] = {}  # log: its public key, as the witness's operator said
        self.sales: dict[str, Sales] = {}
        self.seals: dict[str, Seals] = {}
        self._trees: dict[str, Growing] = {}
        self._last, self._offset, self._since_bookmark = _FIRST, 0, 0
        path = directory / "witness.jsonl"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._remember(path)
        except BookDamaged:
            self._let_go()
            raise

    def _own_key(self) -> Ed25519PrivateKey:
        path = self.directory / "key"
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
                file.flush()
                os.fsync(file.fileno())
        seed = base64.b64decode(path.read_text(encoding="utf-8").strip())
        return Ed25519PrivateKey.from_private_bytes(seed)

    # Reading what was written before.

    def _remember(self, path: Path) -> None:
        self._go_to_bookmark()
        with path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):  # killed while writing: nobody was answered
                    os.truncate(path, self._offset)
                    break
                fact = _fact(line, self._offset)
                if fact.get("before") != self._last:
                    raise BookDamaged(f"a line at byte {self._offset} does not follow the last")
                self._learn(fact)
                self._last = hashlib.sha256(line).hexdigest()
                self._offset += len(line)
        for draw, sales in self.sales.items():
            self._cut(self._leaves / draw, sales.tickets)
            self._cut(self._cancelled / draw, sales.cancelled)
        for left in (*self._leaves.iterdir(), *self._cancelled.iterdir()):
            if left.name not in self.sales:
                left.unlink()

    def _go_to_bookmark(self) -> None:
        """Spare reading what the bookmark knows; one that says nothing usable spares nothing."""
        try:
            kept = json.loads((self.directory / "state.json").read_text(encoding="utf-8"))
            logs = {name: Log(**one) for name, one in kept["logs"].items()}
            sales = {draw: Sales(**one) for draw, one in kept["sales"].items()}
            seals = {game: Seals(**one) for game, one in kept["seals"].items()}
            offset, last, pins = int(kept["offset"]), str(kept["last"]), dict(kept["pins"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return
        self._offset, self._last, self.pins = offset, last, pins
        self.logs, self.sales, self.seals = logs, sales, seals

    def _bookmark(self) -> None:
        kept = {
            "offset": self._offset,
            "last": self._last,
            "logs": {name: vars(one) for name, one in self.logs.items()},
            "pins": self.pins,
            "sales": {draw: vars(one) for draw, one in self.sales.items()},
            "seals": {game: vars(one) for game, one in self.seals.items()},
        }
        fresh = self.directory / ".state.json"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.directory / "state.json")
        self._since_bookmark = 0

    # Writing.

    def write(self, what: str, **facts: Any) -> None:
        """Add a fact, on the disk before this returns."""
        with self.lock:
            fact = {"what": what, "before": self._last, **facts}
            line = json.dumps(fact, sort_keys=True).encode() + b"\n"
            self._append(line)
            self._learn(fact)
            self._last = hashlib.sha256(line).hexdigest()
            self._offset += len(line)
            self._since_bookmark += 1
            if self._since_bookmark >= BOOKMARK_EVERY:
                self._bookmark()

    def _append(self, line: bytes) -> None:
        """The whole line on the disk, or nothing of it: a full disk first takes a part."""
        try:
            left = line
            while left:  # what is too much for the disk is refused when the rest is written
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._offset)
            raise

    def _learn(self, fact: dict[str, Any]) -> None:
        match fact["what"]:
            case "checkpoint":
                self.logs[fact["origin"]] = Log(fact["size"], fact["root"], fact["note"])
                self.pins.setdefault(fact["origin"], fact["public"])
            case "pin":
                self.pins[fact["origin"]] = fact["public"]
            case "interval":
                self.sales[fact["draw"]] = Sales(
                    number=fact["number"],
                    log_size=fact["log_size"],
                    tickets=fact["tickets"],
                    stake_fen=fact["stake_fen"],
                    cancelled=fact["cancelled"],
                    returned_fen=fact["returned_fen"],
                    closed=fact["closing"],
                    last={name: fact[name] for name in ("asked", "text", "root", "signature")},
                )
            case "seal":
                game = self.seals.setdefault(fact["game"], Seals())
                game.root = fact["root"]
                game.signed[fact["draw"]] = fact["statement_digest"]

    def pin(self, origin: str, public: str, *, may_change: bool = False) -> None:
        """Know a log by this key from now on; another key than before is the operator's word."""
        with self.lock:
            known = self.pins.get(origin)
            if known == public:
                return
            if known is not None and not may_change:
                raise KeyUnknown(f"{origin} is known by the key {known}, not by {public}")
            self.write("pin", origin=origin, public=public, before_it=known or "")

    # The leaves of a draw.

    def add_leaves(self, draw: str, leaves: bytes, cancelled: bytes = b"") -> None:
        """Append leaves, on the disk before this returns; they count with the interval's line."""
        known = self.sales.get(draw, Sales())
        self._append_to(self._leaves / draw, known.tickets, leaves)
        self._append_to(self._cancelled / draw, known.cancelled, cancelled)

    def _append_to(self, path: Path, known: int, leaves: bytes) -> None:
        self._cut(path, known)
        if not leaves:
            return
        with path.open("ab") as file:
            file.write(leaves)
            file.flush()
            os.fsync(file.fileno())

    def leaves_of(self, draw: str) -> bytes:
        """Every leaf that was told of a draw, one after the other."""
        return self._read(self._leaves / draw)

    def cancelled_of(self, draw: str) -> bytes:
        """The leaves of the tickets that were taken back."""
        return self._read(self._cancelled / draw)

    def _read(self, path: Path) -> bytes:
        return path.read_bytes() if path.exists() else b""

    def tree_of(self, draw: str) -> Growing:
        """The tree over the leaves that were told; only the draw being sold is kept at hand."""
        tree = self._trees.get(draw)
        told = self.sales[draw].tickets if draw in self.sales else 0
        if tree is None or tree.size != told:
            if len(self._trees) > 16:  # noqa: PLR2004 - draws on sale at one time
                self._trees.clear()
            tree = self._trees[draw] = Growing()
            leaves = self.leaves_of(draw)[: told * HASH]
            tree.add_many([leaves[at : at + HASH] for at in range(0, len(leaves), HASH)])
        return tree

    def forget_tree(self, draw: str) -> None:
        """Compute the tree anew when it is next asked for."""
        self._trees.pop(draw, None)

    def _cut(self, path: Path, tickets: int) -> None:
        size = path.stat().st_size if path.exists() else 0
        if size < tickets * HASH:
            raise BookDamaged(f"leaves of draw {path.name} are missing")
        if size > tickets * HASH:
            os.truncate(path, tickets * HASH)

    def sign(self, message: bytes) -> str:
        """Our signature, in base64."""
        return base64.b64encode(self.key.sign(message)).decode()

    def close(self) -> None:
        """Leave a bookmark and let another have the directory."""
        with self.lock:
            self._bookmark()
            self._let_go()

    def _let_go(self) -> None:
        os.close(self._file)
        os.close(self._alone)
