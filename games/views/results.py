"""Published results: the list and one result, official or our own with its seal (F073)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from games import (
    archive,
    claim_days,
    claim_facts,
    draws,
    minutes,
    public_notices,
    rules,
    seal_facts,
    winner_facts,
    words,
)
from games.archive import Asked
from games.archive_forms import ArchiveForm
from games.models import Announcement, Draw, DrawCancellation, Game, SealStatement
from games.results import as_row
from games.seal_models import SealPublication
from lottery_portal.lib import sentences
from lottery_portal.lib.dates import in_shanghai

from . import seals as seal_pages

# From here on something of a draw is public: first its seal, then its numbers, then its prizes.
SHOWN = draws.WAY[draws.WAY.index(Draw.State.SEALED) :]
NUMBERS_SHOWN = draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """The newest result of every game; a draw found by its number, whatever its game."""
    chosen = request.GET.get("game", "")
    if chosen in rules.GAMES:
        asked = request.GET.copy()
        del asked["game"]
        address = reverse("games:game_results", args=[_game(chosen).code])
        return redirect(f"{address}?{asked.urlencode()}" if asked else address)
    issue = request.GET.get("issue", "").strip()
    rows = archive.of_issue(issue) if issue else archive.newest()
    if issue and len(with_page := _games_with(issue, rows)) == 1:
        return redirect("games:result", game_code=with_page.pop(), issue=issue)
    context = {
        "nav": "check",
        "games": games_shown(),
        "results": [as_row(row) for row in rows],
        "issue": issue,
        "not_found": bool(issue) and not rows,
        "to_come": _to_come(issue) if issue and not rows else [],
        "notices": public_notices.now_told(now=timezone.now()),
    }
    return render(request, "games/results.html", context, status=404 if issue and not rows else 200)


@require_safe
def game_results(request: HttpRequest, game_code: str) -> HttpResponse:
    """The archive of one game, newest first: by issue, days and numbers."""
    return _archive(request, _game(game_code))


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
    before, after = archive.beside(game, issue)
    page |= {"rules_game": game.rules_game, "before": before, "after": after}
    page |= _announced(game, announced) if announced else _nothing_announced(draw)
    page |= _ours(draw) if draw else {"is_ours": False, "seal": None, "minutes": None, "files": []}
    page["claims"] = claim_facts.of(game, draw, page["tiers"])
    page["large"] = winner_facts.of(draw)
    return render(request, "games/result.html", page)


def _to_come(issue: str) -> list[dict[str, Any]]:
    """The planned draws of this number, of which there is no result yet."""
    if not archive.is_issue(issue):
        return []
    found = Draw.objects.real().filter(issue=issue).select_related("game")
    unseen = found.exclude(state__in=[*SHOWN, Draw.State.CANCELLED]).order_by("game__position")
    return [{"name": words.draw(draw), "draws_at": draw.draws_at} for draw in unseen]


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


def _archive(request: HttpRequest, game: Game) -> HttpResponse:
    version = archive.version_of(game)
    wants = {"issue", "since", "until", "numbers"} & request.GET.keys()
    form = ArchiveForm(request.GET if wants else None, version=version)
    asked, status = Asked(), 200
    if form.is_bound and form.is_valid():
        asked = form.asked()
        if asked == Asked(issue=asked.issue) and asked.issue and _has_page(game, asked.issue):
            return redirect("games:result", game_code=game.code, issue=asked.issue)
    elif form.is_bound:
        status = 400
    page = archive.page(
        archive.search(game, asked),
        older_than=_issue(request, "older_than"),
        newer_than=_issue(request, "newer_than"),
    )
    if not page.rows and not asked.is_empty:
        status = 404
    source = Announcement.objects.filter(game=game, draw__isnull=True).order_by("-issue").first()
    context = {
        "nav": "check",
        "game": {"code": game.code, "name": _(game.name)},
        "games": games_shown(),
        "form": form,
        "asked": asked,
        "results": [as_row(row) for row in page.rows],
        "page": page,
        "query": _query(request, wants),
        "source": source.source if source else "",
        "notices": public_notices.now_told(now=timezone.now(), game=game.code),
    }
    return render(request, "games/archive.html", context, status=status)


def _issue(request: HttpRequest, name: str) -> str:
    """An issue of the address that turns the page; what is none turns nothing."""
    text = request.GET.get(name, "")
    return text if archive.is_issue(text) else ""


def _query(request: HttpRequest, names: Collection[str]) -> str:
    """What is asked for, to go along with the page."""
    kept = {name: request.GET[name] for name in sorted(names) if request.GET[name]}
    return f"&{urlencode(kept)}" if kept else ""


def games_shown() -> list[dict[str, str]]:
    """The games to choose from."""
    found = Game.objects.filter(is_shadow=False).order_by("position")
    return [{"code": game.code, "name": _(game.name)} for game in found]


def to_first_game(page: str) -> HttpResponse:
    """To this page of the first game."""
    game = Game.objects.filter(is_shadow=False).order_by("position").first()
    if game is None:
        raise Http404
    return redirect(page, game_code=game.code)


def _game(code: str) -> Game:
    return get_object_or_404(Game, code=code, is_shadow=False)


def _games_with(issue: str, rows: Sequence[Announcement]) -> set[str]:
    """The games that have a page for this number: published, on its way, or cancelled."""
    if not archive.is_issue(issue):
        return set()
    ours = Draw.objects.real().filter(issue=issue, state__in=(*SHOWN, Draw.State.CANCELLED))
    return {row.game.code for row in rows} | set(ours.values_list("game__code", flat=True))


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
        numbers=row.numbers,
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
        "note": sentences.shown(row.note),
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
        "minutes": _minutes(draw),
        "files": seal_facts.files_of(draw),
        "pools": seal_facts.pools_of(draw),
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


def _minutes(draw: Draw) -> dict[str, Any] | None:
    """The signed minutes of a published draw: their digest and when they were signed."""
    made = minutes.last_signed(draw)
    if made is None or draw.state not in {Draw.State.PUBLISHED, Draw.State.ARCHIVED}:
        return None
    return {"digest": made.digest, "signed_at": made.signature.signed_at, "edition": made.edition}
