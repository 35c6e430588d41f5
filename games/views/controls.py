"""Switches of sales, and licences: seen by the staff, thrown and recorded by those who may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permission, step_up
from accounts.models import StaffMember
from audit import approvals
from games import licences, switches, words
from games.forms import LicenceEndForm, LicenceForm, SwitchForm, SwitchOnForm
from games.models import Game, Licence, SalesSwitch
from lottery_portal.lib.errors import Refused, refuse

from .desk import user_of


@never_cache
@require_safe
def desk_switches(request: HttpRequest) -> HttpResponse:
    """What is switched off, by whom and why."""
    return _switches(request, None)


@never_cache
@require_POST
@step_up.required
def desk_switch_off(request: HttpRequest) -> HttpResponse:
    """Switch sales off: first a page that says what will stop, and from there the deed."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return _switches(request, form, status=400)
    scope = form.scope()
    if "is_sure" in request.POST:
        return _throw(request, form, scope=scope, is_off=True)
    try:
        switches.check_scope(scope)
    except Refused as refusal:
        if form.cleaned_data["what"] == "player":
            form.add_error("code", _("No player has this number."))
        else:
            form.add_error(None, str(refusal))
        return _switches(request, form, status=refusal.status)
    page = {
        "nav": "switches",
        "asked": form.cleaned_data,
        "name": words.scope(scope),
        "consequence": _consequence(scope),
        "draws": [
            {"name": words.draw(draw), "closes_at": draw.closes_at}
            for draw in switches.stopped(scope=scope, now=timezone.now())
        ],
    }
    return render(request, "desk/switch_off.html", page)


@never_cache
@require_POST
@step_up.required
def desk_switch_on(request: HttpRequest) -> HttpResponse:
    """Switch sales on again."""
    form = SwitchOnForm(request.POST)
    if form.is_valid():
        return _throw(request, form, scope=form.cleaned_data["scope"], is_off=False)
    notes.error(request, _("Please give the reason."))
    return redirect("games:desk_switches")


@never_cache
@require_safe
def desk_licences(request: HttpRequest) -> HttpResponse:
    """Every licence, the one that lasts longest first, and those that end with nothing after."""
    now = timezone.now()
    rows = Licence.objects.select_related("ending").order_by("-valid_until")
    may_end = permission.may(request.user, "games:desk_licence_end", now)
    return render(
        request,
        "desk/licences.html",
        {
            "nav": "licences",
            "rows": [_licence_row(row, now, may_end=may_end) for row in rows],
            "ending": [
                {
                    "number": licence.number,
                    "ends_at": licence.ends,
                    "days": max((licence.ends - now).days, 0),
                    "games": words.games(
                        [game.code for game in licences.uncovered(licence, at=licence.ends)]
                    ),
                }
                for licence in licences.ending_soon(now=now)
            ],
            "unlicensed": [
                words.game(game)
                for game in Game.objects.filter(is_shadow=False).order_by("position")
                if licences.in_force(game, at=now) is None
            ],
            "may_ask": permission.may(request.user, "games:desk_licence_new", now),
        },
    )


def _licence_row(row: Licence, now: datetime, *, may_end: bool) -> dict[str, Any]:
    ending = licences.ending_of(row)
    ends_at = ending.ends_at if ending else row.valid_until
    is_over = ends_at <= now
    url = ""
    if may_end and ending is None and not is_over:
        url = reverse("games:desk_licence_end", args=[row.number])
    return {
        "number": row.number,
        "game": words.games(row.games),
        "channels": words.channels(row.channels),
        "issued_by": row.issued_by,
        "valid_from": row.valid_from,
        "valid_until": ends_at,
        "approval": approvals.named(row.approval_code),
        "is_in_force": row.valid_from <= now and not is_over,
        "is_to_come": row.valid_from > now,
        "ended_because": ending.reason if ending else "",
        "end_url": url,
    }


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_licence_new(request: HttpRequest) -> HttpResponse:
    """Ask for a licence to be recorded; somebody else approves."""
    form = LicenceForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            licences.request(maker=user_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The licence counts when another person approves."))
            return redirect("games:desk_licences")
    return render(
        request, "desk/licence_new.html", {"nav": "licences", "form": form}, status=status
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_licence_end(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for a licence to end before its day; somebody else approves."""
    now = timezone.now()
    try:
        licence = licences.find(number)
    except Refused as refusal:
        raise Http404 from refusal
    form = LicenceEndForm(request.POST or None, initial={"ends_at": now})
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            licences.request_end(
                licence=licence, maker=user_of(request), now=now, **form.cleaned_data
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The licence ends when another person approves."))
            return redirect("games:desk_licences")
    return render(
        request,
        "desk/licence_end.html",
        {
            "nav": "licences",
            "form": form,
            "licence": licence,
            "games": words.games(licence.games),
            "left": [words.game(game) for game in licences.uncovered(licence, at=now)],
        },
        status=status,
    )


def _throw(
    request: HttpRequest, form: SwitchForm | SwitchOnForm, *, scope: str, is_off: bool
) -> HttpResponse:
    try:
        switches.switch(
            scope=scope,
            is_off=is_off,
            reason=form.cleaned_data["reason"],
            actor=user_of(request),
            now=timezone.now(),
        )
    except Refused as refusal:
        if isinstance(form, SwitchForm):
            form.add_error(None, str(refusal))
            return _switches(request, form, status=refusal.status)
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Switched off.") if is_off else _("Switched on."))
    return redirect("games:desk_switches")


def _switches(request: HttpRequest, form: SwitchForm | None, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    thrown = switches.thrown()
    names = dict(
        StaffMember.objects.filter(
            user__in=[switch.switched_by_id for switch in thrown]
        ).values_list("user", "display_name")
    )
    return render(
        request,
        "desk/switches.html",
        {
            "nav": "switches",
            "rows": [_switch_row(switch, names) for switch in thrown],
            "form": form or SwitchForm(),
            "may_switch": permission.may(request.user, "games:desk_switch_off", now),
        },
        status=status,
    )


def _switch_row(switch: SalesSwitch, names: dict[int, str]) -> dict[str, Any]:
    return {
        "scope": switch.scope,
        "name": words.scope(switch.scope),
        "is_off": switch.is_off,
        "reason": switch.reason,
        "who": names.get(switch.switched_by_id, "—"),
        "at": switch.switched_at,
    }


def _consequence(scope: str) -> str:
    return {
        "all": _("No ticket of any game is sold to anybody, on the website or by programs."),
        "game": _("No ticket of this game is sold to anybody. Other games stay on sale."),
        "channel": _("Nobody buys a ticket this way. Other ways to buy stay open."),
        "player": _("This player buys no ticket. All other players are not concerned."),
    }[scope.partition(":")[0]]
