"""The entrance of a prize centre: who is expected today, who is there, who waits (F084)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import paper_kinds, who
from accounts.models import Proxy
from audit import people
from games import words as game_words
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused, refuse
from partners.models import Outlet
from prizes.centre_forms import TicketForm, VisitForm
from prizes.claim_models import Claim
from prizes.models import Prize

from . import agents, claim_facts, looks, visits
from .visits import Guest

NAV = "visits"
LONG_MINUTES = 30  # whoever waits longer is marked


@never_cache
@require_safe
def desk_visits(request: HttpRequest) -> HttpResponse:
    """A centre's day: expected, waiting, at a counter, gone; and where a visitor is registered."""
    now = timezone.now()
    centres = _centres()
    place = _chosen(centres, request.GET.get("centre", ""))
    may_register = bool(people.roles_of(request.user, now) & visits.ROLES)
    form = TicketForm(request.GET if "ticket" in request.GET else None)
    if may_register and form.is_valid():
        ticket = form.cleaned_data["ticket"]
        if _prize(ticket) is not None:
            return redirect(_register_url(ticket, place))
        form.add_error("ticket", _("No prize of this ticket is claimed at a centre."))
    board = visits.board(place, now=now) if place else None
    guests = [*board.waiting, *board.served, *board.gone] if board else []
    claims = _claims([one.visit.prize_id for one in guests])
    prizes = [one.prize for one in (board.expected if board else ())]
    prizes += [one.visit.prize for one in guests]
    looks.note(
        [one.ticket.code for one in prizes], desk="prizes:desk_visits", actor=request.user, now=now
    )
    context = {
        "nav": NAV,
        "now": now,
        "place": place,
        "chips": [
            {
                "name": one.name,
                "url": f"?{urlencode({'centre': one.code})}",
                "is_on": one == place,
            }
            for one in centres
        ],
        "form": form if may_register and place else None,
        "may_register": may_register,
        "tiles": _tiles(board),
        "expected": [
            {
                "at": one.starts_at,
                "ends_at": one.ends_at,
                "ticket": codes.shown(one.prize.ticket.code),
                "game": game_words.game(one.prize.draw.game),
                "issue": one.prize.draw.issue,
                "is_late": one.starts_at < now,
                "url": _register_url(one.prize.ticket.code, place) if may_register else "",
            }
            for one in (board.expected if board else ())
        ],
        "waiting": [_guest(one, claims, now) for one in (board.waiting if board else ())],
        "served": [_guest(one, claims, now) for one in (board.served if board else ())],
        "gone": [_guest(one, claims, now) for one in (board.gone if board else ())],
    }
    return render(request, "desk/visits.html", context, status=400 if form.errors else 200)


@never_cache
@sensitive_post_parameters("number", "name")
@require_http_methods(["GET", "POST"])
def desk_visit_new(request: HttpRequest, ticket: str) -> HttpResponse:
    """Register who comes on account of a ticket, by the paper he shows."""
    prize, centres = _prize(ticket), _centres()
    if prize is None:
        raise Http404
    claim = Claim.objects.filter(prize=prize).order_by("-pk").first()
    acting = agents.of_claim(claim) if claim and claim.state == Claim.State.OPENED else None
    form = VisitForm(
        request.POST or None,
        places=[(one.code, one.name) for one in centres],
        initial={"place": request.GET.get("centre", "")}
        | ({"role": visits.Role.PROXY, "authority": codes.shown(acting.code)} if acting else {}),
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        said = form.cleaned_data
        proxy = Proxy.objects.filter(code=said["authority"], principal=prize.owner_id).first()
        try:
            visits.register(
                prize=prize,
                place=next(one for one in centres if one.code == said["place"]),
                role=said["role"],
                paper=form.paper(),
                proxy=proxy,
                actor=who.staff(request.user).user,
                now=timezone.now(),
            )
        except Refused as refused:
            status = refuse(form, refused)
        else:
            notes.success(request, _("Registered. The visitor waits to be called."))
            return redirect(
                f"{reverse('prizes:desk_visits')}?{urlencode({'centre': said['place']})}"
            )
    looks.note([ticket], desk="prizes:desk_visit_new", actor=request.user, now=timezone.now())
    context = {
        "nav": NAV,
        "ticket": codes.shown(prize.ticket.code),
        "game": game_words.game(prize.draw.game),
        "issue": prize.draw.issue,
        "form": form if centres else None,
        "appointment": prize.appointments.booked().order_by("starts_at").first(),
        "here": visits.present(prize),
        "claim": claim,
    }
    return render(request, "desk/visit_new.html", context, status=status)


@never_cache
@require_POST
def desk_visit_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """A visitor is called to a counter, or has left."""
    visit, deed = visits.find(code), {"call": visits.call, "leave": visits.leave}.get(step)
    if visit is None or deed is None:
        raise Http404
    try:
        deed(visit=visit, actor=who.staff(request.user).user, now=timezone.now())
    except Refused as refused:
        notes.error(request, str(refused))
    return redirect(f"{reverse('prizes:desk_visits')}?{urlencode({'centre': visit.place.code})}")


def _prize(ticket: str) -> Prize | None:
    rows = Prize.objects.filter(ticket__code=ticket, route=Prize.Route.CENTRE)
    return rows.select_related("ticket", "draw__game", "owner__user", "owner__person").first()


def _centres() -> list[Outlet]:
    rows = Outlet.objects.filter(kind=Outlet.Kind.CENTRE, state=Outlet.State.ACTIVE)
    return list(rows.order_by("province", "district", "name", "code"))


def _chosen(centres: Sequence[Outlet], code: str) -> Outlet | None:
    return next((one for one in centres if one.code == code), next(iter(centres), None))


def _register_url(ticket: str, place: Outlet | None) -> str:
    query = urlencode({"centre": place.code}) if place else ""
    return f"{reverse('prizes:desk_visit_new', args=[ticket])}?{query}"


def _claims(prizes: list[int]) -> dict[int, Claim]:
    return {one.prize_id: one for one in Claim.objects.filter(prize__in=prizes).order_by("pk")}


def _tiles(board: visits.Board | None) -> list[dict[str, Any]]:
    if board is None:
        return []
    return [
        {"name": _("Expected today"), "count": len(board.expected)},
        {"name": _("Waiting now"), "count": len(board.waiting)},
        {"name": _("At a counter"), "count": len(board.served)},
        {"name": pgettext("visitors", "Left today"), "count": len(board.gone)},
    ]


def _guest(one: Guest, claims: dict[int, Claim], now: datetime) -> dict[str, Any]:
    visit, claim = one.visit, claims.get(one.visit.prize_id)
    minutes = int(one.waited(now).total_seconds() // 60)
    return {
        "role": visit.get_role_display(),
        "paper": paper_kinds.title(visit.paper.kind),
        "ticket": codes.shown(visit.prize.ticket.code),
        "ticket_code": visit.prize.ticket.code,
        "game": game_words.game(visit.prize.draw.game),
        "issue": visit.prize.draw.issue,
        "arrived_at": visit.arrived_at,
        "booked_at": visit.appointment.starts_at if visit.appointment else None,
        "called_at": one.called_at,
        "left_at": one.left_at,
        "minutes": minutes,
        "is_long": minutes >= LONG_MINUTES,
        "is_called_for": visit.role != visits.Role.COMPANION,
        "state": claim.get_state_display() if claim else "",
        "tone": claim_facts.TONES[claim.state] if claim else "",
        "claim_url": reverse("prizes:desk_claim", args=[claim.code]) if claim else "",
        "call_url": reverse("prizes:desk_visit_step", args=[visit.code, "call"]),
        "leave_url": reverse("prizes:desk_visit_step", args=[visit.code, "leave"]),
    }
