"""Whether a ticket is genuine: signed by us when it was sold, and in the sealed file (F085).

Both are worked out anew each time, from the receipt as it was given and from the tree of the draw.
The database works out the second once more when a claim is opened.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit import alarms, keys, tree
from finance import cases
from lottery_portal.lib import codes
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from sales import receipts, sealing
from sales.models import Ticket

from . import claims


@dataclass(frozen=True, kw_only=True)
class Authentic:
    """What was found of a ticket; `root` is that of its draw, `serial` its place, 0 for none."""

    is_signed: bool
    is_sealed: bool
    root: str
    serial: int

    @property
    def is_genuine(self) -> bool:
        """Whether it is both."""
        return self.is_signed and self.is_sealed


def of(ticket: Ticket) -> Authentic:
    """Check the signature under a ticket and its way to the published root."""
    receipt = ticket.receipt
    leaf = bytes(receipt.leaf)
    given = receipts.Claim(
        ticket=ticket.code, leaf=leaf, signature=base64.b64decode(receipt.signature)
    )
    try:
        proof = sealing.proof_of(ticket)
    except (OSError, IndexError, ValueError):
        proof = None
    is_sealed = proof is not None and tree.check_inclusion(
        leaf_hash=leaf,
        index=proof.serial - 1,
        size=proof.size,
        path=proof.path,
        root=proof.root,
    )
    return Authentic(
        is_signed=_is_ours(given, receipt.key_id),
        is_sealed=is_sealed,
        root=proof.root.hex() if proof else "",
        serial=proof.serial if proof else 0,
    )


def read(typed: str, *, place: str, now: datetime) -> str:
    """The number of the ticket that was typed, or scanned as the code of a receipt.

    A scanned code that we did not sign, or that names another leaf than we gave, is refused with
    `ReceiptNotGenuine`; an alarm is raised and a case opened, with the `place` where it was shown.
    They are about the ticket it names; where there is none, about the place, so that what somebody
    wrote into a code stands nowhere, and a thousand inventions are one case.
    """
    if ":" not in typed:
        return codes.typed(typed)
    shown = receipts.read_qr(typed)
    ticket = Ticket.objects.select_related("receipt").filter(code=shown.ticket).first()
    is_given = ticket is not None and bytes(ticket.receipt.leaf) == shown.leaf
    if not is_given or not _is_ours(shown, ticket.receipt.key_id if ticket else ""):
        about = ("ticket", ticket.code) if ticket else ("outlet", place)
        _raise_alarm(*about, place, now=now)
        raise receipts.ReceiptNotGenuine
    return shown.ticket


def _is_ours(shown: receipts.Claim, key: str) -> bool:
    try:
        public = (
            receipts.public_key()
            if key == receipts.key_id()
            else base64.b64decode(keys.registered(key).public_key)
        )
        receipts.check(shown, key=public)
    except Refused:
        return False
    return True


@door
def _raise_alarm(kind: str, code: str, place: str, *, now: datetime) -> None:
    about: dict[str, Any] = {
        "object_type": kind, "object_code": code, "facts": {"outlet": place},
    }  # fmt: skip
    alarms.raise_alarm(kind=claims.FORGED, now=now, **about)
    cases.open_(kind=claims.FORGED, now=now, **about)
