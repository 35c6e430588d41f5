"""Published results: the list and one result, official or our own with its seal (F073)."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from games import announcements, claim_days, draws, public_notices, seal_facts, words
from games.models import Announcement, Draw, DrawCancellation, Game, SealStatement
from games.results import as_row
from games.seal_models import SealPublication
from lottery_portal.lib.dates import in_shanghai

from . import seals as seal_pages

PER_PAGE = 20
# From here on something of a draw is public: first its seal, then its numbers, then its prizes.
SHOWN = draws.WAY[draws.WAY.index(Draw.State.SEALED) :]
NUMBERS_SHOWN = draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """The results of the first game on sale."""
    game = Game.objects.filter(is_shadow=False).order_by("position").first()
    if game is None:
        raise Http404
    return _list(request, game)


@require_safe
def game_results(request: HttpRequest, game_code: str) -> HttpResponse:
    """The results of one game, newest first."""
    return _list(request, _game(game_code))


@require_safe
def result(request: HttpRequest, game_code: str, issue: str) -> HttpResponse:
    """One result: as announced, or of our own draw with its seal, from the sealing on."""
    game = _game(game_code)
    announced = Announcement.objects.filter(game=game, issue=issue).first()
    draw = (
        Draw.objects.filter(game=game, issue=issue, state__in=SHOWN)
        .select_related("game", "rule", "seal")
        .first()
    )
    if announced is None and draw is None:
        return _cancelled(request, game, issue)
    page: dict[str, Any] = {
        "nav": "check",
        "game": {"code": game.code, "name": _(game.name)},
        "issue": issue,
    }
    page |= _announced(game, announced) if announced else _nothing_announced(draw)
    page |= _ours(draw) if draw else {"is_ours": False, "seal": None}
    return render(request, "games/result.html", page)


def _cancelled(request: HttpRequest, game: Game, issue: str) -> HttpResponse:
    """A draw that is not held: why, what became of its tickets, and where its seal is."""
    told = (
        DrawCancellation.objects.filter(draw__game=game, draw__issue=issue)
        .select_related("draw__game", "draw__rule")
        .first()
    )
    if told is None:
        raise Http404
    draw = told.draw
    seal = SealStatement.objects.filter(draw=draw, publication__isnull=False).first()
    return render(
        request,
        "games/cancelled.html",
        {
            "nav": "check",
            "game": {"code": game.code, "name": _(game.name)},
            "issue": issue,
            "draw": draw,
            "told": told,
            "facts": seal_facts.of(draw),
            "files": seal_facts.files_of(draw),
            "seal_url": reverse("games:seal", args=[draw.code]) if seal else "",
        },
    )


def _list(request: HttpRequest, game: Game) -> HttpResponse:
    issue = request.GET.get("issue", "").strip()
    if issue and _has_page(game, issue):
        return redirect("games:result", game_code=game.code, issue=issue)
    now = timezone.now()
    page = Paginator(announcements.of_game(game), PER_PAGE).get_page(request.GET.get("page"))
    source = Announcement.objects.filter(game=game, draw__isnull=True).order_by("-issue").first()
    return render(
        request,
        "games/results.html",
        {
            "nav": "check",
            "game": {"code": game.code, "name": _(game.name)},
            "results": [as_row(row) for row in page],
            "page": page,
            "query": "",
            "source": source.source if source else "",
            "issue": issue,
            "not_found": bool(issue),
            "notices": public_notices.now_told(now=now, game=game.code),
        },
        status=404 if issue else 200,
    )


def _game(code: str) -> Game:
    return get_object_or_404(Game, code=code, is_shadow=False)


def _has_page(game: Game, issue: str) -> bool:
    return (
        Announcement.objects.filter(game=game, issue=issue).exists()
        or Draw.objects.filter(
            game=game, issue=issue, state__in=(*SHOWN, Draw.State.CANCELLED)
        ).exists()
    )


def _announced(game: Game, row: Announcement) -> dict[str, Any]:
    tiers = words.tiers(
        game=game.rules_game,
        issue=row.issue,
        special_on=bool(row.special_on),
        known=row.tiers,
    )
    return {
        "drawn_on": row.drawn_on,
        "drawn_at": None,
        "numbers": row.numbers,
        "sales_fen": row.sales,
        "pool_fen": row.pool,
        "tiers": tiers,
        "total_winners": words.total(tiers, "winners"),
        "total_fen": words.total(tiers, "total_fen"),
        "claim_until": None,
        "note": row.note,
        "source": row.source,
        "is_published": True,
    }


def _nothing_announced(draw: Draw | None) -> dict[str, Any]:
    """A draw of ours on its way: the numbers as soon as they are confirmed, the money later."""
    numbers = draw.result.numbers if draw and draw.state in NUMBERS_SHOWN else None
    return {
        "numbers": numbers,
        "drawn_on": in_shanghai(draw.draws_at).date() if draw else None,
        "sales_fen": draw.seal.stake if draw else None,
        "pool_fen": None,
        "tiers": [],
        "note": "",
        "source": "",
        "is_published": False,
    }


def _ours(draw: Draw) -> dict[str, Any]:
    seal = draw.seal
    publication = SealPublication.objects.filter(statement=seal).first()
    published_at = publication.published_at if publication else None
    ahead = int((draw.draws_at - published_at).total_seconds()) if published_at else 0
    return {
        "is_ours": True,
        "drawn_at": draw.draws_at,
        "claim_until": claim_days.last_day(draw),
        "engines": "agree" if draws.is_settled(draw) else "",
        "seal": {
            "root": seal.root,
            "file_name": seal.file_name,
            "rule": draw.rule.code,
            "previous_root": seal.previous_root,
            "ahead_seconds": max(ahead, 0),
            "closed_at": seal.closed_at,
            "sealed_at": seal.sealed_at,
            "published_at": published_at,
            "url": reverse("games:seal", args=[draw.code]) if publication else "",
            "tickets": seal.tickets,
            "lines": seal.lines,
            "stake_fen": seal.stake,
            "signatures": seal_pages.signatures_shown(seal),
            "is_open": draw.state in NUMBERS_SHOWN,
        },
    }
