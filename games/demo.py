"""Equipment of the demo house: inspected by its two officials, chosen for the next draws."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Posting, User
from audit import approvals

from . import equipment, results, rules
from .models import Draw, Equipment, Game

MAKER = "演示器材厂"
CHOSEN_BY, CHOSEN_HOW = "孟青，示范公证处公证员", "公证员现场抽签"
WHAT = "外观、球重、直径、编号、搅拌与出球"
SETS, DRAWS = 2, 3
VALID = timedelta(days=180)


def load(*, now: datetime) -> None:
    """Two machines and two ball sets a drum for each game, inspected; the next draws have them."""
    officials = _officials(now)
    if Equipment.objects.exists() or len(officials) < 2:  # noqa: PLR2004 - two people inspect
        return
    for game in Game.objects.filter(is_shadow=False).order_by("position"):
        _equip(game, *officials[:2], now=now)


def _equip(game: Game, first: User, second: User, *, now: datetime) -> None:
    for zone in ("", *_zones(game)):
        for number in range(1, SETS + 1):
            _inspect(_register(game, zone, number, by=first, now=now), first, second, now=now)
    planned = Draw.objects.filter(game=game, closes_at__gt=now).select_related("game", "rule")
    for draw in planned.order_by("closes_at")[:DRAWS]:
        _choose(draw, by=first, now=now)


def _officials(now: datetime) -> list[User]:
    held = Posting.objects.filter(
        post__roles__contains=[results.ROLE], valid_from__lte=now, valid_until__isnull=True
    )
    return list(User.objects.filter(staff_member__person__in=held.values("person")).order_by("pk"))


def _zones(game: Game) -> list[str]:
    return [zone.code for zone in equipment.drums(rules.GAMES[game.rules_game].current)]


def _register(game: Game, zone: str, number: int, *, by: User, now: datetime) -> Equipment:
    code = f"{game.code}-{zone or 'machine'}-{number}"
    return equipment.register(
        code=code,
        game=game,
        kind=Equipment.Kind.BALL_SET if zone else Equipment.Kind.MACHINE,
        zone=zone,
        maker=MAKER,
        serial_number=f"DEMO-{code}",
        actor=by,
        now=now,
    )


def _inspect(piece: Equipment, first: User, second: User, *, now: datetime) -> None:
    asked = equipment.ask_inspection(
        equipment=piece,
        what=WHAT,
        outcome="PASSED",
        inspected_at=now - timedelta(hours=2),
        valid_until=now + VALID,
        certificate_number=f"DEMO-C-{piece.code}",
        certified_by="演示计量院（非真实机构）",
        maker=first,
        now=now,
    )
    approvals.decide(code=asked.code, checker=second, approve=True, now=now)


def _choose(draw: Draw, *, by: User, now: datetime) -> None:
    """The first piece of each place serves, the second stands in reserve."""
    fit = list(equipment.may_serve(draw, now=now))
    chosen = []
    for place in equipment.places(draw):
        pieces = [
            piece for piece in fit if piece.kind == place.kind and piece.zone in {"", place.code}
        ]
        chosen += [
            equipment.Choice(place.code, piece, is_reserve)
            for piece, is_reserve in zip(pieces, (False, True), strict=False)
        ]
    equipment.assign(
        draw=draw, chosen=chosen, chosen_by=CHOSEN_BY, chosen_how=CHOSEN_HOW, actor=by, now=now
    )
