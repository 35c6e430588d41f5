"""The commands of the verifier; `verify.py kit.zip` is short for `verify.py kit kit.zip`.

    kit      everything in a regulator's kit
    count    engine two: sealed file, rule sheet and input in, result file out
    seal     a sealed file against its statement, and the two signatures under that
    log      checkpoints of the audit log, and that it only grew
    proof    that a player's ticket is in the sealed file: the proof as JSON, or its saved page
    receipt  a player's receipt

A line for every check that passed, `NOTE:` where a check could not be made, then `PASS` (exit 0) or
`FAIL:` and exactly what failed (exit 1). The `PASS` of a proof or a receipt says what was proved,
and without the published keys what was not. `count` writes a file instead, and answers 0, or 2 with
one line of reason. No network is used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from .counting import settle
from .keys import Keyring, compared, read_keys
from .kit import check_kit
from .lines import Reader
from .logs import check_checkpoint, check_growth, check_leaves
from .notes import Checkpoint
from .proofs import Checked, check_receipt, check_ticket_proof, read_path
from .sealedfile import read_tickets
from .seals import check_seal_signatures, check_sealed_file, check_sheet, read_statement
from .sheet import read_input, read_sheet
from .strict import MOST_JSON_BYTES, Wrong, read_json, shown

COMMANDS = ("kit", "count", "seal", "log", "proof", "receipt")
PASS, FAIL, NOT_COUNTED = 0, 1, 2

_BUFFER = 1 << 20
_MOST_SHOWN = 2_000


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    given = list(arguments)
    if given and given[0] not in COMMANDS and not given[0].startswith("-"):
        given.insert(0, "kit")
    options = _parser().parse_args(given)
    is_count = options.command == "count"
    try:
        proved = _RUN[options.command](options)
    except Wrong as exc:
        return _failed(str(exc), is_count=is_count)
    except OSError as exc:
        name = exc.filename if isinstance(exc.filename, str) else "a file"
        return _failed(f"{shown(name)}: {exc.strerror or 'unreadable'}", is_count=is_count)
    except Exception as exc:  # noqa: BLE001  whatever a stranger sends, the answer is a sentence
        told = f"it could not be read to the end ({type(exc).__name__})"
        return _failed(told, is_count=is_count)
    if not is_count:
        _say(f"PASS: {proved}" if proved else "PASS")
    return PASS


def _failed(sentence: str, *, is_count: bool) -> int:
    line = " ".join(sentence.split())
    if is_count:
        sys.stderr.write(f"{shown(line, most=_MOST_SHOWN)}\n")
        return NOT_COUNTED
    _say(f"FAIL: {line}")
    return FAIL


def _say(line: str) -> None:
    """One line, whatever is in it: nothing that was read may move the pen on the screen."""
    sys.stdout.write(f"{shown(line, most=_MOST_SHOWN)}\n")


def _found(line: str) -> None:
    _say(line if line.startswith("NOTE") else f"ok    {line}")


def _kit(options: argparse.Namespace) -> None:
    with _opened(options.file) as file:
        check_kit(
            file,
            published=_published(options),
            fingerprints=options.fingerprint,
            say=_found,
        )


def _count(options: argparse.Namespace) -> None:
    sheet = read_sheet(_small(options.sheet))
    given = read_input(_small(options.input), sheet)
    draft = options.out.with_name(f".{options.out.name}.{os.getpid()}.part")
    try:
        with (
            _opened(options.sealed) as sealed,
            draft.open("wb", buffering=_BUFFER) as out,
        ):
            settled = settle(sealed, sheet, given, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(options.out)
    finally:
        draft.unlink(missing_ok=True)
    _say(f"{settled.sealed.tickets} tickets, {settled.winners} won, result {settled.digest}")


def _seal(options: argparse.Namespace) -> None:
    statement = read_statement(_small(options.statement))
    sheet = read_sheet(_small(options.sheet))
    check_sheet(statement, sheet)
    _found(f"the rule sheet {sheet.code} is the one that the statement names")
    ring = compared(
        read_keys(_small(options.keys), what="the keys"),
        published=None,
        fingerprints=options.fingerprint,
    )
    _published_at, signers = check_seal_signatures(statement, _small(options.signatures), ring)
    _found(f"the statement is signed by {signers[0]} and by {signers[1]}")
    with _opened(options.sealed) as file:
        sealed = read_tickets(file, Reader(sheet, draw=statement.draw))
    check_sealed_file(statement, sealed)
    _found(f"{sealed.tickets} tickets, {sealed.lines} lines, {sealed.stake_fen} fen")
    _found(f"root {sealed.root}")


def _log(options: argparse.Namespace) -> None:
    ring = compared(
        read_keys(_small(options.keys), what="the keys"),
        published=None,
        fingerprints=options.fingerprint,
    )
    checkpoints: list[Checkpoint] = []
    for path in options.checkpoint:
        checked = check_checkpoint(_text(path), ring, what=shown(path.name))
        checkpoints.append(checked.checkpoint)
        cosigned = datetime.fromtimestamp(checked.cosigned_at, tz=UTC)
        _found(
            f"{shown(path.name)}: {checked.checkpoint.size} entries of {checked.checkpoint.origin},"
            f" signed, cosigned at {cosigned:%Y-%m-%d %H:%M:%S} UTC"
        )
    if options.leaves is not None:
        with _opened(options.leaves) as file:
            _found(f"{check_leaves(file, checkpoints)} leaves lead to every checkpoint")
    elif len(checkpoints) > 1:
        _check_proofs(checkpoints, options.proof)


def _check_proofs(checkpoints: list[Checkpoint], proofs: list[Path]) -> None:
    if len(proofs) != len(checkpoints) - 1:
        raise Wrong("between each two checkpoints one --proof is needed, or --leaves")
    for old, new, path in zip(checkpoints, checkpoints[1:], proofs, strict=False):
        facts = read_json(_small(path), what=shown(path.name), canonical=False)
        facts.format("log-consistency/1")
        if (facts.number("old"), facts.number("new")) != (old.size, new.size):
            raise Wrong(f"{facts.what} is about other sizes than the checkpoints")
        check_growth(old, new, read_path(facts, "path"), what=facts.what)
        _found(f"from {old.size} to {new.size} entries the log only grew")


def _proof(options: argparse.Namespace) -> str:
    return _proved(check_ticket_proof(_small(options.file), _published(options)))


def _receipt(options: argparse.Namespace) -> str:
    return _proved(check_receipt(_small(options.file), _published(options)))


def _proved(checked: Checked) -> str:
    for line in checked.lines:
        _found(line)
    return checked.proved


def _published(options: argparse.Namespace) -> Keyring | None:
    if options.keys is None:
        return None
    return read_keys(_small(options.keys), what="the published keys")


def _opened(path: Path) -> IO[bytes]:
    """A file on disk; a device or a pipe may never end."""
    if path.exists() and not path.is_file():
        raise Wrong(f"{shown(str(path))} is not a file")
    return path.open("rb", buffering=_BUFFER)


def _small(path: Path) -> bytes:
    with _opened(path) as file:
        raw = file.read(MOST_JSON_BYTES + 1)
    if len(raw) > MOST_JSON_BYTES:
        raise Wrong(f"{shown(path.name)} is larger than {MOST_JSON_BYTES} bytes")
    return raw


def _text(path: Path) -> str:
    try:
        return _small(path).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Wrong(f"{shown(path.name)} is not UTF-8") from exc


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify", description="Checks what a draw left behind.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, told: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=told, description=told, allow_abbrev=False)

    kit = add("kit", "everything in a regulator's kit")
    kit.add_argument("file", type=Path, metavar="kit.zip")
    kit.add_argument("--fingerprint", action="append", default=[], metavar="ROLE:SHA256")
    kit.add_argument("--keys", type=Path, help="the keys as published")
    count = add("count", "engine two: write the result file of a draw")
    for name in ("--sealed", "--sheet", "--input", "--out"):
        count.add_argument(name, type=Path, required=True)
    seal = add("seal", "a sealed file against its statement and signatures")
    for name in ("--sealed", "--statement", "--signatures", "--sheet", "--keys"):
        seal.add_argument(name, type=Path, required=True)
    seal.add_argument("--fingerprint", action="append", default=[], metavar="ROLE:SHA256")
    log = add("log", "checkpoints of the audit log, oldest first")
    log.add_argument("--checkpoint", type=Path, action="append", required=True)
    log.add_argument("--proof", type=Path, action="append", default=[])
    log.add_argument("--leaves", type=Path, help="all leaf hashes, 32 bytes each")
    log.add_argument("--keys", type=Path, required=True)
    log.add_argument("--fingerprint", action="append", default=[], metavar="ROLE:SHA256")
    for name, told in (("proof", "a ticket in the sealed file"), ("receipt", "a receipt")):
        player = add(name, told)
        player.add_argument("file", type=Path)
        player.add_argument("--keys", type=Path, help="the keys as published")
    return parser


_RUN: dict[str, Callable[[argparse.Namespace], str | None]] = {
    "kit": _kit,
    "count": _count,
    "seal": _seal,
    "log": _log,
    "proof": _proof,
    "receipt": _receipt,
}
