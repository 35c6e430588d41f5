"""The player's own copy of what he bought: written at the sale, opened for its owner only.

Between the seal and the draw nobody reads the sales tables (article 22); the player keeps his
receipt. The copy is the canonical line of the ticket as ciphertext, bound to the ticket, so that a
dump of the table shows nothing and a copy moved to another receipt does not open.
"""

from __future__ import annotations

from lottery_portal.lib import encryption

from .models import Ticket

PURPOSE = "receipt"


class NotTheOwner(RuntimeError):
    """Somebody else's copy was asked for: a mistake of the caller, never an answer."""


def close(*, ticket: str, line: bytes) -> str:
    """The canonical line of the ticket with this code as the receipt keeps it."""
    return encryption.encrypt(line.decode("ascii"), purpose=PURPOSE, place=_place(ticket))


def line_of(ticket: Ticket, *, player_id: int) -> bytes:
    """The canonical line of the player's own ticket; for anybody else `NotTheOwner`."""
    if ticket.owner_id != player_id:
        raise NotTheOwner(ticket.code)
    copy = ticket.receipt.copy
    return encryption.decrypt(copy, purpose=PURPOSE, place=_place(ticket.code)).encode("ascii")


def _place(ticket: str) -> str:
    return f"sales_receipt|copy|{ticket}"
