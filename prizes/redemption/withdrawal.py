"""The winner takes his claim back before he signs, or claims in another way (F077, F089).

What was done stays in the steps of the claim that is over. The last day of the prize does not move:
a claim opened in time keeps its right only while it stands, and the page says so before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from audit import canonical, trail
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused
from prizes.claim_models import Claim

from . import limits, steps
from .claim_refusals import NotTheOwner, in_words

LONGEST = 300


class LapsesAtOnce(Refused):
    """The last day has passed: without this claim the prize is gone."""

    code = "claim_withdrawn_too_late"
    message = _(
        "The last day for this prize has passed. It is only this claim that keeps it: if you take "
        "it back, the prize goes to the welfare fund. Nothing was changed."
    )


def withdraw(*, code: str, actor: Any, reason: str = "", now: datetime) -> Claim:
    """Take one's own claim back before it is signed; another may be opened until the last day.

    Refused: a claim of somebody else, one that is signed or over, and one that alone keeps the
    prize from lapsing.
    """
    claim = steps.find(code)
    if claim.owner.user_id != actor.pk:
        raise NotTheOwner
    until = limits.claimable_until(claim.prize)
    if until is not None and until <= now:
        raise LapsesAtOnce
    with in_words():
        return _withdraw(code, actor, reason.strip()[:LONGEST])


@inside_transaction
def step(claim: Claim, *, actor: Any, reason: str = "", other_way: str = "") -> Claim:
    """The same as a step of another door, of a claim that is locked."""
    body = {"withdrawn": reason} if reason else {}
    if other_way:
        body["other_way"] = other_way
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_withdraw(%s, %s, %s::jsonb)",
            [claim.pk, actor.pk, canonical.text(body)],
        )
    withdrawn = Claim.objects.shown().get(pk=claim.pk)
    trail.record(
        action="prizes.claim_withdrawn",
        actor=actor,
        object_type="claim",
        object_code=claim.code,
        body={"from": claim.state, "other_way": other_way},
    )
    return withdrawn


@door
def _withdraw(code: str, actor: Any, reason: str) -> Claim:
    return step(steps.locked(code), actor=actor, reason=reason)
