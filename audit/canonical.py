"""One way to write facts as text: what is signed and hashed must not depend on who writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID


def text(facts: Mapping[str, Any]) -> str:
    """Canonical JSON: keys sorted, no spaces, moments in UTC; floats and unknown things refused."""
    return json.dumps(plain(facts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def page(facts: Mapping[str, Any]) -> str:
    """The same on several lines, as a person reads it before he signs: two spaces an indent."""
    return json.dumps(plain(facts), sort_keys=True, ensure_ascii=False, indent=2)


def digest(written: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(written.encode()).hexdigest()


def plain(value: Any) -> Any:
    """The same facts in the types that JSON has."""
    written: Any
    match value:
        case None | bool() | int():
            written = value
        case str():
            written = _text(value)
        case datetime():
            written = _moment(value)
        case date():
            written = value.isoformat()
        case UUID():
            written = str(value)
        case Mapping():
            written = {_key(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            written = [plain(one) for one in value]
        case _:
            message = f"A {type(value).__name__} has no canonical form."
            raise ValueError(message)
    return written


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError("Keys are text.")  # noqa: TRY004 - one error for all that has no form
    return _text(key)


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("A NUL cannot be kept as text.")
    return str(value)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("A moment needs its time zone.")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
