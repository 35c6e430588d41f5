"""The minutes of a draw: read, written, signed, and taken away as paper or as text."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permission, step_up
from games import draws, faces, minutes, minutes_pdf, rules, words
from games.drawing_forms import OFFICIALS, WITNESSES, MinutesForm, SignForm
from games.models import Draw, DrawMinutes
from lottery_portal.lib.errors import Refused, refuse

from .desk import user_of

PUBLIC = draws.WAY[draws.WAY.index(Draw.State.PUBLISHED) :]


@never_cache
@require_safe
def desk_minutes(request: HttpRequest, code: str) -> HttpResponse:
    """All editions of a draw's minutes, the last in full, and what is missing."""
    return _minutes(request, _draw(code), None)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_minutes_write(request: HttpRequest, code: str) -> HttpResponse:
    """Write the minutes, or a correction of them."""
    draw, now = _draw(code), timezone.now()
    if draw.state not in draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]:
        notes.info(request, str(minutes.TooEarly(draw=draw.code)))
        return redirect("games:desk_draw", code=code)
    version, before = rules.by_code(draw.rule.code), minutes.last(draw)
    form = MinutesForm(request.POST or None, draw=draw, version=version, before=before)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            minutes.write(
                draw=draw,
                told=form.told(draw),
                author=user_of(request),
                now=now,
                reason=form.cleaned_data.get("reason", ""),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Written. Another person reads and signs the minutes."))
            return redirect("games:desk_minutes", code=code)
    return render(
        request,
        "desk/minutes_write.html",
        {
            "nav": "draws",
            "game": {"name": words.game(draw.game)},
            "draw": draw,
            "form": form,
            "first": [form[name] for name in ("place", "began_at", "ended_at")],
            "zones": [
                {
                    "label": zone.label,
                    "fields": [form[f"{zone.code}_{place}"] for place in range(1, zone.drawn + 1)],
                }
                for zone in version.zones
            ],
            "officials": list(form.pairs("official", OFFICIALS)),
            "witnesses": list(form.pairs("witness", WITNESSES)),
            "rest": [
                form[name]
                for name in ("tests", "incidents", "notes", "reason")
                if name in form.fields
            ],
            "is_correction": before is not None,
            "back_url": reverse("games:desk_minutes", args=[code]),
        },
        status=status,
    )


@never_cache
@require_POST
@step_up.required
def desk_minutes_sign(request: HttpRequest, code: str) -> HttpResponse:
    """Sign the edition that was shown."""
    draw = _draw(code)
    form = SignForm(request.POST)
    if not form.is_valid():
        return _minutes(request, draw, form, status=400)
    try:
        minutes.sign(
            draw=draw,
            digest=form.cleaned_data["digest"],
            signer=user_of(request),
            now=timezone.now(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _minutes(request, draw, form, status=refusal.status)
    notes.success(request, _("Signed. The draw can be published."))
    return redirect("games:desk_draw", code=code)


@never_cache
@require_safe
def desk_minutes_pdf(_request: HttpRequest, code: str, edition: int) -> HttpResponse:
    """An edition as paper, for the staff; one without a signature says so."""
    return _paper(get_object_or_404(_editions(), draw__code=code, edition=edition))


@never_cache
@require_safe
def desk_minutes_text(_request: HttpRequest, code: str, edition: int) -> HttpResponse:
    """An edition as it is signed, byte for byte."""
    return _text(get_object_or_404(_editions(), draw__code=code, edition=edition))


@require_safe
def minutes_pdf_public(_request: HttpRequest, game_code: str, issue: str) -> HttpResponse:
    """The signed minutes of a published draw as paper."""
    return _paper(_published(game_code, issue))


@require_safe
def minutes_text_public(_request: HttpRequest, game_code: str, issue: str) -> HttpResponse:
    """The signed minutes of a published draw as text."""
    return _text(_published(game_code, issue))


def _editions() -> Any:
    return DrawMinutes.objects.select_related(
        "draw__game", "draw__rule", "signature__signed_by", "written_by"
    )


def _published(game_code: str, issue: str) -> DrawMinutes:
    found = (
        _editions()
        .filter(
            draw__game__code=game_code,
            draw__issue=issue,
            draw__is_shadow=False,
            draw__state__in=PUBLIC,
            signature__isnull=False,
        )
        .order_by("-edition")
        .first()
    )
    if found is None:
        raise Http404
    return found  # type: ignore[no-any-return]


def _paper(made: DrawMinutes) -> HttpResponse:
    name = minutes_pdf.file_name(made)
    return HttpResponse(
        minutes_pdf.render(made),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def _text(made: DrawMinutes) -> HttpResponse:
    name = minutes_pdf.file_name(made).removesuffix(".pdf")
    return HttpResponse(
        made.body.encode(),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )


def _draw(code: str) -> Draw:
    return get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)


def _minutes(
    request: HttpRequest, draw: Draw, form: SignForm | None, *, status: int = 200
) -> HttpResponse:
    user, now = user_of(request), timezone.now()
    editions = list(_editions().filter(draw=draw).order_by("-edition"))
    made = editions[0] if editions else None
    waits = made is not None and minutes.signature_of(made) is None
    may_sign = made is not None and waits and minutes.may_sign(made, user, now)
    stands = draw.state in draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]
    return render(
        request,
        "desk/minutes.html",
        {
            "nav": "draws",
            "game": {"name": words.game(draw.game)},
            "draw": draw,
            "made": made,
            "told": _told(draw, made) if made else None,
            "waits": waits,
            "form": (form or SignForm(initial={"digest": made.digest}))
            if may_sign and made
            else None,
            "may_write": stands and permission.may(user, "games:desk_minutes_write", now),
            "stands": stands,
            "is_over": draw.state in PUBLIC,
            "editions": [_edition(one) for one in editions],
            "back_url": reverse("games:desk_draw", args=[draw.code]),
        },
        status=status,
    )


def _edition(made: DrawMinutes) -> dict[str, Any]:
    signature = minutes.signature_of(made)
    return {
        "number": made.edition,
        "reason": made.reason,
        "written_by": minutes.name_of(made.written_by),
        "written_at": made.written_at,
        "signed_by": minutes.name_of(signature.signed_by) if signature else "",
        "signed_at": signature.signed_at if signature else None,
        "digest": made.digest,
        "pdf_url": reverse("games:desk_minutes_pdf", args=[made.draw.code, made.edition]),
        "text_url": reverse("games:desk_minutes_text", args=[made.draw.code, made.edition]),
    }


def _told(draw: Draw, made: DrawMinutes) -> dict[str, Any]:
    """The text of an edition with its times as times and its steps in words."""
    told = json.loads(made.body)
    version = rules.by_code(draw.rule.code)
    zones = {zone.code: zone.label for zone in version.zones}
    times = {name: minutes.moment(told[name]) for name in ("planned_at", "began_at", "ended_at")}
    return {
        **told,
        "looks": faces.of_result(version),
        **times,
        "tests": [minutes.spelt(test) for test in told["tests"]],
        "drawn_spelt": minutes.spelt(told["drawn"]),
        "steps": [
            {"word": words.step(step["state"]), "at": minutes.moment(step["at"])}
            for step in told["steps"]
        ],
        "equipment": [
            {**piece, "place": zones.get(piece["place"], _("Drawing machine"))}
            for piece in told["equipment"]
        ],
    }
