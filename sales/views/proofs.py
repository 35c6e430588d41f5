"""The proof of a ticket: its box on the ticket's page, the saved page, the JSON, the report."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import who
from games import seals
from lottery_portal.lib import codes, saved_page
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import proofs, tickets

from .refusals import address


def box(one: tickets.Read) -> dict[str, Any]:
    """What the proof box of a ticket's page shows."""
    shown: dict[str, Any] = {"seal": None, "proof": None, "keyring": []}
    try:
        statement = proofs.seal_of(one)
        draw, published_at = one.ticket.draw, statement.publication.published_at
        shown["seal"] = {
            "root": statement.root,
            "published_at": published_at,
            "ahead_seconds": max(int((draw.draws_at - published_at).total_seconds()), 0),
            "url": address("games:result", draw.game.code, draw.issue),
            "seal_url": reverse("games:seal", args=[draw.code]),
            "statement_url": reverse("games:seal_file", args=[draw.code, seals.STATEMENT_NAME]),
        }
        shown |= {"proof": proofs.of(one), "keyring": proofs.keyring()}
    except (proofs.NotSealedYet, proofs.ProofOutOfReach, proofs.TakenBack):
        pass
    code = one.ticket.code
    return shown | {
        "file_url": reverse("sales:proof_page", args=[code]),
        "json_url": reverse("sales:proof", args=[code]),
        "report_url": reverse("sales:proof_report", args=[code]),
        "check_url": reverse("sales:receipt_check"),
    }


@require_safe
def proof(request: HttpRequest, code: str) -> HttpResponse:
    """The proof as JSON, for programs."""
    _one, found = _proved(request, code)
    return saved_page.download(
        proofs.as_file(found), f"proof-{codes.typed(code)}.json", "application/json; charset=utf-8"
    )


@require_safe
def proof_page(request: HttpRequest, code: str) -> HttpResponse:
    """The proof as one page that checks itself wherever it is opened, also without a network."""
    one, found = _proved(request, code)
    ticket = one.ticket
    page = saved_page.written(
        request,
        "sales/proof_page.html",
        {
            "ticket": ticket,
            "game": _(ticket.draw.game.name),
            "picks": tickets.picks_shown(one),
            "proof": found,
            "saved_at": database_time(),
            "check_url": request.build_absolute_uri(reverse("sales:receipt_check")),
            "seal_url": request.build_absolute_uri(reverse("games:seal", args=[found["draw"]])),
        },
        scripts=proofs.SCRIPTS,
    )
    return saved_page.download(page, f"proof-{ticket.code}.html")


@require_POST
def proof_report(request: HttpRequest, code: str) -> HttpResponse:
    """A browser found that a ticket does not match: we check it too, and say what we found."""
    one = _own(request, code)
    try:
        incident = proofs.report(one, now=database_time())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("sales:ticket", code=one.ticket.code)
    if incident:
        messages.error(
            request,
            _(
                "Our own check fails too. Incident %(incident)s is on record; compliance has been"
                " told. Please keep the saved proof."
            )
            % {"incident": codes.shown(incident)},
        )
    else:
        messages.warning(
            request,
            _(
                "Our own check of this ticket passes. Please save the proof and check it on another"
                " device; if it fails there too, send us the saved file with a complaint."
            ),
        )
    return redirect("sales:ticket", code=one.ticket.code)


def _own(request: HttpRequest, code: str) -> tickets.Read:
    player = who.player(request.user)
    try:
        found = tickets.find(player_id=player.pk, code=codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal
    (one,) = tickets.read([found], player_id=player.pk)
    return one


def _proved(request: HttpRequest, code: str) -> tuple[tickets.Read, dict[str, Any]]:
    one = _own(request, code)
    try:
        return one, proofs.of(one)
    except Refused as refusal:
        raise Http404 from refusal
