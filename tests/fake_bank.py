"""A bank outside the house that does as it is told: pays, returns, keeps silent, knows names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from finance.providers import (
    FAILED,
    PAID,
    Begun,
    Fact,
    Order,
    Payout,
    PayoutAnswer,
    ProviderSilent,
    SignatureWrong,
)

LOST = "LOST"


class PlainBank:
    """`payouts` is what it did, once per code; `says` what the next one comes to, `reason` why."""

    name = "fake"
    title = "Fake bank"
    takes_payer = False
    pays_cards = True
    thanks = ("text/plain", "ok")

    def __init__(self) -> None:
        self.says = PAID
        self.reason = "The account is closed."
        self.payouts: dict[str, str] = {}
        self.sent: list[str] = []
        self.names: dict[str, str] = {}
        self.is_silent = False

    def begin(self, order: Order) -> Begun:
        """Nobody pays in here."""
        raise ProviderSilent

    def ask(self, order_code: str) -> Fact | None:
        """Nobody pays in here."""
        raise ProviderSilent

    def close(self, order_code: str) -> Fact | None:
        """Nobody pays in here."""
        raise ProviderSilent

    def read(self, *, headers: Mapping[str, str], path: str, body: bytes, now: datetime) -> Fact:
        """It says nothing by itself."""
        raise SignatureWrong

    def pay_out(self, payout: Payout) -> PayoutAnswer:
        """Pay once per code; a lost answer is paid all the same."""
        self.sent.append(payout.code)
        if self.is_silent:
            raise ProviderSilent
        done = self.payouts.setdefault(payout.code, FAILED if self.says == FAILED else PAID)
        if self.says == LOST:
            raise ProviderSilent
        return self._answer(payout.code, done)

    def ask_payout(self, code: str) -> PayoutAnswer | None:
        """What became of a payout."""
        if self.is_silent:
            raise ProviderSilent
        done = self.payouts.get(code)
        return None if done is None else self._answer(code, done)

    def _answer(self, code: str, state: str) -> PayoutAnswer:
        return PayoutAnswer(state=state, trade=code, reason=self.reason if state == FAILED else "")


class FakeBank(PlainBank):
    """The same, and it says in whose name an account is."""

    def check_account(self, *, number: str, holder: str) -> bool:
        """Whether the account is in this name; accounts nobody told of are in any."""
        if self.is_silent:
            raise ProviderSilent
        return self.names.get(number, holder) == holder
