"""The witness of sales: told while they run, it signs no seal that differs (F059, F060, N04)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit import tree
from audit.witness import duties
from audit.witness.book import Book, BookDamaged, Refusal
from tests.audit.witness_shown import LEAVES, b64, journal

DRAW = "ssq-2026001"


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
