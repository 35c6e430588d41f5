"""Odds are counted, not estimated."""

import sys
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from math import comb
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games import bets, odds, rules
from tests.games import brute_force, chosen
from tests.samples import one_in

SSQ = rules.by_code("ssq-2026.1")
RED, BLUE = SSQ.zones
# Eleven reds and three blues: few enough results to look at each.
SMALL = replace(SSQ, zones=(replace(RED, size=11), replace(BLUE, size=3)))
RESULTS = [
    bets.result_masks(SMALL, (reds, (blue,)))
    for reds in combinations(range(1, 12), 6)
    for blue in range(1, 4)
]
TOTAL = comb(33, 6) * 16


def masks(text: str) -> tuple[int, ...]:
    return bets.check(SSQ, bets.parse(text)).masks


def test_a_single_line_has_the_published_odds():
    """F033: first prize 1 in 17,721,088; 1,188,988 of all results win something."""
    found = odds.of(SSQ, [masks("single|01,02,03,04,05,06+07|x1|own")], special_on=False)

    assert found is not None
    assert found.first_prize == Fraction(1, 17_721_088)
    assert found.any_prize == Fraction(1_188_988, TOTAL)
    assert {tier: chance * TOTAL for tier, chance in found.per_tier.items()} == {
        1: 1,
        2: 15,
        3: 162,
        4: 7_695,
        5: 137_475,
        6: 1_043_640,
    }
    assert sum(found.per_tier.values()) == found.any_prize


def test_the_special_rule_adds_a_tier_and_its_chance():
    found = odds.of(SSQ, [masks("single|01,02,03,04,05,06+07|x1|own")], special_on=True)

    assert found is not None
    assert found.per_tier[7] * TOTAL == comb(6, 3) * comb(27, 3) * 15 == 877_500
    assert found.any_prize == Fraction(1_188_988 + 877_500, TOTAL)


def test_a_multiple_wins_the_first_prize_once_per_line():
    text = "multiple|01,02,03,04,05,06,07,08,09+01,02|x1|own"

    found = odds.of(SSQ, [masks(text)], special_on=False)

    assert found is not None
    assert found.first_prize == Fraction(comb(9, 6) * 2, TOTAL)
    assert found.any_prize < 168 * Fraction(1_188_988, TOTAL)


small_selections = st.builds(
    lambda reds, bankers, count, blues, blue_count: bets.Selection(
        "banker",
        (tuple(reds[:bankers]), ()),
        (tuple(reds[bankers:count]), tuple(blues[:blue_count])),
    ),
    st.permutations(range(1, 12)),
    st.integers(0, 5),
    st.integers(6, 9),
    st.permutations(range(1, 4)),
    st.integers(1, 2),
)


def test_odds_equal_the_count_over_all_results(request):
    """F033: every result of a small matrix looked at, for one to three selections together."""

    @brute_force.random_cases(request, ordinary=8, deep=1_000)
    @given(st.lists(small_selections, min_size=1, max_size=3), st.booleans())
    def check(selections, special_on):
        packed = [bets.pack(SMALL, selection) for selection in selections]
        wins = [
            {
                tier
                for masks in packed
                for tier in bets.hits(SMALL, masks, result, special_on=special_on)
            }
            for result in RESULTS
        ]
        found = odds.of(SMALL, packed, special_on=special_on)
        assert found is not None
        assert found.any_prize == Fraction(sum(map(bool, wins)), len(RESULTS))
        assert found.per_tier == {
            tier.number: Fraction(sum(tier.number in tiers for tiers in wins), len(RESULTS))
            for tier in SMALL.tiers_in_force(special_on=special_on)
        }

    check()


def masks_of(version: rules.RuleVersion, bet_type: str, *picks: tuple[int, ...]):
    selection = bets.Selection(bet_type, tuple(() for _place in picks), picks)
    return bets.check(version, selection).masks


def chances(version: rules.RuleVersion, bet_type: str, *picks: tuple[int, ...]):
    """Chance of each tier, by its mark, of one selection."""
    found = odds.of(
        version, [masks_of(version, bet_type, *picks)], special_on=False, bet_types=[bet_type]
    )
    assert found is not None
    return found, {version.tier(tier).mark: share for tier, share in found.per_tier.items()}


def test_an_additional_bet_has_the_odds_of_its_line():
    """F033: 大乐透, first prize 1 in 21,425,712; what is won beside it is won as often."""
    line = ((1, 2, 3, 4, 5), (1, 2))
    total = comb(35, 5) * comb(12, 2)

    plain, marks = chances(rules.by_code("dlt-2026.1"), "single", *line)
    added, added_marks = chances(rules.by_code("dlt-2026.1"), "single_add", *line)

    assert plain.first_prize == Fraction(1, 21_425_712) == Fraction(1, total)
    assert added.any_prize == plain.any_prize == sum(marks.values())
    assert added_marks["1z"] == marks["1"]
    assert added_marks["2z"] == marks["2"] == Fraction(20, total)


def test_a_special_number_comes_from_the_same_drum():
    """F033: 七乐彩; the second prize is six of seven and the eighth ball."""
    found, marks = chances(rules.by_code("qlc-2007.1"), "single", (1, 2, 3, 4, 5, 6, 7))
    total = comb(30, 7) * 23

    assert marks == {
        "1": Fraction(23, total),
        "2": Fraction(7 * 23, total),
        "3": Fraction(7 * 23 * 22, total),
        "4": Fraction(comb(7, 5) * comb(23, 2) * 2, total),
        "5": Fraction(comb(7, 5) * comb(23, 2) * 21, total),
        "6": Fraction(comb(7, 4) * comb(23, 3) * 3, total),
        "7": Fraction(comb(7, 4) * comb(23, 3) * 20, total),
    }
    assert found.first_prize == Fraction(1, 2_035_800)


@pytest.mark.parametrize("pick", range(1, 11))
def test_keno_odds_are_hypergeometric(pick):
    """F033: 快乐8, every pick."""
    version = rules.by_code("kl8-2025.1")

    _found, marks = chances(version, f"pick{pick}", tuple(range(1, pick + 1)))

    for mark, chance in marks.items():
        hits = int(mark.partition("z")[2])
        assert chance == Fraction(comb(20, hits) * comb(60, pick - hits), comb(80, pick))


def test_seven_digits_have_the_odds_of_their_positions():
    """F033: 七星彩, first prize 1 in 15,000,000; a multiple wins it once per line."""
    version = rules.by_code("qxc-2021.1")

    found, marks = chances(version, "single", *((1,),) * 6, (14,))
    more, _marks = chances(version, "multiple", (1, 2), (3,), (4,), (5,), (6,), (7,), (0, 14))

    assert found.first_prize == Fraction(1, 15_000_000)
    assert marks["2"] == Fraction(14, 15_000_000)
    assert marks["3"] == Fraction(6 * 9, 15_000_000)
    assert found.any_prize == sum(marks.values())
    assert more.first_prize == Fraction(4, 15_000_000)


def test_five_digits_in_order_are_one_in_a_hundred_thousand():
    """F033."""
    found, _marks = chances(rules.by_code("pl5-2014.1"), "single", *((7,),) * 5)

    assert found.first_prize == found.any_prize == Fraction(1, 100_000)


def test_odds_of_three_digits_equal_the_count_over_all_results(request):
    """F033: every bet type of 福彩3D, every result looked at by the words of the rules."""
    version = rules.by_code("fc3d-2016.1")
    every_result = [tuple((digit,) for digit in digits) for digits in product(range(10), repeat=3)]
    tried = set()

    @brute_force.random_cases(request, ordinary=10, deep=400)
    @given(chosen.seeds)
    def check(seed):
        selection = chosen.selection(version, chosen.below_of(seed), most_lines=12)
        masks = bets.check(version, selection).masks
        found = odds.of(version, [masks], special_on=False, bet_types=[selection.bet_type])
        wins = [
            brute_force.wins(version, selection, result, special_on=False)
            for result in every_result
        ]
        assert found is not None
        assert found.any_prize * 1000 == sum(map(bool, wins))
        for tier, chance in found.per_tier.items():
            mark = next(iter(brute_force.won_as(version, {tier: 1})))
            if mark != "sum 1500":  # 15 yuan are paid for two pairs of sums
                assert chance * 1000 == sum(mark in won for won in wins)
        tried.add(selection.bet_type)

    check()
    assert len(tried) > 5


def test_selections_of_several_plays_are_counted_together():
    """F033: a result counts once, though the straight and the group bet both win in it."""
    version = rules.by_code("fc3d-2016.1")
    cart = [
        masks_of(version, "straight", (1,), (2,), (3,)),
        masks_of(version, "group6", (1, 2, 3)),
    ]

    found = odds.of(version, cart, special_on=False, bet_types=["straight", "group6"])

    assert found is not None
    assert found.any_prize == Fraction(6, 1000)
    assert found.per_tier == {1: Fraction(1, 1000), 3: Fraction(6, 1000)}


small_drums = st.builds(
    lambda numbers, bankers, count: bets.Selection(
        "banker", (tuple(numbers[:bankers]),), (tuple(numbers[bankers:count]),)
    ),
    st.permutations(range(1, 12)),
    st.integers(0, 3),
    st.integers(7, 9),
)


def test_odds_with_a_special_number_equal_the_count_over_all_results(request):
    """F033: 七乐彩 on a drum of eleven, every result looked at."""
    qlc = rules.by_code("qlc-2007.1")
    version = replace(qlc, zones=tuple(replace(zone, size=11) for zone in qlc.zones))
    every_result = [
        bets.result_masks(version, (main, (special,)))
        for main in combinations(range(1, 12), 7)
        for special in range(1, 12)
        if special not in main
    ]

    @brute_force.random_cases(request, ordinary=6, deep=300)
    @given(st.lists(small_drums, min_size=1, max_size=2))
    def check(selections):
        packed = [bets.pack(version, selection) for selection in selections]
        wins = [
            {
                tier
                for masks in packed
                for tier in bets.hits(version, masks, result, special_on=False)
            }
            for result in every_result
        ]
        found = odds.of(version, packed, special_on=False)
        assert found is not None
        assert found.any_prize == Fraction(sum(map(bool, wins)), len(every_result))
        for tier, chance in found.per_tier.items():
            assert chance == Fraction(sum(tier in won for won in wins), len(every_result))

    check()


def test_the_same_line_twice_wins_no_oftener():
    line = masks("single|01,02,03,04,05,06+07|x1|own")

    assert odds.of(SSQ, [line, line], special_on=False) == odds.of(SSQ, [line], special_on=False)


def test_a_cart_too_tangled_to_count_gets_no_approximation():
    cart = [(0, 1 << number - 1 | 0b11111 << 27, 0, 1) for number in range(1, 27)]

    assert odds.of(SSQ, cart, special_on=False) is None


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (Fraction(1, 17_721_088), "17,721,088"),
        (Fraction(1_188_988, TOTAL), "15"),
        (Fraction(10, 65), "6.5"),
        (Fraction(100, 651), "6.6"),
        (Fraction(2, 201), "101"),
        (Fraction(1), "1"),
    ],
)
def test_odds_are_rounded_against_ourselves(chance, text):
    assert odds.one_in(chance) == text


def steps_of(cart) -> int:
    """How many lines of the counting module are run for a cart, that is answered or not."""
    gone = 0

    def step(_frame: FrameType, event: str, _arg: object):
        nonlocal gone
        gone += event == "line"
        return step

    def enter(frame: FrameType, _event: str, _arg: object):
        return step if frame.f_code.co_filename == odds.__file__ else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        odds.of(SSQ, cart, special_on=True)
    finally:
        sys.settrace(before)
    return gone


def tangled(kind: str, count: int) -> list[tuple[int, ...]]:
    """Picks that overlap in as many ways as they can: every number tells them apart otherwise."""
    cart = []
    for place in range(count):
        numbers = sorted(number for number in range(1, 34) if number * 37 % 61 >> place & 1)
        reds = [f"{number:02d}" for number in numbers]
        bankers, drags = reds[:3], reds[3:10]
        spelt = {
            "single": ",".join(reds[:6]),
            "multiple": ",".join(reds[:10]),
            "banker": f"{','.join(bankers)}#{','.join(drags)}",
        }[kind]
        cart.append(masks(f"{kind}|{spelt}+{place + 1:02d}|x1|own"))
    return cart


@pytest.mark.parametrize("count", one_in(3, range(6, 0, -1)))
@pytest.mark.parametrize("kind", ["single", "multiple", "banker"])
def test_no_cart_takes_more_steps_than_a_visitor_may_ask_for(kind, count):
    """F033: anybody may ask, so the work has an end; it is said before it is done."""
    assert steps_of(tangled(kind, count)) < 3 * odds.MOST_STEPS


def test_five_single_lines_are_still_counted():
    """F033: what a quick pick of five puts on the board has its odds."""
    cart = [
        masks(f"single|{reds}|x1|quick")
        for reds in (
            "03,09,14,20,27,31+02",
            "01,06,12,19,22,33+07",
            "05,08,15,17,24,29+11",
            "02,10,13,21,26,30+14",
            "04,07,16,18,25,32+05",
        )
    ]

    assert odds.of(SSQ, cart, special_on=False) is not None
