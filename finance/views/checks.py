"""The desk's page of checks: what must hold in the books, what stops payouts, and the proofs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import permission, step_up
from finance import invariants, payouts
from finance.models import InvariantRun, PayoutStop
from finance.solvency import nightly
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused

NIGHTS = 14


@never_cache
@require_safe
def desk_checks(request: HttpRequest) -> HttpResponse:
    """Every invariant with its figure, open stops of payouts, and the nightly proofs."""
    now = timezone.now()
    page = {
        "nav": "checks",
        "stops": [_stop(one) for one in payouts.open_stops()],
        "latest": _run(invariants.latest()),
        "full": _run(invariants.latest_full()),
        "nights": nightly.newest(NIGHTS),
        "may_check": permission.may(request.user, "finance:desk_check_now", now),
        "may_stop": permission.may(request.user, "finance:desk_payouts_stop", now),
        "may_lift": permission.may(request.user, "finance:desk_payouts_lift", now),
    }
    return render(request, "desk/checks.html", page)


@require_POST
def desk_check_now(request: HttpRequest) -> HttpResponse:
    """Order a check of everything, from the first entry."""
    invariants.order(now=timezone.now())
    notes.success(request, _("Ordered. The result appears here when everything is checked."))
    return redirect("finance:desk_checks")


@require_POST
@step_up.required
def desk_payouts_stop(request: HttpRequest) -> HttpResponse:
    """Stop payouts at once, with a reason."""
    try:
        payouts.stop_by_hand(
            reason=request.POST.get("reason", "")[:200], actor=request.user, now=timezone.now()
        )
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Payouts are stopped. What waits is not lost."))
    return redirect("finance:desk_checks")


@require_POST
@step_up.required
def desk_payouts_lift(request: HttpRequest, code: str) -> HttpResponse:
    """Ask others to agree that payouts go on."""
    try:
        asked = payouts.ask_to_lift(
            code=codes.typed(code),
            reason=request.POST.get("reason", "")[:200],
            maker=request.user,
            now=timezone.now(),
        )
    except Refused as refusal:
        notes.error(request, str(refusal))
        return redirect("finance:desk_checks")
    notes.success(request, _("Asked for. Payouts go on when others have agreed."))
    return redirect("audit:approval", code=asked.code)


def _stop(one: PayoutStop) -> dict[str, Any]:
    return {
        "code": one.code,
        "title": payouts.title_of(one.cause),
        "at": one.stopped_at,
        "facts": payouts.words_of(one.cause, one.facts),
        "url": reverse("finance:desk_payouts_lift", args=[one.code]),
    }


def _run(run: InvariantRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "at": run.began_at,
        "broken": run.broken,
        "is_full": run.extent == invariants.Extent.FULL,
        "seconds": run.seconds,
        "rows": [
            {
                "code": one.code,
                "name": one.name,
                "title": invariants.title_of(one.name),
                "figure": one.shown(),
                "broken_by": one.broken_by,
            }
            for one in invariants.of_run(run)
        ],
    }
