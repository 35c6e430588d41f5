"""Signed notes, checkpoints and cosignatures in the text formats of C2SP, read strictly.

A note is text, an empty line, and signature lines `— <name> <base64>`; the base64 holds four bytes
that name the key, then the signature. A checkpoint's text is: origin, size, root in base64.
A cosignature (`cosignature/v1`) signs the text with the second at which the witness saw it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LIMIT = 10_000
_PLAIN, _COSIGNATURE = b"\x01", b"\x04"
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_ROOT_BYTES = 32


class Unreadable(ValueError):
    """The text is no checkpoint."""


@dataclass(frozen=True)
class Note:
    """A checkpoint: what it says, and who signed its text."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes], ...]


def key_hash(name: str, kind: bytes, public: bytes) -> bytes:
    """The four bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def read(note: str) -> Note:
    """The checkpoint in `note`, or `Unreadable`."""
    if len(note) > LIMIT or "\n\n" not in note:
        raise Unreadable("this is no signed note")
    text, _, signed = note.rpartition("\n\n")
    lines = text.split("\n")
    if len(lines) < 3 or not lines[0] or not _SIZE.fullmatch(lines[1]):  # noqa: PLR2004
        raise Unreadable("this is no checkpoint")
    root = _decoded(lines[2])
    if len(root) != _ROOT_BYTES:
        raise Unreadable("the root has not 32 bytes")
    if not signed.endswith("\n"):
        raise Unreadable("the note does not end with a line")
    signatures = []
    for line in signed[:-1].split("\n"):
        found = _SIGNATURE.fullmatch(line)
        if found is None:
            raise Unreadable("a signature line cannot be read")
        signatures.append((found[1], _decoded(found[2])))
    return Note(lines[0], int(lines[1]), root, text + "\n", tuple(signatures))


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise Unreadable("this is no base64") from exc
    if base64.b64encode(raw).decode() != text:
        raise Unreadable("base64 is written in another way")
    return raw


def is_signed(note: Note, *, public: bytes) -> bool:
    """Whether the key `public`, under the name of the origin, signed the note."""
    wanted = key_hash(note.origin, _PLAIN, public)
    for name, raw in note.signatures:
        if name == note.origin and raw[:4] == wanted:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], note.text.encode())
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def cosign(note: Note, *, name: str, key: Ed25519PrivateKey, second: int) -> str:
    """The witness's signature line (with its end of line) under `note`, seen at `second`."""
    signed = key.sign(f"cosignature/v1\ntime {second}\n{note.text}".encode())
    named = key_hash(name, _COSIGNATURE, key.public_key().public_bytes_raw())
    line = base64.b64encode(named + struct.pack(">Q", second) + signed).decode()
    return f"— {name} {line}\n"
