"""Whether money may leave at all: payouts stand still while anything says that they must.

`stop` holds from the moment it is written: the database lets no withdrawal go to the bank while a
stop is open (`withdrawal_payouts_open`), whatever calls. Withdrawals asked for meanwhile wait, none
is lost. A stop is lifted by the word of others, and while its cause stands not even by that; there
is no other way. Whoever finds a reason to stop names it here as a cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals, canonical, trail
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .models import PayoutStop, Withdrawal

KIND = "finance.payouts_on"
BY_STAFF = "staff"

Words = Callable[[Mapping[str, Any]], Sequence[tuple[str, str]]]


def _plainly(facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(name, str(value)) for name, value in sorted(facts.items())]


def _reason(facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(_now("Reason"), str(facts["reason"]))]


CAUSES: dict[str, tuple[Any, Words]] = {BY_STAFF: (_("Stopped by a member of staff"), _reason)}


class StopUnknown(Refused):
    """No such stop, or it is lifted already."""

    code, status = "payout_stop_unknown", 404
    message = _("There is no such stop of payouts, or it is lifted already.")


class CauseStands(Refused):
    """What stopped them is not put right yet."""

    code = "payout_stop_cause_stands"
    message = _("What stopped payouts is still so. Put it right first.")


class StopReasonMissing(Refused):
    """Who stops or opens payouts says why."""

    code, status = "payout_stop_reason_missing", 400
    message = _("Please write down why.")


def name_cause(cause: str, title: Any, words: Words = _plainly) -> None:
    """Say what a cause is called on pages, and its facts; called once for each, at start-up."""
    if cause in CAUSES:
        raise RuntimeError(f"Two causes are called {cause}.")
    CAUSES[cause] = (title, words)


def title_of(cause: str) -> str:
    """What a cause is called; one that nobody named keeps its own word."""
    return str(CAUSES[cause][0]) if cause in CAUSES else cause


def words_of(cause: str, facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What is known of a stop, in pairs of label and value."""
    return CAUSES[cause][1](facts) if cause in CAUSES else _plainly(facts)


def cause_stands(cause: str) -> bool:
    """Whether what led to a stop is still so, as far as the database can tell."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT finance_stop_cause_stands(%s)", [cause])
        return bool(cursor.fetchone()[0])


def open_stops() -> list[PayoutStop]:
    """What stops payouts now, oldest first; an empty list: they go."""
    rows = PayoutStop.objects.filter(lifted_at__isnull=True).select_related("stopped_by")
    return list(rows.order_by("stopped_at", "pk"))


def are_stopped() -> bool:
    """Whether no withdrawal goes to the bank at present."""
    return PayoutStop.objects.filter(lifted_at__isnull=True).exists()


def stop(*, cause: str, facts: Mapping[str, Any], now: datetime, actor: Any = None) -> PayoutStop:
    """Stop all payouts for this cause, or return the stop that is open for it already.

    In the caller's transaction if he has one, else in one of its own. No personal data in `facts`.
    """
    is_open = PayoutStop.objects.filter(cause=cause, lifted_at__isnull=True)
    if known := is_open.first():
        return known
    try:
        with transaction.atomic():
            made = PayoutStop.objects.create(
                cause=cause, facts=canonical.plain(facts), stopped_at=now, stopped_by=actor
            )
            trail.record(
                action="finance.payouts_stopped",
                actor=actor,
                object_type="payout_stop",
                object_code=made.code,
                body={"cause": cause, "facts": made.facts},
            )
    except IntegrityError as exc:
        if violated(exc) != "payout_stop_once_while_open":
            raise
        return is_open.get()
    return made


@door
def stop_by_hand(*, reason: str, actor: Any, now: datetime) -> PayoutStop:
    """A member of staff stops payouts, and says why."""
    if not reason.strip():
        raise StopReasonMissing
    return stop(cause=BY_STAFF, facts={"reason": reason.strip()}, actor=actor, now=now)


@door
def ask_to_lift(*, code: str, reason: str, maker: Any, now: datetime) -> approvals.Request:
    """Ask that payouts go on as far as this stop is concerned; others decide.

    Refuses with `CauseStands` while what led to it is not put right.
    """
    if not reason.strip():
        raise StopReasonMissing
    found = PayoutStop.objects.filter(code=code, lifted_at__isnull=True).first()
    if found is None:
        raise StopUnknown
    if cause_stands(found.cause):
        raise CauseStands
    return approvals.request(
        kind=KIND,
        payload={
            "stop": found.code,
            "cause": found.cause,
            "facts": found.facts,
            "stopped_at": found.stopped_at,
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def lift(*, code: str, approval_code: str, now: datetime) -> None:
    """What the last decision performs; once nothing stops them any more, withdrawals go on."""
    try:
        won = PayoutStop.objects.filter(code=code, lifted_at__isnull=True).update(
            lifted_at=now, approval_code=approval_code
        )
    except IntegrityError as exc:
        if violated(exc) == "payout_stop_cause_is_gone":
            raise CauseStands from exc
        raise
    if not won:
        raise StopUnknown
    trail.record(
        action="finance.payouts_lifted",
        actor=None,
        object_type="payout_stop",
        object_code=code,
        body={"approval": approval_code},
    )
    if not are_stopped():
        waiting = Withdrawal.objects.filter(state=Withdrawal.State.APPROVED).order_by("pk")
        for one in waiting.values_list("code", flat=True):
            jobs.enqueue("finance.send_withdrawal", key=f"{one}:{code}", code=one)
