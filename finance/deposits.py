"""Money coming in: begin a deposit, take what the provider says, ask it when it is silent (F108).

What a provider says lies in the inbox first; the state of a deposit follows from all that was said,
in whatever order it came: PAID credits once, REFUNDED takes back what PAID brought, CLOSED counts
only while nothing was paid. What contradicts the order is set aside for people, not half believed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import legal_texts, messages
from accounts.models import Player
from audit import policies, trail
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import ceilings, channels, debts, failures, ledger, payers, providers
from .ledger import EntryKind, Move
from .models import Deposit, DepositReturn, ProviderEvent
from .payers import IdentityRequired
from .providers import CLOSED, OPEN, PAID, REFUNDED, Fact

logger = logging.getLogger(__name__)

ASK_AFTER = timedelta(seconds=60)
CLOSE_AFTER = timedelta(minutes=30)
AT_ONCE = 200

State = Deposit.State
Outcome = ProviderEvent.Outcome


class DepositNotAllowed(Refused):
    """The account takes no deposits now."""

    code, status = "deposit_not_allowed", 403
    message = _("This account takes no deposits at present.")


class DepositTooSmall(Refused):
    """Less than the smallest deposit."""

    code, status = "deposit_too_small", 400
    message = _("The smallest deposit is %(min_fen)s yuan.")


class DepositTooLarge(Refused):
    """More than the largest single deposit."""

    code, status = "deposit_too_large", 400
    message = _("The largest single deposit is %(max_fen)s yuan.")


class DisclosureNeeded(Refused):
    """The player has not acknowledged how his money is protected."""

    code, status = "disclosure_required", 403
    message = _("Please read first how your money is protected.")


class RequestKeyUsed(Refused):
    """The key of this request belongs to another one."""

    code, status = "request_key_used", 422
    message = _("This request was already made with other figures.")


class BankSilent(Refused):
    """The provider did not answer; the same request may be sent again."""

    code, status = "bank_silent", 503
    message = _("The bank does not answer at present. Nothing was charged. Please try again later.")


class DepositUnknown(Refused):
    """No such deposit."""

    code, status = "deposit_unknown", 404
    message = _("There is no such deposit.")


_REFUSALS: dict[str, type[Refused]] = {
    "deposit_provider_in_force": channels.ProviderNotInForce,
    "deposit_fee_by_the_register": channels.ProviderNotInForce,
    "deposit_after_disclosure": DisclosureNeeded,
}


def begin(
    *,
    player: Player,
    amount: int,
    provider: str,
    request_key: UUID,
    now: datetime,
    fee: int = 0,
) -> Deposit:
    """Open a deposit and the payment at the provider; the page to pay on is its `pay_url`.

    `fee` is what the player was told he pays on top. Repeating a `request_key` with the same
    figures leads to the first deposit.
    """
    deposit = order(
        player=player, amount=amount, provider=provider, request_key=request_key, now=now, fee=fee
    )
    if deposit.pay_url or deposit.state != State.BEGUN:
        return deposit
    channels.one(provider, channels.Use.DEPOSIT, now=now)
    bank = providers.named(provider)
    try:
        begun = bank.begin(
            providers.Order(
                code=deposit.code,
                amount_fen=deposit.charged_fen,
                notify_url=settings.PUBLIC_URL + reverse("finance:callback", args=[provider]),
                return_url=settings.PUBLIC_URL
                + reverse("finance:deposit_state", args=[deposit.code]),
                payer=payers.verified(player) if bank.takes_payer else None,
            )
        )
    except (OSError, providers.SignatureWrong, providers.MessageMalformed) as exc:
        logger.warning("The provider did not answer", extra={"deposit": deposit.code})
        channels.note_failure(provider, now=now)
        raise BankSilent from exc
    channels.note_ok(provider, now=now)
    _note_begun(deposit, begun)
    deposit.refresh_from_db()
    return deposit


def order(
    *,
    player: Player,
    amount: int,
    provider: str,
    request_key: UUID,
    now: datetime,
    fee: int = 0,
) -> Deposit:
    """Write down what the player wants to bring in, before any bank is asked; once per key.

    Refuses with `FeeDiffers` when the fee is not the one the player has seen (F114).
    """
    providers.known(provider)
    same = Deposit.objects.filter(player_code=player.code, request_key=request_key)
    if known := same.first():
        return _if_same(known, amount, provider)
    _check(player, amount, now)
    _check_fee(provider, amount, fee, now)
    try:
        return _order(player, amount, fee, provider=provider, request_key=request_key, now=now)
    except IntegrityError as exc:
        name = violated(exc)
        if name == "deposit_once_per_request":
            return _if_same(same.get(), amount, provider)
        if name == "deposit_fee_by_the_register":
            _check_fee(provider, amount, fee, now)  # it was changed between question and answer
        if refusal := _REFUSALS.get(name):
            raise refusal from exc
        if violated(exc) == failures.CONSTRAINT:
            failures.check(player.code, now=now)
        raise


def take_callback(
    *, provider: str, headers: Mapping[str, str], path: str, body: bytes, now: datetime
) -> ProviderEvent:
    """Take a provider's message; when this returns, it is written down and done.

    The signature is checked before anything is read. The same message again changes nothing.
    """
    fact = providers.known(provider).read(headers=headers, path=path, body=body, now=now)
    if fact.refund and DepositReturn.objects.filter(code=fact.refund).exists():
        return _receive(provider, fact, now, Outcome.APPLIED)  # our own: its poll concludes it
    return _take(provider, fact, now)


def poll(*, now: datetime) -> int:
    """Ask the providers about silent deposits, and do what still waits in the inbox."""
    for provider, order_code in (
        ProviderEvent.objects.filter(
            outcome=Outcome.WAITING,
            order_code__in=Deposit.objects.exclude(state=State.QUARANTINED).values("code"),
        )
        .values_list("provider", "order_code")
        .distinct()[:AT_ONCE]
    ):
        _apply(provider, order_code, now)
    silent = Deposit.objects.filter(state=State.BEGUN, begun_at__lte=now - ASK_AFTER)
    asked = 0
    for deposit in silent.order_by("begun_at")[:AT_ONCE]:
        try:
            _ask(deposit, now)
        except (OSError, Refused):
            logger.warning("The provider did not answer", extra={"deposit": deposit.code})
        else:
            asked += 1
    return asked


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
        _receive(deposit.provider, fact, now)
    try:
        _clear_up(deposit, fact, actor, now)
    except IntegrityError as exc:
        if violated(exc) == ceilings.CONSTRAINT:
            raise _over_a_ceiling(deposit.player_code, deposit.amount, now) from exc
        raise
    deposit.refresh_from_db()
    return deposit


@inside_transaction
def close_returned(deposit: Deposit, *, now: datetime) -> None:
    """What was set aside has gone back to its source: nothing of it is to come any more."""
    locked = _locked(deposit.provider, deposit.code)
    if locked is not None and locked.state == State.QUARANTINED:
        Deposit.objects.filter(pk=locked.pk).update(state=State.BEGUN)
        _close(locked, now)


def of(player: Player) -> list[Deposit]:
    """The player's latest deposits, newest first."""
    return list(Deposit.objects.filter(player_code=player.code).order_by("-begun_at", "-pk")[:50])


def find(player: Player, code: str) -> Deposit:
    """One deposit of the player, or `DepositUnknown`."""
    deposit = Deposit.objects.filter(player_code=player.code, code=code).first()
    if deposit is None:
        raise DepositUnknown
    return deposit


def returned(deposit: Deposit) -> int:
    """How much of a deposit went back to its source by our refunds, or is on its way, in fen."""
    rows = DepositReturn.objects.filter(deposit=deposit, is_from_wallet=True)
    sums = rows.exclude(state=DepositReturn.State.FAILED).aggregate(sum=Sum("amount"))
    return int(sums["sum"] or 0)


def limits(now: datetime) -> tuple[int, int]:
    """The smallest and the largest single deposit, in fen."""
    return (
        int(policies.read("deposit.min_fen", at=now)),
        int(policies.read("deposit.max_fen", at=now)),
    )


def _check(player: Player, amount: int, now: datetime) -> None:
    if not player.is_verified:
        raise IdentityRequired
    owes = player.state == Player.State.LIMITED and debts.owed(player) > 0
    if player.is_shadow or not (player.state == Player.State.ACTIVE or owes):
        raise DepositNotAllowed
    failures.check(player.code, now=now)
    least, most = limits(now)
    if amount < least:
        raise DepositTooSmall(min_fen=least)
    if amount > most:
        raise DepositTooLarge(max_fen=most)
    if not ceilings.has_room(player, flow=ceilings.Flow.DEPOSIT, fen=amount, at=now):
        raise _over_a_ceiling(player.code, amount, now)
    if legal_texts.undisclosed(player.user, now) is not None:
        raise DisclosureNeeded


def _over_a_ceiling(player_code: str, fen: int, now: datetime) -> Refused:
    return ceilings.reached(player_code, flows={ceilings.Flow.DEPOSIT}, fen=fen, at=now)


def _check_fee(provider: str, amount: int, fee: int, now: datetime) -> None:
    asked = channels.one(provider, channels.Use.DEPOSIT, now=now).fee_of(amount)
    if asked != fee:
        raise channels.FeeDiffers(fee_fen=asked, total_fen=amount + asked)


def _if_same(known: Deposit, amount: int, provider: str) -> Deposit:
    if (known.amount, known.provider) != (amount, provider):
        raise RequestKeyUsed
    return known


@door
def _order(
    player: Player, amount: int, fee: int, *, provider: str, request_key: UUID, now: datetime
) -> Deposit:
    deposit = Deposit.objects.create(
        player_code=player.code,
        provider=provider,
        amount=amount,
        fee=fee,
        request_key=request_key,
        begun_at=now,
    )
    trail.record(
        action="finance.deposit_begun",
        actor=player.user,
        object_type="deposit",
        object_code=deposit.code,
        body={"amount_fen": amount, "fee_fen": fee, "provider": provider},
    )
    return deposit


@door
def _note_begun(deposit: Deposit, begun: providers.Begun) -> None:
    Deposit.objects.filter(pk=deposit.pk, pay_url="").update(
        provider_trade=begun.trade, pay_url=begun.pay_url
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
        _take(deposit.provider, fact, now)


def _take(provider: str, fact: Fact, now: datetime) -> ProviderEvent:
    event = _receive(provider, fact, now)
    if event.outcome == Outcome.WAITING:
        _apply(provider, fact.order_code, now)
        event.refresh_from_db()
    return event


@door
def _receive(
    provider: str, fact: Fact, now: datetime, outcome: ProviderEvent.Outcome = Outcome.WAITING
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
        if violated(exc) != ceilings.CONSTRAINT:
            raise
        _keep_outside(provider, order_code)


@door
def _apply_facts(provider: str, order_code: str, now: datetime) -> None:
    deposit = _locked(provider, order_code)
    if deposit is not None:
        _fold(deposit, now)


@door
def _keep_outside(provider: str, order_code: str) -> None:
    """Paid, and more than a ceiling of the player's lets in: it waits, and goes back (N14)."""
    deposit = _locked(provider, order_code)
    if deposit is not None and deposit.state == State.BEGUN:
        _move(deposit, State.QUARANTINED, body={"ceiling": True})


@door
def _clear_up(deposit: Deposit, fact: Fact | None, actor: Any, now: datetime) -> None:
    locked = _locked(deposit.provider, deposit.code)
    if locked is None or locked.state != State.QUARANTINED:
        return
    fits = fact is None or not _contradicts(
        fact.kind, fact.amount_fen, fact.trade, fact.payer, locked
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
    events = list(
        ProviderEvent.objects.filter(provider=deposit.provider, order_code=deposit.code)
        .exclude(outcome=Outcome.QUARANTINED)
        .order_by("pk")
    )
    for event in [event for event in events if event.outcome == Outcome.WAITING]:
        if _contradicts(event.kind, event.amount, event.trade, payers.of(event), deposit):
            _set_aside(deposit, event, now)
            events.remove(event)
        elif event.trade and not deposit.provider_trade:
            deposit.provider_trade = event.trade
            Deposit.objects.filter(pk=deposit.pk).update(provider_trade=event.trade)
    if deposit.state == State.QUARANTINED:
        return
    said = {event.kind for event in events}
    if PAID in said and deposit.credited_at is None:
        _credit(deposit, now)
    if {PAID, REFUNDED} <= said and deposit.state == State.CREDITED:
        _charge_back(deposit, now)
    if said == {CLOSED} and deposit.state == State.BEGUN:
        _close(deposit, now)
    _mark(events, now)


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


def _charge_back(deposit: Deposit, now: datetime) -> None:
    """Take back what the bank took back; what the wallet no longer has, the player owes."""
    taken = deposit.amount - returned(deposit)
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
    Deposit.objects.filter(pk=deposit.pk).update(state=state, **times)
    deposit.state = state
    for name, value in times.items():
        setattr(deposit, name, value)
    trail.record(
        action=f"finance.deposit_{state.lower()}",
        actor=None,
        object_type="deposit",
        object_code=deposit.code,
        body={"amount_fen": deposit.amount, **(body or {})},
    )


def _clearing(deposit: Deposit) -> str:
    return f"clearing:{deposit.provider}"
