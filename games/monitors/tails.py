"""Exact chances of what a fair draw may show: sums of counted cases, nothing approximated but one.

Only `chi_square_upper` is the limit for many draws; who uses it asks for enough of them first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import comb, erfc, exp, factorial, fsum, inf, lgamma, log, log1p, pi, sqrt

Chances = tuple[float, ...]  # of 0, 1, 2, …


@cache
def overlap(size: int, drawn: int, marked: int) -> Chances:
    """How many of `marked` numbers come out when `drawn` of `size` do."""
    whole = comb(size, drawn)
    return tuple(
        comb(marked, hits) * comb(size - marked, drawn - hits) / whole
        for hits in range(min(drawn, marked) + 1)
    )


def together(first: Sequence[float], second: Sequence[float]) -> Chances:
    """The sum of two counts that know nothing of each other."""
    found = [0.0] * (len(first) + len(second) - 1)
    for place, chance in enumerate(first):
        for other, more in enumerate(second):
            found[place + other] += chance * more
    return tuple(found)


@cache
def summed(one: Chances, times: int) -> Chances:
    """The sum of `times` such counts."""
    if not times:
        return (1.0,)
    half = summed(one, times // 2)
    both = together(half, half)
    return together(both, one) if times % 2 else both


def upper(chances: Sequence[float], count: int) -> float:
    """At least `count`."""
    return min(1.0, fsum(chances[max(count, 0) :]))


def lower(chances: Sequence[float], count: int) -> float:
    """At most `count`."""
    return min(1.0, fsum(chances[: count + 1]))


@cache
def binomial(tries: int, chance: float) -> Chances:
    """How often something of this chance happens."""
    if chance <= 0:
        return (1.0, *[0.0] * tries)
    if chance >= 1:
        return (*[0.0] * tries, 1.0)
    return tuple(
        exp(_choose(tries, hits) + hits * log(chance) + (tries - hits) * log1p(-chance))
        for hits in range(tries + 1)
    )


def poisson_upper(mean: float, count: int) -> float:
    """At least `count` where `mean` are expected."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if count <= mean:
        return max(0.0, 1.0 - fsum(_poisson(mean, few) for few in range(count)))
    chances, many = [_poisson(mean, count)], count
    while chances[-1] > chances[0] * 1e-17:
        many += 1
        chances.append(_poisson(mean, many))
    return fsum(chances)


def share_upper(*, size: int, drawn: int, marked: int, count: int) -> float:
    """At least `count` of `marked` among `drawn` of `size`, for sizes in the millions."""
    most = min(drawn, marked)
    if count > most:
        return 0.0
    whole = _choose(size, drawn)
    least = max(count, drawn + marked - size, 0)
    return min(
        1.0,
        fsum(
            exp(_choose(marked, hits) + _choose(size - marked, drawn - hits) - whole)
            for hits in range(least, most + 1)
        ),
    )


@cache
def runs(above: int, below: int) -> Chances:
    """The number of runs of so many above and so many below in any order (Wald-Wolfowitz)."""
    if not above or not below:
        return (0.0, 1.0) if above + below else (1.0,)
    whole = comb(above + below, above)
    found = [0.0, 0.0]
    for count in range(2, 2 * min(above, below) + 2):
        half = count // 2
        ways = 2 * comb(above - 1, half - 1) * comb(below - 1, half - 1)
        if count % 2:
            ways = comb(above - 1, half) * comb(below - 1, half - 1) + comb(
                above - 1, half - 1
            ) * comb(below - 1, half)
        found.append(ways / whole)
    return tuple(found)


@cache
def ascents(length: int) -> Chances:
    """How often the next ball is higher when `length` balls come out in any order (Euler)."""
    whole = factorial(length)
    return tuple(
        sum((-1) ** k * comb(length + 1, k) * (rises + 1 - k) ** length for k in range(rises + 1))
        / whole
        for rises in range(max(length, 1))
    )


def chi_square_upper(value: float, degrees: int) -> float:
    """At least `value` under so many degrees of freedom; closed forms, no tables."""
    half = value / 2
    if half <= 0:
        return 1.0
    if degrees % 2 == 0:
        return min(1.0, fsum(_poisson(half, few) for few in range(degrees // 2)))
    found, term = erfc(sqrt(half)), exp(-half) * sqrt(half) * 2 / sqrt(pi)
    for odd in range(3, degrees + 1, 2):
        found += term
        term *= 2 * half / odd
    return min(1.0, found)


def one_in(chance: float) -> float:
    """The N of "1 in N"."""
    return 1 / chance if chance > 0 else inf


def _poisson(mean: float, count: int) -> float:
    return exp(count * log(mean) - mean - lgamma(count + 1))


def _choose(size: int, taken: int) -> float:
    """The logarithm of "taken out of size"."""
    if taken < 0 or taken > size:
        return -inf
    return lgamma(size + 1) - lgamma(taken + 1) - lgamma(size - taken + 1)
