"""The nightly proof of what players are owed: for everybody, and each player's own (N08)."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import who
from finance.models import SolvencyProof
from finance.solvency import nightly
from lottery_portal.lib.errors import Refused

NIGHTS = 31
SCRIPTS = ("proof.js", "proof-signature.js", "solvency.js")
STYLES = ("tokens.css", "base.css", "components.css", "figures.css", "flow.css", "pages.css")


@require_safe
def solvency(request: HttpRequest) -> HttpResponse:
    """What we owe to players and what lies against it, night by night."""
    proofs = nightly.newest(NIGHTS)
    newest = proofs[0] if proofs else None
    page = {
        "nav": "check",
        "newest": newest,
        "accounts": nightly.facts_of(newest.statement)["accounts"] if newest else [],
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
    found, parts = _mine(request), _parts()
    page = render_to_string(
        "finance/solvency_page.html",
        {
            "proof": found,
            "newest": _proof(found["night"]),
            "total_fen": found["purses_fen"] + found["prizes_fen"],
            "saved_at": timezone.now(),
            "public_url": request.build_absolute_uri(reverse("finance:solvency")),
            # Our own files, shown as they are; the policy of the page names their hashes.
            "script": mark_safe(parts["script"]),  # noqa: S308
            "style": mark_safe(parts["style"]),  # noqa: S308
            "icons": mark_safe(parts["icons"]),  # noqa: S308
            "script_source": mark_safe(_source_of(parts["script"])),  # noqa: S308
            "style_source": mark_safe(_source_of(parts["style"])),  # noqa: S308
        },
        request=request,
    )
    # The signs lie in the page itself.
    body = page.replace(f'href="{static("img/icons.svg")}#', 'href="#')
    return _download(body, f"solvency-{found['night']}.html", "text/html; charset=utf-8")


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
    return _download(text, name, "application/json; charset=utf-8")


def _download(body: str, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@cache
def _parts() -> dict[str, str]:
    """What a saved page carries inside: scripts, styles and signs."""
    folder = settings.BASE_DIR / "static"

    def text(kind: str, names: tuple[str, ...]) -> str:
        return "\n".join((folder / kind / name).read_text(encoding="utf-8") for name in names)

    return {
        "script": text("js", SCRIPTS),
        "style": text("css", STYLES),
        "icons": text("img", ("icons.svg",)),
    }


def _source_of(text: str) -> str:
    """How a content security policy names exactly this inline script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
