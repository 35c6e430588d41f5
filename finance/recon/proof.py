"""The daily proof that what lies in escrow covers what the house owes, to the fen (F130).

Assets are the escrow accounts and what providers hold for us, each as far as its statements let us
believe it. Liabilities are everything owed to others: purses, holds, stakes, prizes, pools, funds,
dues. What the operator himself may still draw (his business fee) is none; it is the cushion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import alarms, policies, trail
from finance import payouts
from finance.models import HouseBank, Proof, Statement
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import door
from lottery_portal.lib.money import yuan

SHORT, OVERDUE = "finance.funds_short", "finance.statement_overdue"
CAUSE = "funds_short"  # the database asks the latest proof before this stop is lifted
OBJECT = "escrow"


def _words(facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (_now("In escrow and with providers"), _yuan(facts["assets_fen"])),
        (_now("Owed to others"), _yuan(facts["liabilities_fen"])),
        (_now("Short by"), _yuan(facts["short_fen"])),
        (_now("Proof of funds"), codes.shown(facts["proof"])),
    ]


def _yuan(fen: int) -> str:
    return _now("%(amount)s yuan") % {"amount": yuan(fen)}


payouts.name_cause(CAUSE, _("What is in escrow does not cover what the house owes"), _words)
alarms.register(kind=SHORT, title=_("What is in escrow does not cover what the house owes"))
alarms.register(kind=OVERDUE, title=_("A bank statement is overdue"))


@dataclass(frozen=True)
class Row:
    """One account, or one kind of players' accounts together, in fen by its natural side."""

    account: str
    kind: str
    accounting_class: str
    booked: int
    stated: int | None
    stated_on: str
    in_transit: int
    believed: int


def figures(*, now: datetime) -> Sequence[Row]:
    """Every account that counts, of one moment."""
    grace = int(policies.read("reconciliation.grace_days", at=now))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM finance_funds(%s)", [grace])
        rows = cursor.fetchall()
    return [
        Row(account, kind, side, booked, stated, _day(stated_on), in_transit, believed)
        for account, kind, side, booked, stated, stated_on, in_transit, believed in rows
    ]


@door
def take(*, now: datetime) -> Proof:
    """Take the proof and keep it; one fen short raises an alarm and stops payouts.

    They stay stopped until a proof is met again and others agree that they go on.
    """
    rows = figures(now=now)
    assets = sum(row.believed for row in rows if row.accounting_class == "ASSET")
    liabilities = sum(row.believed for row in rows if row.accounting_class == "LIABILITY")
    taken = Proof.objects.create(
        taken_at=now,
        assets=assets,
        liabilities=liabilities,
        is_met=assets >= liabilities,
        rows=[asdict(row) for row in rows],
    )
    body = {"assets_fen": assets, "liabilities_fen": liabilities, "is_met": taken.is_met}
    trail.record(
        action="finance.proof_taken",
        actor=None,
        object_type="proof",
        object_code=taken.code,
        body=body,
    )
    if taken.is_met:
        alarms.settle(kind=SHORT, object_type=OBJECT, object_code=OBJECT, now=now)
    else:
        facts = {**body, "short_fen": liabilities - assets, "proof": taken.code}
        alarms.raise_alarm(kind=SHORT, object_type=OBJECT, object_code=OBJECT, facts=facts, now=now)
        payouts.stop(cause=CAUSE, facts=facts, now=now)
    return taken


@door
def look_for_overdue(*, now: datetime) -> int:
    """Raise an alarm for each account of the house without a statement of the last days."""
    today = dates.in_shanghai(now).date()
    since = today - timedelta(days=int(policies.read("reconciliation.statement_days", at=now)))
    late = 0
    for bank in HouseBank.objects.filter(closed_at__isnull=True).select_related("account"):
        latest = Statement.objects.filter(account=bank.account).order_by("-last_on").first()
        known_until = latest.last_on if latest else dates.in_shanghai(bank.opened_at).date()
        if known_until >= since:
            alarms.settle(kind=OVERDUE, object_type="house_bank", object_code=bank.code, now=now)
            continue
        late += 1
        alarms.raise_alarm(
            kind=OVERDUE,
            object_type="house_bank",
            object_code=bank.code,
            facts={"account": bank.account.code, "known_until": known_until.isoformat()},
            now=now,
        )
    return late


def latest(most: int = 30) -> Sequence[Proof]:
    """The latest proofs, newest first."""
    return list(Proof.objects.order_by("-taken_at", "-pk")[:most])


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""
