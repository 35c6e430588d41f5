"""Until when a prize is claimed, with its sum; and what lapses, for everybody."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import who
from games import words as game_words
from lottery_portal.lib.errors import Refused, refuse
from prizes.claim_models import PrizeEnd
from prizes.deadline_models import ExtensionLetter
from prizes.forms import MoreTimeForm
from prizes.models import Prize

from . import extensions, lapsing, letters, limits, words


@never_cache
@require_http_methods(["GET", "POST"])
def deadline(request: HttpRequest, code: str) -> HttpResponse:
    """Until when a player's own prize is claimed, step by step; he asks for more time here."""
    prize = get_object_or_404(
        Prize.objects.select_related("ticket", "draw__game", "owner__user"),
        ticket__code=code,
        owner=who.player(request.user),
        route=Prize.Route.CENTRE,
    )
    form = MoreTimeForm(request.POST or None, request.FILES or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        said: dict[str, Any] = {**form.cleaned_data}
        paper = said.pop("paper")
        digest = hashlib.file_digest(paper, "sha256").hexdigest()
        try:
            extensions.ask(
                prize=prize,
                evidence_digest=digest,
                actor=prize.owner.user,
                now=timezone.now(),
                **said,
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. You will get a letter with the decision."))
            return redirect("prizes:deadline", code=code)
    found = limits.of(prize)
    end = PrizeEnd.objects.filter(prize=prize).first()
    asked = prize.extensions.select_related("letter").order_by("-pk")
    context = {
        "prize": prize,
        "game": game_words.game(prize.draw.game),
        "deadline": found,
        "kept_until": limits.kept_until(prize, found) if found and not found.is_held else None,
        "lines": words.lines(found.sum_) if found else [],
        "end": end,
        "is_lapsed": end is not None and end.kind == PrizeEnd.Kind.FORFEITED,
        "asked": [
            {"asked": one, "letter": letter, "name": letters.number_of(letter) if letter else ""}
            for one in asked
            for letter in [getattr(one, "letter", None)]
        ],
        "form": form,
        "may_ask": end is None
        and found is not None
        and all(hasattr(one, "letter") for one in asked),
    }
    return render(request, "prizes/deadline.html", context, status=status)


@never_cache
@require_safe
def letter(request: HttpRequest, code: str) -> HttpResponse:
    """The decision on a player's own request, as a paper."""
    found = get_object_or_404(
        ExtensionLetter, extension__code=code, extension__prize__owner=who.player(request.user)
    )
    return as_paper(found)


def as_paper(found: ExtensionLetter) -> HttpResponse:
    """A letter as a file."""
    answer = HttpResponse(letters.render(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{letters.file_name(found)}"'
    return answer


@require_safe
def lapsing_page(request: HttpRequest) -> HttpResponse:
    """What lapses within thirty days and what lapsed this year, without anybody's name."""
    found = lapsing.of_now(now=timezone.now())
    context = {
        "counter": found,
        "fewest": lapsing.FEWEST,
        "counted_up_to": lapsing.COUNTED_UP_TO,
    }
    return render(request, "prizes/lapsing.html", context)
