"""Payment providers: what the house asks of a bank, and which ones the settings name.

An adapter speaks to one provider over the network, so it is never called inside a transaction.
What it cannot reach raises `OSError`: nobody knows then whether the bank did it, and only a later
question finds out. Every command carries the house's own order code and may be repeated with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.db import own_transaction_is_open
from lottery_portal.lib.errors import Refused

OPEN, PAID, CLOSED, REFUNDED = "OPEN", "PAID", "CLOSED", "REFUNDED"
FAILED, WORKING = "FAILED", "WORKING"


class SignatureWrong(Refused):
    """The message was not signed by the provider, or not lately."""

    code, status = "signature_wrong", 401
    message = _("The signature does not fit.")


class MessageMalformed(Refused):
    """Signed by the provider, but not what was agreed."""

    code, status = "message_malformed", 400
    message = _("The message is not of the agreed form.")


class ProviderUnknown(Refused):
    """No provider of this name is switched on."""

    code, status = "provider_unknown", 404
    message = _("There is no such payment provider.")


class ProviderSilent(OSError):
    """The provider did not answer, or answered with trouble of its own."""


@dataclass(frozen=True)
class Payer:
    """The verified person who alone may pay (R18)."""

    name: str
    citizen_id: str


@dataclass(frozen=True)
class Order:
    """A payment the house asks a provider to collect; `payer` where the provider checks him."""

    code: str
    amount_fen: int
    notify_url: str
    return_url: str
    payer: Payer | None = None


@dataclass(frozen=True)
class Begun:
    """Where the player pays, and what the provider calls it."""

    trade: str
    pay_url: str


@dataclass(frozen=True)
class Fact:
    """What a provider says about one order: `kind` is OPEN, PAID, CLOSED or REFUNDED.

    `payer` is the name of who paid, as far as the provider tells it (`*` for what it hides).
    `refund` is the house's own number of the refund that is spoken of, if it is about one.
    """

    event_id: str
    kind: str
    order_code: str
    trade: str
    amount_fen: int
    body: str
    payer: str = ""
    refund: str = ""


@dataclass(frozen=True)
class Payout:
    """Money the house asks a provider to send to a bank account."""

    code: str
    amount_fen: int
    account_number: str
    holder: str


@dataclass(frozen=True)
class PayoutAnswer:
    """What became of a payout: `state` is PAID, FAILED (with a reason) or WORKING."""

    state: str
    trade: str
    reason: str = ""


@dataclass(frozen=True)
class Refund:
    """Money of a paid order that the house asks a provider to return to where it came from."""

    code: str
    order_code: str
    trade: str
    amount_fen: int
    total_fen: int
    reason: str


class PaymentProvider(Protocol):
    """A bank as the house sees it.

    `takes_payer`: it is told who may pay, and refuses others. `pays_cards`: its payouts go to bank
    accounts. `thanks`: type and body of the answer that ends the sending of a message.
    """

    name: str
    title: str | Promise
    takes_payer: bool
    pays_cards: bool
    thanks: tuple[str, str]

    def begin(self, order: Order) -> Begun:
        """Ask for a payment; the same order code again gives the same answer."""
        ...

    def ask(self, order_code: str) -> Fact | None:
        """What is known of a payment; None when the provider never heard of it."""
        ...

    def close(self, order_code: str) -> Fact | None:
        """Ask that an unpaid payment can no longer be paid; the answer tells what it is now."""
        ...

    def read(self, *, headers: Mapping[str, str], path: str, body: bytes, now: datetime) -> Fact:
        """The fact in a callback, its signature checked before anything is parsed."""
        ...

    def pay_out(self, payout: Payout) -> PayoutAnswer:
        """Send money out, once per code however often asked."""
        ...

    def ask_payout(self, code: str) -> PayoutAnswer | None:
        """What became of a payout; None when the provider never heard of it."""
        ...

    def refund(self, refund: Refund) -> PayoutAnswer:
        """Return money to where it came from, once per code however often asked."""
        ...

    def ask_refund(self, refund: Refund) -> PayoutAnswer | None:
        """What became of a refund; None when the provider never heard of it."""
        ...


@cache
def _made(path: str) -> PaymentProvider:
    made: PaymentProvider = import_string(path)()
    return made


def named(name: str) -> PaymentProvider:
    """The adapter of one provider, for use outside of any transaction."""
    if own_transaction_is_open():
        raise RuntimeError("No network inside a transaction.")
    return known(name)


def known(name: str) -> PaymentProvider:
    """The adapter of one provider, for its names and for reading what it sent."""
    try:
        return _made(settings.PAYMENT_PROVIDERS[name])
    except KeyError:
        raise ProviderUnknown(provider=name) from None


def names() -> list[str]:
    """The providers that are switched on, the usual one first."""
    return list(settings.PAYMENT_PROVIDERS)
