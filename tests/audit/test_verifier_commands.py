"""Seals, logs, receipts, players' proofs, checked by the program alone; a changed digit fails."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.rules.sheet import rule_sheet
from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_pieces import (
    DRAW,
    INDEPENDENT,
    KEYS,
    OPERATIONS,
    RECEIPT,
    RULE,
    TICKETS,
    Draw,
    Signer,
    run,
    said,
)
from tests.games import brute_force

LEAVES = [pieces.leaf(b"entry %d" % number) for number in range(40)]


def told(done: Any) -> str:
    """The last line, after a look at the whole."""
    assert done.stderr == ""
    last: str = done.stdout.splitlines()[-1]
    assert (done.returncode == 0) == (last == "PASS" or last.startswith("PASS: ")), done.stdout
    assert done.returncode in (0, 1)
    assert done.returncode == 0 or last.startswith("FAIL: ")
    return last


def written(folder: Path, **files: bytes) -> dict[str, Path]:
    paths = {name: folder / name for name in files}
    for name, raw in files.items():
        paths[name].write_bytes(raw)
    return paths


# The seal.


def seal(folder: Path, *, keys: bytes | None = None, **changed: bytes) -> str:
    members = Draw().members()
    files = {
        "sealed": members[f"{DRAW}.seal"],
        "statement": members["statement.json"],
        "signatures": members["signatures.json"],
        "sheet": rule_sheet(RULE),
        "keys": keys or pieces.key_file(),
        **changed,
    }
    paths = written(folder, **files)
    return told(said("seal", *(part for name in files for part in (f"--{name}", paths[name]))))


def test_a_seal_is_checked_in_every_figure(tmp_path):
    """F230: digest, root, count, stake, bet types, both signatures."""
    assert seal(tmp_path) == "PASS"


def test_a_sealed_file_that_was_edited_does_not_fit_its_statement(tmp_path):
    edited = pieces.sealed_file([*TICKETS[:-1], pieces.ticket(6, [TICKETS[0].split("\t")[8]])])

    assert "does not fit its statement: “file_digest”" in seal(tmp_path, sealed=edited)


@pytest.mark.parametrize("name", ["tickets", "lines", "stake_fen", "file_size"])
def test_every_figure_of_the_statement_is_compared(tmp_path, name):
    members = Draw(statement_changes={name: 1}).members()

    last = seal(
        tmp_path, statement=members["statement.json"], signatures=members["signatures.json"]
    )

    assert f"does not fit its statement: “{name}” is " in last


def test_the_second_signature_is_not_the_operators(tmp_path):
    same = Signer("INDEPENDENT", OPERATIONS.seed)
    members = Draw(independent=same).members()

    last = seal(
        tmp_path,
        signatures=members["signatures.json"],
        keys=pieces.key_file([OPERATIONS, same]),
    )

    assert last == "FAIL: the seal's signatures: both are by one and the same key"


# The log.


def log(
    folder: Path, *, sizes: list[int], proofs: list[object] | None = None, **files: bytes
) -> str:
    words: list[object] = []
    for size in sizes:
        path = folder / f"{size}.checkpoint"
        path.write_text(
            pieces.checkpoint(LEAVES[:size], second=1_795_000_000 + size), encoding="utf-8"
        )
        words += ["--checkpoint", path]
    for number, facts in enumerate(proofs or []):
        path = folder / f"{number}.proof"
        path.write_bytes(pieces.canonical(facts))
        words += ["--proof", path]
    for name, path in written(folder, keys=pieces.key_file(), **files).items():
        words += [f"--{name}", path]
    return told(said("log", *words))


def growth(old: int, new: int) -> dict[str, object]:
    path = [step.hex() for step in pieces.consistency(old, LEAVES[:new])]
    return {"format": "log-consistency/1", "old": old, "new": new, "path": path}


def test_a_log_that_only_grew_passes_by_proofs_and_by_leaves(tmp_path):
    assert log(tmp_path, sizes=[3, 17, 40], proofs=[growth(3, 17), growth(17, 40)]) == "PASS"
    assert log(tmp_path, sizes=[3, 17, 40], leaves=b"".join(LEAVES)) == "PASS"


def test_a_log_whose_past_was_rewritten_fails(tmp_path):
    rewritten = [pieces.leaf(b"rewritten"), *LEAVES[1:]]
    path = pieces.consistency(3, rewritten[:17])
    forged = {**growth(3, 17), "path": [step.hex() for step in path]}

    assert "did not only grow from 3 to 17" in log(tmp_path, sizes=[3, 17], proofs=[forged])
    last = log(tmp_path, sizes=[3, 17], leaves=b"".join(rewritten))
    assert last == "FAIL: the first 3 leaves do not lead to the root of the checkpoint"


def test_leaves_that_end_before_the_checkpoint_fail(tmp_path):
    assert "there are 16 leaves" in log(tmp_path, sizes=[17], leaves=b"".join(LEAVES[:16]))
    assert "middle of a hash" in log(tmp_path, sizes=[17], leaves=b"".join(LEAVES)[:-1])


def test_between_two_checkpoints_a_proof_is_needed(tmp_path):
    assert "one --proof is needed" in log(tmp_path, sizes=[3, 17])
    assert "other sizes" in log(tmp_path, sizes=[3, 17], proofs=[growth(3, 18)])


# A player's proof.


def proof(**changed: object) -> dict[str, object]:
    members = Draw().members()
    leaves = [pieces.leaf(line.encode()) for line in TICKETS]
    signatures = json.loads(members["signatures.json"])["signatures"]
    return {
        "format": "ticket-proof/1",
        "draw": DRAW,
        "serial": 3,
        "size": len(TICKETS),
        "line": TICKETS[2],
        "path": [step.hex() for step in pieces.inclusion(2, leaves)],
        "root": pieces.root(leaves).hex(),
        "statement": members["statement.json"].decode(),
        "signatures": signatures,
        **changed,
    }


def check(folder: Path, command: str, facts: object, *, keys: bytes | None = None) -> str:
    path = folder / "file.json"
    path.write_bytes(facts if isinstance(facts, bytes) else pieces.canonical(facts))
    options = ["--keys", written(folder, keys=keys)["keys"]] if keys else []
    return told(said(command, path, *options))


SEALED = "PASS: the ticket is in the sealed file, under a statement that both keys signed"


def test_a_players_proof_passes_with_keys_and_says_what_it_lacks_without(tmp_path):
    """N01: what was not checked is never said to be right."""
    path = written(tmp_path, **{"proof.json": pieces.canonical(proof())})["proof.json"]
    ring = written(tmp_path, keys=pieces.key_file())["keys"]

    alone, known = run("proof", path), run("proof", path, "--keys", ring)

    assert told(known) == SEALED
    assert "NOTE" not in known.stdout
    assert told(alone) == (
        "PASS: the ticket leads to the root in this proof; not proved: that this root was sealed"
        " and signed (give --keys)"
    )
    about = [line for line in alone.stdout.splitlines() if "signature" in line]
    assert about == [
        "NOTE: the signatures under the statement were not checked: no keys were given"
    ]
    assert "sealed file" not in alone.stdout


CARRIED = '<script id="proof-data" type="application/json">{}</script>'


def saved_page(carried: str) -> bytes:
    """A page like the saved one: something before the proof, something behind it."""
    head = "\n\n<!DOCTYPE html>\n<html><head><title>1 &lt; 2</title></head><body>"
    return f"{head}\n{carried}\n<script>'proof-data'</script></body></html>\n".encode()


def as_data(facts: object) -> str:
    """The facts as `json_script` writes them into a page."""
    text = json.dumps(facts)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04X}")
    return text


def test_the_saved_page_is_as_good_as_the_json(tmp_path):
    """N01: players keep the page; the program takes the proof out, and believes nothing else."""
    path = written(tmp_path, page=saved_page(CARRIED.format(as_data(proof()))))["page"]
    ring = written(tmp_path, keys=pieces.key_file())["keys"]

    done = run("proof", path, "--keys", ring)

    assert told(done) == SEALED
    assert "NOTE: the proof was taken out of its page" in done.stdout
    altered = as_data(proof(line=TICKETS[2].replace("x3", "x4")))
    last = check(tmp_path, "proof", saved_page(CARRIED.format(altered)))
    assert "does not lead from this ticket to the root" in last


@pytest.mark.parametrize(
    ("carried", "failure"),
    [
        ("", "FAIL: this page carries no proof: give the page that “Save the proof” saved"),
        (CARRIED.format("{}") * 2, "FAIL: this page carries more than one proof"),
        (CARRIED.format("{}<!--"), "FAIL: the proof in this page is cut off, or not as it was"),
        (CARRIED.format("{")[:55], "FAIL: the proof in this page is cut off, or not as it was"),
        (CARRIED.format("{"), "FAIL: the proof is not JSON"),
        (CARRIED.format("{}"), "FAIL: the proof has no “format”"),
    ],
)
def test_a_page_without_one_whole_proof_is_a_sentence(tmp_path, carried, failure):
    assert check(tmp_path, "proof", saved_page(carried)).startswith(failure)


def test_a_page_in_place_of_a_receipt_says_what_to_give(tmp_path):
    page = saved_page(CARRIED.format(as_data(proof())))

    assert "give the receipt as JSON" in check(tmp_path, "receipt", page)


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"line": TICKETS[2].replace("x3", "x4")}, "does not lead from this ticket to the root"),
        ({"line": TICKETS[1]}, "does not lead from this ticket to the root"),
        ({"serial": 2}, "does not lead from this ticket to the root"),
        ({"serial": 0}, "“serial” is not a whole number"),
        ({"size": 7}, "the statement names another number of tickets"),
        ({"root": "0" * 64}, "its root is not that of the statement"),
        ({"path": []}, "does not lead from this ticket to the root"),
        ({"path": ["x"]}, "something that is no hash"),
        ({"draw": "ssq-2026111"}, "are not of one draw"),
        ({"line": "nothing"}, "the ticket line is not one of a sealed file"),
    ],
)
def test_a_changed_digit_of_a_proof_fails(tmp_path, changed, failure):
    """N01: the ticket, its place, the path, the root."""
    assert failure in check(tmp_path, "proof", proof(**changed))


def test_a_proof_under_a_statement_of_ones_own_fails_with_keys(tmp_path):
    stranger = Signer("OPERATIONS", b"s" * 32)
    members = Draw(operations=stranger).members()
    signatures = json.loads(members["signatures.json"])["signatures"]

    last = check(tmp_path, "proof", proof(signatures=signatures), keys=pieces.key_file())

    assert f"no OPERATIONS key “{stranger.key_id}” is known" in last


# A receipt.


def receipt(signer: Signer = RECEIPT, **changed: object) -> dict[str, object]:
    line = TICKETS[0]
    leaf = pieces.leaf(line.encode()).hex()
    text = f"receipt/1\n{line.split(chr(9))[2]} {leaf}\nThis ticket is in the draw it names."
    return {
        "format": "receipt/1",
        "algorithm": "Ed25519",
        "key_id": signer.key_id,
        "public_key": base64.b64encode(signer.public).decode(),
        "line": line,
        "leaf": leaf,
        "signed_text": text,
        "signature": base64.b64encode(signer.key.sign(text.encode())).decode(),
        "how_to_check": ["…"],
        **changed,
    }


def test_a_receipt_passes_and_says_where_the_key_came_from(tmp_path):
    path = tmp_path / "receipt.json"
    path.write_bytes(pieces.canonical(receipt()))

    alone, known = (
        run("receipt", path),
        run("receipt", path, "--keys", written(tmp_path, keys=pieces.key_file())["keys"]),
    )

    assert told(known) == "PASS: the receipt is signed by a published key"
    assert told(alone).endswith("not proved: that this key is a published one (give --keys)")
    assert "NOTE: the key was taken from the receipt itself" in alone.stdout
    assert f"signed by a published key, {RECEIPT.key_id}" in known.stdout


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"line": TICKETS[0].replace("+07", "+08")}, "the leaf is not that of its ticket line"),
        ({"leaf": hashlib.sha256(b"").hexdigest()}, "the leaf is not that of its ticket line"),
        ({"signed_text": "receipt/1\n"}, "the signed text is not about this ticket"),
        ({"signature": base64.b64encode(bytes(64)).decode()}, "the signature does not fit"),
        ({"algorithm": "none"}, "its algorithm is not known"),
    ],
)
def test_a_changed_digit_of_a_receipt_fails(tmp_path, changed, failure):
    """F046."""
    assert failure in check(tmp_path, "receipt", receipt(**changed))


def test_a_receipt_by_another_key_fails_against_the_published_ones(tmp_path):
    facts = receipt(Signer("RECEIPT", b"f" * 32))

    assert check(tmp_path, "receipt", facts).startswith("PASS: the signature fits the key in the")
    last = check(tmp_path, "receipt", facts, keys=pieces.key_file(KEYS))
    assert last == "FAIL: the receipt: its key is not among the published receipt keys"


def test_other_roles_do_not_sign_receipts(tmp_path):
    facts = receipt(Signer("RECEIPT", INDEPENDENT.seed))

    assert "not among the published" in check(tmp_path, "receipt", facts, keys=pieces.key_file())


# Hostile files.


@pytest.mark.parametrize("command", ["kit", "proof", "receipt"])
@pytest.mark.parametrize("place", ["/nonexistent", "/", "/dev/null", "/dev/zero"])
def test_what_is_no_such_file_is_a_sentence(command, place):
    assert told(said(command, place)).startswith("FAIL: ")


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert told(run("kit", tmp_path / "pipe")).endswith(" is not a file")


def test_any_file_is_a_sentence(request, tmp_path):
    whole = {
        "proof": pieces.canonical(proof()),
        "page": saved_page(CARRIED.format(as_data(proof()))),
        "receipt": pieces.canonical(receipt()),
    }
    reads = {
        "proof": pieces.part("proofs").check_ticket_proof,
        "page": pieces.part("proofs").check_ticket_proof,
        "receipt": pieces.part("proofs").check_receipt,
    }
    ring = pieces.part("keys").read_keys(pieces.key_file(), what="keys")
    wrong = pieces.part("strict").Wrong

    @brute_force.random_cases(request, ordinary=200, deep=20_000)
    @given(
        st.sampled_from(["proof", "page", "receipt"]),
        st.integers(0, 3_000),
        st.integers(0, 8),
        st.one_of(st.binary(max_size=8), st.sampled_from([b"\\ud800", b"null", b"[]", b"1e9"])),
    )
    def try_one(command, start, length, new):
        raw = whole[command]
        start %= len(raw)
        altered = raw[:start] + new + raw[start + length :]
        try:
            reads[command](altered, ring)
        except wrong:
            return

    try_one()
