"""Public keys: which there are, for what, since when, and whether they are the ones published.

A key file is {"format": "signing-keys/1", "keys": [{"key_id", "role", "algorithm", "public_key",
"valid_from", "revoked_at" or null}, …]}. The id of a key is its role in lower case, a dash and the
first eight digits of its fingerprint; the fingerprint is SHA-256 of the 32 bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .ed25519 import KEY_BYTES, SIGNATURE_BYTES, is_key, is_signed
from .strict import Facts, Wrong, read_json, shown

OPERATIONS, INDEPENDENT, LOG, RECEIPT = "OPERATIONS", "INDEPENDENT", "LOG", "RECEIPT"
ISSUERS = ("ISSUER_CWL", "ISSUER_CSL")
ROLES = (OPERATIONS, INDEPENDENT, LOG, RECEIPT, *ISSUERS)
ALGORITHM = "Ed25519"
MOST_KEYS = 100

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key with its role and its life."""

    key_id: str
    role: str
    public: bytes
    valid_from: datetime
    revoked_at: datetime | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, as it is published."""
        return hashlib.sha256(self.public).hexdigest()

    def is_valid(self, at: datetime) -> bool:
        """Whether it was valid, and not revoked, at this moment."""
        return self.valid_from <= at and (self.revoked_at is None or at < self.revoked_at)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one key file."""

    keys: tuple[SigningKey, ...]

    def named(self, key_id: str, *, role: str, at: datetime, what: str) -> SigningKey:
        """The key of this name, or why it may not have signed."""
        for key in self.keys:
            if key.key_id == key_id and key.role == role:
                if not key.is_valid(at):
                    raise Wrong(f"{what}: key {key_id} was not valid at {at:%Y-%m-%d %H:%M:%S} UTC")
                return key
        raise Wrong(f"{what}: no {role} key “{shown(key_id)}” is known")


@dataclass(frozen=True, slots=True)
class SignatureBeside:
    """A signature that stands beside what it signs."""

    role: str
    key_id: str
    signature: bytes


def read_keys(raw: bytes, *, what: str) -> Keyring:
    """The keys in a key file."""
    facts = read_json(raw, what=what, canonical=False)
    facts.format("signing-keys/1")
    keys = tuple(_key(part) for part in facts.objects("keys"))
    if len({key.key_id for key in keys}) != len(keys) or len(keys) > MOST_KEYS:
        raise Wrong(f"{what} has a key twice, or more than {MOST_KEYS}")
    return Keyring(keys)


def compared(ring: Keyring, *, published: Keyring | None, fingerprints: Iterable[str]) -> Keyring:
    """`ring` with the lives that were published, once every key in it is a published one.

    A fingerprint is given with its role (`INDEPENDENT:…`): else the operator, who has several
    keys, could call one of his own the witness's.
    """
    wanted = {_fingerprint(text) for text in fingerprints}
    for key in ring.keys:
        if wanted and (key.role, key.fingerprint) not in wanted:
            raise Wrong(f"key {key.key_id} is none of those whose fingerprints were given")
    if published is None:
        return ring
    known = {(key.role, key.public): key for key in published.keys}
    for key in ring.keys:
        if (key.role, key.public) not in known:
            raise Wrong(f"key {key.key_id} is not among the published keys")
    return Keyring(tuple(known[key.role, key.public] for key in ring.keys))


def read_signatures(facts: Facts) -> list[SignatureBeside]:
    """The signatures in `facts`; one a role."""
    found = []
    for part in facts.objects("signatures"):
        if part.text("algorithm") != ALGORITHM:
            raise Wrong(f"{part.what}: algorithm “{shown(part.text('algorithm'))}” is not known")
        raw = part.base64("signature", length=SIGNATURE_BYTES)
        found.append(SignatureBeside(part.text("role"), part.text("key_id"), raw))
    if len({signature.role for signature in found}) != len(found):
        raise Wrong(f"{facts.what} has two signatures of one role")
    return found


def check_signature(
    signature: SignatureBeside, message: bytes, ring: Keyring, *, at: datetime, what: str
) -> SigningKey:
    """The key under which `signature` is good for `message`, or what is wrong."""
    key = ring.named(signature.key_id, role=signature.role, at=at, what=what)
    if not is_signed(key=key.public, message=message, signature=signature.signature):
        raise Wrong(f"{what}: the {signature.role} signature by {key.key_id} does not fit")
    return key


def _fingerprint(given: str) -> tuple[str, str]:
    role, _colon, digest = given.strip().partition(":")
    found = role.upper(), digest.lower()
    if found[0] not in ROLES or not _DIGEST.fullmatch(found[1]):
        raise Wrong(f"“{shown(given)}” is not a role, a colon and 64 hexadecimal digits")
    return found


def _key(facts: Facts) -> SigningKey:
    role, key_id = facts.text("role"), facts.text("key_id")
    if role not in ROLES:
        raise Wrong(f"{facts.what}: role “{shown(role)}” is not known")
    if facts.text("algorithm") != ALGORITHM:
        raise Wrong(f"{facts.what}: algorithm “{shown(facts.text('algorithm'))}” is not known")
    public = facts.base64("public_key", length=KEY_BYTES)
    if key_id != f"{role.lower()}-{hashlib.sha256(public).hexdigest()[:8]}":
        raise Wrong(f"{facts.what}: “{shown(key_id)}” is not the id of its key")
    if not is_key(public):
        raise Wrong(f"{facts.what}: {key_id} is no usable Ed25519 key")
    revoked = None if facts.get("revoked_at") is None else facts.moment("revoked_at")
    return SigningKey(key_id, role, public, facts.moment("valid_from"), revoked)
