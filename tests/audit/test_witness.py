"""The witness: it signs what it can check, refuses the rest, and keeps the evidence (N13, F060)."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit import keys, notes, tree
from audit.witness import duties, merkle
from audit.witness import notes as its_notes
from audit.witness.book import Book, BookDamaged, KeyUnknown, Refusal
from audit.witness.server import Server

LOG = Ed25519PrivateKey.from_private_bytes(b"9" * 32)
LOG_PUBLIC = LOG.public_key().public_bytes_raw()
OWN = keys.OwnKey(
    role="LOG", key_id="log-x", algorithm=keys.ED25519, public=LOG_PUBLIC, sign=LOG.sign
)
LEAVES = [tree.leaf(str(number).encode()) for number in range(700)]
DRAW = "ssq-2026001"


@pytest.fixture
def book(tmp_path):
    opened = Book(tmp_path / "witness")
    opened.pin(notes.ORIGIN, b64(LOG_PUBLIC))
    yield opened
    opened.close()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def note(size: int, leaves=LEAVES, key=OWN, before=notes.NOTHING_BEFORE) -> str:
    text = notes.checkpoint_text(size=size, root=tree.root_of(leaves[:size]), before=before)
    return notes.signed(text, key=key)


def asked(old: int, new: int, leaves=LEAVES, **other):
    proof = tree.consistency_path(old=old, new=new, levels=tree.Kept(leaves[:new]))
    return {
        "old_size": old,
        "proof": [b64(one) for one in proof],
        "checkpoint": note(new, leaves),
        **other,
    }


def journal(book: Book) -> list[dict[str, object]]:
    text = (book.directory / "witness.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


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


def told(number: int, count: int, total: int, *, closing: bool = False, start: int = 0, **other):
    return {
        "draw": DRAW,
        "number": number,
        "log_size": total,
        "tickets": total,
        "stake_fen": total * 200,
        "leaves": b64(b"".join(LEAVES[start : start + count])),
        "cancelled": "",
        "returned_fen": 0,
        "closing": closing,
        **other,
    }


def test_intervals_follow_each_other_without_a_gap_and_end_with_the_closing_one(book):
    """F060: count, stake and root so far, signed by the witness."""
    first = duties.interval(book, told(1, 3, 3))
    assert duties.interval(book, told(1, 3, 3)) == first
    assert first["root"] == tree.root_of(LEAVES[:3]).hex()
    Ed25519PublicKey.from_public_bytes(book.public).verify(
        base64.b64decode(first["signature"]), first["text"].encode()
    )
    for wrong, why in (
        (told(1, 2, 2), "told before"),
        (told(3, 1, 4, start=3), "missing"),
        (told(2, 1, 5, start=3), "does not follow"),
        (told(2, 1, 4, start=3, log_size=1), "log went back"),
        (told(2, 1, 4, start=3, stake_fen=1), "stake went back"),
    ):
        with pytest.raises(Refusal, match=why):
            duties.interval(book, wrong)

    duties.interval(book, told(2, 2, 5, start=3, closing=True))
    with pytest.raises(Refusal, match="closed"):
        duties.interval(book, told(3, 1, 6, start=5))

    assert book.leaves_of(DRAW) == b"".join(LEAVES[:5])


def test_leaves_of_an_interval_that_was_never_answered_are_forgotten(book, tmp_path):
    """Killed between leaves and line: the interval is told again and counts once."""
    duties.interval(book, told(1, 3, 3))
    book.add_leaves(DRAW, b"".join(LEAVES[3:5]))
    with (tmp_path / "witness" / "witness.jsonl").open("ab") as file:
        file.write(b'{"what": "inter')  # cut off while writing
    book.close()

    again = Book(tmp_path / "witness")
    assert again.leaves_of(DRAW) == b"".join(LEAVES[:3])
    assert duties.interval(again, told(2, 2, 5, start=3))["root"] == tree.root_of(LEAVES[:5]).hex()
    again.close()
    book.__init__(tmp_path / "witness")


def test_a_line_of_its_own_file_that_was_changed_is_noticed_at_the_next_start(book, tmp_path):
    duties.interval(book, told(1, 3, 3))
    duties.interval(book, told(2, 2, 5, start=3))
    book.close()
    path = tmp_path / "witness" / "witness.jsonl"
    path.write_text(path.read_text().replace('"stake_fen": 600', '"stake_fen": 601'))
    (tmp_path / "witness" / "state.json").unlink()

    with pytest.raises(BookDamaged, match="does not follow"):
        Book(tmp_path / "witness")

    path.write_text(path.read_text().replace('"stake_fen": 601', '"stake_fen": 600'))
    book.__init__(tmp_path / "witness")


def line(number: int, *, draw: str = DRAW, price: int = 200) -> bytes:
    code = f"{number:017d}"
    return (
        f"1\t{draw}\t{code}\t{'0' * 32}\t{price}\tweb\t{number}\t{'a' * 32}\tsingle|01,02|x1|own"
    ).encode()


def sealed(lines, **other):
    """A sealed file and its statement, as the portal writes them."""
    head = f"sealed-file\t1\t{DRAW}\tr1\t{'d' * 64}".encode()
    file = b"".join(one + b"\n" for one in [head, *lines])
    said = {
        "format": "seal-statement/1",
        "draw": DRAW,
        "rule": "r1",
        "rule_digest": "d" * 64,
        "tickets": len(lines),
        "stake_fen": sum(int(one.split(b"\t")[4]) for one in lines),
        "root": tree.root_of(tree.leaf(one) for one in lines).hex(),
        "previous_root": "",
        "file_digest": hashlib.sha256(file).hexdigest(),
        "file_size": len(file),
        **other,
    }
    return {"statement": json.dumps(said)}, file


LINES = [line(number) for number in range(1, 6)]


def sell(book: Book, lines=LINES, *, closing: bool = True) -> None:
    leaves = b"".join(tree.leaf(one) for one in lines)
    duties.interval(
        book,
        told(1, 0, len(lines), closing=closing, leaves=b64(leaves)),
    )


def in_pieces(file: bytes, size: int = 37):
    return iter([file[at : at + size] for at in range(0, len(file), size)])


def test_it_signs_a_seal_that_has_exactly_the_tickets_it_was_told(book):
    """N04: the second signature is given by who read the file itself."""
    sell(book)
    head, file = sealed(LINES)

    signed = duties.seal(book, head, in_pieces(file))
    again = duties.seal(book, head, in_pieces(file, 1000))

    assert signed == again
    public = Ed25519PublicKey.from_public_bytes(book.public)
    public.verify(base64.b64decode(signed["signature"]), head["statement"].encode())
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signed["signature"]), head["statement"].encode() + b" ")
    other, other_file = sealed(LINES, closed_at="another")
    with pytest.raises(Refusal, match="another statement"):
        duties.seal(book, other, in_pieces(other_file))


WINNER = LINES[2].replace(b"01,02", b"03,04")


@pytest.mark.parametrize(
    ("lines", "other", "differs"),
    [
        ([*LINES[:2], WINNER, *LINES[3:]], {}, f"1 tickets were not told while sold: {3:017d}"),
        ([*LINES, line(9)], {}, f"{9:017d}"),
        (LINES[:-1], {}, "1 tickets that were told are missing"),
        ([*LINES, LINES[0]], {}, f"{1:017d}"),
        (LINES, {"tickets": 6}, "tickets is 5"),
        (LINES, {"stake_fen": 1}, "stake_fen is 1000"),
        (LINES, {"root": "0" * 64}, "root is"),
        (LINES, {"file_digest": "0" * 64}, "file_digest is"),
        (LINES, {"file_size": 1}, "file_size is"),
        (LINES, {"rule": "r2"}, "another draw or rule sheet"),
        ([*LINES[:4], line(5, draw="ssq-2026002")], {}, "1 lines are of another draw"),
    ],
)
def test_a_seal_that_is_not_what_was_sold_is_refused_and_names_the_tickets(
    book, lines, other, differs
):
    """N05: the Shenzhen case: one ticket line carries other numbers than it was sold with."""
    sell(book)
    head, file = sealed(lines, **other)

    with pytest.raises(Refusal) as refused:
        duties.seal(book, head, in_pieces(file))

    assert differs in refused.value.facts["difference"]
    assert journal(book)[-1]["what"] == "refused"
    assert duties.seal(book, *_good())["signature"]


TAKEN_BACK: dict[str, Any] = {"cancelled": b64(tree.leaf(LINES[1])), "returned_fen": 200}


def test_a_seal_without_what_was_taken_back_is_signed_and_with_it_refused(book):
    """F048, F059: a ticket that was told to be taken back is in no sealed file."""
    leaves = b64(b"".join(tree.leaf(one) for one in LINES))
    sold = told(1, 5, 5, leaves=leaves)
    duties.interval(book, sold)
    back = told(2, 0, 5, leaves="", closing=True, **TAKEN_BACK)
    first = duties.interval(book, back)
    assert first["text"].split("\n")[4:8] == ["5", "1000", "1", "200"]
    assert duties.interval(book, back) == first

    for lines in (LINES, [LINES[0], *LINES[2:4]]):
        head, file = sealed(lines)
        with pytest.raises(Refusal):
            duties.seal(book, head, in_pieces(file))
    head, file = sealed([LINES[0], *LINES[2:]])
    assert duties.seal(book, head, in_pieces(file))["signature"]


@pytest.mark.parametrize(
    ("cancelled", "returned_fen", "why"),
    [
        (b64(b"x" * 32), 200, "not told before"),
        (b64(tree.leaf(LINES[1]) * 2), 400, "not told before"),
    ],
    ids=["never sold", "twice"],
)
def test_what_was_never_sold_is_not_taken_back(book, cancelled, returned_fen, why):
    """F059: leaves that nobody told of cannot make room for others."""
    leaves = b64(b"".join(tree.leaf(one) for one in LINES))
    duties.interval(
        book,
        told(1, 5, 5, leaves=leaves, cancelled=cancelled, returned_fen=returned_fen, closing=True),
    )
    head, file = sealed([LINES[0], *LINES[2:]])

    with pytest.raises(Refusal) as refused:
        duties.seal(book, head, in_pieces(file))

    assert why in refused.value.facts["difference"]


@pytest.mark.parametrize("changes", [{"returned_fen": 601}, {"returned_fen": -1}])
def test_more_than_was_sold_is_not_taken_back(book, changes):
    """F059"""
    with pytest.raises(Refusal, match="more is taken back"):
        duties.interval(book, told(1, 3, 3, **changes))
    with pytest.raises(Refusal, match="more is taken back"):
        duties.interval(book, told(1, 1, 1, cancelled=b64(LEAVES[0] + LEAVES[1])))
    assert book.leaves_of(DRAW) == book.cancelled_of(DRAW) == b""


def test_what_was_taken_back_is_remembered_over_a_restart(tmp_path):
    """F059: with the bookmark and without it."""
    first = Book(tmp_path)
    duties.interval(first, told(1, 3, 3, cancelled=b64(LEAVES[1]), returned_fen=200))
    first.close()
    again = Book(tmp_path)
    assert again.cancelled_of(DRAW) == LEAVES[1]
    assert (again.sales[DRAW].cancelled, again.sales[DRAW].returned_fen) == (1, 200)
    again.add_leaves(DRAW, LEAVES[3], LEAVES[2])  # cut off before its line was written
    again.close()
    (tmp_path / "state.json").unlink()
    last = Book(tmp_path)

    assert last.cancelled_of(DRAW) == LEAVES[1]
    assert last.leaves_of(DRAW) == b"".join(LEAVES[:3])
    last.close()


def _good():
    head, file = sealed(LINES)
    return head, in_pieces(file)


def test_a_seal_waits_for_the_closing_interval_and_continues_the_chain_of_roots(book):
    head, file = sealed(LINES)
    with pytest.raises(Refusal, match="not closed"):
        duties.seal(book, head, in_pieces(file))
    sell(book)
    duties.seal(book, head, in_pieces(file))

    following = "ssq-2026002"
    duties.interval(
        book, told(1, 0, 0, closing=True, draw=following, leaves="", stake_fen=0, log_size=9)
    )
    empty = f"sealed-file\t1\t{following}\tr1\t{'d' * 64}\n".encode()
    said = {
        "draw": following,
        "rule": "r1",
        "rule_digest": "d" * 64,
        "tickets": 0,
        "stake_fen": 0,
        "root": tree.EMPTY.hex(),
        "file_digest": hashlib.sha256(empty).hexdigest(),
        "file_size": len(empty),
    }
    with pytest.raises(Refusal, match="previous_root"):
        duties.seal(
            book, {"statement": json.dumps({**said, "previous_root": "0" * 64})}, iter([empty])
        )
    root = json.loads(head["statement"])["root"]
    assert duties.seal(
        book, {"statement": json.dumps({**said, "previous_root": root})}, iter([empty])
    )["signature"]


@pytest.mark.parametrize("garbage", [b"", b"x", b"a\nb", b"a\nb\n", b"\n\n", b"\xff\n\xff\t\n"])
def test_what_is_no_sealed_file_is_malformed_and_never_signed(book, garbage):
    sell(book)
    head, _file = sealed(LINES)
    with pytest.raises((duties.Malformed, Refusal)):
        duties.seal(book, head, iter([garbage]))


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
