"""Lines and hits, counted from masks; nothing is ever expanded into lines of balls.

A place with b bankers and p picks makes C(p, picked - b) part lines; the lines of a selection are
their product. Hits go the same way: the picks of a place fall into groups by the facts they are
in, each group gives so many of its numbers in so many ways, and places multiply.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import comb, prod

from games.rules.picks import WORDS, Place, Play, Words, facts_of
from games.rules.shape import RuleVersion

Facts = Mapping[str, frozenset[int]]
# Hits of each measure.
Vector = tuple[int, ...]


def lines_of(play: Play, bankers: Sequence[int], picks: Sequence[int]) -> int:
    """How many lines these masks make, one of bankers and one of picks per place."""
    if play.filled is not None:
        chosen = [mask.bit_count() for mask in picks if mask]
        return prod(chosen) if len(chosen) == play.filled else 0
    if play.pattern != "any":
        numbers = [
            place.numbers(sure | mask)
            for place, sure, mask in zip(play.places, bankers, picks, strict=True)
        ]
        return sum(map(play.fits, product(*numbers)))
    return prod(
        comb(mask.bit_count(), place.picked - sure.bit_count())
        if sure.bit_count() <= place.picked
        else 0
        for place, sure, mask in zip(play.places, bankers, picks, strict=True)
    )


def facts(version: RuleVersion, result: Sequence[int]) -> Facts:
    """Every fact of the result that lies in these two words."""
    drawn = {zone.code: zone.numbers(zone.lifted(result)) for zone in version.zones}
    return facts_of(version.zones, version.facts, drawn)


def targets(version: RuleVersion, play: Play, result: Sequence[int]) -> tuple[Words, ...]:
    """Per measure of `play` the words against which a single line is held.

    The hits of a line without bankers are the common bits of its two words of picks and these.
    """
    known = facts(version, result)
    places = {place.code: place for place in play.places}
    found = []
    for measure in play.measures:
        words = [0] * WORDS
        for against in measure.against:
            place = places[against.place]
            for word, laid in enumerate(place.laid(_among(place, known[against.fact]))):
                words[word] |= laid
        found.append((words[0], words[1]))
    return tuple(found)


def vectors(play: Play, masks: Sequence[int], known: Facts) -> Mapping[Vector, int]:
    """How many lines of a selection have which hits; `masks` are its four stored words."""
    bankers, picks = masks[::2], masks[1::2]
    none = (0,) * len(play.measures)
    counted: Mapping[Vector, int] | None = None
    for place in play.places:
        sure, mask = place.lifted(bankers), place.lifted(picks)
        if play.filled is not None and not mask:
            continue
        looked_at = [
            (at, _among(place, known[against.fact]))
            for at, measure in enumerate(play.measures)
            for against in measure.against
            if against.place == place.code
        ]
        part = _part_lines(place, sure, mask, looked_at, none)
        counted = part if counted is None else _multiplied(counted, part)
    return {none: 1} if counted is None else counted


def hits(
    version: RuleVersion,
    masks: Sequence[int],
    result: Sequence[int],
    *,
    special_on: bool,
    bet_type: str | None = None,
) -> dict[int, int]:
    """Winning lines per tier of the selection with these `masks`, its multiplier aside.

    A line counts in its highest tier only, and beside it in the tiers on top of that one; the
    special tier counts only while the rule is on. Tiers without a line are left out. `bet_type`
    may be left out where a game has one play.
    """
    play, known = version.play_of(bet_type), facts(version, result)
    lines = vectors(play, masks, known)
    found: dict[int, int] = {}
    for tier in version.tiers_in_force(special_on=special_on):
        if not (tier.is_played(play.code) and tier.is_in_force(known)):
            continue
        if won := sum(lines.get(match, 0) for match in tier.matches):
            found[tier.number] = won
    return found


def _among(place: Place, numbers: Iterable[int]) -> int:
    return place.mask(number for number in numbers if place.first <= number <= place.last)


def _part_lines(
    place: Place, sure: int, mask: int, looked_at: Sequence[tuple[int, int]], none: Vector
) -> Mapping[Vector, int]:
    """How many part lines of one place have which hits."""
    start, groups = none, {none: mask}
    for at, wanted in looked_at:
        start = _more(start, at, (sure & wanted).bit_count())
        parted: defaultdict[Vector, int] = defaultdict(int)
        for group, members in groups.items():
            parted[group] |= members & ~wanted
            parted[_more(group, at, 1)] |= members & wanted
        groups = parted
    sizes = tuple((group, members.bit_count()) for group, members in groups.items() if members)
    return _ways(start, sizes, place.picked - sure.bit_count())


@lru_cache(maxsize=4096)
def _ways(
    start: Vector, groups: tuple[tuple[Vector, int], ...], joined: int
) -> Mapping[Vector, int]:
    """In how many ways so many members of these groups join the bankers, by their hits."""
    counted: Mapping[tuple[Vector, int], int] = {(start, 0): 1}
    for group, size in groups:
        counted = _joined(counted, group, size, joined)
    return {vector: ways for (vector, taken), ways in counted.items() if taken == joined}


def _joined(
    counted: Mapping[tuple[Vector, int], int], group: Vector, size: int, joined: int
) -> Mapping[tuple[Vector, int], int]:
    """The same with every number of members of one more group of picks."""
    more: defaultdict[tuple[Vector, int], int] = defaultdict(int)
    for (vector, taken), ways in counted.items():
        for count in range(min(size, joined - taken) + 1):
            added = tuple(hits + count * each for hits, each in zip(vector, group, strict=True))
            more[added, taken + count] += ways * comb(size, count)
    return more


def _multiplied(some: Mapping[Vector, int], others: Mapping[Vector, int]) -> Mapping[Vector, int]:
    both: defaultdict[Vector, int] = defaultdict(int)
    for one, ways in some.items():
        for other, more in others.items():
            both[tuple(a + b for a, b in zip(one, other, strict=True))] += ways * more
    return both


def _more(vector: Vector, at: int, count: int) -> Vector:
    return (*vector[:at], vector[at] + count, *vector[at + 1 :])
