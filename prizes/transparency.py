"""What everybody may check us by: seals, checkpoints of the log, keys and kits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Max

from audit import keys, log, policies
from games import seals
from games.models import Draw, DrawCancellation, Game, SealStatement

from . import kits
from .kit_models import Kit

SEALS_SHOWN = 5
KITS_SHOWN = 5


def latest_seals() -> list[SealStatement]:
    """The last published seal of every game, in the order of the games."""
    found = []
    for game in Game.objects.filter(is_shadow=False).order_by("position"):
        seal = seals.published().filter(draw__game=game).first()
        if seal is not None:
            found.append(seal)
    return found


def earlier_seals(shown: list[SealStatement]) -> list[SealStatement]:
    """The seals before those, newest first."""
    known = [seal.pk for seal in shown]
    return list(seals.published().exclude(pk__in=known)[:SEALS_SHOWN])


def public_kits(*, now: datetime) -> list[tuple[Draw, Kit]]:
    """The newest kits that everybody may take, each in its last edition."""
    if not policies.read(kits.PUBLIC_POLICY, at=now):
        return []
    over = Draw.objects.real().filter(state__in=kits.OVER, kits__isnull=False)
    newest = over.annotate(packed_at=Max("kits__made_at")).order_by("-packed_at")
    kits_of = [(draw, kits.latest(draw)) for draw in newest.select_related("game")[:KITS_SHOWN]]
    return [(draw, kit) for draw, kit in kits_of if kit is not None]


def cancelled_draws() -> list[DrawCancellation]:
    """The draws that were cancelled last: nothing was drawn in them, and they have no kit."""
    told = DrawCancellation.objects.filter(draw__is_shadow=False).select_related("draw__game")
    return list(told.order_by("-cancelled_at")[:KITS_SHOWN])


def checkpoint() -> dict[str, Any] | None:
    """The newest checkpoint that the witness has cosigned, else the newest; as it is published."""
    newest = log.latest_cosigned() or log.latest()
    if newest is None:
        return None
    return {
        "size": newest.size,
        "root": newest.root,
        "at": newest.at,
        "cosigned_at": newest.cosigned_at,
        "note": newest.cosigned_text or newest.text,
    }


def keyring() -> list[dict[str, Any]]:
    """Every key that ever counted: whose, since when, until when."""
    return [
        {
            **key,
            "valid_from": datetime.fromisoformat(key["valid_from"]),
            "revoked_at": datetime.fromisoformat(key["revoked_at"]) if key["revoked_at"] else None,
            "is_first": datetime.fromisoformat(key["valid_from"]) == policies.ALWAYS,
        }
        for key in keys.published()
    ]


def moment(value: datetime | None) -> str | None:
    """A time as published files have it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value else None
