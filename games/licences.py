"""Licences to sell: recorded under four eyes; without one in force nothing is sold (F023)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.db import inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .models import Game, Licence

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.licence"


class LicenceKnown(Refused):
    """A licence of that number is recorded."""

    code = "licence_known"
    message = _("Licence %(number)s is already recorded.")


class LicenceEndsTooEarly(Refused):
    """It would end before it begins."""

    code, status = "licence_ends_too_early", 400
    message = _("A licence ends after it begins.")


class NoLicence(Refused):
    """Nothing may be sold now: no licence covers the game."""

    code, status = "ticket_licence_valid", 503
    message = _("Sales are paused: the licence to sell this game is not in force.")


def in_force(game: Game, *, at: datetime) -> Licence | None:
    """The licence that covers `game` at `at`, the one that lasts longest; None: nothing is sold."""
    return (
        Licence.objects.filter(
            Q(game__isnull=True) | Q(game=game), valid_from__lte=at, valid_until__gt=at
        )
        .order_by("-valid_until")
        .first()
    )


def check(game: Game, *, at: datetime) -> None:
    """Raise `NoLicence` unless the game may be sold at `at`; shadow games need none."""
    if not game.is_shadow and in_force(game, at=at) is None:
        raise NoLicence(game=game.code)


def request(
    *,
    number: str,
    game: Game | None,
    issued_by: str,
    valid_from: datetime,
    valid_until: datetime,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Ask for a licence to be recorded; it counts from the approval on."""
    if valid_until <= valid_from:
        raise LicenceEndsTooEarly
    if Licence.objects.filter(number=number).exists():
        raise LicenceKnown(number=number)
    return approvals.request(
        kind=KIND,
        payload={
            "number": number,
            "game": game.code if game else None,
            "issued_by": issued_by,
            "valid_from": valid_from.isoformat(),
            "valid_until": valid_until.isoformat(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def record(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> Licence:
    """Record the licence of an approved request, or of genesis; a number is recorded once."""
    game = Game.objects.get(code=payload["game"]) if payload["game"] else None
    try:
        licence = Licence.objects.create(
            number=payload["number"],
            game=game,
            issued_by=payload["issued_by"],
            valid_from=datetime.fromisoformat(payload["valid_from"]),
            valid_until=datetime.fromisoformat(payload["valid_until"]),
            approval_code=approval_code,
            recorded_at=now,
        )
    except IntegrityError as exc:
        if violated(exc) == "licence_ends_after_it_begins":
            raise LicenceEndsTooEarly from exc
        if violated(exc) == "games_licence_number_key":
            raise LicenceKnown(number=payload["number"]) from exc
        raise
    trail.record(
        action="games.licence_recorded",
        actor=actor,
        object_type="licence",
        object_code=licence.number,
        body={**payload, "approval": approval_code},
    )
    return licence
