"""The nightly proof of what players are owed: for everybody, and each player's own (N08)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import who
from finance.models import SolvencyProof
from finance.solvency import nightly
from lottery_portal.lib import saved_page
from lottery_portal.lib.errors import Refused

NIGHTS = 31
SCRIPTS = ("proof.js", "proof-signature.js", "solvency.js")


@require_safe
def solvency(request: HttpRequest) -> HttpResponse:
    """What we owe to players and what lies against it, night by night."""
    proofs = nightly.newest(NIGHTS)
    newest = proofs[0] if proofs else None
    said = nightly.facts_of(newest.statement) if newest else {}
    owed_fen = said.get("total_fen", 0) + said.get("others_fen", 0)
    page = {
        "nav": "check",
        "newest": newest,
        "others_fen": said.get("others_fen", 0),
        "owed_fen": owed_fen,
        "is_short": newest is not None and newest.assets_fen < owed_fen,
        "accounts": said.get("accounts", []),
        "nights": proofs,
    }
    return render(request, "finance/solvency.html", page)


@require_safe
def solvency_statement(_request: HttpRequest, night: str) -> HttpResponse:
    """The signed statement of one night, for programs."""
    found = nightly.signed(_proof(night))
    return _file(found, f"solvency-{night}.json")


@never_cache
@require_safe
def my_solvency(request: HttpRequest) -> HttpResponse:
    """The player's own leaf, and his browser's own check of it."""
    player, now = who.player(request.user), timezone.now()
    newest = nightly.latest()
    page: dict[str, Any] = {"nav": "me", "newest": newest, "proof": None, "refusal": ""}
    try:
        page["proof"] = nightly.of(player, now=now)
    except Refused as refusal:
        page["refusal"], page["refusal_code"] = str(refusal), refusal.code
    if newest is not None and page["proof"]:
        booked = nightly.as_booked(player, newest.taken_at)
        page |= {
            "booked_fen": booked,
            "is_as_booked": booked == page["proof"]["purses_fen"],
            "total_fen": page["proof"]["purses_fen"] + page["proof"]["prizes_fen"],
            "keyring": nightly.keyring(),
        }
    return render(request, "finance/my_solvency.html", page)


@never_cache
@require_safe
def my_solvency_file(request: HttpRequest) -> HttpResponse:
    """The player's own proof as JSON, for programs."""
    found = _mine(request)
    return _file(found, f"solvency-{found['night']}-mine.json")


@never_cache
@require_safe
def my_solvency_page(request: HttpRequest) -> HttpResponse:
    """The player's own proof as one page that checks itself, also without a network."""
    found = _mine(request)
    page = saved_page.written(
        request,
        "finance/solvency_page.html",
        {
            "proof": found,
            "newest": _proof(found["night"]),
            "total_fen": found["purses_fen"] + found["prizes_fen"],
            "saved_at": timezone.now(),
            "public_url": request.build_absolute_uri(reverse("finance:solvency")),
        },
        scripts=SCRIPTS,
    )
    return saved_page.download(page, f"solvency-{found['night']}.html")


def _mine(request: HttpRequest) -> dict[str, Any]:
    try:
        return nightly.of(who.player(request.user), now=timezone.now())
    except Refused as refusal:
        raise Http404 from refusal


def _proof(night: str) -> SolvencyProof:
    try:
        found = nightly.of_night(date.fromisoformat(night))
    except ValueError as exc:
        raise Http404 from exc
    if found is None:
        raise Http404
    return found


def _file(facts: dict[str, Any], name: str) -> HttpResponse:
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    return saved_page.download(text, name, "application/json; charset=utf-8")
