"""Commissions of partners: accrued out of the business fee, stated, and paid (F265).

Rooms that know agreements and sales say how much; this room books it, states it and has it paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.dates import SHANGHAI
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import dues, ledger, payment_orders
from .ledger import AccountKind, EntryKind, Line, Move
from .models import Entry, PaymentOrder


class CommissionNotCovered(Refused):
    """The business fee of the game does not hold it."""

    code = "commission_not_covered"
    message = _("The business fee of %(game)s holds %(held_fen)s yuan only.")


@dataclass(frozen=True)
class Statement:
    """What a partner earned and was paid on the days `[since, until)`, line by line."""

    partner: str
    since: date
    until: date
    opening_fen: int
    accrued_fen: int
    paid_fen: int
    closing_fen: int
    lines: Sequence[Line]


def account_of(partner: str) -> str:
    """The account of what is owed to a partner."""
    return f"partner:{partner}"


@inside_transaction
def accrue(*, partner: str, game: str, amount: int, reference: str) -> Entry:
    """Book a commission once per `reference`, out of the business fee of `game`.

    Refuses with `CommissionNotCovered` what was not set aside.
    """
    business, owed = f"business:{game}", account_of(partner)
    known = ledger.entry_of(f"commission:{reference}")
    dues.lock(business)
    held = payment_orders.free(business)
    if known is None and amount > held:
        raise CommissionNotCovered(game=game, held_fen=held)
    ledger.open_account(code=owed, kind=AccountKind.PARTNER)
    return ledger.post(
        reference=f"commission:{reference}",
        kind=EntryKind.COMMISSION,
        moves=[Move(business, owed, amount)],
    )


def statement(*, partner: str, since: date, until: date) -> Statement:
    """The statement of a partner; `LookupError` when nothing was ever booked for him."""
    account = account_of(partner)
    lines = list(ledger.statement(account, since=since, until=until))
    change = sum(line.amount_fen for line in lines)
    closing = lines[-1].balance_fen if lines else _before(account, since)
    paid = -sum(line.amount_fen for line in lines if _is_payment(line))
    return Statement(
        partner=partner,
        since=since,
        until=until,
        opening_fen=closing - change,
        accrued_fen=change + paid,
        paid_fen=paid,
        closing_fen=closing,
        lines=lines,
    )


def pay(*, partner: str, payee: str, escrow: str, maker: Any, now: datetime) -> PaymentOrder:
    """Ask that all months that are due be paid to the partner's listed account; others decide."""
    dues.make(now=now)
    return payment_orders.ask(
        account=account_of(partner), payee=payee, escrow=escrow, maker=maker, now=now
    )


def _is_payment(line: Line) -> bool:
    return line.other.startswith(("escrow:", "ownbank:"))


def _before(account: str, day: date) -> int:
    return ledger.balance_at(account, datetime.combine(day, time.min, SHANGHAI))
