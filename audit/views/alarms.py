"""Alarms: those that are open, those that are over, and one with its facts, to be cleared."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import alarm_words, alarms, people, trail
from audit.forms import ClearForm
from audit.models import Alarm
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused

from .asking import roles_and_now

PER_PAGE = 30


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every open alarm, newest first; or those that are cleared."""
    is_past = request.GET.get("show") == "past"
    found = alarms.past() if is_past else alarms.open_now()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "integrity",
        "kinds": [
            {"name": _("Open"), "url": "?", "is_on": not is_past},
            {"name": _("Cleared"), "url": "?show=past", "is_on": is_past},
        ],
        "alarms": [
            {**alarm_words.shown(alarm), "url": reverse("audit:alarm", args=[alarm.code])}
            for alarm in page
        ],
        "page": page,
        "query": "show=past" if is_past else "",
        "is_past": is_past,
    }
    return render(request, "desk/alarms.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One alarm in full; who may clears it and writes down what was found."""
    roles, now = roles_and_now(request)
    alarm = _alarm(code)
    may_clear = bool(roles & alarms.MAY_CLEAR)
    form = ClearForm(request.POST or None) if may_clear and alarm.cleared_at is None else None
    status = 200
    if request.method == "POST":
        status = 400
        if form is None or form.is_valid():
            try:
                note = form.cleaned_data["note"] if form else ""
                alarms.clear(code=alarm.code, actor=request.user, note=note, now=now)
            except Refused as refusal:
                messages.error(request, str(refusal))
                return redirect("audit:alarm", code=code)
            messages.success(request, _("Cleared. The alarm and your words stay on record."))
            return redirect("audit:alarms")
    context = {
        "nav": "integrity",
        "alarm": {**alarm_words.shown(alarm), "cleared_by": _cleared_by(alarm)},
        "form": form,
        "who_may": people.role_titles(alarms.MAY_CLEAR),
        "log": _log(alarm),
        "back_url": reverse("audit:alarms"),
    }
    return render(request, "desk/alarm.html", context, status=status)


def _alarm(code: str) -> Alarm:
    try:
        return alarms.one(codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal


def _cleared_by(alarm: Alarm) -> str:
    """Who cleared it; the thing itself, when it was right again."""
    if alarm.cleared_at is None:
        return ""
    if alarm.cleared_by is None:
        return _("By itself: it is right again.")
    name = alarm.cleared_by.get_username()
    return trail.actor_name(name, people.names_of([name]))


def _log(alarm: Alarm) -> list[dict[str, Any]]:
    found = trail.read(trail.Filters(object_type=alarm.object_type, object_code=alarm.object_code))
    rows = list(found[:12])
    names = people.names_of([row.actor for row in rows])
    return [
        {
            "at": row.at,
            "who": trail.actor_name(row.actor, names),
            "what": trail.title(row.action),
            "url": reverse("audit:trail_record", args=[row.pk]),
        }
        for row in rows
    ]
