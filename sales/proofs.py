"""The player's proof that his ticket is in the sealed file of its draw, checked without us (N01).

The proof is a JSON object `ticket-proof/1`, complete in itself:

    draw, serial, size   the ticket is number `serial`, from 1, of the `size` in the sealed file
    line                 its canonical line (`sales.canonical`), from the player's own copy
    path, root           the RFC 6962 inclusion proof of the line's leaf, and where it leads
    statement            the exact text that was signed and published before the draw
    signatures           the two signatures under it
    keys                 the public keys of these signatures and of the receipt
    receipt              the signed receipt of the sale (`sales.receipts`)

`static/js/proof.js` and its neighbours check it in the browser, `audit/verifier` on a command line.
A proof is there once the seal is public, also while nobody may read the sales tables (article 22).
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import alarms, keys, tree
from games import seals
from games.models import SealStatement
from lottery_portal.lib.errors import Refused

from . import canonical, receipts, sealing
from .tickets import Read

logger = logging.getLogger(__name__)

FORMAT = "ticket-proof/1"
ALARM = "sales.proof_fails"
SCRIPTS = ("proof.js", "proof-signature.js", "proof-check.js", "proof-page.js")
_ROLES = (keys.Role.OPERATIONS, keys.Role.INDEPENDENT, keys.Role.RECEIPT)
_HOW_TO_CHECK = (
    "leaf = SHA-256(0x00 followed by the bytes of line)",
    "path leads from the leaf, number serial of size, to root (RFC 6962, RFC 9162 2.1.3.2)",
    "root stands in statement, which names the same draw and as many tickets",
    "signatures are Ed25519 over the bytes of statement, under two of the keys",
    "compare the keys with those that are published and kept by others",
)


class NotSealedYet(Refused):
    """The draw of the ticket has no public seal: there is nothing yet to be proved in."""

    code, status = "proof_not_yet", 404
    message = _("The proof of this ticket will be there when its draw is sealed and published.")


class TakenBack(Refused):
    """The ticket is not in the draw: its owner took it back before the close."""

    code, status = "proof_of_nothing", 404
    message = _("This ticket was taken back before sales closed. It is not in the sealed file.")


class ProofOutOfReach(Refused):
    """The tree over the sealed file cannot be read now."""

    code, status = "proof_out_of_reach", 503
    message = _("The sealed file cannot be reached now. Please come back in a while.")


def seal_of(one: Read) -> SealStatement:
    """The public seal of the ticket's draw, or `NotSealedYet`, `TakenBack`."""
    if one.cancelled is not None:
        raise TakenBack(ticket=one.ticket.code)
    try:
        return seals.of(one.ticket.draw)
    except seals.SealUnknown as exc:
        raise NotSealedYet(draw=one.ticket.draw.code) from exc


def of(one: Read) -> dict[str, Any]:
    """The proof of a player's own ticket, or `NotSealedYet`, `ProofOutOfReach`.

    Nothing is checked here: a ticket that is not in the file gets a proof that leads nowhere.
    """
    statement = seal_of(one)
    seal = seals.as_json(statement)
    try:
        found = sealing.proof_of(one.ticket)
    except (OSError, IndexError, ValueError) as exc:
        logger.exception("The tree of a sealed file is unreadable", extra={"draw": seal["draw"]})
        raise ProofOutOfReach(draw=seal["draw"]) from exc
    receipt = one.ticket.receipt
    claim = receipts.of(one.ticket, line=one.line)
    return {
        "format": FORMAT,
        "draw": one.ticket.draw.code,
        "serial": found.serial if found else 0,
        "size": statement.tickets,
        "line": one.line.decode("ascii"),
        "path": [step.hex() for step in found.path] if found else [],
        "root": statement.root,
        "statement": seal["statement"],
        "signatures": seal["signatures"],
        "keys": [*seal["keys"], *(key for key in keyring() if key["key_id"] == receipt.key_id)],
        "receipt": receipts.content(claim, line=one.line, key=receipt.key_id),
        "how_to_check": _HOW_TO_CHECK,
    }


def as_file(proof: dict[str, Any]) -> str:
    """The proof as a file to keep."""
    return json.dumps(proof, ensure_ascii=False, indent=2) + "\n"


def keyring() -> list[dict[str, Any]]:
    """Every key that ever counted for seals and receipts, as a proof names it."""
    return [
        {
            **key,
            "valid_from": _moment(key["valid_from"]),
            "revoked_at": _moment(key["revoked_at"]) if key["revoked_at"] else None,
        }
        for key in keys.published()
        if key["role"] in _ROLES
    ]


def report(one: Read, *, now: datetime) -> str:
    """A player's browser found a mismatch: check it here too.

    If it is so, an alarm is raised, and its code returned; otherwise nothing happens.
    """
    statement = seal_of(one)
    try:
        found = sealing.proof_of(one.ticket)
    except (OSError, IndexError, ValueError):
        found = None
    if found is not None and tree.check_inclusion(
        leaf_hash=canonical.leaf(one.line),
        index=found.serial - 1,
        size=statement.tickets,
        path=found.path,
        root=bytes.fromhex(statement.root),
    ):
        return ""
    alarm = alarms.raise_alarm(
        kind=ALARM,
        object_type="ticket",
        object_code=one.ticket.code,
        facts={"draw": one.ticket.draw.code, "root": statement.root},
        now=now,
    )
    return alarm.code


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


alarms.register(kind=ALARM, title=_("The proof of a ticket fails"))
