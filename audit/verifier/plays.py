"""What is drawn and what is chosen, as a rule sheet says it: zones, facts, plays, bet types.

A line is so many numbers at each place of its play. Its hits are one count a measure: of its
numbers at a place, those that are in a fact of the draw, added over the places that the measure
looks at. To write out lines quickly, all counts of a line are one whole number: the count of the
n-th measure begins at bit n x `width`, and `width` is so large that none runs into the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .strict import Facts, Wrong, shown

MOST_ZONES = 8
MOST_NUMBER_DRAWN = 99
MOST_PLAYS = 64
MOST_BETS = 256

PATTERNS = ("any", "different", "one_pair")
FACT_KINDS = ("times", "sum", "choices")
CHOICE_KINDS = ("sum_between", "all_odd", "all_even", "all_same", "run")

_MOST_FACTS = 64
_MOST_MEASURES = 8
_MOST_AGAINST = 16
_WORDS, _WORD_BITS = 2, 63
_PLAY_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,19}")

Known = dict[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class SheetZone:
    """Numbers from `first` on of which so many are drawn, none of those of the zone `drum`."""

    code: str
    first: int
    size: int
    drawn: int
    drum: str

    @property
    def last(self) -> int:
        """The greatest number."""
        return self.first + self.size - 1


@dataclass(frozen=True, slots=True)
class SheetFact:
    """Numbers worked out from those drawn in `zones`."""

    code: str
    kind: str
    zones: tuple[str, ...]
    times: int
    choices: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """Numbers from `first` to `last`, of which a line has so many."""

    code: str
    first: int
    last: int
    picked: int


@dataclass(frozen=True, slots=True)
class SheetPlay:
    """A way to be judged: what a line is and costs, and among which facts its numbers are sought.

    `filled`: so many places hold a number each, the others nothing; 0 when all are filled.
    """

    code: str
    line_fen: int
    places: tuple[SheetPlace, ...]
    measures: tuple[tuple[tuple[str, str], ...], ...]
    most_hits: tuple[int, ...]
    filled: int
    pattern: str

    @property
    def width(self) -> int:
        """The bits that the hits of one measure take."""
        return max(self.most_hits).bit_length()

    def packed(self, hits: Sequence[int]) -> int:
        """The hits of all measures as one number."""
        return sum(count << self.width * at for at, count in enumerate(hits))

    def weights(self, known: Known) -> tuple[dict[int, int], ...]:
        """What each number of each place adds to the packed hits, where that is something."""
        found: list[dict[int, int]] = []
        for place in self.places:
            weights: dict[int, int] = {}
            for at, measure in enumerate(self.measures):
                for code, fact in measure:
                    if code != place.code:
                        continue
                    for number in known[fact]:
                        if place.first <= number <= place.last:
                            weights[number] = weights.get(number, 0) + (1 << self.width * at)
            found.append(weights)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class SheetRange:
    """How many numbers (bankers included) and bankers a bet takes at a place."""

    numbers: tuple[int, int]
    bankers: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SheetBet:
    """A kind of bet on a play, one range a place."""

    play: SheetPlay
    ranges: tuple[SheetRange, ...]
    least_lines: int
    least_bankers: int
    same_numbers: bool


def one_of(facts: Facts, name: str, known: Sequence[str]) -> str:
    """One of the words that this program knows."""
    value = facts.text(name)
    if value not in known:
        raise Wrong(f"{facts.what}: “{name}” is “{shown(value)}”, which this program does not know")
    return value


def name_of(facts: Facts, name: str = "code") -> str:
    """A name of small letters, digits and underlines."""
    value = facts.text(name)
    if not _PLAY_NAME.fullmatch(value):
        raise Wrong(f"{facts.what}: “{name}” is not a name")
    return value


def names_in(facts: Facts, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """A list of different names, all of them known."""
    found = []
    for value in facts.items(name, most=len(known)):
        if not isinstance(value, str) or value not in known or value in found:
            told = shown(value) if isinstance(value, str) else "something else than a name"
            raise Wrong(f"{facts.what}: “{name}” has “{told}” twice, or it is not in the sheet")
        found.append(value)
    return tuple(found)


def read_zones(version: Facts) -> tuple[SheetZone, ...]:
    """The zones in the order in which they are drawn."""
    zones: list[SheetZone] = []
    for facts in version.objects("zones", least=1, most=MOST_ZONES):
        facts.only(*_LAID, "drawn", "drum")
        code, first, size = _numbers_from(facts)
        facts.number("picked", most=size)
        drum = facts.text("drum")
        if any(zone.code == code for zone in zones):
            raise Wrong(f"{facts.what}: the name {code} stands twice")
        if drum and not any(zone.code == drum for zone in zones):
            raise Wrong(f"{facts.what}: “drum” is no zone before it")
        zones.append(SheetZone(code, first, size, facts.number("drawn", least=1, most=size), drum))
    return tuple(zones)


def read_facts(version: Facts, zones: Sequence[SheetZone]) -> tuple[SheetFact, ...]:
    """What is worked out from the numbers drawn."""
    taken = [zone.code for zone in zones]
    found: list[SheetFact] = []
    for facts in version.objects("facts", most=_MOST_FACTS):
        facts.only("code", "kind", "zones", "times", "choices")
        code, kind = name_of(facts), one_of(facts, "kind", FACT_KINDS)
        if code in taken:
            raise Wrong(f"{facts.what}: the name {code} stands twice")
        taken.append(code)
        choices = []
        for choice in facts.objects("choices", most=MOST_NUMBER_DRAWN):
            choice.only("kind", "least", "most")
            sort = one_of(choice, "kind", CHOICE_KINDS)
            choices.append((sort, choice.number("least"), choice.number("most")))
        of = names_in(facts, "zones", [zone.code for zone in zones])
        times = facts.number("times", least=int(kind == "times"))
        if not of or bool(choices) != (kind == "choices"):
            raise Wrong(f"{facts.what}: there is nothing of which it could be worked out")
        found.append(SheetFact(code, kind, of, times, tuple(choices)))
    return tuple(found)


def known_of(
    zones: Sequence[SheetZone], facts: Sequence[SheetFact], numbers: Sequence[Sequence[int]]
) -> Known:
    """Every fact of a draw with these numbers: what each zone holds, and what follows from it."""
    drawn = {zone.code: tuple(came) for zone, came in zip(zones, numbers, strict=True)}
    known = {code: frozenset(came) for code, came in drawn.items()}
    for fact in facts:
        digits = [number for code in fact.zones for number in drawn[code]]
        if fact.kind == "times":
            times = Counter(digits)
            known[fact.code] = frozenset(n for n in times if times[n] == fact.times)
        elif fact.kind == "sum":
            known[fact.code] = frozenset([sum(digits)])
        else:
            known[fact.code] = frozenset(
                number
                for number, (kind, least, most) in enumerate(fact.choices, start=1)
                if _is_so(kind, digits, least, most)
            )
    return known


def _is_so(kind: str, digits: Sequence[int], least: int, most: int) -> bool:
    if kind == "sum_between":
        return least <= sum(digits) <= most
    if kind in ("all_odd", "all_even"):
        return {digit % 2 for digit in digits} == {int(kind == "all_odd")}
    if kind == "all_same":
        return len(set(digits)) == 1
    return {after - before for before, after in pairwise(digits)} in ({1}, {-1})


def read_plays(version: Facts, facts_known: Sequence[str]) -> dict[str, SheetPlay]:
    """The plays by their codes."""
    price = version.number("price_fen", least=1)
    plays: dict[str, SheetPlay] = {}
    for facts in version.objects("plays", least=1, most=MOST_PLAYS):
        facts.only("code", "places", "measures", "filled", "pattern", "extra_fen")
        code, places = name_of(facts), _places(facts)
        measures = _measures(facts, places, facts_known)
        picked = {place.code: place.picked for place in places}
        filled = 0
        if facts.get("filled") is not None:
            filled = facts.number("filled", least=1, most=len(places))
        pattern = one_of(facts, "pattern", PATTERNS)
        if (filled or pattern != "any") and set(picked.values()) != {1}:
            raise Wrong(f"{facts.what}: its places do not take one number each")
        if filled and pattern != "any":
            raise Wrong(f"{facts.what}: it leaves places empty, and has a pattern of all")
        if code in plays:
            raise Wrong(f"{facts.what}: the name {code} stands twice")
        plays[code] = SheetPlay(
            code=code,
            line_fen=price + facts.number("extra_fen"),
            places=places,
            measures=measures,
            most_hits=tuple(sum(picked[place] for place, _fact in one) for one in measures),
            filled=filled,
            pattern=pattern,
        )
    return plays


def read_bets(version: Facts, plays: dict[str, SheetPlay]) -> dict[str, SheetBet]:
    """The bet types by their codes."""
    bets: dict[str, SheetBet] = {}
    for facts in version.objects("bet_types", least=1, most=MOST_BETS):
        facts.only("code", "play", "ranges", "least_lines", "least_bankers", "same_numbers")
        code, play = name_of(facts), plays[one_of(facts, "play", tuple(plays))]
        ranges = facts.objects("ranges", most=MOST_ZONES)
        if len(ranges) != len(play.places) or code in bets:
            raise Wrong(f"{facts.what}: “{code}” stands twice or does not fit its places")
        bets[code] = SheetBet(
            play=play,
            ranges=tuple(map(_range, ranges, play.places, [play.filled] * len(ranges))),
            least_lines=facts.number("least_lines", least=1),
            least_bankers=facts.number("least_bankers"),
            same_numbers=facts.flag("same_numbers"),
        )
    return bets


def _range(part: Facts, place: SheetPlace, filled: int) -> SheetRange:
    part.only("numbers_least", "numbers_most", "bankers_least", "bankers_most")
    size = place.last - place.first + 1
    least = part.number("numbers_least", least=0 if filled else place.picked, most=size)
    fewest = part.number("bankers_least", most=place.picked - 1)
    return SheetRange(
        numbers=(least, part.number("numbers_most", least=least, most=size)),
        bankers=(fewest, part.number("bankers_most", least=fewest, most=place.picked - 1)),
    )


def _places(play: Facts) -> tuple[SheetPlace, ...]:
    places: list[SheetPlace] = []
    for facts in play.objects("places", least=1, most=MOST_ZONES):
        facts.only(*_LAID)
        code, first, size = _numbers_from(facts)
        if any(place.code == code for place in places):
            raise Wrong(f"{facts.what}: the name {code} stands twice")
        picked = facts.number("picked", least=1, most=size)
        places.append(SheetPlace(code, first, first + size - 1, picked))
    return tuple(places)


def _measures(
    play: Facts, places: Sequence[SheetPlace], facts_known: Sequence[str]
) -> tuple[tuple[tuple[str, str], ...], ...]:
    codes = [place.code for place in places]
    found = []
    for facts in play.objects("measures", least=1, most=_MOST_MEASURES):
        facts.only("code", "against")
        name_of(facts)
        looked = []
        for pair in facts.objects("against", least=1, most=_MOST_AGAINST):
            pair.only("place", "fact")
            looked.append((one_of(pair, "place", codes), one_of(pair, "fact", facts_known)))
        found.append(tuple(looked))
    return tuple(found)


# What zones and places have in common. How masks are laid concerns the rows of the portal only.
_LAID = ("code", "first", "size", "picked", "word", "shift", "per_word")


def _numbers_from(facts: Facts) -> tuple[str, int, int]:
    """Code, first number and how many there are."""
    first = facts.number("first", most=MOST_NUMBER_DRAWN)
    size = facts.number("size", least=1, most=MOST_NUMBER_DRAWN + 1 - first)
    facts.number("word", least=1, most=_WORDS)
    facts.number("shift", most=_WORD_BITS - 1)
    facts.number("per_word", least=1, most=_WORD_BITS)
    return name_of(facts), first, size
