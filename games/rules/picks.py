"""What is drawn and what is chosen: drums and digit columns, plays, bet types.

A draw fills *zones*: a drum gives several numbers, a digit column gives one. A player fills the
*places* of a play. What a line wins is decided by its *hits*: a measure counts how many of its
numbers, in the places it looks at, are among a *fact* of the draw. The simplest fact is what a
zone holds; others are worked out from digits (how often each came, their sum, what sort of number
they make). So a game of balls and a game of digits are counted by the same few lines of code.

Zones and places lie in two words of 63 bits. Number n of a place is a bit of word `word` (and of
the words after it, when the place holds more than `per_word` numbers): i = n - `first` is bit
`shift` + i mod `per_word` of word `word` + i div `per_word`. A selection is two words of bankers
and two of picks, a result is two words; nothing is ever larger.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from games.rules.contradiction import Contradiction
from games.rules.named import Named

WORDS = 2
WORD_BITS = 63

Words = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers(Named):
    """Consecutive numbers from `first`, with their bits; what zones and places have in common."""

    code: str
    name: str
    size: int
    first: int = 1
    word: int = 1
    shift: int = 0
    per_word: int = WORD_BITS

    def __post_init__(self) -> None:
        parts = -(-self.size // self.per_word) if self.per_word > 0 else WORDS + 1
        if not 1 <= self.word <= self.word + parts - 1 <= WORDS:
            raise Contradiction("beyond_words", code=self.code, words=WORDS)
        if self.shift + min(self.size, self.per_word) > WORD_BITS:
            raise Contradiction("beyond_word", code=self.code)

    @property
    def last(self) -> int:
        return self.first + self.size - 1

    def mask(self, numbers: Iterable[int]) -> int:
        """The mask of different numbers of it: `first` is the lowest bit."""
        mask = 0
        for number in numbers:
            mask |= 1 << (number - self.first)
        return mask

    def numbers(self, mask: int) -> tuple[int, ...]:
        """The numbers of a mask, ascending."""
        return tuple(bit + self.first for bit in range(mask.bit_length()) if mask >> bit & 1)

    def laid(self, mask: int) -> Words:
        """The mask as it lies in the two words."""
        words = [0] * WORDS
        word, part = self.word - 1, (1 << self.per_word) - 1
        while mask:
            words[word] |= (mask & part) << self.shift
            mask >>= self.per_word
            word += 1
        return words[0], words[1]

    def lifted(self, words: Sequence[int]) -> int:
        """The mask that lies in these two words; the inverse of `laid`."""
        mask = 0
        for done in range(0, self.size, self.per_word):
            count = min(self.per_word, self.size - done)
            word = words[self.word - 1 + done // self.per_word]
            mask |= (word >> self.shift & (1 << count) - 1) << done
        return mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone(Numbers):
    """A drum or a digit column: `drawn` of its numbers come out, a line of the first play has
    `picked` of them. `drum` names the zone after which, from the same balls, it is drawn."""

    picked: int
    drawn: int
    drum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Numbers):
    """Where a player puts numbers: a line holds `picked` of them."""

    picked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Named):
    """One of the sorts of numbers that digits can make, such as a sum from 19 to 27."""

    name: str
    kind: Literal["sum_between", "all_odd", "all_even", "all_same", "run"]
    least: int = 0
    most: int = 0

    def holds(self, digits: Sequence[int]) -> bool:
        """Whether these digits, in their order, are of this sort."""
        match self.kind:
            case "sum_between":
                return self.least <= sum(digits) <= self.most
            case "all_odd":
                return all(digit % 2 == 1 for digit in digits)
            case "all_even":
                return all(digit % 2 == 0 for digit in digits)
            case "all_same":
                return len(set(digits)) == 1
            case "run":
                steps = {after - before for before, after in pairwise(digits)}
                return steps in ({1}, {-1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Numbers worked out from the digits of `zones`, by which a result is judged.

    `times`: the digits that came exactly `times` times. `sum`: their sum. `choices`: number i
    when the i-th choice holds. What a zone itself holds is a fact by the zone's code.
    """

    code: str
    kind: Literal["times", "sum", "choices"]
    zones: tuple[str, ...]
    times: int = 0
    choices: tuple[Choice, ...] = ()

    def of(self, digits: Sequence[int]) -> frozenset[int]:
        """The numbers of this fact when these digits are drawn."""
        match self.kind:
            case "times":
                return frozenset(digit for digit in digits if digits.count(digit) == self.times)
            case "sum":
                return frozenset({sum(digits)})
            case "choices":
                numbered = enumerate(self.choices, start=1)
                return frozenset(number for number, choice in numbered if choice.holds(digits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A place, and the fact (or zone) among which its numbers are looked for."""

    place: str
    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Named):
    """Hits of one kind: the numbers of a line that are found, in all its places together."""

    code: str
    name: str
    against: tuple[Against, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(Named):
    """A way to be judged: places to fill, measures of hits.

    `filled`: a line fills so many of the places, the others stay empty; None is all of them.
    `pattern`: what the numbers of a line, place by place, must be: all different, or exactly one
    pair among them. `extra_fen`: what a line costs above the price of the version.
    """

    code: str
    name: str
    places: tuple[Place, ...]
    measures: tuple[Measure, ...]
    filled: int | None = None
    pattern: Literal["any", "different", "one_pair"] = "any"
    extra_fen: int = 0

    def __post_init__(self) -> None:
        known = {place.code for place in self.places}
        if any(one.place not in known for part in self.measures for one in part.against):
            raise Contradiction("measure_place_missing", code=self.code)
        if (self.pattern != "any" or self.filled) and any(p.picked != 1 for p in self.places):
            raise Contradiction("places_take_one", code=self.code)

    @property
    def facts(self) -> frozenset[str]:
        """The facts that it is judged by."""
        return frozenset(one.fact for part in self.measures for one in part.against)

    def fits(self, line: Sequence[int]) -> bool:
        """Whether these numbers, one a place, make a line of its pattern."""
        if self.pattern == "different":
            return len(set(line)) == len(line)
        if self.pattern == "one_pair":
            return len(set(line)) == len(line) - 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRange:
    """How many numbers of a place a bet type takes; `numbers` counts bankers and drags."""

    bankers_least: int = 0
    bankers_most: int = 0
    numbers_least: int
    numbers_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BetType(Named):
    """A way to bet on a play, with one range per place in their order.

    `least_bankers`: so many in all places together. `same_numbers`: all places hold the same.
    """

    code: str
    name: str
    play: str
    ranges: tuple[ZoneRange, ...]
    least_lines: int = 1
    least_bankers: int = 0
    same_numbers: bool = False


def place_of(zone: Zone) -> Place:
    """The place in which a player chooses from all numbers of a zone."""
    return Place(
        code=zone.code,
        name=zone.name,
        size=zone.size,
        first=zone.first,
        word=zone.word,
        shift=zone.shift,
        per_word=zone.per_word,
        picked=zone.picked,
    )


def measure(name: str, *zones: Numbers, code: str = "", fact: str = "") -> Measure:
    """Hits of the places called as `zones`, in the zones so called or all in one fact."""
    return Measure(
        code=code or zones[0].code,
        name=name,
        against=tuple(Against(place=zone.code, fact=fact or zone.code) for zone in zones),
    )


def facts_of(
    zones: Sequence[Zone], facts: Sequence[Fact], drawn: Mapping[str, Sequence[int]]
) -> dict[str, frozenset[int]]:
    """Every fact of a result: what each zone holds, and what is worked out from digits."""
    found = {zone.code: frozenset(drawn[zone.code]) for zone in zones}
    for fact in facts:
        found[fact.code] = fact.of([number for code in fact.zones for number in drawn[code]])
    return found
