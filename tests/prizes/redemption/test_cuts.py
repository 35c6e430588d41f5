"""Nobody is made out: no published figure, and no sum of figures, is one to four people (F222)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizes.redemption import cuts
from prizes.redemption.cuts import FEWEST, OTHERS, Cell

MONTHS, BANDS, REGIONS = 6, 3, 3


def cells(counts, first=0):
    """Cells of so many people of one prize each."""
    people = itertools.count(first)
    return [
        Cell(
            key=str(key), people=frozenset(itertools.islice(people, number)), prizes=number,
            fen=number * 100,
        )
        for key, number in enumerate(counts)
    ]  # fmt: skip


def shown(blocks):
    return tuple((block.keys, block.prizes) for block in blocks)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((5, 6), ((("0",), 5), (("1",), 6))),
        ((1, 1, 3, 6), ((("0", "1", "2"), 5), (("3",), 6))),
        ((0, 0, 9), ((("2",), 9),)),
        ((9, 0, 4), ((("0", "2"), 13),)),
        ((4, 0, 0), ()),
        ((0, 0, 0), ()),
        ((4, 1, 4), ((("0", "1", "2"), 9),)),
    ],
)
def test_few_are_told_with_their_neighbours(counts, told):
    """F222: at four, five and six; what is left over joins the last."""
    assert shown(cuts.folded_in_order(cells(counts))) == told


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((9, 5), ((("0",), 9), (("1",), 5))),
        ((9, 3, 2), (((OTHERS,), 14),)),
        ((9, 6, 3, 2), ((("0",), 9), ((OTHERS,), 11))),
        ((9, 6, 4), ((("0",), 9), ((OTHERS,), 10))),
        ((6, 1), (((OTHERS,), 7),)),
        ((2, 2), ()),
        ((2, 3, 0), (((OTHERS,), 5),)),
    ],
)
def test_few_regions_are_told_as_others(counts, told):
    """F222: never so that the total less the rest would tell them."""
    assert shown(cuts.folded_by_name(cells(counts))) == told


def test_people_are_counted_and_not_prizes():
    """F222: nine prizes of one winner are one winner."""
    one = Cell(key="a", people=frozenset({1}), prizes=9, fen=900)
    four = Cell(key="b", people=frozenset({1, 2, 3, 4}), prizes=9, fen=900)

    assert cuts.folded_in_order([one, four]) == cuts.folded_by_name([one, four]) == ()
    assert cuts.first_whole([one.people, four.people]) == 0
    assert cuts.first_whole([one.people, four.people, frozenset({5})]) == 3


@pytest.mark.parametrize("fold", [cuts.folded_in_order, cuts.folded_by_name])
@pytest.mark.parametrize(("size", "most"), [(2, 20), (3, 18), (4, 13)])
def test_who_knows_the_rule_of_folding_knows_no_more(fold, size, most):
    """F222: for every published list there are worlds in which each small cell is another number.

    All worlds of so many cells and people are gone through.
    """
    worlds = defaultdict(list)
    for counts in worlds_of(size, most):
        worlds[sum(counts), shown(fold(cells(counts)))].append(counts)
    told = {key: found for key, found in worlds.items() if key[1]}

    assert len(told) > most
    for found in told.values():
        for cell in range(size):
            values = {counts[cell] for counts in found}
            assert len(values) > 1 or values.pop() not in range(1, FEWEST)


def worlds_of(size, most):
    """Every way in which at most so many people fall into so many cells."""
    if not size:
        yield ()
        return
    for number in range(most + 1):
        for rest in worlds_of(size - 1, most - number):
            yield (number, *rest)


def rank(rows):
    """Gauss, exactly: rows by the column in which each alone has a one."""
    solved: dict[int, dict[int, Fraction]] = {}
    for row in rows:
        left = reduced(row, solved)
        if left:
            pivot = min(left)
            scale = left[pivot]
            left = {column: value / scale for column, value in left.items()}
            for known, other in list(solved.items()):
                if pivot in other:
                    solved[known] = taken(other, left, other[pivot])
            solved[pivot] = left
    return solved


def taken(row, other, times):
    out = dict(row)
    for column, value in other.items():
        out[column] = out.get(column, 0) - times * value
        if not out[column]:
            del out[column]
    return out


def reduced(row, solved):
    out = dict(row)
    for pivot in sorted(solved):
        if pivot in out:
            out = taken(out, solved[pivot], out[pivot])
    return out


@st.composite
def years(draw):
    """Half a year of a game: who won in which month, band and region; some of them again."""
    size = draw(st.integers(0, 60))
    return [
        (
            draw(st.integers(0, 30)), draw(st.integers(0, MONTHS - 1)),
            draw(st.sampled_from([0, 1, 1, 2, 2, 2])), draw(st.sampled_from([0, 0, 0, 1, 1, 2])),
        )
        for _prize in range(size)
    ]  # fmt: skip


def published(won):
    """What is told of it, as `statistics` closes it: rows over the cells that they are sums of."""
    rows, quarter_from, since = [], 0, 0
    by_month = [[one for one in won if one[1] == month] for month in range(MONTHS)]
    ends = []

    def told(prizes, place, fold, span):
        grouped = [
            Cell(
                key=str(key), people=frozenset(one[0] for one in prizes if one[place] == key),
                prizes=sum(one[place] == key for one in prizes), fen=1,
            )
            for key in range(3)
        ]  # fmt: skip
        blocks = fold(grouped)
        named = {int(key) for block in blocks for key in block.keys if key != OTHERS}
        for block in blocks:
            keys = {int(key) for key in block.keys if key != OTHERS} or set(range(3)) - named
            rows.append((span, place, frozenset(keys)))
        return blocks

    for month in range(MONTHS):
        people = [frozenset(one[0] for one in by_month[at]) for at in range(since, month + 1)]
        if cuts.first_whole(people):
            span = range(since, month + 1)
            told([one for at in span for one in by_month[at]], 2, cuts.folded_in_order, span)
            since = month + 1
            ends.append(since)
        if month % 3 == 2 and ends and ends[-1] > quarter_from:
            span = range(quarter_from, ends[-1])
            told([one for at in span for one in by_month[at]], 3, cuts.folded_by_name, span)
            quarter_from = ends[-1]
    return rows


@settings(max_examples=20, deadline=None)
@given(years())
def test_no_sum_of_what_is_published_is_one_to_four_people(won):
    """F222: taken as equations, all tables together give no cell, no margin, no month of so few."""
    atoms = list(itertools.product(range(MONTHS), range(BANDS), range(REGIONS)))
    number = {atom: place for place, atom in enumerate(atoms)}

    def sum_of(span, place, keys):
        return {
            number[atom]: Fraction(1)
            for atom in atoms
            if atom[0] in span and (place == 0 or atom[place - 1] in keys)
        }

    known = rank(sum_of(*row) for row in published(won))
    spans = [range(one, other) for one in range(MONTHS) for other in range(one + 1, MONTHS + 1)]
    for span in spans:
        within = [one for one in won if one[1] in span]
        asked = [(0, 0)] + [(2, band) for band in range(BANDS)] + [(3, at) for at in range(REGIONS)]
        for place, key in asked:
            people = {one[0] for one in within if place == 0 or one[place] == key}
            if 0 < len(people) < FEWEST:
                assert reduced(sum_of(span, place, {key}), known)
        for band, region in itertools.product(range(BANDS), range(REGIONS)):
            people = {one[0] for one in within if one[2:] == (band, region)}
            if 0 < len(people) < FEWEST:
                cell = {number[month, band, region]: Fraction(1) for month in span}
                assert reduced(cell, known)


@given(st.lists(st.lists(st.sets(st.integers(0, 5), min_size=1), max_size=4), max_size=4))
@settings(max_examples=20, deadline=None)
def test_joined_lists_tell_no_more_than_each(lists):
    """F222: bands that one month tells together, no year tells apart; nothing is lost."""
    blocks = [
        cuts.Block(keys=tuple(map(str, sorted(keys))), people=frozenset(), prizes=5, fen=7)
        for one in lists
        for keys in one
    ]

    found = cuts.joined(blocks)

    assert sum(one.prizes for one in found) == 5 * len(blocks)
    assert sum(one.fen for one in found) == 7 * len(blocks)
    keys = [key for one in found for key in one.keys]
    assert len(keys) == len(set(keys))
    for block in blocks:
        assert sum(set(block.keys) <= set(one.keys) for one in found) == 1
