"""Alipay, as the house talks to it: RSA2 both ways.

Requests and notices are signed over their parameters, sorted by name and joined as `name=value`
with `&`; an answer over the very text of its content. `settings.ALIPAY` holds app_id, seller_id,
private_key (ours), public_key (Alipay's) and gateway. The page to pay on is an address we sign;
Alipay lets only the person named in it pay.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.dates import SHANGHAI

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
    wire,
)

OPEN_FOR = "30m"
DONE, REFUSED = "10000", "40004"
ABSENT = frozenset(
    {"ACQ.TRADE_NOT_EXIST", "ORDER_NOT_EXIST", "TRADE_NOT_EXIST", "ACQ.REFUND_NOT_EXIST"}
)
# What Alipay will refuse however often it is asked; everything else may still be done.
FINAL = frozenset(
    {
        "ACQ.TRADE_HAS_FINISHED",
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
        "ACQ.TRADE_NOT_ALLOW_REFUND",
        "ACQ.REASON_TRADE_REFUND_FEE_ERR",
        "ACQ.BUYER_ERROR",
        "CARD_BIN_ERROR",
        "CARD_NO_ERROR",
        "PAYEE_CARD_INFO_ERROR",
        "PAYEE_NOT_EXIST",
        "PAYEE_ACC_OCUPIED",
        "PERM_AML_NOT_REALNAME_REV",
        "ACQ.TRADE_STATUS_ERROR",
        "ACQ.REASON_TRADE_STATUS_INVALID",
    }
)
STATES = {
    "WAIT_BUYER_PAY": OPEN,
    "TRADE_SUCCESS": PAID,
    "TRADE_FINISHED": PAID,
    "TRADE_CLOSED": CLOSED,
}
PAYOUT_STATES = {"SUCCESS": PAID, "FAIL": FAILED, "REFUND": FAILED, "CLOSED": FAILED}
PAYOUT_PRODUCT = {"product_code": "TRANS_BANKCARD_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
NAMES = ("buyer_user_name", "buyer_logon_id")


class Alipay:
    """Adapter of Alipay."""

    name = "alipay"
    title = _("Alipay")
    takes_payer = True
    pays_cards = True
    thanks = ("text/plain", "success")

    def begin(self, order: Order) -> Begun:
        """The signed address of the page to pay on; Alipay knows the order once it is opened."""
        content: dict[str, Any] = {
            "out_trade_no": order.code,
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "total_amount": _yuan(order.amount_fen),
            "subject": settings.BRAND,
            "timeout_express": OPEN_FOR,
        }
        if order.payer is not None:
            content["ext_user_info"] = {
                "name": order.payer.name,
                "cert_type": "IDENTITY_CARD",
                "cert_no": order.payer.citizen_id,
                "min_age": "18",
                "fix_buyer": "T",
                "need_check_info": "T",
            }
        asked = _request(
            "alipay.trade.page.pay",
            content,
            notify_url=order.notify_url,
            return_url=order.return_url,
        )
        return Begun(trade="", pay_url=f"{settings.ALIPAY['gateway']}?{urlencode(asked)}")

    def ask(self, order_code: str) -> Fact | None:
        """What Alipay knows of a payment."""
        answer = self._call("alipay.trade.query", {"out_trade_no": order_code})
        if answer is None:
            return None
        kind = _kind(answer, is_paid=bool(answer.get("send_pay_date")))
        if answer.get("out_trade_no") != order_code:
            raise MessageMalformed
        return Fact(
            event_id=f"asked:{order_code}:{kind}",
            kind=kind,
            order_code=order_code,
            trade=wire.word(answer.get("trade_no"), 64),
            amount_fen=wire.fen(answer.get("total_amount")),
            body=_kept(answer),
            payer=str(answer.get("buyer_user_name") or "")[:60],
        )

    def close(self, order_code: str) -> Fact | None:
        """Close a payment; a paid one stays paid, and the answer says so."""
        with contextlib.suppress(_Refusal):  # it was paid meanwhile: the question tells
            self._call("alipay.trade.close", {"out_trade_no": order_code})
        return self.ask(order_code)

    def read(self, *, headers: Mapping[str, str], path: str, body: bytes, now: datetime) -> Fact:
        """Check the signature of a notice, then that it is ours, then read it."""
        told = _params(body)
        given, kind_of_sign = told.pop("sign", ""), told.pop("sign_type", "")
        is_genuine = kind_of_sign == "RSA2" and wire.is_signed(
            settings.ALIPAY["public_key"], _joined(told), given
        )
        if not is_genuine:
            raise SignatureWrong
        if (told.get("app_id"), told.get("seller_id")) != (
            settings.ALIPAY["app_id"],
            settings.ALIPAY["seller_id"],
        ):
            raise MessageMalformed
        return Fact(
            event_id=wire.word(told.get("notify_id"), 80),
            kind=_kind(told, is_paid=bool(told.get("gmt_payment"))),
            order_code=wire.word(told.get("out_trade_no"), 20),
            trade=wire.word(told.get("trade_no"), 64),
            amount_fen=wire.fen(told.get("total_amount")),
            body=_kept(told),
            payer=told.get("buyer_user_name", "")[:60],
            refund=told.get("out_biz_no", "") if told.get("gmt_refund") else "",
        )

    def pay_out(self, payout: Payout) -> PayoutAnswer:
        """Transfer to a bank card, whose holder Alipay checks."""
        return self._done(
            "alipay.fund.trans.uni.transfer",
            {
                **PAYOUT_PRODUCT,
                "out_biz_no": payout.code,
                "trans_amount": _yuan(payout.amount_fen),
                "order_title": settings.BRAND,
                "payee_info": {
                    "identity_type": "BANKCARD_ACCOUNT",
                    "identity": payout.account_number,
                    "name": payout.holder,
                    "bankcard_ext_info": {"account_type": "2"},
                },
            },
            states=PAYOUT_STATES,
        )

    def ask_payout(self, code: str) -> PayoutAnswer | None:
        """What became of a transfer."""
        answer = self._call(
            "alipay.fund.trans.common.query", {**PAYOUT_PRODUCT, "out_biz_no": code}
        )
        return None if answer is None else _payout(answer, PAYOUT_STATES)

    def refund(self, refund: Refund) -> PayoutAnswer:
        """Return money to where the buyer paid from."""
        self_made = {
            "out_trade_no": refund.order_code,
            "out_request_no": refund.code,
            "refund_amount": _yuan(refund.amount_fen),
            "refund_reason": refund.reason,
        }
        try:
            self._call("alipay.trade.refund", self_made)
        except _Refusal as refusal:
            return PayoutAnswer(state=FAILED, trade="", reason=refusal.words)
        # "Accepted" is not "arrived": only the question tells.
        return self.ask_refund(refund) or PayoutAnswer(state=WORKING, trade="")

    def ask_refund(self, refund: Refund) -> PayoutAnswer | None:
        """What became of a refund; an answer without a state means there is none yet."""
        answer = self._call(
            "alipay.trade.fastpay.refund.query",
            {"out_trade_no": refund.order_code, "out_request_no": refund.code},
        )
        if answer is None or not answer.get("out_request_no"):
            return None
        if answer["out_request_no"] != refund.code:
            raise MessageMalformed
        is_done = answer.get("refund_status") == "REFUND_SUCCESS"
        if is_done and wire.fen(answer.get("refund_amount")) != refund.amount_fen:
            raise MessageMalformed
        return PayoutAnswer(
            state=PAID if is_done else WORKING, trade=str(answer.get("trade_no", ""))
        )

    def _done(
        self, method: str, content: dict[str, Any], *, states: Mapping[str, str]
    ) -> PayoutAnswer:
        try:
            answer = self._call(method, content)
        except _Refusal as refusal:
            return PayoutAnswer(state=FAILED, trade="", reason=refusal.words)
        if answer is None:
            raise ProviderSilent("Alipay has no such service.")
        return _payout(answer, states)

    def _call(self, method: str, content: dict[str, Any]) -> dict[str, Any] | None:
        """One signed call; None when Alipay says that it knows no such thing."""
        body = urlencode(_request(method, content)).encode()
        status, _heads, raw = wire.call(
            "POST",
            settings.ALIPAY["gateway"],
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"},
            body=body,
        )
        if status != 200:  # noqa: PLR2004 - refusals come with 200 too
            raise ProviderSilent(f"Alipay answered {status}.")
        answer = _content(raw, method.replace(".", "_") + "_response")
        code, sub_code = str(answer.get("code")), str(answer.get("sub_code", ""))
        if code == DONE:
            return answer
        if sub_code in ABSENT:
            return None
        if code == REFUSED and sub_code in FINAL:
            raise _Refusal(sub_code, str(answer.get("sub_msg", "")))
        raise ProviderSilent(f"Alipay answered {code} {sub_code}.")


class _Refusal(ProviderSilent):
    """Alipay will not do it, now or later."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.words = words[:200] or code


def _request(method: str, content: dict[str, Any], **addresses: str) -> dict[str, str]:
    asked = {
        "app_id": settings.ALIPAY["app_id"],
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": f"{datetime.fromtimestamp(time.time(), SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "version": "1.0",
        "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        **addresses,
    }
    return {**asked, "sign": wire.signed(settings.ALIPAY["private_key"], _joined(asked))}


def _joined(params: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if params[name]).encode()


def _params(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as exc:
        raise SignatureWrong from exc
    if len({name for name, _value in pairs}) != len(pairs):
        raise SignatureWrong
    return dict(pairs)


def _content(raw: bytes, name: str) -> dict[str, Any]:
    """The content of an answer, whose very text is signed."""
    try:
        text = raw.decode()
        answer = wire.as_object(text)
        mark = f'"{name}":'
        start = text.index(mark) + len(mark)
        start += len(text[start:]) - len(text[start:].lstrip())
        content, length = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, MessageMalformed) as exc:
        raise ProviderSilent("The answer is not Alipay's.") from exc
    signature = answer.get("sign")
    is_genuine = isinstance(signature, str) and wire.is_signed(
        settings.ALIPAY["public_key"], text[start : start + length].encode(), signature
    )
    if not is_genuine or not isinstance(content, dict):
        raise ProviderSilent("The answer is not Alipay's.")
    return content


def _kind(told: Mapping[str, Any], *, is_paid: bool) -> str:
    """What a trade's state means: closed after it was paid is paid back in full."""
    try:
        kind = STATES[str(told.get("trade_status"))]
    except KeyError:
        raise MessageMalformed from None
    return REFUNDED if kind == CLOSED and is_paid else kind


def _payout(answer: Mapping[str, Any], states: Mapping[str, str]) -> PayoutAnswer:
    return PayoutAnswer(
        state=states.get(str(answer.get("status")), WORKING),
        trade=str(answer.get("order_id", "")),
        reason=str(answer.get("fail_reason") or answer.get("error_code") or ""),
    )


def _kept(told: Mapping[str, Any]) -> str:
    """A message as it is kept: names lie encrypted beside it, never in the open."""
    return json.dumps({name: told[name] for name in told if name not in NAMES}, sort_keys=True)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
