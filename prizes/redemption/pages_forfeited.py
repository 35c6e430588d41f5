"""The register of abandoned prizes, and who has not claimed yet: the second with a reason only."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import step_up, who
from games import words as game_words
from lottery_portal.lib.dates import SHANGHAI, in_shanghai
from lottery_portal.lib.errors import Refused, refuse
from prizes.forms import ReasonForm

from . import forfeiture

SHOWN = 200


@never_cache
@require_safe
def desk_forfeited(request: HttpRequest) -> HttpResponse:
    """What lapsed this year, prize by prize with its entry; longer intervals are exported."""
    now = timezone.now()
    first = in_shanghai(now).date().replace(month=1, day=1)
    since = datetime.combine(first, time.min, SHANGHAI)
    ends = forfeiture.register_of(since=since, until=now + timedelta(seconds=1))
    rows = [
        {"end": end, "game": game_words.game(end.prize.draw.game)}
        for end in ends.order_by("-ended_at", "-pk")[:SHOWN]
    ]
    context = {
        "nav": "forfeited",
        "year": first.year,
        "rows": rows,
        "number": ends.count(),
        "fen": ends.aggregate(fen=Sum("amount"))["fen"] or 0,
        "shown": SHOWN,
    }
    return render(request, "desk/forfeited.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_unclaimed(request: HttpRequest) -> HttpResponse:
    """Who has not claimed yet, after a reason that stays in the trail with every ticket shown."""
    form = ReasonForm(request.POST or None)
    status = 400 if form.is_bound else 200
    rows = None
    if form.is_valid():
        try:
            rows = forfeiture.reveal_unclaimed(
                reason=form.cleaned_data["reason"],
                actor=who.staff(request.user).user,
                now=timezone.now(),
            )
            status = 200
        except Refused as refusal:
            status = refuse(form, refusal)
    context = {"nav": "forfeited", "form": form, "rows": rows}
    return render(request, "desk/unclaimed.html", context, status=status)
