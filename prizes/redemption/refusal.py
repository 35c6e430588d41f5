"""A claim is refused by two people, with clause and evidence; the winner may object once (F283).

He may object within the natural days of `OBJECTION_POLICY`, counted from the day of the refusal
until 23:59:59 in Shanghai; S1 九(一)3 lets the centre refuse and names no days, so they are the
house's own. An objection that is upheld by somebody who had no part in the refusal reopens the
claim at the step where it stood. The deadline of the prize is not moved by any of it; a hold would
do that. But while he may still object, or waits to be heard, the prize does not lapse.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts import messages
from audit import approvals
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused
from prizes.claim_models import Claim

from . import steps
from .claim_refusals import ClauseMissing, NotAtThisStep, in_words

KIND = "prizes.claim_refusal"
REFUSED, REOPENED, DISMISSED = (
    "prizes.claim_refused",
    "prizes.claim_reopened",
    "prizes.objection_dismissed",
)
OBJECTION_POLICY = "prizes.objection_days"
OBJECTION_DAYS = 15
ASKERS = frozenset({"claims_clerk", "claims_officer"})
HEARERS = frozenset({"compliance", "approver", "claims_officer"})

State = Claim.State


class RefusalAsked(Refused):
    """The refusal is under way."""

    code = "claim_refusal_asked_already"
    message = _("A refusal of this claim has been asked for already. Another person decides on it.")


class NoObjection(Refused):
    """Nobody objected."""

    code = "claim_no_objection"
    message = _("There is no open objection to the refusal of this claim.")


class WordMissing(Refused):
    """An objection, or the answer to one, without a word."""

    code, status = "claim_word_missing", 400
    message = _("Please write down why.")


@door
def ask(
    *, code: str, clause: str, evidence: str, reason: str, maker: Any, now: datetime
) -> approvals.Request:
    """Ask that a claim be refused; a second person decides.

    `clause` is the rule it breaks, `evidence` what shows it (numbers of papers, digests), `reason`
    what the winner reads.
    """
    if not clause.strip() or not evidence.strip() or not reason.strip():
        raise ClauseMissing
    claim = steps.locked(code)
    steps.in_post(maker, ASKERS, now)
    if claim.state not in {
        State.OPENED, State.CHECKED, State.COMPLETE, State.SIGNED, State.APPROVED,
    }:  # fmt: skip
        raise NotAtThisStep
    if any(one.payload["claim"] == code for one in approvals.under_way(KIND)):
        raise RefusalAsked
    return approvals.request(
        kind=KIND,
        payload={
            "claim": claim.code,
            "ticket": claim.prize.ticket.code,
            "amount_fen": claim.prize.amount,
            "state": claim.state,
            "clause": clause.strip(),
            "evidence": evidence.strip(),
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
        amount_fen=claim.prize.amount,
    )


@inside_transaction
def perform(*, request: approvals.Request, now: datetime) -> None:
    """What the second word performs: the claim is refused, and the winner told why."""
    asked = request.payload
    with in_words():
        claim = steps.locked(asked["claim"])
        steps.move(
            claim,
            State.REFUSED,
            actor=None,
            body={"clause": asked["clause"], "reason": asked["reason"]},
            approval=request.code,
        )
    _tell(
        claim,
        REFUSED,
        request.code,
        now,
        clause=asked["clause"],
        reason=asked["reason"],
        object_until=_last_day(claim).isoformat(),
    )


def object_(*, code: str, actor: Any, words: str) -> Claim:
    """The winner objects to a refusal, once and in time; somebody without part in it hears him."""
    if not words.strip():
        raise WordMissing
    with in_words():
        return _object(code, actor, words.strip())


def uphold(*, code: str, actor: Any, reason: str, now: datetime) -> Claim:
    """The objection is right: the claim goes on at the step where it was refused."""
    if not reason.strip():
        raise WordMissing
    with in_words():
        return _uphold(code, actor, reason.strip(), now)


def dismiss(*, code: str, actor: Any, reason: str, now: datetime) -> Claim:
    """The objection is not right; the winner reads why, the claim stays refused."""
    if not reason.strip():
        raise WordMissing
    with in_words():
        return _dismiss(code, actor, reason.strip(), now)


@door
def _object(code: str, actor: Any, words: str) -> Claim:
    claim = steps.locked(code)
    if claim.state != State.REFUSED:
        raise NotAtThisStep
    return steps.move(claim, State.REFUSED, actor=actor, body={"objection": words})


@door
def _uphold(code: str, actor: Any, reason: str, now: datetime) -> Claim:
    claim = steps.locked(code)
    steps.in_post(actor, HEARERS, now)
    number = objection_of(claim)
    stood = (
        claim.steps.filter(to_state=State.REFUSED)
        .exclude(from_state=State.REFUSED)
        .order_by("-number")
        .first()
    )
    assert stood is not None  # noqa: S101 - a refused claim was refused at some step
    reopened = steps.move(claim, stood.from_state, actor=actor, body={"upheld": reason})
    _tell(claim, REOPENED, str(number), now, clause="", reason=reason)
    return reopened


@door
def _dismiss(code: str, actor: Any, reason: str, now: datetime) -> Claim:
    claim = steps.locked(code)
    steps.in_post(actor, HEARERS, now)
    number = objection_of(claim)
    dismissed = steps.move(claim, State.REFUSED, actor=actor, body={"dismissed": reason})
    _tell(claim, DISMISSED, str(number), now, clause="", reason=reason)
    return dismissed


def objection_of(claim: Claim) -> int:
    """The number of the objection that waits, or `NoObjection`."""
    last = claim.steps.order_by("-number").first()
    if last is None or last.from_state != State.REFUSED or "objection" not in last.body:
        raise NoObjection
    return last.number


def last_day_to_object(claim: Claim) -> date | None:
    """The last day on which the winner of a refused claim may object; None if it is not refused."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_objection_until(%s)", [claim.pk])
        (until,) = cursor.fetchone()
    return None if until is None else dates.in_shanghai(until).date() - timedelta(days=1)


def _last_day(claim: Claim) -> date:
    day = last_day_to_object(claim)
    assert day is not None  # noqa: S101 - narrows: the claim was refused a moment ago
    return day


def _tell(
    claim: Claim, kind: str, key: str, now: datetime, *, clause: str, reason: str, **more: str
) -> None:
    messages.send(
        user=claim.owner.user,
        kind=kind,
        params={
            "ticket": claim.prize.ticket.code,
            "claim": claim.code,
            "clause": clause,
            "reason": reason,
            **more,
        },
        natural_key=f"{kind}:{claim.code}:{key}",
        now=now,
    )
