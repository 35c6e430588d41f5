"""The audit log of the operator: its checkpoints, that it only grew, and that entries are in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO

from .keys import INDEPENDENT, LOG, Keyring
from .merkle import HASH_BYTES, Tree, is_consistent, leaf_hash, root_by_path
from .notes import Checkpoint, read_checkpoint
from .proofs import read_path
from .strict import Facts, Wrong, shown

MOST_ENTRIES = 10_000
MOST_CHECKPOINTS = 1_000
LAST_SECOND = 250_000_000_000  # about the year 9892

# A cosignature names a whole second; a key may have begun within it.
_WITHIN = timedelta(microseconds=999_999)
_KIND, _KEY = re.compile(r"[a-z_]{1,24}"), re.compile(r"[^\t\n]{1,200}")


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """A checkpoint whose two signatures were found good."""

    checkpoint: Checkpoint
    cosigned_at: int


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry that was proved to be in the log; `of` says what it is evidence of."""

    of: str
    kind: str
    row: str
    size: int


def check_checkpoint(note: str, ring: Keyring, *, what: str) -> CosignedCheckpoint:
    """The checkpoint in `note`, signed by the log and cosigned by a witness with another key.

    Both keys must have been valid in the second of the cosignature.
    """
    checkpoint = read_checkpoint(note, what=what)
    signers = [key for key in ring.keys if key.role == LOG and checkpoint.is_signed_by(key.public)]
    if not signers:
        raise Wrong(f"{what}: the signature of the log does not fit")
    logs = {key.public for key in ring.keys if key.role == LOG}
    for witness in ring.keys:
        if witness.role != INDEPENDENT or witness.public in logs:
            continue
        second = checkpoint.cosigned_at(witness.public)
        if second is None or second > LAST_SECOND:
            continue
        at = datetime.fromtimestamp(second, tz=UTC) + _WITHIN
        for key in (witness, *signers[:1]):
            if not key.is_valid(at):
                raise Wrong(f"{what}: key {key.key_id} was not valid at {at:%Y-%m-%d %H:%M:%S} UTC")
        return CosignedCheckpoint(checkpoint, second)
    raise Wrong(f"{what}: no cosignature of the witness fits")


def check_growth(old: Checkpoint, new: Checkpoint, path: Sequence[bytes], *, what: str) -> None:
    """`new` holds everything that `old` holds, unchanged and in its place."""
    if old.origin != new.origin:
        raise Wrong(f"{what}: the checkpoints are of two logs")
    if old.size > new.size:
        raise Wrong(f"{what}: the later checkpoint is the smaller one")
    if not is_consistent(
        old=old.size, old_root=old.root, new=new.size, new_root=new.root, path=path
    ):
        raise Wrong(f"{what}: the log did not only grow from {old.size} to {new.size} entries")


def check_leaves(file: IO[bytes], checkpoints: Sequence[Checkpoint]) -> int:
    """The leaf hashes in `file` (32 bytes each) lead to every checkpoint; how many there are."""
    wanted = {checkpoint.size: checkpoint.root for checkpoint in checkpoints}
    tree = Tree()
    while True:
        if tree.size in wanted and tree.root() != wanted[tree.size]:
            raise Wrong(f"the first {tree.size} leaves do not lead to the root of the checkpoint")
        hashed = file.read(HASH_BYTES)
        if not hashed:
            break
        if len(hashed) != HASH_BYTES:
            raise Wrong("the file of leaves ends in the middle of a hash")
        tree.add(hashed)
    if missing := [size for size in wanted if size > tree.size]:
        raise Wrong(f"there are {tree.size} leaves, the checkpoint is over {max(missing)}")
    return tree.size


def check_entries(facts: Facts, checkpoints: Sequence[Checkpoint]) -> list[LogEntry]:
    """The entries in `facts`, each proved to be in one of the checkpoints."""
    by_size = {checkpoint.size: checkpoint.root for checkpoint in checkpoints}
    parts = facts.objects("entries")
    if len(parts) > MOST_ENTRIES:
        raise Wrong(f"{facts.what} has more than {MOST_ENTRIES} entries")
    return [_entry(part, by_size) for part in parts]


def _entry(part: Facts, by_size: dict[int, bytes]) -> LogEntry:
    kind, key, row, size = (
        part.text("kind"),
        part.text("key"),
        part.text("row"),
        part.number("size"),
    )
    what = f"{part.what} ({shown(kind)} {shown(key)})"
    if not _KIND.fullmatch(kind) or not _KEY.fullmatch(key):
        raise Wrong(f"{what} has a kind or key that no entry has")
    try:
        hashed = hashlib.sha256(row.encode()).hexdigest()
        data = f"entry/1\t{kind}\t{key}\t{hashed}".encode()
    except UnicodeEncodeError as exc:
        raise Wrong(f"{what} is not UTF-8") from exc
    if part.digest("hash") != hashed:
        raise Wrong(f"{what}: its row does not have the hash that was logged")
    if size not in by_size:
        raise Wrong(f"{what}: no checkpoint of size {size} is there")
    root = root_by_path(
        leaf=leaf_hash(data),
        index=part.number("seq"),
        size=size,
        path=read_path(part, "path"),
    )
    if root != by_size[size]:
        raise Wrong(f"{what} is not in the log at the place where it is said to be")
    return LogEntry(part.text("of"), kind, row, size)
