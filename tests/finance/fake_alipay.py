"""An Alipay of our own: keeps orders and transfers, checks our signatures, signs its words."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature

from .fake_server import Answer, Asked, pair

APP, SELLER = "2021000000000001", "2088000000000001"


def credentials(gateway: str) -> dict[str, str]:
    """What Alipay gave the merchant."""
    return {
        "app_id": APP,
        "seller_id": SELLER,
        "private_key": pair("merchant").private_pem,
        "public_key": pair("alipay").public_pem,
        "gateway": f"{gateway}/gateway.do",
    }


def joined(params: dict[str, str]) -> bytes:
    """What is signed: all but the signature, sorted, as written on the wire."""
    return "&".join(f"{name}={value}" for name, value in sorted(params.items()) if value).encode()


@dataclass
class Trade:
    """One order of the merchant."""

    code: str
    amount: str
    payer: dict[str, str]
    trade_no: str
    status: str = "WAIT_BUYER_PAY"
    is_paid: bool = False
    refunds: dict[str, str] = field(default_factory=dict)


class FakeAlipay:
    """The counterpart. `troubles` are met by the next calls: "lost" does it and answers 502."""

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}
        self.transfers: dict[str, dict[str, str]] = {}
        self.troubles: deque[str] = deque()
        self.notices = 0

    def open(self, pay_url: str) -> Trade:
        """The customer opens the page to pay on; from then on Alipay knows the order."""
        asked = dict(parse_qsl(urlsplit(pay_url).query))
        self._check(asked)
        content = json.loads(asked["biz_content"])
        code = content["out_trade_no"]
        return self.trades.setdefault(
            code,
            Trade(
                code, content["total_amount"], content["ext_user_info"], f"2026{len(code)}{code}"
            ),
        )

    def pay(self, pay_url: str, *, name: str, citizen_id: str) -> bool:
        """The customer pays; somebody else than the person named in the order cannot."""
        trade = self.open(pay_url)
        wanted = trade.payer
        is_he = (wanted["name"], wanted["cert_no"]) == (name, citizen_id)
        if wanted["need_check_info"] != "T" or not is_he or trade.status != "WAIT_BUYER_PAY":
            return False
        trade.status, trade.is_paid = "TRADE_SUCCESS", True
        return True

    def notice(self, trade: Trade, **changes: str) -> bytes:
        """A signed notice about a trade as it stands, altered by `changes` before it is signed."""
        self.notices += 1
        told = {
            "app_id": APP,
            "seller_id": SELLER,
            "notify_id": f"notice{self.notices}",
            "notify_time": "2026-11-22 10:00:00",
            "out_trade_no": trade.code,
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": trade.amount,
            "passback": "",
        }
        if trade.is_paid:
            told["gmt_payment"] = "2026-11-22 10:00:00"
        told |= changes
        return urlencode(
            {**told, "sign_type": "RSA2", "sign": pair("alipay").sign(joined(told))}
        ).encode()

    def answer(self, asked: Asked) -> Answer:
        """One call of the merchant."""
        given = dict(parse_qsl(asked.body.decode()))
        trouble = self.troubles.popleft() if self.troubles else ""
        if trouble == "silent":
            return 502, {}, b""
        try:
            self._check(given)
        except InvalidSignature:
            return 200, {}, b'{"error_response": {"code": "40002"}}'
        method = given["method"]
        content = self._do(method, json.loads(given["biz_content"]))
        if trouble == "lost":
            return 504, {}, b""
        text = json.dumps(content, ensure_ascii=False)
        signature = pair("alipay").sign(text.encode())
        if trouble == "forged":
            text = text.replace("10000", "10000 ")
        name = method.replace(".", "_") + "_response"
        return 200, {}, f'{{"{name}":{text},"sign":"{signature}"}}'.encode()

    def _check(self, given: dict[str, str]) -> None:
        unsigned = {name: value for name, value in given.items() if name != "sign"}
        pair("merchant").check(joined(unsigned), given["sign"])

    def _do(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        steps = {
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.fund.trans.uni.transfer": self._transfer,
            "alipay.fund.trans.common.query": self._transfer_query,
        }
        return steps[method](content)

    def _query(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        return done(
            out_trade_no=trade.code,
            trade_no=trade.trade_no,
            trade_status=trade.status,
            total_amount=trade.amount,
            buyer_logon_id="159****5620",
            **({"send_pay_date": "2026-11-22 10:00:00"} if trade.is_paid else {}),
        )

    def _close(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        if trade.status != "WAIT_BUYER_PAY":
            return refused("ACQ.TRADE_STATUS_ERROR")
        trade.status = "TRADE_CLOSED"
        return done(out_trade_no=trade.code)

    def _refund(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        trade.refunds.setdefault(content["out_request_no"], content["refund_amount"])
        if sum(map(float, trade.refunds.values())) > float(trade.amount):
            del trade.refunds[content["out_request_no"]]
            return refused("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额超限")
        if sum(map(float, trade.refunds.values())) == float(trade.amount):
            trade.status = "TRADE_CLOSED"
        return done(fund_change="Y")

    def _refund_query(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        code = content["out_request_no"]
        if trade is None or code not in trade.refunds:
            return done()
        return done(
            out_request_no=code,
            refund_amount=trade.refunds[code],
            refund_status="REFUND_SUCCESS",
            trade_no=trade.trade_no,
        )

    def _transfer(self, content: dict[str, Any]) -> dict[str, Any]:
        payee = content["payee_info"]
        if payee["identity"].endswith("4040"):
            return refused("PAYEE_CARD_INFO_ERROR", "收款卡信息有误")
        code = content["out_biz_no"]
        self.transfers.setdefault(
            code, {"amount": content["trans_amount"], "name": payee["name"], "status": "SUCCESS"}
        )
        return done(out_biz_no=code, order_id=f"T{code}", status="SUCCESS")

    def _transfer_query(self, content: dict[str, Any]) -> dict[str, Any]:
        code = content["out_biz_no"]
        made = self.transfers.get(code)
        if made is None:
            return refused("ORDER_NOT_EXIST")
        return done(out_biz_no=code, order_id=f"T{code}", status=made["status"])


def done(**content: Any) -> dict[str, Any]:
    """An answer that says yes."""
    return {"code": "10000", "msg": "Success", **content}


def refused(code: str, words: str = "") -> dict[str, Any]:
    """An answer that says no."""
    return {"code": "40004", "msg": "Business Failed", "sub_code": code, "sub_msg": words}
