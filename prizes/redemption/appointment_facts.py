"""An appointment as its winner reads it: where, when, what to bring, until when it may change; and
the days and times to choose one from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused, refuse
from partners import hours
from partners.claim_places import Place
from prizes.centre_forms import TimeForm
from prizes.centre_models import Appointment
from prizes.claim_models import Claim
from prizes.models import Prize

from . import appointments
from .appointments import Time
from .winners import Own

DAYS = 8  # shown at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A centre and a day of it that were chosen, the times of that day, and what a page shows."""

    place: Place | None
    times: list[Time]
    context: Mapping[str, Any]


def bookable(own: Own) -> bool:
    """Whether its winner may come to the centre for this prize."""
    if own.is_over or own.end is not None:
        return False
    claim = own.claim
    if claim is None or claim.state in Claim.STANDS_NOT:
        return True
    return claim.way == Claim.Way.CENTRE


def facts(booked: Appointment, *, now: datetime) -> dict[str, Any]:
    """What a page says of an appointment: hours, phone, papers, whether it can be changed still."""
    return {
        "hours": hours.in_words(booked.place.hours),
        "phone_url": f"tel:{booked.place.phone.replace(' ', '')}",
        "bring": bring(booked.prize.ticket.code),
        "can_change": appointments.can_change(booked, now=now),
        "notice_hours": appointments.figures(booked.place.code, at=now).notice_hours,
    }


def bring(ticket: str) -> list[str]:
    """What the winner has with him (S1 五(二)1)."""
    return [
        _("Your identity paper itself, valid: the one your account was confirmed with."),
        _("The number of the ticket: %(ticket)s") % {"ticket": codes.shown(ticket)},
        _("To be paid by transfer: your bank card; the account is in your own name."),
    ]


def choose(
    prize: Prize,
    asked: Mapping[str, str],
    *,
    booked: Appointment | None,
    now: datetime,
    by_staff: bool = False,
) -> Choice:
    """The days and times of a centre for this prize: those `asked` for by `centre` and `day`, else
    the first. Staff are bound by no notice."""
    centres = appointments.centres(prize, at=now)
    place = _chosen(centres, asked.get("centre", ""), booked)
    days = appointments.times(place, now=now, prize=prize, by_staff=by_staff) if place else {}
    day = _day(days, asked.get("day", ""))
    context = {
        "place": place,
        "hours": hours.in_words(place.hours) if place else [],
        "day": day,
        "centres": [
            _chip(one.name, _query(one, None, booked), is_on=one == place) for one in centres
        ],
        **_days(days, day, place, booked),
    }
    return Choice(place=place, times=days.get(day, []) if day else [], context=context)


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


def book(
    prize: Prize,
    posted: Mapping[str, str],
    choice: Choice,
    *,
    booked: Appointment | None,
    actor: Any,
    now: datetime,
) -> tuple[TimeForm, int]:
    """The form of the times with its status; SEE_OTHER says that what was posted is booked."""
    form = TimeForm(
        posted or None,
        times=choice.times,
        initial={"instead_of": booked.code if booked else ""},
    )
    if choice.place is None or not form.is_valid():
        return form, 400 if form.is_bound else 200
    try:
        appointments.book(
            prize=prize,
            place=choice.place.code,
            starts_at=form.cleaned_data["starts_at"],
            instead_of=form.cleaned_data["instead_of"],
            actor=actor,
            now=now,
        )
    except Refused as refused:
        return form, refuse(form, refused)
    return form, HTTPStatus.SEE_OTHER
