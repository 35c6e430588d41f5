"""Your pattern over 10,000 draws: any bet of any game, and what is expected of it (N16)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from games import bets, quick_pick, rules, simulation, trend_charts
from games.models import Announcement, Game
from games.rules import RuleVersion
from games.rules.picks import BetType, Place
from games.simulation import Simulation, TierFigures
from lottery_portal.lib.errors import Refused

from .results import games_shown, to_first_game

FIRST_SEED = 1
_LONGEST = 400
_NUMBER = re.compile(r"[0-9]{1,3}")
_DAYS_A_WEEK = 7
_WEEKS_A_YEAR = 52


@require_safe
def first_simulator(request: HttpRequest) -> HttpResponse:
    """To the simulator of the first game."""
    del request
    return to_first_game("games:simulator")


@require_http_methods(["GET", "HEAD", "POST"])
def simulator(request: HttpRequest, game_code: str) -> HttpResponse:
    """The form, and with a bet what came of it. Bets come in the body, so that no log has them."""
    game = get_object_or_404(Game, code=game_code, is_shadow=False)
    version = rules.GAMES[game.rules_game].current
    asked = request.POST if request.method == "POST" else request.GET
    kind = version.bet_type(asked.get("bet_type", "")) or version.bet_types[0]
    seed = _seed(asked.get("seed", ""))
    context: dict[str, Any] = {"refusal": "", "outcome": None}
    selection, status = None, 200
    if request.method == "POST":
        try:
            selection = _selection(version, kind, asked)
            checked = bets.check(version, selection)
        except Refused as refusal:
            context["refusal"], status = str(refusal), 400
        else:
            selection = checked.selection
            special_on = _is_special(game)
            made = simulation.of(game, version, checked, seed=seed, special_on=special_on)
            context["outcome"] = shown(version, checked, made)
        if selection is not None:
            kind = version.bet_type(selection.bet_type) or kind
            places = len(version.play_of(kind.code).places)
            if {len(selection.picks), len(selection.bankers)} != {places}:
                selection = None  # of another game: nothing of it fits the form
    context |= {
        "nav": "check",
        "game": {"code": game.code, "name": _(game.name)},
        "games": games_shown(),
        "draws": simulation.DRAWS,
        "years": _years(version),
        **form(version, kind, selection, asked, seed=seed),
    }
    return render(request, "games/simulator.html", context, status=status)


def form(
    version: RuleVersion,
    kind: BetType,
    selection: bets.Selection | None = None,
    typed: Mapping[str, str] | None = None,
    *,
    seed: int = FIRST_SEED,
) -> dict[str, Any]:
    """What the form shows: the bet types of the game, a field for each place of this one."""
    places = version.play_of(kind.code).places
    fields = []
    for at, (place, taken) in enumerate(zip(places, kind.ranges, strict=True)):
        if kind.same_numbers and at:
            break
        fields.append(
            {
                "code": place.code,
                "label": place.label,
                "hint": _hint(place, taken.numbers_least, taken.numbers_most),
                "picks": _spelt(place, selection.picks[at]) if selection else
                (typed or {}).get(f"p_{place.code}", ""),
                "has_bankers": taken.bankers_most > 0,
                "bankers": _spelt(place, selection.bankers[at]) if selection else
                (typed or {}).get(f"b_{place.code}", ""),
            }
        )  # fmt: skip
    return {
        "kinds": [{"code": one.code, "name": one.label} for one in version.bet_types],
        "kind": {"code": kind.code, "name": kind.label},
        "fields": fields,
        "multiplier": selection.multiplier if selection else 1,
        "most_times": version.multiplier_most,
        "seed": seed,
        "largest_seed": simulation.LARGEST_SEED,
    }


def shown(version: RuleVersion, bet: bets.CheckedSelection, made: Simulation) -> dict[str, Any]:
    """What came of the bet, for the page."""
    expected = round(made.expected_fen)
    kind = version.bet_type(bet.selection.bet_type)
    most = max(made.by_size)
    return {
        "made": made,
        "type": kind.label if kind else "",
        "lines": bet.lines,
        "expected_fen": expected,
        "expected_loss_fen": made.spent_fen - expected,
        "expected_winning_draws": f"{float(made.expected_winning_draws):,.1f}",
        "back": _share(made.won_fen, made.spent_fen),
        "expected_back": _share(expected, made.spent_fen),
        "gain_fen": max(0, made.won_fen - made.spent_fen),
        "wide": trend_charts.course(made.course),
        "narrow": trend_charts.course(made.course, is_narrow=True),
        "sizes": [
            {"name": name, "draws": count, "filled": count * 100 // most}
            for name, count in zip(_sizes(), made.by_size, strict=True)
        ],
        "tiers": [_tier(version, tier) for tier in made.tiers],
        "rare_fen": round(
            bet.selection.multiplier
            * sum(tier.expected_fen for tier in made.tiers if tier.expected_lines < 1)
        ),
        "unknown": [
            version.tier(tier.number).label
            for tier in made.tiers
            if tier.amount.source == "unknown"
        ],
    }


def _tier(version: RuleVersion, tier: TierFigures) -> dict[str, Any]:
    expected = float(tier.expected_lines)
    return {
        "name": version.tier(tier.number).label,
        "fen": tier.amount.fen if tier.amount.source != "unknown" else None,
        "source": {
            "fixed": "",
            "announced": _("average of %(draws)s announced draws") % {"draws": tier.amount.draws},
            "unknown": _("no prize announced yet, counted as 0"),
        }[tier.amount.source],
        "lines": tier.lines,
        "expected": f"{expected:,.1f}" if expected >= 1 else f"{expected:.4f}",
    }


def _sizes() -> list[str]:
    return [
        pgettext("prize of a draw", "nothing"),
        _("less than it cost"),
        _("1 to 10 times what it cost"),
        _("10 to 100 times"),
        _("100 to 1,000 times"),
        _("1,000 times and more"),
    ]


def _share(part: int, whole: int) -> str:
    """Of a hundred yuan how many came back."""
    return f"{part * 100 / whole:,.2f}"


def _selection(version: RuleVersion, kind: BetType, posted: QueryDict) -> bets.Selection:
    """The bet of a ticket by its text, one by chance, or what was typed place by place."""
    if text := posted.get("bet", ""):
        return bets.parse(text[:_LONGEST])
    if posted.get("action") == "pick":
        return replace(quick_pick.pick(version, bet_type=kind.code), quick_pick=False)
    places = version.play_of(kind.code).places
    first = places[0].code
    picks, bankers = [], []
    for place, taken in zip(places, kind.ranges, strict=True):
        code = first if kind.same_numbers else place.code
        fixed = _typed(posted, f"b_{code}") if taken.bankers_most else ()
        bankers.append(fixed)
        picks.append(tuple(n for n in _typed(posted, f"p_{code}") if n not in fixed))
    times = posted.get("multiplier", "1")
    return bets.Selection(
        bet_type=kind.code,
        bankers=tuple(bankers),
        picks=tuple(picks),
        multiplier=int(times) if times.isascii() and times.isdigit() and len(times) < 4 else 0,  # noqa: PLR2004 - no multiplier has four digits
    )


def _typed(posted: QueryDict, name: str) -> tuple[int, ...]:
    return tuple(int(text) for text in _NUMBER.findall(posted.get(name, "")[:_LONGEST]))


def _seed(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(simulation.LARGEST_SEED)):
        return int(text)
    return FIRST_SEED


def _is_special(game: Game) -> bool:
    last = Announcement.objects.filter(game=game).order_by("-issue").first()
    return bool(last and last.special_on)


def _spelt(place: Place, numbers: Sequence[int]) -> str:
    wide = 1 if place.last < 10 else 2  # noqa: PLR2004 - digits stand alone
    return " ".join(f"{number:0{wide}d}" for number in numbers)


def _hint(place: Place, least: int, most: int) -> str:
    figures = {"least": least, "most": most, "first": place.first, "last": place.last}
    if least == most:
        return _("%(least)s of %(first)s to %(last)s") % figures
    return _("%(least)s to %(most)s of %(first)s to %(last)s") % figures


def _years(version: RuleVersion) -> int:
    """How many years of its draws the simulation is."""
    a_week = len(version.schedule.weekdays) or _DAYS_A_WEEK
    return simulation.DRAWS // (a_week * _WEEKS_A_YEAR)
