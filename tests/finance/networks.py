"""The three banks with one face, for what holds of all: a server, a customer, a notice."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from accounts.models import Player
from finance import deposits, inbox
from finance.models import Deposit, ProviderEvent
from finance.providers.wechat import WeChatPay
from tests import make_money as make

from . import fake_alipay, fake_sandbox, fake_server, fake_wechat

ALL = ("sandbox", "alipay", "wechat")
HUNDRED, SAMPLE = 100, 20  # at once in a full run and in any: each has a connection of its own


class CardsOverWeChat(WeChatPay):
    """WeChat as if its accounts were bank cards: its transfers keep the rules of payouts too."""

    pays_cards = True


class Network:
    """A provider on its own server, first in the register, and what its customers do."""

    def __init__(self, name: str, settings: Any, stack: ExitStack, *, now: datetime) -> None:
        self.name, self.now = name, now
        self.alipay, self.wechat = fake_alipay.FakeAlipay(), fake_wechat.FakeWeChat()
        self.sandbox = fake_sandbox.FakeSandbox()
        banks: dict[str, Any] = {"alipay": self.alipay, "wechat": self.wechat}
        self.bank = banks.get(name, self.sandbox)
        gateway = stack.enter_context(fake_server.serving(self.bank.answer))
        settings.ALIPAY = fake_alipay.credentials(gateway)
        settings.WECHAT_PAY = fake_wechat.credentials(gateway)
        if name == "sandbox":
            settings.PUBLIC_URL = gateway
        settings.PAYMENT_PROVIDERS = {
            **settings.PAYMENT_PROVIDERS,
            "alipay": "finance.providers.alipay.Alipay",
            "wechat": "tests.finance.networks.CardsOverWeChat",
        }
        make.entered(code=name, rank=0, now=now)

    def begin(self, player: Player, fen: int = 100_00) -> Deposit:
        """A deposit whose page the customer has opened."""
        deposit = deposits.begin(
            player=player, amount=fen, provider=self.name, request_key=uuid4(), now=self.now
        )
        if self.name == "alipay":
            self.alipay.open(deposit.pay_page)
        return deposit

    def pay(self, deposit: Deposit, player: Player | None = None) -> bool:
        """The player pays, or (without one) somebody else tries to."""
        person = player.person if player else None
        name = person.name.reveal() if person else "王海"
        number = person.citizen_id.reveal() if person else "110101198004210015"
        if self.name == "alipay":
            return self.alipay.pay(deposit.pay_page, name=name, citizen_id=number)
        if self.name == "sandbox":
            return self.sandbox.pay(deposit.code, name=name)
        return self.wechat.pay(deposit.code, name=name, citizen_id=number)

    def trade(self, deposit: Deposit) -> Any:
        """The order as the provider has it."""
        return self.bank.trades[deposit.code]

    def message(self, deposit: Deposit, **changes: Any) -> tuple[dict[str, str], bytes]:
        """A notice about the order as it stands; `changes` alter it before it is signed."""
        trade = self.trade(deposit)
        if self.name == "alipay":
            return {}, self.alipay.notice(trade, **changes)
        now = changes.pop("now", self.now)
        told: tuple[dict[str, str], bytes] = self.bank.notice(trade, now=now, **changes)
        return told

    def take(self, headers: dict[str, str], body: bytes, **changes: Any) -> ProviderEvent:
        """The notice arrives."""
        return inbox.take_callback(
            provider=self.name,
            headers=headers,
            path=f"/wallet/callbacks/{self.name}/",
            body=body,
            now=changes.pop("now", self.now),
        )

    def facts(self, deposit: Deposit) -> dict[str, tuple[dict[str, str], bytes]]:
        """Signed messages: pay, pay again, refund, close; each as the provider would word it."""
        trade, message = self.trade(deposit), self.message
        if self.name == "alipay":
            closed = {"trade_status": "TRADE_CLOSED"}
            refund = message(deposit, **closed, refund_fee=trade.amount)
            close: Any = ({}, self.alipay.notice(trade, **closed, gmt_payment=""))
        elif self.name == "wechat":
            refund = message(deposit, refund="BYHAND1")
            close = message(deposit, trade_state="CLOSED")
        else:
            refund, close = message(deposit, state="REFUNDED"), message(deposit, state="CANCELLED")
        return {
            "pay": message(deposit),
            "again": message(deposit),
            "refund": refund,
            "close": close,
        }

    def of_another_sum(self, fen: int) -> dict[str, Any]:
        """What has to change in a notice so that it tells of `fen`."""
        changes: dict[str, dict[str, Any]] = {
            "alipay": {"total_amount": f"{fen // 100}.{fen % 100:02d}"},
            "wechat": {"amount": {"total": fen, "currency": "CNY"}},
            "sandbox": {"amount_fen": fen},
        }
        return changes[self.name]

    def told(self, deposit: Deposit, **changes: Any) -> ProviderEvent:
        """The provider tells how the order stands."""
        return self.take(*self.message(deposit, **changes))


def form(told: dict[str, str]) -> bytes:
    """A form as it travels."""
    return urlencode(told).encode()
