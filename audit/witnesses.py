"""The witness, asked over HTTP: it cosigns checkpoints, keeps intervals of sales, signs seals.

Never ask inside a transaction. A witness that does not answer is asked again later; one that
refuses says what differs, and that is an alarm, not a reason to ask again.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

PATIENCE_SECONDS = 5
SEAL_PATIENCE_SECONDS = 120
LEAVES_AT_ONCE = 65_536
_PIECE = 1 << 20
_OK, _CONFLICT = 200, 409


class WitnessUnreachable(Refused):
    """Nobody answered; the same question may be asked again."""

    code, status = "witness_unreachable", 503
    message = _("The independent witness does not answer. We ask again shortly.")


class WitnessRefuses(Refused):
    """The witness says what differs, and does not sign."""

    code = "witness_refuses"
    message = _("The independent witness does not sign: %(difference)s.")

    def __init__(self, *, difference: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(difference=difference)
        self.difference = difference
        self.facts = dict(facts or {})


@dataclass(frozen=True, kw_only=True)
class Key:
    """The witness's public key, and the name under which it cosigns."""

    name: str
    key_id: str
    algorithm: str
    public: bytes


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What the witness signed, and with which key."""

    key_id: str
    algorithm: str
    signature: str  # base64


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The witness's word on what was sold so far."""

    key_id: str
    algorithm: str
    signature: str
    text: str
    root: str


def key(*, patience: float = PATIENCE_SECONDS) -> Key:
    """The witness's own key, as it says."""
    said = _ask("GET", "/key", patience=patience)
    try:
        return Key(
            name=said["name"],
            key_id=said["key_id"],
            algorithm=said["algorithm"],
            public=base64.b64decode(said["public_key"], validate=True),
        )
    except (KeyError, TypeError, binascii.Error) as exc:
        raise WitnessUnreachable from exc


def cosign(*, note: str, old_size: int, proof: Sequence[bytes]) -> str:
    """The witness's signature line under a checkpoint, or a `Refused`.

    `proof` shows that the log only grew since it had `old_size` entries. A witness that knows
    another size refuses with `facts["size"]`.
    """
    said = _post(
        "/checkpoint",
        {
            "old_size": old_size,
            "proof": [base64.b64encode(one).decode("ascii") for one in proof],
            "checkpoint": note,
        },
    )
    return str(said["cosignature"])


def tell_interval(
    *,
    draw: str,
    number: int,
    log_size: int,
    tickets: int,
    stake_fen: int,
    leaves: bytes,
    cancelled: bytes,
    returned_fen: int,
    closing_it: bool,
) -> Interval:
    """Tell what was sold of a draw since its last interval, and taken back; sums are totals.

    At most `LEAVES_AT_ONCE` leaves of each. The same interval may be told twice.
    """
    said = _post(
        "/interval",
        {
            "draw": draw,
            "number": number,
            "log_size": log_size,
            "tickets": tickets,
            "stake_fen": stake_fen,
            "leaves": base64.b64encode(leaves).decode("ascii"),
            "cancelled": base64.b64encode(cancelled).decode("ascii"),
            "returned_fen": returned_fen,
            "closing": closing_it,
        },
    )
    return Interval(
        key_id=said["key_id"],
        algorithm=said["algorithm"],
        signature=said["signature"],
        text=said["text"],
        root=said["root"],
    )


def countersign(*, statement_text: str, file: Path) -> Signature:
    """The witness's signature under a seal statement, after it has read the sealed file itself."""
    head = json.dumps({"statement": statement_text}).encode() + b"\n"
    length = len(head) + file.stat().st_size

    def body() -> Iterable[bytes]:
        yield head
        with file.open("rb") as source:
            while piece := source.read(_PIECE):
                yield piece

    said = _ask("POST", "/seal", body=body(), length=length, patience=SEAL_PATIENCE_SECONDS)
    return Signature(
        key_id=said["key_id"], algorithm=said["algorithm"], signature=said["signature"]
    )


def _post(path: str, content: Mapping[str, Any]) -> dict[str, Any]:
    raw = json.dumps(content).encode()
    return _ask("POST", path, body=raw, length=len(raw))


def _ask(
    method: str,
    path: str,
    *,
    body: bytes | Iterable[bytes] | None = None,
    length: int = 0,
    patience: float = PATIENCE_SECONDS,
) -> dict[str, Any]:
    where = urlsplit(settings.WITNESS_URL)
    kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
    with closing(kind(where.hostname or "", where.port, timeout=patience)) as line:
        try:
            line.request(method, path, body=body, headers={"Content-Length": str(length)})
            answer = line.getresponse()
            said = json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as exc:
            raise WitnessUnreachable from exc
    if answer.status == _OK and isinstance(said, dict):
        return said
    if answer.status == _CONFLICT:
        raise WitnessRefuses(difference=str(said.get("difference", "")), facts=said)
    raise WitnessUnreachable
