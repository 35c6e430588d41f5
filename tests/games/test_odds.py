"""Odds are counted, not estimated."""

import sys
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import comb
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games import bets, odds, rules
from tests.games import brute_force

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
        "any", (tuple(reds[:bankers]), ()), (tuple(reds[bankers:count]), tuple(blues[:blue_count]))
    ),
    st.permutations(range(1, 12)),
    st.integers(0, 5),
    st.integers(6, 9),
    st.permutations(range(1, 4)),
    st.integers(1, 2),
)


def test_odds_equal_the_count_over_all_results(request):
    """F033: every result of a small matrix looked at, for one to three selections together."""

    @brute_force.random_cases(request, ordinary=60, deep=1_000)
    @given(st.lists(small_selections, min_size=1, max_size=3), st.booleans())
    def check(selections, special_on):
        packed = [bets.pack(selection) for selection in selections]
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


def test_the_same_line_twice_wins_no_oftener():
    line = masks("single|01,02,03,04,05,06+07|x1|own")

    assert odds.of(SSQ, [line, line], special_on=False) == odds.of(SSQ, [line], special_on=False)


def test_a_cart_too_tangled_to_count_gets_no_approximation():
    cart = [(0, bets.mask_of([number, *range(28, 33)]), 0, 1) for number in range(1, 27)]

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


@pytest.mark.parametrize("count", range(1, 7))
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
