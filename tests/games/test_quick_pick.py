"""Quick pick chooses evenly.

The statistic of k numbers without repetition out of n, over many picks, is chi-square with n - 1
degrees of freedom once multiplied by (n - 1) / (n - k). Two kinds of test:

* from a fixed stream of bits the statistic is the same in every run, so the bound can be the strict
  one, 99 %;
* from the operating system's generator it is chance. A sound generator passes the bound of 1 -
  10^-9 in all but one of a thousand million runs, so a failure means a fault; a picker with the
  bias of a division remainder exceeds it many times over, which the last test shows.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace
from typing import cast

import pytest

from games import bets, quick_pick, rules
from games.rules.picks import BetType, ZoneRange
from prizes import drill
from tests.games import brute_force, chosen

SSQ = rules.by_code("ssq-2026.1")

# Quantiles of chi-square for 32 and 15 degrees of freedom.
WITHIN_99_PERCENT = {33: 53.49, 16: 30.58}
WITHIN_ALL_BUT_1E9 = {33: 105.2, 16: 73.7}


def chi_square(counts: Counter[int], *, size: int, picked: int, picks: int) -> float:
    expected = picks * picked / size
    spread = sum((counts[number] - expected) ** 2 for number in range(1, size + 1)) / expected
    return spread * (size - 1) / (size - picked)


def count(picks: int, below: Callable[[int], int]) -> tuple[Counter[int], Counter[int]]:
    reds: Counter[int] = Counter()
    blues: Counter[int] = Counter()
    for _ in range(picks):
        red, blue = quick_pick.pick(SSQ, below=below).picks
        reds.update(red)
        blues.update(blue)
    return reds, blues


def fixed_bits() -> Iterator[int]:
    """Bytes of SHA-256 over a counter: as good as random, and the same in every run."""
    block = 0
    while True:
        yield from hashlib.sha256(b"quick pick" + block.to_bytes(8, "big")).digest()
        block += 1


def from_fixed_bits() -> Callable[[int], int]:
    bits = fixed_bits()

    def below(bound: int) -> int:
        while True:
            drawn = next(bits)
            if drawn < 256 - 256 % bound:
                return drawn % bound

    return below


def test_numbers_are_chosen_evenly_within_99_percent_of_a_fixed_stream(request):
    """F027: 4 x 10^4 picks, 10^6 in a deep run."""
    picks = brute_force.cases(request, ordinary=40_000, deep=1_000_000)

    reds, blues = count(picks, from_fixed_bits())

    assert chi_square(reds, size=33, picked=6, picks=picks) < WITHIN_99_PERCENT[33]
    assert chi_square(blues, size=16, picked=1, picks=picks) < WITHIN_99_PERCENT[16]


@pytest.mark.thorough
def test_numbers_of_the_real_generator_are_chosen_evenly(request):
    """F027: 4 x 10^4 picks, 10^6 in a deep run, by the generator that players get."""
    picks = brute_force.cases(request, ordinary=40_000, deep=1_000_000)
    reds: Counter[int] = Counter()
    blues: Counter[int] = Counter()

    for _ in range(picks):
        red, blue = quick_pick.pick(SSQ).picks
        reds.update(red)
        blues.update(blue)

    assert chi_square(reds, size=33, picked=6, picks=picks) < WITHIN_ALL_BUT_1E9[33]
    assert chi_square(blues, size=16, picked=1, picks=picks) < WITHIN_ALL_BUT_1E9[16]


def test_every_set_of_numbers_is_equally_likely():
    """All 20 draws of three from six, each reached by exactly as many paths of the sampling."""
    reached: Counter[tuple[int, ...]] = Counter()

    for first in range(4):
        for second in range(5):
            for third in range(6):
                path = {4: first, 5: second, 6: third}
                reached[quick_pick.sample(6, 3, below=path.__getitem__)] += 1

    assert set(reached) == set(combinations(range(1, 7), 3))
    assert set(reached.values()) == {4 * 5 * 6 // 20}


@pytest.mark.thorough
def test_the_bias_of_a_division_remainder_is_found():
    bits = fixed_bits()

    reds, _blues = count(100_000, lambda bound: next(bits) % bound)

    assert chi_square(reds, size=33, picked=6, picks=100_000) > 4 * WITHIN_ALL_BUT_1E9[33]


@pytest.mark.parametrize(
    ("sizes", "bet_type", "lines"),
    [(None, "single", 1), ((6, 1), "single", 1), ((8, 2), "multiple", 56)],
)
def test_a_quick_pick_is_a_selection_the_rules_allow(sizes, bet_type, lines):
    selection = quick_pick.pick(SSQ, sizes=sizes, multiplier=3)

    checked = bets.check(SSQ, selection)

    assert (selection.bet_type, selection.quick_pick, selection.multiplier) == (bet_type, True, 3)
    assert checked.lines == lines
    assert checked.selection == selection


EVERY_BET = [
    (version, bet_type.code)
    for game in rules.GAMES.values()
    for version in game.versions
    for bet_type in version.bet_types
]


@pytest.mark.parametrize(
    ("version", "bet_type"), EVERY_BET, ids=lambda value: getattr(value, "code", value)
)
def test_every_bet_of_every_game_can_be_picked_at_random(version, bet_type):
    """F027: the fewest numbers that the bet takes, and the rules allow them; never a wrong one."""
    for _pick in range(3):
        checked = bets.check(version, quick_pick.pick(version, bet_type=bet_type))
        assert checked.selection.bet_type == bet_type
        assert checked.selection.quick_pick
        assert checked.lines >= version.bet_type(bet_type).least_lines


def test_a_drill_bets_with_every_count_of_bankers():
    """F027, F250: what players may choose is what drills count; one banker each would not be."""
    for version, code in EVERY_BET:
        bet_type = next(one for one in version.bet_types if one.code == code)
        if not any(taken.bankers_most for taken in bet_type.ranges):
            continue
        below = chosen.below_of(7)
        bets_made = [drill.random_bet(version, bet_type, below=below) for _bet in range(120)]
        for at, taken in enumerate(bet_type.ranges):
            known = {len(one.bankers[at]) for one in bets_made}
            assert known == set(range(taken.bankers_least, taken.bankers_most + 1)), code
        for one in bets_made:
            assert bets.check(version, one).lines >= bet_type.least_lines


@pytest.mark.parametrize(
    ("bet_type", "results", "bound"),
    # Quantiles of 99 % of chi-square for 89, 719, 269 and 29 degrees of freedom.
    [("group3", 90, 122.9), ("combo6", 720, 809.1), ("combo3", 270, 325.8), ("one_d", 30, 49.6)],
)
def test_every_line_of_a_pattern_is_equally_likely(bet_type, results, bound):
    """F027: bets on digits whose numbers depend on each other, from a fixed stream."""
    version, below = rules.by_code("fc3d-2016.1"), from_fixed_bits()
    picks = 20 * results
    counts = Counter(
        quick_pick.pick(version, bet_type=bet_type, below=below).picks for _pick in range(picks)
    )

    assert len(counts) == results
    assert sum((count - 20) ** 2 / 20 for count in counts.values()) < bound


def test_numbers_of_all_columns_are_chosen_evenly():
    """F027: 七星彩, the last column of fifteen included; chi-square within 99 %."""
    version, below = rules.by_code("qxc-2021.1"), from_fixed_bits()
    columns: list[Counter[int]] = [Counter() for _place in range(7)]

    for _pick in range(3_000):
        line = quick_pick.pick(version, below=below).picks
        for column, (number,) in zip(columns, line, strict=True):
            column[number] += 1

    for column, (size, bound) in zip(columns, [(10, 21.67)] * 6 + [(15, 29.14)], strict=True):
        assert set(column) == set(range(size))
        expected = 3_000 / size
        assert sum((count - expected) ** 2 / expected for count in column.values()) < bound


def test_a_quick_pick_of_impossible_size_is_refused_like_any_selection():
    with pytest.raises(bets.TooFewNumbers):
        bets.check(SSQ, quick_pick.pick(SSQ, sizes=(5, 1)))
    with pytest.raises(bets.TooManyLines):
        bets.check(SSQ, quick_pick.pick(SSQ, sizes=(40, 1)))


def test_places_that_are_alike_are_picked_alike_with_their_bankers():
    """F026, F027: a rule may ask for the same numbers at all places, and for bankers among them."""
    places = tuple(
        replace(SSQ.plays[0].places[0], code=code, word=word, size=7, picked=3)
        for word, code in enumerate(("first", "second"), start=1)
    )
    play = replace(SSQ.plays[0], places=places, measures=())
    taken = ZoneRange(bankers_least=2, bankers_most=2, numbers_least=4, numbers_most=4)
    alike = BetType(
        code="alike",
        name="bet_types/alike",
        play=play.code,
        ranges=(taken, taken),
        least_bankers=1,
        same_numbers=True,
    )
    rule = cast(
        "rules.RuleVersion",
        SimpleNamespace(plays=(play,), play_of=lambda _code: play, bet_type=lambda _code: alike),
    )

    for _turn in range(50):
        picked = quick_pick.pick(rule, bet_type="alike")

        assert [len(one) for one in picked.bankers] == [2, 2]
        assert [len(one) for one in picked.picks] == [2, 2]
        assert picked.bankers[0] == picked.bankers[1]
        assert picked.picks[0] == picked.picks[1]
        assert not set(picked.bankers[0]) & set(picked.picks[0])
