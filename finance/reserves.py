"""Reserves the rules ask for: risk fund and working fund for claims, out of the business fee (R15).

What is set aside lies in escrow and is owed like a due: the proof of funds counts it. Both ways are
asked for by one and booked by the word of others, in the moves they saw.
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

from . import dues, ledger, payment_orders
from .ledger import AccountKind, EntryKind, Move

KIND = "finance.reserve"
RESERVES = (AccountKind.RISKFUND, AccountKind.WORKFUND)


class ReserveUnknown(Refused):
    """No such reserve, or no business fee of that game."""

    code, status = "reserve_unknown", 404
    message = _("There is no such reserve.")


class ReserveReasonMissing(Refused):
    """Set aside without a reason."""

    code, status = "reserve_reason_missing", 400
    message = _("Please say what the reserve is for.")


class ReserveNotCovered(Refused):
    """The account does not hold so much."""

    code = "reserve_not_covered"
    message = _("%(account)s holds %(free_fen)s yuan that nothing else is promised.")


@dataclass(frozen=True)
class Standing:
    """The business fee of one game that is free, and its reserves, in fen."""

    game: str
    free_fen: int
    risk_fen: int
    working_fen: int


def standings() -> Sequence[Standing]:
    """Every game that has business fee, with its reserves."""
    games = [code.partition(":")[2] for code in payment_orders.businesses()]
    return [
        Standing(
            game=game,
            free_fen=payment_orders.free(f"business:{game}"),
            risk_fen=_held(account_of(AccountKind.RISKFUND, game)),
            working_fen=_held(account_of(AccountKind.WORKFUND, game)),
        )
        for game in games
    ]


def account_of(reserve: str, game: str) -> str:
    """The account of a game's reserve."""
    return f"{reserve.lower()}:{game}"


@door
def ask(
    *, reserve: str, game: str, amount: int, is_back: bool, reason: str, maker: Any, now: datetime
) -> approvals.Request:
    """Ask that `amount` be set aside into a reserve, or given back out of it; others decide.

    Refuses with `ReserveUnknown`, `ReserveReasonMissing` or `ReserveNotCovered`.
    """
    business = f"business:{game}"
    if reserve not in RESERVES or business not in payment_orders.businesses() or amount <= 0:
        raise ReserveUnknown
    if not reason.strip():
        raise ReserveReasonMissing
    dues.lock(business)
    kept = account_of(reserve, game)
    source, target = (kept, business) if is_back else (business, kept)
    _covered(source, amount)
    return approvals.request(
        kind=KIND,
        payload={
            "reserve": reserve,
            "game": game,
            "moves": [[source, target, amount]],
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
        amount_fen=amount,
    )


@inside_transaction
def book(*, request: approvals.Request) -> None:
    """Book what was agreed; what the last decision performs."""
    (source, target, fen) = request.payload["moves"][0]
    dues.lock(source)  # two that draw on one account count each other
    _covered(source, fen)
    kept = account_of(request.payload["reserve"], request.payload["game"])
    ledger.open_account(code=kept, kind=request.payload["reserve"])
    ledger.post(
        reference=f"reserve:{request.code}",
        kind=EntryKind.RESERVE,
        moves=[Move(source, target, fen)],
    )
    trail.record(
        action="finance.reserve_booked",
        actor=None,
        object_type="reserve",
        object_code=kept,
        body={
            "moves": request.payload["moves"],
            "reason": request.payload["reason"],
            "approval": request.code,
            "balance_fen": ledger.balance(kept),
        },
    )


def _held(account: str) -> int:
    return ledger.balance(account) if ledger.is_open(account) else 0


def _covered(account: str, fen: int) -> None:
    free = payment_orders.free(account)
    if fen > free:
        raise ReserveNotCovered(account=account, free_fen=free)
