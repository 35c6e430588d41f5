"""By which ways prizes are paid: a page for everybody, and the desk where they change (F279)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import step_up, who
from finance import payment_methods as methods
from finance.cash_forms import MethodForm
from finance.models import PaymentMethod
from finance.remittance_forms import OrderReasonForm
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused, refuse

State = PaymentMethod.State
TONES = {
    State.ASKED: "waiting",
    State.ANNOUNCED: "done",
    State.REFUSED: "draft",
    State.ENDED: "draft",
}
GENESIS = "GENESIS"


@never_cache
@require_GET
def payment_methods(request: HttpRequest) -> HttpResponse:
    """What can be chosen today, what was announced, and up to which amounts."""
    now = timezone.now()
    context = {
        "nav": "help",
        "in_force": methods.in_force(now=now),
        "announced": methods.announced(now=now),
        "ceilings": methods.ceilings(now=now),
    }
    return render(request, "finance/payment_methods.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_payment_methods(request: HttpRequest) -> HttpResponse:
    """Every record; a treasurer asks for a way, or switches one off."""
    now = timezone.now()
    roles = who.roles(request.user, now)
    may_ask, may_end = "treasurer" in roles, bool(roles & {"treasurer", "compliance"})
    action = request.POST.get("action", "") if request.method == "POST" else ""
    if request.method == "POST" and (first := step_up.before_deed(request, may=may_ask or may_end)):
        return first
    today = dates.in_shanghai(now).date()
    form = MethodForm(request.POST if action == "ask" else None, initial={"noticed_on": today})
    off = OrderReasonForm(request.POST if action.startswith("off:") else None, auto_id="off_%s")
    status = 400 if request.method == "POST" else 200
    try:
        if action == "ask" and form.is_valid():
            methods.ask(maker=request.user, now=now, **form.cleaned_data)
            notes.success(request, _("Asked. Another person approves it; then it is announced."))
            return redirect("finance:desk_payment_methods")
        if action.startswith("off:") and off.is_valid():
            code = action.partition(":")[2]
            methods.switch_off(
                code=code, reason=off.cleaned_data["reason"], actor=request.user, now=now
            )
            notes.success(request, _("Switched off at once."))
            return redirect("finance:desk_payment_methods")
    except Refused as refusal:
        status = refuse(form if action == "ask" else off, refusal)
    context = {
        "nav": "cash",
        "rows": [_row(one, today, may_end=may_end) for one in methods.every_record()],
        "ceilings": methods.ceilings(now=now),
        "days": methods.notice_days(now),
        "form": form if may_ask else None,
        "off": off,
        "may_end": may_end,
    }
    return render(request, "desk/payment_methods.html", context, status=status)


def _row(one: PaymentMethod, today: Any, *, may_end: bool) -> dict[str, Any]:
    is_ahead = one.state == State.ANNOUNCED and one.first_on > today
    in_force = one.state == State.ANNOUNCED and not is_ahead
    is_first = one.approval_code == GENESIS
    return {
        "method": one,
        "word": _("In force") if in_force else one.get_state_display(),
        "tone": "waiting" if is_ahead else TONES[State(one.state)],
        "approval_url": "" if is_first else reverse("audit:approval", args=[one.approval_code]),
        "is_first": is_first,
        "may_end": may_end and one.state == State.ANNOUNCED,
    }
