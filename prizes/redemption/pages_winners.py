"""Winners in figures, for everybody; what a winner allows to be told; and who asks that it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import publicity, who
from audit import approvals, report_file
from games import words as game_words
from games.models import Game
from lottery_portal.lib.errors import Refused, refuse
from lottery_portal.lib.money import yuan
from prizes.models import Prize
from prizes.winner_forms import AnnounceForm, PublicityForm, WinnersForm

from . import announcements, cuts, pages_prizes, periods, statistics, winner_words
from .periods import Period
from .statistics import Line


@never_cache
@require_safe
def winners_page(request: HttpRequest) -> HttpResponse:
    """What was won, by amount and by region, and the large prizes; no person can be made out."""
    form, game, period, status = _asked(request)
    found = periods.table(game, period)
    now = timezone.now()
    context = {
        "nav": "check",
        "form": form,
        "period": period,
        "table": found,
        "since": found.since_on,
        "last_day": found.until_on - timedelta(days=1) if found.until_on else None,
        "regions_last_day": found.regions_until_on - timedelta(days=1)
        if found.regions_until_on
        else None,
        "amounts": _rows(found.amounts, is_region=False),
        "regions": _rows(found.regions, is_region=True),
        "has_others": any(cuts.OTHERS in line.keys for line in found.regions),
        "fewest": cuts.FEWEST,
        "large": [
            {
                "name": game_words.draw(one.draw),
                "url": reverse("games:result", args=[one.draw.game.code, one.draw.issue]),
                "at": one.draw.draws_at,
                "tier": one.tier,
                "lines": one.lines,
                "band": winner_words.band(one.above_fen, one.up_to_fen),
                "winners": winner_words.winners(one.winners),
            }
            for one in announcements.newest(now=now, game=game)
        ],
        "csv_url": f"{reverse('prizes:winners_table')}?{urlencode(_query(game, period))}",
    }
    return render(request, "prizes/winners.html", context, status=status)


@require_safe
def winners_table(request: HttpRequest) -> HttpResponse:
    """The same figures as a file for spreadsheets, in which no cell runs."""
    _form, game, period, status = _asked(request)
    if status != HTTPStatus.OK or period is None:
        raise Http404
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(
        [
            _("Game"),
            _("From"),
            _("To"),
            _("Told by"),
            _("Band or region"),
            _("Winning tickets"),
            _("Amount (yuan)"),
        ]
    )
    found = periods.table(game, period)
    name = game_words.games([game]) if game else _("All games")
    for by, until, lines in (
        (_("Amount"), found.until_on, found.amounts),
        (_("Region"), found.regions_until_on, found.regions),
    ):
        for line in lines:
            assert found.since_on is not None  # noqa: S101 - there are lines
            assert until is not None  # noqa: S101 - the same
            row = [
                name, found.since_on.isoformat(), (until - timedelta(days=1)).isoformat(), by,
                _label(line), str(line.prizes), yuan(line.fen).replace(",", ""),
            ]  # fmt: skip
            out.writerow([report_file.text_cell(cell) for cell in row])
    content = report_file.BOM + text.getvalue().encode()
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    file_name = f"winners-{game or 'all'}-{period.key}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer


@never_cache
@require_http_methods(["GET", "POST"])
def publicity_page(request: HttpRequest, code: str) -> HttpResponse:
    """What of him may be told with a large prize: the winner says so, and takes it back, here."""
    own = pages_prizes.mine(request, code)
    now, prize = timezone.now(), own.prize
    allowed = publicity.allowed(winner=prize.owner, object_code=announcements.object_code(prize))
    if not allowed and not announcements.is_large(prize, now=now):
        raise Http404
    form = PublicityForm(
        request.POST if request.method == "POST" else None, initial={"shows": sorted(allowed)}
    )
    status = 400 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        shows = frozenset(form.cleaned_data["shows"])
        try:
            announcements.choose(prize=prize, shows=shows, actor=prize.owner.user, now=now)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            said = (
                _("Kept. Only what you chose may be told, and you can take it back at any time.")
                if shows
                else _("Nothing is told of you. What stood there is gone.")
            )
            notes.success(request, said)
            return redirect("prizes:publicity", code=prize.ticket.code)
    context = {
        **pages_prizes.head(own),
        "form": form,
        "told": winner_words.winners(
            [told] if (told := announcements.told_of(prize, allowed)) else []
        ),
    }
    return render(request, "prizes/publicity.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_winners(request: HttpRequest) -> HttpResponse:
    """Winners who allow something to be told: an officer asks, another person agrees."""
    now = timezone.now()
    may_ask = bool(who.roles(request.user, now) & announcements.ASKERS)
    form = AnnounceForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        prize = get_object_or_404(
            Prize.objects.select_related("ticket", "draw__game", "owner__user"),
            ticket__code=form.cleaned_data["ticket"],
        )
        try:
            asked = announcements.ask(prize=prize, maker=who.staff(request.user).user, now=now)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. Another person approves it."))
            return redirect("audit:approval", code=asked.code)
    context = {
        "nav": "winners",
        "form": form,
        "may_ask": may_ask,
        "kind": approvals.kinds()[announcements.KIND].title,
        "rows": [
            {**one, "game": game_words.game(one["prize"].draw.game)}
            for one in announcements.consented(now=now)
        ],
        "announced": [
            {
                "name": game_words.draw(one.draw),
                "tier": one.tier,
                "winners": winner_words.winners(one.winners),
            }
            for one in announcements.newest(now=now)
            if one.winners
        ],
    }
    return render(request, "desk/winners.html", context, status=status)


def _asked(request: HttpRequest) -> tuple[WinnersForm, str, Period | None, int]:
    """The form, the game ("" for all), the time that is shown, and the status of the answer."""
    known = periods.known()
    games = Game.objects.filter(is_shadow=False).order_by("position")
    wants = {"game", "period"} & request.GET.keys()
    form = WinnersForm(
        request.GET if wants else None,
        games=[(game.code, _(game.name)) for game in games],
        periods=[(one.key, one.name) for one in known],
    )
    first = known[0] if known else None
    if not form.is_bound:
        return form, "", first, 200
    if not form.is_valid():
        return form, "", first, 400
    chosen = next((one for one in known if one.key == form.cleaned_data["period"]), first)
    return form, form.cleaned_data["game"], chosen, 200


def _query(game: str, period: Period | None) -> dict[str, str]:
    return {"game": game, "period": period.key if period else ""}


def _label(line: Line) -> str:
    """What a line is about: an interval of amounts, or a region."""
    if line.keys[0] in statistics.BAND_KEYS:
        return winner_words.bands(line.keys)
    return winner_words.region(line.keys[0])


def _rows(lines: Sequence[Line], *, is_region: bool) -> list[dict[str, Any]]:
    """Lines with the length of their bars, of the longest a hundred."""
    most = max((line.prizes for line in lines), default=1)
    name = winner_words.region if is_region else None
    return [
        {
            "name": name(line.keys[0]) if name else winner_words.bands(line.keys),
            "prizes": line.prizes,
            "fen": line.fen,
            "filled": max(1, round(100 * line.prizes / most)),
        }
        for line in lines
    ]
