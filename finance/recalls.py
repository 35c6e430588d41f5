"""Money on its way out that comes back after all: called back before it was sent, or by its bank.

An approved withdrawal that waits is called back by the word of others, or by its player while he
owes what a bank took back (F112): to nobody else it is offered, for money on its way out is not to
be played (F110). What a bank had paid and gave back, as its statement shows, goes to the player by
the word of others. Either pays first what the player owes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Player
from audit import approvals
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.sentences import sentence

from . import bank_accounts, debts, ledger, withdrawals
from .ledger import Move
from .models import StatementLine, Withdrawal
from .recon import came_back
from .withdrawals import NotInThisState, OwnWithdrawal, ReasonMissing

RECALL_KIND, RETURN_KIND = "finance.withdrawal_recall", "finance.payout_returned"
LONGEST_REASON = 200
State = Withdrawal.State

# Kept as it is written here; pages say it in the reader's language.
BY_PLAYER = sentence(gettext_noop("Called back by the player."))


class NotToBeCalledBack(Refused):
    """A player calls back only what cannot leave because he owes."""

    code = "withdrawal_not_to_be_called_back"
    message = _("This withdrawal is on its way. Only one that waits for a debt is called back.")


class AskedAlready(Refused):
    """The same is asked for and not decided yet."""

    code = "withdrawal_back_asked_already"
    message = _("This has been asked for already. Another person decides on it.")


@door
def ask(*, code: str, reason: str, maker: Any, now: datetime) -> approvals.Request:
    """Ask that an approved withdrawal be called back before it is sent; others decide.

    Refuses with `ReasonMissing`, `NotInThisState`, `OwnWithdrawal` or `AskedAlready`.
    """
    found = _checked(code, State.APPROVED, reason, maker, RECALL_KIND)
    return _ask(RECALL_KIND, found, reason, maker, now)


@door
def ask_return(
    *, code: str, reason: str, maker: Any, now: datetime, line: str = ""
) -> approvals.Request:
    """Ask that a payout which the bank gave back be given back to its player; others decide.

    `line` is the line of a statement that shows it, where the line itself does not say so. Refuses
    with `ReasonMissing`, `NotInThisState`, `OwnWithdrawal`, `AskedAlready` or `LineDoesNotFit`.
    """
    found = _checked(code, State.PAID, reason, maker, RETURN_KIND)
    told = came_back.checked(line, found) if line else None
    if told is not None and asked_with(told.code) is not None:
        raise AskedAlready
    return _ask(RETURN_KIND, found, reason, maker, now, line=told)


@inside_transaction
def perform(*, request: approvals.Request, now: datetime) -> None:
    """What the last decision performs: the money is back in the purses it came from."""
    withdrawal = withdrawals.locked(request.payload["withdrawal"])
    is_return = request.kind == RETURN_KIND
    if withdrawal.state != (State.PAID if is_return else State.APPROVED):
        raise NotInThisState
    line = request.payload.get("line", "")
    told = came_back.held(line, withdrawal) if line else None
    try:
        _give_back(
            withdrawal,
            State.RETURNED if is_return else State.RECALLED,
            request.payload["reason"],
            actor=None,
            now=now,
            approval_code=request.code,
        )
    except IntegrityError as exc:
        if violated(exc) == "withdrawal_back_by_others":
            raise OwnWithdrawal from exc
        raise
    if told is not None:
        came_back.settle(told, withdrawal, actor=request.maker, now=now)


def by_player(*, code: str, player: Player, now: datetime) -> Withdrawal:
    """The player calls back what cannot leave because he owes; what comes back pays that first.

    Refuses with `WithdrawalUnknown` or `NotToBeCalledBack`.
    """
    try:
        return _by_player(code, player, now)
    except IntegrityError as exc:
        if violated(exc) == "withdrawal_back_by_approval":
            raise NotToBeCalledBack from exc
        raise


def may_player(withdrawal: Withdrawal) -> bool:
    """Whether its player may call it back now."""
    is_waiting = withdrawal.state == State.APPROVED
    return is_waiting and debts.owed(withdrawals.player_of(withdrawal)) > 0


def asked_for(withdrawal: Withdrawal) -> approvals.Request | None:
    """What others are to decide about it: to call it back, or to give back what the bank did."""
    kind = RETURN_KIND if withdrawal.state == State.PAID else RECALL_KIND
    return _under_way(kind, withdrawal.code)


def asked_with(line: str) -> approvals.Request | None:
    """The request under way by which a line of a statement is to be a payout that came back."""
    found = approvals.under_way(RETURN_KIND)
    return next((one for one in found if one.payload.get("line") == line), None)


@door
def _by_player(code: str, player: Player, now: datetime) -> Withdrawal:
    withdrawal = withdrawals.locked(withdrawals.find(code, player=player).code)
    if withdrawal.state == State.RECALLED:
        return withdrawal
    if not may_player(withdrawal):
        raise NotToBeCalledBack
    _give_back(withdrawal, State.RECALLED, BY_PLAYER.of(), actor=player.user, now=now)
    return withdrawal


def _checked(code: str, state: str, reason: str, maker: Any, kind: str) -> Withdrawal:
    if not reason.strip():
        raise ReasonMissing
    withdrawal = withdrawals.locked(code)
    withdrawals.not_own(withdrawal, maker)
    if withdrawal.state != state:
        raise NotInThisState
    if _under_way(kind, code) is not None:
        raise AskedAlready
    return withdrawal


def _ask(
    kind: str,
    withdrawal: Withdrawal,
    reason: str,
    maker: Any,
    now: datetime,
    *,
    line: StatementLine | None = None,
) -> approvals.Request:
    paid = ledger.entry_of(_paid(withdrawal)) if kind == RETURN_KIND else None
    return approvals.request(
        kind=kind,
        payload={
            "withdrawal": withdrawal.code,
            "player": withdrawal.player_code,
            "amount_fen": withdrawal.amount,
            "bank": bank_accounts.shown(withdrawal.bank_account),
            "moves": _rows(ledger.back(paid)) if paid else [],
            "reason": reason.strip()[:LONGEST_REASON],
            **(_told(line) if line else {}),
        },
        maker=maker,
        now=now,
        amount_fen=withdrawal.amount,
    )


def _told(line: StatementLine) -> dict[str, Any]:
    """What others sign of the line, and the moves that take away what was booked for it."""
    return {
        "line": line.code,
        "line_moves": _rows(came_back.booked_for(line)),
        "line_account": line.account.code,
        "line_on": line.booked_on,
        "line_words": " ".join(filter(None, [line.reference, line.memo])),
    }


def _rows(moves: Sequence[Move]) -> list[list[Any]]:
    return [[move.source, move.target, move.amount] for move in moves]


def _give_back(
    withdrawal: Withdrawal,
    state: Withdrawal.State,
    reason: str,
    *,
    actor: Any,
    now: datetime,
    approval_code: str = "",
) -> None:
    player = withdrawals.player_of(withdrawal)
    ledger.lock_player(player.code)
    if state == State.RETURNED:
        ledger.reverse(
            reference=f"withdrawal:{withdrawal.code}:returned", of_reference=_paid(withdrawal)
        )
    withdrawals.release(
        withdrawal, state, reason, actor=actor, now=now, back_approval_code=approval_code
    )
    debts.recover(
        player=player, reference=f"back:{withdrawal.code}", most_fen=withdrawal.amount, now=now
    )
    if state == State.RETURNED:
        # Its line on the statement may have come long before.
        jobs.enqueue("finance.match_statements", key=f"returned:{withdrawal.code}")


def _paid(withdrawal: Withdrawal) -> str:
    return f"withdrawal:{withdrawal.code}:paid"


def _under_way(kind: str, code: str) -> approvals.Request | None:
    found = approvals.under_way(kind)
    return next((one for one in found if one.payload["withdrawal"] == code), None)
