"""Lines, hits, masks and texts of every bet type of every game, against every line looked at."""

from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games import bets, rules
from tests.games import brute_force, chosen

GAMES = sorted(rules.GAMES)
EACH = 20  # tickets of one example: Hypothesis takes longer than they do


def formula(version: rules.RuleVersion, selection: bets.Selection) -> int:
    """How many lines the rules of the game say that such a bet makes."""
    counts = [len(picks) for picks in selection.picks]
    match selection.bet_type:
        case "group3_multi":
            return counts[0] * (counts[0] - 1)
        case "one_d" | "two_d":
            return prod(count for count in counts if count)
    places = version.play_of(selection.bet_type).places
    return prod(
        comb(count, place.picked - len(bankers))
        for place, bankers, count in zip(places, selection.bankers, counts, strict=True)
    )


def counted(version: rules.RuleVersion, selection: bets.Selection) -> bets.CheckedSelection:
    """The selection as checked; its lines, price, masks and text are what they must be."""
    checked = bets.check(version, selection)
    expanded = list(brute_force.lines(version, selection))
    assert checked.lines == len(expanded) == len(set(expanded)) == formula(version, selection)
    line_price = version.line_price_fen(selection.bet_type)
    assert checked.amount_fen == line_price * checked.lines * selection.multiplier
    assert max(checked.masks) < 2**63
    assert checked.selection == bets.parse(bets.canonical(selection))
    assert checked.selection == bets.unpack(
        version,
        checked.masks,
        bet_type=selection.bet_type,
        multiplier=selection.multiplier,
        quick_pick=selection.quick_pick,
    )
    return checked


@pytest.mark.parametrize("game", GAMES)
def test_lines_and_hits_equal_the_expansion(request, game):
    """F026, F071: from the masks, against every line; a thousand tickets a game, deep 10^5."""
    versions = rules.GAMES[game].versions
    tried: set[tuple[str, str]] = set()
    met: set[str] = set()

    @brute_force.random_cases(request, ordinary=1_000 // EACH, deep=100_000 // EACH)
    @given(chosen.seeds, st.booleans())
    def check(seed, special_on):
        below = chosen.below_of(seed)
        for _ticket in range(EACH):
            version = versions[below(len(versions))]
            selection = chosen.selection(version, below)
            drawn = chosen.result(version, below, selection)
            checked = counted(version, selection)
            won = bets.hits(
                version,
                checked.masks,
                bets.result_masks(version, drawn),
                special_on=special_on and version.special is not None,
                bet_type=selection.bet_type,
            )
            told = brute_force.wins(version, selection, drawn, special_on=special_on)
            assert brute_force.won_as(version, won) == told
            tried.add((version.code, selection.bet_type))
            met.update(told)

    check()
    assert tried == {(one.code, bet_type.code) for one in versions for bet_type in one.bet_types}
    assert 2 * len(met) >= len(versions[-1].tiers)
