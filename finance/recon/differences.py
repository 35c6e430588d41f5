"""Where books and bank disagree: each has an owner, a due day, and comes up when late (F121)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import alarms, policies, trail
from finance import ledger
from finance.models import Account, Difference, StatementLine
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

Kind = Difference.Kind
State = Difference.State
OVERDUE = "finance.difference_overdue"
AT_ONCE = 500
# Who keeps cases for the room says so at start-up. Called with kind, object_type, object_code,
# facts, due_on and now, in the transaction that found the difference; it answers with the case.
open_case: Callable[..., Any] | None = None
# The same for its end: called with kind, object_type, object_code, resolution and now.
settle_case: Callable[..., Any] | None = None

alarms.register(kind=OVERDUE, title=_("A difference between books and bank is overdue"))


class DifferenceUnknown(Refused):
    """No such difference that is still open."""

    code, status = "difference_unknown", 404
    message = _("There is no such open difference.")


class ResolutionMissing(Refused):
    """Resolved without a word."""

    code, status = "difference_resolution_missing", 400
    message = _("Please write down what you found and what was done.")


class CorrectionNeeded(Refused):
    """Words alone do not put an amount right."""

    code = "difference_correction_missing"
    message = _("Please name the entry of the books that put this right.")


class CorrectionDoesNotFit(Refused):
    """The entry named moves something else on this account."""

    code = "difference_correction_wrong"
    message = _("This entry does not move what differs on this account, to the fen.")


_REFUSALS: dict[str, type[Refused]] = {
    "difference_put_right_to_the_fen": CorrectionDoesNotFit,
    "difference_correction_once": CorrectionDoesNotFit,
    "difference_stands": DifferenceUnknown,
}
# What stays wrong in the books until an entry corrects it.
NEEDS_ENTRY = frozenset({Kind.AMOUNT, Kind.NOT_THERE, Kind.LEVEL})


@inside_transaction
def found(
    *,
    kind: str,
    natural_key: str,
    account: Account,
    booked_fen: int,
    stated_fen: int,
    owner: Any,
    now: datetime,
    line: StatementLine | None = None,
    reference: str = "",
) -> Difference:
    """Write down a difference, once by its natural key, with its owner and the day it is due on."""
    if known := Difference.objects.filter(natural_key=natural_key).first():
        return known
    days = int(policies.read("reconciliation.days_to_resolve", at=now))
    difference = Difference(
        natural_key=natural_key,
        kind=kind,
        account=account,
        line=line,
        reference=reference,
        booked=booked_fen,
        stated=stated_fen,
        owner=owner,
        opened_at=now,
        due_on=dates.in_shanghai(now).date() + timedelta(days=days),
    )
    facts = _facts(difference)
    if open_case is not None:
        case = open_case(
            kind=_case_kind(difference),
            object_type="difference",
            object_code=difference.code,
            facts=facts,
            due_on=difference.due_on,
            now=now,
        )
        difference.case_code = case.code
    difference.save(force_insert=True)
    trail.record(
        action="finance.difference_found",
        actor=None,
        object_type="difference",
        object_code=difference.code,
        body=facts,
    )
    return difference


@door
def take_over(*, code: str, actor: Any, now: datetime) -> Difference:  # noqa: ARG001 - the trail has its own clock
    """Make oneself the owner of an open difference."""
    difference = _locked(code)
    Difference.objects.filter(pk=difference.pk).update(owner=actor)
    trail.record(
        action="finance.difference_taken_over",
        actor=actor,
        object_type="difference",
        object_code=code,
        body={"kind": difference.kind},
    )
    difference.refresh_from_db()
    return difference


def resolve(
    *, code: str, actor: Any, resolution: str, correction: str = "", now: datetime
) -> Difference:
    """Say how a difference ended; where the books were wrong, by which entry they are right now.

    Refuses an entry that does not move just what differed on that account.
    """
    if not resolution.strip():
        raise ResolutionMissing
    try:
        return _resolve_by(code, actor, resolution.strip(), correction.strip(), now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


@inside_transaction
def settled(difference: Difference, *, why: str, now: datetime) -> None:
    """The difference is gone by itself: what was missing has come."""
    _end(difference, actor=None, resolution=why, correction="", now=now)


@door
def escalate(*, now: datetime) -> int:
    """Bring up every open difference that is overdue, once; how many were new."""
    today = dates.in_shanghai(now).date()
    late = Difference.objects.select_for_update(no_key=True).filter(
        state=State.OPEN, due_on__lt=today, escalated_at__isnull=True
    )
    count = 0
    for difference in late.order_by("due_on", "pk")[:AT_ONCE]:
        Difference.objects.filter(pk=difference.pk).update(escalated_at=now)
        alarms.raise_alarm(
            kind=OVERDUE,
            object_type="difference",
            object_code=difference.code,
            facts={**_facts(difference), "due_on": difference.due_on.isoformat()},
            now=now,
        )
        count += 1
    return count


def open_ones() -> QuerySet[Difference]:
    """All that are open, the most urgent first."""
    rows = Difference.objects.filter(state=State.OPEN)
    return rows.select_related("account", "owner", "line").order_by("due_on", "pk")


def find(code: str) -> Difference:
    """One difference, or `DifferenceUnknown`."""
    rows = Difference.objects.select_related("account", "owner", "resolved_by", "line__statement")
    difference = rows.filter(code=code).first()
    if difference is None:
        raise DifferenceUnknown
    return difference


@door
def _resolve_by(
    code: str, actor: Any, resolution: str, correction: str, now: datetime
) -> Difference:
    difference = _locked(code)
    if difference.kind in NEEDS_ENTRY and not correction:
        raise CorrectionNeeded
    if correction and ledger.entry_of(correction) is None:
        raise CorrectionDoesNotFit
    _end(difference, actor=actor, resolution=resolution, correction=correction, now=now)
    difference.refresh_from_db()
    return difference


def _end(
    difference: Difference, *, actor: Any, resolution: str, correction: str, now: datetime
) -> None:
    ended = Difference.objects.filter(pk=difference.pk, state=State.OPEN).update(
        state=State.RESOLVED,
        resolution=resolution[:500],
        correction=correction,
        resolved_by=actor,
        resolved_at=now,
    )
    if not ended:
        return
    trail.record(
        action="finance.difference_resolved",
        actor=actor,
        object_type="difference",
        object_code=difference.code,
        body={"resolution": resolution[:500], "correction": correction},
    )
    alarms.settle(kind=OVERDUE, object_type="difference", object_code=difference.code, now=now)
    if settle_case is not None:
        settle_case(
            kind=_case_kind(difference),
            object_type="difference",
            object_code=difference.code,
            resolution=resolution[:500],
            now=now,
        )


def _locked(code: str) -> Difference:
    difference = (
        Difference.objects.select_for_update(no_key=True)
        .filter(code=code, state=State.OPEN)
        .first()
    )
    if difference is None:
        raise DifferenceUnknown
    return difference


def _case_kind(difference: Difference) -> str:
    return f"finance.difference_{difference.kind.lower()}"


def _facts(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "account": difference.account.code,
        "line": difference.line.code if difference.line else "",
        "reference": difference.reference,
        "booked_fen": difference.booked,
        "stated_fen": difference.stated,
    }
