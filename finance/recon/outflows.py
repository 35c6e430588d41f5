"""Money that left an escrow account: to somebody who is listed, or payouts stop (F129)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import alarms
from finance import payees, payouts
from finance.ledger import AccountKind, EntryKind
from finance.models import Entry, Statement, StatementLine
from lottery_portal.lib import codes
from lottery_portal.lib.db import door
from lottery_portal.lib.money import with_unit

from . import house_banks

UNLISTED = "finance.outflow_unlisted"
CAUSE = "outflow_unlisted"  # the database asks for open alarms before this stop is lifted
# A winner is on no list: his prize left by its own approval, and the books name it. So is a cash
# desk of ours: its float left by a request that the database looked at.
TO_WINNERS = (EntryKind.PRIZE, EntryKind.CASH_MOVED)


def _words(facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (_now("Account"), facts["account"]),
        (_now("Amount"), with_unit(facts["amount_fen"])),
        (_now("Booked on"), facts["booked_on"]),
        (_now("Bank statement"), codes.shown(facts["statement"])),
        (_now("Number given by the bank"), facts["bank_reference"] or "—"),
    ]


payouts.name_cause(CAUSE, _("Money left an escrow account to somebody who is not listed"), _words)
alarms.register(
    kind=UNLISTED, title=_("Money left an escrow account to somebody who is not listed")
)


@door
def look(*, statement: Statement, now: datetime) -> int:
    """Raise an alarm for each line that paid somebody unlisted, and stop payouts; how many.

    May run again: a line that an alarm told of before, be it cleared, is not told of twice.
    """
    if statement.account.kind != AccountKind.ESCROW:
        return 0
    lines = list(statement.lines.filter(amount__lt=0).select_related("match"))
    known = _known({bytes(line.party_index) for line in lines if line.party_index})
    strangers = [line for line in lines if not _is_in_order(line, known) and not _was_told(line)]
    for line in strangers:
        facts = {
            "account": statement.account.code,
            "amount_fen": -line.amount,
            "booked_on": line.booked_on.isoformat(),
            "statement": statement.code,
            "bank_reference": line.reference,
        }
        alarms.raise_alarm(
            kind=UNLISTED,
            object_type="statement_line",
            object_code=line.code,
            facts=facts,
            now=now,
        )
        payouts.stop(cause=CAUSE, facts=facts, now=now)
    return len(strangers)


def _known(indexes: set[bytes]) -> set[bytes]:
    return payees.listed(indexes) | house_banks.of_sales(indexes)


def _was_told(line: StatementLine) -> bool:
    told = alarms.about(object_type="statement_line", object_code=line.code)
    return any(alarm.kind == UNLISTED for alarm in told)


def _is_in_order(line: StatementLine, known: set[bytes]) -> bool:
    if line.party_index and bytes(line.party_index) in known:
        return True
    match = getattr(line, "match", None)
    if match is None:
        return False
    is_fee = line.kind == "FEE" and not line.party_index  # a bank's own names nobody's account
    kinds = (*TO_WINNERS, EntryKind.PROVIDER_FEE) if is_fee else TO_WINNERS
    return Entry.objects.filter(reference=match.reference, kind__in=kinds).exists()
