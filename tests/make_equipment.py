"""Machines, ball sets and minutes for tests, through the doors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from accounts import drills
from accounts.models import User
from audit import approvals
from games import draws, equipment, minutes, results
from games.models import Draw, DrawMinutes, Equipment, Game
from lottery_portal.lib.db import database_time

OFFICIALS = (minutes.Person("林晓", "开奖员"), minutes.Person("周岚", "开奖员"))
WITNESSES = (minutes.Person("孟青", "示范公证处公证员"),)
CHOOSER = "孟青，示范公证处公证员"


def registered(game: Game, zone: str, *, by: User, number: int = 1) -> Equipment:
    """A piece of the register without an inspection; no zone, a machine."""
    code = f"{game.code}-{zone or 'machine'}-{number}"
    known = Equipment.objects.filter(code=code).first()
    return known or equipment.register(
        code=code,
        game=game,
        kind=Equipment.Kind.BALL_SET if zone else Equipment.Kind.MACHINE,
        zone=zone,
        maker="示范机械厂",
        serial_number=f"SN-{code}",
        actor=by,
        now=database_time(),
    )


def inspected(
    piece: Equipment,
    *,
    by: User,
    second: User,
    outcome: str = "PASSED",
    ago: timedelta = timedelta(days=1),
    valid_for: timedelta = timedelta(days=90),
) -> Equipment:
    """The piece with an inspection that one person recorded and another confirmed."""
    now = database_time()
    has_passed = outcome == "PASSED"
    asked = equipment.ask_inspection(
        equipment=piece,
        what="外观、称重、编号、运转",
        outcome=outcome,
        inspected_at=now - ago,
        valid_until=now - ago + valid_for if has_passed else None,
        certificate_number=f"CERT-{piece.inspections.count() + 1}" if has_passed else "",
        certified_by="示范计量院" if has_passed else "",
        maker=by,
        now=now,
    )
    approvals.decide(code=asked.code, checker=second, approve=True, now=now)
    return piece


def ready(draw: Draw, *, by: User, second: User) -> list[Equipment]:
    """The draw with a machine and a ball set for every zone, inspected and chosen."""
    chosen = []
    for place in equipment.places(draw):
        zone = "" if place.code == equipment.MACHINE else place.code
        piece = registered(draw.game, zone, by=by)
        if not equipment.is_fit(piece, at=max(draw.draws_at, database_time())):
            inspected(piece, by=by, second=second)
        chosen.append(equipment.Choice(place.code, piece))
    equipment.assign(
        draw=draw,
        chosen=chosen,
        chosen_by=CHOOSER,
        chosen_how="现场抽签",
        actor=by,
        now=database_time(),
    )
    return [choice.equipment for choice in chosen]


def told(draw: Draw, **other: object) -> minutes.Told:
    """What people tell of the drawing of `draw`, in order: nothing happened."""
    facts: dict[str, object] = {
        "place": "示范开奖大厅",
        "began_at": max(draw.draws_at, draw.seal.publication.published_at),
        "ended_at": results.typed_by(draw.result)[0].entered_at,
        "officials": OFFICIALS,
        "witnesses": WITNESSES,
        "drawn": [list(reversed(zone)) for zone in draw.result.numbers],
    }
    return minutes.Told(**(facts | other))  # type: ignore[arg-type]  # tests change single facts


def written(draw: Draw, *, by: User, reason: str = "", **other: object) -> DrawMinutes:
    """The next edition of the draw's minutes, not signed."""
    return minutes.write(
        draw=draw, told=told(draw, **other), author=by, now=database_time(), reason=reason
    )


def signed(draw: Draw, officials: Sequence[User] = ()) -> DrawMinutes:
    """Minutes of the draw, written by one and signed by the other; a drill has its own people."""
    first, second = officials[:2] or drills.officials(now=database_time())
    made = written(draws.find(draw.code), by=first)
    minutes.sign(draw=draw, digest=made.digest, signer=second, now=database_time())
    return made
