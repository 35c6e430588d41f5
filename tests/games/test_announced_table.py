"""Announcements held against the rules: real ones of every game, and what is altered in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from games import announced_table, issuer_file, reproduced, rules
from games.rules import RuleVersion
from lottery_portal.lib.errors import Refused
from tests.audit.verifier_pieces import part
from tests.games import chosen

DATA = Path(__file__).parent.parent / "data"
GAMES = ("ssq", "dlt", "qlc", "qxc", "kl8")
FIXED = ("fc3d", "pl3", "pl5")


def _told(row: Mapping[str, str], name: str) -> int | None:
    return int(row[name]) if row.get(name) else None


def body_of(version: RuleVersion, row: Mapping[str, str]) -> str:
    """An announced draw of the past as its issuer would announce it today."""
    special_on = row.get("special_rule") == "1"
    return issuer_file.compose(
        version,
        game=version.game,
        issue=row["issue"],
        drawn_on=date.fromisoformat(row["date"]),
        numbers=chosen.result(version, chosen.below_of(1)),
        special_on=special_on,
        sales_fen=_told(row, "sales_fen"),
        pool_before_fen=_told(row, "pool_before_fen"),
        pool_after_fen=_told(row, "pool_after_fen"),
        fund_topup_fen=_told(row, "fund_topup_fen") or 0,
        other_pools={
            pool.code: (
                int(row[f"{pool.code}_pool_before_fen"]),
                int(row[f"{pool.code}_pool_after_fen"]),
            )
            for pool in version.pools[1:]
        },
        tiers={
            tier.number: (_told(row, f"winners_{tier.mark}"), _told(row, f"prize_{tier.mark}_fen"))
            for tier in version.tiers_in_force(special_on=special_on)
        },
    )


def rows_of(game: str, *, each: int) -> Iterator[tuple[RuleVersion, Mapping[str, str]]]:
    """Some of the announced draws that come out of the rules, over all eras."""
    found = _all_of(game)
    yield from found[:: max(len(found) // each, 1)]


@cache
def _all_of(game: str) -> list[tuple[RuleVersion, Mapping[str, str]]]:
    return [
        (rules.version_for(game=game, issue=row["issue"]), row)
        for row in reproduced.draws(DATA, game)
        if "why" not in row or not row["why"]
    ]


def by_engine_two(version: RuleVersion, body: str, *, decided: bool = False) -> str:
    """What engine two says of a draw without tickets that is priced by this announcement."""
    sheet = part("sheet").read_sheet(rules.rule_sheet(version))
    said = json.loads(body)
    given = {
        "format": "settlement-input/1",
        "draw": f"{said['game']}-{said['issue']}",
        "numbers": said["numbers"],
        "special_on": said["special_on"],
        "announced": {
            "text": body,
            "signed": None,
            "decision": {"approval": "A1", "reason": "so it is"} if decided else None,
        },
    }
    wrong = part("strict").Wrong
    try:
        read = part("sheet").read_input(json.dumps(given).encode(), sheet)
        part("issued").price_as_announced(sheet, read, read.announced, sales={}, lines={})
    except wrong as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("game", GAMES)
def test_real_announcements_do_not_differ_from_the_rules(game, full):
    """F067: of every era and game, by engine one and engine two alike."""
    for version, row in rows_of(game, each=500 if full else 25):
        body = body_of(version, row)
        told = issuer_file.read(body, version)

        compared = announced_table.compare(version, told, own_sales_fen=0)

        assert compared.differences == [], row["issue"]
        assert compared.is_whole == (game != "kl8")
        assert by_engine_two(version, body) == ""


@pytest.mark.parametrize("game", GAMES)
def test_an_altered_amount_is_named_by_both_engines(game):
    """F067: a prize, the pool or the sales, one unit more."""
    for version, row in rows_of(game, each=3):
        won = [
            tier.mark
            for tier in version.tiers_in_force(special_on=row.get("special_rule") == "1")
            if _told(row, f"winners_{tier.mark}") and _told(row, f"prize_{tier.mark}_fen")
        ]
        for name in (f"prize_{won[0]}_fen", f"prize_{won[-1]}_fen", "pool_after_fen"):
            altered = {**row, name: str(int(row[name]) + 100)}
            body = body_of(version, altered)

            differences = announced_table.compare(
                version, issuer_file.read(body, version), own_sales_fen=0
            ).differences

            assert differences, (row["issue"], name)
            assert "undecided" in by_engine_two(version, body)
            assert by_engine_two(version, body, decided=True) == ""


@pytest.mark.parametrize("game", FIXED)
def test_games_of_fixed_prizes_are_compared_without_totals(game):
    """F067: amounts as the rules have them; what is not told is unchecked and no difference."""
    version = rules.GAMES[game].versions[-1]
    told = {tier.number: (None, tier.fixed_fen) for tier in version.tiers}
    made = {
        "game": game, "issue": "2026001", "drawn_on": date(2026, 1, 1), "special_on": False,
        "numbers": chosen.result(version, chosen.below_of(2)),
    }  # fmt: skip
    right = issuer_file.compose(version, tiers=told, **made)
    wrong = issuer_file.compose(
        version, tiers={**told, 1: (None, (version.tiers[0].fixed_fen or 0) + 1)}, **made
    )

    compared = announced_table.compare(version, issuer_file.read(right, version), own_sales_fen=1)
    other = announced_table.compare(version, issuer_file.read(wrong, version), own_sales_fen=1)

    assert compared.differences == []
    assert {row.verdict for row in compared.rows} == {"same"}
    assert [row["tier"] for row in other.differences] == ["1"]
    assert by_engine_two(version, right) == ""
    assert "undecided" in by_engine_two(version, wrong)


def test_an_announcement_of_less_than_we_sold_differs():
    version, row = next(rows_of("ssq", each=1))
    told = issuer_file.read(body_of(version, row), version)
    assert told.sales_fen is not None

    compared = announced_table.compare(version, told, own_sales_fen=told.sales_fen + 200)

    assert [one["what"] for one in compared.differences] == ["sales"]


def test_what_cannot_be_is_a_difference():
    """More lines with an additional stake than lines at all."""
    version, row = next(rows_of("dlt", each=1))
    altered = {**row, "winners_1z": str(int(row["winners_1"]) + 1)}
    body = body_of(version, altered)

    compared = announced_table.compare(version, issuer_file.read(body, version), own_sales_fen=0)

    assert [one["what"] for one in compared.differences] == ["money"]
    assert "undecided" in by_engine_two(version, body)


@pytest.mark.parametrize(
    ("game", "mark"), [("ssq", "1"), ("dlt", "1z"), ("dlt", "3"), ("kl8", "x10z10")]
)
def test_a_prize_above_every_cap_is_a_difference_whatever_else_is_untold(game, mark):
    """F062, F074: a few noughts too many, with neither sales nor winners to work it out from."""
    version = rules.GAMES[game].current
    number = next(tier.number for tier in version.tiers if tier.mark == mark)

    def differing(prize_fen: int) -> list[str]:
        told = issuer_file.compose(
            version,
            game=game,
            issue=version.first_issue,
            drawn_on=date(2026, 1, 1),
            numbers=chosen.result(version, chosen.below_of(1)),
            special_on=False,
            tiers={number: (None, prize_fen)},
        )
        said = issuer_file.read(told, version)
        compared = announced_table.compare(version, said, own_sales_fen=0)
        return [row.mark for row in compared.rows if row.verdict == "differs"]

    assert differing(10**9 * 10) == [mark]
    assert differing(5_000_00) == []


def _file(**changed: object) -> bytes:
    version, row = next(rows_of("ssq", each=1))
    said = {**json.loads(body_of(version, row)), **changed}
    return issuer_file.canonical(
        {key: value for key, value in said.items() if value != "-"}
    ).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe", b"[]", b"{", b'{"a":1,"a":2}', _file(format="issuer-announcement/2"),
        _file(sales_fen=1.5), _file(sales_fen=-1), _file(sales_fen="1"), _file(sales_fen=True),
        _file(special_on=None), _file(special_on=True, drawn_on="2013-02-30"), _file(tiers="-"),
        _file(more=1), _file(numbers=[[1, 2, 3, 4, 5, 6]]), _file(drawn_on="20130101"),
        _file(issue=2013001), _file(game=None), _file(fund_topup_fen=None),
        _file(game="-").replace(b'"format"', b'"game":"\\ud800","format"'),
        _file(numbers=[[1, 2, 3, 4, 5, 40], [1]]),
        _file(numbers=[[6, 5, 4, 3, 2, 1], [1]]), _file(tiers=[]), _file(other_pools={"fixed": 1}),
        _file().replace(b'"game"', b' "game"'),
    ],
)  # fmt: skip
def test_what_is_no_announcement_is_refused_with_a_reason(raw):
    """F062: wrong files are named, whatever is in them."""
    version = next(rows_of("ssq", each=1))[0]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        with pytest.raises(issuer_file.FileUnreadable):
            issuer_file.unwrap(raw)
        return

    with pytest.raises(Refused) as refused:
        issuer_file.read(text, version)

    assert refused.value.code == "announcement_unreadable"


def wrapped(**said: str) -> bytes:
    """A signed file with other words, key or signature."""
    whole = {"announcement": "{}", "key_id": "k", "algorithm": "Ed25519", "signature": "AAAA"}
    return issuer_file.canonical({"format": issuer_file.FILE_FORMAT, **whole, **said}).encode()


def test_words_nested_without_end_say_nothing():
    """F062: of which draw they are is asked before who signed them."""
    signed = issuer_file.unwrap(wrapped(announcement="[" * 90_000))

    assert (signed.game, signed.issue) == ("", "")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"PK\x03\x04", b'{"format":"signed-announcement/1"}', b"x" * 200_001,
        wrapped(announcement="\x00"), wrapped(key_id="\x00"),
        wrapped(announcement="{}").replace(b'"{}"', b'"\\ud800"'),
        issuer_file.canonical({"format": "other", "announcement": ""}).encode(),
        issuer_file.canonical(
            {"format": issuer_file.FILE_FORMAT, "announcement": "{}", "key_id": "k",
             "algorithm": "Ed25519", "signature": "?"}
        ).encode(),
    ],
)  # fmt: skip
def test_what_is_no_signed_file_is_refused(raw):
    """F062."""
    with pytest.raises(issuer_file.FileUnreadable):
        issuer_file.unwrap(raw)


def test_the_digest_is_that_of_the_words():
    version, row = next(rows_of("qlc", each=1))
    body = body_of(version, row)

    assert issuer_file.read(body, version).digest == hashlib.sha256(body.encode()).hexdigest()
    assert issuer_file.read(body, version).body == body
