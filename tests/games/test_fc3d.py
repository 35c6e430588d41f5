"""福彩3D pays back what a game of digits must: its lower prizes are held against that."""

from fractions import Fraction

import pytest

from games import bets, odds, quick_pick, rules

FC3D = rules.by_code("fc3d-2016.1")
KL8 = rules.by_code("kl8-2025.1")


def paid_back(version: rules.RuleVersion, selection: bets.Selection) -> Fraction:
    """The part of the price of a single line that comes back as fixed prizes on average."""
    checked = bets.check(version, selection)
    found = odds.of(version, [checked.masks], special_on=False, bet_types=[selection.bet_type])
    assert found is not None
    prizes = sum(
        chance * (version.tier(tier).fixed_fen or 0) for tier, chance in found.per_tier.items()
    )
    return Fraction(prizes, checked.amount_fen)


SINGLE_LINES = [
    bet.code
    for bet in FC3D.bet_types
    if bet.code not in {"group3_multi", "group6_multi", "group6_bank", "sum"}
]


@pytest.mark.parametrize("bet_type", SINGLE_LINES)
def test_a_line_on_digits_pays_back_about_half(bet_type):
    """F033: 52 % of stakes are prize money; every bet pays back 49 to 53 % of its price."""
    selection = quick_pick.pick(FC3D, bet_type=bet_type, below=lambda _bound: 0)

    assert Fraction(49, 100) <= paid_back(FC3D, selection) <= Fraction(53, 100)


@pytest.mark.parametrize("total", range(28))
def test_a_sum_pays_back_about_half(total):
    """F033: the rarer the sum, the larger its prize."""
    selection = bets.Selection("sum", ((),), ((total,),))

    assert Fraction(50, 100) <= paid_back(FC3D, selection) <= Fraction(55, 100)


@pytest.mark.parametrize("pick", range(1, 10))
def test_a_pick_of_keno_pays_back_a_little_more_than_half(pick):
    """F033: the fixed prizes of 快乐8 from one to nine numbers."""
    selection = quick_pick.pick(KL8, bet_type=f"pick{pick}", below=lambda _bound: 0)

    assert Fraction(50, 100) <= paid_back(KL8, selection) <= Fraction(60, 100)
