"""Where a prize is claimed: to the balance by itself, at an outlet, at the centre (F077, F274).

Two dated figures of each game decide by the amount that a ticket won in a draw, both ends
included: up to `prizes.wallet_up_to_fen` it is in the balance at once; up to
`prizes.outlet_up_to_fen` an authorised outlet pays it, or the centre; above that the centre alone.
Nothing goes to the balance of who won more in the draw, all tickets together, than is free of tax.
Which outlets and centres, say the rows of their authority (`partners.claim_places`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audit import policies
from finance import prize_tax
from games.models import Game
from partners import claim_places
from partners.claim_places import Place
from prizes.settlement import WALLET_POLICY

from .routing import OUTLET_POLICY

FIGURES = (WALLET_POLICY, OUTLET_POLICY, prize_tax.EXEMPT)  # in the order of `Thresholds`


class Way(StrEnum):
    """How a prize reaches its winner."""

    WALLET = "WALLET"
    OUTLET = "OUTLET"
    CENTRE = "CENTRE"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Up to how many fen, all included, a prize of a game goes each way.

    `taxed_above` is what one person may win in one draw before nothing of it goes to the balance.
    """

    wallet_up_to: int
    outlet_up_to: int
    taxed_above: int

    def way(self, fen: int, *, together: int = 0) -> Way:
        """The way of a prize of `fen` of who won `together` in its draw, this prize included."""
        if fen <= self.wallet_up_to and max(fen, together) <= self.taxed_above:
            return Way.WALLET
        return Way.OUTLET if fen <= self.outlet_up_to else Way.CENTRE


def thresholds(game: str, *, at: datetime) -> Thresholds:
    """The figures of a game in force at a moment; one that was never set allows nothing."""
    return Thresholds(*(_figure(key, game, at) for key in FIGURES))


def every_game(*, at: datetime) -> Mapping[str, Thresholds]:
    """The figures of every game in force at a moment, in the order of pages."""
    rows = [row for row in policies.in_force(at) if row.key in FIGURES]
    figures = {(row.key, row.scope): int(row.value) for row in rows}
    codes = Game.objects.filter(is_shadow=False).order_by("position").values_list("code", flat=True)
    return {
        code: Thresholds(*(figures.get((key, code), figures.get((key, ""), 0)) for key in FIGURES))
        for code in codes
    }


def places(*, at: datetime, game: str = "", fen: int = 0, area: str = "") -> list[Place]:
    """Where a prize of `fen` of a game is paid now, centres first; 0 is any amount, "" any game.

    Just the places whose authority covers it, and no outlet above the outlets' figure of the game;
    `area` is province and district, as `Place.area` writes them.
    """
    found = claim_places.places(at=at, game=game, fen=fen)
    if fen and fen > _outlets_up_to(game, at):
        found = [place for place in found if place.is_centre]
    return [place for place in found if area in {"", place.area}]


def areas(*, at: datetime) -> Sequence[str]:
    """The areas in which there is a place now, in the order of the list."""
    return list(dict.fromkeys(sorted(place.area for place in claim_places.places(at=at))))


def _outlets_up_to(game: str, at: datetime) -> int:
    """Up to where outlets pay prizes of a game; of any game, up to the highest."""
    if game:
        return thresholds(game, at=at).outlet_up_to
    return max((one.outlet_up_to for one in every_game(at=at).values()), default=0)


def _figure(key: str, game: str, at: datetime) -> int:
    try:
        return int(policies.read(key, at=at, scope=game))
    except LookupError:
        return 0
