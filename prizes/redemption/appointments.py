"""Appointments at a prize centre: its times, and one seat for one prize (F083; S1 五(二)1).

The times of a centre are worked out from its opening hours and dated figures (`MINUTES` and beside
it), which may differ by centre; no time lies on a public holiday or in a market closure. The seats
of a time are counted by `prizes_appointment_book()`, which refuses the one too many whoever asks,
and every time off the hours, past, or on a closed day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import messages
from audit import canonical, policies, trail
from games import claim_days
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused
from partners import claim_places, hours
from partners.claim_places import Place
from partners.models import Outlet
from prizes.centre_models import Appointment
from prizes.claim_models import Claim
from prizes.models import Prize

from . import limits, steps

MINUTES = "prizes.appointment_minutes"
SEATS = "prizes.appointment_seats"
DAYS_AHEAD = "prizes.appointment_days_ahead"
NOTICE_HOURS = "prizes.appointment_notice_hours"
GENESIS = {MINUTES: 30, SEATS: 3, DAYS_AHEAD: 30, NOTICE_HOURS: 2}
CLERKS = frozenset({"claims_clerk", "claims_officer"})
BOOKED, CANCELLED = "prizes.appointment_booked", "prizes.appointment_cancelled"

State = Appointment.State


class NothingToBring(Refused):
    """The prize is over, or never waited."""

    code = "appointment_nothing_to_bring"
    message = _("This prize does not wait at the centre. There is nothing to come for.")


class NotYours(Refused):
    """Somebody else's prize."""

    code, status = "appointment_not_yours", 403
    message = _("An appointment is made and changed by the owner of the prize.")


class ClaimedOtherwise(Refused):
    """A claim is under way by another way than the centre."""

    code = "appointment_claimed_otherwise"
    message = _("This prize is being claimed another way. You need not come to the centre.")


class AfterTheLastDay(Refused):
    """By then the prize has lapsed."""

    code = "appointment_after_the_last_day"
    message = _(
        "At that time the prize can be claimed no more. Please open the claim first, or come "
        "earlier."
    )


class NotThisCentre(Refused):
    """No centre, or none that pays this prize."""

    code, status = "appointment_not_this_centre", 404
    message = _("This prize is not paid there. Please choose another centre.")


class ClosedThen(Refused):
    """Outside the hours, on a holiday, or no time that begins there."""

    code = "appointment_closed_then"
    message = _("The centre takes nobody at that time. Please choose one of the times shown.")


class TooSoonOrTooLate(Refused):
    """Within the notice, or beyond the days that can be booked."""

    code = "appointment_too_soon_or_too_late"
    message = _(
        "A time is booked at least %(hours)s hours before, and at most %(days)s days ahead."
    )


class Full(Refused):
    """Every seat of that time is taken."""

    code = "appointment_full"
    message = _("That time has just been taken. Please choose another.")


class BookedAlready(Refused):
    """One prize, one appointment."""

    code = "appointment_booked_already"
    message = _("You have an appointment for this prize. You can move it.")


class NotOpen(Refused):
    """Moved, cancelled, kept or past."""

    code = "appointment_not_open"
    message = _("This appointment has been changed meanwhile. Please load the page again.")


class TooLateToChange(Refused):
    """Within the notice."""

    code = "appointment_too_late_to_change"
    message = _(
        "It begins in less than %(hours)s hours and can be changed no more. Please call the centre."
    )


class BookedTooOften(Refused):
    """Round in circles: each booking is told by mail and telephone."""

    code = "appointment_booked_too_often"
    message = _("You have booked many times today. Please call the centre, or come back tomorrow.")


_REFUSALS: dict[str, type[Refused]] = {
    "appointment_of_a_prize_that_waits": NothingToBring,
    "appointment_not_without_end": BookedTooOften,
    "appointment_by_its_owner": NotYours,
    "appointment_for_the_centre": ClaimedOtherwise,
    "appointment_before_the_last_day": AfterTheLastDay,
    "appointment_at_a_centre": NotThisCentre,
    "appointment_at_an_open_time": ClosedThen,
    "appointment_on_an_open_day": ClosedThen,
    "appointment_seat_is_free": Full,
    "appointment_once_per_prize": BookedAlready,
    "appointment_is_open": NotOpen,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """A time at a centre, and how many seats of it are free."""

    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is in force at a centre: minutes of a time, its seats, days ahead, notice in hours."""

    minutes: int
    seats: int
    days_ahead: int
    notice_hours: int


def figures(place: str, *, at: datetime) -> Figures:
    """The figures of a centre at a moment."""
    return Figures(
        minutes=_figure(MINUTES, place, at),
        seats=_figure(SEATS, place, at),
        days_ahead=_figure(DAYS_AHEAD, place, at),
        notice_hours=_figure(NOTICE_HOURS, place, at),
    )


def centres(prize: Prize, *, at: datetime) -> list[Place]:
    """The prize centres that pay this prize now."""
    found = claim_places.places(at=at, game=prize.draw.game.code, fen=prize.amount)
    return [place for place in found if place.is_centre]


def times(
    place: Place, *, now: datetime, prize: Prize | None = None, by_staff: bool = False
) -> dict[date, list[Time]]:
    """The times that can be booked now, by day: with a free seat or without, in good time, or by
    staff at any time to come.

    With a `prize`, none at which it could be claimed no more.
    """
    known = figures(place.code, at=now)
    if known.minutes < 1:
        return {}
    today = dates.in_shanghai(now).date()
    last = today + timedelta(days=known.days_ahead)
    earliest = now if by_staff else now + timedelta(hours=known.notice_hours)
    until = _until(prize)
    taken = _taken(place.code, earliest)
    found: dict[date, list[Time]] = {}
    for begins in _begins(place, today, last, known.minutes, now):
        ends = begins + timedelta(minutes=known.minutes)
        if begins < earliest or (until is not None and begins >= until):
            continue
        used = sum(number for (a, b), number in taken.items() if a < ends and b > begins)
        one = Time(starts_at=begins, ends_at=ends, free=max(known.seats - used, 0))
        found.setdefault(dates.in_shanghai(begins).date(), []).append(one)
    return found


def of(prize: Prize, *, now: datetime) -> Appointment | None:
    """The appointment for this prize that is to come, or going on."""
    rows = Appointment.objects.ahead(now).filter(prize=prize)
    rows = rows.select_related("place", "prize__ticket")
    return rows.first()


def can_change(appointment: Appointment, *, now: datetime) -> bool:
    """Whether its owner may still move or cancel it."""
    hours_ = _figure(NOTICE_HOURS, appointment.place.code, now)
    return now + timedelta(hours=hours_) <= appointment.starts_at


def book(
    *,
    prize: Prize,
    place: str,
    starts_at: datetime,
    actor: Any,
    now: datetime,
    instead_of: str = "",
) -> Appointment:
    """Book a seat at a centre for a prize that waits; or move the appointment `instead_of` there.

    One prize has one appointment: the same time again returns it. Its owner books, or a clerk for
    him, whom no notice binds. Refuses as the classes above say, with `NotYourPost`, and with
    `OwnClaim` whose own prize it is; one refused to move keeps its time. The winner is told, with
    address and papers.
    """
    _may(prize, actor, now)
    known = of(prize, now=now)
    if known is not None and (known.place.code, known.starts_at) == (place, starts_at):
        return known
    try:
        return _book(prize, place, starts_at, instead_of, actor=actor, now=now)
    except IntegrityError as exc:
        raise _refusal(exc, place, now) from exc


def cancel(*, appointment: Appointment, actor: Any, now: datetime) -> Appointment:
    """Give the seat back, in good time; somebody else may have it at once. Who may: as `book`."""
    _may(appointment.prize, actor, now)
    try:
        return _cancel(appointment, actor, now)
    except IntegrityError as exc:
        raise _refusal(exc, appointment.place.code, now) from exc


@door
def mark_missed() -> int:
    """Close the appointments of past days to which nobody came; how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_appointments_missed()")
        (found,) = cursor.fetchone()
    return int(found)


def _may(prize: Prize, actor: Any, now: datetime) -> None:
    if actor.is_staff:
        steps.in_post(actor, CLERKS, now)
        steps.not_ones_own(prize, actor)
    elif prize.owner.user_id != actor.pk:
        raise NotYours


def _refusal(exc: IntegrityError, place: str, now: datetime) -> Exception:
    name = violated(exc)
    known = figures(place, at=now)
    if name == "appointment_neither_too_soon_nor_too_late":
        return TooSoonOrTooLate(hours=known.notice_hours, days=known.days_ahead)
    if name == "appointment_changed_in_time":
        return TooLateToChange(hours=known.notice_hours)
    refusal = _REFUSALS.get(name)
    return refusal() if refusal else exc


@door
def _book(
    prize: Prize, place: str, starts_at: datetime, instead_of: str, *, actor: Any, now: datetime
) -> Appointment:
    asked = {
        "prize": prize.pk,
        "place": place,
        "starts_at": starts_at,
        "account": actor.pk,
        "code": new_code(),
        "instead_of": instead_of,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_appointment_book(%s::jsonb)", [canonical.text(asked)])
        (pk,) = cursor.fetchone()
    made = _shown().get(pk=pk)
    _record(BOOKED, made, actor, {"instead_of": instead_of})
    _tell(BOOKED, made, now=now)
    return made


@door
def _cancel(appointment: Appointment, actor: Any, now: datetime) -> Appointment:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_appointment_cancel(%s, %s)", [appointment.code, actor.pk])
    done = _shown().get(pk=appointment.pk)
    _record(CANCELLED, done, actor, {})
    _tell(CANCELLED, done, now=now)
    return done


def _shown() -> QuerySet[Appointment]:
    return Appointment.objects.select_related(
        "place", "prize__ticket", "prize__draw__game", "prize__owner__user"
    )


def _record(action: str, made: Appointment, actor: Any, body: dict[str, str]) -> None:
    trail.record(
        action=action,
        actor=actor,
        object_type="prize",
        object_code=made.prize.ticket.code,
        body={
            "appointment": made.code,
            "place": made.place.code,
            "starts_at": made.starts_at,
            "owner": made.prize.owner.code,
            **body,
        },
    )


def _tell(kind: str, made: Appointment, *, now: datetime) -> None:
    place: Outlet = made.place
    messages.send(
        user=made.prize.owner.user,
        kind=kind,
        params={
            "ticket": made.prize.ticket.code,
            "game": made.prize.draw.game.name,
            "issue": made.prize.draw.issue,
            "day": dates.in_shanghai(made.starts_at).date().isoformat(),
            "clock": f"{dates.in_shanghai(made.starts_at):%H:%M}",
            "place": place.name,
            "address": f"{place.province}{place.district}{place.address}",
            "phone": place.phone,
        },
        natural_key=f"{kind}:{made.code}",
        now=now,
    )


def _figure(key: str, place: str, at: datetime) -> int:
    try:
        return int(policies.read(key, at=at, scope=place))
    except LookupError:
        return 0


def _until(prize: Prize | None) -> datetime | None:
    if prize is None or prize.claims.exclude(state__in=Claim.STANDS_NOT).exists():
        return None
    deadline = limits.of(prize)
    return deadline.until if deadline else None


def _begins(
    place: Place, first: date, last: date, minutes: int, now: datetime
) -> Iterator[datetime]:
    """When each time of these days begins, in their order."""
    spans = hours.read(place.hours)
    day = first
    while day <= last:
        if not claim_days.why_free(day, now=now):
            for span in spans:
                if span.first <= day.isoweekday() <= span.last:
                    yield from _of_a_day(day, span.opens, span.closes, minutes)
        day += timedelta(days=1)


def _of_a_day(day: date, opens: time, closes: time, minutes: int) -> Sequence[datetime]:
    begin = datetime.combine(day, opens, tzinfo=dates.SHANGHAI)
    end = datetime.combine(day, closes, tzinfo=dates.SHANGHAI)
    number = int((end - begin) / timedelta(minutes=minutes))
    return [begin + timedelta(minutes=minutes * n) for n in range(number)]


def _taken(place: str, since: datetime) -> Counter[tuple[datetime, datetime]]:
    rows = Appointment.objects.filter(
        place__code=place, state__in=(State.BOOKED, State.KEPT), ends_at__gt=since
    )
    return Counter(rows.values_list("starts_at", "ends_at"))
