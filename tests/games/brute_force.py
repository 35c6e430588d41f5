"""The slow and obvious way to count lines and hits, to hold against the quick one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations, product

import pytest
from hypothesis import settings

from games.bets import Selection
from games.rules import RuleVersion

Line = tuple[tuple[int, ...], ...]


def cases(request: pytest.FixtureRequest, *, ordinary: int, deep: int) -> int:
    """How many random cases this run tries."""
    return deep if request.config.getoption("--deep", default=False) else ordinary


def random_cases(request: pytest.FixtureRequest, *, ordinary: int, deep: int) -> settings:
    """So many random cases, the same in every run of a kind, however long one takes."""
    return settings(
        max_examples=cases(request, ordinary=ordinary, deep=deep),
        deadline=None,
        database=None,
        derandomize=True,
    )


def lines(version: RuleVersion, selection: Selection) -> Iterator[Line]:
    """Every line of `selection`, written out."""
    zones = []
    for zone, bankers, picks in zip(version.zones, selection.bankers, selection.picks, strict=True):
        fillings = combinations(picks, zone.picked - len(bankers))
        zones.append([tuple(sorted((*bankers, *filling))) for filling in fillings])
    return product(*zones)


def hits(
    version: RuleVersion, selection: Selection, result: Line, *, special_on: bool
) -> Mapping[int, int]:
    """Winning lines per tier, by looking at every line."""
    tiers = {
        match: tier.number
        for tier in version.tiers
        for match in tier.matches
        if special_on or not tier.special_only
    }
    found: Counter[int] = Counter()
    for line in lines(version, selection):
        match = tuple(
            len(set(numbers) & set(drawn)) for numbers, drawn in zip(line, result, strict=True)
        )
        if match in tiers:
            found[tiers[match]] += 1
    return found
