"""Charts of past draws, each with the explainer of chance beside it (F142)."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache as shared
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from games import odds, rules, simulation, trend_charts, words
from games import trends as counting
from games.models import Game
from games.rules import Zone
from games.trends import Trend, ZoneTrend

from .results import games_shown, to_first_game

LISTED = 20


@require_safe
def first_trends(request: HttpRequest) -> HttpResponse:
    """To the charts of the first game."""
    del request
    return to_first_game("games:trends")


@require_safe
def trends(request: HttpRequest, game_code: str) -> HttpResponse:
    """Frequency, omission, sums and shapes of the last draws of one game."""
    game = get_object_or_404(Game, code=game_code, is_shadow=False)
    asked = request.GET.get("draws", "")
    window = next((one for one in counting.WINDOWS if str(one) == asked), counting.WINDOWS[0])
    trend = counting.of(game, window=window)
    context: dict[str, Any] = {
        "nav": "check",
        "game": {"code": game.code, "name": _(game.name)},
        "games": games_shown(),
        "windows": counting.WINDOWS,
        "window": window,
        "trend": trend,
    }
    if trend is not None:
        version = rules.by_code(trend.version)
        context |= {
            "rules_game": game.rules_game,
            "zones": [
                _zone_shown(zone, one, trend)
                for zone, one in zip(version.zones, trend.zones, strict=True)
            ],
            "sums": _sums_shown(trend),
            "shapes": trend.shapes[: -LISTED - 1 : -1],
            "newest": trend.shapes[-1],
            "oldest": trend.shapes[0],
            "is_joined": trend_charts.is_joined(trend),
            "grid_rows": trend_charts.grid_rows(trend),
            "first_one_in": odds.one_in(simulation.first_prize(version)),
            "summed": _(", ").join(str(zone.label) for zone in counting.summed(version)),
        }
    return render(request, "games/trends.html", context)


def _zone_shown(zone: Zone, one: ZoneTrend, trend: Trend) -> dict[str, Any]:
    return {
        "code": zone.code,
        "name": zone.label,
        "is_blue": words.is_blue(zone),
        "is_column": zone.drawn == 1 and zone.first == 0,
        "drawn": zone.drawn,
        "size": zone.size,
        "numbers": [
            {
                "text": words.number(zone, figures.number),
                "times": figures.times,
                "away": figures.away,
                "longest": figures.longest,
                "seen": figures.seen,
            }
            for figures in one.figures
        ],
        "expected": f"{float(one.expected):.1f}",
        "usual_from": one.usual[0],
        "usual_to": one.usual[1],
        "wide": trend_charts.frequency(zone, one),
        "narrow": trend_charts.frequency(zone, one, is_narrow=True),
        "grid": _grid(zone, one, trend),
    }


def _grid(zone: Zone, one: ZoneTrend, trend: Trend) -> SafeString:
    """The grid of a zone, kept as long as the trend itself: drawing it costs more than counting."""
    name = f"{trend.name}:grid:1:{zone.code}"
    drawn: str | None = shared.get(name)
    if drawn is None:
        drawn = str(trend_charts.grid(zone, one, trend.shapes))
        shared.set(name, drawn, counting.KEPT_SECONDS)
    return mark_safe(drawn)  # noqa: S308 - made by trend_charts of escaped parts


def _sums_shown(trend: Trend) -> dict[str, Any]:
    steps = counting.sums(trend)
    most = max(steps, key=lambda step: step[3])
    return {
        "wide": trend_charts.sums(steps),
        "narrow": trend_charts.sums(steps, is_narrow=True),
        "steps": [
            {
                "name": str(low) if low == high else f"{low}–{high}",
                "came": came,
                "expected": f"{float(chance):.1f}",
            }
            for low, high, came, chance in steps
            if came or chance >= 1
        ],
        "most": f"{most[0]}–{most[1]}" if most[0] != most[1] else str(most[0]),
    }
