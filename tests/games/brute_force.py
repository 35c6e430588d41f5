"""The slow and obvious way to count lines and prizes, to hold against the quick one.

Lines are written out, and what each wins is said here a second time, game by game, as the rules of
the game say it in words: nothing of the rule language is used but the places to be filled.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    play = version.play_of(selection.bet_type)
    places: list[list[tuple[int, ...]]] = []
    for place, bankers, picks in zip(play.places, selection.bankers, selection.picks, strict=True):
        if play.filled and not picks:
            places.append([()])
            continue
        fillings = combinations(picks, place.picked - len(bankers))
        places.append([tuple(sorted((*bankers, *filling))) for filling in fillings])
    different = {"any": None, "different": len(places), "one_pair": len(places) - 1}[play.pattern]
    for line in product(*places):
        if different is None or len(set(line)) == different:
            yield line


def hits(
    version: RuleVersion, selection: Selection, result: Line, *, special_on: bool
) -> Mapping[int, int]:
    """Winning lines per tier, by looking at every line; for games that number their tiers."""
    won = wins(version, selection, result, special_on=special_on)
    return Counter({int(mark): count for mark, count in won.items()})


def wins(
    version: RuleVersion, selection: Selection, result: Line, *, special_on: bool
) -> Mapping[str, int]:
    """Winning lines by what they win, looking at every line; `won_as` says the same of tiers."""
    play = version.play_of(selection.bet_type).code
    won_by = GAMES[version.game]
    found: Counter[str] = Counter()
    for line in lines(version, selection):
        found.update(won_by(version.code, play, line, result))
    if version.game == "ssq" and not (special_on and version.special):
        del found["7"]
    return found


def won_as(version: RuleVersion, won: Mapping[int, int]) -> Mapping[str, int]:
    """Lines per tier as `wins` tells them: by the mark of the tier, digits by play and yuan."""
    found: Counter[str] = Counter()
    for number, count in won.items():
        tier = version.tier(number)
        found[f"{tier.plays[0]} {tier.fixed_fen}" if tier.plays and version.game in DIGITS
              else tier.mark] += count  # fmt: skip
    return found


def _shared(line: Line, result: Line) -> tuple[int, ...]:
    return tuple(len(set(a) & set(b)) for a, b in zip(line, result, strict=True))


def _ssq(_version: str, _play: str, line: Line, result: Line) -> list[str]:
    won = {(6, 1): 1, (6, 0): 2, (5, 1): 3, (5, 0): 4, (4, 1): 4, (4, 0): 5, (3, 1): 5,
           (2, 1): 6, (1, 1): 6, (0, 1): 6, (3, 0): 7}  # fmt: skip
    shared = _shared(line, result)
    return [str(won[shared])] if shared in won else []


_DLT = {
    "dlt-2019.1": {"52": 1, "51": 2, "50": 3, "42": 4, "41": 5, "32": 6, "40": 7, "31": 8, "22": 8,
                   "30": 9, "21": 9, "12": 9, "02": 9},
    "dlt-2026.1": {"52": 1, "51": 2, "50": 3, "42": 3, "41": 4, "40": 5, "32": 5, "31": 6, "22": 6,
                   "30": 7, "21": 7, "12": 7, "02": 7},
}  # fmt: skip


def _dlt(version: str, play: str, line: Line, result: Line) -> list[str]:
    tier = _DLT[version].get("".join(map(str, _shared(line, result))))
    if tier is None:
        return []
    return [str(tier), f"{tier}z"] if play == "additional" and tier <= 2 else [str(tier)]


def _qlc(_version: str, _play: str, line: Line, result: Line) -> list[str]:
    basic, special = len(set(line[0]) & set(result[0])), result[1][0] in line[0]
    tiers = {7: "1", 6: "23", 5: "45", 4: "67"}.get(basic, "")
    return list(tiers[:1] if special or basic == 7 else tiers[1:])


def _qxc(_version: str, _play: str, line: Line, result: Line) -> list[str]:
    right = [a == b for a, b in zip(line, result, strict=True)]
    front, last = sum(right[:6]), right[6]
    total = front + last
    if front == 6:
        return ["1" if last else "2"]
    if front == 5 and last:
        return ["3"]
    if total in (5, 4):
        return ["4" if total == 5 else "5"]
    return ["6"] if total == 3 or last else []


_KL8_MARKS = frozenset(
    f"x{pick}z{hits}"
    for pick, all_hits in {
        10: (10, 9, 8, 7, 6, 5, 0), 9: (9, 8, 7, 6, 5, 4, 0), 8: (8, 7, 6, 5, 4, 0),
        7: (7, 6, 5, 4, 0), 6: (6, 5, 4, 3), 5: (5, 4, 3), 4: (4, 3, 2), 3: (3, 2), 2: (2,),
        1: (1,),
    }.items()
    for hits in all_hits
)  # fmt: skip


def _kl8(_version: str, play: str, line: Line, result: Line) -> list[str]:
    mark = f"x{play.removeprefix('pick')}z{_shared(line, result)[0]}"
    return [mark] if mark in _KL8_MARKS else []


_SUMS = {0: 1040, 1: 345, 2: 172, 3: 104, 4: 69, 5: 49, 6: 37, 7: 29, 8: 23, 9: 19, 10: 16, 11: 15,
         12: 15, 13: 14}  # fmt: skip
_RUNS = {"012", "123", "234", "345", "456", "567", "678", "789",
         "987", "876", "765", "654", "543", "432", "321", "210"}  # fmt: skip


Digits = Sequence[int]
# What a line of a play wins, in yuan: drawn digits, digits of the line, which stand in their place.
_YUAN: Mapping[str, Callable[[Digits, Digits, Sequence[bool]], int]] = {
    "straight": lambda _drawn, _line, right: 1040 * all(right),
    "group3": lambda drawn, line, _: 346 * (sorted([line[0], *line]) == sorted(drawn)),
    "group6": lambda drawn, line, _: 173 * (sorted(line) == sorted(drawn)),
    "one_d": lambda _drawn, _line, right: 10 * any(right),
    "two_d": lambda _drawn, _line, right: 104 * (sum(right) == 2),
    "general": lambda _drawn, _line, right: {3: 470, 2: 21}.get(sum(right), 0),
    "combo3": lambda drawn, line, right: (
        693 if all(right) else 173 * (sorted(line) == sorted(drawn))
    ),
    "combo6": lambda drawn, line, right: (
        606 if all(right) else 86 * (sorted(line) == sorted(drawn))
    ),
    "guess_1d": lambda drawn, line, _: {1: 2, 2: 12, 3: 230}.get(drawn.count(line[0]), 0),
    "guess_2d": lambda drawn, line, _: 19 * (set(line) <= set(drawn)),
    "guess_pair": lambda drawn, line, _: 37 * (drawn.count(line[0]) >= 2),
    "sum": lambda drawn, line, _: _SUMS[min(line[0], 27 - line[0])] * (sum(drawn) == line[0]),
    "big_small": lambda drawn, line, _: 6 * (sum(drawn) <= 8 if line[0] == 1 else sum(drawn) >= 19),
    "odd_even": lambda drawn, line, _: 8 * all(digit % 2 == line[0] % 2 for digit in drawn),
    "triple": lambda drawn, _line, _: 104 * (len(set(drawn)) == 1),
    "run": lambda drawn, _line, _: 65 * ("".join(map(str, drawn)) in _RUNS),
}
_YUAN_BEFORE_2016 = {1040: 1000, 346: 320, 173: 160}


def _digits(version: str, play: str, line: Line, result: Line) -> list[str]:
    drawn = [number for numbers in result for number in numbers]
    flat = [number for numbers in line for number in numbers]
    right = [numbers == came for numbers, came in zip(line, result, strict=False)]
    yuan = int(_YUAN[play](drawn, flat, right))
    if version == "fc3d-2013.1":
        yuan = _YUAN_BEFORE_2016.get(yuan, yuan)
    return [f"{play} {yuan * 100}"] if yuan else []


def _pl5(_version: str, _play: str, line: Line, result: Line) -> list[str]:
    return ["1"] if line == result else []


DIGITS = ("fc3d", "pl3")
GAMES: Mapping[str, Callable[[str, str, Line, Line], Sequence[str]]] = {
    "ssq": _ssq,
    "dlt": _dlt,
    "qlc": _qlc,
    "qxc": _qxc,
    "kl8": _kl8,
    "fc3d": _digits,
    "pl3": _digits,
    "pl5": _pl5,
}
