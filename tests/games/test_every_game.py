"""Lines, hits, masks and texts of every bet type of every game, against every line looked at."""

from collections.abc import Mapping
from math import comb, prod
from zlib import crc32

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


def judged(
    version: rules.RuleVersion, selection: bets.Selection, drawn: brute_force.Line, *, is_on: bool
) -> Mapping[str, int]:
    """What the selection wins; the masks say the same as every line does."""
    special_on = is_on and version.special is not None
    won = bets.hits(
        version,
        counted(version, selection).masks,
        bets.result_masks(version, drawn),
        special_on=special_on,
        bet_type=selection.bet_type,
    )
    told = brute_force.wins(version, selection, drawn, special_on=special_on)
    assert brute_force.won_as(version, won) == told
    return told


@pytest.mark.parametrize("game", GAMES)
def test_lines_and_hits_equal_the_expansion(request, game, deep):
    """F026, F071: from the masks, against every line; a thousand tickets a game, deep 10^5."""
    versions = rules.GAMES[game].versions
    tried: dict[tuple[str, str], set[tuple[int, ...]]] = {}  # bet types, by their bankers
    met: set[tuple[str, str]] = set()
    tickets = 0

    @brute_force.random_cases(request, ordinary=1_000 // EACH, deep=100_000 // EACH)
    @given(chosen.seeds, st.booleans())
    def check(seed, special_on):
        nonlocal tickets
        below = chosen.below_of(seed)
        for _ticket in range(EACH):
            version = versions[below(len(versions))]
            selection = chosen.selection(version, below)
            drawn = chosen.result(version, below, selection)
            told = judged(version, selection, drawn, is_on=special_on)
            bankers = tuple(map(len, selection.bankers))
            tried.setdefault((version.code, selection.bet_type), set()).add(bankers)
            met.update((version.code, mark) for mark in told)
            tickets += 1

    check()
    assert tickets >= (100_000 if deep else 1_000)
    for version in versions:
        for bet_type in version.bet_types:
            most = [max(counts) for counts in zip(*tried[version.code, bet_type.code], strict=True)]
            taken = [one.bankers_most for one in bet_type.ranges]
            assert [min(2, count) for count in most] == [min(2, count) for count in taken]
        marks = {mark for tier in version.tiers for mark in won_by(version, tier)}
        found = {mark for code, mark in met if code == version.code}
        assert (found == marks) if deep else (2 * len(found) >= len(marks)), marks - found


def won_by(version: rules.RuleVersion, tier: rules.Tier) -> Mapping[str, int]:
    return brute_force.won_as(version, {tier.number: 1})


@pytest.mark.parametrize("game", GAMES)
def test_the_widest_bets_are_counted_to_their_last_line(game, full, deep):
    """F026, F028, F071: bets that cost nearly what a ticket may, against every line of them.

    Of each game one bet type in any run, all of all versions in a full one, 5 times in a deep one.
    """
    versions = rules.GAMES[game].versions
    for version in versions if full else versions[-1:]:
        for bet_type in version.bet_types if full else version.bet_types[-1:]:
            below = chosen.below_of(crc32(f"{version.code} {bet_type.code}".encode()))
            for turn in range(5 if deep else 1):
                selection = chosen.widest(version, bet_type, below)
                drawn = chosen.result(version, below, selection)
                judged(version, selection, drawn, is_on=bool(turn % 2))
