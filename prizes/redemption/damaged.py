"""A ticket said to be damaged, lost or stolen: statement, evidence, finding (F088; S1 四(二)).

The ticket is the row under the sealed root, in its owner's name, and not the paper: so nothing here
replaces the proof without which no claim is opened, and nobody is paid but the owner. What is done
is put on record: his signed statement, what shows that it is his, and what somebody of the centre
who did not take it down found. Until then nobody approves or pays the claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit import people
from finance import cases
from finance.cases import OwnCase
from lottery_portal.lib import codes
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from prizes.claim_models import Claim

from . import authenticity, papers, steps
from .claim_refusals import NotAtThisStep, TicketNotSealed

KIND = "prizes.ticket_damaged"
TAKERS = frozenset({"claims_clerk", "claims_officer"})
FINDERS = frozenset({"claims_officer", "compliance"})
STATEMENT = "STATEMENT"
WHAT: Mapping[str, Any] = {
    "DAMAGED": _("Damaged: the number cannot be read in full"),
    "LOST": _("Lost"),
    "STOLEN": _("Stolen"),
}
EVIDENCE: Mapping[str, Any] = {
    "ACCOUNT": _("He logs in to the account of the ticket before us"),
    "RECEIPT": _("Signed receipt, saved or printed"),
    "PAYMENT": _("His own payment for the ticket"),
    "REMAINS": _("What is left of the ticket"),
    "POLICE": _("Report to the police"),
}
BEFORE_IT_IS_SIGNED = Claim.OF_THE_WINNER
LONGEST = 200


class StatementMissing(Refused):
    """No signed statement, or nothing that shows whose the ticket is."""

    code, status = "damaged_statement_missing", 400
    message = _("Add the signed statement, and choose what shows that the ticket is his.")


class FoundByAnother(Refused):
    """Who took the statement down does not judge it."""

    code, status = "damaged_found_by_another", 403
    message = _("You took this down, or checked the claim. Somebody else looks into it.")


@door
def report(
    *,
    code: str,
    what: str,
    evidence: Sequence[str],
    statement: bytes,
    media_type: str,
    actor: Any,
    now: datetime,
) -> Any:
    """Take down that the ticket of a claim is damaged, lost or stolen; a case waits for a finding.

    The signed `statement` goes into the file. Refused: without it or without evidence, once the
    claim is signed, and of a ticket whose inclusion cannot be shown.
    """
    if what not in WHAT or not evidence or not set(evidence) <= set(EVIDENCE) or not statement:
        raise StatementMissing
    claim = steps.locked(code)
    steps.in_post(actor, TAKERS, now)
    if claim.state not in BEFORE_IT_IS_SIGNED:
        raise NotAtThisStep
    if not authenticity.of(claim.prize.ticket).is_genuine:
        raise TicketNotSealed
    paper = papers.keep(claim, STATEMENT, statement, media_type, actor=actor, now=now)
    return cases.open_(
        kind=KIND,
        object_type="claim",
        object_code=claim.code,
        facts={
            "ticket": claim.prize.ticket.code,
            "what": what,
            "evidence": sorted(set(evidence)),
            "statement": paper.digest,
            "taken_by": people.person_of(actor),
        },
        now=now,
    )


def about(claim: Claim) -> Any:
    """The last such case of a claim."""
    found = cases.about(object_type="claim", object_code=claim.code)
    return next((case for case in found if case.kind == KIND), None)


def _words(case: Any) -> list[tuple[str, str]]:
    comma = gettext(", ")
    return [
        (gettext("Ticket"), codes.shown(case.facts["ticket"])),
        (gettext("What happened to it"), str(WHAT[case.facts["what"]])),
        (gettext("Evidence"), comma.join(str(EVIDENCE[one]) for one in case.facts["evidence"])),
        (gettext("Statement, SHA-256"), case.facts["statement"]),
    ]


def _address(case: Any) -> str:
    return reverse("prizes:desk_claim", args=[case.object_code])


def _by_another(case: Any, actor: Any, _at: datetime) -> None:
    person = people.person_of(actor)
    claim = Claim.objects.select_related("owner__person").get(code=case.object_code)
    if claim.owner.person is not None and str(claim.owner.person.row_uuid) == person:
        raise OwnCase
    checked = claim.steps.filter(person=person, to_state=Claim.State.CHECKED)
    if person == case.facts["taken_by"] or checked.exists():
        raise FoundByAnother
    if not claim.papers.filter(kind=STATEMENT, digest=case.facts["statement"]).exists():
        raise StatementMissing


cases.register(
    cases.Kind(
        name=KIND,
        title=_("A ticket of a claim is damaged or lost"),
        roles=FINDERS,
        words=_words,
        address=_address,
        resolved=_by_another,
    )
)
