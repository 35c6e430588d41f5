"""The ways to bet in a game, read off its rule: what a board takes, and what bet it makes.

A way is a play, and the bet types that the same boxes can make: single and multiple, and with
bankers. Bets that hold one set of numbers at all places (组选3复式) are a way of their own, for
their board shows the set once. A play that is another one for more money a line (追加) is no way
but a switch on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.functional import Promise

from games.bets import Selection
from games.rules import RuleVersion
from games.rules.picks import BetType, Place, Play

Numbers = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One board of a game."""

    play: Play
    plain: tuple[BetType, ...]
    banker: tuple[BetType, ...]
    dearer: Way | None = None

    @property
    def code(self) -> str:
        """Its name in addresses and forms: the first of its bet types."""
        return (*self.plain, *self.banker)[0].code

    @property
    def label(self) -> Promise:
        return self.plain[0].label if self.is_one_set else self.play.label

    @property
    def is_one_set(self) -> bool:
        """Whether all places hold the same numbers, which are chosen once."""
        return bool(self.plain) and self.plain[0].same_numbers

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that the board shows."""
        return self.play.places[:1] if self.is_one_set else self.play.places

    @property
    def codes(self) -> tuple[str, ...]:
        """All bet types that its boxes can make."""
        own = tuple(one.code for one in (*self.plain, *self.banker))
        return own + (self.dearer.codes if self.dearer else ())

    def most(self, at: int) -> int:
        """How many numbers a place takes, whatever bet type they make."""
        return max(one.ranges[at].numbers_most for one in (*self.plain, *self.banker))

    def bankers_most(self, at: int) -> int:
        """How many bankers a place takes."""
        return max((one.ranges[at].bankers_most for one in self.banker), default=0)

    def selection(self, bankers: Numbers, picks: Numbers, *, multiplier: int = 1) -> Selection:
        """The selection of these numbers, place by place, with the bet type that they make.

        With bankers it is one that takes them; of the others the first that takes so many numbers.
        If none does it is the last of them, and the rules say what is wrong.
        """
        kinds = (self.banker if any(bankers) else self.plain) or (*self.plain, *self.banker)
        if self.is_one_set:
            count = len(self.play.places)
            bankers, picks = bankers[:1] * count, picks[:1] * count
        fitting = (
            kind
            for kind in kinds
            if all(
                len(fixed) + len(some) <= taken.numbers_most
                for fixed, some, taken in zip(bankers, picks, kind.ranges, strict=True)
            )
        )
        kind = next(fitting, kinds[-1])
        return Selection(bet_type=kind.code, bankers=bankers, picks=picks, multiplier=multiplier)


def of(version: RuleVersion) -> list[Way]:
    """The ways to bet by this rule, in its order."""
    dearer = {
        play.code: other
        for play in version.plays
        for other in version.plays
        if other.extra_fen > play.extra_fen and _are_alike(play, other)
    }
    switched = {other.code for other in dearer.values()}
    found = []
    for play in version.plays:
        if play.code in switched:
            continue
        for is_one_set in (False, True):
            way = _way(version, play, is_one_set=is_one_set)
            if way is not None and play.code in dearer:
                way = replace(way, dearer=_way(version, dearer[play.code], is_one_set=is_one_set))
            if way is not None:
                found.append(way)
    return found


def at(version: RuleVersion, bet_type: str) -> Way:
    """The way on whose board a bet of this type is chosen; the first one where nothing is named."""
    ways = of(version)
    return next((way for way in ways if bet_type in way.codes), ways[0])


def single_of(version: RuleVersion, play: Play) -> BetType:
    """The bet type of a play whose fewest numbers make one line."""
    kinds = [one for one in version.bet_types if one.play == play.code]
    return next(
        (one for one in kinds if one.least_lines == 1 and not _takes_bankers(one)), kinds[0]
    )


def _way(version: RuleVersion, play: Play, *, is_one_set: bool) -> Way | None:
    kinds = [
        one for one in version.bet_types if one.play == play.code and one.same_numbers == is_one_set
    ]
    if not kinds:
        return None
    return Way(
        play=play,
        plain=tuple(one for one in kinds if not _takes_bankers(one)),
        banker=tuple(one for one in kinds if _takes_bankers(one)),
    )


def _takes_bankers(bet_type: BetType) -> bool:
    return any(taken.bankers_most for taken in bet_type.ranges)


def _are_alike(play: Play, other: Play) -> bool:
    return (play.places, play.measures, play.filled, play.pattern) == (
        other.places,
        other.measures,
        other.filled,
        other.pattern,
    )


def with_extra(way: Way, *, is_dearer: bool) -> Way:
    """The way itself, or the same for more money a line where the rule has it."""
    return way.dearer if is_dearer and way.dearer is not None else way
