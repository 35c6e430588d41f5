"""Reading what a stranger wrote: JSON, hashes, times; one spelling only, or a sentence why not."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import NoReturn

MOST_JSON_BYTES = 16 << 20
MOST_NUMBER = 10**18

_HEX_HASH = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


class Wrong(Exception):
    """What was checked is not as it must be; the message is the whole failure, for people."""


class Facts:
    """A JSON object that is asked for what it must hold; `what` names it in a failure."""

    __slots__ = ("values", "what")

    def __init__(self, value: object, *, what: str) -> None:
        if not isinstance(value, dict):
            raise Wrong(f"{what} is not a JSON object")
        self.values: dict[str, object] = value
        self.what = what

    def get(self, name: str) -> object:
        """Whatever stands under `name`, which must be there."""
        if name not in self.values:
            raise Wrong(f"{self.what} has no “{shown(name)}”")
        return self.values[name]

    def text(self, name: str) -> str:
        """A text."""
        value = self.get(name)
        if not isinstance(value, str):
            self._not(name, "a text")
        return value

    def number(self, name: str, *, least: int = 0, most: int = MOST_NUMBER) -> int:
        """A whole number; true and false are none."""
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self._not(name, f"a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.get(name)
        if not isinstance(value, bool):
            self._not(name, "true or false")
        return value

    def items(self, name: str, *, least: int = 0, most: int = MOST_NUMBER) -> list[object]:
        """A list."""
        value = self.get(name)
        if not isinstance(value, list):
            self._not(name, "a list")
        if not least <= len(value) <= most:
            self._not(name, f"a list of {least} to {most}")
        return value

    def objects(self, name: str, *, least: int = 0, most: int = MOST_NUMBER) -> list[Facts]:
        """A list of objects."""
        return [
            Facts(part, what=f"{self.what}, “{name}” {place}")
            for place, part in enumerate(self.items(name, least=least, most=most), start=1)
        ]

    def object(self, name: str) -> Facts:
        """An object inside."""
        return Facts(self.get(name), what=f"{self.what}, “{name}”")

    def digest(self, name: str) -> str:
        """A SHA-256 in 64 lower-case hexadecimal digits."""
        value = self.text(name)
        if not _HEX_HASH.fullmatch(value):
            self._not(name, "64 hexadecimal digits")
        return value

    def base64(self, name: str, *, length: int) -> bytes:
        """So many bytes in base64."""
        value = unbase64(self.text(name))
        if value is None or len(value) != length:
            self._not(name, f"{length} bytes in base64")
        return value

    def moment(self, name: str) -> datetime:
        """A UTC time to the microsecond."""
        value = self.text(name)
        if not _MOMENT.fullmatch(value):
            self._not(name, "a UTC time like 2026-11-21T20:00:00.000000Z")
        try:
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            self._not(name, "a time that exists")

    def format(self, wanted: str) -> None:
        """The format says what this is; another version is not guessed at."""
        found = self.text("format")
        if found != wanted:
            raise Wrong(f"{self.what} has format “{shown(found)}”, not “{wanted}”")

    def only(self, *names: str) -> None:
        """Nothing but these names stands here."""
        for name in self.values:
            if name not in names:
                raise Wrong(f"{self.what} has “{shown(name)}”, which does not belong there")

    def _not(self, name: str, wanted: str) -> NoReturn:
        raise Wrong(f"{self.what}: “{shown(name)}” is not {wanted}")


def read_json(raw: bytes, *, what: str, canonical: bool = True, fractions: bool = False) -> Facts:
    """The object in `raw`; `canonical` refuses every other spelling of the same facts.

    Numbers that are not whole are refused, or with `fractions` left as their text.
    """
    if len(raw) > MOST_JSON_BYTES:
        raise Wrong(f"{what} is larger than {MOST_JSON_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_no_key_twice,
            parse_float=str if fractions else _no_float,
            parse_constant=_no_float,
        )
    except Wrong as exc:
        raise Wrong(f"{what} {exc}") from exc
    except UnicodeDecodeError as exc:
        raise Wrong(f"{what} is not UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise Wrong(f"{what} is not JSON") from exc
    if canonical and text not in _spellings(value, what=what):
        raise Wrong(
            f"{what} is not canonical JSON (keys sorted, no spaces, each fact in one spelling)"
        )
    return Facts(value, what=what)


def unbase64(text: str) -> bytes | None:
    """The bytes of a base64 text in its one spelling, or None."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode("ascii") == text else None


def shown(text: str, *, most: int = 80) -> str:
    """`text` fit for one line of output: no control characters, not endless."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[:most])
    return plain if len(text) <= most else f"{plain}…"


def shown_bytes(raw: bytes, *, most: int = 80) -> str:
    """The same for bytes."""
    return shown(raw[: most + 1].decode("latin-1"), most=most)


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Wrong("has a key twice")
    return found


def _no_float(_text: str) -> object:
    raise Wrong("has a number that is not whole")


def _spellings(value: object, *, what: str) -> tuple[str, str]:
    try:
        return (
            json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
            json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")),
        )
    except (ValueError, RecursionError) as exc:
        raise Wrong(f"{what} is nested too deep") from exc
