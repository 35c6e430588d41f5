"""The verifier before announced prizes: who signed them, what the input may say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from games import rules
from games.rules import RuleVersion
from tests.audit.verifier_pieces import Signer, part
from tests.games.test_announced_table import body_of, rows_of

SEALED = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
MADE = SEALED + timedelta(hours=3)
ISSUER, OTHER = Signer("ISSUER_CWL", b"w" * 32), Signer("ISSUER_CSL", b"s" * 32)


def ssq() -> tuple[RuleVersion, str]:
    version, row = next(rows_of("ssq", each=1))
    return version, body_of(version, row)


def settlement_input(body: str, **changed: Any) -> bytes:
    said = json.loads(body)
    facts = {
        "format": "settlement-input/1", "draw": f"{said['game']}-{said['issue']}",
        "numbers": said["numbers"], "special_on": said["special_on"],
        "announced": {"text": body, "signed": None, "decision": None},
    }  # fmt: skip
    announced = {**facts["announced"], **changed.pop("announced", {})}
    return json.dumps({**facts, "announced": announced, **changed}).encode()


def read(body: str, **changed: Any) -> Any:
    sheet = part("sheet").read_sheet(rules.rule_sheet(ssq()[0]))
    return part("sheet").read_input(settlement_input(body, **changed), sheet)


def signed(body: str, signer: Signer) -> dict[str, str]:
    return {"key_id": signer.key_id, "signature": signer.sign(body.encode())["signature"]}


def checked(given: Any, *signers: Signer, **life: datetime) -> list[str]:
    ring = part("keys").read_keys(
        json.dumps(
            {"format": "signing-keys/1", "keys": [signer.facts() for signer in signers]}
        ).encode(),
        what="keys.json",
    )
    keys = tuple(replace(key, **{"valid_from": SEALED, **life}) for key in ring.keys)
    found = part("kit")._check_announced(
        given,
        part("keys").Keyring(keys),
        statement=SimpleNamespace(sealed_at=SEALED),
        manifest=SimpleNamespace(made_at=MADE),
    )
    return list(found)


def test_the_signature_of_the_issuer_is_checked_over_the_very_words():
    """F062, N04: his key, in force at the settlement; another's or an altered word fails."""
    body = ssq()[1]
    wrong = part("strict").Wrong
    good = read(body, announced={"signed": signed(body, ISSUER)})

    (said,) = checked(good, ISSUER)

    assert said.startswith("the announcement ")
    assert said.endswith(f"is signed by {ISSUER.key_id}")
    other_words = read(body, announced={"signed": signed(f"{body} ", ISSUER)})
    operations = Signer("OPERATIONS", b"o" * 32)
    for given, signers, life, why in (
        (other_words, [ISSUER], {}, "does not fit"),
        (good, [OTHER], {}, "no key of an issuer"),
        (
            read(body, announced={"signed": signed(body, operations)}),
            [operations],
            {},
            "no key of an issuer",
        ),
        (good, [ISSUER], {"revoked_at": SEALED}, "was not valid"),
        (good, [ISSUER], {"valid_from": MADE + timedelta(seconds=1)}, "was not valid"),
    ):
        with pytest.raises(wrong, match=why):
            checked(given, *signers, **life)


def test_what_was_typed_or_decided_is_said():
    """F062: two people typed it; two people decided: a stranger is told so."""
    body = ssq()[1]
    decision = {"approval": "APPR-7", "reason": "the issuer confirmed it"}

    said = checked(read(body, announced={"decision": decision}))

    assert [line.split(":")[0] for line in said] == ["NOTE", "NOTE"]
    assert said[1].endswith("APPR-7")


@pytest.mark.parametrize(
    "changed",
    [
        {"pool_before_fen": 1}, {"announced": {"more": 1}}, {"announced": {"text": "{}"}},
        {"announced": {"signed": {"key_id": "x", "signature": "y"}}},
        {"announced": {"decision": {"approval": "", "reason": "x"}}},
        {"numbers": [[1, 2, 3, 4, 5, 33], [16]]},
    ],
)  # fmt: skip
def test_an_input_that_cannot_be_is_refused(changed):
    """N04: unknown keys, pools beside an announcement, other numbers, words that are none."""
    with pytest.raises(part("strict").Wrong):
        read(ssq()[1], **changed)


def test_lines_that_cannot_have_won_are_refused():
    """F071: more winners than were announced, or a winner of what has no prize."""
    version, body = ssq()
    sheet = part("sheet").read_sheet(rules.rule_sheet(version))
    wrong = part("strict").Wrong
    given = read(body)
    told = given.announced

    def price(lines: dict[int, int], announced: Any) -> None:
        part("issued").price_as_announced(sheet, given, announced, sales={}, lines=lines)

    price({1: 1}, told)
    with pytest.raises(wrong, match="were announced"):
        price({1: told.tiers[1][0] + 1}, told)
    no_totals = replace(told, sales_fen=None, tiers={**told.tiers, 1: (None, None)})
    with pytest.raises(wrong, match="no prize was announced"):
        price({1: 1}, no_totals)
    with pytest.raises(wrong, match="sold in all"):
        part("issued").price_as_announced(
            sheet, given, told, sales={"": told.sales_fen + 1}, lines={}
        )
    with pytest.raises(wrong, match="is of draw"):
        price({}, replace(told, draw="ssq-1999001"))
