"""The way to an SMS gateway, behind one interface: a file, no gateway yet, or Aliyun's.

`SMS_SENDER` names the class, `SMS_GATEWAY` holds what the operator of the gateway gave us.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from django.conf import settings

PATIENCE_SECONDS = 10.0
LONGEST_ANSWER = 65_536
# What Aliyun will refuse however often it is asked: this number is never reached.
NEVER_REACHED = frozenset(
    {"isv.MOBILE_NUMBER_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.UNSUPPORTED_CONTENT"}
)


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


class AliyunSms:
    """Aliyun's short message service, interface 2017-05-25, requests signed with our key.

    `settings.SMS_GATEWAY` holds access_key_id, access_key_secret, sign_name (the approved
    signature, which the gateway puts before the text), template (an approved template whose only
    variable is `text`) and gateway.
    """

    def send(self, *, number: str, text: str) -> None:
        """Hand over one text; whatever the gateway may still take later is an `OSError`."""
        known = settings.SMS_GATEWAY
        said = self._ask(
            {
                "Action": "SendSms",
                "Version": "2017-05-25",
                "RegionId": "cn-hangzhou",
                "PhoneNumbers": number,
                "SignName": known["sign_name"],
                "TemplateCode": known["template"],
                "TemplateParam": json.dumps(
                    {"text": text.removeprefix(f"【{settings.BRAND}】")}, ensure_ascii=False
                ),
            }
        )
        if said == "OK":
            return
        if said in NEVER_REACHED:
            raise NumberRefused(said)
        raise ConnectionError(f"The SMS gateway answered {said}.")

    def _ask(self, asked: Mapping[str, str]) -> str:
        """What the gateway says to a signed request: its code."""
        known = settings.SMS_GATEWAY
        signed = {
            **asked,
            "Format": "JSON",
            "AccessKeyId": known["access_key_id"],
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid4().hex,
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        signed["Signature"] = signature_of(signed, secret=known["access_key_secret"])
        where = urlsplit(known["gateway"])
        kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
        host = where.hostname or ""
        with closing(kind(host, where.port, timeout=PATIENCE_SECONDS)) as line:
            try:
                line.request(
                    "POST",
                    "/",
                    body=urlencode(signed),
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                )
                said: Any = json.loads(line.getresponse().read(LONGEST_ANSWER))
                return str(said["Code"])
            except (HTTPException, ValueError, KeyError, TypeError) as exc:
                raise ConnectionError("The SMS gateway gave no answer that can be read.") from exc


def signature_of(asked: Mapping[str, str], *, secret: str, method: str = "POST") -> str:
    """The signature of a request as Aliyun's RPC style wants it: HMAC-SHA1 over sorted pairs."""
    pairs = "&".join(f"{_spelt(name)}={_spelt(asked[name])}" for name in sorted(asked))
    text = f"{method}&{_spelt('/')}&{_spelt(pairs)}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()


def _spelt(text: str) -> str:
    return quote(text, safe="-_.~")
