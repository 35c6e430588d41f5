"""How the numbers of a zone or a place look on pages: their colour, their spelling, their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What a place is called in text alternatives, and how its numbers are written.

    `is_digit`: as they are, 7 and not 07. `shows_name`: nobody could tell the place from where it
    stands, so its name stands before its numbers. `words`: what a number stands for, where it is a
    choice.
    """

    name: str | Promise
    is_blue: bool = False
    is_digit: bool = False
    shows_name: bool = False
    words: Mapping[int, str | Promise] = field(default_factory=dict)

    def written(self, number: int) -> str:
        """The number as its ball has it."""
        return str(number) if self.is_digit else f"{number:02d}"


RED, BLUE = Face(name=_("red")), Face(name=_("blue"), is_blue=True)


def guessed(zones: int) -> Sequence[Face]:
    """Faces of a result of which nothing but its zones is known: more than two are columns."""
    if zones <= _TWO:
        return (RED, BLUE)[:zones]
    return [Face(name=_("digit"), is_digit=True) for _zone in range(zones)]
