"""Money that left an escrow account: to somebody who is listed, or payouts stop (F129)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit import alarms
from finance.ledger import AccountKind, EntryKind
from finance.models import Entry, Statement, StatementLine
from lottery_portal.lib.db import door

from . import payees

UNLISTED = "finance.outflow_unlisted"
# A winner is on no list: his prize left by its own approval, and the books name it.
TO_WINNERS = (EntryKind.PRIZE,)

alarms.register(
    kind=UNLISTED, title=_("Money left an escrow account to somebody who is not listed")
)


@door
def look(*, statement: Statement, now: datetime) -> int:
    """Raise an alarm for each line that paid somebody who is not listed; how many there were.

    While one of these alarms is open, the database begins no payout.
    """
    if statement.account.kind != AccountKind.ESCROW:
        return 0
    lines = list(statement.lines.filter(amount__lt=0).select_related("match"))
    known = payees.listed({bytes(line.party_index) for line in lines if line.party_index})
    strangers = [line for line in lines if not _is_in_order(line, known)]
    for line in strangers:
        alarms.raise_alarm(
            kind=UNLISTED,
            object_type="statement_line",
            object_code=line.code,
            facts={
                "account": statement.account.code,
                "amount_fen": -line.amount,
                "booked_on": line.booked_on.isoformat(),
                "bank_reference": line.reference,
            },
            now=now,
        )
    return len(strangers)


def _is_in_order(line: StatementLine, known: set[bytes]) -> bool:
    if line.party_index and bytes(line.party_index) in known:
        return True
    match = getattr(line, "match", None)
    if match is None:
        return False
    kinds = (*TO_WINNERS, EntryKind.PROVIDER_FEE) if line.kind == "FEE" else TO_WINNERS
    return Entry.objects.filter(reference=match.reference, kind__in=kinds).exists()
