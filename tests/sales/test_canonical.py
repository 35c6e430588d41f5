"""The sealed format: one spelling, one leaf, one root."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from sales import canonical

LINE = canonical.TicketLine(
    draw="ssq-2026110",
    ticket="7K2Q9MFX3TDABCDE8",
    owner="0123456789abcdef0123456789abcdef",
    price_fen=600,
    channel="web",
    sold_at=datetime(2026, 9, 17, 10, 22, 41, 318274, UTC),
    salt=bytes(range(16)),
    selections=("single|01,02,03,04,05,06+07|x1|own", "banker|01,02#05,06,07,08,09+07|x2|quick"),
)
BYTES = (
    b"1\tssq-2026110\t7K2Q9MFX3TDABCDE8\t0123456789abcdef0123456789abcdef\t600\tweb\t1789640561318274\t"
    b"000102030405060708090a0b0c0d0e0f\t"
    b"single|01,02,03,04,05,06+07|x1|own banker|01,02#05,06,07,08,09+07|x2|quick"
)


def test_a_line_has_exactly_these_bytes():
    """The format is for ever: these bytes must not change while version 1 is read."""
    assert LINE.encode() == BYTES
    assert canonical.decode(BYTES) == LINE
    assert canonical.leaf(BYTES) == hashlib.sha256(b"\x00" + BYTES).digest()
    assert (
        canonical.pseudonym(draw="ssq-2026110", player="ABCDEFGH12345678X")
        == hashlib.sha256(b"owner/1 ssq-2026110 ABCDEFGH12345678X").hexdigest()[:32]
    )


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        BYTES + b"\n",
        BYTES + b" ",
        BYTES.replace(b" banker", b"  banker"),
        BYTES.replace(b"\t600\t", b"\t0600\t"),
        BYTES.replace(b"\t600\t", b"\t+600\t"),
        BYTES.replace(b"0c0d0e0f", b"0C0D0E0F"),
        b"2" + BYTES[1:],
        BYTES + b"\tmore",
        BYTES.replace(b"web", "网".encode()),
    ],
)
def test_there_is_one_spelling_only(broken):
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(broken)


def test_every_changed_byte_gives_another_leaf():
    """F046."""
    whole = canonical.leaf(BYTES)

    for place in range(len(BYTES)):
        changed = bytearray(BYTES)
        changed[place] ^= 1
        assert canonical.leaf(bytes(changed)) != whole


def _tree(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + _tree(leaves[:half]) + _tree(leaves[half:])).digest()


def test_the_streamed_root_is_that_of_the_standard():
    """F057."""
    leaves = [canonical.leaf(str(number).encode()) for number in range(70)]

    for size in range(71):
        assert canonical.root_of(leaves[:size]) == _tree(leaves[:size])


def test_the_known_roots_of_the_standard_come_out():
    """Published test vectors of certificate transparency: 0, 1 and 8 entries."""
    entries = ["", "00", "10", "2021", "3031", "40414243",
               "5051525354555657", "606162636465666768696a6b6c6d6e6f"]  # fmt: skip
    leaves = [canonical.leaf(bytes.fromhex(entry)) for entry in entries]

    assert canonical.root_of([]).hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert canonical.root_of(leaves[:1]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert canonical.root_of(leaves).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )
