"""The operator pays his own money into an escrow account, so that it covers what is owed (F130).

ASKED → APPROVED by the word of others → BOOKED when his bank has paid it. Until then the books, and
with them the proof of funds, know nothing of it: a proof that is short is met by money, not by a
promise. The statements of both banks are matched with the entry afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import ledger, payment_orders, periods
from .ledger import EntryKind, Move
from .models import Cover

KIND = "finance.cover"
LONGEST_REASON = 200

State = Cover.State


class CoverUnknown(Refused):
    """No such payment into escrow."""

    code, status = "cover_unknown", 404
    message = _("There is no such payment into escrow.")


class CoverNotInThisState(Refused):
    """Somebody was faster, or it is another's turn."""

    code = "cover_not_in_this_state"
    message = _("This payment is no longer in the state you saw. Please load the page again.")


class CoverAccountsWrong(Refused):
    """Not from an own account into an escrow account, or nothing at all."""

    code, status = "cover_accounts_wrong", 400
    message = _("Own money goes from an own bank account into an escrow account.")


class CoverReasonMissing(Refused):
    """Asked for, or dropped, without a reason."""

    code, status = "cover_reason_missing", 400
    message = _("Please say why.")


class CoverPaidOnWrongDay(Refused):
    """Before it was approved, or in the future."""

    code, status = "cover_day_wrong", 400
    message = _("It is paid after it was approved, and not later than today.")


class CoverReferenceMissing(Refused):
    """Without the number that the bank gave it."""

    code, status = "cover_bank_reference_missing", 400
    message = _("Please give the number that the bank gave this payment.")


class CoverReferenceUsed(Refused):
    """One payment of the bank is one payment into escrow."""

    code = "cover_bank_reference_used"
    message = _("Another payment into escrow has this number of the bank.")


_REFUSALS: dict[str, type[Refused]] = {
    "cover_from_own_bank_into_escrow": CoverAccountsWrong,
    "cover_amount_positive": CoverAccountsWrong,
    "cover_bank_reference_once": CoverReferenceUsed,
    "cover_stands": CoverNotInThisState,
    "cover_is_approved": CoverNotInThisState,
}


def ask(
    *, escrow: str, own_bank: str, amount: int, reason: str, maker: Any, now: datetime
) -> Cover:
    """Ask that `amount` of own money be paid into an escrow account; others decide.

    Refuses with `CoverReasonMissing` or `CoverAccountsWrong`.
    """
    if not reason.strip():
        raise CoverReasonMissing
    try:
        return _ask(Move(escrow, own_bank, amount), reason.strip()[:LONGEST_REASON], maker, now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


@inside_transaction
def approve(*, code: str, approval_code: str, now: datetime) -> None:
    """What the last decision performs: the money may leave the own account."""
    cover = _locked(code)
    if cover.state != State.ASKED or cover.approval_code != approval_code:
        raise CoverNotInThisState
    _move(cover, State.APPROVED, actor=None, approved_at=now)


@inside_transaction
def refused(*, code: str, reason: str, now: datetime) -> None:
    """What a refused or expired request leads to."""
    cover = _locked(code)
    if cover.state == State.ASKED:
        _move(cover, State.DROPPED, actor=None, drop_reason=reason[:LONGEST_REASON], ended_at=now)


def paid(*, code: str, paid_on: date, bank_reference: str, actor: Any, now: datetime) -> Cover:
    """Write down that the bank has paid it in, and book it on that day.

    A payment of a closed period is booked today. Repeating it with the same figures is no harm.
    """
    try:
        return _paid(code, paid_on, bank_reference.strip(), actor, now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


@door
def drop(*, code: str, reason: str, actor: Any, now: datetime) -> Cover:
    """Write down that an approved payment is not made after all; nothing of it is in the books."""
    if not reason.strip():
        raise CoverReasonMissing
    cover = _locked(code)
    if cover.state != State.APPROVED:
        raise CoverNotInThisState
    _move(
        cover,
        State.DROPPED,
        actor=actor,
        drop_reason=reason.strip()[:LONGEST_REASON],
        ended_at=now,
    )
    return cover


def find(code: str) -> Cover:
    """One payment into escrow, or `CoverUnknown`."""
    found = Cover.objects.filter(code=code).first()
    if found is None:
        raise CoverUnknown
    return found


def latest(most: int = 50) -> Sequence[Cover]:
    """The latest payments into escrow, newest first."""
    return list(Cover.objects.order_by("-asked_at", "-pk")[:most])


def reference_of(cover: Cover) -> str:
    """The reference under which it is booked."""
    return f"cover:{cover.code}"


def escrows() -> Sequence[str]:
    """The escrow accounts it may go into."""
    return payment_orders.escrows()


def own_banks() -> Sequence[str]:
    """The operator's own bank accounts it may come from."""
    return payment_orders.own_banks()


@door
def _ask(move: Move, reason: str, maker: Any, now: datetime) -> Cover:
    code = new_code()
    request = approvals.request(
        kind=KIND,
        payload={
            "cover": code,
            "moves": [[move.source, move.target, move.amount]],
            "amount_fen": move.amount,
            "reason": reason,
        },
        maker=maker,
        now=now,
        amount_fen=move.amount,
    )
    return Cover.objects.create(
        code=code,
        escrow=move.source,
        own_bank=move.target,
        amount=move.amount,
        reason=reason,
        approval_code=request.code,
        asked_at=now,
    )


@door
def _paid(code: str, paid_on: date, bank_reference: str, actor: Any, now: datetime) -> Cover:
    cover = _locked(code)
    said = (State.BOOKED, paid_on, bank_reference)
    if (cover.state, cover.paid_on, cover.bank_reference) == said:
        return cover
    if cover.state != State.APPROVED or cover.approved_at is None:
        raise CoverNotInThisState
    today = dates.in_shanghai(now).date()
    if not dates.in_shanghai(cover.approved_at).date() <= paid_on <= today:
        raise CoverPaidOnWrongDay(fields=["paid_on"])
    if not bank_reference:
        raise CoverReferenceMissing(fields=["bank_reference"])
    ledger.post(
        reference=reference_of(cover),
        kind=EntryKind.COVER,
        moves=[Move(cover.escrow, cover.own_bank, cover.amount)],
        day=paid_on if paid_on < today and periods.open_on(paid_on) else None,
    )
    _move(
        cover,
        State.BOOKED,
        actor=actor,
        paid_on=paid_on,
        bank_reference=bank_reference,
        booked_at=now,
    )
    # Its lines may have come before it was written down.
    jobs.enqueue("finance.match_statements", key=reference_of(cover))
    return cover


def _locked(code: str) -> Cover:
    found = Cover.objects.select_for_update(no_key=True).filter(code=code).first()
    if found is None:
        raise CoverUnknown
    return found


def _move(cover: Cover, state: Cover.State, *, actor: Any, **changes: Any) -> None:
    """Write the new state of a row the caller has locked, and the evidence of it."""
    change(cover, state=state, **changes)
    trail.record(
        action=f"finance.cover_{state.lower()}",
        actor=actor,
        object_type="cover",
        object_code=cover.code,
        body={
            "escrow": cover.escrow,
            "own_bank": cover.own_bank,
            "amount_fen": cover.amount,
            "reason": cover.drop_reason or cover.reason,
            "approval": cover.approval_code,
            "bank_reference": cover.bank_reference,
            "paid_on": cover.paid_on.isoformat() if cover.paid_on else "",
        },
    )
