"""Staff page: reserves out of the business fee, and the request to change one (R15)."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import step_up, who
from finance import reserves
from finance.remittance_forms import ReserveForm
from lottery_portal.lib.errors import Refused, refuse


@never_cache
@require_http_methods(["GET", "POST"])
def desk_reserves(request: HttpRequest) -> HttpResponse:
    """What is in reserve, game by game; a treasurer asks for a change, somebody else approves."""
    may_ask = "treasurer" in who.roles(request.user, timezone.now())
    if request.method == "POST" and (first := step_up.before_deed(request, may=may_ask)):
        return first
    found = reserves.standings()
    form = ReserveForm(request.POST or None, games=[one.game for one in found])
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            asked = reserves.ask(maker=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. Another person approves it."))
            return redirect("audit:approval", code=asked.code)
    context = {"nav": "remittances", "rows": found, "form": form, "may_ask": may_ask and found}
    return render(request, "desk/reserves.html", context, status=status)
