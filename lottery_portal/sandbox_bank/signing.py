"""The bank's side of the signature; the portal has its own, and they must agree."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from django.conf import settings

WINDOW = 300
LONGEST_STAMP = 12  # seconds have ten digits for long


def is_switched_on() -> bool:
    """Whether the bank and its merchant share a key."""
    return bool(settings.SANDBOX_BANK_KEY)


def signature(head: str, path: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 in hex over head, path, timestamp and body."""
    signed = b"\n".join([head.encode(), path.encode(), stamp.encode(), body])
    return hmac.new(settings.SANDBOX_BANK_KEY, signed, hashlib.sha256).hexdigest()


def headers(head: str, path: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The two headers of a message that leaves the bank."""
    stamp = str(int(now.timestamp()))
    return {"Bank-Timestamp": stamp, "Bank-Signature": signature(head, path, stamp, body)}


def is_genuine(*, head: str, path: str, stamp: str, body: bytes, given: str, now: datetime) -> bool:
    """Whether the merchant signed this, and lately."""
    if not (stamp.isascii() and stamp.isdigit() and given.isascii()) or len(stamp) > LONGEST_STAMP:
        return False
    is_fresh = abs(now.timestamp() - int(stamp)) <= WINDOW
    return is_fresh and hmac.compare_digest(signature(head, path, stamp, body), given)


def account_digest(number: str, holder: str) -> str:
    """What the bank remembers of an account instead of its number."""
    return hmac.new(
        settings.SANDBOX_BANK_KEY, f"account\n{number}\n{holder}".encode(), hashlib.sha256
    ).hexdigest()
