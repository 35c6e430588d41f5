"""A sandbox bank outside the house: keeps orders and payouts, checks and signs by HMAC."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from .fake_server import Answer, Asked

CALLBACK = "/wallet/callbacks/sandbox/"


@dataclass
class Trade:
    """One order of the merchant."""

    code: str
    total: int
    trade: str
    state: str = "OPEN"
    payer: str = ""
    refunds: dict[str, int] = field(default_factory=dict)


def signed(head: str, path: str, body: bytes, *, at: int) -> dict[str, str]:
    """The headers of what the bank says."""
    text = f"{head}\n{path}\n{at}\n".encode() + body
    mark = hmac.new(settings.SANDBOX_BANK_KEY, text, hashlib.sha256).hexdigest()
    return {"Bank-Timestamp": str(at), "Bank-Signature": mark}


class FakeSandbox:
    """The counterpart. `troubles` are met by the next calls: "lost" does it and answers 504."""

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}
        self.transfers: dict[str, dict[str, Any]] = {}
        self.troubles: deque[str] = deque()
        self.notices = 0

    def pay(self, code: str, *, name: str) -> bool:
        """Somebody pays; the bank tells who it was."""
        trade = self.trades[code]
        if trade.state != "OPEN":
            return False
        trade.state, trade.payer = "PAID", name
        return True

    def notice(
        self, of: Trade, /, *, now: datetime, **changes: Any
    ) -> tuple[dict[str, str], bytes]:
        """A signed notice about an order as it stands, altered by `changes` before it is signed."""
        self.notices += 1
        body = json.dumps({**self._said(of), "event": f"e{self.notices}", **changes}).encode()
        return signed("POST", CALLBACK, body, at=int(now.timestamp())), body

    def answer(self, asked: Asked) -> Answer:
        """One call of the merchant."""
        trouble = self.troubles.popleft() if self.troubles else ""
        if trouble == "silent":
            return 502, {}, b""
        wanted = signed(
            asked.method, asked.path, asked.body, at=int(asked.headers["Bank-Timestamp"])
        )
        if asked.headers["Bank-Signature"] != wanted["Bank-Signature"]:
            return 401, {}, b""
        content = self._do(asked)
        if trouble == "lost":
            return 504, {}, b""
        body = json.dumps({"error": "unknown"} if content is None else content).encode()
        at = int(time.time()) - (400 if trouble == "stale" else 0)
        headers = signed("ANSWER", asked.path, body, at=at)
        return 200, headers, body + b" " * (trouble == "forged")

    def _do(self, asked: Asked) -> dict[str, Any] | None:
        content = json.loads(asked.body) if asked.body else {}
        parts = asked.path.strip("/").split("/")[1:]
        if len(parts) == 1:
            return {"orders": self._open, "payouts": self._pay_out, "refunds": self._refund}[
                parts[0]
            ](content)
        if parts[0] == "accounts":
            return {"matches": True}
        if parts[0] == "orders":
            return self._order(parts[1], is_close=parts[-1] == "close")
        if parts[0] == "payouts":
            return self.transfers.get(parts[1])
        of = [one for one in self.trades.values() if parts[1] in one.refunds]
        return self._refunded(of[0], parts[1]) if of else None

    def _open(self, content: dict[str, Any]) -> dict[str, Any]:
        code = content["order"]
        trade = self.trades.setdefault(code, Trade(code, content["amount_fen"], f"T{code}"))
        return {**self._said(trade), "pay_url": f"{settings.PUBLIC_URL}/bank/pay/T{code}/"}

    def _order(self, code: str, *, is_close: bool) -> dict[str, Any] | None:
        trade = self.trades.get(code)
        if trade is None:
            return None
        if is_close and trade.state == "OPEN":
            trade.state = "CANCELLED"
        return self._said(trade)

    def _pay_out(self, content: dict[str, Any]) -> dict[str, Any]:
        is_wrong = content["account_number"].endswith("4040")
        return self.transfers.setdefault(
            content["order"],
            {
                "state": "FAILED" if is_wrong else "PAID",
                "reason": "收款卡信息有误" if is_wrong else "",
                "trade": f"P{content['order']}",
                "amount": content["amount_fen"],
                "name": content["holder"],
            },
        )

    def _refund(self, content: dict[str, Any]) -> dict[str, Any] | None:
        trade = self.trades.get(content["payment"])
        if trade is None:
            return None
        code, part = content["order"], content["amount_fen"]
        if code not in trade.refunds and sum(trade.refunds.values()) + part > trade.total:
            return {"state": "FAILED", "trade": "", "reason": "退款金额超限"}
        trade.refunds.setdefault(code, part)
        return self._refunded(trade, code)

    def _refunded(self, trade: Trade, code: str) -> dict[str, Any]:
        return {"state": "PAID", "trade": f"R{code}", "amount_fen": trade.refunds[code]}

    def _said(self, trade: Trade) -> dict[str, Any]:
        return {
            "merchant": "portal",
            "currency": "CNY",
            "order": trade.code,
            "trade": trade.trade,
            "amount_fen": trade.total,
            "state": trade.state,
            **({"payer": trade.payer} if trade.payer else {}),
        }
