"""A WeChat Pay of our own: checks our signatures, opens what we seal, signs and seals its words."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .fake_server import Answer, Asked, pair

MERCHANT, APP, SERIAL, KEY_ID = "1900000001", "wx0000000000000001", "5157F09EFDC", "PUB_KEY_ID_01"
SEALING = "0123456789abcdef0123456789abcdef"


def credentials(gateway: str) -> dict[str, Any]:
    """What WeChat gave the merchant."""
    return {
        "mchid": MERCHANT,
        "appid": APP,
        "serial": SERIAL,
        "private_key": pair("merchant").private_pem,
        "api_v3_key": SEALING,
        "platform_keys": {KEY_ID: pair("wechat").public_pem},
        "gateway": gateway,
    }


@dataclass
class Trade:
    """One order of the merchant."""

    code: str
    total: int
    payer: tuple[str, str]
    state: str = "NOTPAY"
    transaction_id: str = ""
    refunds: dict[str, int] = field(default_factory=dict)


class FakeWeChat:
    """The counterpart. `troubles` are met by the next calls: "lost" does it and answers 502."""

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}
        self.transfers: dict[str, dict[str, Any]] = {}
        self.troubles: deque[str] = deque()
        self.notices = 0

    def pay(self, code: str, *, name: str, citizen_id: str) -> bool:
        """The customer scans and pays; somebody else than the person in the order cannot."""
        trade = self.trades[code]
        if trade.payer != (name, citizen_id) or trade.state != "NOTPAY":
            return False
        trade.state, trade.transaction_id = "SUCCESS", f"4200{code}"
        return True

    def notice(
        self, trade: Trade, *, now: datetime, refund: str = "", **changes: Any
    ) -> tuple[dict[str, str], bytes]:
        """A signed and sealed notice about an order, or about a refund of it."""
        told = self._said(trade) if not refund else self._said_of_refund(trade, refund)
        return self.sealed(
            {**told, **changes},
            now=now,
            event="REFUND.SUCCESS" if refund else "TRANSACTION.SUCCESS",
        )

    def sealed(
        self, told: dict[str, Any], *, now: datetime, event: str, key: str = SEALING
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a notice that says `told`."""
        self.notices += 1
        nonce = secrets.token_hex(6)
        bound = "transaction"
        raw = AESGCM(key.encode()).encrypt(
            nonce.encode(), json.dumps(told).encode(), bound.encode()
        )
        body = json.dumps(
            {
                "id": f"notice-{self.notices}",
                "create_time": now.isoformat(),
                "resource_type": "encrypt-resource",
                "event_type": event,
                "resource": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "ciphertext": base64.b64encode(raw).decode(),
                    "associated_data": bound,
                    "nonce": nonce,
                    "original_type": "transaction",
                },
            }
        ).encode()
        return self.signed(body, at=int(now.timestamp())), body

    def signed(self, body: bytes, *, at: int) -> dict[str, str]:
        """The headers of what WeChat says."""
        nonce = secrets.token_hex(8)
        return {
            "Wechatpay-Timestamp": str(at),
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": KEY_ID,
            "Wechatpay-Signature": pair("wechat").sign(f"{at}\n{nonce}\n".encode() + body + b"\n"),
        }

    def answer(self, asked: Asked) -> Answer:
        """One call of the merchant."""
        trouble = self.troubles.popleft() if self.troubles else ""
        if trouble == "silent":
            return 502, {}, b""
        try:
            self._check(asked)
        except (InvalidSignature, KeyError):
            return 401, {}, b'{"code": "SIGN_ERROR"}'
        status, content = self._do(asked)
        if trouble == "lost":
            return 504, {}, b""
        body = b"" if content is None else json.dumps(content).encode()
        headers = self.signed(body, at=int(time.time()) - (400 if trouble == "stale" else 0))
        return status, headers, body + (b" " if trouble == "forged" else b"")

    def _check(self, asked: Asked) -> None:
        scheme, _, rest = asked.headers["Authorization"].partition(" ")
        given = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if (scheme, given["mchid"], given["serial_no"]) != (
            "WECHATPAY2-SHA256-RSA2048",
            MERCHANT,
            SERIAL,
        ):
            raise InvalidSignature
        message = f"{asked.method}\n{asked.path}\n{given['timestamp']}\n{given['nonce_str']}\n"
        pair("merchant").check(message.encode() + asked.body + b"\n", given["signature"])

    def _do(self, asked: Asked) -> tuple[int, dict[str, Any] | None]:
        content = json.loads(asked.body) if asked.body else {}
        path = asked.path.partition("?")[0]
        parts = path.strip("/").split("/")
        if path == "/v3/pay/transactions/native":
            return self._native(content)
        if path == "/v3/refund/domestic/refunds":
            return self._refund(content)
        if path == "/v3/transfer/batches":
            return self._transfer(content)
        if parts[:3] == ["v3", "pay", "transactions"]:
            return self._order(parts[4], is_close=parts[-1] == "close")
        if parts[:2] == ["v3", "refund"]:
            return self._refund_of(parts[-1])
        made = self.transfers.get(parts[-1])
        return (200, made) if made else (404, {"code": "NOT_FOUND", "message": "记录不存在"})

    def _native(self, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        identity = content["identity"]
        payer = (_opened(identity["name"]), _opened(identity["number"]))
        code = content["out_trade_no"]
        self.trades.setdefault(code, Trade(code, content["amount"]["total"], payer))
        return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={code}"}

    def _order(self, code: str, *, is_close: bool) -> tuple[int, dict[str, Any] | None]:
        trade = self.trades.get(code)
        if trade is None:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        if not is_close:
            return 200, self._said(trade)
        if trade.state != "NOTPAY":
            return 400, {"code": "ORDERPAID", "message": "订单已支付"}
        trade.state = "CLOSED"
        return 204, None

    def _refund(self, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": ""}
        part = content["amount"]["refund"]
        code = content["out_refund_no"]
        if content["amount"]["total"] != trade.total:
            return 400, {"code": "INVALID_REQUEST", "message": "订单金额不一致"}
        if code not in trade.refunds and sum(trade.refunds.values()) + part > trade.total:
            return 403, {"code": "REFUNDNOTALLOW", "message": "退款金额超限"}
        trade.refunds.setdefault(code, part)
        trade.state = "REFUND"
        return 200, {**self._said_of_refund(trade, code), "status": "PROCESSING"}

    def _refund_of(self, code: str) -> tuple[int, dict[str, Any]]:
        for trade in self.trades.values():
            if code in trade.refunds:
                return 200, {**self._said_of_refund(trade, code), "status": "SUCCESS"}
        return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}

    def _transfer(self, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        (row,) = content["transfer_detail_list"]
        is_wrong = row["openid"].endswith("4040")
        self.transfers.setdefault(
            row["out_detail_no"],
            {
                "detail_id": f"D{row['out_detail_no']}",
                "detail_status": "FAIL" if is_wrong else "SUCCESS",
                "fail_reason": "ACCOUNT_FROZEN" if is_wrong else "",
                "amount": row["transfer_amount"],
                "name": _opened(row["user_name"]),
            },
        )
        return 200, {"out_batch_no": content["out_batch_no"], "batch_id": "B1"}

    def _said(self, trade: Trade) -> dict[str, Any]:
        told: dict[str, Any] = {
            "appid": APP,
            "mchid": MERCHANT,
            "out_trade_no": trade.code,
            "trade_state": trade.state,
        }
        if trade.transaction_id:
            told["transaction_id"] = trade.transaction_id
            told["amount"] = {"total": trade.total, "currency": "CNY", "payer_total": trade.total}
        return told

    def _said_of_refund(self, trade: Trade, code: str) -> dict[str, Any]:
        return {
            "mchid": MERCHANT,
            "out_trade_no": trade.code,
            "transaction_id": trade.transaction_id,
            "out_refund_no": code,
            "refund_id": f"R{code}",
            "refund_status": "SUCCESS",
            "amount": {"refund": trade.refunds.get(code, trade.total), "total": trade.total},
        }


def _opened(sealed: str) -> str:
    sha1 = hashes.SHA1()  # noqa: S303 - the provider's protocol
    raw = pair("wechat").private.decrypt(
        base64.b64decode(sealed), padding.OAEP(padding.MGF1(sha1), sha1, None)
    )
    return raw.decode()
