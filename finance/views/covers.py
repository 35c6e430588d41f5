"""Staff pages: own money paid into escrow, from the request to the bank's number (F130)."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import step_up, who
from finance import account_words, covers
from finance.models import Cover
from finance.recon import matching, proof
from finance.remittance_forms import CoverForm, OrderReasonForm, PaidForm
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused, refuse
from lottery_portal.lib.money import yuan

from . import bank_orders

State = Cover.State
TONES = {
    State.ASKED: "waiting",
    State.APPROVED: "attention",
    State.BOOKED: "done",
    State.DROPPED: "draft",
}


@never_cache
@require_http_methods(["GET", "POST"])
def desk_covers(request: HttpRequest) -> HttpResponse:
    """Payments of own money into escrow; a treasurer asks for one, somebody else approves."""
    may_ask = "treasurer" in who.roles(request.user, timezone.now())
    if request.method == "POST" and (first := step_up.before_deed(request, may=may_ask)):
        return first
    missing = _missing_fen()
    form = CoverForm(
        request.POST or None,
        escrows=covers.escrows(),
        own_banks=covers.own_banks(),
        initial={"amount": yuan(missing).replace(",", "")} if missing else {},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            asked = covers.ask(maker=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. Another person approves it."))
            return redirect("finance:desk_cover", code=asked.code)
    context = {
        "nav": "proof",
        "missing_fen": missing,
        "rows": [
            {
                "cover": cover,
                "code": codes.shown(cover.code),
                "url": reverse("finance:desk_cover", args=[cover.code]),
                "tone": TONES[State(cover.state)],
            }
            for cover in covers.latest()
        ],
        "form": form,
        "may_ask": may_ask,
        "has_own_bank": bool(covers.own_banks()),
    }
    return render(request, "desk/covers.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_cover(request: HttpRequest, code: str) -> HttpResponse:
    """One payment into escrow: where it stands, and for a treasurer the next deed."""
    try:
        cover = covers.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    may_act = "treasurer" in who.roles(request.user, timezone.now())
    action = request.POST.get("action", "") if request.method == "POST" else ""
    shown = _forms(request, cover, action)
    status = 200
    if request.method == "POST":
        if first := step_up.before_deed(request, may=may_act):
            return first
        status = bank_orders.act(
            request,
            shown.get(action),
            partial(_perform, request, cover, action),
            not_now=covers.CoverNotInThisState(),
        )
        if status == 200:  # noqa: PLR2004 - the deed was done
            return redirect("finance:desk_cover", code=code)
    context = {
        "nav": "proof",
        "cover": cover,
        "shown_code": codes.shown(cover.code),
        "tone": TONES[State(cover.state)],
        "escrow": account_words.choices([cover.escrow])[0][1],
        "own_bank": account_words.choices([cover.own_bank])[0][1],
        "steps": _steps(cover),
        "lines": _lines(cover),
        "reference": covers.reference_of(cover) if cover.state == State.BOOKED else "",
        "forms": shown if may_act else {},
        "approval_url": reverse("audit:approval", args=[cover.approval_code]),
    }
    return render(request, "desk/cover.html", context, status=status)


def _missing_fen() -> int:
    """What the latest proof of funds is short by, less what was paid in since or is under way."""
    last = next(iter(proof.latest(1)), None)
    if last is None or last.is_met:
        return 0
    coming = sum(
        cover.amount
        for cover in covers.latest()
        if cover.state in {State.ASKED, State.APPROVED}
        or (cover.booked_at is not None and cover.booked_at > last.taken_at)
    )
    return max(last.liabilities - last.assets - coming, 0)


def _forms(request: HttpRequest, cover: Cover, action: str) -> dict[str, forms.Form]:
    """The form of each deed that its state allows; the one that was sent is bound."""
    if cover.state != State.APPROVED:
        return {}
    today = dates.in_shanghai(timezone.now()).date()
    return {
        "paid": PaidForm(request.POST if action == "paid" else None, initial={"paid_on": today}),
        "drop": OrderReasonForm(request.POST if action == "drop" else None, auto_id="drop_%s"),
    }


def _perform(request: HttpRequest, cover: Cover, action: str, said: dict[str, Any]) -> None:
    now, user = timezone.now(), request.user
    if action == "paid":
        covers.paid(code=cover.code, actor=user, now=now, **said)
        notes.success(request, _("Written down. The payment is in the books."))
    else:
        covers.drop(code=cover.code, actor=user, now=now, **said)
        notes.success(request, _("Written down. It is not paid in."))


def _lines(cover: Cover) -> list[dict[str, Any]]:
    """What the statements of both banks say of it, once it is in the books."""
    if cover.state != State.BOOKED:
        return []
    found = matching.lines_of(covers.reference_of(cover))
    return [
        {
            "account": account,
            "line": found.get(account),
            "url": reverse("finance:desk_statement", args=[found[account].statement.code])
            if account in found
            else "",
        }
        for account in (cover.escrow, cover.own_bank)
    ]


def _steps(cover: Cover) -> list[dict[str, Any]]:
    done = [
        (_("Asked"), cover.asked_at, ""),
        (_("Approved"), cover.approved_at, ""),
        (_("Paid in by the bank"), cover.booked_at, cover.bank_reference),
    ]
    ended = (cover.ended_at, cover.drop_reason) if cover.state == State.DROPPED else None
    return bank_orders.steps(done, state=cover.get_state_display(), ended=ended)
