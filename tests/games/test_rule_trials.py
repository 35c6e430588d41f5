"""A rule version beside another, and on past draws: what changes, what would have been paid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from games import rule_files, rule_trials, rule_words, rules
from lottery_portal.lib.errors import Refused
from tests import make_rules

DATA = Path(__file__).parent.parent / "data"


def leaves(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The way to every number of a sheet."""
    if isinstance(value, dict):
        return [one for key in value for one in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [one for at, part in enumerate(value) for one in leaves(part, (*path, at))]
    return [path] if type(value) is int else []


STORED = {"word", "shift", "per_word", "number"}  # how rows are kept, not what is played


@pytest.mark.parametrize("code", ["ssq-2026.1", "dlt-2026.1", "qlc-2007.1", "kl8-2025.1"])
def test_no_figure_changes_without_being_seen(code, full):
    """F021: every number of a sheet that can be another one shows among the differences."""
    document = rule_files.sample(rules.by_code(code))
    document["paper"] = "x"
    before = rule_words.sheet(rule_files.read(make_rules.written(document)).version)
    ways = [way for way in leaves(document["sheet"]["version"]) if way[-1] not in STORED]
    tried = 0
    for way in ways if full else ways[:: max(len(ways) // 25, 1)]:
        changed = json.loads(json.dumps(document))
        part = changed["sheet"]["version"]
        for step in way[:-1]:
            part = part[step]
        part[way[-1]] += 1
        try:
            version = rule_files.read(make_rules.written(changed)).version
        except Refused:
            continue  # no rule that could be played
        tried += 1
        assert rule_words.changes(before, rule_words.sheet(version), without=()), way
    assert tried > 5


def newest_lines() -> Iterator[str]:
    """The newest announced draws of 双色球, as many as a file may have."""
    head, *lines = (DATA / "ssq_safe_draws.csv").read_text().splitlines(keepends=True)
    return iter([head, *lines[-rule_trials.MOST_LINES + 1 :]])


def test_a_version_pays_its_own_past_draws_to_the_fen():
    """F021, F067: tried on announced draws of its era, nothing differs; pool and fund included."""
    past, skipped = rule_trials.from_csv("ssq", newest_lines())
    version = rules.by_code("ssq-2026.1")
    own = [draw for draw in past if draw.version == version]

    trial = rule_trials.run(version, own, skipped=skipped)

    assert (trial.equal, len(trial.draws), list(trial.skipped)) == (len(own), len(own), [])
    assert trial.paid_fen == trial.was_paid_fen
    assert not any(one.is_by_chance for one in trial.tiers)
    assert [one.paid_fen for one in trial.tiers] == [one.was_fen for one in trial.tiers]


def test_what_an_announcement_cannot_tell_is_counted_by_chance_and_marked():
    """F021: hits that won nothing then, and another matrix; the sum follows the probability."""
    past, _skipped = rule_trials.from_csv("ssq", newest_lines())
    some = past[-100:]
    own = rule_files.sample(rules.by_code("ssq-2026.1"))
    own["paper"] = "x"
    tier = own["sheet"]["version"]["tiers"][6]
    own["sheet"]["version"]["tiers"].append(
        {**tier, "number": 8, "matches": [[2, 0]], "special_only": False}
    )
    own["names"] = {"tiers/8": {"en": "Pair", "zh-hans": "对奖"}}
    own["articles"]["tiers/8"] = "x"
    pair = rule_files.read(make_rules.written(own)).version

    trial = rule_trials.run(pair, some, course="announced")

    assert [one.tier.number for one in trial.tiers if one.is_by_chance][-1] == 8
    chance = rule_trials.chances(pair, "standard")[(2, 0)]
    expected = sum(draw.sales_fen for draw in some) * chance / pair.price_fen
    assert abs(trial.tiers[7].lines - expected) < 1
    other = rule_files.read(make_rules.written(make_rules.ssq())).version
    assert all(one.is_by_chance for one in rule_trials.run(other, some).tiers if one.lines)
