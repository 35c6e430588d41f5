"""The terminal of an outlet: who may sit there, and the page an operator begins with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import who
from accounts.models import User
from lottery_portal.lib.errors import Refused
from partners import ceiling_words, claim_places, game_names, hours, outlet_codes
from partners import terminal as terminals
from partners.models import Outlet

P = ParamSpec("P")
BOUND = "outlet"  # of the session: the number of the outlet it belongs to


def required(
    view: Callable[Concatenate[HttpRequest, Outlet, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Hand the view the outlet of this session; whoever may not work there reads why (403).

    Asked at every request: a suspension, a closing or another assignment holds from the next one.
    """

    @functools.wraps(view)
    def at_outlet(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        assert isinstance(user, User)  # noqa: S101 - the permission table lets only operators in
        try:
            outlet = terminals.at_work(user=user, bound_to=request.session.get(BOUND, ""))
        except Refused as refusal:
            page = {"refusal": refusal, "at": timezone.now()}
            return render(request, "partners/terminal_shut.html", page, status=refusal.status)
        if request.session.get(BOUND) != outlet.code:
            terminals.begin(user=user, outlet=outlet)
            request.session[BOUND] = outlet.code
        return view(request, outlet, *args, **kwargs)

    return at_outlet


@never_cache
@require_safe
@required
def terminal(request: HttpRequest, outlet: Outlet) -> HttpResponse:
    """Where an operator begins: his outlet, what it may redeem today, and what he can do."""
    user, now = request.user, timezone.now()
    held = claim_places.in_force(now).filter(outlet=outlet).order_by("game", "-up_to")
    page = {
        "outlet": outlet,
        "code": outlet_codes.shown(outlet.code),
        "hours": hours.in_words(outlet.hours),
        "operator": who.staff(user).display_name,
        "authorities": [
            {
                "game": game_names.name(row.game),
                "up_to": ceiling_words.up_to(row.up_to),
                "valid_until": row.valid_until,
            }
            for row in held
        ],
        "deeds": [{"deed": deed, "url": reverse(deed.url_name)} for deed in terminals.deeds()],
        "now": now,
    }
    return render(request, "partners/terminal.html", page)
