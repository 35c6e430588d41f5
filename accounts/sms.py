"""The way to an SMS gateway. None comes with the house: a contract with an operator does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Protocol

from django.conf import settings


class NumberRefused(Exception):
    """The gateway will never reach this number; trying again is useless."""


class SmsSender(Protocol):
    """Hands one text to the gateway; passing trouble raises `OSError` and is tried again."""

    def send(self, *, number: str, text: str) -> None:
        """Return when the gateway has taken the text, or raise `NumberRefused`."""
        ...


class OutboxFile:
    """For machines without a gateway: texts go to `sms.jsonl` in the state directory."""

    def send(self, *, number: str, text: str) -> None:
        """Append the text to the file."""
        settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
        line = json.dumps(
            {"at": datetime.now(UTC).isoformat(), "to": number, "text": text}, ensure_ascii=False
        )
        with (settings.STATE_DIR / "sms.jsonl").open("a", encoding="utf-8") as outbox:
            outbox.write(line + "\n")


class NoGateway:
    """Production without a contract: every text waits as a failing job that the desk sees."""

    def send(self, *, number: str, text: str) -> None:
        """Refuse to pretend."""
        raise ConnectionError("No SMS gateway is configured: set SMS_SENDER.")
