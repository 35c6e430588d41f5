"""Refunds to the source on the desk: a dry run first, then the same sum carried out (F115)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import step_up, who
from audit import approvals
from finance import channels, refunds
from finance.forms import ReturnForm
from finance.models import Deposit, DepositReturn, ReturnPlan
from lottery_portal.lib import codes, sentences
from lottery_portal.lib.errors import Refused, refuse
from lottery_portal.lib.money import yuan

ROWS = 50
State = DepositReturn.State
TONES = {
    State.BEGUN: "waiting",
    State.SENDING: "waiting",
    State.UNKNOWN: "attention",
    State.DONE: "done",
    State.FAILED: "wrong",
}


@never_cache
@require_GET
def desk_returns(request: HttpRequest) -> HttpResponse:
    """All plans of refunds, newest first."""
    found = ReturnPlan.objects.order_by("-pk")
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    asked = approvals.found([row.approval_code for row in page.object_list])
    context = {
        "nav": "returns",
        "rows": [_plan_row(row, asked.get(row.approval_code)) for row in page.object_list],
        "page": page,
        "query": "",
        "may_ask": "treasurer" in who.roles(request.user, timezone.now()),
    }
    return render(request, "desk/returns.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_return_new(request: HttpRequest) -> HttpResponse:
    """Choose deposits, see the dry run, then plan exactly that."""
    initial = {"numbers": request.GET.get("deposit", "")}
    names = [(row.code, channels.title_of(row.code)) for row, _health in channels.register()]
    form = ReturnForm(request.POST or None, initial=initial, providers=names)
    status, run = (400 if form.is_bound else 200), None
    if form.is_valid():
        try:
            run = refunds.dry_run(_chosen(form.cleaned_data), amount=_most(form.cleaned_data))
            if request.POST.get("action") == "plan" and _is_as_seen(request, run):
                made = refunds.plan(
                    run=run,
                    reason=form.cleaned_data["reason"],
                    maker=request.user,
                    now=timezone.now(),
                )
                notes.success(request, _told(made))
                return redirect("finance:desk_return_plan", code=made.code)
            status = 200
            if request.POST.get("action") == "plan":
                form.add_error(None, str(refunds.PlanOutdated()))
                status = refunds.PlanOutdated.status
        except Refused as refusal:
            status = refuse(form, refusal)
    context = {
        "nav": "returns",
        "form": form,
        "run": run,
        "rows": [_dry_row(row) for row in run.rows] if run else [],
        "alone_up_to_fen": refunds.alone_up_to(timezone.now()),
    }
    return render(request, "desk/return_new.html", context, status=status)


@never_cache
@require_GET
def desk_return_plan(request: HttpRequest, code: str) -> HttpResponse:
    """One plan: what was worked out, who agreed, what became of every refund."""
    try:
        made = refunds.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    asked = approvals.find(made.approval_code) if made.approval_code else None
    returns = made.returns.select_related("deposit").order_by("pk")
    page = Paginator(returns, ROWS).get_page(request.GET.get("page"))
    context = {
        "nav": "returns",
        "plan": _plan_row(made, asked),
        "reason": made.reason,
        "planned": [
            {"code": codes.shown(deposit), "amount_fen": fen}
            for deposit, fen in made.rows
            if made.performed_at is None
        ],
        "rows": [
            {
                "code": codes.shown(row.code),
                "deposit": codes.shown(row.deposit.code),
                "player": codes.shown(row.deposit.player_code),
                "provider": channels.title_of(row.deposit.provider),
                "amount_fen": row.amount,
                "tone": TONES[State(row.state)],
                "word": row.get_state_display(),
                "reason": sentences.shown(row.reason),
                "at": row.ended_at or row.sent_at or row.begun_at,
            }
            for row in page.object_list
        ],
        "page": page,
    }
    return render(request, "desk/return_plan.html", context)


def _chosen(given: dict[str, Any]) -> QuerySet[Deposit]:
    """The deposits of the form, in a fixed order, so that two runs spend a balance alike."""
    if given["numbers"]:
        numbers = {codes.typed(line) for line in given["numbers"].splitlines() if line.strip()}
        found = Deposit.objects.filter(code__in=numbers)
    else:
        found = Deposit.objects.filter(
            provider=given["provider"],
            credited_at__gte=given["since"],
            credited_at__lt=given["until"],
        )
    states = [Deposit.State.CREDITED, Deposit.State.QUARANTINED]
    return found.filter(state__in=states).order_by("pk")[: refunds.MOST_ROWS + 1]


def _most(given: dict[str, Any]) -> int | None:
    return None if given["amount"] is None else int(given["amount"] * 100)


def _is_as_seen(request: HttpRequest, run: refunds.DryRun) -> bool:
    """Whether the dry run still comes to the sum and number that the page has shown."""
    seen = (request.POST.get("seen_fen"), request.POST.get("seen_count"))
    return seen == (str(run.total_fen), str(len(run.written)))


def _told(made: ReturnPlan) -> str:
    if made.performed_at is not None:
        return _("Taken from the balance. The bank sends it back.")
    return _("Planned. Another person approves; then exactly this is carried out.")


def _plan_row(row: ReturnPlan, asked: approvals.Request | None) -> dict[str, Any]:
    tone, word = _stage(row, asked)
    return {
        "code": codes.shown(row.code),
        "url": reverse("finance:desk_return_plan", args=[row.code]),
        "count": len(row.rows),
        "total_fen": row.total,
        "asked_at": row.asked_at,
        "performed_at": row.performed_at,
        "approval_url": reverse("audit:approval", args=[row.approval_code])
        if row.approval_code
        else "",
        "tone": tone,
        "word": word,
    }


def _stage(row: ReturnPlan, asked: approvals.Request | None) -> tuple[str, str]:
    """Tone and word of a plan: carried out, or what became of the request for it."""
    if row.performed_at is not None:
        return "done", _("Carried out")
    state = asked.state if asked else "OPEN"
    return {"REFUSED": ("wrong", _("Refused")), "EXPIRED": ("draft", _("Expired"))}.get(
        state, ("waiting", _("Planned"))
    )


def _dry_row(row: refunds.Row) -> dict[str, Any]:
    lacking = _("%(amount)s yuan were spent") % {"amount": yuan(row.lacking_fen)}
    return {
        "code": codes.shown(row.deposit.code),
        "player": codes.shown(row.deposit.player_code),
        "provider": channels.title_of(row.deposit.provider),
        "state": row.deposit.get_state_display(),
        "paid_fen": row.deposit.amount,
        "amount_fen": row.returnable_fen,
        "note": lacking if row.lacking_fen else "",
    }
