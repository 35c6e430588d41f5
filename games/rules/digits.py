"""What games of digits share: columns, and plays on digits in order or in any order."""

from collections.abc import Sequence

from games.rules.named import gettext_noop
from games.rules.picks import (
    BetType,
    Fact,
    Measure,
    Place,
    Play,
    Zone,
    ZoneRange,
    measure,
    place_of,
)

COLUMN = 10

POSITIONS = gettext_noop("digits in their place")

ONE_DIGIT = ZoneRange(numbers_least=1, numbers_most=1)
ANY_DIGITS = ZoneRange(numbers_least=1, numbers_most=COLUMN)


def columns(names: Sequence[str], *, word: int = 1) -> tuple[Zone, ...]:
    """A column of ten digits for each name, side by side in one word."""
    return tuple(
        Zone(
            code=f"d{at}",
            name=name,
            size=COLUMN,
            first=0,
            picked=1,
            drawn=1,
            word=word,
            shift=COLUMN * (at - 1),
        )
        for at, name in enumerate(names, start=1)
    )


def in_order(zones: Sequence[Zone]) -> Measure:
    """How many digits stand where they were drawn."""
    return measure(POSITIONS, *zones, code="positions")


def straight(zones: Sequence[Zone]) -> Play:
    """All digits in their order."""
    return Play(
        code="straight",
        name=gettext_noop("Straight"),
        places=tuple(place_of(zone) for zone in zones),
        measures=(in_order(zones),),
    )


def single_and_multiple(places: int) -> tuple[BetType, BetType]:
    """One digit in each column, or several in some."""
    return (
        BetType(
            code="single",
            name=gettext_noop("Single"),
            play="straight",
            ranges=(ONE_DIGIT,) * places,
        ),
        BetType(
            code="multiple",
            name=gettext_noop("Multiple"),
            play="straight",
            ranges=(ANY_DIGITS,) * places,
            least_lines=2,
        ),
    )


def counts(zones: Sequence[Zone]) -> tuple[Fact, ...]:
    """The digits that came once, twice, three times."""
    codes = tuple(zone.code for zone in zones)
    return tuple(
        Fact(code=code, kind="times", zones=codes, times=times)
        for times, code in ((1, "once"), (2, "twice"), (3, "thrice"))
    )


ONCE = gettext_noop("digits that came once")
TWICE = gettext_noop("digits that came twice")
THRICE = gettext_noop("digits that came three times")

_PAIR = Place(code="pair", name=gettext_noop("digits of the pair"), size=COLUMN, first=0, picked=1)
_OTHER = Place(
    code="other", name=gettext_noop("single digits"), size=COLUMN, first=0, picked=1, shift=COLUMN
)
_SET = Place(code="digits", name=gettext_noop("digits"), size=COLUMN, first=0, picked=3)

GROUP_3 = Play(  # a pair and one other digit, in any order
    code="group3",
    name=gettext_noop("Group 3"),
    places=(_PAIR, _OTHER),
    measures=(
        measure(TWICE, _PAIR, code="pair", fact="twice"),
        measure(ONCE, _OTHER, code="other", fact="once"),
    ),
    pattern="different",
)
GROUP_6 = Play(  # three different digits in any order
    code="group6",
    name=gettext_noop("Group 6"),
    places=(_SET,),
    measures=(measure(ONCE, _SET, code="digits", fact="once"),),
)

STRAIGHT_BETS = (  # one digit a place or several
    BetType(
        code="straight",
        name=gettext_noop("Straight"),
        play="straight",
        ranges=(ANY_DIGITS,) * 3,
    ),
)
GROUP_BETS = (
    BetType(
        code="group3",
        name=gettext_noop("Group 3"),
        play="group3",
        ranges=(ONE_DIGIT, ONE_DIGIT),
    ),
    BetType(  # n digits make n (n - 1) lines: each may be the pair of each other
        code="group3_multi",
        name=gettext_noop("Group 3, multiple"),
        play="group3",
        ranges=(ZoneRange(numbers_least=2, numbers_most=COLUMN),) * 2,
        least_lines=2,
        same_numbers=True,
    ),
    BetType(
        code="group6",
        name=gettext_noop("Group 6"),
        play="group6",
        ranges=(ZoneRange(numbers_least=3, numbers_most=3),),
    ),
    BetType(
        code="group6_multi",
        name=gettext_noop("Group 6, multiple"),
        play="group6",
        ranges=(ZoneRange(numbers_least=4, numbers_most=COLUMN),),
        least_lines=2,
    ),
    BetType(
        code="group6_bank",
        name=gettext_noop("Group 6, banker"),
        play="group6",
        ranges=(ZoneRange(bankers_least=1, bankers_most=2, numbers_least=4, numbers_most=COLUMN),),
        least_lines=2,
    ),
)
