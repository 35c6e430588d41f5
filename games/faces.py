"""How zones and places of a rule look on pages, and which numbers of a place a result holds.

Nothing is said here about any game: a place whose numbers are other ones than those of the first
is blue, numbers that begin with nought are digits, and the numbers of a choice have its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from django.utils.translation import gettext_lazy

from lottery_portal.lib.faces import Face

from . import rules
from .rules import RuleVersion
from .rules.picks import Numbers, Play, Zone, facts_of


def of_play(version: RuleVersion, play: Play) -> tuple[Face, ...]:
    """The faces of the places of a play.

    A place that is held against no zone, but against what is worked out from several, is one of
    which nobody could tell from its number what it is: beside others it shows its name.
    """
    facts = {fact.code: fact for fact in version.facts}
    zones = {zone.code for zone in version.zones}
    found = []
    for place in play.places:
        judged = [
            one.fact for part in play.measures for one in part.against if one.place == place.code
        ]
        choices = next((facts[code].choices for code in judged if code in facts), ())
        words = {number: choice.label for number, choice in enumerate(choices, start=1)}
        shows_name = len(play.places) > 1 and zones.isdisjoint(judged)
        face = _face(place, play.places[0])
        found.append(replace(face, words=words, shows_name=shows_name))
    return tuple(found)


def of_bet(version: RuleVersion, bet_type: str) -> tuple[Face, ...]:
    """The faces of what a bet shows: one where all its places hold the same, named after none."""
    looks = of_play(version, version.play_of(bet_type))
    known = version.bet_type(bet_type)
    if known is not None and known.same_numbers:
        return (replace(looks[0], name=gettext_lazy("digits"), shows_name=False),)
    return looks


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
