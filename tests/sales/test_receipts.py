"""Receipts: signed at the sale, checked by anybody, broken by any changed digit."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lottery_portal.lib import codes
from sales import canonical, receipts, tickets
from tests import make


@pytest.fixture
def claim() -> receipts.Claim:
    return receipts.sign(ticket=codes.new_code(), leaf=canonical.leaf(b"a line"))


def test_a_receipt_is_checked_without_database_or_network(claim):
    """F046: no fixture of the database is asked for here."""
    receipts.check(receipts.read_qr(claim.qr()), key=receipts.public_key())

    assert len(claim.qr()) <= 221  # fits a code that a cheap phone reads from a screen


def test_every_altered_digit_of_the_code_makes_the_check_fail(claim):
    """F046."""
    text = claim.qr()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    for place in range(4, len(text)):
        if text[place] == ":":
            continue
        changed = text[:place] + letters[letters.find(text[place]) - 1] + text[place + 1 :]
        try:
            read = receipts.read_qr(changed)
        except receipts.ReceiptUnreadable:
            continue
        if read == claim:  # the last letter of base32 carries unused bits
            assert place == len(text) - 1
            continue
        with pytest.raises(receipts.ReceiptNotGenuine):
            receipts.check(read, key=receipts.public_key())


@pytest.mark.parametrize("text", ["", "LT1", "LT1:A:B", "LT2:A:B:C", "LT1:1:" + "A" * 154, "票"])
def test_what_is_no_receipt_is_said_to_be_none(text):
    with pytest.raises((receipts.ReceiptUnreadable, receipts.ReceiptNotGenuine)):
        receipts.check(receipts.read_qr(text), key=receipts.public_key())


def test_another_key_did_not_sign_it(claim):
    other = hashlib.sha256(b"not ours").digest()

    with pytest.raises((receipts.ReceiptNotGenuine, ValueError)):
        receipts.check(claim, key=Ed25519PublicKey.from_public_bytes(other).public_bytes_raw())


@pytest.mark.django_db
def test_the_downloaded_receipt_proves_the_ticket_to_a_stranger():
    """F046: from the file alone, with nothing but a hash and Ed25519."""
    alice, draw = make.alice(), make.draw()
    row = make.ticket(alice, draw)
    found = tickets.find(player_id=alice.pk, code=row.code)
    (one,) = tickets.read([found], player_id=alice.pk)
    claim = receipts.of(one.ticket, line=one.line)

    kept = json.loads(receipts.package(claim, line=one.line, key=row.receipt.key_id))

    leaf = hashlib.sha256(b"\x00" + kept["line"].encode()).hexdigest()
    assert leaf == kept["leaf"]
    assert kept["signed_text"] == f"receipt/1\n{row.code} {leaf}\n{receipts.PROMISE}"
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(kept["public_key"]))
    public.verify(base64.b64decode(kept["signature"]), kept["signed_text"].encode())
    read = canonical.decode(kept["line"].encode())
    assert (read.draw, read.ticket, read.price_fen) == (draw.code, row.code, 2_00)
    assert read.owner == canonical.pseudonym(draw=draw.code, player=alice.code)
    assert read.selections == ("single|01,02,03,04,05,06+07|x1|own",)
    assert read.sold_at == row.sold_at
