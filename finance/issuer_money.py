"""Prize money that comes from an issuer: what he owes for our winners, once it is in the bank.

What the house owes him goes out like every due, by payment order. What he sends is booked when one
person says that it came and another has seen the bank's word for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import dues, ledger
from .ledger import AccountKind, EntryKind, Move
from .models import Account

KIND = "finance.issuer_paid"
PAID = "finance.issuer_paid"  # in the trail


class IssuerAccountUnknown(Refused):
    """No game of that code is settled with an issuer, or there is no such escrow account."""

    code, status = "issuer_account_unknown", 404
    message = _("There is no such account of an issuer, or no such escrow account.")


class BankReferenceMissing(Refused):
    """Money that came has a number at the bank."""

    code, status = "issuer_bank_reference_missing", 400
    message = _("Please give the number that the bank has for this payment.")


class IssuerPaidAlready(Refused):
    """This payment of the bank is in the books."""

    code = "issuer_paid_already"
    message = _("The payment %(reference)s of the bank is in the books already.")


@dataclass(frozen=True)
class Standing:
    """How the house stands with the issuer of one game: above zero it owes, below zero he does."""

    game: str
    owed_fen: int

    @property
    def to_him_fen(self) -> int:
        """What the house owes him."""
        return max(self.owed_fen, 0)

    @property
    def by_him_fen(self) -> int:
        """What he owes the house."""
        return max(-self.owed_fen, 0)


def escrows() -> Sequence[str]:
    """The escrow accounts that a payment may have come to."""
    found = Account.objects.filter(kind=AccountKind.ESCROW, is_shadow=False).order_by("code")
    return list(found.values_list("code", flat=True))


def account_of(game: str) -> str:
    """The account on which prize money of a game is settled with its issuer."""
    return f"issuer:{game}"


def standings() -> Sequence[Standing]:
    """Every game of the real books that is settled with an issuer."""
    found = Account.objects.filter(kind=AccountKind.ISSUER, is_shadow=False).order_by("code")
    return [
        Standing(game=code.partition(":")[2], owed_fen=ledger.balance(code))
        for code in found.values_list("code", flat=True)
    ]


def received(most: int) -> Sequence[Any]:
    """The evidence of the latest payments that were booked, newest first."""
    return list(trail.read(trail.Filters(action=PAID))[:most])


@door
def ask(
    *, game: str, escrow: str, amount: int, bank_reference: str, maker: Any, now: datetime
) -> approvals.Request:
    """Say that the issuer of `game` paid so much into `escrow`; booked by the word of another."""
    account, reference = account_of(game), bank_reference.strip()
    wanted = {account: AccountKind.ISSUER, escrow: AccountKind.ESCROW}
    if amount <= 0 or ledger.kinds_of([account, escrow]) != wanted:
        raise IssuerAccountUnknown
    if not reference:
        raise BankReferenceMissing
    _once(escrow, reference)
    return approvals.request(
        kind=KIND,
        payload={
            "game": game,
            "moves": [[escrow, account, amount]],
            "bank_reference": reference,
        },
        maker=maker,
        now=now,
        amount_fen=amount,
    )


@inside_transaction
def book(*, request: approvals.Request) -> None:
    """Book what was agreed; what the last decision performs."""
    asked = request.payload
    ((escrow, account, fen),) = asked["moves"]
    dues.lock(escrow)  # two who book one payment of the bank wait for each other
    _once(escrow, asked["bank_reference"])
    ledger.post(
        reference=f"issuer_paid:{request.code}",
        kind=EntryKind.ISSUER_PAID,
        moves=[Move(escrow, account, fen)],
    )
    trail.record(
        action=PAID,
        actor=request.maker,
        object_type="issuer",
        object_code=_payment(escrow, asked["bank_reference"]),
        body={
            "game": asked["game"],
            "moves": asked["moves"],
            "bank_reference": asked["bank_reference"],
            "approval": request.code,
        },
    )


def _payment(escrow: str, reference: str) -> str:
    return f"{escrow}/{reference}"[:64]


def _once(escrow: str, reference: str) -> None:
    """Refuse a payment of the bank that is booked."""
    done = trail.Filters(object_type="issuer", object_code=_payment(escrow, reference))
    if list(trail.read(done)):
        raise IssuerPaidAlready(reference=reference)
