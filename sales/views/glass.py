"""Opening a sealed draw to reading: asking for it, and the one page on which it is read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import step_up
from accounts.models import User
from games import words
from games.models import Draw
from lottery_portal.lib.errors import Refused, refuse
from sales import break_glass, read_ban
from sales.admin import sealed_page
from sales.forms import BreakGlassForm
from sales.models import Ticket
from sales.tickets import CHANNELS


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_break_glass(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for a sealed draw to be opened to reading; somebody of another role approves."""
    draw, now = _draw(code), timezone.now()
    form = BreakGlassForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            asked = break_glass.ask(
                draw=draw, reason=form.cleaned_data["reason"], maker=_user(request), now=now
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The draw can be read when another person approves."))
            return redirect("audit:approval", code=asked.code)
    page = {**_about(draw), "form": form, "is_sealed": draw.state == Draw.State.SEALED}
    return render(request, "desk/break_glass.html", page, status=status)


@never_cache
@require_safe
@step_up.required
def desk_opened_seal(request: HttpRequest, code: str) -> HttpResponse:
    """The tickets of a draw that is open to reading, a page at a time, each look recorded."""
    draw = _draw(code)
    if draw.state != Draw.State.SEALED:
        notes.info(request, _("This draw is not under seal any more."))
        return redirect("games:desk_draw", code=draw.code)
    try:
        seen = break_glass.look(draw=draw, number=request.GET.get("page"), actor=_user(request))
    except read_ban.SealedDataAsked as refusal:
        read_ban.log_attempt(actor=request.user, where=request.path, draws=[draw.code])
        return sealed_page(request, refusal)
    page = {
        **_about(draw),
        "opening": seen.opening,
        "page": seen.page,
        "rows": [_row(ticket, seen.picks.get(ticket.pk, ())) for ticket in seen.page],
    }
    return render(request, "desk/opened_seal.html", page)


def _row(ticket: Ticket, picks: Any) -> dict[str, Any]:
    return {
        "code": ticket.code,
        "sold_at": ticket.sold_at,
        "channel": CHANNELS.get(ticket.channel, ticket.channel),
        "picks": picks,
        "lines": ticket.lines,
        "price_fen": ticket.price,
    }


def _about(draw: Draw) -> dict[str, Any]:
    return {
        "nav": "draws",
        "game": {"name": words.game(draw.game)},
        "draw": draw,
        "back_url": reverse("games:desk_draw", args=[draw.code]),
    }


def _draw(code: str) -> Draw:
    return get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the permission table lets nobody else in
    return request.user
