"""Where prizes are claimed, for everybody: by game, amount and district (F274).

A plain form of the address: works without script, and can be sent to a friend.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import who
from lottery_portal.lib import dates, working_days
from partners import ceiling_words, game_names, hours, outlet_codes
from partners.claim_places import Place

from . import own_sums, routing, where, where_words, winners
from .forms_where import WhereForm
from .own_sums import OwnSum


@never_cache
@require_safe
def where_to_claim(request: HttpRequest) -> HttpResponse:
    """The places with authority now, read from its rows; with a game and an amount the way, too.

    A winner of the game finds what he won in a draw added up, and where each ticket is claimed.
    """
    now = timezone.now()
    games, areas = game_names.known(), where.areas(at=now)
    wants = {"game", "amount", "district", "draw"} & request.GET.keys()
    form = WhereForm(request.GET if wants else None, games=games, areas=areas)
    game, fen, area, status = "", 0, "", 200
    mine: Sequence[OwnSum] = ()
    if form.is_bound and form.is_valid():
        game, area = form.cleaned_data["game"], form.cleaned_data["district"]
        fen = form.cleaned_data["amount"] or 0
        mine = _mine(request, game, form.cleaned_data["draw"])
    elif form.is_bound:
        status = 400
    found = where.places(at=now, game=game, fen=fen, area=area) if status == 200 else []  # noqa: PLR2004 - nothing was wrong
    page: dict[str, Any] = {
        "nav": "check",
        "form": form,
        "answer": _answer(game, fen, mine, now) if game else None,
        "mine": [_own(one) for one in mine],
        "places": [_shown(place, game, now) for place in found],
        "decides": where_words.decides(),
        "is_holiday": working_days.is_holiday(dates.in_shanghai(now).date()),
        "everywhere_url": _without_area(game, form) if area and not found else "",
        "all_games": [] if game else _figures(now),
    }
    return render(request, "prizes/where_to_claim.html", page, status=status)


def _answer(game: str, fen: int, mine: Sequence[OwnSum], now: datetime) -> dict[str, Any]:
    """What becomes of a prize of this game: of this amount, or of every amount.

    Of his own prize a winner reads the way it goes; it may be another than that of the amount.
    """
    figures = where.thresholds(game, at=now)
    his = next((own for one in mine if (own := one.of(fen))), None)
    return {
        "game": game_names.name(game),
        "fen": fen,
        "way": his.place.value if his else figures.way(fen).value if fen else "",
        "is_his": his is not None,
        "is_over": his is not None and his.is_over and his.place != routing.Place.WALLET,
        "taxed_above": figures.taxed_above,
        "steps": where_words.steps(figures),
    }


def _mine(request: HttpRequest, game: str, issue: str) -> Sequence[OwnSum]:
    """The own sums of who asks, if he is a player."""
    player = who.player_or_none(request.user)
    return own_sums.of(player, game=game, issue=issue) if player and game else ()


def _own(one: OwnSum) -> dict[str, Any]:
    """One sum as the page shows it: its prizes with their tags, places and pages."""
    rows = []
    for own in one.prizes:
        tone, word = winners.word(own)
        code = own.prize.ticket.code
        rows.append(
            {
                "code": code,
                "fen": own.prize.amount,
                "tone": tone,
                "word": word,
                "place": "" if own.is_over else own.place.label,
                "url": reverse("prizes:prize", args=[code]),
            }
        )
    return {
        "game": game_names.name(one.draw.game.code),
        "issue": one.draw.issue,
        "together": one.together,
        "is_taxed": one.is_taxed,
        "taxed_above": one.taxed_above,
        "rows": rows,
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
        "redeems": [
            {"game": game_names.name(one.game), "up_to": ceiling_words.up_to(one.up_to)}
            for one in scopes
        ],
    }


def _without_area(game: str, form: WhereForm) -> str:
    kept = {name: form.data.get(name, "") for name in ("amount", "draw")}
    asked = {"game": game, **kept, "district": ""}
    return f"{reverse('prizes:where_to_claim')}?{urlencode(asked)}"
