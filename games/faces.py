"""How zones and places of a rule look on pages, and which numbers of a place a result holds.

Nothing is said here about any game: a place whose numbers are other ones than those of the first
is blue, numbers that begin with nought are digits, and the numbers of a choice have its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from lottery_portal.lib.faces import Face

from . import rules
from .rules import RuleVersion
from .rules.picks import Numbers, Play, Zone, facts_of


def of_play(version: RuleVersion, play: Play) -> tuple[Face, ...]:
    """The faces of the places of a play."""
    facts = {fact.code: fact for fact in version.facts}
    judged = {one.place: one.fact for part in play.measures for one in part.against}
    found = []
    for place in play.places:
        fact = facts.get(judged.get(place.code, ""))
        choices = fact.choices if fact else ()
        words = {number: choice.label for number, choice in enumerate(choices, start=1)}
        face = _face(place, play.places[0])
        found.append(
            Face(name=face.name, is_blue=face.is_blue, is_digit=face.is_digit, words=words)
        )
    return tuple(found)


def of_result(version: RuleVersion) -> tuple[Face, ...]:
    """The faces of what is drawn."""
    return tuple(_face(zone, version.zones[0]) for zone in version.zones)


@cache
def of_game(code: str) -> tuple[Face, ...]:
    """The faces of what is drawn in a game, by its newest rule."""
    return of_result(rules.GAMES[code].current)


def found(
    version: RuleVersion, bet_type: str, numbers: Sequence[Sequence[int]]
) -> list[frozenset[int]]:
    """Which numbers of each place of a bet are among what was drawn, as its play is judged."""
    drawn = dict(zip((zone.code for zone in version.zones), numbers, strict=True))
    facts = facts_of(version.zones, version.facts, drawn)
    play = version.play_of(bet_type)
    return [
        frozenset().union(
            *(
                facts[one.fact]
                for part in play.measures
                for one in part.against
                if one.place == place.code
            )
        )
        for place in play.places
    ]


def _face(one: Numbers, first: Numbers) -> Face:
    is_other = one.size != first.size or (isinstance(one, Zone) and bool(one.drum))
    return Face(name=one.label, is_blue=is_other, is_digit=one.first == 0)
