"""The rule versions of all games and their sheets."""

import csv
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from games import announcement_file, rules

SAFE_DRAWS = Path(__file__).parents[1] / "data" / "ssq_safe_draws.csv"


DIGESTS = {
    "dlt-2019.1": "35f8cd691a25f58d6ba03b188cee8cf92c7a0ea7651b5cd22919bfa2a0c8c2ce",
    "dlt-2026.1": "c2d460806e3a7e0b0e010e5d4d587d65975e16647c647df7c07dbba8b7f210f2",
    "fc3d-2013.1": "f92b190423ada1f463970732a227a4bdb15260e0cf097adb6f4dac01e9e21b03",
    "fc3d-2016.1": "4b6e7c0f7f43fac3c1af5fc650dbd4559b6d62b423c12315d81781cc395f44f5",
    "kl8-2020.1": "674b07fb4f3bf72a4036516f3498445bcadf3a0408d5db2d1f3dda5645d09d30",
    "kl8-2025.1": "8c2a2ba1655e761d3ce5e57784715d88b553dc97d0624bd0eebf1497af34cb1d",
    "pl3-2014.1": "9994c00fa4262bce06c799396de3ae8b10f6c615e8cdc30cea7b673ec0a4962c",
    "pl5-2014.1": "f4fbf4e014fc9271dcbffd8e865c54ddb982fd7cdc297884b57f75f8f9eef426",
    "qlc-2007.1": "b4eb198b62e48b68a9ebfce9fd2bf59def8573874f526ac3df3fe90c5cc6d3d9",
    "qxc-2021.1": "c9fb3d586a2208a8c7d6e985d0d37309a5f713aad1fecf23fd54369f83329500",
    "ssq-2004.1": "e2be1803cfae0bdbc945fd43b13e5752e138ed8f3810f78d078f15de6eb80ad1",
    "ssq-2009.1": "2b48f7b98719f0e136ee1c1442264fb4fa400eb8635408f6e1c1bd5332127625",
    "ssq-2014.1": "59c3707cba68707aae7eb134a0ecd372f35cb60ed93b31e6f05bade3f493716c",
    "ssq-2018.1": "906bcb0048aa17361c65925fc8bd74f1b02061347d5ac7c534577858c93d6e51",
    "ssq-2026.1": "0cc0ae0f70f0e74e2996df6e1edaa0c383a753ee18defff15ba79c6955a7df31",
}


def current() -> rules.RuleVersion:
    return rules.by_code("ssq-2026.1")


@pytest.mark.parametrize(
    ("issue", "code"),
    [
        ("2004001", "ssq-2004.1"),
        ("2008154", "ssq-2004.1"),
        ("2009001", "ssq-2009.1"),
        ("2014054", "ssq-2009.1"),
        ("2014055", "ssq-2014.1"),
        ("2018122", "ssq-2014.1"),
        ("2018123", "ssq-2018.1"),
        ("2026013", "ssq-2018.1"),
        ("2026014", "ssq-2026.1"),
        ("2026109", "ssq-2026.1"),
        ("2099001", "ssq-2026.1"),
    ],
)
def test_a_draw_is_played_by_the_version_of_its_issue(issue, code):
    """F021."""
    assert rules.version_for(game="ssq", issue=issue) is rules.by_code(code)


@pytest.mark.parametrize(
    ("game", "issue", "code"),
    [
        ("dlt", "26013", "dlt-2019.1"),
        ("dlt", "26014", "dlt-2026.1"),
        ("kl8", "2025349", "kl8-2020.1"),
        ("kl8", "2025350", "kl8-2025.1"),
        ("fc3d", "2015358", "fc3d-2013.1"),
        ("fc3d", "2016001", "fc3d-2016.1"),
        ("qlc", "2007001", "qlc-2007.1"),
        ("qxc", "26080", "qxc-2021.1"),
        ("pl3", "26300", "pl3-2014.1"),
        ("pl5", "26300", "pl5-2014.1"),
    ],
)
def test_a_draw_of_any_game_is_played_by_the_version_of_its_issue(game, issue, code):
    """F021: tickets sold ahead follow the version of their draw."""
    assert rules.version_for(game=game, issue=issue).code == code
    with pytest.raises(rules.NoRuleVersion):
        rules.version_for(game=game, issue=f"{issue}0")


@pytest.mark.parametrize("issue", ["2003089", "", "26109", "20261090", "2026-10", "２０２６109"])
def test_an_issue_without_a_version_is_refused(issue):
    with pytest.raises(rules.NoRuleVersion) as refused:
        rules.version_for(game="ssq", issue=issue)

    assert refused.value.code == "no_rule_version"
    assert refused.value.figures == {"game": "ssq", "issue": issue}


def test_an_unknown_game_is_refused():
    with pytest.raises(rules.UnknownGame):
        rules.version_for(game="powerball", issue="2026109")


def test_versions_follow_each_other_without_overlap():
    for game in rules.GAMES.values():
        for earlier, later in zip(game.versions, game.versions[1:], strict=False):
            assert earlier.last_issue is not None
            assert earlier.last_issue < later.first_issue
        assert game.current.last_issue is None
        assert len({version.code for version in game.versions}) == len(game.versions)


def test_stakes_are_allocated_to_the_fen():
    """F021: 49 / 2 / 13 / 36, and what division leaves over is the fund's."""
    allocation = current().allocation

    shares = allocation.split(37_776_736_600)

    assert shares == rules.Shares(
        prize_fen=18_510_600_934,
        fund_fen=755_534_732,
        fee_fen=4_910_975_758,
        welfare_fen=13_599_625_176,
    )
    for stakes in (0, 1, 99, 200, 12_345):
        odd = allocation.split(stakes)
        assert odd.prize_fen + odd.fund_fen + odd.fee_fen + odd.welfare_fen == stakes


def test_the_special_rule_turns_on_and_off_as_it_was_announced():
    """On from 2026014 to 2026075, off from 2026076: the pools announced in between say so."""
    version, is_on = current(), False
    announced = {row.issue: row for row in announcement_file.read_ssq()}
    states = {}

    for issue, before in zip(list(announced)[1:], announced.values(), strict=False):
        if issue >= "2026014":
            is_on = version.next_special(pool_fen=before.pool_fen or 0, special_on=is_on)
            states[issue] = is_on

    assert states == {issue: row.special_on for issue, row in announced.items() if issue in states}
    assert [states["2026014"], states["2026075"], states["2026076"]] == [True, True, False]
    assert len(states) == 95


@pytest.mark.parametrize(
    ("pool_fen", "was_on", "is_on"),
    [
        (150_000_000_000, False, True),
        (149_999_999_900, False, False),
        (149_999_999_900, True, True),
        (30_000_000_000, True, True),
        (29_999_999_900, True, False),
        (30_000_000_000, False, False),
    ],
)
def test_the_special_rule_keeps_its_state_between_the_thresholds(pool_fen, was_on, is_on):
    assert current().next_special(pool_fen=pool_fen, special_on=was_on) is is_on


def test_versions_without_a_special_rule_never_turn_it_on():
    old = rules.by_code("ssq-2018.1")

    assert old.next_special(pool_fen=300_000_000_000, special_on=False) is False
    with pytest.raises(ValueError, match="no special rule"):
        old.split_for(pool_fen=0, special_on=True)


def test_the_calendar_gives_the_issues_that_were_announced():
    """F025: running number and day of every announced draw of 2026, market closures included."""
    issues = dict(current().schedule.issues(2026))
    announced = {
        row.issue: row.drawn_on
        for row in announcement_file.read_ssq()
        if row.issue.startswith("2026")
    }

    assert len(announced) == 108
    assert announced.items() <= issues.items()
    assert not [day for day in issues.values() if date(2026, 10, 1) <= day <= date(2026, 10, 4)]


def test_sales_close_and_balls_fall_by_the_clock_of_shanghai():
    schedule = current().schedule

    assert schedule.closes_at(date(2026, 11, 22)) == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert schedule.draws_at(date(2026, 11, 22)) == datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
    assert schedule.is_draw_day(date(2026, 11, 22))
    assert not schedule.is_draw_day(date(2026, 11, 23))
    assert not schedule.is_draw_day(date(2026, 2, 17))


def test_a_version_that_contradicts_itself_cannot_be_built():
    version = current()
    first, second, *others = version.tiers

    with pytest.raises(ValueError, match="one tier only"):
        replace(version, tiers=(first, replace(second, matches=first.matches), *others))
    with pytest.raises(ValueError, match="whole"):
        replace(version.allocation, prize=5_000)
    with pytest.raises(ValueError, match="special rule"):
        replace(version, special=None)
    with pytest.raises(ValueError, match="feeds all floating tiers"):
        replace(version, tiers=(first, replace(second, fixed_fen=1), *others))


def changed(code: str, **values: Any) -> rules.RuleVersion:
    """The version with these values in place of its own."""
    return replace(rules.by_code(code), **values)


def test_a_version_whose_plays_contradict_themselves_cannot_be_built():
    """F021: what the engines rely on is refused before it is a value."""
    fc3d, dlt, kl8 = (rules.by_code(c) for c in ("fc3d-2016.1", "dlt-2026.1", "kl8-2025.1"))
    straight, *others = fc3d.plays
    first, *lower = dlt.tiers
    *upper, on_top = dlt.tiers
    single, *more = dlt.bet_types
    sums = [tier for tier in fc3d.tiers if tier.when]

    with pytest.raises(ValueError, match="a fact that is not there"):
        changed(fc3d.code, facts=())
    with pytest.raises(ValueError, match="the same code"):
        changed(fc3d.code, plays=(straight, straight, *others))
    with pytest.raises(ValueError, match="play that is not there"):
        changed(dlt.code, bet_types=(replace(single, play="plain"), *more))
    with pytest.raises(ValueError, match="one range per place"):
        changed(dlt.code, bet_types=(replace(single, ranges=single.ranges[:1]), *more))
    with pytest.raises(ValueError, match="two bet types"):
        changed(dlt.code, bet_types=(single, single, *more))
    with pytest.raises(ValueError, match="hits of every measure"):
        changed(dlt.code, tiers=(replace(first, matches=((5,),)), *lower))
    with pytest.raises(ValueError, match="won by the same hits"):
        changed(dlt.code, tiers=(*upper, replace(on_top, matches=((5, 2),))))
    again = replace(sums[-1], when=sums[0].when)
    with pytest.raises(ValueError, match="one tier only"):
        changed(fc3d.code, tiers=(*fc3d.tiers[:-1], again))
    with pytest.raises(ValueError, match="pool is kept for a play"):
        changed(kl8.code, pools=(replace(kl8.pools[0], plays=("pick11",)), kl8.pools[1]))
    with pytest.raises(ValueError, match="needs floating money"):
        changed(dlt.code, floating=None)


@pytest.mark.parametrize(
    ("code", "shift", "word", "per_word", "message"),
    [
        ("red", 40, 1, 63, "beyond its word"),
        ("red", 0, 3, 63, "does not lie"),
        ("red", 0, 2, 20, "does not lie"),
    ],
)
def test_numbers_that_do_not_lie_in_their_words_cannot_be_built(
    code, shift, word, per_word, message
):
    zone = next(zone for zone in current().zones if zone.code == code)

    with pytest.raises(ValueError, match=message):
        replace(zone, shift=shift, word=word, per_word=per_word)


def test_masks_lie_where_the_sheet_says():
    """F026: numbers and words are one to one, in one word or in two."""
    for game in rules.GAMES.values():
        for version in game.versions:
            for place in (*version.zones, *(p for play in version.plays for p in play.places)):
                for number in range(place.first, place.last + 1):
                    words = place.laid(place.mask([number]))
                    at = number - place.first
                    word = place.word - 1 + at // place.per_word
                    assert words[word] == 1 << place.shift + at % place.per_word
                    assert words[1 - word] == 0
                    assert place.numbers(place.lifted(words)) == (number,)


def test_amounts_are_raised_by_the_pool_before_the_draw():
    """F021: 大乐透 2026, from 800 million on."""
    tiers = rules.by_code("dlt-2026.1").tiers

    assert [tier.fixed_at(79_999_999_999) for tier in tiers] == [
        None, None, 500_000, 30_000, 15_000, 1_500, 500, None, None,
    ]  # fmt: skip
    assert [tier.fixed_at(80_000_000_000) for tier in tiers] == [
        None, None, 666_600, 38_000, 20_000, 1_800, 700, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("game", "issue", "day"),
    [
        ("dlt", "26014", date(2026, 2, 2)),
        ("dlt", "26107", date(2026, 9, 19)),
        ("qlc", "2026108", date(2026, 9, 18)),
        ("qxc", "26079", date(2026, 7, 12)),
        ("qxc", "26108", date(2026, 9, 18)),
        ("kl8", "2026221", date(2026, 8, 19)),
        ("fc3d", "2026221", date(2026, 8, 19)),
    ],
)
def test_issues_of_every_game_fall_on_their_announced_days(game, issue, day):
    """F025: weekdays and running numbers, the issue spelt as it is announced."""
    version = rules.version_for(game=game, issue=issue)

    assert dict(version.schedule.issues(2026))[issue] == day


def test_a_rule_sheet_is_canonical_and_its_digest_is_fixed():
    """F021: a changed rule is a new version, so these digests never change again."""
    for game in rules.GAMES.values():
        for version in game.versions:
            sheet = rules.rule_sheet(version)
            facts = json.loads(sheet, parse_float=pytest.fail)
            again = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            assert sheet == again.encode()
            assert rules.rule_sheet_digest(version) == hashlib.sha256(sheet).hexdigest()

    assert {
        version.code: rules.rule_sheet_digest(version)
        for game in rules.GAMES.values()
        for version in game.versions
    } == DIGESTS


def test_a_successor_does_not_change_the_sheet_of_a_version():
    version = current()

    assert rules.rule_sheet(replace(version, last_issue="2027001")) == rules.rule_sheet(version)
    assert rules.rule_sheet(replace(version, price_fen=300)) != rules.rule_sheet(version)


def test_a_stranger_settles_every_draw_from_the_rule_sheet_alone():
    """F067: money of 2,033 draws from the JSON, by arithmetic that shares no code with ours."""
    sheets = [
        (version.first_issue, json.loads(rules.rule_sheet(version))["version"])
        for version in rules.GAMES["ssq"].versions
    ]
    with SAFE_DRAWS.open(encoding="utf-8", newline="") as file:
        draws = list(csv.DictReader(file))

    wrong = [
        draw["issue"]
        for draw in draws
        if _settle([sheet for first, sheet in sheets if first <= draw["issue"]][-1], draw)
        != _published(draw)
    ]

    assert wrong == []
    assert len(draws) == 2_033


def test_a_stranger_finds_the_tier_of_every_match_in_the_rule_sheet():
    sheet = json.loads(rules.rule_sheet(current()))["version"]
    tiers = {
        (red, blue): [tier["number"] for tier in sheet["tiers"] if [red, blue] in tier["matches"]]
        for red in range(7)
        for blue in range(2)
    }

    assert tiers == {
        (6, 1): [1], (6, 0): [2], (5, 1): [3], (5, 0): [4], (4, 1): [4], (4, 0): [5], (3, 1): [5],
        (2, 1): [6], (1, 1): [6], (0, 1): [6], (3, 0): [7], (2, 0): [], (1, 0): [], (0, 0): [],
    }  # fmt: skip
    assert [tier["number"] for tier in sheet["tiers"] if tier["special_only"]] == [7]


def _published(draw: Mapping[str, str]) -> tuple[list[int], int]:
    return [int(draw[f"prize_{tier}_fen"]) for tier in (1, 2)], int(draw["pool_after_fen"])


def _settle(sheet: Mapping[str, Any], draw: Mapping[str, str]) -> tuple[list[int], int]:
    """Prizes of tiers 1 and 2 and the pool, step by step as the sheet's format is described."""
    cut = sheet["floating"]["unit_fen"]
    special = draw["special_rule"] == "1"
    pool = int(draw["pool_before_fen"])
    won = {tier["number"]: int(draw[f"winners_{tier['number']}"] or 0) for tier in sheet["tiers"]}
    fixed = {tier["number"]: tier["fixed_fen"] for tier in sheet["tiers"] if tier["fixed_fen"]}
    money = int(draw["sales_fen"]) * sheet["allocation"]["prize"] // 10_000
    floating = max(0, money - sum(won[tier] * fen for tier, fen in fixed.items()))
    split = [
        split
        for split in sheet["floating"]["splits"]
        if split["special"] == special and split["pool_from_fen"] <= pool
    ][-1]
    caps = {cap["tier"]: cap["total_fen"] for cap in sheet["floating"]["draw_caps"]}
    after, prizes, next_prize = int(draw["fund_topup_fen"] or 0), {}, fixed[3]
    for tier in (2, 1):
        parts = [part for part in split["parts"] if part["tier"] == tier]
        sums = [floating * p["share"] // 10_000 + p["takes_pool"] * pool for p in parts]
        lines, prize, rest = won[tier], 0, 0
        for part, fen in zip(parts, sums, strict=True):
            if not lines:
                rest += fen - fen % cut
                continue
            each = fen // lines // cut * cut
            if each > part["line_cap_fen"]:
                whole = sheet["floating"]["left_over"] == "whole_part"
                rest += (fen - fen % cut if whole else each * lines) - lines * part["line_cap_fen"]
                each = part["line_cap_fen"]
            prize += each
        if tier in caps and lines * prize > caps[tier]:
            prize = caps[tier] // lines // cut * cut
            rest = sum(sums) // cut * cut - lines * prize
        if lines:
            least = min(sheet["minimum"]["factor"] * next_prize, sheet["minimum"]["most_fen"])
            if tier in caps:
                least = min(least, caps[tier] // lines // cut * cut)
            prize = max(prize, least)
        prizes[tier], next_prize = prize, prize
        after += rest
    return [prizes[1], prizes[2]], after


@pytest.mark.parametrize(
    ("module", "least"),
    [("ssq", 20), ("dlt", 20), ("qlc", 12), ("qxc", 14), ("kl8", 14), ("fc3d", 14), ("pls", 14)],
)
def test_rules_name_their_sources(module, least):
    """F021: each module of a game says beside its figures where they were read."""
    text = Path(rules.__file__).with_name(f"{module}.py").read_text(encoding="utf-8")

    assert len(re.findall(r"#.*(RULES|T[0-9]+|\[GK\]|\[P\])", text)) >= least
