"""What the issuer of a game announced of a draw, as the settlement input has it, word for word.

In the input of such a draw there stands, in place of the pools, "announced": {"text", "signed",
"decision"}. `text` is the announcement, canonical JSON of format `issuer-announcement/1`: game,
issue, drawn_on, numbers, special_on, sales_fen, pool_before_fen, pool_after_fen, fund_topup_fen,
other_pools ({code: {"before_fen", "after_fen"}}) and tiers ([{"tier", "winners", "prize_fen"}, …],
every tier in force, in the order of the sheet, by its name in announcements). Amounts that are not
told are null. `signed` is {"key_id", "signature"} of a key of the issuer over the bytes of `text`,
or null where two people typed it from paper. `decision` is {"approval", "reason"} where the draw is
paid as announced although the sheet says otherwise, or null.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .ed25519 import SIGNATURE_BYTES
from .strict import Facts, Wrong, read_json
from .tiers import SheetPool, SheetTier

ANNOUNCEMENT_FORMAT = "issuer-announcement/1"

_ANNOUNCED_KEYS = (
    "format", "game", "issue", "drawn_on", "numbers", "special_on", "sales_fen", "pool_before_fen",
    "pool_after_fen", "fund_topup_fen", "other_pools", "tiers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement: winners and prize of a line by tier, None where the issuer does not tell."""

    facts: Facts
    raw: bytes
    draw: str
    special_on: bool
    sales_fen: int | None
    pool_before_fen: int | None
    pool_after_fen: int | None
    topup_fen: int
    other_pools: dict[str, tuple[int, int]]
    tiers: dict[int, tuple[int | None, int | None]]
    signed: tuple[str, bytes] | None
    decision: tuple[str, str] | None

    @property
    def digest(self) -> str:
        """SHA-256 of the announcement."""
        return hashlib.sha256(self.raw).hexdigest()


def read_announced(
    wrapped: Facts, tiers: Sequence[SheetTier], pools: Sequence[SheetPool], *, has_special: bool
) -> Announcement:
    """The announcement in an input, as far as tiers and pools of the sheet allow it."""
    wrapped.only("text", "signed", "decision")
    raw = wrapped.text("text").encode()
    facts = read_json(raw, what="the announcement")
    facts.format(ANNOUNCEMENT_FORMAT)
    facts.only(*_ANNOUNCED_KEYS)
    special_on = facts.flag("special_on")
    if special_on and not has_special:
        raise Wrong("the announcement has the special rule on; the rule sheet has none")
    return Announcement(
        facts=facts,
        raw=raw,
        draw=f"{facts.text('game')}-{facts.text('issue')}",
        special_on=special_on,
        sales_fen=_told(facts, "sales_fen"),
        pool_before_fen=_told(facts, "pool_before_fen"),
        pool_after_fen=_told(facts, "pool_after_fen"),
        topup_fen=facts.number("fund_topup_fen"),
        other_pools=_other_pools(facts, [pool.code for pool in pools[1:]]),
        tiers=_announced_tiers(facts, [one for one in tiers if special_on or not one.special_only]),
        signed=_signed(wrapped),
        decision=_decision(wrapped),
    )


def _told(facts: Facts, name: str) -> int | None:
    return None if facts.get(name) is None else facts.number(name)


def _other_pools(facts: Facts, known: Sequence[str]) -> dict[str, tuple[int, int]]:
    pools = facts.object("other_pools")
    pools.only(*known)
    found = {}
    for code in pools.values:
        pool = pools.object(code)
        pool.only("before_fen", "after_fen")
        found[code] = (pool.number("before_fen"), pool.number("after_fen"))
    return found


def _announced_tiers(
    facts: Facts, in_force: Sequence[SheetTier]
) -> dict[int, tuple[int | None, int | None]]:
    rows = facts.objects("tiers", most=len(in_force))
    if [row.text("tier") for row in rows] != [tier.mark for tier in in_force]:
        raise Wrong("the announcement has other tiers than the rule sheet, or in another order")
    found = {}
    for row, tier in zip(rows, in_force, strict=True):
        row.only("tier", "winners", "prize_fen")
        found[tier.number] = (_told(row, "winners"), _told(row, "prize_fen"))
    return found


def _signed(wrapped: Facts) -> tuple[str, bytes] | None:
    if wrapped.get("signed") is None:
        return None
    facts = wrapped.object("signed")
    facts.only("key_id", "signature")
    return facts.text("key_id"), facts.base64("signature", length=SIGNATURE_BYTES)


def _decision(wrapped: Facts) -> tuple[str, str] | None:
    if wrapped.get("decision") is None:
        return None
    facts = wrapped.object("decision")
    facts.only("approval", "reason")
    if not facts.text("approval") or not facts.text("reason"):
        raise Wrong(f"{facts.what} names no approval, or gives no reason")
    return facts.text("approval"), facts.text("reason")
