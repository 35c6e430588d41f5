"""The witness and who stands between: one log, whole lines, and answers signed by its key, now."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from audit import log, notes, sequencing, tree, witnesses
from audit.witness import duties
from audit.witness import notes as its_notes
from audit.witness.book import Book, BookDamaged, Refusal
from lottery_portal.lib.db import database_time
from sales import rolling
from sales.models import RollingCheck
from tests import make, make_draws, witness
from tests.audit.witness_shown import LEAVES, LOG_PUBLIC, OWN, asked, b64, journal
from tests.tamper import hands, house

FULL = """
import json, resource, signal, sys
from pathlib import Path
from audit.witness.book import Book
book = Book(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
book.write("refused", difference="a", shown="")
size = (Path(sys.argv[1]) / "witness.jsonl").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
try:
    book.write("refused", difference="b", shown="")
    print("written")
except OSError:
    print("not written")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
book.write("refused", difference="c", shown="")
"""


def test_it_signs_the_checkpoints_of_one_log_only(tmp_path):
    """N13: under another name, the log's own key could have another history signed."""
    book = Book(tmp_path / "witness")
    book.pin(notes.ORIGIN, b64(LOG_PUBLIC))
    book.pin("portal/2", b64(LOG_PUBLIC))
    duties.checkpoint(book, asked(0, 5))
    root = tree.root_of(LEAVES[7:10])
    text = notes.checkpoint_text(size=3, root=root, before=notes.NOTHING_BEFORE, origin="portal/2")
    other = {
        "old_size": 0,
        "proof": [],
        "checkpoint": notes.signed(text, key=OWN, name="portal/2"),
    }

    with pytest.raises(Refusal, match="another log is known"):
        duties.checkpoint(book, other)

    kept = journal(book)[-1]
    assert (kept["what"], kept["shown"]) == ("refused", other["checkpoint"])
    assert list(book.logs) == [notes.ORIGIN]
    duties.checkpoint(book, asked(5, 9))
    book.close()


def test_a_full_disk_takes_a_whole_line_or_none(tmp_path):
    """N13: half a line is neither answered for nor left for the next to be written behind."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", FULL, str(tmp_path / "witness")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "not written\n"
    lines = (tmp_path / "witness" / "witness.jsonl").read_text().splitlines()
    assert [json.loads(line)["difference"] for line in lines] == ["a", "c"]
    Book(tmp_path / "witness").close()


def test_a_line_that_is_none_keeps_it_from_starting(tmp_path):
    book = Book(tmp_path / "witness")
    book.write("refused", difference="a", shown="")
    book.close()
    (tmp_path / "witness" / "state.json").unlink()
    with (tmp_path / "witness" / "witness.jsonl").open("a") as file:
        file.write("half a line and another\n")

    with pytest.raises(BookDamaged, match="is none of ours"):
        Book(tmp_path / "witness")


@contextmanager
def somebody_else(settings: Any, *said: dict[str, Any]) -> Iterator[None]:
    """Another server at the witness's address, which answers everything with this, in turn."""
    answers = list(said)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            raw = json.dumps(answers.pop(0) if len(answers) > 1 else answers[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.WITNESS_URL = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.django_db(transaction=True)
def test_nobody_else_cosigns_in_the_place_of_the_witness(settings):
    """N13: a row that is once cosigned stays, so what is no cosignature is not kept."""
    make_draws.sold([make.single(1, 2, 3, 4, 5, 6, blue=7)])
    sequencing.run_all()
    line = "— witness/independent-00000000 " + b64(b"x" * 76) + "\n"

    with (
        somebody_else(settings, {"cosignature": line}),
        pytest.raises(witnesses.WitnessRefuses, match="not signed by its key"),
    ):
        sequencing.cosign_latest(now=database_time())

    newest = log.latest()
    assert newest is not None
    assert newest.cosigned_text is None


@pytest.mark.django_db(transaction=True)
def test_an_old_cosignature_does_not_say_that_the_witness_agrees_today(settings):
    """N13: after a restore of an older state its own cosignature is at hand, the witness is not."""
    make_draws.sold([make.single(1, 2, 3, 4, 5, 6, blue=7)])
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    newest, book = log.latest(), witness.running().book
    assert newest is not None
    note = its_notes.read(newest.text)
    second = int((database_time() - sequencing.FRESH).timestamp()) - 1
    old = its_notes.cosign(note, name=book.name, key=book.key, second=second)
    new = its_notes.cosign(note, name=book.name, key=book.key, second=second + 60)

    with somebody_else(settings, {"cosignature": new}, {"cosignature": old}):
        sequencing.confirm_latest(now=database_time())
        with pytest.raises(witnesses.WitnessRefuses, match="not signed by its key, now"):
            sequencing.confirm_latest(now=database_time())


@pytest.mark.django_db(transaction=True)
def test_nobody_else_takes_down_what_was_sold(settings, tmp_path):
    """F060: an interval counts when the witness's own key signed what it was told."""
    settings.STATE_DIR = tmp_path
    draw = make_draws.sold([make.single(1, 2, 3, 4, 5, 6, blue=7)])
    house.caught_up()
    with hands.hand(hands.APP) as app:
        (key,) = hands.first(app, "SELECT key_id FROM audit_signingkey WHERE role = 'INDEPENDENT'")
    said = {
        "key_id": key, "algorithm": "Ed25519", "signature": b64(b"7" * 64), "text": "",
        "root": "0" * 64,
    }  # fmt: skip

    with somebody_else(settings, said), pytest.raises(witnesses.WitnessRefuses, match="its key"):
        rolling.check(draw=draw, now=database_time())

    assert not RollingCheck.objects.filter(told_at__isnull=False).exists()
