"""Chances of every bet type of every game, against every result judged by the words of the rules.

Drums and columns hold a few numbers only, so that there are few results; digits of which the whole
is looked at keep their ten.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from zlib import crc32

import pytest

from games import bets, odds, rules
from tests.games import brute_force, chosen

FEWER = {
    "ssq": {"red": 9, "blue": 3},
    "dlt": {"front": 8, "back": 4},
    "qlc": {"main": 10, "special": 10},
    "kl8": {"main": 12},
    "qxc": {**{f"d{place}": 2 for place in range(1, 7)}, "last": 5},
    "pl5": {f"d{place}": 3 for place in range(1, 6)},
}
KENO_DRAWN, KENO_IN_A_WORD = 6, 7
PAID_ALIKE = "sum 1500"  # 15 yuan are paid for two pairs of sums


def smaller(version: rules.RuleVersion) -> rules.RuleVersion:
    """The same rules with fewer numbers; those of keno still lie in two words."""
    sizes = FEWER.get(version.game, {})

    def fewer(one):
        changes = {"size": sizes.get(one.code, one.size)}
        if version.game == "kl8":
            changes["per_word"] = KENO_IN_A_WORD
        return replace(one, **changes)

    zones = tuple(fewer(zone) for zone in version.zones)
    if version.game == "kl8":
        zones = tuple(replace(zone, drawn=KENO_DRAWN) for zone in zones)
    plays = tuple(replace(play, places=tuple(map(fewer, play.places))) for play in version.plays)
    return replace(version, zones=zones, plays=plays)


def every_result(version: rules.RuleVersion) -> Iterator[brute_force.Line]:
    numbers = [range(zone.first, zone.first + zone.size) for zone in version.zones]
    drums = [
        combinations(some, zone.drawn) for some, zone in zip(numbers, version.zones, strict=True)
    ]
    for drawn in product(*drums):
        if version.game != "qlc" or not set(drawn[0]) & set(drawn[1]):
            yield drawn


@pytest.mark.parametrize("game", sorted(rules.GAMES))
def test_chances_of_every_bet_type_equal_the_count_over_all_results(game, full, deep):
    """F033: any prize and each tier; some bet types of a game, all in a full run, deep 20 times."""
    version = smaller(rules.GAMES[game].current)
    results = list(every_result(version))
    kinds = version.bet_types
    for bet_type in kinds if full else kinds[-1 :: -max(len(kinds) // 3, 1)]:
        below = chosen.below_of(crc32(f"{game} {bet_type.code}".encode()))
        for _turn in range(20 if deep else 1):
            most = 60 if deep else 12
            selection = chosen.selection(version, below, bet_type=bet_type, most_lines=most)
            special_on = version.special is not None and bool(below(2))
            _are_counted(version, selection, results, special_on=special_on)


def _are_counted(
    version: rules.RuleVersion,
    selection: bets.Selection,
    results: list[brute_force.Line],
    *,
    special_on: bool,
) -> None:
    masks = bets.check(version, selection).masks

    found = odds.of(version, [masks], special_on=special_on, bet_types=[selection.bet_type])

    wins = [
        brute_force.wins(version, selection, result, special_on=special_on) for result in results
    ]
    assert found is not None
    assert found.any_prize == Fraction(sum(map(bool, wins)), len(results)), selection
    told = {
        next(iter(brute_force.won_as(version, {tier: 1}))): chance
        for tier, chance in found.per_tier.items()
    }
    told.pop(PAID_ALIKE, None)
    assert told == {
        mark: Fraction(sum(mark in won for won in wins), len(results)) for mark in told
    }, selection
    assert {mark for won in wins for mark in won} - {PAID_ALIKE} <= told.keys()
