"""The witness of the log: it cosigns what it can check and keeps the evidence (N13)."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit import keys, notes, tree
from audit.witness import duties, merkle
from audit.witness import notes as its_notes
from audit.witness.book import Book, KeyUnknown, Refusal
from audit.witness.server import Server
from tests.audit.witness_shown import LEAVES, LOG, LOG_PUBLIC, OWN, asked, b64, journal, note


def test_the_key_of_a_signature_line_is_the_one_of_the_signed_note_format():
    """C2SP signed-note, by hand: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4] ‖ signature."""
    text = "example.com/log\n3\n" + b64(b"r" * 32) + "\n"
    made = notes.signed(text, key=OWN, name="example.com/log")

    named = hashlib.sha256(b"example.com/log\n\x01" + LOG_PUBLIC).digest()[:4]
    expected = f"{text}\n— example.com/log {b64(named + LOG.sign(text.encode()))}\n"
    assert made == expected
    read = its_notes.read(made)
    assert (read.origin, read.size, read.root) == ("example.com/log", 3, b"r" * 32)
    assert its_notes.is_signed(read, public=LOG_PUBLIC)


def test_a_cosignature_is_the_one_of_the_cosignature_format(book):
    """C2SP tlog-cosignature: kind 0x04, eight bytes of time, signature over time and text."""
    said = duties.checkpoint(book, asked(0, 5))

    dash, name, packed = said["cosignature"].strip().split(" ")
    raw = base64.b64decode(packed)
    assert (dash, name) == ("—", f"witness/{book.key_id}")
    assert raw[:4] == hashlib.sha256(f"{name}\n\x04".encode() + book.public).digest()[:4]
    (second,) = struct.unpack(">Q", raw[4:12])
    text = note(5).rpartition("\n\n")[0] + "\n"
    Ed25519PublicKey.from_public_bytes(book.public).verify(
        raw[12:], f"cosignature/v1\ntime {second}\n{text}".encode()
    )
    at = notes.cosigned_at(note(5) + said["cosignature"], public=book.public, name=book.name)
    assert at is not None
    assert at.timestamp() == pytest.approx(second)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a\n1\n",
        note(3).replace("\n3\n", "\n03\n"),
        note(3)[:-1],
        note(3).replace("— ", "- "),
        note(3).replace("\n\n", "\n"),
    ],
)
def test_a_note_has_one_spelling_only(text):
    with pytest.raises(its_notes.Unreadable):
        its_notes.read(text)


@pytest.mark.parametrize(("old", "new"), [(0, 1), (1, 2), (3, 7), (4, 8), (255, 256), (256, 700)])
def test_its_own_tree_agrees_with_ours(old, new):
    """Written twice, by different ways: a proof of one convinces the other, and a wrong one not."""
    proof = tree.consistency_path(old=old, new=new, levels=tree.Kept(LEAVES))
    growing = merkle.Growing()
    growing.add_many(LEAVES[:old])
    before = growing.root()
    growing.add_many(LEAVES[old:new])
    after = growing.root()

    assert (before, after) == (tree.root_of(LEAVES[:old]), tree.root_of(LEAVES[:new]))
    given = {"old": old, "old_root": before, "new": new, "new_root": after}
    assert merkle.grew(**given, proof=proof)
    assert not merkle.grew(**given, proof=[*proof, after])
    assert not old or not merkle.grew(**{**given, "new_root": before}, proof=proof)
    if proof:
        assert not merkle.grew(**given, proof=proof[:-1])
        assert not merkle.grew(**given, proof=[before, *proof[1:]])


def test_it_follows_a_log_that_only_grows_over_its_own_restarts(book, tmp_path):
    duties.checkpoint(book, asked(0, 5))
    duties.checkpoint(book, asked(5, 300))
    book.close()
    again = Book(tmp_path / "witness")
    duties.checkpoint(again, asked(300, 301))
    assert again.public == book.public
    assert again.logs[notes.ORIGIN].size == 301
    (tmp_path / "witness" / "state.json").unlink()
    again.close()
    from_the_file = Book(tmp_path / "witness")
    (tmp_path / "witness" / "state.json").unlink(missing_ok=True)

    assert from_the_file.logs[notes.ORIGIN].size == 301
    from_the_file.close()
    book.__init__(tmp_path / "witness")


FORGED = [*LEAVES[:3], tree.leaf(b"forged"), *LEAVES[4:]]
STRANGER = Ed25519PrivateKey.from_private_bytes(b"0" * 32)


@pytest.mark.parametrize(
    ("what", "difference"),
    [
        ("forged", "not signed by the key of this log"),
        ("back", "the log went back"),
        ("fork", "another log of the same size"),
        ("relinked", "another checkpoint of the same size"),
        ("rewritten", "the log did not only grow"),
    ],
)
def test_a_forged_a_rolled_back_and_a_forked_log_are_refused_and_the_evidence_is_kept(
    book, what, difference
):
    """N13: what the log's own key signed against itself is kept, both sides of it."""
    duties.checkpoint(book, asked(0, 10))
    stranger = keys.OwnKey(
        role="LOG",
        key_id="log-y",
        algorithm=keys.ED25519,
        public=STRANGER.public_key().public_bytes_raw(),
        sign=STRANGER.sign,
    )
    shown = {
        "forged": asked(10, 12, checkpoint=note(12, key=stranger)),
        "back": asked(5, 9),
        "fork": asked(5, 10, FORGED),
        "relinked": asked(10, 10, checkpoint=note(10, before="1" * 64)),
        "rewritten": asked(10, 20, FORGED),
    }[what]

    with pytest.raises(Refusal, match=difference):
        duties.checkpoint(book, shown)

    kept = journal(book)[-1]
    assert kept["what"] == "refused"
    assert kept["difference"] == difference
    assert kept["shown"] == shown["checkpoint"]
    assert kept["known"] == note(10)
    assert book.logs[notes.ORIGIN].size == 10
    duties.checkpoint(book, asked(10, 20))


def test_a_log_whose_key_nobody_told_it_is_cosigned_by_nobody(tmp_path):
    """N13: a key is never believed because a log shows it first."""
    opened = Book(tmp_path / "new")

    with pytest.raises(Refusal, match="nobody said by which key this log signs"):
        duties.checkpoint(opened, asked(0, 5))

    assert opened.logs == {}
    opened.close()


def test_another_key_of_a_log_is_its_operators_word(book, tmp_path):
    """N13: the key stays over restarts; with the operator's word the log goes on under the new."""
    duties.checkpoint(book, asked(0, 5))
    stranger = keys.OwnKey(
        role="LOG",
        key_id="log-y",
        algorithm=keys.ED25519,
        public=STRANGER.public_key().public_bytes_raw(),
        sign=STRANGER.sign,
    )
    under_another = asked(5, 12, checkpoint=note(12, key=stranger))
    book.close()
    book.__init__(tmp_path / "witness")
    with pytest.raises(KeyUnknown, match="is known by the key"):
        book.pin(notes.ORIGIN, b64(stranger.public))
    with pytest.raises(Refusal, match="not signed by the key of this log"):
        duties.checkpoint(book, under_another)

    book.pin(notes.ORIGIN, b64(stranger.public), may_change=True)

    assert duties.checkpoint(book, under_another)["cosignature"]
    assert [one["what"] for one in journal(book)] == [
        "pin", "checkpoint", "refused", "pin", "checkpoint",
    ]  # fmt: skip
    with pytest.raises(Refusal, match="not signed by the key of this log"):
        duties.checkpoint(book, asked(12, 20))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "must say by which key"),
        (["--log-key", b64(STRANGER.public_key().public_bytes_raw())], "is known by the key"),
        (["--log-key", "x"], "no public key"),
    ],
)
def test_it_does_not_start_without_the_key_it_was_told(tmp_path, options, said):
    """N13: neither for the first time without any, nor later with another."""
    directory = tmp_path / "started"
    if options and options[1] != "x":
        opened = Book(directory)
        opened.pin(notes.ORIGIN, b64(LOG_PUBLIC))
        opened.close()
    command = [sys.executable, "-m", "audit.witness", "--directory", str(directory), "--port", "0"]

    done = subprocess.run(  # noqa: S603 - our own program
        command + options, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_proof_from_elsewhere_is_answered_with_what_it_knows_and_the_same_is_cosigned_again(book):
    duties.checkpoint(book, asked(0, 10))

    with pytest.raises(Refusal) as refused:
        duties.checkpoint(book, asked(5, 20))

    assert refused.value.facts["size"] == 10
    assert duties.checkpoint(book, asked(10, 10))["cosignature"]
    assert [one["what"] for one in journal(book)] == ["pin", "checkpoint"]


def test_a_client_that_hangs_up_costs_one_line_and_no_import(book, capsys, monkeypatch):
    """N13: the witness gave up the rights to read its own programs; nothing is imported late."""
    monkeypatch.setitem(sys.modules, "traceback", None)  # as if it could not be read
    server = serving(book)
    with socket.create_connection(("127.0.0.1", server.server_address[1])) as line:
        line.sendall(b"POST /checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        # Closed without a farewell: the other side is told by a reset.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    said = first_line(capsys)

    assert said.startswith("A client went away: ConnectionResetError(")
    answer = HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    answer.request("GET", "/health")
    assert answer.getresponse().status == 200
    answer.close()
    server.shutdown()
    server.server_close()


def test_a_mistake_of_the_witness_is_one_line_that_says_where(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "traceback", None)
    server = serving(None)
    with socket.create_connection(("127.0.0.1", server.server_address[1])) as line:
        line.sendall(b"GET /key HTTP/1.1\r\n\r\n")
        said = first_line(capsys)

    assert "/audit/witness/duties.py:" in said
    assert "AttributeError(" in said
    server.shutdown()
    server.server_close()


def serving(book) -> Server:
    """A witness that answers, in a thread."""
    server = Server(("127.0.0.1", 0), book)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def first_line(capsys) -> str:
    """What the witness wrote about an error, which is one whole line."""
    said, pause, until = "", threading.Event(), time.monotonic() + 5
    while not said.endswith("\n") and time.monotonic() < until:
        pause.wait(0.02)
        said += capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said.rstrip()
