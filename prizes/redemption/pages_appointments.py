"""A winner books a time at the prize centre, moves it, gives it back (F083)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused, refuse
from partners import hours
from partners.claim_places import Place
from prizes.centre_forms import TimeForm
from prizes.centre_models import Appointment

from . import appointments, calendar_file
from .appointment_facts import bookable, bring, facts
from .appointments import Time
from .pages_prizes import head, mine

DAYS = 8  # shown at once


@never_cache
@require_http_methods(["GET", "POST"])
def appointment(request: HttpRequest, code: str) -> HttpResponse:
    """The appointment there is, or the days and times of a centre to choose one from."""
    own = mine(request, code)
    if not bookable(own):
        return redirect("prizes:prize", code=code)
    now = database_time()
    booked = appointments.of(own.prize, now=now)
    if booked is not None and not request.GET.get("move"):
        context = {**head(own), "booked": booked, **facts(booked, now=now)}
        return render(request, "prizes/appointment.html", context)
    if booked is not None and not appointments.can_change(booked, now=now):
        return redirect("prizes:appointment", code=code)
    centres = appointments.centres(own.prize, at=now)
    place = _chosen(centres, request.GET.get("centre", ""), booked)
    days = appointments.times(place, now=now, prize=own.prize) if place else {}
    day = _day(days, request.GET.get("day", ""))
    form = TimeForm(
        request.POST or None,
        times=days.get(day, []) if day else [],
        initial={"instead_of": booked.code if booked else ""},
    )
    status = 400 if form.is_bound else 200
    if place is not None and form.is_valid():
        try:
            appointments.book(
                prize=own.prize,
                place=place.code,
                starts_at=form.cleaned_data["starts_at"],
                instead_of=form.cleaned_data["instead_of"],
                actor=request.user,
                now=now,
            )
        except Refused as refused:
            status = refuse(form, refused)
        else:
            notes.success(request, _("Your time is booked. We have sent you a message."))
            return redirect("prizes:appointment", code=code)
    context = {
        **head(own),
        "form": form,
        "place": place,
        "hours": hours.in_words(place.hours) if place else [],
        "day": day,
        "centres": [
            _chip(one.name, _query(one, None, booked), is_on=one == place) for one in centres
        ],
        **_days(days, day, place, booked),
        "moves": booked,
    }
    return render(request, "prizes/appointment_times.html", context, status=status)


@never_cache
@require_POST
def cancel(request: HttpRequest, code: str) -> HttpResponse:
    """Give the time back."""
    own, now = mine(request, code), database_time()
    booked = appointments.of(own.prize, now=now)
    if booked is None:
        return redirect("prizes:prize", code=code)
    try:
        appointments.cancel(appointment=booked, actor=request.user, now=now)
    except Refused as refused:
        notes.error(request, str(refused))
        return redirect("prizes:appointment", code=code)
    notes.success(request, _("The appointment is cancelled."))
    return redirect("prizes:prize", code=code)


@never_cache
@require_safe
def as_calendar_file(request: HttpRequest, code: str) -> HttpResponse:
    """The appointment for the calendar of a telephone."""
    own = mine(request, code)
    booked = appointments.of(own.prize, now=database_time())
    if booked is None:
        raise Http404
    place = booked.place
    content = calendar_file.event(
        uid=f"{booked.code}@{request.get_host()}",
        starts_at=booked.starts_at,
        ends_at=booked.ends_at,
        title=_("Appointment at the prize centre"),
        place=f"{place.name}, {place.province}{place.district}{place.address}",
        about="\n".join(
            [*bring(own.prize.ticket.code), _("Phone: %(phone)s") % {"phone": place.phone}]
        ),
        written_at=booked.booked_at,
    )
    answer = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{booked.code}.ics"'
    return answer


def _chosen(centres: list[Place], code: str, booked: Appointment | None) -> Place | None:
    by_code = {one.code: one for one in centres}
    known = by_code.get(code) or (by_code.get(booked.place.code) if booked else None)
    return known or next(iter(centres), None)


def _day(days: Mapping[date, list[Time]], asked: str) -> date | None:
    free = [day for day, times in days.items() if any(one.free for one in times)]
    named = next((day for day in free if day.isoformat() == asked), None)
    return named or next(iter(free), None)


def _days(
    days: Mapping[date, list[Time]], day: date | None, place: Place | None, booked: Any
) -> dict[str, Any]:
    """The days with a free time, a few at once around the chosen one, and the way to the others."""
    free = [one for one, times in days.items() if any(time.free for time in times)]
    start = free.index(day) // DAYS * DAYS if day else 0
    shown = free[start : start + DAYS]
    return {
        "days": [
            _chip(dates.written(one, "weekday"), _query(place, one, booked), is_on=one == day)
            for one in shown
        ],
        "earlier_url": _query(place, free[start - DAYS], booked) if start else "",
        "later_url": _query(place, free[start + DAYS], booked) if free[start + DAYS :] else "",
    }


def _chip(name: str, url: str, *, is_on: bool) -> dict[str, Any]:
    return {"name": name, "is_on": is_on, "url": url}


def _query(place: Place | None, day: date | None, booked: Any) -> str:
    said = {
        "centre": place.code if place else "",
        "day": day.isoformat() if day else "",
        "move": "1" if booked else "",
    }
    return f"?{urlencode({name: word for name, word in said.items() if word})}"
