"""Keys: which public keys count, for what, from when until when; and our own signatures by role.

The private keys of operations, log and receipts are handed in by the environment; the independent
witness makes and keeps its own, and we know its public key only. What a key signed is judged by the
key's row: `registered`, in force at the moment of signing. The algorithm stands beside every
signature, so another one can be added beside `Ed25519` without a change of format.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import approvals, policies, trail
from .models import SigningKey

KIND = "audit.signing_key"
ED25519 = "Ed25519"
Role = SigningKey.Role
_SEEDS = {Role.OPERATIONS: "SEAL_KEY", Role.LOG: "LOG_KEY", Role.RECEIPT: "RECEIPT_KEY"}
_ED25519_BYTES = 32


class SignatureWrong(Refused):
    """The signature is not that of this key over these bytes."""

    code = "signature_wrong"
    message = gettext_lazy("The signature of key %(key)s is wrong.")


class KeyUnknown(Refused):
    """Nobody registered this key."""

    code, status = "key_unknown", 404
    message = gettext_lazy("There is no registered key %(key)s.")


class KeyNotInForce(Refused):
    """The key did not count at that moment."""

    code = "key_not_in_force"
    message = gettext_lazy("The key %(key)s was not in force at that moment.")


class KeyUnusable(Refused):
    """These are no bytes of a public key."""

    code, status = "key_unusable", 400
    message = gettext_lazy("This is not a public key of the algorithm %(algorithm)s.")


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """A key of ours that can sign."""

    role: str
    key_id: str
    algorithm: str
    public: bytes
    sign: Callable[[bytes], bytes]


def key_id(role: str, public: bytes) -> str:
    """The name of a key: its role and eight digits of the hash of its public half."""
    return f"{role.lower()}-{hashlib.sha256(public).hexdigest()[:8]}"


def own(role: str) -> OwnKey:
    """Our key for `role`: OPERATIONS, LOG or RECEIPT."""
    return _own(role, getattr(settings, _SEEDS[Role(role)]))


@cache
def _own(role: str, seed: bytes) -> OwnKey:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    return OwnKey(
        role=role, key_id=key_id(role, public), algorithm=ED25519, public=public, sign=key.sign
    )


def _check_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


_CHECKS: Mapping[str, Callable[[bytes, bytes, bytes], bool]] = {ED25519: _check_ed25519}


def is_signed(*, algorithm: str, public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether this is a signature of that key over exactly these bytes; unknown ways are none."""
    check_with = _CHECKS.get(algorithm)
    return check_with is not None and check_with(public, signature, message)


def check(*, key: str, signature: bytes, message: bytes, at: datetime) -> SigningKey:
    """The registered key that signed `message`, in force at `at`, or a `Refused`."""
    row = registered(key)
    if not row.valid_from <= at or (row.revoked_at is not None and row.revoked_at <= at):
        raise KeyNotInForce(key=key)
    public = base64.b64decode(row.public_key)
    if not is_signed(algorithm=row.algorithm, public=public, signature=signature, message=message):
        raise SignatureWrong(key=key)
    return row


def registered(key: str) -> SigningKey:
    """The row of a key, or `KeyUnknown`."""
    row = SigningKey.objects.filter(key_id=key).first()
    if row is None:
        raise KeyUnknown(key=key)
    return row


def in_force(role: str, at: datetime) -> SigningKey:
    """The newest key of `role` that counts at `at`, or `KeyUnknown`."""
    row = (
        SigningKey.objects.filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=at))
        .filter(role=role, valid_from__lte=at)
        .order_by("-valid_from", "-pk")
        .first()
    )
    if row is None:
        raise KeyUnknown(key=role)
    return row


def public_of(role: str) -> list[tuple[str, bytes]]:
    """Name and public half of every key that ever had this role, newest first."""
    rows = SigningKey.objects.filter(role=role).order_by("-valid_from", "-pk")
    return [(row.key_id, base64.b64decode(row.public_key)) for row in rows]


def published() -> list[dict[str, str]]:
    """Every key that ever counted, as pages, the API and the kit publish them; oldest first."""
    return [
        {
            "key_id": row.key_id,
            "role": row.role,
            "algorithm": row.algorithm,
            "public_key": row.public_key,
            "valid_from": row.valid_from.isoformat(),
            "revoked_at": row.revoked_at.isoformat() if row.revoked_at else "",
        }
        for row in SigningKey.objects.order_by("valid_from", "pk")
    ]


def has_key(role: str) -> bool:
    """Whether a key of this role was ever registered."""
    return SigningKey.objects.filter(role=role).exists()


@inside_transaction
def register_genesis(*, role: str, public: bytes, algorithm: str = ED25519) -> None:
    """Register the first key of a role, once; afterwards keys change by approval only."""
    if not has_key(role):
        _register(role, public, algorithm, policies.GENESIS, policies.ALWAYS, actor=None)


def request_change(*, role: str, public: bytes, revoke: str, maker: Any, now: datetime) -> Any:
    """Ask for a new key of `role`, for the end of the key `revoke`, or for both at one moment."""
    if public:
        _must_be_usable(public, ED25519)
    if revoke:
        registered(revoke)
    return approvals.request(
        kind=KIND,
        payload={
            "role": Role(role),
            "algorithm": ED25519,
            "public_key": base64.b64encode(public).decode("ascii"),
            "key_id": key_id(role, public) if public else "",
            "revoke": revoke,
        },
        maker=maker,
        now=now,
    )


def _must_be_usable(public: bytes, algorithm: str) -> None:
    try:
        if algorithm != ED25519 or len(public) != _ED25519_BYTES:
            raise ValueError(algorithm)  # noqa: TRY301 - one way out for all that is no key
        Ed25519PublicKey.from_public_bytes(public)
    except ValueError as exc:
        raise KeyUnusable(algorithm=algorithm) from exc


def _register(
    role: str, public: bytes, algorithm: str, approval: str, valid_from: datetime, *, actor: Any
) -> None:
    _must_be_usable(public, algorithm)
    row = SigningKey.objects.create(
        key_id=key_id(role, public),
        role=role,
        algorithm=algorithm,
        public_key=base64.b64encode(public).decode("ascii"),
        valid_from=valid_from,
        approval_code=approval,
    )
    trail.record(
        action="audit.key_registered",
        actor=actor,
        object_type="signing_key",
        object_code=row.key_id,
        body={"role": role, "public_key": row.public_key, "approval": approval},
    )


def _perform(request: approvals.Request, now: datetime) -> None:
    asked = request.payload
    if asked["revoke"]:
        won = SigningKey.objects.filter(key_id=asked["revoke"], revoked_at__isnull=True).update(
            revoked_at=now
        )
        if not won:
            raise KeyNotInForce(key=asked["revoke"])
        trail.record(
            action="audit.key_revoked",
            actor=request.maker,
            object_type="signing_key",
            object_code=asked["revoke"],
            body={"approval": request.code},
        )
    if asked["public_key"]:
        try:
            public = base64.b64decode(asked["public_key"], validate=True)
        except binascii.Error as exc:
            raise KeyUnusable(algorithm=asked["algorithm"]) from exc
        _register(asked["role"], public, asked["algorithm"], request.code, now, actor=request.maker)


def _words(asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    words = [(_("Role"), str(Role(asked["role"]).label))]
    if asked["key_id"]:
        words += [(_("New key"), asked["key_id"]), (_("Public key"), asked["public_key"])]
    if asked["revoke"]:
        words.append((_("Key that no longer counts"), asked["revoke"]))
    return words


approvals.register(
    approvals.Kind(
        name=KIND,
        title=gettext_lazy("Change a signing key"),
        maker_roles=frozenset({"compliance"}),
        checker_roles=frozenset({"auditor", "administrator"}),
        needed=lambda _payload, now: policies.checkers_needed(KIND, now),
        perform=_perform,
        words=_words,
        lifetime=timedelta(days=3),
        statements=(
            gettext_lazy("I have compared the public key with the one its keeper read to me."),
            gettext_lazy("I know which seals and receipts it will sign."),
        ),
    )
)
