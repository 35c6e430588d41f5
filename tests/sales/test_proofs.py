"""The player's proof: there once the seal is public, his alone, checked without our code (N01)."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from audit.models import Alarm, TrailRecord
from games import seals
from games.models import Draw
from lottery_portal.lib import saved_page
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from sales import own_copy, proofs, sealing, tickets
from sales.models import Ticket
from sales.purchase import Order, buy
from sales.templatetags.bet_words import bet_words
from tests import make, make_draws, owner, people

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPTS = Path(django_settings.BASE_DIR) / "static/js"
VERIFIER = Path(django_settings.BASE_DIR) / "audit/verifier"


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path) -> None:
    settings.STATE_DIR = tmp_path


def read(ticket: Ticket) -> tickets.Read:
    found = tickets.find(player_id=ticket.owner_id, code=ticket.code)
    (one,) = tickets.read([found], player_id=ticket.owner_id)
    return one


def sealed_draw(numbers: int = 3, *, real: bool = False) -> tuple[Draw, list[Ticket]]:
    """A draw with so many tickets of one player, sealed, countersigned and published."""
    wallet = numbers * 2_00
    buyer = make.player(wallet=wallet) if real else make.shadow_player(wallet=wallet)
    draw = make.draw() if real else make.shadow_draw()
    sold = [
        make.ticket(buyer, draw, [make.single(1, 2, 3, 4, 5, 6 + at % 28, blue=1 + at % 16)])
        for at in range(numbers)
    ]
    make_draws.closing_soon(draw)
    draw = make.closed(draw)
    return make_draws.publicly_sealed(draw), sold


def strangers_check(proof: dict[str, Any]) -> bool:
    """Everything a proof claims, from its words alone: no code of the house is used here."""

    def sha(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def signed(key_id: str, signature: str, text: str) -> bool:
        (key,) = [one for one in proof["keys"] if one["key_id"] == key_id]
        public = base64.b64decode(key["public_key"])
        if key["key_id"].partition("-")[2] != hashlib.sha256(public).hexdigest()[:8]:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(
                base64.b64decode(signature), text.encode()
            )
        except InvalidSignature:
            return False
        return True

    line = proof["line"].encode()
    found, at, last = sha(b"\x00" + line), proof["serial"] - 1, proof["size"] - 1
    for step in map(bytes.fromhex, proof["path"]):
        if at % 2 or at == last:
            found = sha(b"\x01" + step + found)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            found = sha(b"\x01" + found + step)
        at, last = at // 2, last // 2
    statement, receipt = json.loads(proof["statement"]), proof["receipt"]
    leaf = sha(b"\x00" + line).hex()
    fields = proof["line"].split("\t")
    return (
        last == 0
        and found.hex() == proof["root"] == statement["root"]
        and statement["tickets"] == proof["size"]
        and statement["draw"] == proof["draw"] == fields[1]
        and {one["role"] for one in proof["signatures"]} == {"OPERATIONS", "INDEPENDENT"}
        and all(
            signed(one["key_id"], one["signature"], proof["statement"])
            for one in proof["signatures"]
        )
        and receipt["leaf"] == leaf
        and receipt["signed_text"].startswith(f"receipt/1\n{fields[2]} {leaf}\n")
        and signed(receipt["key_id"], receipt["signature"], receipt["signed_text"])
    )


def test_a_proof_comes_with_the_published_seal_and_not_before():
    """N01: before the seal there is the receipt; signed is not yet published."""
    shade = make.shadow_player(wallet=2_00)
    draw = make.shadow_draw()
    sold = make.ticket(shade, draw)
    with pytest.raises(proofs.NotSealedYet):
        proofs.of(read(sold))
    draw = make.closed(draw)
    sealing.seal(draw=draw, now=database_time())
    sealing.countersign(draw=draw, now=database_time())
    with pytest.raises(proofs.NotSealedYet):
        proofs.of(read(sold))

    sealing.publish(draw=draw, now=database_time())

    proof = proofs.of(read(sold))
    assert (proof["serial"], proof["size"], proof["path"]) == (1, 1, [])
    assert strangers_check(proof)


def test_the_proof_is_there_while_nobody_may_read_what_was_sold():
    """N01, N07: it comes from the player's own copy; the sales table shows nothing."""
    draw, sold = sealed_draw()
    assert draw.state == "SEALED"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sales_selection WHERE draw_id = %s", [draw.pk])
        assert cursor.fetchone() == (0,)

    assert all(strangers_check(proofs.of(read(one))) for one in sold)
    assert proofs.report(read(sold[0]), now=database_time()) == ""  # of a good one
    assert not Alarm.objects.exists()


@pytest.mark.thorough
def test_every_ticket_of_a_draw_of_any_size_has_its_place():
    """N01: serials without a gap, each with its own way to the one root."""
    for numbers in (1, 2, 3, 4, 5, 7, 8, 9):
        _draw, sold = sealed_draw(numbers)

        found = [proofs.of(read(one)) for one in sold]

        assert [proof["serial"] for proof in found] == list(range(1, numbers + 1))
        assert len({proof["root"] for proof in found}) == 1
        assert all(strangers_check(proof) for proof in found)


def test_an_altered_ticket_has_no_way_to_the_root():
    """N01: changed by the owner's own hand after the seal; a report of it raises one alarm."""
    _draw, sold = sealed_draw()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_receipt DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE sales_receipt SET copy = %s WHERE ticket_id = %s",
            [
                own_copy.close(
                    ticket=sold[1].code, line=read(sold[1]).line.replace(b"|x1|", b"|x9|")
                ),
                sold[1].pk,
            ],
        )

    altered = read(sold[1])

    assert not strangers_check(proofs.of(altered))
    assert strangers_check(proofs.of(read(sold[0])))
    code = proofs.report(altered, now=database_time())
    alarm = Alarm.objects.get(code=code)
    assert (alarm.kind, alarm.object_code) == ("sales.proof_fails", altered.ticket.code)
    assert proofs.report(altered, now=database_time()) == code
    assert TrailRecord.objects.filter(action="audit.alarm_raised").count() == 1


def test_the_owner_saves_his_proof_and_it_needs_nothing_but_itself(tmp_path):
    """N01, F046: page and file are his alone, nothing is fetched, the auditors' program takes it.

    Without the tree it is said that there is none now.
    """
    draw, sold = sealed_draw(real=True)
    client = people.behind(read(sold[0]).ticket.owner.user)

    it_is_its_owners_alone(client, sold[0])
    it_needs_nothing_but_itself(client, sold[0])
    the_program_of_the_kit_takes_it(client, draw, sold[0], tmp_path)
    a_lost_tree_is_said(client, draw, sold[0])


def it_is_its_owners_alone(mine: Client, sold: Ticket) -> None:
    """For everybody else there is no such address."""
    stranger = people.behind(make.player("另一人").user)
    for name in ("proof.json", "proof.html"):
        address = f"/tickets/{sold.code}/{name}"
        assert mine.get(address).status_code == 200
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"/tickets/{sold.code}/proof/report/").status_code == 404
    assert mine.get(f"/tickets/{sold.code}/proof/report/").status_code == 405


def it_needs_nothing_but_itself(client: Client, sold: Ticket) -> None:
    """No address in the saved page is fetched, and its policy forbids to fetch any."""
    answer = client.get(f"/tickets/{sold.code}/proof.html")

    page = answer.content.decode()
    assert answer["Content-Disposition"] == f'attachment; filename="proof-{sold.code}.html"'
    assert not re.findall(r'(?:src|href)="(?!https?://|#)[^"]*"', page)
    assert not re.findall(r"<(?:link|img|iframe)\b|url\(|@import", page)
    (policy,) = re.findall(r'Content-Security-Policy"\s+content="([^"]*)"', page)
    for kind in ("script", "style"):
        (inline,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    data = re.search(r'<script id="proof-data" type="application/json">(.*?)</script>', page)
    assert data is not None
    assert strangers_check(json.loads(data[1]))


def the_program_of_the_kit_takes_it(client: Client, draw: Draw, sold: Ticket, at: Path) -> None:
    """Players keep the page, not the JSON; the stand-alone verifier reads it out of there."""
    (at / "proof.html").write_bytes(client.get(f"/tickets/{sold.code}/proof.html").content)
    (at / "keys.json").write_bytes(seals.downloads(seals.of(draw)).keys)

    command = [sys.executable, "-I", str(VERIFIER), "proof", "proof.html", "--keys", "keys.json"]
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)  # noqa: S603 - our own program

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("PASS: the ticket is in the sealed file")
    assert sold.code in done.stdout


def a_lost_tree_is_said(client: Client, draw: Draw, sold: Ticket) -> None:
    """A page with a proof that is not there would be worse than none."""
    sealing.tree_of(seals.of(draw)).unlink()
    with pytest.raises(proofs.ProofOutOfReach):
        proofs.of(read(sold))

    client.cookies["language"] = "en"
    page = client.get(f"/tickets/{sold.code}/")
    assert page.status_code == 200
    assert "The proof cannot be fetched now" in page.content.decode()
    assert client.get(f"/tickets/{sold.code}/proof.json").status_code == 404


def test_the_saved_page_has_the_styles_of_every_page():
    """All that the base page links, but those for header and footer, for forms and printing."""
    base = (Path(django_settings.BASE_DIR) / "templates/base.html").read_text()

    linked = re.findall(r'static "css/([a-z]+\.css)"', base)

    left_out = {"frame.css", "controls.css", "print.css"}
    assert [one for one in linked if one not in left_out] == [*saved_page.STYLES]


def test_a_proof_shows_the_numbers_of_any_bet_as_its_rule_has_them():
    """N01: which place is blue, which numbers are digits or words, is read off the rule."""
    words = html.unescape(bet_words())
    places = {
        mark: json.loads(told)
        for mark, told in re.findall(r'data-word="bet-([a-z0-9_-]+)" data-places="(.+?)">', words)
    }

    def blue(mark: str) -> list[bool]:
        return [place["isBlue"] for place in places[mark]]

    assert blue("ssq-single") == [False, True]
    assert blue("pl3-group3") == [False, False]
    assert blue("qxc-single") == [False] * 6 + [True]
    assert [place["showsName"] for place in places["fc3d-group3"]] == [True, True]
    assert [place["isDigit"] for place in places["fc3d-straight"]] == [True] * 3
    assert list(places["fc3d-big_small"][0]["words"]) == ["1", "2"]
    assert "isBlue" in (SCRIPTS / "proof-page.js").read_text()


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("proof.js", 8 << 10),
        ("proof-signature.js", 8 << 10),
        ("proof-check.js", 8 << 10),
        ("proof-page.js", 12 << 10),
    ],
)
def test_the_scripts_are_small_and_stand_alone(name, most):
    """N01: short enough to be read, nothing loaded, nothing made from text."""
    text = (SCRIPTS / name).read_text()

    assert len(text.encode()) <= most
    for word in ("import ", "require(", "eval(", "new Function", "innerHTML", "XMLHttpRequest"):
        assert word not in text
    if name != "proof-page.js":
        assert "fetch(" not in text
        assert "http" not in text.replace("https://", "http") or "://" not in text


def many(draw: Draw, numbers: int) -> list[Ticket]:
    """So many tickets of one draw, bought twenty at a time through the door."""
    shade = make.shadow_player(wallet=numbers * 2_00)
    for first in range(0, numbers, 20):
        picks = [
            make.single(*sorted((at * step) % 31 + 1 for step in range(1, 7)), blue=at % 16 + 1)
            for at in range(first, first + 20)
            if at % 31
        ]
        picks += [make.single(blue=at + 1) for at in range(20 - len(picks))]
        buy(
            player=shade,
            orders=[Order(draw=draw, selections=[pick]) for pick in picks],
            request_key=uuid7(),
            channel="drill",
            now=database_time(),
        )
    return list(Ticket.objects.filter(draw=draw).order_by("pk"))


# The auditors' program, asked about many files by one process; isolated, without the house.
ASK = """
import contextlib, io, sys
sys.path.insert(0, sys.argv[1])
from verifier.command import main
for name in sys.argv[3:]:
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as said:
        code = main(["proof", name, "--keys", sys.argv[2]])
        said.seek(0)
        told = said.read().splitlines()[-1]
    print(name, code, told)
"""


@pytest.mark.slow
@pytest.mark.thorough
def test_tickets_chosen_at_random_are_proved_without_our_code(tmp_path, full, deep):
    """N01: by a stranger's short script and by the auditors' program; an altered one by neither.

    In the full run 200 of 1,000 tickets, in the long run 1,000 of 10,000.
    """
    numbers, sample = (10_000, 1_000) if deep else (1_000, 200) if full else (300, 60)
    draw = make.shadow_draw(closes_in=timedelta(hours=1))
    sold = many(draw, numbers)
    make_draws.closing_soon(draw)
    draw = make_draws.publicly_sealed(make.closed(draw))
    chosen = [at * 7_919 % numbers for at in range(sample)]  # all over the file, none twice

    found = {at: proofs.of(read(sold[at])) for at in chosen}

    assert [proof["serial"] for proof in found.values()] == [at + 1 for at in chosen]
    assert all(strangers_check(proof) for proof in found.values())
    doubled = {at: found[at]["line"].replace("|x1|", "|x2|") for at in chosen}
    altered = {at: {**found[at], "line": doubled[at]} for at in chosen}
    assert not any(strangers_check(proof) for proof in altered.values())

    (tmp_path / "keys.json").write_bytes(seals.downloads(seals.of(draw)).keys)
    for at in chosen:
        (tmp_path / f"{at}.json").write_text(proofs.as_file(found[at]))
        (tmp_path / f"{at}-altered.json").write_text(proofs.as_file(altered[at]))
    good, bad = [f"{at}.json" for at in chosen], [f"{at}-altered.json" for at in chosen[:100]]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", ASK, str(VERIFIER.parent), "keys.json", *good, *bad],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert {answers[name] for name in good} == {
        "0 PASS: the ticket is in the sealed file, under a statement that both keys signed"
    }
    assert {answers[name] for name in bad} == {
        "1 FAIL: the proof does not lead from this ticket to the root of the seal"
    }
    command = [sys.executable, "-I", str(VERIFIER), "proof", good[0], "--keys", "keys.json"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0  # noqa: S603
