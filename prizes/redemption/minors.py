"""Winners under age: nothing is paid, the prize is held until counsel has decided (F087).

A paper at a claim shows that its holder is under 18, or a guardian comes with the papers of both:
the hold stands with the same transaction (S1 四(二)1), whoever took the papers, and no door here
leads to a payout.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts import guardians
from accounts.models import GuardianRecord
from accounts.paper_kinds import Paper
from lottery_portal.lib.db import door, inside_transaction
from prizes.claim_models import Claim
from prizes.deadline_models import Hold, HoldPaper
from prizes.models import Prize

from . import hold_papers, holds, steps

TAKERS = frozenset({"claims_clerk", "claims_officer"})
REASON = "未成年人中奖：不予兑付，待法律意见"


def object_of(prize: Prize) -> str:
    """How authorities and guardians name a prize: by its ticket."""
    return f"prize:{prize.ticket.code}"


@door
def take(
    *,
    prize: Prize,
    minor_paper: Paper,
    guardian_paper: Paper,
    relation: str,
    proof: str,
    scan: bytes,
    media_type: str,
    actor: Any,
    now: datetime,
) -> GuardianRecord:
    """Put the papers of a minor and his guardian on file with the `scan` of the proof, and hold the
    prize.

    Refuses as `guardians.record` does, with `claim_refusals.NotYourPost` and, where the prize is
    over, with `holds.PrizeIsOver`; then neither stands.
    """
    steps.in_post(actor, TAKERS, now)
    record = guardians.record(
        object_code=object_of(prize),
        owner=prize.owner,
        minor_paper=minor_paper,
        guardian_paper=guardian_paper,
        relation=relation,
        proof=proof,
        proof_digest=hashlib.sha256(scan).hexdigest() if scan else "",
        recorded_by=actor,
        now=now,
    )
    held = _hold(prize, f"guardian:{record.code}", actor, now)
    hold_papers.keep(
        hold=held,
        kind=HoldPaper.Kind.GUARDIAN,
        content=scan,
        media_type=media_type,
        actor=actor,
        now=now,
    )
    return record


def cases(*, is_over: bool = False) -> QuerySet[Hold]:
    """The holds of winners under age that stand, oldest first; or those that were lifted."""
    found = Hold.objects.filter(kind=Hold.Kind.MINOR, lift__isnull=not is_over)
    return found.select_related("prize__ticket", "prize__draw__game", "lift").order_by("opened_at")


def guardians_of(prize: Prize) -> QuerySet[GuardianRecord]:
    """The papers of guardians on file for a prize, oldest first."""
    found = GuardianRecord.objects.filter(object_code=object_of(prize))
    return found.select_related("guardian", "guardian_paper").order_by("pk")


@door
def seen(*, claim: Claim, actor: Any, now: datetime) -> None:
    """Hold the prize of a claim at which a paper showed that its holder is under age; once."""
    with suppress(holds.HeldAlready, holds.PrizeIsOver):
        _hold(claim.prize, f"claim:{claim.code}", actor, now)


@inside_transaction
def _hold(prize: Prize, reference: str, actor: Any, now: datetime) -> Hold:
    return holds.put(
        prize=prize,
        kind=Hold.Kind.MINOR,
        order_reference=reference,
        reason=REASON,
        actor=actor,
        now=now,
    )
