"""Cancelling a draw at the desk: what would be refunded first, then the request; and its paper."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
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
from sales import cancellation_paper, draw_cancellation
from sales.forms import CancelForm

# Purses and parts of a stake as a treasurer calls them, in the order of the page.
PURSES = ("WALLET", "WINNINGS", "BONUS")
PARTS = ("prizes", "fund", "fee", "welfare")


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_draw_cancel(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for a draw to be cancelled; somebody else agrees, then every ticket is refunded."""
    draw = get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)
    try:
        found = draw_cancellation.dry_run(draw)
    except Refused as refusal:
        notes.info(request, str(refusal))
        return redirect("games:desk_draw", code=draw.code)
    form = CancelForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        assert isinstance(request.user, User)  # noqa: S101 - the table of permissions lets in staff only
        try:
            asked = draw_cancellation.ask(
                draw=draw,
                reason=form.cleaned_data["reason"],
                maker=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The draw is cancelled when another person agrees."))
            return redirect("audit:approval", code=asked.code)
    page = {
        "nav": "draws",
        "game": {"name": words.game(draw.game)},
        "draw": draw,
        "state": words.state(draw.state),
        "form": form,
        "found": found,
        "purses": _purses(found),
        "parts": _parts(found),
        "people": draw_cancellation.people(timezone.now()),
        "back_url": reverse("games:desk_draw", args=[draw.code]),
    }
    return render(request, "desk/draw_cancel.html", page, status=status)


@require_safe
def cancellation(_request: HttpRequest, code: str) -> HttpResponse:
    """The signed paper about a cancelled draw, for everybody."""
    draw = get_object_or_404(
        Draw.objects.real().select_related("rule"), code=code, state=Draw.State.CANCELLED
    )
    try:
        paper = cancellation_paper.of(draw)
    except Refused as refusal:
        raise Http404 from refusal
    name = f"{draw.code}-cancellation.json"
    return HttpResponse(
        paper,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _purses(found: draw_cancellation.DryRun) -> list[dict[str, Any]]:
    names = {
        "WALLET": _("Money brought in"),
        "WINNINGS": _("Winnings"),
        "BONUS": _("Bonus"),
    }
    return [
        {"name": names[purse], "fen": found.by_purse[purse]}
        for purse in PURSES
        if found.by_purse.get(purse)
    ]


def _parts(found: draw_cancellation.DryRun) -> list[dict[str, Any]]:
    names = {
        "prizes": _("Prize money"),
        "fund": _("Adjustment fund"),
        "fee": _("Issue fee"),
        "welfare": _("Welfare fund"),
    }
    by_part = {account.partition(":")[0]: fen for account, fen in found.divided.items()}
    return [{"name": names[part], "fen": by_part[part]} for part in PARTS if by_part.get(part)]
