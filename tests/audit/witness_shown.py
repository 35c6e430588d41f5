"""A log of 700 leaves, and what a witness is shown of it."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import keys, notes, tree
from audit.witness.book import Book

LOG = Ed25519PrivateKey.from_private_bytes(b"9" * 32)
LOG_PUBLIC = LOG.public_key().public_bytes_raw()
OWN = keys.OwnKey(
    role="LOG", key_id="log-x", algorithm=keys.ED25519, public=LOG_PUBLIC, sign=LOG.sign
)
LEAVES = [tree.leaf(str(number).encode()) for number in range(700)]


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def note(size: int, leaves=LEAVES, key=OWN, before=notes.NOTHING_BEFORE) -> str:
    text = notes.checkpoint_text(size=size, root=tree.root_of(leaves[:size]), before=before)
    return notes.signed(text, key=key)


def asked(old: int, new: int, leaves=LEAVES, **other):
    proof = tree.consistency_path(old=old, new=new, levels=tree.Kept(leaves[:new]))
    return {
        "old_size": old,
        "proof": [b64(one) for one in proof],
        "checkpoint": note(new, leaves),
        **other,
    }


def journal(book: Book) -> list[dict[str, object]]:
    text = (book.directory / "witness.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]
