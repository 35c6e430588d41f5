"""福彩3D: the rule versions since 2013, each figure with its source.

`RULES` names rows of the requirements; T7 is the text on its money, T20 a page on its bets, "draws"
means confirmed by the prizes published. T20 names the top prize of each bet only. The lower ones
and the table of sums are [GK], not confirmed by a text; each of them pays back, with its top prize,
50 to 55 % of what is staked, as the game must (`tests/games/test_fc3d.py` counts it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import time

from games.rules.digits import (
    COLUMN,
    GROUP_3,
    GROUP_6,
    GROUP_BETS,
    ONCE,
    ONE_DIGIT,
    STRAIGHT_BETS,
    THRICE,
    TWICE,
    columns,
    counts,
    in_order,
    straight,
)
from games.rules.named import gettext_noop
from games.rules.picks import BetType, Choice, Fact, Measure, Place, Play, ZoneRange, measure
from games.rules.picks import place_of as place
from games.rules.prizes import Allocation, Pool, Tier, When
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100
_MOST_SUM = 27

_ZONES = columns(
    (gettext_noop("hundreds digits"), gettext_noop("tens digits"), gettext_noop("units digits"))
)
_CODES = tuple(zone.code for zone in _ZONES)
_COLUMNS = tuple(place(zone) for zone in _ZONES)
_DIGIT = Place(code="digits", name=gettext_noop("digits"), size=COLUMN, first=0, picked=1)
_TWO = replace(_DIGIT, picked=2)
_SUM = Place(code="sum", name=gettext_noop("sums"), size=_MOST_SUM + 1, first=0, picked=1)


def _sort(code: str, *choices: Choice) -> tuple[Fact, Place]:
    """A bet on the sort of number that is drawn: the fact and the place to choose it."""
    fact = Fact(code=code, kind="choices", zones=_CODES, choices=choices)
    return fact, Place(code=code, name=gettext_noop("choices"), size=len(choices), picked=1)


_BIG_SMALL = _sort(  # RULES §4 (T20); the bounds [GK]
    "big_small",
    Choice(name=gettext_noop("Small, sum 0 to 8"), kind="sum_between", least=0, most=8),
    Choice(name=gettext_noop("Big, sum 19 to 27"), kind="sum_between", least=19, most=27),
)
_ODD_EVEN = _sort(
    "odd_even",
    Choice(name=gettext_noop("All odd"), kind="all_odd"),
    Choice(name=gettext_noop("All even"), kind="all_even"),
)
_TRIPLE = _sort("triple", Choice(name=gettext_noop("Three equal digits"), kind="all_same"))
_RUN = _sort("run", Choice(name=gettext_noop("Three digits in a row"), kind="run"))
_SORTS = (_BIG_SMALL, _ODD_EVEN, _TRIPLE, _RUN)

_HITS = gettext_noop("right choices")


def _counted(where: Place | tuple[Place, ...], *names: str) -> tuple[Measure, ...]:
    """Digits of these places that came once, twice, three times, each with its name."""
    places = where if isinstance(where, tuple) else (where,)
    facts = {ONCE: "once", TWICE: "twice", THRICE: "thrice"}
    return tuple(measure(name, *places, code=facts[name], fact=facts[name]) for name in names)


_PLAYS = (
    straight(_ZONES),
    GROUP_3,
    GROUP_6,
    Play(
        code="one_d",
        name=gettext_noop("1D"),
        places=_COLUMNS,
        measures=(in_order(_ZONES),),
        filled=1,
    ),
    Play(
        code="two_d",
        name=gettext_noop("2D"),
        places=_COLUMNS,
        measures=(in_order(_ZONES),),
        filled=2,
    ),
    Play(
        code="general",
        name=gettext_noop("General bet"),
        places=_COLUMNS,
        measures=(in_order(_ZONES),),
    ),
    Play(
        code="sum",
        name=gettext_noop("Sum of digits"),
        places=(_SUM,),
        measures=(measure(_HITS, _SUM, fact="total"),),
    ),
    Play(
        code="combo3",
        name=gettext_noop("Combination 3"),
        places=_COLUMNS,
        measures=(in_order(_ZONES), *_counted(_COLUMNS, ONCE, TWICE)),
        pattern="one_pair",
    ),
    Play(
        code="combo6",
        name=gettext_noop("Combination 6"),
        places=_COLUMNS,
        measures=(in_order(_ZONES), *_counted(_COLUMNS, ONCE)),
        pattern="different",
    ),
    Play(
        code="guess_1d",
        name=gettext_noop("Guess 1D"),
        places=(_DIGIT,),
        measures=_counted(_DIGIT, ONCE, TWICE, THRICE),
    ),
    Play(
        code="guess_2d",
        name=gettext_noop("Guess 2D, two different digits"),
        places=(_TWO,),
        measures=_counted(_TWO, ONCE, TWICE),
    ),
    Play(
        code="guess_pair",
        name=gettext_noop("Guess 2D, two equal digits"),
        places=(_DIGIT,),
        measures=_counted(_DIGIT, TWICE, THRICE),
    ),
    Play(
        code="big_small",
        name=gettext_noop("Big or small"),
        places=(_BIG_SMALL[1],),
        measures=(measure(_HITS, _BIG_SMALL[1]),),
    ),
    Play(
        code="odd_even",
        name=gettext_noop("Odd or even"),
        places=(_ODD_EVEN[1],),
        measures=(measure(_HITS, _ODD_EVEN[1]),),
    ),
    Play(
        code="triple",
        name=gettext_noop("Triple"),
        places=(_TRIPLE[1],),
        measures=(measure(_HITS, _TRIPLE[1]),),
    ),
    Play(
        code="run",
        name=gettext_noop("Tractor"),
        places=(_RUN[1],),
        measures=(measure(_HITS, _RUN[1]),),
    ),
)
_RANGES = {  # RULES §4 (T20) names the bets; how many digits each takes at once [GK]
    "one_d": (ZoneRange(numbers_least=0, numbers_most=COLUMN),) * 3,
    "two_d": (ZoneRange(numbers_least=0, numbers_most=COLUMN),) * 3,
    "general": (ONE_DIGIT,) * 3,
    "sum": (ZoneRange(numbers_least=1, numbers_most=_MOST_SUM + 1),),
    "combo3": (ONE_DIGIT,) * 3,
    "combo6": (ONE_DIGIT,) * 3,
    "guess_1d": (ZoneRange(numbers_least=1, numbers_most=COLUMN),),
    "guess_2d": (ZoneRange(numbers_least=2, numbers_most=COLUMN),),
    "guess_pair": (ZoneRange(numbers_least=1, numbers_most=COLUMN),),
    "big_small": (ONE_DIGIT,),
    "odd_even": (ONE_DIGIT,),
    "triple": (ONE_DIGIT,),
    "run": (ONE_DIGIT,),
}
_NAMES = {play.code: play.name for play in _PLAYS}
_MORE_BETS = tuple(
    BetType(code=code, name=_NAMES[code], play=code, ranges=ranges)
    for code, ranges in _RANGES.items()
)

# [GK]: yuan by the distance of the sum from the nearer end, 0 or 27. The first is T20.
_SUM_PRIZES = (1_040, 345, 172, 104, 69, 49, 37, 29, 23, 19, 16, 15, 15, 14)

_ROWS: Sequence[tuple[str, str, tuple[tuple[int, ...], ...], int]] = (
    ("straight", _NAMES["straight"], ((3,),), 1_040),  # RULES §4 (draws), also the next two
    ("group3", _NAMES["group3"], ((1, 1),), 346),
    ("group6", _NAMES["group6"], ((3,),), 173),
    ("one_d", _NAMES["one_d"], ((1,),), 10),  # RULES §4 (T20), also the next
    ("two_d", _NAMES["two_d"], ((2,),), 104),
    ("general", gettext_noop("General, three right"), ((3,),), 470),  # RULES §4 (T20)
    ("general", gettext_noop("General, two right"), ((2,),), 21),  # [GK]
    ("combo3", gettext_noop("Combination 3, in order"), ((3, 1, 2),), 693),  # RULES §4 (T20)
    ("combo3", gettext_noop("Combination 3, any order"), ((1, 1, 2),), 173),  # [GK]
    ("combo6", gettext_noop("Combination 6, in order"), ((3, 3),), 606),  # RULES §4 (T20)
    ("combo6", gettext_noop("Combination 6, any order"), ((0, 3), (1, 3)), 86),  # [GK]
    ("guess_1d", gettext_noop("Guess 1D, three times"), ((0, 0, 1),), 230),  # RULES §4 (T20)
    ("guess_1d", gettext_noop("Guess 1D, twice"), ((0, 1, 0),), 12),  # [GK]
    ("guess_1d", gettext_noop("Guess 1D, once"), ((1, 0, 0),), 2),  # [GK]
    ("guess_pair", gettext_noop("Guess 2D, equal"), ((1, 0), (0, 1)), 37),  # RULES §4 (T20)
    ("guess_2d", gettext_noop("Guess 2D, different"), ((2, 0), (1, 1)), 19),  # [GK]
    ("big_small", _NAMES["big_small"], ((1,),), 6),  # RULES §4 (T20), also those below
    ("odd_even", _NAMES["odd_even"], ((1,),), 8),
    ("triple", _NAMES["triple"], ((1,),), 104),
    ("run", _NAMES["run"], ((1,),), 65),
)


def _tiers() -> Iterable[Tier]:
    for number, (play, name, matches, yuan) in enumerate(_ROWS, start=1):
        yield Tier(number=number, name=name, matches=matches, fixed_fen=yuan * _YUAN, plays=(play,))
    for least, yuan in enumerate(_SUM_PRIZES):
        yield Tier(
            number=len(_ROWS) + 1 + least,
            name=gettext_noop("Sum %(least)s or %(most)s"),
            figures=(("least", least), ("most", _MOST_SUM - least)),
            matches=((1,),),
            fixed_fen=yuan * _YUAN,
            plays=("sum",),
            when=When(fact="total", numbers=(least, _MOST_SUM - least)),
        )


FC3D_2016 = RuleVersion(
    game="fc3d",
    code="fc3d-2016.1",
    first_issue="2016001",  # RULES §4: since 2016-01-01 (draws)
    last_issue=None,
    zones=_ZONES,
    facts=(
        *counts(_ZONES),
        Fact(code="total", kind="sum", zones=_CODES),
        *(fact for fact, _place in _SORTS),
    ),
    plays=_PLAYS,
    bet_types=(*STRAIGHT_BETS, *GROUP_BETS, *_MORE_BETS),
    price_fen=2 * _YUAN,  # RULES C1
    multiplier_least=1,  # RULES C2
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2
    limits_numbers=True,  # RULES §6: limits per number are set by each province
    tiers=tuple(_tiers()),
    allocation=Allocation(  # RULES §1, fund split (T7 art. 13)
        prize=5_200, fund=100, fee=1_300, welfare=3_400
    ),
    pools=(Pool(code="pool", excess_from_fen=2_000_000 * _YUAN),),  # T7 art. 15, 16
    floating=None,
    minimum=None,
    special=None,
    deficit_paid_by="pool",  # T7 art. 15: the pool, and what it lacks the fund
    rounding_goes_to="fund",  # RULES C6 (T7)
    schedule=Schedule(  # RULES §1, schedule (T9)
        weekdays=(1, 2, 3, 4, 5, 6, 7),
        closes=time(20, 0),
        draws=time(21, 15),
        time_zone="Asia/Shanghai",
    ),
    claim_days=60,  # RULES C11 (regulations art. 25)
)

FC3D_2013 = replace(
    FC3D_2016,
    code="fc3d-2013.1",
    first_issue="2013001",  # the first year of which prizes are published
    last_issue="2015358",
    facts=counts(_ZONES),
    plays=_PLAYS[:3],
    bet_types=(*STRAIGHT_BETS, *GROUP_BETS),
    tiers=tuple(
        replace(tier, fixed_fen=yuan * _YUAN)  # RULES §4: before 2016 (draws)
        for tier, yuan in zip(FC3D_2016.tiers[:3], (1_000, 320, 160), strict=True)
    ),
)

FC3D = GameRules(code="fc3d", name=gettext_noop("3D"), versions=(FC3D_2013, FC3D_2016))
