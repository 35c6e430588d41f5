"""The sandbox bank, as the house talks to it.

Messages in both directions, answers included, are JSON under two headers: `Bank-Timestamp`
(seconds) and `Bank-Signature`, HMAC-SHA256 in hex with `SANDBOX_BANK_KEY` over
`<METHOD or ANSWER>\\n<path>\\n<timestamp>\\n<body>`. A message is good for five minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from . import (
    CLOSED,
    FAILED,
    OPEN,
    PAID,
    REFUNDED,
    WORKING,
    Begun,
    Fact,
    MessageMalformed,
    Order,
    Payout,
    PayoutAnswer,
    ProviderSilent,
    Refund,
    SignatureWrong,
)

MERCHANT = "portal"
CURRENCY = "CNY"
WINDOW = 300
TIMEOUT = 8
LONGEST = 20_000
UNKNOWN = "unknown"  # what the bank says of what it never heard of
KINDS = {"OPEN": OPEN, "PAID": PAID, "CANCELLED": CLOSED, "REFUNDED": REFUNDED}
PAYOUT_STATES = {"PAID": PAID, "FAILED": FAILED}


class SandboxBank:
    """Adapter of the sandbox bank."""

    name = "sandbox"
    title = _("Online banking")
    takes_payer = False
    pays_cards = True
    thanks = ("application/json", '{"code": "success"}')

    def begin(self, order: Order) -> Begun:
        """Open a payment at the bank."""
        answer = self._call(
            "POST",
            "/bank/orders/",
            {
                "merchant": MERCHANT,
                "currency": CURRENCY,
                "order": order.code,
                "amount_fen": order.amount_fen,
                "notify_url": order.notify_url,
                "return_url": order.return_url,
            },
        )
        if answer is None or answer.get("amount_fen") != order.amount_fen:
            raise ProviderSilent("The bank opened no such payment.")
        return Begun(trade=str(answer["trade"]), pay_url=str(answer["pay_url"]))

    def ask(self, order_code: str) -> Fact | None:
        """What the bank knows of a payment."""
        return self._fact(order_code, self._call("GET", f"/bank/orders/{order_code}/", None))

    def close(self, order_code: str) -> Fact | None:
        """Close a payment at the bank; a paid one stays paid."""
        return self._fact(order_code, self._call("POST", f"/bank/orders/{order_code}/close/", {}))

    def read(self, *, headers: Mapping[str, str], path: str, body: bytes, now: datetime) -> Fact:
        """Check the signature of a callback, then read it."""
        stamp = headers.get("Bank-Timestamp", "")
        given = headers.get("Bank-Signature", "")
        if not settings.SANDBOX_BANK_KEY or not _is_signed("POST", path, stamp, body, given):
            raise SignatureWrong
        if abs(now.timestamp() - int(stamp)) > WINDOW:
            raise SignatureWrong
        told = _parsed(body)
        return self._read(told, _without_payer(told, body))

    def pay_out(self, payout: Payout) -> PayoutAnswer:
        """Send money to a bank account."""
        answer = self._call(
            "POST",
            "/bank/payouts/",
            {
                "merchant": MERCHANT,
                "currency": CURRENCY,
                "order": payout.code,
                "amount_fen": payout.amount_fen,
                "account_number": payout.account_number,
                "holder": payout.holder,
            },
        )
        if answer is None:
            raise ProviderSilent("The bank has no payouts.")
        return self._payout(answer)

    def ask_payout(self, code: str) -> PayoutAnswer | None:
        """What the bank knows of a payout."""
        answer = self._call("GET", f"/bank/payouts/{code}/", None)
        return None if answer is None else self._payout(answer)

    def refund(self, refund: Refund) -> PayoutAnswer:
        """Return money of a payment to the card it was paid with."""
        answer = self._call(
            "POST",
            "/bank/refunds/",
            {
                "merchant": MERCHANT,
                "currency": CURRENCY,
                "order": refund.code,
                "payment": refund.order_code,
                "amount_fen": refund.amount_fen,
            },
        )
        if answer is None:
            raise ProviderSilent("The bank knows no such payment.")
        return self._payout(answer)

    def ask_refund(self, refund: Refund) -> PayoutAnswer | None:
        """What the bank knows of a refund."""
        answer = self._call("GET", f"/bank/refunds/{refund.code}/", None)
        return None if answer is None else self._payout(answer)

    def check_account(self, *, number: str, holder: str) -> bool:
        """Whether the bank keeps an account of this number under this name."""
        answer = self._call(
            "POST",
            "/bank/accounts/check/",
            {"merchant": MERCHANT, "account_number": number, "holder": holder},
        )
        if answer is None or type(answer.get("matches")) is not bool:
            raise ProviderSilent("The bank does not say whose account it is.")
        return bool(answer["matches"])

    def _fact(self, order_code: str, answer: dict[str, Any] | None) -> Fact | None:
        if answer is None:
            return None
        told = {**answer, "event": f"asked:{order_code}:{answer.get('state')}"}
        fact = self._read(told, _without_payer(told, b""))
        if fact.order_code != order_code:
            raise MessageMalformed
        return fact

    def _read(self, told: dict[str, Any], body: str) -> Fact:
        event, order, trade = told.get("event"), told.get("order"), told.get("trade")
        kind, amount = KINDS.get(str(told.get("state"))), told.get("amount_fen")
        if (
            told.get("merchant") != MERCHANT
            or told.get("currency") != CURRENCY
            or kind is None
            or not _is_word(event, 80)
            or not _is_word(order, 20)
            or not _is_word(trade, 64)
            or not isinstance(told.get("payer", ""), str)
            or type(amount) is not int
            or not 0 < amount < 2**53
        ):
            raise MessageMalformed
        return Fact(
            event_id=str(event),
            kind=kind,
            order_code=str(order),
            trade=str(trade),
            amount_fen=amount,
            body=body,
            payer=told.get("payer", "")[:60],
        )

    def _payout(self, answer: dict[str, Any]) -> PayoutAnswer:
        return PayoutAnswer(
            state=PAYOUT_STATES.get(str(answer.get("state")), WORKING),
            trade=str(answer.get("trade", "")),
            reason=str(answer.get("reason", "")),
        )

    def _call(
        self, method: str, path: str, content: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """One signed call; None when the bank says that it knows no such thing."""
        body = b"" if content is None else json.dumps(content, sort_keys=True).encode()
        stamp = str(int(time.time()))
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own setting
            settings.PUBLIC_URL + path,
            data=None if content is None else body,
            method=method,
            headers={
                "Content-Type": "application/json",
                "Bank-Timestamp": stamp,
                "Bank-Signature": _signature(method, path, stamp, body),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                raw, heads = answer.read(LONGEST), dict(answer.headers)
        except urllib.error.HTTPError as exc:
            exc.close()
            raise ProviderSilent(f"The bank answered {exc.code}.") from exc
        if not _is_answer(path, heads, raw):
            raise ProviderSilent("The answer is not the bank's.")
        told = _parsed(raw)
        return None if told.get("error") == UNKNOWN else told


def _without_payer(told: dict[str, Any], raw: bytes) -> str:
    """The message as it is kept: a name lies encrypted beside it, never in the open."""
    if raw and not told.get("payer"):
        return raw.decode()
    return json.dumps({name: told[name] for name in told if name != "payer"}, sort_keys=True)


def _signature(head: str, path: str, stamp: str, body: bytes) -> str:
    text = f"{head}\n{path}\n{stamp}\n".encode() + body
    return hmac.new(settings.SANDBOX_BANK_KEY, text, hashlib.sha256).hexdigest()


def _is_signed(head: str, path: str, stamp: str, body: bytes, given: str) -> bool:
    is_plain = stamp.isascii() and stamp.isdigit() and given.isascii()
    if not is_plain or len(stamp) > 12:  # noqa: PLR2004 - seconds have ten digits for long
        return False
    return hmac.compare_digest(_signature(head, path, stamp, body), given)


def _is_answer(path: str, heads: Mapping[str, str], raw: bytes) -> bool:
    stamp, given = heads.get("Bank-Timestamp") or "", heads.get("Bank-Signature") or ""
    return _is_signed("ANSWER", path, stamp, raw, given) and abs(time.time() - int(stamp)) <= WINDOW


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        content = json.loads(raw.decode())
    except (ValueError, RecursionError) as exc:
        raise MessageMalformed from exc
    if not isinstance(content, dict):
        raise MessageMalformed
    return content


def _is_word(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
