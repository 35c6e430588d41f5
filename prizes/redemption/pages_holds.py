"""The desk of holds and of requests for more time."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import who
from audit import approvals
from games import words as game_words
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused, refuse
from prizes.deadline_models import Extension, ExtensionLetter, Hold
from prizes.forms import CounselForm, DecisionForm, HoldForm, LiftForm
from prizes.models import Prize

from . import extensions, hold_papers, holds, letters, limits, looks, words
from .pages_deadlines import as_paper
from .pages_minors import guardian_rows

SHOWN = 100


@never_cache
@require_http_methods(["GET", "POST"])
def desk_holds(request: HttpRequest) -> HttpResponse:
    """The holds that stand, and a form by which a claims officer begins one."""
    now = timezone.now()
    may_hold = bool(who.roles(request.user, now) & holds.OPENERS)
    form = HoldForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_bound and not may_hold:
        raise PermissionDenied
    if form.is_valid():
        said: dict[str, Any] = {**form.cleaned_data}
        ticket = codes.typed(said.pop("ticket"))
        prize = _waiting().filter(ticket__code=ticket).first()
        if prize is None:
            form.add_error("ticket", _("No prize of this ticket waits for its winner."))
        else:
            try:
                held = holds.begin(prize=prize, actor=who.staff(request.user).user, now=now, **said)
            except Refused as refusal:
                status = refuse(form, refusal)
            else:
                notes.success(request, _("The prize is held. Its clock stands."))
                return redirect("prizes:desk_hold", code=held.code)
    standing = Hold.objects.standing().select_related("prize__ticket", "prize__draw__game")
    shown = list(standing.order_by("-opened_at")[:SHOWN])
    _noted(request, "prizes:desk_holds", [one.prize for one in shown])
    context = {
        "nav": "prize_holds",
        "rows": [_hold(one) for one in shown],
        "form": form if may_hold else None,
    }
    return render(request, "desk/holds.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_hold(request: HttpRequest, code: str) -> HttpResponse:
    """One hold; who may asks that it be lifted, and another agrees."""
    held = get_object_or_404(
        Hold.objects.select_related("prize__ticket", "prize__draw__game", "prize__owner"), code=code
    )
    now = timezone.now()
    kind = approvals.kinds()[holds.MINOR_LIFT if held.kind == Hold.Kind.MINOR else holds.LIFT]
    is_over = hasattr(held, "lift")
    waiting = _asked(kind.name, "hold", held.code)
    may_ask = bool(who.roles(request.user, now) & kind.maker_roles) and not (is_over or waiting)
    is_minor = held.kind == Hold.Kind.MINOR
    kept = CounselForm if is_minor else LiftForm
    form = kept(request.POST or None, request.FILES or None)
    status = 400 if form.is_bound else 200
    if form.is_bound and not may_ask:
        raise PermissionDenied
    if form.is_valid():
        paper, media_type = form.cleaned_data.get("paper", (b"", ""))
        try:
            asked = holds.ask_to_lift(
                hold=held,
                decision=form.cleaned_data["decision"],
                paper=paper,
                media_type=media_type,
                maker=who.staff(request.user).user,
                now=now,
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. Another person approves it."))
            return redirect("audit:approval", code=asked.code)
    _noted(request, "prizes:desk_hold", [held.prize])
    found = limits.of(held.prize)
    context = {
        "nav": "prize_holds",
        "held": held,
        "order": holds.order_words(held.order_reference),
        "game": game_words.game(held.prize.draw.game),
        "lift": getattr(held, "lift", None),
        "lines": words.lines(found.sum_) if found else [],
        "form": form if may_ask else None,
        "asked": waiting,
        "is_minor": is_minor,
        "guardians": guardian_rows(held) if is_minor else [],
        "papers": [
            {
                "title": one.get_kind_display(),
                "paper": one,
                "url": reverse("prizes:desk_hold_paper", args=[held.code, one.row_uuid]),
            }
            for one in held.papers.order_by("pk")
        ],
        "opens_papers": bool(who.roles(request.user, now) & hold_papers.READERS),
    }
    return render(request, "desk/hold.html", context, status=status)


@never_cache
@require_safe
def desk_extensions(request: HttpRequest) -> HttpResponse:
    """Requests that wait for a decision, and the letters that were written last."""
    written = ExtensionLetter.objects.select_related("extension__prize__ticket")
    open_ones = list(extensions.undecided()[:SHOWN])
    last = list(written.order_by("-year", "-number")[:SHOWN])
    _noted(
        request,
        "prizes:desk_extensions",
        [*(one.prize for one in open_ones), *(one.extension.prize for one in last)],
    )
    context = {
        "nav": "prize_extensions",
        "rows": [
            {
                "asked": one,
                "game": game_words.game(one.prize.draw.game),
                "url": reverse("prizes:desk_extension", args=[one.code]),
            }
            for one in open_ones
        ],
        "letters": [
            {
                "letter": one,
                "name": letters.number_of(one),
                "url": reverse("prizes:desk_extension", args=[one.extension.code]),
            }
            for one in last
        ],
    }
    return render(request, "desk/extensions.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_extension(request: HttpRequest, code: str) -> HttpResponse:
    """One request; a claims officer proposes a decision, two others agree."""
    asked = get_object_or_404(
        Extension.objects.select_related(
            "prize__ticket", "prize__draw__game", "prize__owner", "asked_by"
        ),
        code=code,
    )
    now = timezone.now()
    letter = getattr(asked, "letter", None)
    waiting = None if letter else _asked(extensions.KIND, "extension", asked.code)
    may_propose = (
        letter is None
        and waiting is None
        and bool(who.roles(request.user, now) & extensions.OFFICERS)
    )
    form = DecisionForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_bound and not may_propose:
        raise PermissionDenied
    if form.is_valid():
        try:
            made = extensions.propose(
                extension=asked, maker=who.staff(request.user).user, now=now, **form.cleaned_data
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. Two other people approve it."))
            _say_if_moved(request, form.cleaned_data["until_on"], made.payload["until_on"])
            return redirect("audit:approval", code=made.code)
    _noted(request, "prizes:desk_extension", [asked.prize])
    found = limits.of(asked.prize)
    context = {
        "nav": "prize_extensions",
        "asked": asked,
        "game": game_words.game(asked.prize.draw.game),
        "lines": words.lines(found.sum_) if found else [],
        "letter": letter,
        "name": letters.number_of(letter) if letter else "",
        "form": form if may_propose else None,
        "proposed": waiting,
    }
    return render(request, "desk/extension.html", context, status=status)


@never_cache
@require_safe
def desk_letter(request: HttpRequest, code: str) -> HttpResponse:
    """A decision as a paper, for those who decide and those who check."""
    found = get_object_or_404(ExtensionLetter, extension__code=code)
    _noted(request, "prizes:desk_letter", [found.extension.prize])
    return as_paper(found)


def _noted(request: HttpRequest, desk: str, prizes: list[Prize]) -> None:
    """Before it is shown."""
    tickets = [prize.ticket.code for prize in prizes]
    looks.note(tickets, desk=desk, actor=request.user, now=timezone.now())


def _asked(kind: str, name: str, code: str) -> approvals.Request | None:
    """The request of a kind about one hold or extension that waits for others."""
    found = (one for one in approvals.under_way(kind) if one.payload[name] == code)
    return next(found, None)


def _say_if_moved(request: HttpRequest, wanted: date | None, until_on: str | None) -> None:
    """A day that is a holiday is moved on: who proposed it is told."""
    if wanted and until_on and wanted.isoformat() != until_on:
        notes.info(
            request,
            _("%(wanted)s is no working day. What is proposed is %(day)s.")
            % {"wanted": wanted.isoformat(), "day": until_on},
        )


def _waiting() -> Any:
    waiting = Prize.objects.filter(route=Prize.Route.CENTRE, end__isnull=True)
    return waiting.select_related("ticket", "draw__game", "owner__user")


def _hold(one: Hold) -> dict[str, Any]:
    return {
        "hold": one,
        "order": holds.order_words(one.order_reference),
        "game": game_words.game(one.prize.draw.game),
        "url": reverse("prizes:desk_hold", args=[one.code]),
    }
