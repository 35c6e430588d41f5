"""Who looked at a prize before somebody close to him claimed it: what the joining found (F150)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import who
from audit import people
from finance import cases
from games import words as game_words
from lottery_portal.lib import codes
from prizes.claim_models import Claim

from . import claim_facts, lookers

ROWS = 50
LOOKERS = frozenset({"compliance"})


@never_cache
@require_http_methods(["GET", "POST"])
def desk_lookers(request: HttpRequest) -> HttpResponse:
    """The claims at which it struck, open cases first; compliance has all joined again now."""
    now = timezone.now()
    may_look = bool(who.roles(request.user, now) & LOOKERS)
    if request.method == "POST":
        if not may_look:
            raise PermissionDenied
        found = lookers.examine_all(now=now)
        if found:
            notes.warning(request, _("New findings: %(count)s.") % {"count": found})
        else:
            notes.success(request, _("Nothing new. Every claim under way was joined."))
        return redirect("prizes:desk_lookers")
    page = Paginator(cases.of_kind(lookers.KIND), ROWS).get_page(request.GET.get("page"))
    context = {
        "nav": "prize_looks",
        "rows": _rows(list(page.object_list), people.person_of(request.user)),
        "page": page,
        "may_look": may_look,
        "days": lookers.WITHIN.days,
        "crowd": lookers.CROWD,
    }
    return render(request, "desk/lookers.html", context)


def _rows(listed: list[Any], reader: str) -> list[dict[str, Any]]:
    """What strikes, but nothing about the reader himself: colleagues look into that."""
    found = [case for case in listed if reader not in {tie["person"] for tie in case.facts["ties"]}]
    claims = {
        claim.code: claim
        for claim in Claim.objects.shown().filter(code__in=[case.object_code for case in found])
    }
    names = people.names_of({tie["reader"] for case in found for tie in case.facts["ties"]})
    rows = []
    for case in found:
        claim = claims[case.object_code]
        is_open = case.state == cases.State.OPEN
        rows.append(
            {
                "claim": codes.shown(claim.code),
                "url": reverse("finance:desk_case", args=[case.code]),
                "game": game_words.game(claim.prize.draw.game),
                "issue": claim.prize.draw.issue,
                "amount_fen": claim.prize.amount,
                "state": claim.get_state_display(),
                "state_tone": claim_facts.TONES[claim.state],
                "opened_at": claim.opened_at,
                "ties": [lookers.in_words(tie, names) for tie in case.facts["ties"]],
                "tone": "wrong" if is_open else "draft",
                "word": case.get_state_display(),
            }
        )
    return rows
