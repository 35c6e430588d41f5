"""Where prizes are claimed, for everybody: by game, amount and district (F274).

A plain form of the address: works without script, and can be sent to a friend.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lottery_portal.lib import dates, working_days
from partners import game_names, hours, outlet_codes
from partners.claim_places import Place

from . import where, where_words
from .forms_where import WhereForm


@never_cache
@require_safe
def where_to_claim(request: HttpRequest) -> HttpResponse:
    """The places with authority now, read from its rows; with a game and an amount the way, too."""
    now = timezone.now()
    games, areas = game_names.known(), where.areas(at=now)
    wants = {"game", "amount", "district"} & request.GET.keys()
    form = WhereForm(request.GET if wants else None, games=games, areas=areas)
    game, fen, area, status = "", 0, "", 200
    if form.is_bound and form.is_valid():
        game, area = form.cleaned_data["game"], form.cleaned_data["district"]
        fen = form.cleaned_data["amount"] or 0
    elif form.is_bound:
        status = 400
    found = where.places(at=now, game=game, fen=fen, area=area) if status == 200 else []  # noqa: PLR2004 - nothing was wrong
    page: dict[str, Any] = {
        "nav": "check",
        "form": form,
        "answer": _answer(game, fen, now) if game else None,
        "places": [_shown(place, game, now) for place in found],
        "decides": where_words.decides(),
        "is_holiday": working_days.is_holiday(dates.in_shanghai(now).date()),
        "everywhere_url": _without_area(game, form) if area and not found else "",
        "all_games": [] if game else _figures(now),
    }
    return render(request, "prizes/where_to_claim.html", page, status=status)


def _answer(game: str, fen: int, now: datetime) -> dict[str, Any]:
    """What becomes of a prize of this game: of this amount, or of every amount."""
    figures = where.thresholds(game, at=now)
    return {
        "game": game_names.name(game),
        "fen": fen,
        "way": figures.way(fen).value if fen else "",
        "steps": where_words.steps(figures),
    }


def _figures(now: datetime) -> list[dict[str, Any]]:
    """The steps that games have in common, each with the games it holds for."""
    groups: dict[where.Thresholds, list[str]] = {}
    names = game_names.known()
    for code, figures in where.every_game(at=now).items():
        groups.setdefault(figures, []).append(names[code])
    return [
        {"games": [] if len(groups) == 1 else of_games, "steps": where_words.steps(figures)}
        for figures, of_games in groups.items()
    ]


def _shown(place: Place, game: str, now: datetime) -> dict[str, Any]:
    scopes = [one for one in place.scopes if not game or one.game in {"", game}]
    return {
        "place": place,
        "code": outlet_codes.shown(place.code),
        "hours": hours.in_words(place.hours),
        "is_open": hours.is_open(hours.read(place.hours), now),
        "phone_url": "tel:" + "".join(one for one in place.phone if one in "+0123456789"),
        "redeems": [{"game": game_names.name(one.game), "up_to_fen": one.up_to} for one in scopes],
    }


def _without_area(game: str, form: WhereForm) -> str:
    asked = {"game": game, "amount": form.data.get("amount", ""), "district": ""}
    return f"{reverse('prizes:where_to_claim')}?{urlencode(asked)}"
