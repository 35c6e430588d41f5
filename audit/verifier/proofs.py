"""What a player may hold: his receipt, and the proof that his ticket is in the sealed file.

Receipt file: {"format": "receipt/1", "algorithm", "key_id", "public_key", "line", "leaf",
"signed_text", "signature", …}. `leaf` is that of `line`; `signed_text` is `receipt/1`, LF, ticket
code, space, leaf, LF, the promise; the signature is over it.

Proof file: {"format": "ticket-proof/1", "draw", "serial", "size", "line", "path": [hex, …], "root",
"statement": text, "signatures": [{"role", "key_id", "algorithm", "signature", …}, …], …}. The leaf
of `line` is number `serial` (from 1) of `size`; `path` is its RFC 6962 inclusion proof; `root` is
that of the statement, whose exact text is `statement`. `signatures` are those under the statement;
they are checked when keys are given. The saved page of a proof carries the same file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ed25519 import KEY_BYTES, SIGNATURE_BYTES, is_key, is_signed
from .keys import INDEPENDENT, OPERATIONS, RECEIPT, Keyring, check_signature, read_signatures
from .merkle import HASH_BYTES, leaf_hash, root_by_path
from .pages import is_page, proof_in_page
from .seals import Statement, read_statement
from .strict import Facts, Wrong, read_json

MOST_PATH = 64

_TICKET_LINE = re.compile(r"1\t([a-z0-9.-]{1,40})\t([0-9A-Z]{17})\t[!-~\t ]+")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found right, line by line, and what all of it proves and does not, in one line."""

    lines: tuple[str, ...]
    proved: str


def read_path(facts: Facts, name: str) -> list[bytes]:
    """The hashes of a proof."""
    steps = facts.items(name)
    if len(steps) > MOST_PATH:
        raise Wrong(f"{facts.what}: “{name}” is longer than {MOST_PATH} hashes")
    path = []
    for step in steps:
        if not isinstance(step, str) or not _HASH.fullmatch(step):
            raise Wrong(f"{facts.what}: “{name}” holds something that is no hash")
        path.append(bytes.fromhex(step))
    return path


def check_receipt(raw: bytes, ring: Keyring | None) -> Checked:
    """What was found right about a receipt, or what is wrong with it."""
    if is_page(raw):
        raise Wrong(
            "the receipt is a page of the web: give the receipt as JSON; the saved page of a proof"
            " is checked by the command “proof”"
        )
    facts = read_json(raw, what="the receipt", canonical=False)
    facts.format("receipt/1")
    line = facts.text("line")
    _draw, ticket = _draw_and_ticket(line)
    leaf = leaf_hash(line.encode("ascii")).hex()
    if facts.text("leaf") != leaf:
        raise Wrong("the receipt: the leaf is not that of its ticket line")
    signed_text = facts.text("signed_text")
    if not signed_text.startswith(f"receipt/1\n{ticket} {leaf}\n"):
        raise Wrong("the receipt: the signed text is not about this ticket and leaf")
    if facts.text("algorithm") != "Ed25519":
        raise Wrong("the receipt: its algorithm is not known")
    key = facts.base64("public_key", length=KEY_BYTES)
    signature = facts.base64("signature", length=SIGNATURE_BYTES)
    try:
        message = signed_text.encode()
    except UnicodeEncodeError as exc:
        raise Wrong("the receipt: the signed text is not UTF-8") from exc
    if not is_key(key) or not is_signed(key=key, message=message, signature=signature):
        raise Wrong("the receipt: the signature does not fit")
    found = [f"ticket {ticket}: line and leaf fit", "the signature fits"]
    if ring is None:
        found.append("NOTE: the key was taken from the receipt itself: no keys were given")
        return Checked(
            tuple(found),
            "the signature fits the key in the receipt; not proved: that this key is a published"
            " one (give --keys)",
        )
    signers = [known for known in ring.keys if known.public == key and known.role == RECEIPT]
    if not signers:
        raise Wrong("the receipt: its key is not among the published receipt keys")
    found.append(f"signed by a published key, {signers[0].key_id}")
    if revoked := signers[0].revoked_at:
        found.append(
            f"NOTE: key {signers[0].key_id} was revoked at {revoked:%Y-%m-%d %H:%M:%S} UTC;"
            " a receipt does not say when it was signed"
        )
    return Checked(tuple(found), "the receipt is signed by a published key")


def check_ticket_proof(raw: bytes, ring: Keyring | None) -> Checked:
    """What was found right about a proof, as a file or in its saved page, or what is wrong."""
    found = []
    if is_page(raw):
        raw = proof_in_page(raw)
        found.append("NOTE: the proof was taken out of its page; what the page shows was not read")
    facts = read_json(raw, what="the proof", canonical=False)
    facts.format("ticket-proof/1")
    line = facts.text("line")
    draw, ticket = _draw_and_ticket(line)
    statement = _statement_in(facts)
    if draw != facts.text("draw") or draw != statement.draw:
        raise Wrong("the proof: ticket, proof and statement are not of one draw")
    serial, size = facts.number("serial", least=1), facts.number("size", least=1)
    if size != statement.facts.number("tickets"):
        raise Wrong("the proof: the statement names another number of tickets")
    if facts.digest("root") != statement.root:
        raise Wrong("the proof: its root is not that of the statement")
    root = root_by_path(
        leaf=leaf_hash(line.encode("ascii")),
        index=serial - 1,
        size=size,
        path=read_path(facts, "path"),
    )
    if root is None or len(root) != HASH_BYTES or root.hex() != statement.root:
        raise Wrong("the proof does not lead from this ticket to the root of the seal")
    found += [
        f"ticket {ticket} is number {serial} of {size} under the root, in draw {draw}",
        f"the root is that of the statement, {statement.root}",
    ]
    if ring is None:
        found.append(
            "NOTE: the signatures under the statement were not checked: no keys were given"
        )
        return Checked(
            tuple(found),
            "the ticket leads to the root in this proof; not proved: that this root was sealed and"
            " signed (give --keys)",
        )
    signatures = {signature.role: signature for signature in read_signatures(facts)}
    signers = set()
    for role in (OPERATIONS, INDEPENDENT):
        if role not in signatures:
            raise Wrong(f"the proof: the {role} signature under the statement is not there")
        at = statement.sealed_at
        key = check_signature(signatures[role], statement.raw, ring, at=at, what="the proof")
        if key.public in signers:
            raise Wrong("the proof: both signatures are by one and the same key")
        signers.add(key.public)
        found.append(f"the statement is signed by {key.key_id}")
    return Checked(
        tuple(found), "the ticket is in the sealed file, under a statement that both keys signed"
    )


def _statement_in(facts: Facts) -> Statement:
    try:
        raw = facts.text("statement").encode()
    except UnicodeEncodeError as exc:
        raise Wrong("the proof: the statement is not UTF-8") from exc
    return read_statement(raw)


def _draw_and_ticket(line: str) -> tuple[str, str]:
    fields = _TICKET_LINE.fullmatch(line)
    if fields is None:
        raise Wrong("the ticket line is not one of a sealed file")
    return fields[1], fields[2]
