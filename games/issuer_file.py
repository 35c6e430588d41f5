"""What an issuer announces of a draw, as a file: its words, and who signed them.

An announcement is canonical JSON (keys sorted, no spaces, no fractions), format
`issuer-announcement/1`:

    game, issue, drawn_on   the draw: ssq, 2026133, 2026-11-22
    numbers                 as they were drawn, zone by zone, ascending
    special_on              whether the special rule of the game (福运奖) held in this draw
    sales_fen, pool_before_fen, pool_after_fen
                            of all operators together; null where it is not told
    fund_topup_fen          what the fund added to the pool, mostly 0
    other_pools             {code: {"before_fen", "after_fen"}} of further pools, mostly {}
    tiers                   [{"tier", "winners", "prize_fen"}, …] of every tier in force, in the
                            order of the rules, under the names that announcements use (1, 1z, …);
                            null where it is not told

A file wraps it, so that a single one is carried about, format `signed-announcement/1`:

    announcement            the text above, word for word
    key_id, algorithm, signature
                            Ed25519 over the UTF-8 bytes of that text, base64
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import bets
from .rules import RuleVersion

FORMAT = "issuer-announcement/1"
FILE_FORMAT = "signed-announcement/1"
ALGORITHM = "Ed25519"
MOST_BYTES = 200_000
MOST_FEN = 10**15

_KEYS = frozenset(
    {
        "format", "game", "issue", "drawn_on", "numbers", "special_on", "sales_fen",
        "pool_before_fen", "pool_after_fen", "fund_topup_fen", "other_pools", "tiers",
    }
)  # fmt: skip


class FileUnreadable(Refused):
    """No announcement in the one format there is."""

    code, status = "announcement_unreadable", 400
    message = _("This is no announcement of an issuer: %(why)s. Nothing was stored.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TierTold:
    """Winning lines of a tier and what each gets, as far as the issuer tells."""

    number: int
    mark: str
    winners: int | None
    prize_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An announcement that was read; `body` is the text itself."""

    body: str
    game: str
    issue: str
    drawn_on: date
    numbers: tuple[tuple[int, ...], ...]
    special_on: bool
    sales_fen: int | None
    pool_before_fen: int | None
    pool_after_fen: int | None
    fund_topup_fen: int
    other_pools: Mapping[str, tuple[int, int]]
    tiers: tuple[TierTold, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.body.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed file, taken apart; whether the signature is good is for others."""

    body: str
    key_id: str
    algorithm: str
    signature: bytes

    @property
    def game(self) -> str:
        """Which game it says it is about; "" when it does not say."""
        return _said(self.body, "game")

    @property
    def issue(self) -> str:
        """Which issue it says it is about; "" when it does not say."""
        return _said(self.body, "issue")


def unwrap(raw: bytes) -> Signed:
    """Take a signed file apart, or `FileUnreadable`."""
    if len(raw) > MOST_BYTES:
        raise _no(_("it is larger than an announcement can be"))
    wrapped = _object(raw)
    if wrapped.get("format") != FILE_FORMAT:
        raise _no(_("it is another kind of file"))
    if wrapped.keys() != {"format", "announcement", "key_id", "algorithm", "signature"} or not all(
        isinstance(value, str) and "\x00" not in value for value in wrapped.values()
    ):
        raise _no(_("words, key or signature are missing"))
    try:
        signature = base64.b64decode(wrapped["signature"], validate=True)
    except (binascii.Error, ValueError):
        raise _no(_("its signature is none")) from None
    return Signed(
        body=wrapped["announcement"],
        key_id=wrapped["key_id"],
        algorithm=wrapped["algorithm"],
        signature=signature,
    )


def wrap(*, body: str, key_id: str, signature: bytes) -> bytes:
    """The signed file of a text; what an issuer makes, and tests and drills."""
    return canonical(
        {
            "format": FILE_FORMAT,
            "announcement": body,
            "key_id": key_id,
            "algorithm": ALGORITHM,
            "signature": base64.b64encode(signature).decode("ascii"),
        }
    ).encode()


def read(body: str, version: RuleVersion) -> Told:
    """The announcement in this text, by the rules of its draw, or `FileUnreadable`."""
    said = _object(body.encode())
    if canonical(said) != body:
        raise _no(_("it is not in the one spelling that can be signed"))
    if said.get("format") != FORMAT or said.keys() != _KEYS:
        raise _no(_("it is of another format, or something is missing or too much"))
    special_on = said["special_on"]
    if not isinstance(special_on, bool) or (special_on and version.special is None):
        raise _no(_("it does not say whether the special rule was on, as the rules need it"))
    try:
        drawn_on = date.fromisoformat(str(said["drawn_on"]))
    except ValueError:
        raise _no(_("its date is none")) from None
    if said["drawn_on"] != drawn_on.isoformat():
        raise _no(_("its date is none"))
    return Told(
        body=body,
        game=_word(said["game"]),
        issue=_word(said["issue"]),
        drawn_on=drawn_on,
        numbers=_numbers(said["numbers"], version),
        special_on=special_on,
        sales_fen=_fen(said["sales_fen"]),
        pool_before_fen=_fen(said["pool_before_fen"]),
        pool_after_fen=_fen(said["pool_after_fen"]),
        fund_topup_fen=_sum(said["fund_topup_fen"]),
        other_pools=_pools(said["other_pools"], version),
        tiers=_tiers(said["tiers"], version, special_on=special_on),
    )


def compose(
    version: RuleVersion,
    *,
    game: str,
    issue: str,
    drawn_on: date,
    numbers: Sequence[Sequence[int]],
    special_on: bool,
    tiers: Mapping[int, tuple[int | None, int | None]],
    sales_fen: int | None = None,
    pool_before_fen: int | None = None,
    pool_after_fen: int | None = None,
    fund_topup_fen: int = 0,
    other_pools: Mapping[str, tuple[int, int]] | None = None,
) -> str:
    """The text of an announcement; `tiers` has winners and prize of a line by tier number."""
    untold: tuple[int | None, int | None] = (None, None)
    return canonical(
        {
            "format": FORMAT,
            "game": game,
            "issue": issue,
            "drawn_on": drawn_on.isoformat(),
            "numbers": [sorted(zone) for zone in numbers],
            "special_on": special_on,
            "sales_fen": sales_fen,
            "pool_before_fen": pool_before_fen,
            "pool_after_fen": pool_after_fen,
            "fund_topup_fen": fund_topup_fen,
            "other_pools": {
                code: {"before_fen": before, "after_fen": after}
                for code, (before, after) in (other_pools or {}).items()
            },
            "tiers": [
                {
                    "tier": tier.mark,
                    "winners": tiers.get(tier.number, untold)[0],
                    "prize_fen": tiers.get(tier.number, untold)[1],
                }
                for tier in version.tiers_in_force(special_on=special_on)
            ],
        }
    )


def canonical(content: Any) -> str:
    """The one spelling of a JSON value."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _no(why: str | Promise) -> FileUnreadable:
    return FileUnreadable(why=why)


def _said(body: str, name: str) -> str:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(said.get(name, "")) if isinstance(said, dict) else ""


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
        canonical(value).encode()  # half a letter is none
    except (ValueError, RecursionError):
        raise _no(_("it cannot be read")) from None
    if not isinstance(value, dict):
        raise _no(_("it cannot be read"))
    return value


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_float(text: str) -> Any:
    raise ValueError(text)


def _fen(value: Any) -> int | None:
    if value is None:
        return None
    if not _is_whole(value):
        raise _no(_("an amount is no whole number of fen"))
    return int(value)


def _sum(value: Any) -> int:
    if (fen := _fen(value)) is None:
        raise _no(_("an amount is no whole number of fen"))
    return fen


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise _no(_("it is of another format, or something is missing or too much"))
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_FEN


def _numbers(value: Any, version: RuleVersion) -> tuple[tuple[int, ...], ...]:
    is_list = isinstance(value, list) and all(isinstance(zone, list) for zone in value)
    if not is_list or not all(_is_whole(number) for zone in value for number in zone):
        raise _no(_("its numbers cannot have been drawn"))
    numbers = tuple(tuple(zone) for zone in value)
    try:
        bets.result_masks(version, numbers)
    except Refused:
        raise _no(_("its numbers cannot have been drawn")) from None
    if any(list(zone) != sorted(zone) for zone in numbers):
        raise _no(_("its numbers do not stand in ascending order"))
    return numbers


def _pools(value: Any, version: RuleVersion) -> dict[str, tuple[int, int]]:
    known = {pool.code for pool in version.pools[1:]}
    if not isinstance(value, dict) or not value.keys() <= known:
        raise _no(_("it names a pool that the game does not have"))
    pools = {}
    for code, told in value.items():
        if (
            not isinstance(told, dict)
            or told.keys() != {"before_fen", "after_fen"}
            or not all(_is_whole(fen) for fen in told.values())
        ):
            raise _no(_("an amount is no whole number of fen"))
        pools[code] = (told["before_fen"], told["after_fen"])
    return pools


def _tiers(value: Any, version: RuleVersion, *, special_on: bool) -> tuple[TierTold, ...]:
    in_force = version.tiers_in_force(special_on=special_on)
    if not isinstance(value, list) or not all(
        isinstance(row, dict) and row.keys() == {"tier", "winners", "prize_fen"} for row in value
    ):
        raise _no(_("its prize tiers cannot be read"))
    if [row["tier"] for row in value] != [tier.mark for tier in in_force]:
        raise _no(_("its prize tiers are not those of the rules, in their order"))
    for row in value:
        if row["winners"] is not None and not _is_whole(row["winners"]):
            raise _no(_("a number of winning lines is none"))
    return tuple(
        TierTold(
            number=tier.number,
            mark=tier.mark,
            winners=row["winners"],
            prize_fen=_fen(row["prize_fen"]),
        )
        for tier, row in zip(in_force, value, strict=True)
    )
