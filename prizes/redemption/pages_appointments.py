"""A winner books a time at the prize centre, moves it, gives it back (F083)."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused

from . import appointments, calendar_file
from .appointment_facts import book, bookable, bring, choose, facts
from .pages_prizes import head, mine


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
    choice = choose(own.prize, request.GET, booked=booked, now=now)
    form, status = book(own.prize, request.POST, choice, booked=booked, actor=request.user, now=now)
    if status == HTTPStatus.SEE_OTHER:
        notes.success(request, _("Your time is booked. We have sent you a message."))
        return redirect("prizes:appointment", code=code)
    context = {**head(own), "form": form, **choice.context, "moves": booked}
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
