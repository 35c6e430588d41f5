"""Money going out: held at once, approved by itself or by two members of staff, sent once (F109).

HELD → APPROVED by itself up to a policy a day, else HELD → WAITING (a cashier asked) → APPROVED (as
many signed as its amount asks for) → SENDING → PAID or FAILED. Whoever cannot say what the bank did
says UNKNOWN and asks; a payout is never sent under another number. Until it is sent the next
institution in force takes the place of one that no longer is (F295); with none it waits, and so it
does while its player owes what a bank took back (F112). What does not leave goes back to the purses
it came from; so does what is called back in time, or came back from the bank (`recalls`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import messages, who
from accounts.models import Player
from audit import approvals, trail
from lottery_portal import jobs
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.sentences import sentence

from . import (
    bank_accounts,
    bank_checks,
    channels,
    debts,
    failures,
    ledger,
    payouts,
    providers,
    wallets,
    withdrawal_limits,
)
from .bank_words import NOTHING_SAID
from .deposits import RequestKeyUsed
from .ledger import EntryKind, Move
from .models import BankAccount, Withdrawal
from .providers import FAILED, PAID, Payout, PayoutAnswer
from .withdrawal_limits import DailyCeilingReached, WithdrawalTooLarge

logger = logging.getLogger(__name__)

KIND = "finance.withdrawal"
ASK_AFTER = timedelta(seconds=60)
AT_ONCE = 200
LONGEST_REASON = 200

# Kept as it is written here; pages say it in the reader's language.
TAKEN_BACK = sentence(gettext_noop("Your bank took a deposit back."))

State = Withdrawal.State
ENDED = (State.PAID, State.FAILED, State.REFUSED, State.RECALLED, State.RETURNED)
# What lets an approved withdrawal wait at the last moment.
WAITS = {
    "withdrawal_payouts_open",
    "withdrawal_waits_for_debt",
    "withdrawal_provider_in_force",
    "withdrawal_to_checked_account",
}


# Who wants to hear, in the same transaction, how a withdrawal ended.
when_ended: list[Callable[[Withdrawal, datetime], None]] = []


class Wait(StrEnum):
    """What an approved withdrawal may wait for before it is sent."""

    STOP = "STOP"  # payouts are stopped
    DEBT = "DEBT"  # a bank took back a deposit, and the player owes what is missing
    INSTITUTION = "INSTITUTION"  # none in force may send money to this account


class WithdrawalUnknown(Refused):
    """No such withdrawal."""

    code, status = "withdrawal_unknown", 404
    message = _("There is no such withdrawal.")


class NotInThisState(Refused):
    """Somebody was faster, or it is another's turn."""

    code = "withdrawal_not_in_this_state"
    message = _("This withdrawal is no longer in the state you saw. Please load the page again.")


class OwnWithdrawal(Refused):
    """Nobody works on his own money."""

    code, status = "withdrawal_own", 403
    message = _("This is your own withdrawal. Colleagues must handle it.")


class ReasonMissing(Refused):
    """A refusal without a reason."""

    code, status = "reason_missing", 400
    message = _("Please say why; the player will read it.")


def request(
    *, player: Player, amount: int, bank_account: str, request_key: UUID, now: datetime
) -> Withdrawal:
    """Hold the money and ask for its way out, or say why not.

    Repeating a `request_key` with the same figures leads to the first withdrawal.
    """
    same = Withdrawal.objects.filter(player_code=player.code, request_key=request_key)
    if known := same.select_related("bank_account").first():
        return _if_same(known, amount, bank_account)
    withdrawal_limits.check(player=player, amount=amount, now=now)
    account = bank_accounts.find(player, bank_account)
    through = bank_checks.payer_of(account, now=now)
    try:
        return _request(player, amount, account, request_key, through=through, now=now)
    except IntegrityError as exc:
        name = violated(exc)
        if name == "withdrawal_once_per_request":
            return _if_same(same.select_related("bank_account").get(), amount, bank_account)
        if refusal := _explained(name, player, amount, now):
            raise refusal from exc
        raise


@door
def prepare(*, code: str, maker: Any, now: datetime) -> Withdrawal:
    """A cashier has looked at it and asks for a second person's word."""
    withdrawal = locked(code)
    not_own(withdrawal, maker)
    if withdrawal.state != State.HELD:
        raise NotInThisState
    asked = approvals.request(
        kind=KIND,
        payload={
            "withdrawal": withdrawal.code,
            "player": withdrawal.player_code,
            "amount_fen": withdrawal.amount,
            "bank_account": withdrawal.bank_account.code,
            "bank": bank_accounts.shown(withdrawal.bank_account),
            "holder": str(withdrawal.bank_account.holder),
            "player_name": _masked_name(withdrawal),
        },
        maker=maker,
        now=now,
        amount_fen=withdrawal.amount,
    )
    _move(withdrawal, State.WAITING, actor=maker, approval_code=asked.code)
    return withdrawal


@door
def refuse(*, code: str, actor: Any, reason: str, now: datetime) -> Withdrawal:
    """A cashier says no before anybody was asked to approve; the money goes back."""
    if not reason.strip():
        raise ReasonMissing
    withdrawal = locked(code)
    not_own(withdrawal, actor)
    if withdrawal.state != State.HELD:
        raise NotInThisState
    release(withdrawal, State.REFUSED, reason.strip(), actor=actor, now=now)
    return withdrawal


@inside_transaction
def approve(*, code: str, approval_code: str, now: datetime) -> None:
    """What the last decision performs: the withdrawal may leave. The trail names who signed."""
    withdrawal = locked(code)
    if withdrawal.state != State.WAITING or withdrawal.approval_code != approval_code:
        raise NotInThisState
    try:
        _approve(withdrawal, now=now)
    except IntegrityError as exc:
        if violated(exc) == "withdrawal_approved_by_others":
            raise OwnWithdrawal from exc
        raise


@inside_transaction
def drop(*, code: str, approval_code: str, is_refused: bool, reason: str, now: datetime) -> None:
    """What a refused or expired request leads to: the money goes back, or a cashier looks again."""
    withdrawal = locked(code)
    if withdrawal.state != State.WAITING or withdrawal.approval_code != approval_code:
        return
    if is_refused:
        release(withdrawal, State.REFUSED, reason, actor=None, now=now)
    else:
        _move(withdrawal, State.HELD, actor=None, approval_code="")


def send(*, code: str, now: datetime) -> None:
    """Bring an approved withdrawal to the bank: note the intent, call, note the outcome.

    May run again at any point: what was begun is asked about first, and is only ever sent again
    under its own number, when the bank says that it never heard of it.
    """
    withdrawal = Withdrawal.objects.select_related("bank_account").filter(code=code).first()
    if withdrawal is None or withdrawal.state not in {State.APPROVED, State.SENDING, State.UNKNOWN}:
        return
    is_new = False
    if withdrawal.state == State.APPROVED:
        if waits_for(withdrawal, now=now):
            return  # the poll brings it up again; lifting the last stop sends it
        try:
            is_new = _intend(withdrawal, now)
        except IntegrityError as exc:
            if violated(exc) not in WAITS:
                raise
            logger.warning("A payout waits", extra={"withdrawal": code, "for": violated(exc)})
            return
        except (channels.NoWayOut, bank_checks.NotConfirmed):
            return  # switched off a moment ago
        withdrawal.refresh_from_db(fields=["provider"])
    bank = providers.named(withdrawal.provider)
    try:
        answer = None if is_new else bank.ask_payout(code)
        if answer is None and payouts.are_stopped():
            return  # it is asked about again, and sent under its own number when payouts go on
        if answer is None:
            answer = bank.pay_out(
                Payout(
                    code=code,
                    amount_fen=withdrawal.amount,
                    account_number=withdrawal.bank_account.number.reveal(),
                    holder=withdrawal.bank_account.holder.reveal(),
                )
            )
    except (OSError, Refused):
        logger.warning("The bank did not answer a payout", extra={"withdrawal": code})
        _doubt(code)
        return
    _conclude(code, answer, now)


def waits_for(withdrawal: Withdrawal, *, now: datetime) -> Wait | None:
    """What keeps an approved withdrawal from being sent now; None: nothing does."""
    if payouts.are_stopped():
        return Wait.STOP
    if debts.owed(player_of(withdrawal)):
        return Wait.DEBT
    try:
        bank_checks.payer_of(withdrawal.bank_account, now=now)
    except (channels.NoWayOut, bank_checks.NotConfirmed):
        return Wait.INSTITUTION
    return None


def poll(*, now: datetime) -> int:
    """Ask about every payout of which nobody knows what became of it; send what was held."""
    codes = list(
        Withdrawal.objects.filter(
            Q(state__in=[State.SENDING, State.UNKNOWN], sent_at__lte=now - ASK_AFTER)
            | Q(state=State.APPROVED, approved_at__lte=now - ASK_AFTER)
        )
        .order_by("approved_at")
        .values_list("code", flat=True)[:AT_ONCE]
    )
    for code in codes:
        send(code=code, now=now)
    return len(codes)


def of(player: Player) -> list[Withdrawal]:
    """The player's latest withdrawals, newest first."""
    rows = Withdrawal.objects.filter(player_code=player.code).select_related("bank_account")
    return list(rows.order_by("-requested_at", "-pk")[:50])


def under_way(player: Player) -> list[Withdrawal]:
    """What of the player's is held and on its way, oldest first."""
    rows = Withdrawal.objects.filter(player_code=player.code).exclude(state__in=ENDED)
    return list(rows.select_related("bank_account").order_by("requested_at", "pk"))


def find(code: str, *, player: Player | None = None) -> Withdrawal:
    """One withdrawal, of this player only if one is given, or `WithdrawalUnknown`."""
    rows = Withdrawal.objects.select_related("bank_account", "requested_by").filter(code=code)
    found = (rows if player is None else rows.filter(player_code=player.code)).first()
    if found is None:
        raise WithdrawalUnknown
    return found


def is_automatic(withdrawal: Withdrawal) -> bool:
    """Whether it was approved without anybody's word."""
    return withdrawal.approved_at is not None and not (
        withdrawal.approval_code or withdrawal.origin
    )


def _explained(name: str, player: Player, amount: int, now: datetime) -> Refused | None:
    """What the database refused, in words; None for what is a bug."""
    purses = wallets.purses(player)
    refusals: Mapping[str, Refused] = {
        "wallet_not_overdrawn": wallets.NotEnoughMoney(
            available_fen=purses.withdrawable_fen, asked_fen=amount
        ),
        "withdrawal_below_the_ceiling": WithdrawalTooLarge(max_fen=withdrawal_limits.most(now)),
        "withdrawal_below_the_ceiling_of_the_day": DailyCeilingReached(
            max_fen=withdrawal_limits.daily(now),
            left_fen=max(withdrawal_limits.left_today(player, now), 0),
        ),
        "withdrawal_without_debt": debts.DebtOpen(owed_fen=debts.owed(player)),
        "withdrawal_to_checked_account": bank_checks.NotConfirmed(),
        "withdrawal_provider_in_force": channels.NoWayOut(),
    }
    if name == failures.CONSTRAINT:
        failures.check(player.code, now=now)
    return refusals.get(name)


def _if_same(known: Withdrawal, amount: int, bank_account: str) -> Withdrawal:
    if (known.amount, known.bank_account.code) != (amount, bank_account):
        raise RequestKeyUsed
    return known


@door
def _request(
    player: Player,
    amount: int,
    account: BankAccount,
    request_key: UUID,
    *,
    through: str,
    now: datetime,
) -> Withdrawal:
    # Removing the account waits for this, and the other way round.
    BankAccount.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
    account = bank_accounts.find(player, account.code)
    withdrawal = Withdrawal.objects.create(
        player_code=player.code,
        bank_account=account,
        provider=through,
        amount=amount,
        request_key=request_key,
        requested_by=player.user,
        requested_at=now,  # the database writes its own clock over it
    )
    withdrawal.refresh_from_db(fields=["requested_at"])
    ledger.post(
        reference=f"withdrawal:{withdrawal.code}:hold",
        kind=EntryKind.WITHDRAWAL_HOLD,
        moves=[Move(wallets.purse_of(player), wallets.hold_of(player), amount)],
    )
    # The wallet is locked from here on, so requests of one player count each other.
    left = withdrawal_limits.left_today(player, now)
    if left < 0:
        raise DailyCeilingReached(max_fen=withdrawal_limits.daily(now), left_fen=left + amount)
    trail.record(
        action="finance.withdrawal_requested",
        actor=player.user,
        object_type="withdrawal",
        object_code=withdrawal.code,
        body={"amount_fen": amount, "bank_account": account.code},
    )
    if amount <= withdrawal_limits.automatic_left(player, now):
        _approve(withdrawal, now=now)
    return withdrawal


@inside_transaction
def locked(code: str) -> Withdrawal:
    """One withdrawal that nobody else changes until the end, or `WithdrawalUnknown`."""
    withdrawal = (
        Withdrawal.objects.select_for_update(no_key=True, of=("self",))
        .select_related("bank_account")
        .filter(code=code)
        .first()
    )
    if withdrawal is None:
        raise WithdrawalUnknown
    return withdrawal


def not_own(withdrawal: Withdrawal, actor: Any) -> None:
    """Refuse with `OwnWithdrawal` whose own money it is."""
    person = player_of(withdrawal).person
    if person is not None and str(person.row_uuid) == who.person_code(actor):
        raise OwnWithdrawal


def player_of(withdrawal: Withdrawal) -> Player:
    """Whose money it is."""
    return Player.objects.select_related("user", "person").get(code=withdrawal.player_code)


def _masked_name(withdrawal: Withdrawal) -> str:
    person = player_of(withdrawal).person
    return str(person.name) if person else ""


def approve_at_once(withdrawal: Withdrawal, *, now: datetime) -> None:
    """Let a withdrawal leave that needs nobody's word; the database judges whether it does."""
    _approve(withdrawal, now=now)


def _approve(withdrawal: Withdrawal, *, now: datetime) -> None:
    _move(withdrawal, State.APPROVED, actor=None, approved_at=now)
    jobs.enqueue("finance.send_withdrawal", key=withdrawal.code, code=withdrawal.code)


@door
def _intend(withdrawal: Withdrawal, now: datetime) -> bool:
    """True for exactly one caller: from here on the bank may have heard of it."""
    mine = locked(withdrawal.code)
    if mine.state != State.APPROVED:
        return False
    through = bank_checks.payer_of(mine.bank_account, now=now, usual=mine.provider)
    _move(mine, State.SENDING, actor=None, sent_at=now, provider=through)
    return True


@door
def _doubt(code: str) -> None:
    withdrawal = locked(code)
    if withdrawal.state == State.SENDING:
        _move(withdrawal, State.UNKNOWN, actor=None)


@door
def _conclude(code: str, answer: PayoutAnswer, now: datetime) -> None:
    withdrawal = locked(code)
    if withdrawal.state not in {State.SENDING, State.UNKNOWN}:
        return
    if answer.state == FAILED:
        reason = answer.reason or NOTHING_SAID.of()
        release(withdrawal, State.FAILED, reason, actor=None, now=now)
    elif answer.state == PAID:
        player = player_of(withdrawal)
        ledger.post(
            reference=f"withdrawal:{code}:paid",
            kind=EntryKind.WITHDRAWAL_PAID,
            moves=[
                Move(wallets.hold_of(player), f"clearing:{withdrawal.provider}", withdrawal.amount)
            ],
        )
        _move(withdrawal, State.PAID, actor=None, ended_at=now)
        _tell(player, withdrawal, "finance.withdrawal_paid", now)
        _say_ended(withdrawal, now)


@inside_transaction
def release(
    withdrawal: Withdrawal,
    state: Withdrawal.State,
    reason: str,
    *,
    actor: Any,
    now: datetime,
    **changes: Any,
) -> None:
    """Give what a locked withdrawal holds back to its purses, end it so, and tell its player."""
    player = player_of(withdrawal)
    held = ledger.entry_of(f"withdrawal:{withdrawal.code}:hold")
    if held is None:
        raise WithdrawalUnknown
    ledger.post(
        reference=f"withdrawal:{withdrawal.code}:release",
        kind=EntryKind.WITHDRAWAL_RELEASE,
        moves=ledger.back(held),
    )
    _move(withdrawal, state, actor=actor, reason=reason[:LONGEST_REASON], ended_at=now, **changes)
    if state == State.FAILED:
        failures.note(player_code=withdrawal.player_code, now=now)
    _tell(player, withdrawal, "finance.withdrawal_returned", now)
    _say_ended(withdrawal, now)


def _say_ended(withdrawal: Withdrawal, now: datetime) -> None:
    for hear in when_ended:
        hear(withdrawal, now)


def _let_go(player: Player, now: datetime) -> None:
    """A bank takes a deposit back: what nobody approved yet does not leave any more (F112)."""
    waiting = Withdrawal.objects.select_for_update(no_key=True, of=("self",)).filter(
        player_code=player.code, state__in=[State.HELD, State.WAITING]
    )
    for withdrawal in waiting.select_related("bank_account").order_by("pk"):
        release(withdrawal, State.REFUSED, TAKEN_BACK.of(), actor=None, now=now)


debts.before_taking_back.append(_let_go)


def _tell(player: Player, withdrawal: Withdrawal, kind: str, now: datetime) -> None:
    messages.send(
        user=player.user,
        kind=kind,
        params={
            "withdrawal": withdrawal.code,
            "amount_fen": withdrawal.amount,
            "bank": bank_accounts.shown(withdrawal.bank_account),
            "reason": withdrawal.reason,
        },
        natural_key=f"{kind}:{withdrawal.code}",
        now=now,
    )


def _move(withdrawal: Withdrawal, state: Withdrawal.State, *, actor: Any, **changes: Any) -> None:
    """Write the new state of a row the caller has locked, and the evidence of it."""
    change(withdrawal, state=state, **changes)
    body: Mapping[str, Any] = {
        "amount_fen": withdrawal.amount,
        "approval": withdrawal.approval_code,
    }
    trail.record(
        action=f"finance.withdrawal_{state.lower()}",
        actor=actor,
        object_type="withdrawal",
        object_code=withdrawal.code,
        body=body,
    )
