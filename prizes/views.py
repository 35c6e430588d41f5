"""Pages of this room: sealed file and kit, once the draw is over; a halted settlement; whether all
is in order, for those who check and for everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import step_up, who
from audit import verification
from games import draws, words
from games.models import Draw, Game, SealStatement
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused
from sales import sealing

from . import comparison, integrity, kits, settlement, transparency, winding_up
from .forms import WindingUpForm
from .kit_models import Kit
from .models import Settlement

# Article 22: nobody looks at what was sold until the draw is over.
FILE_SHOWN = (*draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :], Draw.State.CANCELLED)


@require_safe
def sealed_file(_request: HttpRequest, game_code: str, issue: str) -> HttpResponseBase:
    """The sealed file of a draw that is over: every ticket, without names."""
    seal = get_object_or_404(
        SealStatement,
        draw__game__code=game_code,
        draw__issue=issue,
        draw__is_shadow=False,
        draw__state__in=FILE_SHOWN,
    )
    path = sealing.file_of(seal)
    if not path.is_file():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=seal.file_name,
        content_type="application/octet-stream",
    )


@require_safe
def public_kit(_request: HttpRequest, game_code: str, issue: str) -> HttpResponseBase:
    """The kit of a published draw, where policy gives it to everybody."""
    draw = get_object_or_404(Draw, game__code=game_code, issue=issue, is_shadow=False)
    kit = kits.public_kit(draw, now=timezone.now())
    if kit is None:
        raise Http404
    return _archive(kit)


@never_cache
@require_safe
def desk_kit(_request: HttpRequest, code: str) -> HttpResponseBase:
    """The kit of a draw, drills too, for those who check draws."""
    kit = kits.latest(get_object_or_404(Draw, code=code))
    if kit is None:
        raise Http404
    return _archive(kit)


def _archive(kit: Kit) -> HttpResponseBase:
    path = kits.file_of(kit)
    if not path.is_file():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=kit.file_name,
        content_type="application/zip",
    )


@require_POST
@step_up.required
def desk_settle_again(request: HttpRequest, code: str) -> HttpResponse:
    """Look again at a halted settlement, and go on if all is as it was sealed."""
    draw = get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)
    try:
        settlement.begin(draw=draw, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("All is as it was sealed. The settlement goes on."))
    return redirect("games:desk_draw", code=draw.code)


@never_cache
@require_safe
def desk_differences(_request: HttpRequest, code: str) -> HttpResponseBase:
    """Every difference of the engines in the last attempt of a draw, as a file."""
    settled = get_object_or_404(Settlement.objects.select_related("draw"), draw__code=code)
    path = comparison.report_of(settled.draw, settled.attempt)
    if not path.is_file():
        raise Http404
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=path.name, content_type="text/plain"
    )


@never_cache
@require_safe
def desk_integrity(request: HttpRequest) -> HttpResponse:
    """Seals, log, witness, rolling checks, monitors and alarms, as they are now."""
    page = {
        "nav": "integrity",
        "poll_url": reverse("prizes:desk_integrity_now"),
        **integrity.of_now(now=timezone.now()),
    }
    return render(request, "desk/integrity.html", page)


@never_cache
@require_safe
def desk_integrity_now(request: HttpRequest) -> HttpResponse:
    """The same without the page around it; asked for every ten seconds."""
    return render(request, "desk/_integrity.html", integrity.of_now(now=timezone.now()))


@require_POST
def desk_verify_log(request: HttpRequest) -> HttpResponse:
    """Order a full verification of the log; its result appears on the dashboard."""
    verification.order(actor=request.user, now=timezone.now())
    notes.success(request, _("Ordered. The result appears here when everything is compared."))
    return redirect("prizes:desk_integrity")


@require_safe
def transparency_page(request: HttpRequest) -> HttpResponse:
    """What everybody may check us by, and how."""
    now = timezone.now()
    latest = transparency.latest_seals()
    page = {
        "nav": "check",
        "latest": [_seal(one) for one in latest],
        "earlier": [_seal(one) for one in transparency.earlier_seals(latest)],
        "checkpoint": transparency.checkpoint(),
        "keys": transparency.keyring(),
        "roles": {
            "OPERATIONS": _("The operator: seals and kits"),
            "INDEPENDENT": _("The independent witness: seals and checkpoints"),
            "LOG": _("The log: checkpoints"),
            "RECEIPT": _("The operator: receipts"),
        },
        "kits": [
            {
                "name": words.draw(draw),
                "size": kit.size,
                "digest": kit.digest,
                "file": kit.file_name,
                "url": reverse("prizes:kit", args=[draw.game.code, draw.issue]),
            }
            for draw, kit in transparency.public_kits(now=now)
        ],
        "cancelled": [
            {
                "name": words.draw(told.draw),
                "at": told.cancelled_at,
                "reason": told.reason,
                "url": reverse("games:result", args=[told.draw.game.code, told.draw.issue]),
            }
            for told in transparency.cancelled_draws()
        ],
    }
    return render(request, "prizes/transparency.html", page)


def _seal(statement: SealStatement) -> dict[str, Any]:
    draw = statement.draw
    return {
        "game": words.game(draw.game),
        "issue": draw.issue,
        "root": statement.root,
        "tickets": statement.tickets,
        "published_at": statement.publication.published_at,
        "draws_at": draw.draws_at,
        "is_cancelled": draw.state == Draw.State.CANCELLED,
        "url": reverse("games:seal", args=[draw.code]),
    }


@never_cache
@require_safe
def desk_stopped_games(request: HttpRequest) -> HttpResponse:
    """How far each game is from being wound up: what is left over, what is in the way (R17)."""
    now = timezone.now()
    today = dates.in_shanghai(now).date()
    may_ask = "treasurer" in who.roles(request.user, now)
    context = {
        "nav": "remittances",
        "rows": [
            {
                "standing": one,
                "name": words.game(one.game),
                "url": reverse("prizes:desk_winding_up", args=[one.game.code])
                if may_ask and one.may_be_wound_up(today)
                else "",
                "word": _in_the_way(one, today),
                "report": _report(one),
            }
            for one in winding_up.standings(now=now)
        ],
    }
    return render(request, "desk/stopped_games.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_winding_up(request: HttpRequest, game_code: str) -> HttpResponse:
    """Ask that a stopped game be wound up; two others agree."""
    if "treasurer" not in who.roles(request.user, timezone.now()):
        raise PermissionDenied
    game = get_object_or_404(Game, code=game_code, is_shadow=False)
    form = WindingUpForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            asked = winding_up.ask(
                game=game.code, maker=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
            status = refusal.status
        else:
            notes.success(request, _("Asked. Two other people approve it."))
            return redirect("audit:approval", code=asked.code)
    context = {
        "nav": "remittances",
        "name": words.game(game),
        "standing": winding_up.standing(game, now=timezone.now()),
        "form": form,
    }
    return render(request, "desk/winding_up.html", context, status=status)


def _report(one: winding_up.Standing) -> dict[str, Any] | None:
    """When the report to the ministry is due, and where it is settled."""
    case = one.report
    if case is None:
        return None
    return {
        "due_on": case.due_on,
        "is_open": case.resolved_at is None,
        "url": reverse("finance:desk_case", args=[case.code]),
    }


def _in_the_way(one: winding_up.Standing, today: date) -> str:
    if one.is_on_sale:
        return _("on sale") if one.is_licensed else _("licence ended, sales not switched off")
    if one.running or one.claims_until is None:
        return _("draws are not over")
    if one.claims_until >= today:
        return _("prizes are still claimed")
    if one.open_fen:
        return _("prizes are not all paid or forfeited")
    return _("wound up") if one.is_wound_up else _("can be wound up")
