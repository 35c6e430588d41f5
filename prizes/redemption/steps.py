"""The database's functions that open, move and pay claims, called from the doors of this package.

Each call is a step inside the transaction of its door; what is refused flies as an
`IntegrityError` named by a fact (`claim_refusals.FACTS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from audit import canonical, people, trail
from lottery_portal.lib.db import inside_transaction
from prizes.claim_models import Claim
from prizes.models import Prize

from .claim_refusals import ClaimUnknown, NotYourPost, OwnClaim

State = Claim.State


def find(code: str) -> Claim:
    """The claim of this number, or `ClaimUnknown`."""
    claim = Claim.objects.shown().filter(code=code).first()
    if claim is None:
        raise ClaimUnknown
    return claim


def in_post(actor: Any, roles: frozenset[str], now: datetime) -> None:
    """Refuse with `NotYourPost` who holds none of these roles now."""
    if not people.roles_of(actor, now) & roles:
        raise NotYourPost


def not_ones_own(prize: Prize, actor: Any) -> None:
    """Refuse with `OwnClaim` whose own prize it is, under whatever account."""
    person = prize.owner.person
    if person is not None and str(person.row_uuid) == people.person_of(actor):
        raise OwnClaim


@inside_transaction
def locked(code: str) -> Claim:
    """The claim, that nobody else moves until the end, and its prize, that nobody else ends."""
    found = find(code)
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_lock_claim(%s)", [found.pk])
    return find(code)


@inside_transaction
def open_(asked: Mapping[str, Any], *, actor: Any) -> Claim:
    """Open a claim; what it is of, how, and the proof are in `asked`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_open(%s::jsonb)",
            [canonical.text({**asked, "account": actor.pk})],
        )
        (pk,) = cursor.fetchone()
    claim = Claim.objects.shown().get(pk=pk)
    _record(claim, "", actor, {"way": claim.way, "outlet": claim.outlet_code})
    return claim


@inside_transaction
def move(
    claim: Claim,
    to: Claim.State | str,
    *,
    actor: Any,
    body: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    approval: str = "",
) -> Claim:
    """Take one step, with its evidence; the claim as it is afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_move(%s, %s, %s, %s::jsonb, %s::jsonb, %s)",
            [
                claim.pk,
                str(to),
                None if actor is None else actor.pk,
                canonical.text(body or {}),
                None if figures is None else canonical.text(figures),
                approval,
            ],
        )
    moved = Claim.objects.shown().get(pk=claim.pk)
    _record(moved, claim.state, actor, {"approval": approval})
    return moved


@inside_transaction
def pay(claim: Claim, *, actor: Any, body: Mapping[str, Any]) -> Claim:
    """End the prize by this claim: its money is booked in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_pay(%s, %s, %s::jsonb)", [claim.pk, actor.pk, canonical.text(body)]
        )
    paid = Claim.objects.shown().get(pk=claim.pk)
    _record(paid, claim.state, actor, {"net_fen": paid.net, "tax_fen": paid.tax})
    return paid


def bar(claim: Claim, person: str) -> str:
    """The fact that keeps a person from approving or paying this claim; empty: nothing does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_claim_bar(%s, %s)", [claim.pk, person])
        (fact,) = cursor.fetchone()
    return fact or ""


def people_needed(claim: Claim) -> int:
    """How many further persons agree to its payment, by the policy of this moment (F097)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_people(%s, %s, clock_timestamp())",
            [claim.way, claim.prize.amount],
        )
        (needed,) = cursor.fetchone()
    return int(needed)


def _record(claim: Claim, was: str, actor: Any, body: Mapping[str, Any]) -> None:
    trail.record(
        action=f"prizes.claim_{claim.state.lower()}",
        actor=actor,
        object_type="claim",
        object_code=claim.code,
        body={"from": was, **body},
    )
