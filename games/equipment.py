"""The register of drawing machines and ball sets, their inspections, and which serve a draw (F065).

A piece is fit for a moment when it is in use and its last inspection before passed and has not run
out. Two people stand behind an inspection. Which pieces serve a draw people choose, never the
portal, and it is written down who chose and how; without them no number of a real draw is typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from django.db import IntegrityError
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import WithAnnotations

from accounts import who
from audit import approvals, trail
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import rule_files, rules
from .models import Assignment, Draw, Equipment, EquipmentChange, Game, Inspection
from .rules import RuleVersion, Zone

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.inspection"
KEEPERS = frozenset({"draw_official", "compliance", "administrator"})
CHOOSERS = frozenset({"draw_official"})
MACHINE = Assignment.MACHINE


class NotAKeeper(Refused):
    """Only some posts keep the register and choose from it."""

    code, status = "equipment_by_its_keepers", 403
    message = _("Your post does not let you change the register of drawing equipment.")


class EquipmentUnknown(Refused):
    """There is no such piece."""

    code, status = "equipment_unknown", 404
    message = _("There is no drawing equipment %(equipment)s.")


class EquipmentKnown(Refused):
    """It is registered already, under this code or this serial number."""

    code = "equipment_known"
    message = _("A piece of equipment with this code or serial number is already registered.")


class ZoneWrong(Refused):
    """A ball set belongs to a zone of the game, a machine to none."""

    code, status = "equipment_zone_wrong", 400
    message = _("A ball set belongs to one zone of its game, a machine to none.")


class StateAlready(Refused):
    """It is in that state."""

    code = "equipment_state_already"
    message = _("%(equipment)s is in that state already.")


class InspectionWrong(Refused):
    """The facts of an inspection do not fit together."""

    code, status = "inspection_wrong", 400
    message = _(
        "An inspection is past; one that passed has a certificate and is valid beyond its own time."
    )


class NotFit(Refused):
    """The last inspection does not cover the draw, or the piece is withdrawn."""

    code = "assignment_of_inspected_equipment"
    message = _("%(equipment)s has no valid inspection for draw %(draw)s.")


class ServesElsewhere(Refused):
    """It belongs to another game or zone."""

    code, status = "assignment_where_it_serves", 400
    message = _("%(equipment)s does not serve this place of draw %(draw)s.")


class OneForBoth(Refused):
    """The same piece cannot be its own reserve."""

    code, status = "assignment_reserve_is_another", 400
    message = _("%(equipment)s cannot be chosen and in reserve at once.")


class TooLate(Refused):
    """The numbers are being typed."""

    code = "assignment_before_the_result"
    message = _("The numbers of draw %(draw)s are being entered; its equipment stands.")


REFUSALS: dict[str, type[Refused]] = {
    "games_equipment_code_key": EquipmentKnown,
    "equipment_once_per_serial_number": EquipmentKnown,
    "equipment_kind_known": ZoneWrong,
    "inspection_is_past": InspectionWrong,
    "inspection_outcome_known": InspectionWrong,
    "assignment_of_inspected_equipment": NotFit,
    "assignment_where_it_serves": ServesElsewhere,
    "assignment_reserve_is_another": OneForBoth,
    "assignment_before_the_result": TooLate,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a draw that a piece of equipment serves: the machine, or a zone's ball set."""

    code: str
    label: str

    @property
    def kind(self) -> str:
        """The kind of equipment that serves here."""
        return Equipment.Kind.MACHINE if self.code == MACHINE else Equipment.Kind.BALL_SET


@dataclass(frozen=True, slots=True)
class Choice:
    """One piece chosen for a place of a draw."""

    place: str
    equipment: Equipment
    is_reserve: bool = False


# The register


@door
def register(
    *,
    code: str,
    game: Game,
    kind: str,
    zone: str,
    maker: str,
    serial_number: str,
    actor: User,
    now: datetime,
) -> Equipment:
    """Enter a machine or a ball set in the register; it serves from its first inspection on."""
    _check_keeper(actor, now)
    zones = {one.code for one in drums(rule_files.newest(game))}
    if (kind == Equipment.Kind.BALL_SET) != (zone in zones):
        raise ZoneWrong
    try:
        piece = Equipment.objects.create(
            code=code,
            game=game,
            kind=kind,
            zone=zone,
            maker=maker,
            serial_number=serial_number,
            registered_by=actor,
            registered_at=now,
        )
    except IntegrityError as exc:
        _explain(exc, equipment=code)
        raise
    trail.record(
        action="games.equipment_registered",
        actor=actor,
        object_type="equipment",
        object_code=code,
        body={"kind": kind, "zone": zone, "maker": maker, "serial_number": serial_number},
    )
    return piece


@door
def change_state(
    *, equipment: Equipment, to: str, reason: str, actor: User, now: datetime
) -> Equipment:
    """Withdraw a piece, or take it into use again: it then needs a new inspection."""
    _check_keeper(actor, now)
    moved = Equipment.objects.filter(pk=equipment.pk).exclude(state=to).update(state=to)
    if not moved:
        raise StateAlready(equipment=equipment.code)
    EquipmentChange.objects.create(
        equipment=equipment, to_state=to, reason=reason, actor=actor, at=now
    )
    is_back = to == Equipment.State.IN_USE
    trail.record(
        action="games.equipment_taken_back" if is_back else "games.equipment_withdrawn",
        actor=actor,
        object_type="equipment",
        object_code=equipment.code,
        body={"reason": reason},
    )
    equipment.refresh_from_db()
    return equipment


def find(code: str) -> Equipment:
    """The piece called `code`, with its game, or `EquipmentUnknown`."""
    try:
        return Equipment.objects.select_related("game").get(code=code)
    except Equipment.DoesNotExist:
        raise EquipmentUnknown(equipment=code) from None


class Judged(TypedDict):
    """What is known of a piece beside its columns."""

    is_fit: bool


def with_fitness(at: datetime) -> QuerySet[WithAnnotations[Equipment, Judged]]:
    """Every piece with `is_fit`: whether it could serve a draw at `at`, as the database judges."""
    return Equipment.objects.select_related("game").annotate(
        is_fit=Func(F("pk"), Value(at), function="games_equipment_fit", output_field=BooleanField())
    )


def is_fit(equipment: Equipment, *, at: datetime) -> bool:
    """Whether the piece could serve a draw at `at`."""
    return with_fitness(at).filter(pk=equipment.pk, is_fit=True).exists()


# Inspections


def ask_inspection(
    *,
    equipment: Equipment,
    what: str,
    outcome: str,
    inspected_at: datetime,
    valid_until: datetime | None,
    certificate_number: str,
    certified_by: str,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Record an inspection that a second person, who was there too, must confirm."""
    has_passed = outcome == Inspection.Outcome.PASSED
    is_whole = valid_until is not None and valid_until > inspected_at and certificate_number
    if inspected_at > now or has_passed != bool(is_whole) or (valid_until and not has_passed):
        raise InspectionWrong
    return approvals.request(
        kind=KIND,
        payload={
            "equipment": equipment.code,
            "what": what,
            "outcome": outcome,
            "inspected_at": inspected_at,
            "valid_until": valid_until,
            "certificate_number": certificate_number,
            "certified_by": certified_by,
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def record_inspection(
    *, payload: Mapping[str, Any], approval_code: str, maker: User, now: datetime
) -> Inspection:
    """Write the inspection that was confirmed; the database names the second person."""
    piece = find(payload["equipment"])
    until = payload["valid_until"]
    try:
        made = Inspection.objects.create(
            equipment=piece,
            what=payload["what"],
            outcome=payload["outcome"],
            inspected_at=datetime.fromisoformat(payload["inspected_at"]),
            valid_until=datetime.fromisoformat(until) if until else None,
            certificate_number=payload["certificate_number"],
            certified_by=payload["certified_by"],
            first_inspector=maker,
            second_inspector=maker,  # the database fills in who confirmed
            approval_code=approval_code,
            recorded_at=now,
        )
    except IntegrityError as exc:
        _explain(exc, equipment=piece.code)
        raise
    trail.record(
        action="games.equipment_inspected",
        actor=maker,
        object_type="equipment",
        object_code=piece.code,
        body={**payload, "approval": approval_code},
    )
    return made


# Draws


def drums(version: RuleVersion) -> list[Zone]:
    """The zones that are drawn from balls of their own."""
    return [zone for zone in version.zones if not zone.drum]


def places(draw: Draw) -> list[Place]:
    """What a drawing needs: one machine, and a ball set for every drum of its rules."""
    zones = drums(rules.by_code(draw.rule.code))
    return [
        Place(MACHINE, _now("Drawing machine")),
        *(Place(zone.code, _now("Ball set, %(zone)s") % {"zone": zone.label}) for zone in zones),
    ]


def assigned(draw: Draw) -> dict[tuple[str, bool], Assignment]:
    """What serves the draw now, by place and whether it stands in reserve; the last word counts."""
    rows = draw.assignments.select_related("equipment", "recorded_by").order_by("edition")
    return {(row.place, row.is_reserve): row for row in rows}


def lacking(draw: Draw) -> list[Place]:
    """The places of a real draw that nothing fit serves; drills lack nothing."""
    if draw.is_shadow:
        return []
    serving = assigned(draw)
    fit = set(
        with_fitness(draw.draws_at)
        .filter(pk__in=[row.equipment_id for row in serving.values()], is_fit=True)
        .values_list("pk", flat=True)
    )
    return [
        place
        for place in places(draw)
        if (place.code, False) not in serving or serving[place.code, False].equipment_id not in fit
    ]


def without_reserve(draw: Draw) -> list[Place]:
    """The places of a real draw for which nothing stands in reserve."""
    serving = assigned(draw)
    return [place for place in places(draw) if (place.code, True) not in serving]


def may_serve(draw: Draw, *, now: datetime) -> QuerySet[WithAnnotations[Equipment, Judged]]:
    """The pieces from which people choose for the draw: of its game, and fit for it."""
    return (
        with_fitness(max(draw.draws_at, now))
        .filter(game_id=draw.game_id, is_fit=True)
        .order_by("code")
    )


@door
def assign(
    *,
    draw: Draw,
    chosen: Sequence[Choice],
    chosen_by: str,
    chosen_how: str,
    actor: User,
    now: datetime,
) -> list[Assignment]:
    """Write down which pieces serve the draw; what serves already is not written again.

    Who chose is a person with name and office, how is what was done on the spot. Until the first
    number is typed another piece may take a place; the earlier choice stays in the register.
    """
    if not who.roles(actor, now) & CHOOSERS:
        raise NotAKeeper
    # Who chooses for a draw queues here, so that two do not both take themselves for the last.
    Draw.objects.select_for_update(no_key=True).get(pk=draw.pk)
    before = assigned(draw)
    made = []
    for choice in sorted(chosen, key=lambda one: one.is_reserve):
        known = before.get((choice.place, choice.is_reserve))
        if known is None or known.equipment_id != choice.equipment.pk:
            made.append(
                _assign(
                    draw, choice, chosen_by=chosen_by, chosen_how=chosen_how, actor=actor, now=now
                )
            )
    if made:
        trail.record(
            action="games.equipment_assigned",
            actor=actor,
            object_type="draw",
            object_code=draw.code,
            body={
                "chosen_by": chosen_by,
                "chosen_how": chosen_how,
                "pieces": {
                    f"{row.place}{':reserve' if row.is_reserve else ''}": row.equipment.code
                    for row in made
                },
            },
        )
    return made


def _assign(
    draw: Draw, choice: Choice, *, chosen_by: str, chosen_how: str, actor: User, now: datetime
) -> Assignment:
    try:
        return Assignment.objects.create(
            draw=draw,
            equipment=choice.equipment,
            place=choice.place,
            is_reserve=choice.is_reserve,
            edition=0,  # the database counts
            chosen_by=chosen_by,
            chosen_how=chosen_how,
            recorded_by=actor,
            recorded_at=now,
        )
    except IntegrityError as exc:
        _explain(exc, equipment=choice.equipment.code, draw=draw.code)
        raise


def _check_keeper(actor: User, now: datetime) -> None:
    if not who.roles(actor, now) & KEEPERS:
        raise NotAKeeper


def _explain(exc: IntegrityError, **figures: str) -> None:
    if refusal := REFUSALS.get(violated(exc)):
        raise refusal(**figures) from exc
