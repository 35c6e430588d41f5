"""Settlement with organisers: what an event brought in, less our fee, in working days (F265)."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from audit import policies
from lottery_portal.lib import working_days
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import dues, ledger
from .models import Due, PaymentOrder

SETTLE_DAYS = "organiser.settle_working_days"


class SettledOtherwise(Refused):
    """The event was settled before, with other figures."""

    code = "event_settled_otherwise"
    message = _("Event %(event)s was settled with other figures.")


class SettlementNotCovered(Refused):
    """More than was paid in for the organiser and is not settled yet."""

    code = "settlement_not_covered"
    message = _("%(held_fen)s yuan are held for this organiser and not settled yet.")


def account_of(organiser: str) -> str:
    """The account of what is owed to an organiser."""
    return f"organiser:{organiser}"


@inside_transaction
def settle(
    *, organiser: str, event: str, gross: int, fee: int, ended_on: date, now: datetime
) -> Due:
    """Make due what an event brought in less our fee, once per event; a person orders the payment.

    It is due so many working days after `ended_on` as the policy says. Repeating it with the same
    figures leads to the first; refuses with `SettledOtherwise` and `SettlementNotCovered`.
    """
    if not 0 <= fee < gross:
        raise ValueError("A fee is a part of what came in.")
    account = account_of(organiser)
    dues.lock(account)
    if known := Due.objects.filter(account=account, subject=event).first():
        if (known.amount, known.kept) != (gross - fee, fee):
            raise SettledOtherwise(event=event)
        return known
    held = (ledger.balance(account) if ledger.is_open(account) else 0) - _unpaid(account)
    if gross > held:
        raise SettlementNotCovered(held_fen=held)
    days = int(policies.read(SETTLE_DAYS, at=now))
    return dues.add(
        account=account,
        subject=event,
        amount=gross - fee,
        kept=fee,
        due_on=working_days.after(ended_on, days),
        now=now,
    )


def _unpaid(account: str) -> int:
    rows = Due.objects.filter(account=account).exclude(order__state=PaymentOrder.State.PAID)
    return int(rows.aggregate(sum=Sum(F("amount") + F("kept")))["sum"] or 0)
