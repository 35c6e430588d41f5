"""What providers say of deposits: written down first, then done, in whatever order it came (F108).

The state of a deposit follows from all that was said: PAID credits once, REFUNDED takes back what
PAID brought, CLOSED counts only while nothing was paid. What contradicts the order is set aside
for people, not half believed. From an amount on a signed message alone is not believed either: the
provider is asked, and its own answer decides (V-1); the database credits nothing without it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from accounts import messages
from accounts.models import Player
from audit import policies, trail
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import ceilings, debts, deposits, failures, ledger, payers, providers
from .deposits import BankSilent, DepositUnknown
from .ledger import EntryKind, Move
from .models import Deposit, DepositReturn, ProviderEvent
from .providers import CLOSED, OPEN, PAID, REFUNDED, Fact

logger = logging.getLogger(__name__)

QUERY_FROM = "deposit.query_from_fen"
ASK_AFTER = timedelta(seconds=60)
CLOSE_AFTER = timedelta(minutes=30)
AT_ONCE = 200

State = Deposit.State
Outcome = ProviderEvent.Outcome


def take_callback(
    *, provider: str, headers: Mapping[str, str], path: str, body: bytes, now: datetime
) -> ProviderEvent:
    """Take a provider's message; when this returns, it is written down, and done if it may be.

    The signature is checked before anything is read. The same message again changes nothing. A
    large payment waits in the inbox while the provider, asked, does not say the same.
    """
    fact = providers.known(provider).read(headers=headers, path=path, body=body, now=now)
    if fact.refund and DepositReturn.objects.filter(code=fact.refund).exists():
        return _receive(provider, fact, now, Outcome.APPLIED)  # our own: its poll concludes it
    event = _receive(provider, fact, now)
    if event.outcome == Outcome.WAITING:
        _confirm(provider, fact.order_code, now)
        _apply(provider, fact.order_code, now)
        event.refresh_from_db()
    return event


def poll(*, now: datetime) -> int:
    """Ask the providers about silent deposits, and do what still waits in the inbox."""
    waiting = (
        ProviderEvent.objects.filter(
            outcome=Outcome.WAITING,
            order_code__in=Deposit.objects.exclude(state=State.QUARANTINED).values("code"),
        )
        .values_list("provider", "order_code")
        .distinct()[:AT_ONCE]
    )
    looked_at = set()
    for provider, order_code in waiting:
        _confirm(provider, order_code, now)
        with contextlib.suppress(IntegrityError):  # the others do not wait for this one
            _apply(provider, order_code, now)
        looked_at.add(order_code)
    silent = Deposit.objects.filter(state=State.BEGUN, begun_at__lte=now - ASK_AFTER)
    silent = silent.exclude(code__in=looked_at)
    asked = 0
    for deposit in _in_turn(silent)[:AT_ONCE]:
        try:
            _ask(deposit, now)
        except (OSError, Refused, IntegrityError):
            logger.warning("The provider did not answer", extra={"deposit": deposit.code})
        else:
            asked += 1
    return asked


def _in_turn(rows: QuerySet[Deposit]) -> QuerySet[Deposit]:
    """Everybody's oldest before anybody's second: who has many open keeps nobody else waiting."""
    turn = Window(
        RowNumber(), partition_by=F("player_code"), order_by=[F("begun_at").asc(), F("pk").asc()]
    )
    return rows.annotate(turn=turn).order_by("turn", "begun_at", "pk")


def ask(deposit: Deposit, *, now: datetime) -> Deposit:
    """Ask the provider about one deposit that is still open, for the page that waits for it."""
    if deposit.state == State.BEGUN:
        try:
            _ask(deposit, now)
        except (OSError, Refused):
            logger.warning("The provider did not answer", extra={"deposit": deposit.code})
        deposit.refresh_from_db()
    return deposit


def check_again(*, code: str, actor: Any, now: datetime) -> Deposit:
    """Clear up a deposit that was set aside: the provider's own answer must fit the order."""
    deposit = Deposit.objects.filter(code=code, state=State.QUARANTINED).first()
    if deposit is None:
        raise DepositUnknown
    try:
        fact = providers.named(deposit.provider).ask(deposit.code)
    except OSError as exc:
        raise BankSilent from exc
    if fact is not None and fact.kind != OPEN:
        _receive(deposit.provider, fact, now, is_asked=True)
    try:
        _clear_up(deposit, fact, actor, now)
    except IntegrityError as exc:
        if violated(exc) == ceilings.CONSTRAINT:
            raise deposits.over_a_ceiling(deposit.player_code, deposit.amount, now) from exc
        raise
    deposit.refresh_from_db()
    return deposit


@inside_transaction
def close_returned(deposit: Deposit, *, now: datetime) -> None:
    """What was set aside has gone back to its source: nothing of it is to come any more."""
    locked = _locked(deposit.provider, deposit.code)
    if locked is not None and locked.state == State.QUARANTINED:
        Deposit.objects.filter(pk=locked.pk).update(state=State.BEGUN)
        waiting = of(locked).filter(outcome=Outcome.WAITING)
        waiting.update(outcome=Outcome.APPLIED, applied_at=now)
        _close(locked, now)


def of(deposit: Deposit) -> QuerySet[ProviderEvent]:
    """What the provider has said of a deposit, oldest first."""
    told = ProviderEvent.objects.filter(provider=deposit.provider, order_code=deposit.code)
    return told.order_by("pk")


def is_in_doubt(deposit: Deposit) -> bool:
    """Whether it was set aside because the provider, asked, did not confirm what it had told."""
    last = of(deposit).filter(outcome=Outcome.WAITING, kind=PAID).last()
    return (
        deposit.state == State.QUARANTINED
        and last is not None
        and not _is_believed(deposit, of(deposit), last.received_at)
    )


def _ask(deposit: Deposit, now: datetime) -> None:
    bank = providers.named(deposit.provider)
    fact = bank.ask(deposit.code)
    is_late = deposit.begun_at <= now - CLOSE_AFTER
    if fact is not None and fact.kind == OPEN and is_late:
        fact = bank.close(deposit.code)
    if fact is None and is_late:
        fact = Fact(
            event_id=f"unknown:{deposit.code}",
            kind=CLOSED,
            order_code=deposit.code,
            trade=deposit.provider_trade,
            amount_fen=deposit.charged_fen,
            body="",
        )
    if fact is not None and fact.kind != OPEN:
        _receive(deposit.provider, fact, now, is_asked=True)
        _apply(deposit.provider, fact.order_code, now)


def _confirm(provider: str, order_code: str, now: datetime) -> None:
    """Ask the provider whether a large payment it told of was made; its answer is written down."""
    deposit = Deposit.objects.filter(provider=provider, code=order_code).first()
    if deposit is None or not _awaits_word(deposit, now):
        return
    try:
        fact = providers.named(provider).ask(order_code)
    except (OSError, Refused):
        logger.warning("The provider did not confirm a payment", extra={"deposit": order_code})
        return
    if fact is not None and fact.kind != OPEN:
        _receive(provider, fact, now, is_asked=True)


def _awaits_word(deposit: Deposit, now: datetime) -> bool:
    if deposit.credited_at is not None or deposit.state == State.QUARANTINED:
        return False
    if not _is_large(deposit, now):
        return False
    events = list(of(deposit).exclude(outcome=Outcome.QUARANTINED))
    return any(event.kind == PAID for event in events) and not _is_believed(deposit, events, now)


def _is_large(deposit: Deposit, now: datetime) -> bool:
    return deposit.charged_fen >= int(policies.read(QUERY_FROM, at=now))


def _is_believed(deposit: Deposit, events: Iterable[ProviderEvent], now: datetime) -> bool:
    """Whether a payment counts: below a policy once it was told, above it once we asked (V-1)."""
    return not _is_large(deposit, now) or any(
        event.asked_at and event.kind in {PAID, REFUNDED} for event in events
    )


@door
def _receive(
    provider: str,
    fact: Fact,
    now: datetime,
    outcome: ProviderEvent.Outcome = Outcome.WAITING,
    *,
    is_asked: bool = False,
) -> ProviderEvent:
    ProviderEvent.objects.bulk_create(
        [
            ProviderEvent(
                provider=provider,
                event_id=fact.event_id,
                kind=fact.kind,
                order_code=fact.order_code,
                trade=fact.trade,
                amount=fact.amount_fen,
                payer=fact.payer,
                body=fact.body,
                outcome=outcome,
                received_at=now,
                asked_at=now if is_asked else None,
                applied_at=now if outcome == Outcome.APPLIED else None,
            )
        ],
        ignore_conflicts=True,
    )
    return ProviderEvent.objects.get(provider=provider, event_id=fact.event_id)


def _apply(provider: str, order_code: str, now: datetime) -> None:
    try:
        _apply_facts(provider, order_code, now)
    except IntegrityError as exc:
        if violated(exc) not in {ceilings.CONSTRAINT, "deposit_returned_stays_out"}:
            logger.exception("What a provider told is not booked", extra={"deposit": order_code})
            raise
        _keep_outside(provider, order_code, violated(exc))


@door
def _apply_facts(provider: str, order_code: str, now: datetime) -> None:
    deposit = _locked(provider, order_code)
    if deposit is not None:
        _fold(deposit, now)


@door
def _keep_outside(provider: str, order_code: str, why: str) -> None:
    """Paid, and more than a ceiling lets in, or again after it went back: people look (N14)."""
    deposit = _locked(provider, order_code)
    if deposit is not None and deposit.state in {State.BEGUN, State.CLOSED}:
        _move(deposit, State.QUARANTINED, body={"kept_outside_by": why})


@door
def _clear_up(deposit: Deposit, fact: Fact | None, actor: Any, now: datetime) -> None:
    locked = _locked(deposit.provider, deposit.code)
    if locked is None or locked.state != State.QUARANTINED:
        return
    # What it once said of another payer stands: its silence about him says nothing.
    fits = not _is_of_another(locked) and (
        fact is None or not _contradicts(fact.kind, fact.amount_fen, fact.trade, fact.payer, locked)
    )
    trail.record(
        action="finance.deposit_checked_again",
        actor=actor,
        object_type="deposit",
        object_code=locked.code,
        body={"fits": fits, "provider_says": "" if fact is None else fact.kind},
    )
    if fits:
        locked.state = State.BEGUN
        Deposit.objects.filter(pk=locked.pk).update(state=State.BEGUN)
        _fold(locked, now)


def _is_of_another(deposit: Deposit) -> bool:
    return any(payers.is_other(payers.of(told), deposit.player_code) for told in of(deposit))


def _locked(provider: str, order_code: str) -> Deposit | None:
    return (
        Deposit.objects.select_for_update(no_key=True)
        .filter(provider=provider, code=order_code)
        .first()
    )


def _contradicts(kind: str, amount: int, trade: str, payer: str, deposit: Deposit) -> bool:
    is_unsaid = not amount and kind in {OPEN, CLOSED}
    is_other_trade = bool(deposit.provider_trade) and trade not in {deposit.provider_trade, ""}
    return (
        (amount != deposit.charged_fen and not is_unsaid)
        or is_other_trade
        or payers.is_other(payer, deposit.player_code)
    )


def _fold(deposit: Deposit, now: datetime) -> None:
    """Bring the deposit to where all believed facts put it; its row is locked by the caller."""
    if deposit.state == State.QUARANTINED:
        return
    events = list(of(deposit).exclude(outcome=Outcome.QUARANTINED))
    for event in [event for event in events if event.outcome == Outcome.WAITING]:
        if _contradicts(event.kind, event.amount, event.trade, payers.of(event), deposit):
            _set_aside(deposit, event, now)
            events.remove(event)
        elif event.trade and not deposit.provider_trade:
            deposit.provider_trade = event.trade
            Deposit.objects.filter(pk=deposit.pk).update(provider_trade=event.trade)
    if deposit.state == State.QUARANTINED:
        return
    # A part that went back is told of when it was our own refund: nothing is taken for it.
    said = {e.kind for e in events if e.kind != REFUNDED or e.amount == deposit.charged_fen}
    if PAID in said and deposit.credited_at is None:
        if not _is_believed(deposit, events, now):
            _wait_for_word(deposit, events, now)
            return
        _credit(deposit, now)
    if {PAID, REFUNDED} <= said and deposit.state == State.CREDITED:
        charge_back(deposit, now=now)
    if said == {CLOSED} and deposit.state == State.BEGUN:
        _close(deposit, now)
    _mark(events, now)


def _wait_for_word(deposit: Deposit, events: list[ProviderEvent], now: datetime) -> None:
    """The messages wait for the provider's own word; after half an hour people look at it."""
    told_at = min(event.received_at for event in events if event.kind == PAID)
    if told_at <= now - CLOSE_AFTER:
        logger.error("A provider does not confirm a payment", extra={"deposit": deposit.code})
        _move(deposit, State.QUARANTINED, body={"unconfirmed": True})


def _mark(events: list[ProviderEvent], now: datetime) -> None:
    """One event of each kind brought the state about; the others only repeated it."""
    told = {event.kind for event in events if event.outcome == Outcome.APPLIED}
    for event in events:
        if event.outcome == Outcome.WAITING:
            outcome = Outcome.REPEATED if event.kind in told else Outcome.APPLIED
            told.add(event.kind)
            ProviderEvent.objects.filter(pk=event.pk).update(outcome=outcome, applied_at=now)


def _credit(deposit: Deposit, now: datetime) -> None:
    ledger.post(
        reference=f"deposit:{deposit.code}",
        kind=EntryKind.DEPOSIT,
        moves=[Move(_clearing(deposit), f"wallet:{deposit.player_code}", deposit.amount)],
    )
    _move(deposit, State.CREDITED, credited_at=now, ended_at=None)
    player = Player.objects.select_related("user").get(code=deposit.player_code)
    debts.recover(player=player, reference=deposit.code, most_fen=deposit.amount, now=now)
    messages.send(
        user=player.user,
        kind="finance.deposit_credited",
        params={"deposit": deposit.code, "amount_fen": deposit.amount},
        natural_key=f"deposit:{deposit.code}:credited",
        now=now,
    )


@inside_transaction
def charge_back(deposit: Deposit, *, now: datetime) -> None:
    """Take back what the bank took back; what the wallet no longer has, the player owes."""
    taken = deposit.amount - deposits.returned(deposit)
    if not taken:
        return  # what the provider speaks of is our own refund
    player = Player.objects.select_related("user").get(code=deposit.player_code)
    owed_fen = debts.take_back(
        player=player, deposit=deposit, taken=taken, target=_clearing(deposit), now=now
    )
    _move(
        deposit,
        State.CHARGED_BACK,
        ended_at=now,
        body={"from_wallet_fen": taken - owed_fen, "owed_fen": owed_fen},
    )
    messages.send(
        user=player.user,
        kind="finance.deposit_charged_back",
        params={"deposit": deposit.code, "amount_fen": taken, "owed_fen": owed_fen},
        natural_key=f"deposit:{deposit.code}:charged_back",
        now=now,
    )


def _close(deposit: Deposit, now: datetime) -> None:
    _move(deposit, State.CLOSED, ended_at=now)
    failures.note(player_code=deposit.player_code, now=now)


def _set_aside(deposit: Deposit, event: ProviderEvent, now: datetime) -> None:
    """What does not fit the order is not believed; an unpaid deposit then waits for people."""
    ProviderEvent.objects.filter(pk=event.pk).update(outcome=Outcome.QUARANTINED, applied_at=now)
    logger.error("A provider contradicts an order", extra={"deposit": deposit.code})
    body = {
        "event": event.event_id,
        "told_fen": event.amount,
        "asked_fen": deposit.charged_fen,
        "is_other_trade": event.trade != deposit.provider_trade,
        "is_other_payer": payers.is_other(payers.of(event), deposit.player_code),
    }
    if deposit.credited_at is None:
        _move(deposit, State.QUARANTINED, body=body)
        return
    trail.record(
        action="finance.provider_event_quarantined",
        actor=None,
        object_type="deposit",
        object_code=deposit.code,
        body=body,
    )


def _move(
    deposit: Deposit,
    state: Deposit.State,
    body: Mapping[str, Any] | None = None,
    **times: datetime | None,
) -> None:
    change(deposit, state=state, **times)
    trail.record(
        action=f"finance.deposit_{state.lower()}",
        actor=None,
        object_type="deposit",
        object_code=deposit.code,
        body={"amount_fen": deposit.amount, **(body or {})},
    )


def _clearing(deposit: Deposit) -> str:
    return f"clearing:{deposit.provider}"
