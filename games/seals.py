"""Seals: two signatures under a statement, its publication, and what the public reads of it.

`sales.sealing` makes the statement and the file; here its rows are signed for, published and read.
A seal is public once two registered keys have signed it, and a result is typed only after that.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import F, Q, QuerySet, Value, Window
from django.db.models.functions import Lag
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit import keys, policies, trail
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.sentences import sentence

from .models import Draw, SealStatement
from .seal_models import SealDelivery, SealPublication, SealSignature

Role = SealSignature.Role
SUPERVISORS_POLICY = "games.seal_supervisors"
AUTHORITY_POLICY = "games.seal_timestamp_authority"
STATEMENT_NAME, SIGNATURES_NAME, KEYS_NAME = "statement.json", "signatures.json", "keys.json"


class SealUnknown(Refused):
    """The draw is not sealed, or its seal is not public yet."""

    code, status = "seal_unknown", 404
    message = _("Draw %(draw)s has no published seal.")


class KeyDoesNotCount(Refused):
    """The key is not registered for this, or counts no more."""

    code = "seal_signed_by_a_registered_key"
    message = _("The key %(key)s may not sign seals now.")


class KeysAreOne(Refused):
    """Both signatures would be by the same key."""

    code = "seal_signed_by_two_keys"
    message = _("A seal is signed by two different keys.")


class SignaturesMissing(Refused):
    """A seal is published with both signatures, or not at all."""

    code = "seal_published_with_two_signatures"
    message = _("The seal of draw %(draw)s is not signed by two keys that count.")


class TooLate(Refused):
    """The draw is not sealed, or numbers have been typed already."""

    code = "seal_published_before_the_draw"
    message = _("The seal of draw %(draw)s cannot be published now.")


SIGNATURE_MISSING = sentence(gettext_noop("a signature is missing"))
SIGNATURE_WRONG = sentence(gettext_noop("the signature of %(key)s does not fit"))

REFUSALS: dict[str, type[Refused]] = {
    "seal_signed_by_a_registered_key": KeyDoesNotCount,
    "seal_signed_by_two_keys": KeysAreOne,
    "seal_published_with_two_signatures": SignaturesMissing,
    "seal_published_before_the_draw": TooLate,
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping authority: where it answers, whom we trust (PEM), under which policy."""

    url: str
    certificate: str
    policy: str


@dataclass(frozen=True, slots=True)
class Downloads:
    """The files that a stranger needs to check who signed what: exact bytes by name."""

    statement: bytes
    signatures: bytes
    keys: bytes


@inside_transaction
def sign_for_operations(statement: SealStatement) -> SealSignature:
    """Sign `statement` with the house's own key, in the transaction in which it is written."""
    own = keys.own(Role.OPERATIONS)
    return _sign(
        statement,
        role=Role.OPERATIONS,
        key=own.key_id,
        algorithm=own.algorithm,
        signature=base64.b64encode(own.sign(statement.statement.encode())).decode("ascii"),
    )


@door
def record_countersignature(
    *, statement: SealStatement, key: str, algorithm: str, signature: str
) -> SealSignature:
    """Keep the independent signature, once; one that is not over this statement is refused."""
    _one_at_a_time(statement)
    known = statement.signatures.filter(role=Role.INDEPENDENT).first()
    if known is not None:
        return known
    return _sign(
        statement, role=Role.INDEPENDENT, key=key, algorithm=algorithm, signature=signature
    )


def _sign(
    statement: SealStatement, *, role: Role, key: str, algorithm: str, signature: str
) -> SealSignature:
    draw = statement.draw  # read before anything can go wrong in this transaction
    _check(statement, key=key, signature=signature)
    try:
        row = SealSignature.objects.create(
            statement=statement,
            role=role,
            key_id=key,
            algorithm=algorithm,
            signature=signature,
            signed_at=statement.sealed_at,  # the database writes its own clock over it
        )
    except IntegrityError as exc:
        if refusal := REFUSALS.get(violated(exc)):
            raise refusal(draw=draw.code, key=key) from exc
        raise
    _record("games.seal_signed", statement, {"role": role, "key": key, "signature": signature})
    return row


def _check(statement: SealStatement, *, key: str, signature: str) -> None:
    try:
        raw = base64.b64decode(signature, validate=True)
    except binascii.Error as exc:
        raise keys.SignatureWrong(key=key) from exc
    keys.check(key=key, signature=raw, message=statement.statement.encode(), at=database_time())


@door
def publish(*, statement: SealStatement, now: datetime) -> SealPublication:
    """Make the seal public, once, and ask for its deliveries; refused without both signatures."""
    _one_at_a_time(statement)
    known = SealPublication.objects.filter(statement=statement).first()
    if known is not None:
        return known
    draw = statement.draw  # read before anything can go wrong in this transaction
    for row in statement.signatures.all():
        _check(statement, key=row.key_id, signature=row.signature)
    try:
        publication = SealPublication.objects.create(statement=statement, published_at=now)
    except IntegrityError as exc:
        if refusal := REFUSALS.get(violated(exc)):
            raise refusal(draw=draw.code) from exc
        raise
    publication.refresh_from_db()
    _record("games.seal_published", statement, {"root": statement.root})
    if not draw.is_shadow:
        _ask_for_deliveries(statement, now=now)
    return publication


def _one_at_a_time(statement: SealStatement) -> None:
    """Whoever comes while another signs or publishes waits, and then finds it done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('games_seal'), %s::integer)", [statement.pk]
        )


def _ask_for_deliveries(statement: SealStatement, *, now: datetime) -> None:
    """One recorded delivery for each supervisor, and a time-stamp where an authority is named."""
    for address in dict.fromkeys(policies.read(SUPERVISORS_POLICY, at=now)):
        delivery = SealDelivery.objects.create(statement=statement, address=address, asked_at=now)
        jobs.enqueue("games.send_seal", key=f"seal:{delivery.pk}", delivery_id=delivery.pk)
    if authority(at=now) is not None:
        jobs.enqueue(
            "games.stamp_seal", key=f"stamp:{statement.draw.code}", statement_id=statement.pk
        )


def authority(*, at: datetime) -> Authority | None:
    """The time-stamping authority that policy names; None where it names none."""
    said = policies.read(AUTHORITY_POLICY, at=at)
    if not said["url"]:
        return None
    return Authority(url=said["url"], certificate=said["certificate"], policy=said["policy"])


def _record(action: str, statement: SealStatement, body: dict[str, Any]) -> None:
    trail.record(
        action=action,
        actor=None,
        object_type="draw",
        object_code=statement.draw.code,
        body=body,
    )


def published() -> QuerySet[SealStatement]:
    """Every public seal of the real books, newest first, with its draw and publication."""
    return (
        SealStatement.objects.filter(draw__is_shadow=False, publication__isnull=False)
        .select_related("draw__game", "draw__rule", "publication")
        .order_by("-sealed_at")
    )


def is_public(statement: SealStatement) -> bool:
    """Whether it is published."""
    return SealPublication.objects.filter(statement_id=statement.pk).exists()


def of(draw: Draw) -> SealStatement:
    """The public seal of a draw, or `SealUnknown`."""
    statement = (
        SealStatement.objects.filter(draw=draw, publication__isnull=False)
        .select_related("draw__game", "draw__rule", "publication")
        .first()
    )
    if statement is None:
        raise SealUnknown(draw=draw.code)
    return statement


def before(statement: SealStatement) -> SealStatement | None:
    """The seal whose root this one names as the root before it."""
    if not statement.previous_root:
        return None
    return _of_game(statement).filter(root=statement.previous_root).first()


def after(statement: SealStatement) -> SealStatement | None:
    """The published seal that names this one's root as the root before it."""
    return _of_game(statement).filter(previous_root=statement.root).first()


def breaks() -> list[SealStatement]:
    """Seals that do not name the root of the seal before them, of any game; none: all is well."""
    chained = SealStatement.objects.annotate(
        root_before=Window(
            Lag("root", default=Value("")),
            partition_by=F("draw__game_id"),
            order_by=(F("sealed_at"), F("pk")),
        )
    )
    broken = chained.exclude(previous_root=F("root_before"))
    return list(broken.select_related("draw__game").order_by("sealed_at"))


def _of_game(statement: SealStatement) -> QuerySet[SealStatement]:
    return (
        SealStatement.objects.filter(
            Q(publication__isnull=False), draw__game_id=statement.draw.game_id
        )
        .exclude(pk=statement.pk)
        .select_related("draw")
        .order_by("-sealed_at")
    )


def downloads(statement: SealStatement) -> Downloads:
    """What a stranger needs beside the sealed file: statement, signatures, public keys."""
    signatures = {
        "format": "seal-signatures/1",
        "published_at": _moment(statement.publication.published_at),
        "signatures": signatures_of(statement),
    }
    keyring = {"format": "signing-keys/1", "keys": _keys_of(statement)}
    return Downloads(
        statement=statement.statement.encode(), signatures=_text(signatures), keys=_text(keyring)
    )


def as_json(statement: SealStatement) -> dict[str, Any]:
    """A published seal as the API gives it."""
    return {
        "draw": statement.draw.code,
        "root": statement.root,
        "previous_root": statement.previous_root,
        "statement": statement.statement,
        "published_at": _moment(statement.publication.published_at),
        "signatures": signatures_of(statement),
        "keys": _keys_of(statement),
    }


def _keys_of(statement: SealStatement) -> list[dict[str, Any]]:
    used = {row.key_id for row in statement.signatures.all()}
    return [
        {
            **key,
            "valid_from": _moment(datetime.fromisoformat(key["valid_from"])),
            "revoked_at": _moment(datetime.fromisoformat(key["revoked_at"]))
            if key["revoked_at"]
            else None,
        }
        for key in keys.published()
        if key["key_id"] in used
    ]


def signatures_of(statement: SealStatement) -> list[dict[str, str]]:
    """The signatures as they are published, operations first."""
    return [
        {
            "role": row.role,
            "key_id": row.key_id,
            "algorithm": row.algorithm,
            "signature": row.signature,
            "signed_at": _moment(row.signed_at),
        }
        for row in sorted(statement.signatures.all(), key=lambda row: row.role, reverse=True)
    ]


def problems(statement: SealStatement) -> list[str]:
    """What is wrong with the signatures of a seal (`sentences`); nothing when both are right."""
    found = []
    rows = list(statement.signatures.all())
    wanted = {Role.OPERATIONS, Role.INDEPENDENT}
    if statement.draw.state == Draw.State.CANCELLED and not is_public(statement):
        wanted = {Role.OPERATIONS}  # it was never shown to anybody, and nothing hangs on it
    if not wanted <= {row.role for row in rows}:
        found.append(SIGNATURE_MISSING.of())
    for row in rows:
        try:
            public = base64.b64decode(keys.registered(row.key_id).public_key)
            signature = base64.b64decode(row.signature, validate=True)
        except (keys.KeyUnknown, binascii.Error):
            public, signature = b"", b""
        message = statement.statement.encode()
        if not public or not keys.is_signed(
            algorithm=row.algorithm, public=public, signature=signature, message=message
        ):
            found.append(SIGNATURE_WRONG.of(key=row.key_id))
    return found


def _text(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
