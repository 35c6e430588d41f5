"""Checkpoints of the log as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

A checkpoint is this text, then an empty line, then one line a signature:

    <origin>
    <size, decimal>
    <root, base64>
    before <SHA-256 in hex of this text of the checkpoint before, 64 zeros under the first>

    — <origin> <base64 of: 4 bytes that name the key ‖ Ed25519 signature over the text>
    — <witness> <base64 of: 4 bytes that name the key ‖ second, 8 bytes ‖ signature>

A key is named by the first four bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key), kind 0x01 for
the log and 0x04 for a cosignature, which signs `cosignature/v1`, LF, `time <second>`, LF, text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from . import keys

ORIGIN = "lottery-portal/log"
LOG_KIND, COSIGNATURE_KIND = b"\x01", b"\x04"
NOTHING_BEFORE = "0" * 64
_NAMED = 4
_SECOND = 8


@dataclass(frozen=True)
class Signature:
    """One line under a note."""

    name: str
    key_hash: bytes
    raw: bytes


def key_hash(name: str, kind: bytes, public: bytes) -> bytes:
    """The four bytes that name a key."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:_NAMED]


def head(*, size: int, root: bytes, origin: str = ORIGIN) -> str:
    """The lines every checkpoint of a log of `size` entries begins with."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode('ascii')}\n"


def checkpoint_text(*, size: int, root: bytes, before: str, origin: str = ORIGIN) -> str:
    """What is signed of a log of `size` entries; `before` is the digest of the one before.

    So the newest one says that none of those before it is another, or gone.
    """
    return f"{head(size=size, root=root, origin=origin)}before {before}\n"


def digest_of(note: str | None) -> str:
    """By which digest the next checkpoint names the one in this note; of none before the first."""
    if note is None:
        return NOTHING_BEFORE
    text = note.rpartition("\n\n")[0]
    return hashlib.sha256(f"{text}\n".encode()).hexdigest()


def signed(text: str, *, key: keys.OwnKey, name: str = ORIGIN) -> str:
    """The note: `text` with our signature line."""
    raw = key_hash(name, LOG_KIND, key.public) + key.sign(text.encode())
    return f"{text}\n{_line(name, raw)}"


def with_line(note: str, line: str) -> str:
    """The note with one more signature line (`line` ends with LF)."""
    return note + line


def _line(name: str, raw: bytes) -> str:
    return f"— {name} {base64.b64encode(raw).decode('ascii')}\n"


def parts(note: str) -> tuple[str, list[Signature]]:
    """Text and signatures of a note, or ValueError."""
    text, between, lines = note.rpartition("\n\n")
    if not between or not lines.endswith("\n"):
        raise ValueError("this is no signed note")
    found = []
    for line in lines[:-1].split("\n"):
        try:
            dash, name, packed = line.split(" ")
            raw = base64.b64decode(packed, validate=True)
        except (ValueError, binascii.Error) as exc:
            raise ValueError("this is no signature line") from exc
        if dash != "—" or not name or len(raw) <= _NAMED:
            raise ValueError("this is no signature line")
        found.append(Signature(name, raw[:_NAMED], raw[_NAMED:]))
    return text + "\n", found


def is_signed_by_log(note: str, *, public: bytes, name: str = ORIGIN) -> bool:
    """Whether the log's key signed this note."""
    try:
        text, lines = parts(note)
    except ValueError:
        return False
    wanted = key_hash(name, LOG_KIND, public)
    return any(
        line.name == name
        and line.key_hash == wanted
        and keys.is_signed(
            algorithm=keys.ED25519, public=public, signature=line.raw, message=text.encode()
        )
        for line in lines
    )


def cosigned_at(note: str, *, public: bytes, name: str) -> datetime | None:
    """When the witness `name` cosigned this note, or None if it did not."""
    try:
        text, lines = parts(note)
    except ValueError:
        return None
    wanted = key_hash(name, COSIGNATURE_KIND, public)
    for line in lines:
        if line.name != name or line.key_hash != wanted or len(line.raw) <= _SECOND:
            continue
        (second,) = struct.unpack(">Q", line.raw[:_SECOND])
        message = f"cosignature/v1\ntime {second}\n{text}".encode()
        if keys.is_signed(
            algorithm=keys.ED25519, public=public, signature=line.raw[_SECOND:], message=message
        ):
            return datetime.fromtimestamp(second, tz=UTC)
    return None
