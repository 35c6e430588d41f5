"""How the house stands with issuers of games, and what they sent (ADR 20)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import step_up, who
from audit import approvals
from finance import issuer_money
from finance.remittance_forms import IssuerPaidForm
from lottery_portal.lib.errors import Refused

ROWS = 20
ASKERS = frozenset({"treasurer", "cashier"})


@never_cache
@require_http_methods(["GET", "POST"])
def desk_issuers(request: HttpRequest) -> HttpResponse:
    """What is owed to each issuer or by him; saying that a payment of his came."""
    now, rows = timezone.now(), issuer_money.standings()
    may_ask = bool(ASKERS & who.roles(request.user, now))
    if request.method == "POST" and (first := step_up.before_deed(request, may=may_ask)):
        return first
    form = IssuerPaidForm(
        request.POST or None, games=[row.game for row in rows], escrows=issuer_money.escrows()
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            asked = issuer_money.ask(maker=request.user, now=now, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            status = refusal.status
        else:
            notes.success(request, _("Asked. It is booked when another person approves."))
            return redirect("audit:approval", code=asked.code)
    page = {
        "nav": "remittances",
        "rows": rows,
        "form": form if may_ask and rows else None,
        "waiting": [
            {**_row(one.payload), "at": one.requested_at, "url": _approval(one)}
            for one in approvals.under_way(issuer_money.KIND)
        ],
        "received": [
            {**_row(json.loads(one.body)), "at": one.at} for one in issuer_money.received(ROWS)
        ],
    }
    return render(request, "desk/issuers.html", page, status=status)


def _row(said: Mapping[str, Any]) -> dict[str, Any]:
    ((escrow, _account, fen),) = said["moves"]
    return {
        "game": said["game"],
        "escrow": escrow,
        "amount_fen": fen,
        "reference": said["bank_reference"],
    }


def _approval(asked: approvals.Request) -> str:
    return reverse("audit:approval", args=[asked.code])
