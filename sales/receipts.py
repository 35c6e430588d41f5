"""Receipts: our signature under each ticket, given at the sale, checkable without us (F046).

What is signed is a text of three lines (LF between them, none at the end):

    receipt/1
    <ticket code> <leaf, 64 hex digits>
    <promise>

The leaf is that of the ticket's canonical line (`sales.canonical`), so a changed digit anywhere in
ticket, leaf, promise or signature makes the check fail. The signature is Ed25519 (RFC 8032). The QR
code carries code, leaf and signature; with our public key they are enough to check the signature
without a network.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Player
from audit import keys
from games.models import Draw
from lottery_portal.lib import codes
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import canonical, own_copy
from .models import Ticket

ALGORITHM = "Ed25519"
# Signed as it stands, in English; marked so that pages can show a translation beside it.
PROMISE = gettext_noop(
    "This ticket is in the draw it names."
    " Within 60 seconds its leaf is in a signed checkpoint of our log,"
    " and unless you take it back it will be in the sealed file of that draw, published before the"
    " numbers are drawn."
)

_QR = "LT1"
_LEAF_BYTES = 32
_SIGNATURE_BYTES = 64


class ReceiptUnreadable(Refused):
    """What was given is no receipt of ours."""

    code, status = "receipt_unreadable", 400
    message = _("We cannot read this receipt. Please scan the code of the ticket again.")


class ReceiptNotGenuine(Refused):
    """The signature is not ours, or something in the receipt was changed."""

    code = "receipt_not_genuine"
    message = _("This receipt is not as we signed it: a part of it was changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a receipt says: this code, this leaf, this signature."""

    ticket: str
    leaf: bytes
    signature: bytes

    @property
    def text(self) -> str:
        """Exactly what was signed."""
        return signed_text(ticket=self.ticket, leaf=self.leaf)

    def qr(self) -> str:
        """The receipt in the letters that make the smallest QR code."""
        packed = base64.b32encode(self.leaf + self.signature).decode("ascii").rstrip("=")
        return f"{_QR}:{self.ticket}:{packed}"


def signed_text(*, ticket: str, leaf: bytes) -> str:
    """The text a receipt signs."""
    return f"receipt/1\n{ticket} {leaf.hex()}\n{PROMISE}"


@cache
def _key(seed: bytes) -> tuple[Ed25519PrivateKey, str]:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key, f"receipt-{hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:8]}"


def key_id() -> str:
    """Which of our keys signs now: `receipt-` and eight digits of the public key's hash."""
    return _key(settings.RECEIPT_KEY)[1]


def public_key() -> bytes:
    """The public key, 32 raw bytes."""
    return _key(settings.RECEIPT_KEY)[0].public_key().public_bytes_raw()


def sign(*, ticket: str, leaf: bytes) -> Claim:
    """Sign one ticket."""
    key, _id = _key(settings.RECEIPT_KEY)
    text = signed_text(ticket=ticket, leaf=leaf)
    return Claim(ticket=ticket, leaf=leaf, signature=key.sign(text.encode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A receipt to be written: of the ticket with this primary key, with the line it is about."""

    ticket_id: int
    claim: Claim
    line: bytes


@inside_transaction
def record(given: Sequence[Given]) -> None:
    """Write the receipts of tickets in the transaction that sells them."""
    rows = [
        [
            one.ticket_id,
            base64.b64encode(one.claim.signature).decode("ascii"),
            one.claim.leaf.hex(),
            own_copy.close(ticket=one.claim.ticket, line=one.line),
        ]
        for one in given
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sales_give_receipts(%s, %s::jsonb)", [key_id(), json.dumps(rows)])


def check(claim: Claim, *, key: bytes) -> None:
    """Pass if `key` signed exactly this claim, or raise `ReceiptNotGenuine`. Needs no database."""
    if not codes.is_valid(claim.ticket):
        raise ReceiptNotGenuine
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(claim.signature, claim.text.encode())
    except InvalidSignature as exc:
        raise ReceiptNotGenuine from exc


def read_qr(text: str) -> Claim:
    """The claim in a QR code, or `ReceiptUnreadable`."""
    try:
        mark, ticket, packed = text.strip().upper().split(":")
        raw = base64.b32decode(packed + "=" * (-len(packed) % 8))
    except (ValueError, binascii.Error) as exc:
        raise ReceiptUnreadable from exc
    if mark != _QR or len(raw) != _LEAF_BYTES + _SIGNATURE_BYTES:
        raise ReceiptUnreadable
    return Claim(ticket=ticket, leaf=raw[:_LEAF_BYTES], signature=raw[_LEAF_BYTES:])


def line_of(
    ticket: Ticket, *, draw: Draw, owner: Player, salt: bytes, selections: Sequence[str]
) -> bytes:
    """The canonical line of a ticket that is being sold; later nobody reads its salt again."""
    return canonical.TicketLine(
        draw=draw.code,
        ticket=ticket.code,
        owner=canonical.pseudonym(draw=draw.code, player=owner.code),
        price_fen=ticket.price,
        channel=ticket.channel,
        sold_at=ticket.sold_at,
        salt=salt,
        selections=selections,
    ).encode()


def of(ticket: Ticket, *, line: bytes) -> Claim:
    """The receipt as it was given: the stored signature over the leaf of `line`."""
    return Claim(
        ticket=ticket.code,
        leaf=canonical.leaf(line),
        signature=base64.b64decode(ticket.receipt.signature),
    )


def package(claim: Claim, *, line: bytes, key: str) -> str:
    """The receipt as a file to keep: everything a stranger needs to check it, as JSON."""
    return json.dumps(content(claim, line=line, key=key), ensure_ascii=False, indent=2) + "\n"


def content(claim: Claim, *, line: bytes, key: str) -> dict[str, Any]:
    """What that file says, under the key by which the receipt was signed."""
    return {
        "format": "receipt/1",
        "algorithm": ALGORITHM,
        "key_id": key,
        "public_key": base64.b64encode(_public_of(key)).decode("ascii"),
        "line": line.decode("ascii"),
        "leaf": claim.leaf.hex(),
        "signed_text": claim.text,
        "signature": base64.b64encode(claim.signature).decode("ascii"),
        "qr": claim.qr(),
        "how_to_check": [
            "leaf = SHA-256(0x00 followed by the bytes of line)",
            "signed_text = receipt/1, LF, ticket code, space, leaf, LF, the promise",
            "signature = Ed25519 by public_key over signed_text",
        ],
    }


def _public_of(key: str) -> bytes:
    """The public half of a key of ours that may have been replaced since."""
    if key == key_id():
        return public_key()
    return base64.b64decode(keys.registered(key).public_key)
