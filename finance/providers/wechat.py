"""WeChat Pay, interface v3, as the house talks to it.

Requests are signed with the merchant's key, answers and notices with a key of the platform, which
its number in `Wechatpay-Serial` names; what a notice says is sealed with AES-256-GCM besides.
`settings.WECHAT_PAY` holds mchid, appid, serial, private_key (ours), api_v3_key, platform_keys (a
certificate or public key by number) and gateway. Players scan a code; WeChat lets only the person
named in the order pay. Its transfers go to WeChat accounts (openid), not to bank cards.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
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

SCHEME = "WECHATPAY2-SHA256-RSA2048"
WINDOW = 300
OPEN_FOR = timedelta(minutes=30)
CURRENCY = "CNY"
NOT_FOUND, BAD_REQUEST, FORBIDDEN = 404, 400, 403
ABSENT = frozenset({"ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND"})
# What WeChat will refuse however often it is asked; everything else may still be done.
FINAL = frozenset({"USER_ACCOUNT_ABNORMAL", "REFUNDNOTALLOW"})
# A paid order is called REFUND from its first refund on, whatever part that was.
STATES = {
    "SUCCESS": PAID,
    "REFUND": PAID,
    "NOTPAY": OPEN,
    "USERPAYING": OPEN,
    "ACCEPT": OPEN,
    "PAYERROR": OPEN,
    "CLOSED": CLOSED,
    "REVOKED": CLOSED,
}
REFUND_STATES = {"SUCCESS": PAID, "CLOSED": FAILED}
TRANSFER_STATES = {"SUCCESS": PAID, "FAIL": FAILED}


class WeChatPay:
    """Adapter of WeChat Pay."""

    name = "wechat"
    title = _("WeChat Pay")
    takes_payer = True
    pays_cards = False
    thanks = ("application/json", '{"code": "SUCCESS", "message": ""}')

    def begin(self, order: Order) -> Begun:
        """Open a payment; its address is what the code to be scanned says."""
        content: dict[str, Any] = {
            **_merchant(),
            "description": settings.BRAND,
            "out_trade_no": order.code,
            "notify_url": order.notify_url,
            "time_expire": _in_half_an_hour(),
            "amount": {"total": order.amount_fen, "currency": CURRENCY},
        }
        key_id = ""
        if order.payer is not None:
            key_id = _current_key()
            content["identity"] = {
                "type": "IDCARD",
                "number": _sealed(key_id, order.payer.citizen_id),
                "name": _sealed(key_id, order.payer.name),
            }
        answer = self._call("POST", "/v3/pay/transactions/native", content, key_id=key_id)
        if answer is None or not isinstance(answer.get("code_url"), str):
            raise ProviderSilent("WeChat opened no such payment.")
        return Begun(trade="", pay_url=answer["code_url"])

    def ask(self, order_code: str) -> Fact | None:
        """What WeChat knows of a payment."""
        answer = self._call("GET", _order_path(order_code) + f"?mchid={_merchant()['mchid']}")
        if answer is None:
            return None
        fact = _transaction(answer, event_id=f"asked:{order_code}:{answer.get('trade_state')}")
        if fact.order_code != order_code:
            raise MessageMalformed
        return fact

    def close(self, order_code: str) -> Fact | None:
        """Close a payment; a paid one stays paid, and the answer says so."""
        mchid = {"mchid": _merchant()["mchid"]}
        with contextlib.suppress(_Refusal):  # it was paid meanwhile: the question tells
            self._call("POST", _order_path(order_code) + "/close", mchid)
        return self.ask(order_code)

    def read(self, *, headers: Mapping[str, str], path: str, body: bytes, now: datetime) -> Fact:
        """Check the signature of a notice, open what it seals, then read it."""
        if not _is_genuine(headers, body, now.timestamp()):
            raise SignatureWrong
        notice = wire.as_object(body)
        event_id = wire.word(notice.get("id"), 80)
        kind = str(notice.get("event_type"))
        told = _opened(notice.get("resource"))
        if kind == "TRANSACTION.SUCCESS":
            return _transaction(told, event_id=event_id)
        if kind.startswith("REFUND."):
            return _refunded(told, event_id=event_id)
        raise MessageMalformed

    def pay_out(self, payout: Payout) -> PayoutAnswer:
        """Transfer to the WeChat account (openid) in `account_number`; WeChat checks the holder."""
        key_id = _current_key()
        try:
            self._call(
                "POST",
                "/v3/transfer/batches",
                {
                    "appid": _merchant()["appid"],
                    "out_batch_no": payout.code,
                    "batch_name": settings.BRAND,
                    "batch_remark": settings.BRAND,
                    "total_amount": payout.amount_fen,
                    "total_num": 1,
                    "transfer_detail_list": [
                        {
                            "out_detail_no": payout.code,
                            "transfer_amount": payout.amount_fen,
                            "transfer_remark": settings.BRAND,
                            "openid": payout.account_number,
                            "user_name": _sealed(key_id, payout.holder),
                        }
                    ],
                },
                key_id=key_id,
            )
        except _Refusal as refusal:
            return PayoutAnswer(state=FAILED, trade="", reason=refusal.words)
        return PayoutAnswer(state=WORKING, trade="")  # accepted is not paid: the question tells

    def ask_payout(self, code: str) -> PayoutAnswer | None:
        """What became of a transfer."""
        where = quote(code, safe="")
        answer = self._call(
            "GET", f"/v3/transfer/batches/out-batch-no/{where}/details/out-detail-no/{where}"
        )
        if answer is None:
            return None
        return PayoutAnswer(
            state=TRANSFER_STATES.get(str(answer.get("detail_status")), WORKING),
            trade=str(answer.get("detail_id", "")),
            reason=str(answer.get("fail_reason") or ""),
        )

    def refund(self, refund: Refund) -> PayoutAnswer:
        """Return money to where the payer paid from."""
        try:
            answer = self._call(
                "POST",
                "/v3/refund/domestic/refunds",
                {
                    "out_trade_no": refund.order_code,
                    "out_refund_no": refund.code,
                    "reason": refund.reason[:80],
                    "amount": {
                        "refund": refund.amount_fen,
                        "total": refund.total_fen,
                        "currency": CURRENCY,
                    },
                },
            )
        except _Refusal as refusal:
            return PayoutAnswer(state=FAILED, trade="", reason=refusal.words)
        if answer is None:
            raise ProviderSilent("WeChat knows no such payment.")
        return _refund_answer(answer, refund)

    def ask_refund(self, refund: Refund) -> PayoutAnswer | None:
        """What became of a refund."""
        where = quote(refund.code, safe="")
        answer = self._call("GET", f"/v3/refund/domestic/refunds/{where}")
        return None if answer is None else _refund_answer(answer, refund)

    def _call(
        self, method: str, path: str, content: dict[str, Any] | None = None, *, key_id: str = ""
    ) -> dict[str, Any] | None:
        """One signed call; None when WeChat says that it knows no such thing."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = {
            "Authorization": _authorization(method, path, body),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "lottery-portal",
        }
        if key_id:
            headers["Wechatpay-Serial"] = key_id
        status, heads, raw = wire.call(
            method,
            settings.WECHAT_PAY["gateway"] + path,
            headers=headers,
            body=None if content is None else body,
        )
        if not _is_genuine(heads, raw, time.time()):
            raise ProviderSilent(f"The answer {status} is not WeChat's.")
        try:
            answer = wire.as_object(raw) if raw else {}
        except MessageMalformed as exc:
            raise ProviderSilent("The answer is not WeChat's.") from exc
        if status < BAD_REQUEST:
            return answer
        code = str(answer.get("code", ""))
        if status == NOT_FOUND and code in ABSENT:
            return None
        if code in FINAL or code == "ORDERPAID":
            raise _Refusal(code, str(answer.get("message", "")))
        raise ProviderSilent(f"WeChat answered {status} {code}.")


class _Refusal(ProviderSilent):
    """WeChat will not do it, now or later."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.words = words[:200] or code


def _merchant() -> dict[str, str]:
    return {"appid": settings.WECHAT_PAY["appid"], "mchid": settings.WECHAT_PAY["mchid"]}


def _in_half_an_hour() -> str:
    ends = datetime.fromtimestamp(time.time(), SHANGHAI) + OPEN_FOR
    return ends.isoformat(timespec="seconds")


def _order_path(order_code: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(order_code, safe='')}"


def _authorization(method: str, path: str, body: bytes) -> str:
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    message = f"{method}\n{path}\n{stamp}\n{nonce}\n".encode() + body + b"\n"
    fields = {
        "mchid": settings.WECHAT_PAY["mchid"],
        "nonce_str": nonce,
        "signature": wire.signed(settings.WECHAT_PAY["private_key"], message),
        "timestamp": stamp,
        "serial_no": settings.WECHAT_PAY["serial"],
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())


def _is_genuine(headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a key of the platform signed this lately."""
    stamp, nonce = headers.get("Wechatpay-Timestamp") or "", headers.get("Wechatpay-Nonce") or ""
    key = settings.WECHAT_PAY["platform_keys"].get(headers.get("Wechatpay-Serial") or "")
    if key is None or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:  # noqa: PLR2004 - seconds have ten digits for long
        return False
    if abs(now - int(stamp)) > WINDOW:
        return False
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    return wire.is_signed(key, message, headers.get("Wechatpay-Signature") or "")


def _opened(resource: object) -> dict[str, Any]:
    """What a notice says, opened with the merchant's own key."""
    if not isinstance(resource, dict) or resource.get("algorithm") != "AEAD_AES_256_GCM":
        raise MessageMalformed
    parts = [resource.get(name, "") for name in ("nonce", "ciphertext", "associated_data")]
    if not all(isinstance(part, str) for part in parts):
        raise MessageMalformed
    nonce, sealed, bound = parts
    try:
        raw = AESGCM(settings.WECHAT_PAY["api_v3_key"].encode()).decrypt(
            nonce.encode(), base64.b64decode(sealed, validate=True), bound.encode()
        )
    except (InvalidTag, binascii.Error, ValueError) as exc:
        raise SignatureWrong from exc
    return wire.as_object(raw)


def _current_key() -> str:
    """The number of the platform's key that names are sealed with: the first in the settings."""
    return str(next(iter(settings.WECHAT_PAY["platform_keys"])))


def _sealed(key_id: str, text: str) -> str:
    """Personal data for WeChat's eyes only."""
    key = wire.public(settings.WECHAT_PAY["platform_keys"][key_id])
    sha1 = hashes.SHA1()  # noqa: S303 - the provider's protocol
    sealed = key.encrypt(text.encode(), padding.OAEP(padding.MGF1(sha1), sha1, None))
    return base64.b64encode(sealed).decode()


def _transaction(told: Mapping[str, Any], *, event_id: str) -> Fact:
    kind = STATES.get(str(told.get("trade_state")))
    amount = _amount(told) if kind == PAID or "amount" in told else {}
    total = amount.get("total", 0)  # of an order that nobody paid WeChat does not say it
    if (
        {name: told.get(name) for name in ("appid", "mchid")} != _merchant()
        or kind is None
        or amount.get("currency", CURRENCY) != CURRENCY
        or type(total) is not int
        or total < (kind == PAID)
    ):
        raise MessageMalformed
    trade = told.get("transaction_id")
    return Fact(
        event_id=event_id,
        kind=kind,
        order_code=wire.word(told.get("out_trade_no"), 20),
        trade=wire.word(trade, 64) if trade or kind == PAID else "",
        amount_fen=total,
        body=json.dumps(told, sort_keys=True),
    )


def _refunded(told: Mapping[str, Any], *, event_id: str) -> Fact:
    """A refund: whole, it takes the payment back; a part is a contradiction unless it is ours."""
    amount = _amount(told)
    part, total = amount.get("refund"), amount.get("total")
    if (
        told.get("mchid") != _merchant()["mchid"]
        or type(part) is not int
        or type(total) is not int
        or not 0 < part <= total
    ):
        raise MessageMalformed
    is_done = told.get("refund_status") == "SUCCESS"
    return Fact(
        event_id=event_id,
        kind=REFUNDED if is_done else PAID,  # whatever is to be refunded was paid
        order_code=wire.word(told.get("out_trade_no"), 20),
        trade=wire.word(told.get("transaction_id"), 64),
        amount_fen=part if is_done else total,
        body=json.dumps(told, sort_keys=True),
        refund=wire.word(told.get("out_refund_no"), 64),
    )


def _refund_answer(answer: Mapping[str, Any], refund: Refund) -> PayoutAnswer:
    if answer.get("out_refund_no") != refund.code:
        raise MessageMalformed
    if _amount(answer).get("refund") != refund.amount_fen:
        raise MessageMalformed
    return PayoutAnswer(
        state=REFUND_STATES.get(str(answer.get("status")), WORKING),
        trade=str(answer.get("refund_id", "")),
        reason="" if answer.get("status") != "CLOSED" else "CLOSED",
    )


def _amount(told: Mapping[str, Any]) -> dict[str, Any]:
    amount = told.get("amount")
    if not isinstance(amount, dict):
        raise MessageMalformed
    return amount
