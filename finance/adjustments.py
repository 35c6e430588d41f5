"""Corrections of the books: asked for by one, booked by the word of others (F120, F212).

An adjustment says which moves, why, and what stood in the accounts before; once booked, what stands
after. The database books it only by its own performed approval and only in the moves approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounts import who
from accounts.models import Player
from audit import approvals, trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import ledger
from .ledger import AccountKind, EntryKind, Move
from .models import Adjustment

KIND = "finance.adjustment"
OF_PLAYERS = frozenset(
    {
        AccountKind.WALLET,
        AccountKind.WINNINGS,
        AccountKind.BONUS,
        AccountKind.HOLD,
        AccountKind.RECEIVABLE,
    }
)
# Booked by doors that know what the bank did; a reversal would know nothing of it.
TO_THE_BANK = ("withdrawal:", "return:")


class ReasonNeeded(Refused):
    """A correction without a reason."""

    code, status = "adjustment_reason_missing", 400
    message = _("Please say why the books must be corrected.")


class AdjustmentNotAllowed(Refused):
    """The posting rules know no such correction."""

    code, status = "adjustment_not_allowed", 400
    message = _("The books know no correction from %(source)s to %(target)s.")


class AdjustmentUnknown(Refused):
    """No such adjustment, or no such entry to reverse."""

    code, status = "adjustment_unknown", 404
    message = _("There is no such entry in the books.")


class OwnBalance(Refused):
    """Nobody corrects his own balance, nor agrees to it."""

    code, status = "adjustment_own_balance", 403
    message = _("This moves your own money. Colleagues must handle it.")


class GoesToTheBank(Refused):
    """A withdrawal or a refund: the bank may have it."""

    code = "adjustment_of_a_payout"
    message = _("The bank may have this money. What became of it, its own page says and books.")


class StakeOfATicket(Refused):
    """A purchase: its tickets would stay in the draw."""

    code = "adjustment_of_a_stake"
    message = _("The tickets of this purchase stand; the stake does not come back without them.")


@door
def ask(
    *,
    moves: Sequence[Move],
    reason: str,
    maker: Any,
    now: datetime,
    booked_on: date | None = None,
) -> Adjustment:
    """Ask that `moves` be booked as a correction; others decide. Nothing moves until they have.

    Refuses with `ReasonNeeded`, `OwnBalance`, or `AdjustmentNotAllowed` for what no rule allows.
    """
    return _ask(checked(moves), reason, maker, now, booked_on=booked_on, reversal_of="")


@door
def ask_reversal(*, of_reference: str, reason: str, maker: Any, now: datetime) -> Adjustment:
    """Ask that an entry be reversed, whole and once (F105).

    Refuses with `AdjustmentUnknown`, `AlreadyReversed`, `GoesToTheBank`, `StakeOfATicket` or
    `OwnBalance`.
    """
    moves = moves_of_reversal(of_reference)
    return _ask(moves, reason, maker, now, booked_on=None, reversal_of=of_reference)


def checked(moves: Sequence[Move]) -> Sequence[Move]:
    """These moves, if the posting rules know them as a correction, or `AdjustmentNotAllowed`."""
    kinds = ledger.kinds_of({code for move in moves for code in (move.source, move.target)})
    allowed = ledger.allowed(EntryKind.ADJUSTMENT)
    for move in moves:
        if (kinds.get(move.source), kinds.get(move.target)) not in allowed:
            raise AdjustmentNotAllowed(source=move.source, target=move.target)
    return moves


def moves_of_reversal(of_reference: str) -> Sequence[Move]:
    """What would reverse an entry, or a refusal as of `ask_reversal`."""
    entry = ledger.entry_of(of_reference)
    if entry is None:
        raise AdjustmentUnknown
    if of_reference.startswith(TO_THE_BANK):
        raise GoesToTheBank
    if entry.kind == EntryKind.PURCHASE:
        raise StakeOfATicket
    if entry.kind == EntryKind.REVERSAL or ledger.is_reversed(of_reference):
        raise ledger.AlreadyReversed(reference=of_reference)
    return ledger.back(entry)


@inside_transaction
def book(*, code: str, now: datetime) -> Adjustment:
    """Book what was approved; what the last decision performs."""
    adjustment = Adjustment.objects.filter(code=code).first()
    if adjustment is None:
        raise AdjustmentUnknown
    moves = [Move(source, target, fen) for source, target, fen in adjustment.moves]
    reference = f"adjustment:{code}"
    try:
        if adjustment.reversal_of:
            ledger.reverse(reference=reference, of_reference=adjustment.reversal_of)
        else:
            ledger.post(
                reference=reference,
                kind=EntryKind.ADJUSTMENT,
                moves=moves,
                day=adjustment.booked_on,
            )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    after = _standing(moves)
    Adjustment.objects.filter(pk=adjustment.pk).update(after=after, booked_at=now)
    trail.record(
        action="finance.adjustment_booked",
        actor=None,
        object_type="adjustment",
        object_code=code,
        body={
            "before": adjustment.before, "after": after, "reason": adjustment.reason,
            "approval": adjustment.approval_code, "moves": adjustment.moves,
        },
    )  # fmt: skip
    adjustment.refresh_from_db()
    return adjustment


class NoLongerCovered(Refused):
    """The money to be moved is no longer there."""

    code = "adjustment_not_covered"
    message = _("The account no longer holds the money that this correction would take.")


class PeriodClosed(Refused):
    """The period of that day is closed."""

    code = "period_closed"
    message = _("The period of that day is closed. Book the correction into an open period.")


_REFUSALS: dict[str, type[Refused]] = {
    "wallet_not_overdrawn": NoLongerCovered,
    "hold_not_overdrawn": NoLongerCovered,
    "entry_into_an_open_period": PeriodClosed,
    "correction_by_others": OwnBalance,
    "correction_not_of_a_payout": GoesToTheBank,
    "correction_not_of_a_stake": StakeOfATicket,
}


def _ask(
    moves: Sequence[Move],
    reason: str,
    maker: Any,
    now: datetime,
    *,
    booked_on: date | None,
    reversal_of: str,
) -> Adjustment:
    if not reason.strip():
        raise ReasonNeeded
    _not_own(moves, maker)
    rows = [[move.source, move.target, move.amount] for move in moves]
    code, before = new_code(), _standing(moves)
    request = approvals.request(
        kind=KIND,
        payload={
            "adjustment": code,
            "moves": rows,
            "reversal_of": reversal_of,
            "booked_on": booked_on.isoformat() if booked_on else "",
            "reason": reason.strip(),
            "before": before,
        },
        maker=maker,
        now=now,
        amount_fen=sum(move.amount for move in moves),
    )
    return Adjustment.objects.create(
        code=code,
        moves=rows,
        reversal_of=reversal_of,
        booked_on=booked_on,
        reason=reason.strip(),
        before=before,
        approval_code=request.code,
        asked_at=now,
    )


def _not_own(moves: Sequence[Move], maker: Any) -> None:
    """Who agrees is looked at by the database, which knows whose word it is."""
    person = who.person_code(maker)
    codes = {code for move in moves for code in (move.source, move.target)}
    players = {
        code.partition(":")[2]
        for code, kind in ledger.kinds_of(codes).items()
        if kind in OF_PLAYERS
    }
    if person and Player.objects.filter(code__in=players, person__row_uuid=person).exists():
        raise OwnBalance


def _standing(moves: Sequence[Move]) -> dict[str, int]:
    return ledger.balances({code for move in moves for code in (move.source, move.target)})
