"""Money back to where it was paid from: planned, agreed, taken from the balance, sent (F115).

A plan is worked out first and moves nothing; what is carried out is the plan, to the fen, or
nothing at all. A single small refund needs one person, every other one the word of another. What
was set aside and never credited can go back too: then no balance is touched. A refund is sent once
under its own number; who cannot say what the bank did says UNKNOWN and asks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from accounts import messages, who
from accounts.models import Player
from audit import approvals, policies, trail
from lottery_portal import jobs
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import channels, debts, deposits, inbox, ledger, payouts, providers
from .bank_words import NOTHING_SAID
from .ledger import EntryKind, Move
from .models import Deposit, DepositReturn, ProviderEvent, ReturnPlan
from .providers import FAILED, PAID, REFUNDED, PayoutAnswer

logger = logging.getLogger(__name__)

KIND = "finance.return"
ASK_AFTER = timedelta(seconds=60)
AT_ONCE = 200
MOST_ROWS = 200
LONGEST_REASON = 200

State = DepositReturn.State


class NothingToReturn(Refused):
    """No deposit of the selection can go back."""

    code, status = "nothing_to_return", 400
    message = _("Nothing of these deposits can be sent back.")


class TooManyReturns(Refused):
    """More than one plan takes."""

    code, status = "too_many_returns", 400
    message = _("One plan takes %(most)s deposits. Please choose a shorter interval.")


class ReturnReasonMissing(Refused):
    """A refund without a reason."""

    code, status = "return_reason_missing", 400
    message = _("Please say why the money goes back; the player will read it.")


class PlanOutdated(Refused):
    """Something has changed since the plan was made; nothing was sent."""

    code = "return_plan_outdated"
    message = _("Something has changed since this plan was made. Nothing was sent; plan again.")


class OwnDeposit(Refused):
    """Nobody sends his own money back."""

    code, status = "return_own_deposit", 403
    message = _("One of these deposits is your own. Colleagues must handle it.")


class NoRefundThrough(Refused):
    """The institution that was paid sends nothing back at present."""

    code = "return_provider_not_in_force"
    message = _("%(provider)s takes no refunds at present; see the register of institutions.")


class PlanUnknown(Refused):
    """No such plan."""

    code, status = "return_plan_unknown", 404
    message = _("There is no such plan of refunds.")


@dataclass(frozen=True)
class Row:
    """One deposit of a dry run: what was paid, what can go back, and what was spent meanwhile."""

    deposit: Deposit
    asked_fen: int
    returnable_fen: int

    @property
    def lacking_fen(self) -> int:
        """What the balance no longer holds."""
        return self.asked_fen - self.returnable_fen


@dataclass(frozen=True)
class DryRun:
    """What a plan would do; nothing has moved."""

    rows: list[Row]

    @property
    def total_fen(self) -> int:
        """What would be sent back in all."""
        return sum(row.returnable_fen for row in self.rows)

    @property
    def written(self) -> list[list[Any]]:
        """Deposits and amounts as the plan keeps them."""
        return [[row.deposit.code, row.returnable_fen] for row in self.rows if row.returnable_fen]


def dry_run(found: Iterable[Deposit], *, amount: int | None = None) -> DryRun:
    """Work out what could go back of these deposits, at most `amount` of each; nothing moves.

    Only what a player's balance still holds can leave it; several deposits of one player share it.
    """
    chosen = list(found)
    if len(chosen) > MOST_ROWS:
        raise TooManyReturns(most=MOST_ROWS)
    wallets = {f"wallet:{row.player_code}" for row in chosen if row.state == Deposit.State.CREDITED}
    held = ledger.balances(wallets) if wallets else {}
    rows = []
    for deposit in chosen:
        asked = left_of(deposit)
        if amount is not None:
            asked = min(asked, amount)
        wallet = f"wallet:{deposit.player_code}"
        part = asked
        if deposit.state == Deposit.State.CREDITED:
            part = min(asked, held[wallet])
            held[wallet] -= part
        if asked:
            rows.append(Row(deposit, asked, part))
    return DryRun(rows)


def left_of(deposit: Deposit) -> int:
    """What of a deposit has not gone back yet, in fen; 0 where nothing was paid."""
    if deposit.state == Deposit.State.CREDITED:
        return deposit.amount - deposits.returned(deposit)
    if deposit.state != Deposit.State.QUARANTINED:
        return 0
    if deposit.returns.exclude(state=State.FAILED).exists() or inbox.is_in_doubt(deposit):
        return 0
    told = ProviderEvent.objects.filter(
        provider=deposit.provider, order_code=deposit.code, kind=PAID
    )
    return int(told.aggregate(most=Max("amount"))["most"] or 0)


@door
def plan(*, run: DryRun, reason: str, maker: Any, now: datetime) -> ReturnPlan:
    """Keep a dry run as a plan; carried out at once if it is small and single, else others decide.

    Refuses with `NothingToReturn`, `ReturnReasonMissing`, `OwnDeposit` or `NoRefundThrough`.
    """
    written = run.written
    if not written:
        raise NothingToReturn
    if not reason.strip():
        raise ReturnReasonMissing
    _not_own([row.deposit.player_code for row in run.rows], maker)
    _in_force({row.deposit.provider for row in run.rows if row.returnable_fen}, now)
    code, total = new_code(), run.total_fen
    is_alone = len(written) == 1 and total <= alone_up_to(now)
    asked = None if is_alone else _ask(code, run, reason.strip(), maker, now)
    made = ReturnPlan.objects.create(
        code=code,
        rows=written,
        total=total,
        reason=reason.strip()[:LONGEST_REASON],
        approval_code=asked.code if asked else "",
        asked_by=maker,
        asked_at=now,
    )
    trail.record(
        action="finance.returns_planned",
        actor=maker,
        object_type="return_plan",
        object_code=code,
        body={
            "count": len(written),
            "sum_fen": total,
            "reason": made.reason,
            "approval": made.approval_code,
        },
    )
    if is_alone:
        carry_out(code=code, actor=maker, now=now)
        made.refresh_from_db()
    return made


@inside_transaction
def carry_out(*, code: str, actor: Any, now: datetime) -> None:
    """Take what was planned from the balances, for the bank: all of it, or `PlanOutdated`."""
    made = ReturnPlan.objects.filter(code=code, performed_at__isnull=True).first()
    if made is None:
        raise PlanUnknown
    amounts: dict[str, int] = dict(made.rows)
    rows = Deposit.objects.filter(code__in=amounts).select_for_update(no_key=True)
    found = {row.code: row for row in rows.order_by("code")}
    _in_force({row.provider for row in found.values()}, now)
    try:
        for deposit_code in sorted(amounts, key=lambda one: found[one].player_code):
            _begin(made, found[deposit_code], amounts[deposit_code], now)
        ReturnPlan.objects.filter(pk=made.pk).update(performed_at=now)
    except IntegrityError as exc:
        if violated(exc) in {"wallet_not_overdrawn", "return_not_above_deposit"}:
            raise PlanOutdated from exc
        raise
    trail.record(
        action="finance.returns_agreed",
        actor=actor,
        object_type="return_plan",
        object_code=code,
        body={"count": len(amounts), "sum_fen": made.total, "approval": made.approval_code},
    )


def send(*, code: str, now: datetime) -> None:
    """Bring a refund to the bank: note the intent, call, note the outcome.

    May run again at any point: what was begun is asked about first, and is only ever sent again
    under its own number, when the bank says that it never heard of it.
    """
    row = DepositReturn.objects.select_related("deposit", "plan").filter(code=code).first()
    if row is None or row.state not in {State.BEGUN, State.SENDING, State.UNKNOWN}:
        return
    if row.state == State.BEGUN and payouts.are_stopped():
        return  # the poll brings it up again
    bank = providers.named(row.deposit.provider)
    order = providers.Refund(
        code=row.code,
        order_code=row.deposit.code,
        trade=row.deposit.provider_trade,
        amount_fen=row.amount,
        total_fen=_paid(row),
        reason=row.plan.reason,
    )
    is_new = False
    if row.state == State.BEGUN:
        try:
            is_new = _intend(code, now)
        except IntegrityError as exc:
            if violated(exc) != "return_payouts_open":
                raise
            logger.warning("Payouts are stopped", extra={"refund": code})
            return
    try:
        answer = None if is_new else bank.ask_refund(order)
        if answer is None and payouts.are_stopped():
            return  # it is asked about again, and sent under its own number when payouts go on
        if answer is None:
            answer = bank.refund(order)
    except (OSError, Refused):
        logger.warning("The bank did not answer a refund", extra={"refund": code})
        _doubt(code)
        return
    _conclude(code, answer, now)


def poll(*, now: datetime) -> int:
    """Ask about every refund of which nobody knows what became of it; send what was left over."""
    codes = list(
        DepositReturn.objects.filter(
            Q(state__in=[State.SENDING, State.UNKNOWN], sent_at__lte=now - ASK_AFTER)
            | Q(state=State.BEGUN, begun_at__lte=now - ASK_AFTER)
        )
        .order_by("begun_at")
        .values_list("code", flat=True)[:AT_ONCE]
    )
    for code in codes:
        send(code=code, now=now)
    return len(codes)


def of(deposit: Deposit) -> list[DepositReturn]:
    """The refunds of a deposit, oldest first."""
    return list(deposit.returns.order_by("pk"))


def find(code: str) -> ReturnPlan:
    """One plan, or `PlanUnknown`."""
    made = ReturnPlan.objects.select_related("asked_by").filter(code=code).first()
    if made is None:
        raise PlanUnknown
    return made


def alone_up_to(now: datetime) -> int:
    """Up to this many fen a single refund needs one person only."""
    return int(policies.read("return.alone_up_to_fen", at=now))


def _ask(code: str, run: DryRun, reason: str, maker: Any, now: datetime) -> approvals.Request:
    return approvals.request(
        kind=KIND,
        payload={"plan": code, "rows": run.written, "sum_fen": run.total_fen, "reason": reason},
        maker=maker,
        now=now,
        amount_fen=run.total_fen,
    )


def _in_force(names: Iterable[str], now: datetime) -> None:
    for name in sorted(names):
        try:
            channels.one(name, channels.Use.REFUND, now=now)
        except (channels.ProviderNotInForce, providers.ProviderUnknown) as refusal:
            raise NoRefundThrough(provider=channels.title_of(name)) from refusal


def _not_own(players: Iterable[str], maker: Any) -> None:
    person = who.person_code(maker)
    if person and Player.objects.filter(code__in=set(players), person__row_uuid=person).exists():
        raise OwnDeposit


def _begin(made: ReturnPlan, deposit: Deposit, amount: int, now: datetime) -> None:
    is_from_wallet = deposit.state == Deposit.State.CREDITED
    row = DepositReturn.objects.create(
        plan=made, deposit=deposit, amount=amount, is_from_wallet=is_from_wallet, begun_at=now
    )
    if is_from_wallet:
        ledger.post(
            reference=f"return:{row.code}",
            kind=EntryKind.DEPOSIT_RETURNED,
            moves=[Move(f"wallet:{deposit.player_code}", f"clearing:{deposit.provider}", amount)],
        )
    jobs.enqueue("finance.send_return", key=row.code, code=row.code)


def _paid(row: DepositReturn) -> int:
    """What the provider took in all for this order; a refund names it."""
    if row.is_from_wallet:
        return row.deposit.charged_fen
    told = ProviderEvent.objects.filter(
        provider=row.deposit.provider, order_code=row.deposit.code, kind=PAID
    )
    return int(told.aggregate(most=Max("amount"))["most"] or row.amount)


@door
def _intend(code: str, now: datetime) -> bool:
    """True for exactly one caller: from here on the bank may have heard of it."""
    row = _locked(code)
    if row.state != State.BEGUN:
        return False
    _move(row, State.SENDING, sent_at=now)
    return True


@door
def _doubt(code: str) -> None:
    row = _locked(code)
    if row.state == State.SENDING:
        _move(row, State.UNKNOWN)


@door
def _conclude(code: str, answer: PayoutAnswer, now: datetime) -> None:
    row = _locked(code)
    if row.state not in {State.SENDING, State.UNKNOWN}:
        return
    if answer.state == FAILED:
        # Before the balance, as whoever hears of the deposit does.
        deposit = Deposit.objects.select_for_update(no_key=True).get(pk=row.deposit_id)
        _give_back(row)
        reason = answer.reason or NOTHING_SAID.of()
        _move(row, State.FAILED, reason=reason[:LONGEST_REASON], ended_at=now)
        if row.is_from_wallet:
            _tell(row, "finance.return_failed", now)
            _take_again(row, deposit, now)
    elif answer.state == PAID:
        _move(row, State.DONE, ended_at=now)
        if not row.is_from_wallet:
            inbox.close_returned(row.deposit, now=now)
        _tell(row, "finance.return_done", now)


def _give_back(row: DepositReturn) -> None:
    booked = ledger.entry_of(f"return:{row.code}")
    if booked is not None:
        ledger.post(
            reference=f"return:{row.code}:back",
            kind=EntryKind.DEPOSIT_RETURNED,
            moves=ledger.back(booked),
        )


def _take_again(row: DepositReturn, deposit: Deposit, now: datetime) -> None:
    """Our refund came back; where the bank took the deposit back meanwhile, it is due now (F112).

    It was left to the refund then, which would have paid it; nobody has the same money twice.
    """
    if deposit.state == Deposit.State.CHARGED_BACK:
        player = Player.objects.select_related("user").get(code=deposit.player_code)
        owed_fen = debts.take_back(
            player=player,
            deposit=deposit,
            taken=row.amount,
            target=f"clearing:{deposit.provider}",
            part=row.code,
            now=now,
        )
        messages.send(
            user=player.user,
            kind="finance.deposit_charged_back",
            params={"deposit": deposit.code, "amount_fen": row.amount, "owed_fen": owed_fen},
            natural_key=f"deposit:{deposit.code}:charged_back:{row.code}",
            now=now,
        )
        return
    taken = inbox.of(deposit).filter(kind=REFUNDED, amount=deposit.charged_fen)
    if taken.exclude(outcome=ProviderEvent.Outcome.QUARANTINED).exists():
        inbox.charge_back(deposit, now=now)


def _tell(row: DepositReturn, kind: str, now: datetime) -> None:
    player = Player.objects.select_related("user").get(code=row.deposit.player_code)
    messages.send(
        user=player.user,
        kind=kind,
        params={
            "deposit": row.deposit.code,
            "amount_fen": row.amount,
            "reason": row.plan.reason,
        },
        natural_key=f"{kind}:{row.code}",
        now=now,
    )


def _locked(code: str) -> DepositReturn:
    rows = DepositReturn.objects.select_related("deposit", "plan")
    return rows.select_for_update(no_key=True, of=("self",)).get(code=code)


def _move(row: DepositReturn, state: DepositReturn.State, **changes: Any) -> None:
    """Write the new state of a row the caller has locked, and the evidence of it."""
    DepositReturn.objects.filter(pk=row.pk).update(state=state, **changes)
    row.state = state
    body: Mapping[str, Any] = {"amount_fen": row.amount, "deposit": row.deposit.code}
    trail.record(
        action=f"finance.return_{state.lower()}",
        actor=None,
        object_type="deposit_return",
        object_code=row.code,
        body=body,
    )
