"""The rules of a game as everybody may read them: those in service, those announced, those past."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from games import rule_changes, rules
from games.models import Game
from games.rule_changes import Held


@require_safe
def rules_of_game(request: HttpRequest, game_code: str) -> HttpResponse:
    """The version in service, in full; the others by name."""
    now = timezone.now()
    game = _game(game_code)
    held = next((one for one in _public(game, now) if one.state == "service"), None)
    if held is None:
        raise Http404
    return _page(request, game, held, now)


@require_safe
def rule(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """One version that is loaded, and what it changes."""
    now = timezone.now()
    game = _game(game_code)
    return _page(request, game, _held(game, code, now), now)


@require_safe
def rule_sheet(_request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """The canonical rule sheet, whose digest stands in every seal."""
    held = _held(_game(game_code), code, timezone.now())
    answer = HttpResponse(
        rules.rule_sheet(held.version), content_type="application/json; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{held.version.code}.json"'
    return answer


def _page(request: HttpRequest, game: Game, held: Held, now: datetime) -> HttpResponse:
    old = rule_changes.before(game, held, now=now)
    return render(
        request,
        "games/rule.html",
        {
            "nav": "check",
            "game": {"code": game.code, "name": _(game.name)},
            "code": held.version.code,
            "is_in_service": held.state == "service",
            "notice": held.notice if held.state == "loaded" else None,
            "old": old.version.code if old else "",
            "changes": rule_changes.changes(old, held)
            if old and held.notice and held.state != "past"
            else None,
            "sections": rule_changes.sheet(held),
            "digest": rules.rule_sheet_digest(held.version),
            "sheet_url": reverse("games:rule_sheet", args=[game.code, held.version.code]),
            "others": [
                {
                    "first_issue": one.version.first_issue,
                    "url": reverse("games:rule", args=[game.code, one.version.code]),
                    "is_on": one.version.code == held.version.code,
                }
                for one in _public(game, now)
            ],
        },
    )


def _game(code: str) -> Game:
    return get_object_or_404(Game, code=code, is_shadow=False)


def _held(game: Game, code: str, now: datetime) -> Held:
    held = next((one for one in _public(game, now) if one.version.code == code), None)
    if held is None:
        raise Http404
    return held


def _public(game: Game, now: datetime) -> list[Held]:
    """What is loaded or past; what waits for its approval is not public yet."""
    return [
        one
        for one in rule_changes.of_game(game, now=now)
        if one.state in ("service", "loaded", "past")
    ]
