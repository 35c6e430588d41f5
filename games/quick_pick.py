"""Quick pick (机选): numbers chosen by the operating system's random generator, all equally likely.

`secrets.randbelow` draws bits anew until they fall below the bound, so no number gains from a
division remainder; Floyd's sampling then makes every set of numbers equally likely with one draw
per number.
"""

import secrets
from collections.abc import Callable, Sequence

from games.bets import Selection
from games.rules.picks import BetType, Place, Play, ZoneRange
from games.rules.shape import RuleVersion

SINGLE, MULTIPLE = "single", "multiple"

Below = Callable[[int], int]


def pick(
    version: RuleVersion,
    *,
    bet_type: str | None = None,
    sizes: Sequence[int] | None = None,
    bankers_wanted: Sequence[int] | None = None,
    multiplier: int = 1,
    below: Below = secrets.randbelow,
) -> Selection:
    """Random numbers for a bet of `bet_type`, the fewest it takes; not checked yet.

    `sizes` says how many numbers at each place, bankers included, `bankers_wanted` how many of
    these are bankers; else they are as few as the bet takes. Without a bet type it is a single
    line of the first play, or with larger `sizes` a multiple. `below(n)` must give each of 0 … n-1
    with equal chance.
    """
    play = version.play_of(bet_type) if bet_type is not None else version.plays[0]
    line = [place.picked for place in play.places]
    if bet_type is None:
        bet_type = _default(version, is_single=sizes is None or list(sizes) == line)
    known = version.bet_type(bet_type)
    if known is not None and sizes is None and _is_patterned(play, known):
        bankers: list[tuple[int, ...]] = [()] * len(line)
        picks = _in_pattern(play, below)
    else:
        ranges = known.ranges if known is not None else _ranges(line)
        wanted = list(sizes) if sizes is not None else _least(play, known, ranges, below)
        fixed = bankers_wanted if bankers_wanted is not None else _fewest(known, ranges)
        bankers, picks = _apart(play, known, wanted, fixed, below)
    return Selection(
        bet_type=bet_type,
        bankers=tuple(bankers),
        picks=tuple(picks),
        multiplier=multiplier,
        quick_pick=True,
    )


def _default(version: RuleVersion, *, is_single: bool) -> str:
    """Single or multiple; games that do not know these by name have one bet type for both."""
    wanted = SINGLE if is_single else MULTIPLE
    return wanted if version.bet_type(wanted) else version.bet_types[0].code


def _is_patterned(play: Play, bet_type: BetType) -> bool:
    return play.pattern != "any" and not bet_type.same_numbers


def _ranges(line: Sequence[int]) -> tuple[ZoneRange, ...]:
    return tuple(ZoneRange(numbers_least=count, numbers_most=count) for count in line)


def _least(
    play: Play, bet_type: BetType | None, ranges: Sequence[ZoneRange], below: Below
) -> list[int]:
    """The fewest numbers at each place; where not all places are filled, chance says which.

    A bet that takes several lines has one more number at the first place that may have it, when the
    fewest make but one line.
    """
    least = [taken.numbers_least for taken in ranges]
    if play.filled is not None:
        chosen = sample(len(least), play.filled, below=below)
        return [int(at in chosen) for at in range(1, len(least) + 1)]
    line = [place.picked for place in play.places]
    if bet_type is not None and bet_type.least_lines > 1 and least == line:
        least[0] += 1
    return least


def _fewest(bet_type: BetType | None, ranges: Sequence[ZoneRange]) -> list[int]:
    """As few bankers at each place as the bet takes; what it needs beside, at the first places."""
    needed = bet_type.least_bankers if bet_type else 0
    counts: list[int] = []
    for taken in ranges:
        counts.append(min(max(taken.bankers_least, needed), taken.bankers_most))
        needed -= counts[-1]
    return counts


def _apart(
    play: Play,
    bet_type: BetType | None,
    sizes: Sequence[int],
    fixed: Sequence[int],
    below: Below,
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Bankers and picks of each place, every set of numbers equally likely."""
    bankers: list[tuple[int, ...]] = []
    picks: list[tuple[int, ...]] = []
    for place, size, count in zip(play.places, sizes, fixed, strict=True):
        if bet_type is not None and bet_type.same_numbers and picks:
            bankers.append(bankers[0])
            picks.append(picks[0])
            continue
        numbers = _numbers(place, size, below)
        places = sample(len(numbers), min(count, len(numbers)), below=below)
        bankers.append(tuple(n for at, n in enumerate(numbers, start=1) if at in places))
        picks.append(tuple(n for at, n in enumerate(numbers, start=1) if at not in places))
    return bankers, picks


def _numbers(place: Place, size: int, below: Below) -> tuple[int, ...]:
    chosen = sample(place.size, min(size, place.size), below=below)
    return tuple(number - 1 + place.first for number in chosen)


def _in_pattern(play: Play, below: Below) -> list[tuple[int, ...]]:
    """One number a place, every line of the pattern equally likely."""
    count, size = len(play.places), play.places[0].size
    if play.pattern == "one_pair":
        pair, other = _shuffled(_numbers(play.places[0], 2, below), below)
        alone = below(count)
        return [(other if at == alone else pair,) for at in range(count)]
    different = sample(size, count, below=below)
    return [
        (number - 1 + place.first,)
        for place, number in zip(play.places, _shuffled(different, below), strict=True)
    ]


def _shuffled(numbers: Sequence[int], below: Below) -> list[int]:
    left = list(numbers)
    return [left.pop(below(len(left))) for _turn in range(len(left))]


def sample(size: int, count: int, *, below: Below = secrets.randbelow) -> tuple[int, ...]:
    """`count` different numbers from 1 to `size`, ascending, every set of them equally likely."""
    chosen: set[int] = set()
    for largest in range(size - count + 1, size + 1):
        number = below(largest) + 1
        chosen.add(largest if number in chosen else number)
    return tuple(sorted(chosen))
