"""Which game: every game with its draw on sale, its close and its pool."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import who
from sales import games_shown


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All games, and the way to the board of each."""
    user, now = request.user, timezone.now()
    player = who.player_or_none(user) if user.is_authenticated else None
    context = {
        "nav": "buy",
        "now": now,
        "games": games_shown.rows(player=player.code if player else "", now=now),
    }
    return render(request, "sales/games.html", context)
