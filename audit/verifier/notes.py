"""Signed notes, checkpoints and cosignatures of a transparency log (c2sp.org).

A note is a text, an empty line, and signature lines `— name base64(key hash, signature)`. The text
of a checkpoint is the log's name, the size of its tree, the root in base64, then lines nobody has
to understand. The log signs the text; a witness that saw it grow signs the time and the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from .ed25519 import SIGNATURE_BYTES, is_signed
from .merkle import HASH_BYTES, MOST_LEAVES
from .strict import Wrong, shown, unbase64

MOST_NOTE_BYTES = 1 << 16
MOST_NOTE_SIGNATURES = 64

_KEY_HASH_BYTES = 4
_TIME_BYTES = 8
_SIGNED = b"\x01"
_COSIGNED = b"\x04"
_LEAST_LINES = 3


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature line: who, which key, and what stands after the key's hash."""

    name: str
    key_hash: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head as a log signed it."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[NoteSignature, ...]

    def is_signed_by(self, key: bytes) -> bool:
        """Whether the log of this name signed with `key`."""
        wanted = note_key_hash(name=self.origin, kind=_SIGNED, key=key)
        return any(
            is_signed(key=key, message=self.text.encode(), signature=line.body)
            for line in self.signatures
            if line.name == self.origin and line.key_hash == wanted
        )

    def cosigned_at(self, key: bytes) -> int | None:
        """The second (since 1970) at which the witness with `key` cosigned; None if it did not."""
        for line in self.signatures:
            if line.key_hash != note_key_hash(name=line.name, kind=_COSIGNED, key=key):
                continue
            if len(line.body) != _TIME_BYTES + SIGNATURE_BYTES:
                continue
            second = int.from_bytes(line.body[:_TIME_BYTES], "big")
            message = f"cosignature/v1\ntime {second}\n{self.text}".encode()
            if is_signed(key=key, message=message, signature=line.body[_TIME_BYTES:]):
                return second
        return None


def note_key_hash(*, name: str, kind: bytes, key: bytes) -> bytes:
    """The four bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:_KEY_HASH_BYTES]


def read_checkpoint(note: str, *, what: str) -> Checkpoint:
    """The checkpoint in a signed note; its signatures are read here, not yet checked."""
    if len(note) > MOST_NOTE_BYTES:
        raise Wrong(f"{what} is too long for a checkpoint")
    if any(letter < " " and letter != "\n" for letter in note):
        raise Wrong(f"{what} has a control character")
    try:
        note.encode()
    except UnicodeEncodeError as exc:
        raise Wrong(f"{what} is not UTF-8") from exc
    body, blank, signed = note.rpartition("\n\n")
    if not blank or not signed.endswith("\n"):
        raise Wrong(f"{what} is not a signed note")
    lines = body.split("\n")
    if len(lines) < _LEAST_LINES or not all(lines):
        raise Wrong(f"{what} does not have the lines of a checkpoint")
    root = unbase64(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise Wrong(f"{what}: its third line is not a root in base64")
    return Checkpoint(
        text=f"{body}\n",
        origin=lines[0],
        size=_size(lines[1], what=what),
        root=root,
        signatures=tuple(_signatures(signed.split("\n")[:-1], what=what)),
    )


def _size(text: str, *, what: str) -> int:
    is_plain = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_LEAVES))
    if not is_plain or str(int(text)) != text or int(text) > MOST_LEAVES:
        raise Wrong(f"{what}: its second line “{shown(text)}” is not a size")
    return int(text)


def _signatures(lines: list[str], *, what: str) -> Iterable[NoteSignature]:
    if len(lines) > MOST_NOTE_SIGNATURES:
        raise Wrong(f"{what} has more than {MOST_NOTE_SIGNATURES} signatures")
    for line in lines:
        mark, _space, rest = line.partition(" ")
        name, _space, packed = rest.partition(" ")
        raw = unbase64(packed)
        is_name = bool(name) and "+" not in name and name.split() == [name]
        if mark != "—" or not is_name or raw is None or len(raw) <= _KEY_HASH_BYTES:
            raise Wrong(f"{what}: “{shown(line)}” is not a signature line")
        yield NoteSignature(name, raw[:_KEY_HASH_BYTES], raw[_KEY_HASH_BYTES:])
