"""The register of drawing equipment, one piece with its inspections, and the choice for a draw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permission, step_up
from audit import approvals, people
from games import equipment, rule_files, words
from games.drawing_forms import AssignForm, EquipmentForm, InspectionForm, StateForm, places_of
from games.models import Draw, Equipment, Inspection
from lottery_portal.lib.errors import Refused, refuse

from .desk import user_of


@never_cache
@require_safe
def desk_equipment(request: HttpRequest) -> HttpResponse:
    """Every machine and ball set, and whether it could serve a draw now."""
    now = timezone.now()
    rows = [_row(piece, now) for piece in equipment.with_fitness(now).order_by("code")]
    return render(
        request,
        "desk/equipment.html",
        {
            "nav": "equipment",
            "rows": rows,
            "may_add": permission.may(request.user, "games:desk_equipment_new", now),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_equipment_new(request: HttpRequest) -> HttpResponse:
    """Enter a piece in the register."""
    form = EquipmentForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            piece = equipment.register(actor=user_of(request), now=timezone.now(), **form.facts())
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Registered. It serves from its first inspection on."))
            return redirect("games:desk_equipment_piece", code=piece.code)
    return render(
        request, "desk/equipment_new.html", {"nav": "equipment", "form": form}, status=status
    )


@never_cache
@require_safe
def desk_equipment_piece(request: HttpRequest, code: str) -> HttpResponse:
    """One piece: what it is, its inspections, the draws it served, when it was withdrawn."""
    return _piece(request, code, StateForm())


@never_cache
@require_POST
@step_up.required
def desk_equipment_state(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw a piece, or take it into use again."""
    piece = get_object_or_404(Equipment, code=code)
    form = StateForm(request.POST)
    if not form.is_valid():
        return _piece(request, code, form, status=400)
    is_back = piece.state == Equipment.State.WITHDRAWN
    try:
        equipment.change_state(
            equipment=piece,
            to=Equipment.State.IN_USE if is_back else Equipment.State.WITHDRAWN,
            reason=form.cleaned_data["reason"],
            actor=user_of(request),
            now=timezone.now(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _piece(request, code, form, status=refusal.status)
    text = _("In use again. It serves after a new inspection.") if is_back else _("Withdrawn.")
    notes.success(request, text)
    return redirect("games:desk_equipment_piece", code=code)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_inspection_new(request: HttpRequest, code: str) -> HttpResponse:
    """Record an inspection; the second person who was there confirms it."""
    piece = get_object_or_404(Equipment.objects.select_related("game"), code=code)
    form = InspectionForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            equipment.ask_inspection(
                equipment=piece, maker=user_of(request), now=timezone.now(), **form.cleaned_data
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(
                request, _("Recorded. It counts when the second person has confirmed it.")
            )
            return redirect("games:desk_equipment_piece", code=code)
    page = {"nav": "equipment", "form": form, "piece": piece, "name": _name(piece)}
    return render(request, "desk/inspection_new.html", page, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_draw_equipment(request: HttpRequest, code: str) -> HttpResponse:
    """Write down which pieces serve a draw; people choose, the portal only keeps the choice."""
    draw = get_object_or_404(Draw.objects.select_related("game", "rule").real(), code=code)
    now = timezone.now()
    serving = equipment.assigned(draw)
    fit = list(equipment.may_serve(draw, now=now))
    form = AssignForm(request.POST or None, draw=draw, fit=fit, initial=places_of(serving))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            equipment.assign(
                draw=draw,
                chosen=form.choices(),
                chosen_by=form.cleaned_data["chosen_by"],
                chosen_how=form.cleaned_data["chosen_how"],
                actor=user_of(request),
                now=now,
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("The equipment of the draw is written down."))
            return redirect("games:desk_draw", code=code)
    return render(
        request,
        "desk/draw_equipment.html",
        {
            "nav": "draws",
            "game": {"name": words.game(draw.game)},
            "draw": draw,
            "form": form,
            "serving": serving_rows(draw),
            "has_fit": bool(fit),
            "back_url": reverse("games:desk_draw", args=[code]),
        },
        status=status,
    )


def serving_rows(draw: Draw) -> list[dict[str, Any]]:
    """What serves the draw now, for a list."""
    labels = {place.code: place.label for place in equipment.places(draw)}
    return [
        {
            "place": labels.get(place, place),
            "is_reserve": is_reserve,
            "code": row.equipment.code,
            "url": reverse("games:desk_equipment_piece", args=[row.equipment.code]),
            "chosen_by": row.chosen_by,
            "chosen_how": row.chosen_how,
            "at": row.recorded_at,
        }
        for (place, is_reserve), row in sorted(
            equipment.assigned(draw).items(), key=lambda item: (item[0][1], item[0][0])
        )
    ]


def _piece(request: HttpRequest, code: str, form: StateForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    piece = get_object_or_404(equipment.with_fitness(now), code=code)
    inspections = piece.inspections.select_related("first_inspector", "second_inspector")
    changes = list(piece.changes.select_related("actor").order_by("-at"))
    known = list(inspections.order_by("-inspected_at", "-pk"))
    names = people.names_of(
        {
            user.get_username()
            for row in known
            for user in (row.first_inspector, row.second_inspector)
        }
        | {change.actor.get_username() for change in changes}
    )
    return render(
        request,
        "desk/equipment_piece.html",
        {
            "nav": "equipment",
            "piece": piece,
            **_row(piece, now),
            "inspections": [_inspection(row, names) for row in known],
            "draws": [
                {
                    "name": words.draw(row.draw),
                    "url": reverse("games:desk_draw", args=[row.draw.code]),
                    "is_reserve": row.is_reserve,
                    "at": row.recorded_at,
                    "chosen_by": row.chosen_by,
                }
                for row in piece.assignments.select_related("draw__game").order_by("-pk")[:20]
            ],
            "changes": [
                {
                    "word": change.get_to_state_display(),
                    "reason": change.reason,
                    "at": change.at,
                    "who": names.get(change.actor.get_username(), "—"),
                }
                for change in changes
            ],
            "form": form,
            "is_withdrawn": piece.state == Equipment.State.WITHDRAWN,
            "may_inspect": permission.may(request.user, "games:desk_inspection_new", now),
            "may_change": permission.may(request.user, "games:desk_equipment_state", now),
        },
        status=status,
    )


def _name(piece: Equipment) -> str:
    zones = {one.code: one.label for one in rule_files.newest(piece.game).zones}
    if piece.kind == Equipment.Kind.MACHINE:
        return _("Drawing machine")
    return _("Ball set, %(zone)s") % {"zone": zones.get(piece.zone, piece.zone)}


def _row(piece: Any, now: datetime) -> dict[str, Any]:
    """A piece in a list, with a word for its state."""
    latest = piece.inspections.filter(inspected_at__lte=now).order_by("-inspected_at").first()
    if piece.state == Equipment.State.WITHDRAWN:
        tone, word = "draft", _("Withdrawn")
    elif piece.is_fit:
        tone, word = "done", _("Fit")
    elif latest is None:
        tone, word = "waiting", _("Not inspected")
    elif latest.outcome == Inspection.Outcome.FAILED:
        tone, word = "wrong", pgettext("of an inspection", "Failed")
    else:
        tone, word = "attention", _("Inspection needed")
    return {
        "code": piece.code,
        "name": _name(piece),
        "game": words.game(piece.game),
        "maker": piece.maker,
        "serial_number": piece.serial_number,
        "valid_until": latest.valid_until if latest else None,
        "tone": tone,
        "word": word,
        "url": reverse("games:desk_equipment_piece", args=[piece.code]),
    }


def _inspection(row: Inspection, names: Any) -> dict[str, Any]:
    first, second = (
        names.get(user.get_username(), "—") for user in (row.first_inspector, row.second_inspector)
    )
    return {
        "at": row.inspected_at,
        "what": row.what,
        "word": row.get_outcome_display(),
        "tone": "done" if row.outcome == Inspection.Outcome.PASSED else "wrong",
        "valid_until": row.valid_until,
        "certificate": row.certificate_number,
        "certified_by": row.certified_by,
        "who": _("%(first)s and %(second)s") % {"first": first, "second": second},
        "approval": approvals.named(row.approval_code),
    }
