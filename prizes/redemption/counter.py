"""The counter of the prize centre: the winner who stands there, his paper, and what he handed in.

Doors that join what two rooms do: the paper is compared with the registration of the ticket's owner
and put on record, and the claim is checked with the number of that record, never with the paper's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import reveal, vault
from accounts.paper_kinds import Paper
from audit import people, trail
from lottery_portal.lib.db import door
from prizes.claim_models import Claim, ClaimPaper

from . import authenticity, claims, papers, steps
from .claim_refusals import ClaimUnknown, NotAtThisStep, TicketNotSealed

State, Way = Claim.State, Claim.Way


def open_(*, ticket: str, actor: Any, request_key: UUID, now: datetime) -> Claim:
    """Open a claim at the centre for the owner of a ticket, who stands there (F084).

    Refuses as `claims.open_` does. Who he is, is checked at the next step.
    """
    prize = claims.prize_of(ticket)
    return claims.open_(
        prize=prize,
        way=Way.CENTRE,
        actor=actor,
        claimant=prize.owner,
        request_key=request_key,
        now=now,
    )


def check(*, code: str, actor: Any, paper: Paper, now: datetime) -> Claim:
    """Check the ticket once more and the paper of who shows it, and note both (F084, F085, F275).

    Refuses a ticket that is not genuine, every paper that `claims.check` refuses, and who
    does not hold the post; then the claim stays where it was.
    """
    claim = steps.find(code)
    steps.in_post(actor, claims.AT_OUTLETS if claim.way == Way.OUTLET else claims.CLERKS, now)
    if claim.state != State.OPENED:
        raise NotAtThisStep
    found = authenticity.of(claim.prize.ticket)
    if not found.is_genuine:
        raise TicketNotSealed
    evidence = {
        "serial": found.serial,
        "root": found.root,
        "receipt_signed": found.is_signed,
    }
    return claims.check(code=code, actor=actor, evidence=evidence, paper=paper, now=now)


def open_paper(*, code: str, paper: UUID, actor: Any, now: datetime) -> tuple[ClaimPaper, bytes]:
    """A paper of a claim in the clear, for who works on it and has signed on confidentiality.

    The look is in the trail before anything is decrypted (F099). Nobody opens those of his own.
    """
    row = (
        ClaimPaper.objects.select_related("claim__owner__person")
        .filter(claim__code=code, row_uuid=paper)
        .first()
    )
    if row is None:
        raise ClaimUnknown
    steps.in_post(actor, vault.ROLES, now)
    reveal.signed_or_recorded(row.claim.owner, actor=actor, now=now)
    person = row.claim.owner.person
    if person is not None and str(person.row_uuid) == people.person_of(actor):
        raise vault.OwnRecord
    _note_look(row, actor)
    return row, papers.content_of(row)


@door
def _note_look(row: ClaimPaper, actor: Any) -> None:
    trail.record(
        action="prizes.claim_paper_opened",
        actor=actor,
        object_type="claim",
        object_code=row.claim.code,
        body={"kind": row.kind, "digest": row.digest},
    )
