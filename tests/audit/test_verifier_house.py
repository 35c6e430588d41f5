"""The verifier before real papers of the house: all of them pass, and none that was altered.

Draws, seals, receipts and the log here come through the doors; the verifier sees files only.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from audit import keys, log, sequencing
from audit.models import Checkpoint
from finance import ledger
from games import seals
from games.models import Draw, SealStatement
from lottery_portal.lib.db import database_time
from prizes import pools
from prizes.models import Prize, TierOutcome
from sales import own_copy, receipts, sealing
from sales.models import Ticket
from tests import make, make_draws
from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_pieces import run
from tests.make_draws import banker, multiple

pytestmark = pytest.mark.django_db(transaction=True)


def tickets() -> list[list[Any]]:
    return [
        [make.single(1, 2, 3, 4, 5, 6, blue=7)],
        [make.single(1, 2, 3, 4, 5, 6, blue=8, multiplier=2), make.single(8, 9, 10, 11, 12, 13)],
        [multiple((1, 2, 3, 4, 5, 6, 7, 8), (7, 9), 3)],
        [banker((1, 2), (3, 4, 20, 21, 22), (7,))],
        [make.single(1, 2, 3, 4, 5, 30, blue=8)],
        [make.single(20, 21, 22, 23, 24, 25, blue=16)],
        [make.single(1, 2, 3, 31, 32, 33, blue=9)],
    ]


def published_keys(folder: Path) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps({"format": "signing-keys/1", "keys": as_kept()}), encoding="utf-8")
    return path


def as_kept() -> list[dict[str, Any]]:
    return [{**key, **{name: spelt(key[name]) for name in MOMENTS}} for key in keys.published()]


MOMENTS = ("valid_from", "revoked_at")


def spelt(moment: str) -> str | None:
    if not moment:
        return None
    whole = moment.replace("+00:00", "").removesuffix("Z")
    seconds, _dot, rest = whole.partition(".")
    return f"{seconds}.{rest:0<6}Z"


def seal_papers(folder: Path, statement: SealStatement, draw: Draw) -> list[object]:
    papers = seals.downloads(statement)
    written = {
        "statement": papers.statement,
        "signatures": papers.signatures,
        "keys": papers.keys,
        "sheet": draw.rule.sheet.encode(),
    }
    options: list[object] = ["--sealed", sealing.file_of(statement)]
    for name, raw in written.items():
        (folder / name).write_bytes(raw)
        options += [f"--{name}", folder / name]
    return options


@pytest.mark.thorough
def test_a_settled_draw_counted_again_from_its_papers_is_the_same(tmp_path):
    """F071, N04: sealed file, sheet and input only; lines, prices, winners and sums to the fen."""
    draw = make_draws.confirmed(*tickets())
    statement = seals.of(draw)
    pool_before = ledger.balance(pools.pool_of(draw.game))
    make_draws.settled(draw)
    papers = seal_papers(tmp_path, statement, draw)
    (tmp_path / "input").write_bytes(
        pieces.canonical(
            {
                "format": "settlement-input/1",
                "draw": draw.code,
                "numbers": draw.result.numbers,
                "special_on": False,
                "pool_before_fen": pool_before,
            }
        )
    )

    counted = run(
        "count", *papers[:2], *papers[-2:], "--input", tmp_path / "input", "--out", tmp_path / "out"
    )

    assert (counted.returncode, counted.stderr) == (0, "")
    rows = [line.split("\t") for line in (tmp_path / "out").read_text("ascii").splitlines()]
    assert rows[0][2:6] == [draw.code, draw.rule.code, draw.rule.digest, statement.root]
    assert {(int(row[1]), int(row[2]), int(row[3])) for row in rows if row[0] == "tier"} == set(
        TierOutcome.objects.values_list("tier", "winners", "prize")
    )
    assert [(row[1], int(row[3])) for row in rows if row[0] == "won"] == list(
        Prize.objects.order_by("ticket_id").values_list("ticket__code", "amount")
    )


def test_a_seal_of_the_house_passes(tmp_path):
    """F230: the files as they are published, both signatures, all figures."""
    draw = make_draws.sealed(make_draws.sold(*tickets()))

    done = run("seal", *seal_papers(tmp_path, seals.of(draw), draw))

    assert done.returncode == 0, done.stdout
    assert f"root {seals.of(draw).root}" in done.stdout


def test_a_sealed_file_of_the_house_with_one_digit_altered_fails(tmp_path):
    draw = make_draws.sealed(make_draws.sold(*tickets()))
    options = seal_papers(tmp_path, seals.of(draw), draw)
    raw = Path(str(options[1])).read_bytes()
    options[1] = tmp_path / "altered"
    (tmp_path / "altered").write_bytes(raw.replace(b"24,25+16", b"24,25+15"))

    done = run("seal", *options)

    assert done.returncode == 1
    assert "“file_digest”" in done.stdout.splitlines()[-1]


def test_a_receipt_of_the_house_passes_and_a_changed_digit_fails(tmp_path):
    """F046."""
    alice = make.alice()
    bought = make.ticket(alice, make.draw())
    line = own_copy.line_of(Ticket.objects.get(pk=bought.pk), player_id=alice.pk)
    claim = receipts.of(bought, line=line)
    path = tmp_path / "receipt.json"
    path.write_text(receipts.package(claim, line=line, key=bought.receipt.key_id), encoding="utf-8")

    good = run("receipt", path, "--keys", published_keys(tmp_path))
    path.write_text(path.read_text("utf-8").replace("|x1|", "|x2|"), encoding="utf-8")
    altered = run("receipt", path)

    last = good.stdout.splitlines()[-1]
    assert last == "PASS: the receipt is signed by a published key", good.stdout
    assert altered.stdout.splitlines()[-1].startswith("FAIL: the receipt: the leaf is not")


def test_every_ticket_of_a_sealed_draw_has_a_proof_that_passes(tmp_path):
    """N01: made by the house from its kept tree, checked by code that shares nothing with it."""
    draw = make_draws.sealed(make_draws.sold(*tickets()))
    make_draws.drawn(draw)
    statement = seals.of(draw)
    lines = sealing.file_of(statement).read_text("ascii").splitlines()[1:]
    all_keys = published_keys(tmp_path)

    for ticket in Ticket.objects.filter(draw=draw):
        proof = sealing.proof_of(ticket)
        assert proof is not None
        path = tmp_path / "proof.json"
        path.write_bytes(
            pieces.canonical(
                {
                    "format": "ticket-proof/1",
                    "draw": draw.code,
                    "serial": proof.serial,
                    "size": proof.size,
                    "line": lines[proof.serial - 1],
                    "path": [step.hex() for step in proof.path],
                    "root": proof.root.hex(),
                    "statement": statement.statement,
                    "signatures": seals.signatures_of(statement),
                }
            )
        )
        assert ticket.code in lines[proof.serial - 1]
        done = run("proof", path, "--keys", all_keys)
        assert done.stdout.splitlines()[-1].startswith("PASS: the ticket is in the"), done.stdout


@pytest.mark.thorough
def test_the_log_of_the_house_passes_by_proofs_and_by_leaves(tmp_path):
    """F210, N13: two checkpoints, signed and cosigned, and that the log only grew between them."""
    make_draws.sealed(make_draws.sold(*tickets()[:2]))
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    make_draws.sealed(make_draws.sold(*tickets()[2:]))
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    found = list(Checkpoint.objects.filter(cosigned_at__isnull=False).order_by("size"))
    assert len(found) >= 2
    first, last = found[0], found[-1]
    options: list[object] = ["--keys", published_keys(tmp_path)]
    for checkpoint in (first, last):
        path = tmp_path / f"{checkpoint.size}"
        path.write_text(checkpoint.cosigned_text, encoding="utf-8")
        options += ["--checkpoint", path]
    leaves = tmp_path / "leaves"
    leaves.write_bytes(b"".join(leaf for _seq, leaf in log._leaves()))

    done = run("log", *options, "--leaves", leaves)
    leaves.write_bytes(bytes([leaves.read_bytes()[0] ^ 1]) + leaves.read_bytes()[1:])
    altered = run("log", *options, "--leaves", leaves)

    assert done.stdout.splitlines()[-1] == "PASS", done.stdout
    assert altered.stdout.splitlines()[-1].startswith("FAIL: the first ")


def test_the_house_and_the_verifier_name_keys_alike():
    for key in keys.published():
        public = base64.b64decode(key["public_key"])
        assert pieces.part("ed25519").is_key(public)
