"""A seal: the statement about a sealed file, and the two signatures under it.

The statement is canonical JSON `seal-statement/1`; what is signed are exactly its bytes. One
signature is the operator's (OPERATIONS), one of a party of its own (INDEPENDENT).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .keys import INDEPENDENT, OPERATIONS, Keyring, check_signature, read_signatures
from .sealedfile import Sealed
from .sheet import Sheet
from .strict import Facts, Wrong, read_json

STATEMENT_FORMAT = "seal-statement/1"
SIGNATURES_FORMAT = "seal-signatures/1"


@dataclass(frozen=True, slots=True)
class Statement:
    """A seal statement; `facts` has also what is only read by people."""

    raw: bytes
    facts: Facts
    draw: str
    root: str
    rule: str
    rule_digest: str
    file_name: str
    closed_at: datetime
    sealed_at: datetime
    is_shadow: bool


def read_statement(raw: bytes, *, what: str = "the statement") -> Statement:
    """The statement in these bytes."""
    facts = read_json(raw, what=what)
    facts.format(STATEMENT_FORMAT)
    closed_at, sealed_at = facts.moment("closed_at"), facts.moment("sealed_at")
    if sealed_at < closed_at:
        raise Wrong(f"{what}: sealed before the sale was closed")
    return Statement(
        raw=raw,
        facts=facts,
        draw=facts.text("draw"),
        root=facts.digest("root"),
        rule=facts.text("rule"),
        rule_digest=facts.digest("rule_digest"),
        file_name=facts.text("file_name"),
        closed_at=closed_at,
        sealed_at=sealed_at,
        is_shadow=facts.flag("is_shadow"),
    )


def check_seal_signatures(
    statement: Statement, raw: bytes, ring: Keyring, *, what: str = "the seal's signatures"
) -> tuple[datetime, list[str]]:
    """When the seal was published, and the ids of the keys that signed it."""
    facts = read_json(raw, what=what, canonical=False)
    facts.format(SIGNATURES_FORMAT)
    published_at = facts.moment("published_at")
    if published_at < statement.sealed_at:
        raise Wrong(f"{what}: published before it was sealed")
    signatures = {signature.role: signature for signature in read_signatures(facts)}
    keys = []
    for role in (OPERATIONS, INDEPENDENT):
        if role not in signatures:
            raise Wrong(f"{what}: the {role} signature is not there")
        at = statement.sealed_at
        keys.append(check_signature(signatures[role], statement.raw, ring, at=at, what=what))
    if keys[0].public == keys[1].public:
        raise Wrong(f"{what}: both are by one and the same key")
    return published_at, [key.key_id for key in keys]


def check_sheet(statement: Statement, sheet: Sheet) -> None:
    """The rule sheet is the one that the statement names."""
    if sheet.digest != statement.rule_digest:
        raise Wrong("the rule sheet does not have the digest that the statement gives")
    if sheet.code != statement.rule:
        raise Wrong(f"the rule sheet is {sheet.code}, the statement names {statement.rule}")


def check_sealed_file(statement: Statement, sealed: Sealed) -> None:
    """The sealed file is what the statement says of it, in every figure."""
    facts = statement.facts
    found: tuple[tuple[str, object], ...] = (
        ("draw", sealed.draw),
        ("rule", sealed.rule),
        ("rule_digest", sealed.rule_digest),
        ("file_size", sealed.size),
        ("file_digest", sealed.digest),
        ("root", sealed.root),
        ("tickets", sealed.tickets),
        ("lines", sealed.lines),
        ("stake_fen", sealed.stake_fen),
        ("by_bet_type", _by_bet_type(sealed)),
        ("first_serial", min(sealed.tickets, 1)),
        ("last_serial", sealed.tickets),
    )
    for name, value in found:
        said = _sums_said(facts) if name == "by_bet_type" else facts.get(name)
        if said != value or isinstance(said, bool):
            raise Wrong(
                f"the sealed file does not fit its statement: “{name}” is {value}, stated is {said}"
            )


def _by_bet_type(sealed: Sealed) -> dict[str, tuple[int, int, int]]:
    return {
        bet: (sums.selections, sums.lines, sums.stake_fen)
        for bet, sums in sealed.by_bet_type.items()
        if sums.selections
    }


def _sums_said(facts: Facts) -> dict[str, tuple[int, int, int]]:
    said = facts.object("by_bet_type")
    sums = {bet: said.object(bet) for bet in said.values}
    return {
        bet: (part.number("selections"), part.number("lines"), part.number("stake_fen"))
        for bet, part in sums.items()
        if part.number("selections")
    }
