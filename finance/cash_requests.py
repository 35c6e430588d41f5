"""Cash that a desk asks for, and cash that goes back to the bank (F278).

ASKED → APPROVED: at once up to the policy's figure, above it by the word of others. Then another
person brings it: to the desk (ON_ITS_WAY until who has the desk has it in his hands) or back to
the bank. The books move at the moment in which the cash changes hands at the desk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import approvals, people, policies
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import cash_desks, ledger
from .cash_desks import DeskOfAnother, NotEnoughCash
from .ledger import EntryKind, Move
from .models import Account, AccountKind, CashDesk, CashMove, CashRequest

KIND = "finance.cash_request"
ALONE = "cash.alone_up_to_fen"
CARRIERS = frozenset({"cashier", "treasurer"})
LONGEST_REASON = 200

State = CashRequest.State
Direction = CashRequest.Direction


class RequestUnknown(Refused):
    """No such request for cash."""

    code, status = "cash_request_unknown", 404
    message = _("There is no such request for cash.")


class RequestNotInThisState(Refused):
    """Somebody was faster, or it is another's turn."""

    code = "cash_request_not_in_this_state"
    message = _("This request is no longer in the state you saw. Please load the page again.")


class RequestWrong(Refused):
    """Nothing, fen, or no bank account to take it from."""

    code, status = "cash_request_wrong", 400
    message = _("Cash is brought in whole jiao, out of an escrow account.")


class RequestReasonMissing(Refused):
    """Asked for, or dropped, without a word."""

    code, status = "cash_request_reason_missing", 400
    message = _("Please say why.")


class CarriedByAnother(Refused):
    """Who asks does not bring it himself; and bringing it is a cashier's or treasurer's work."""

    code, status = "cash_request_carrier", 403
    message = _("A cashier or treasurer who did not ask brings the cash.")


class DeskBusy(Refused):
    """Being handed over: nothing comes or goes."""

    code = "cash_desk_busy"
    message = _("This cash desk is being handed over; nothing comes or goes until that is done.")


_REFUSALS: dict[str, type[Refused]] = {
    "cash_desk_of_another": DeskOfAnother,
    "cash_request_amount_positive": RequestWrong,
    "cash_request_can_be_brought": RequestWrong,
    "cash_request_carried_by_another": CarriedByAnother,
    "cash_request_stands": RequestNotInThisState,
    "cash_request_approved_by_others": RequestNotInThisState,
    "cash_move_is_in_the_books": DeskBusy,
}


def ask(
    *,
    desk: str,
    direction: str,
    amount: int,
    escrow: str,
    reason: str,
    actor: Any,
    now: datetime,
) -> CashRequest:
    """Ask for `amount` fen to be brought to a desk that one has, or back to the bank.

    Up to `cash.alone_up_to_fen` it is approved at once, above it others decide. Refuses with
    `DeskOfAnother`, `RequestReasonMissing` or `RequestWrong`.
    """
    if not reason.strip():
        raise RequestReasonMissing(fields=["reason"])
    try:
        return _ask(
            desk,
            actor,
            now,
            direction=Direction(direction),
            amount=amount,
            escrow=escrow,
            reason=reason.strip(),
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


@inside_transaction
def approve(*, code: str, approval_code: str, now: datetime) -> None:
    """What the last decision performs: the cash may be brought."""
    request = _locked(code)
    if request.state != State.ASKED or request.approval_code != approval_code:
        raise RequestNotInThisState
    _move(request, State.APPROVED, None, approved_at=now)


@inside_transaction
def refused(*, code: str, reason: str, now: datetime) -> None:
    """What a refused or expired request for approval leads to."""
    request = _locked(code)
    if request.state == State.ASKED:
        _move(
            request, State.DROPPED, None, drop_reason=reason[:LONGEST_REASON] or "—", ended_at=now
        )


def bring(*, code: str, actor: Any, now: datetime) -> CashRequest:
    """Fetch cash at the bank for a desk: on its way until who has the desk receives it.

    Refuses with `CarriedByAnother` or `RequestNotInThisState`.
    """
    return _by(_bring, code, actor, now)


def receive(*, code: str, actor: Any, now: datetime) -> CashRequest:
    """Have the cash in one's hands: the desk grows and the bank account falls, once.

    Refuses with `DeskOfAnother`, `DeskBusy` or `RequestNotInThisState`.
    """
    return _by(_receive, code, actor, now)


def collect(*, code: str, actor: Any, now: datetime) -> CashRequest:
    """Take cash from a desk back to the bank, from the hands of who has the desk; booked once.

    Refuses with `CarriedByAnother`, `NotEnoughCash`, `DeskBusy` or `RequestNotInThisState`.
    """
    return _by(_collect, code, actor, now)


@door
def drop(*, code: str, reason: str, actor: Any, now: datetime) -> CashRequest:
    """Do not bring it after all: who asked, or who would bring it."""
    if not reason.strip():
        raise RequestReasonMissing(fields=["reason"])
    request = _locked(code)
    if request.state not in {State.APPROVED, State.ON_ITS_WAY}:
        raise RequestNotInThisState
    if actor.pk != request.asked_by_id and not people.roles_of(actor, now) & CARRIERS:
        raise CarriedByAnother
    _move(request, State.DROPPED, actor, drop_reason=reason.strip()[:LONGEST_REASON], ended_at=now)
    return request


def find(code: str) -> CashRequest:
    """The request of this code, or `RequestUnknown`."""
    found = CashRequest.objects.select_related("desk", "asked_by", "carried_by")
    if (request := found.filter(code=code).first()) is None:
        raise RequestUnknown
    return request


def under_way(desks: Collection[CashDesk]) -> QuerySet[CashRequest]:
    """What is asked for these desks and not brought yet, oldest first."""
    found = CashRequest.objects.filter(desk__in=desks).exclude(
        state__in=[State.BROUGHT, State.DROPPED]
    )
    return found.select_related("desk", "asked_by", "carried_by").order_by("asked_at", "pk")


def escrows() -> Sequence[str]:
    """The accounts that cash may come out of."""
    found = Account.objects.filter(kind=AccountKind.ESCROW, is_shadow=False).order_by("code")
    return list(found.values_list("code", flat=True))


@transaction.atomic(durable=True)
def _ask(
    code: str,
    actor: Any,
    now: datetime,
    *,
    direction: Direction,
    amount: int,
    escrow: str,
    reason: str,
) -> CashRequest:
    desk = cash_desks.locked(code)
    if desk.holder_id != actor.pk:
        raise DeskOfAnother
    request = CashRequest.objects.create(
        code=new_code(),
        desk=desk,
        direction=direction,
        amount=amount,
        escrow=escrow,
        reason=reason[:LONGEST_REASON],
        asked_by=actor,
        asked_at=now,
    )
    cash_desks.record(
        "finance.cash_asked",
        desk,
        actor,
        {"request": request.code, "direction": direction.value, "amount_fen": amount},
    )
    if amount <= int(policies.read(ALONE, at=now)):
        change(request, state=State.APPROVED, approved_at=now)
        return request
    asked = approvals.request(
        kind=KIND,
        payload={
            "request": request.code, "desk": desk.code, "name": desk.name, "place": desk.place,
            "direction": direction.value, "amount_fen": amount, "escrow": escrow, "reason": reason,
        },
        maker=actor,
        now=now,
        amount_fen=amount,
    )  # fmt: skip
    change(request, approval_code=asked.code)
    return request


def _by(deed: Any, code: str, actor: Any, now: datetime) -> CashRequest:
    try:
        with transaction.atomic(durable=True):
            request: CashRequest = deed(code, actor, now)
            return request
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


def _bring(code: str, actor: Any, now: datetime) -> CashRequest:
    request = _locked(code)
    if request.state != State.APPROVED or request.direction != Direction.IN:
        raise RequestNotInThisState
    _must_carry(request, actor, now)
    _move(request, State.ON_ITS_WAY, actor, carried_by=actor, carried_at=now)
    return request


def _receive(code: str, actor: Any, now: datetime) -> CashRequest:
    desk = _desk_of(code)
    request = _locked(code)
    if request.state != State.ON_ITS_WAY:
        raise RequestNotInThisState
    if desk.holder_id != actor.pk or request.carried_by_id == actor.pk:
        raise DeskOfAnother
    _move(request, State.BROUGHT, actor, ended_at=now)
    _book(request, desk, Move(desk.account, request.escrow, request.amount), actor, now)
    return request


def _collect(code: str, actor: Any, now: datetime) -> CashRequest:
    desk = _desk_of(code)
    request = _locked(code)
    if request.state != State.APPROVED or request.direction != Direction.BACK:
        raise RequestNotInThisState
    _must_carry(request, actor, now)
    left = cash_desks.in_desk(desk)
    if request.amount > left:
        raise NotEnoughCash(left_fen=left, wanted_fen=request.amount)
    _move(request, State.BROUGHT, actor, carried_by=actor, carried_at=now, ended_at=now)
    _book(request, desk, Move(request.escrow, desk.account, request.amount), actor, now)
    return request


def _book(request: CashRequest, desk: CashDesk, move: Move, actor: Any, now: datetime) -> None:
    entry = ledger.post(
        reference=f"cash_request:{request.code}", kind=EntryKind.CASH_MOVED, moves=[move]
    )
    is_in = request.direction == Direction.IN
    cash_desks.book(
        desk=desk,
        kind=CashMove.Kind.BROUGHT if is_in else CashMove.Kind.BACK,
        fen=request.amount if is_in else -request.amount,
        entry=entry.pk,
        actor=actor,
        now=now,
        request=request,
    )


def _must_carry(request: CashRequest, actor: Any, now: datetime) -> None:
    is_same = people.person_of(actor) == people.person_of(request.asked_by)
    if is_same or not people.roles_of(actor, now) & CARRIERS:
        raise CarriedByAnother


def _desk_of(code: str) -> CashDesk:
    """Its desk, locked before the request: so all take the two in one order."""
    return cash_desks.locked(find(code).desk.code)


def _locked(code: str) -> CashRequest:
    found = CashRequest.objects.select_for_update(no_key=True, of=("self",))
    request = found.select_related("desk", "asked_by").filter(code=code).first()
    if request is None:
        raise RequestUnknown
    return request


def _move(request: CashRequest, state: State, actor: Any, **said: Any) -> None:
    change(request, state=state, **said)
    cash_desks.record(
        f"finance.cash_{state.value.lower()}",
        request.desk,
        actor,
        {"request": request.code, "amount_fen": request.amount},
    )
