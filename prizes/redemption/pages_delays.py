"""The desk of late payments: what is due now, and the register of what was late (F095)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from games import words as game_words
from lottery_portal.lib import codes, dates
from prizes.claim_models import Claim

from . import claim_facts, delays

ROWS, SHOWN = 50, 100


@never_cache
@require_safe
def desk_delays(request: HttpRequest) -> HttpResponse:
    """Claims that are late or due soon, what nobody announced, and the whole register."""
    now = timezone.now()
    today = dates.in_shanghai(now).date()
    page = Paginator(delays.register(), ROWS).get_page(request.GET.get("page"))
    context = {
        "nav": "delays",
        "due": [_due(one, one.promised_on, today) for one in delays.soon(now=now)[:SHOWN]],
        "breaches": delays.unannounced(now=now).count(),
        "rows": [_entry(one) for one in delays.entries(list(page.object_list), now=now)],
        "page": page,
    }
    return render(request, "desk/delays.html", context)


def _due(claim: Claim, promised_on: date, today: date) -> dict[str, Any]:
    return {
        **_claim(claim),
        "promised_on": promised_on,
        "days": (today - promised_on).days,
        "state": claim.get_state_display(),
        "tone": claim_facts.TONES[claim.state],
    }


def _entry(one: delays.Entry) -> dict[str, Any]:
    return {
        **_claim(one.delay.claim),
        "due_on": one.delay.due_on,
        "found_at": one.delay.found_at,
        "notice": one.notice,
        "paid_at": one.paid_at,
        "is_breach": one.is_breach,
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "code": codes.shown(claim.code),
        "url": reverse("prizes:desk_claim", args=[claim.code]),
        "game": game_words.game(claim.prize.draw.game),
        "issue": claim.prize.draw.issue,
    }
