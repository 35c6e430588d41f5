"""What somebody tries who holds keys of the house, or who draws on the reader's screen."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_pieces import (
    INDEPENDENT,
    KEYS,
    LOG,
    OPERATIONS,
    RECEIPT,
    Draw,
    Row,
    Signer,
    check_kit,
    packed,
    run,
    signed_members,
)
from tests.samples import one_in


def named(signer: Signer, *, role: str | None = None) -> str:
    return f"{role or signer.role}:{hashlib.sha256(signer.public).hexdigest()}"


def test_a_kit_by_the_operator_alone_fails_against_the_fingerprints_of_all_keys(tmp_path):
    """F230, N07: the operator's own keys under other roles are not the witness."""
    operations = Signer("OPERATIONS", OPERATIONS.seed)
    witness, log = Signer("INDEPENDENT", LOG.seed), Signer("LOG", OPERATIONS.seed)
    own = Draw(
        operations=operations, independent=witness, log=log, signers=[operations, witness, log]
    )
    wanted = [word for key in KEYS for word in ("--fingerprint", named(key))]

    code, lines = check_kit(tmp_path, own.kit(), *wanted)

    assert code == 1, lines
    assert lines[-1].startswith("FAIL: key ")
    assert "is none of those whose fingerprints were given" in lines[-1]


def test_a_fingerprint_without_its_role_is_not_taken(tmp_path):
    bare = hashlib.sha256(OPERATIONS.public).hexdigest()

    for given in (bare, f"OPERATOR:{bare}", f"OPERATIONS:{bare[:-1]}", f"OPERATIONS:{bare}:"):
        code, lines = check_kit(tmp_path, Draw().kit(), "--fingerprint", given)
        assert code == 1
        assert "is not a role, a colon and 64 hexadecimal digits" in lines[-1]


def logged(change: Callable[[dict[str, Row]], Mapping[str, Row]]) -> bytes:
    """A kit whose log, signed and cosigned, holds other rows than the house writes."""

    class Rewritten(Draw):
        def _rows(self, statement: dict[str, Any], result_file: bytes) -> dict[str, Row]:
            return dict(change(super()._rows(statement, result_file)))

    return Rewritten().kit()


def said(row: Row, **values: object) -> Row:
    kind, key, text = row
    return kind, key, json.dumps({**json.loads(text), **values})


LOGGED = {
    "the numbers stand in a note of the trail": (
        lambda rows: {**rows, "result": ("trail", "77", rows["result"][2])},
        "checkpoints.json: what is shown of the result is an entry of trail",
    ),
    "the numbers are those of another draw": (
        lambda rows: {**rows, "result": said(rows["result"], draw_id=8)},
        "checkpoints.json: what was logged of the result is of another draw than the seal",
    ),
    "the numbers only stand somewhere in the row": (
        lambda rows: {
            **rows,
            "result": said(rows["result"], numbers=[[1, 2], [7]], note=pieces.NUMBERS),
        },
        "checkpoints.json: what was logged of the result is not what is in this kit",
    ),
    "one engine speaks for both": (
        lambda rows: {**rows, "engine-2": rows["engine-1"]},
        "checkpoints.json: what was logged of the engine-2 is not what is in this kit",
    ),
    "an engine's outcome is that of another draw": (
        lambda rows: {**rows, "engine-1": said(rows["engine-1"], draw_id=8)},
        "checkpoints.json: what was logged of the engine-1 is of another draw than the seal",
    ),
    "a note says what was sealed": (
        lambda rows: {**rows, "seal": ("trail", "78", rows["seal"][2])},
        "checkpoints.json: what is shown of the seal is an entry of trail",
    ),
    "a row has a name twice": (
        lambda rows: {
            **rows,
            "result": (*rows["result"][:2], rows["result"][2].replace("{", '{"draw_id": 8, ', 1)),
        },
        "has a key twice",
    ),
    "a row is no row": (
        lambda rows: {**rows, "result": (*rows["result"][:2], "[[1,2,3,4,5,6],[7]]")},
        "is not a JSON object",
    ),
}


@pytest.mark.parametrize("trick", one_in(4, LOGGED))
def test_only_the_row_of_the_thing_itself_is_evidence_of_it(tmp_path, trick):
    """F230, F210: that a text stands somewhere in the log proves nothing of a draw."""
    change, failure = LOGGED[trick]

    code, lines = check_kit(tmp_path, logged(change))

    assert code == 1, lines
    assert failure in lines[-1], lines[-1]


@pytest.mark.parametrize("letter", ["\x1b[8m", "\r", "\x08", "\u202e", "\x9b8m", "\n"])
def test_no_letter_of_a_kit_moves_the_pen_on_the_screen(tmp_path, letter):
    """N19: what a person reads is what the program found, whatever stands in the kit."""
    members = Draw().members()
    manifest = json.loads(signed_members(members)["kit.json"])
    manifest["draw"] = f"ssq{letter}PASS"
    (tmp_path / "kit.zip").write_bytes(
        packed({**signed_members(members), "kit.json": pieces.canonical(manifest)})
    )

    done = run(tmp_path / "kit.zip")

    assert done.returncode == 1
    assert all(letter not in line for line in done.stdout.split("\n"))
    assert "PASS" not in [line[:4] for line in done.stdout.splitlines()]
    assert done.stdout.splitlines()[-1].startswith("FAIL: ")


def test_a_proof_under_one_key_in_two_roles_fails(tmp_path):
    """N01, N07: two signatures by one hand are one signature."""
    twin = Signer("INDEPENDENT", OPERATIONS.seed)
    draw = Draw(independent=twin, signers=[OPERATIONS, twin])
    members = draw.members()
    lines = [one.encode() for one in pieces.TICKETS]
    leaves = [pieces.leaf(line) for line in lines]
    proof = pieces.canonical(
        {
            "format": "ticket-proof/1",
            "draw": pieces.DRAW,
            "serial": 1,
            "size": len(lines),
            "line": lines[0].decode(),
            "path": [step.hex() for step in pieces.inclusion(0, leaves)],
            "root": pieces.root(leaves).hex(),
            "statement": members["statement.json"].decode(),
            "signatures": json.loads(members["signatures.json"])["signatures"],
        }
    )
    (tmp_path / "proof.json").write_bytes(proof)
    (tmp_path / "keys.json").write_bytes(pieces.key_file([OPERATIONS, twin]))

    done = run("proof", tmp_path / "proof.json", "--keys", tmp_path / "keys.json")

    assert done.returncode == 1
    assert "both signatures are by one and the same key" in done.stdout


def receipt_file(signer: Signer, **changed: object) -> bytes:
    line = pieces.TICKETS[0]
    hashed = pieces.leaf(line.encode()).hex()
    text = f"receipt/1\n{line.split(chr(9))[2]} {hashed}\nThis ticket is in its draw."
    signed = signer.sign(text.encode())
    return pieces.canonical(
        {
            "format": "receipt/1",
            **signed,
            "public_key": signer.facts()["public_key"],
            "line": line,
            "leaf": hashed,
            "signed_text": text,
            **changed,
        }
    )


def test_a_receipt_by_a_revoked_key_says_so(tmp_path):
    """N13: a receipt has no time of its own, so who took the key may have made it afterwards."""
    (tmp_path / "receipt.json").write_bytes(receipt_file(RECEIPT))
    revoked = replace(RECEIPT, revoked_at="2026-11-20T00:00:00.000000Z")
    (tmp_path / "keys.json").write_bytes(pieces.key_file([OPERATIONS, INDEPENDENT, LOG, revoked]))

    done = run("receipt", tmp_path / "receipt.json", "--keys", tmp_path / "keys.json")

    assert f"NOTE: key {RECEIPT.key_id} was revoked at 2026-11-20 00:00:00 UTC" in done.stdout


def test_a_receipt_names_the_key_that_signed_it_not_the_one_it_says(tmp_path):
    (tmp_path / "receipt.json").write_bytes(receipt_file(RECEIPT, key_id="receipt-of-somebody"))
    (tmp_path / "keys.json").write_bytes(pieces.key_file())

    done = run("receipt", tmp_path / "receipt.json", "--keys", tmp_path / "keys.json")

    assert "receipt-of-somebody" not in done.stdout
