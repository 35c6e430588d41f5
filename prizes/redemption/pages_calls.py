"""A winner calls the centre: a clerk books, moves or cancels his appointment for him (F083)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import who
from games import words as game_words
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from prizes.centre_forms import CallForm
from prizes.claim_models import Claim
from prizes.models import Prize

from . import appointments, claim_facts, looks, steps
from .appointment_facts import book, bring, choose
from .claim_refusals import OwnClaim

NAV = "visits"


@never_cache
@require_safe
def desk_calls(request: HttpRequest) -> HttpResponse:
    """Find the prize of a winner who calls, by the number of his claim or of his ticket."""
    form = CallForm(request.GET if "number" in request.GET else None)
    if form.is_valid():
        ticket = _ticket(form.cleaned_data["number"])
        if ticket:
            return redirect("prizes:desk_call", ticket=ticket)
        form.add_error("number", _("No prize under this number waits at a centre."))
    context = {"nav": NAV, "form": form}
    return render(request, "desk/calls.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_call(request: HttpRequest, ticket: str) -> HttpResponse:
    """The free times of the centres for one prize; its appointment is made, moved or cancelled."""
    prize = _prize(ticket)
    if prize is None:
        raise Http404
    user, now = who.staff(request.user).user, database_time()
    try:
        steps.not_ones_own(prize, user)
    except OwnClaim as refused:
        raise PermissionDenied(str(refused)) from refused
    looks.note([ticket], desk="prizes:desk_call", actor=user, now=timezone.now())
    booked = appointments.of(prize, now=now)
    if request.POST.get("action") == "cancel":
        return _cancel(request, prize, now)
    choice = choose(prize, request.GET, booked=booked, now=now, by_staff=True)
    form, status = book(prize, request.POST, choice, booked=booked, actor=user, now=now)
    if status == HTTPStatus.SEE_OTHER:
        notes.success(request, _("Booked. The winner has been sent a message."))
        return redirect("prizes:desk_call", ticket=ticket)
    claim = Claim.objects.filter(prize=prize).order_by("-pk").first()
    person = prize.owner.person
    context = {
        "nav": NAV,
        "ticket": codes.shown(ticket),
        "game": game_words.game(prize.draw.game),
        "issue": prize.draw.issue,
        "amount_fen": prize.amount,
        "name": str(person.name) if person else "",
        "claim": claim,
        "tone": claim_facts.TONES[claim.state] if claim else "",
        "booked": booked,
        "is_over": hasattr(prize, "end"),
        "bring": bring(ticket),
        "form": form,
        **choice.context,
    }
    return render(request, "desk/call.html", context, status=status)


def _cancel(request: HttpRequest, prize: Prize, now: Any) -> HttpResponse:
    booked = appointments.of(prize, now=now)
    if booked is not None:
        try:
            appointments.cancel(appointment=booked, actor=who.staff(request.user).user, now=now)
        except Refused as refused:
            notes.error(request, str(refused))
        else:
            notes.success(request, _("Cancelled. The winner has been sent a message."))
    return redirect(reverse("prizes:desk_call", args=[prize.ticket.code]))


def _ticket(number: str) -> str:
    """The ticket of a claim by its number, or the number itself where a prize of it waits."""
    code = codes.typed(number)
    of_claim = Claim.objects.filter(code=code).values_list("prize__ticket__code", flat=True).first()
    prize = _prize(of_claim or code)
    return "" if prize is None or hasattr(prize, "end") else prize.ticket.code


def _prize(ticket: str) -> Prize | None:
    rows = Prize.objects.filter(ticket__code=ticket, route=Prize.Route.CENTRE)
    return rows.select_related(
        "ticket", "draw__game", "owner__user", "owner__person", "end"
    ).first()
