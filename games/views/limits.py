"""Lines withdrawn from sale for a draw (限量): seen by the staff, withdrawn by those who may."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permission, step_up
from accounts.models import StaffMember
from games import limits, rule_sheets, words
from games.forms import LimitForm
from games.models import Draw, LimitedLine
from games.rules.cited import source
from lottery_portal.lib.errors import Refused

from .desk import draw_of, user_of


@never_cache
@require_safe
def desk_limits(request: HttpRequest, code: str) -> HttpResponse:
    """What is withdrawn from sale for a draw, by whom and why."""
    return _page(request, draw_of(code), None)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_limit_new(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw a line from sale; it holds at once."""
    draw = draw_of(code)
    version = rule_sheets.version_of(draw)
    if not version.limits_numbers:
        raise Http404
    form = LimitForm(request.POST or None, version=version)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            limits.withdraw(
                draw=draw,
                play=asked["play"],
                line=limits.as_line(version, asked["play"], asked["numbers"]),
                reason=asked["reason"],
                actor=user_of(request),
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return _page(request, draw, form, status=refusal.status)
        notes.success(request, _("Withdrawn. The line is not sold in this draw any more."))
        return redirect("games:desk_limits", code=draw.code)
    return _page(request, draw, form, status=400 if form.is_bound else 200)


def _page(
    request: HttpRequest, draw: Draw, form: LimitForm | None, *, status: int = 200
) -> HttpResponse:
    version, now = rule_sheets.version_of(draw), timezone.now()
    if not version.limits_numbers:
        raise Http404
    is_open = draw.state in {Draw.State.SCHEDULED, Draw.State.OPEN}
    if form is None and is_open and permission.may(request.user, "games:desk_limit_new", now):
        form = LimitForm(version=version)
    rows = list(LimitedLine.objects.filter(draw=draw).order_by("-pk"))
    names = dict(
        StaffMember.objects.filter(user__in=[row.withdrawn_by_id for row in rows]).values_list(
            "user", "display_name"
        )
    )
    basis = source(
        game=version.game,
        code=version.code,
        place="limits",
        articles=rule_sheets.articles_of(draw.rule),
    )
    return render(
        request,
        "desk/limits.html",
        {
            "nav": "draws",
            "draw": draw,
            "game": {"name": words.game(draw.game)},
            "rows": [
                {
                    "play": version.play(row.play).label,
                    "line": limits.shown(row),
                    "reason": row.reason,
                    "who": names.get(row.withdrawn_by_id, "—"),
                    "at": row.withdrawn_at,
                }
                for row in rows
            ],
            "form": form if is_open else None,
            "source": basis.said if basis else "—",
            "back_url": reverse("games:desk_draw", args=[draw.code]),
        },
        status=status,
    )
