"""Money coming in: who may bring how much, in which way, at which fee; what he then brings (F108).

A deposit is written down before a provider is asked to collect it. What the provider says of it is
the inbox's.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import legal_texts
from accounts.models import Player
from audit import policies, trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import ceilings, channels, debts, failures, payers, providers
from .models import Deposit, DepositReturn
from .payers import IdentityRequired

logger = logging.getLogger(__name__)

State = Deposit.State


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
    "deposit_few_open_at_once": failures.TooManyOpen,
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
    """Open a deposit and the payment at the provider; the page to pay on is its `pay_page`.

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
        raise over_a_ceiling(player.code, amount, now)
    if legal_texts.undisclosed(player.user, now) is not None:
        raise DisclosureNeeded


def over_a_ceiling(player_code: str, fen: int, now: datetime) -> Refused:
    """What is said of a deposit that a ceiling of the player does not let in (N14)."""
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
    deposit.pay_url = begun.pay_url
    Deposit.objects.filter(pk=deposit.pk, pay_url="").update(
        provider_trade=begun.trade, pay_url=deposit.pay_url.stored
    )
