"""Where a prize is claimed: it is in the wallet, or waits at an outlet or at the centre (F077).

The settlement sends small prizes to the wallet. Of those that wait, one up to the ceiling of its
game is paid at an outlet as well; every one at the centre, and from afar. The figures are those of
the moment at which the settling of its draw began: one for all prizes of a draw, for ever.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit import policies
from games.models import Draw
from prizes.claim_models import Claim
from prizes.models import Prize

OUTLET_POLICY = "prizes.outlet_up_to_fen"
OUTLET_UP_TO_FEN = 30_000_00


class Place(TextChoices):
    """The nearest place at which a prize is paid."""

    WALLET = "WALLET", _("In the balance")
    OUTLET = "OUTLET", _("At an outlet")
    CENTRE = "CENTRE", _("At the prize centre")


def outlets_up_to(draw: Draw) -> int:
    """Up to how many fen outlets pay a prize of this settled draw."""
    return _up_to(draw.game.code, draw.settlement.begun_at)


def of(prize: Prize) -> Place:
    """Where this prize is claimed, or that it is in the wallet already."""
    if prize.route == Prize.Route.WALLET:
        return Place.WALLET
    return Place.OUTLET if prize.amount <= outlets_up_to(prize.draw) else Place.CENTRE


def ways(prize: Prize) -> list[Claim.Way]:
    """In which ways this prize may be claimed, the nearest first; none for one in the wallet."""
    place = of(prize)
    if place == Place.WALLET:
        return []
    nearest = [Claim.Way.OUTLET] if place == Place.OUTLET else []
    return [*nearest, Claim.Way.CENTRE, Claim.Way.REMOTE]


def _up_to(game_code: str, at: datetime) -> int:
    return int(policies.read(OUTLET_POLICY, at=at, scope=game_code))
