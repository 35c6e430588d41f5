"""Staff pages: what is owed to others and who may be paid (F265)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permission, step_up
from finance import dues, payees, payment_orders
from finance.models import Due, Payee, PaymentOrder, Purpose
from finance.remittance_forms import DrawingForm, PayeeForm, PaymentForm
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused, refuse

PAYEE_TONES = {
    Payee.State.ASKED: "waiting",
    Payee.State.LISTED: "done",
    Payee.State.REFUSED: "wrong",
    Payee.State.RETIRED: "draft",
}


@never_cache
@require_safe
def desk_remittances(request: HttpRequest) -> HttpResponse:
    """What is in arrears, how every account stands, and every due that is not paid."""
    now = timezone.now()
    today = dates.in_shanghai(now).date()
    may_order = permission.may(request.user, "finance:desk_payment_new", now)
    positions = dues.positions()
    rows = list(dues.unpaid()[:500])
    late = {due.pk for due in dues.late(today)}
    context = {
        "nav": "remittances",
        "positions": [
            {
                "position": one,
                "kind": Purpose(one.kind).label,
                "url": _order_url(one) if may_order else "",
            }
            for one in positions
        ],
        "dues": [_due_row(due, today, due.pk in late) for due in rows],
        "late_count": len(late),
        "late_fen": sum(due.amount for due in rows if due.pk in late),
        "may_see_payees": permission.may(request.user, "finance:desk_payees", now),
        "businesses": _businesses() if may_order else [],
    }
    return render(request, "desk/remittances.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_payment_new(request: HttpRequest, account: str) -> HttpResponse:
    """Ask that what is due of one account be paid; somebody else approves."""
    taken = dues.unordered(account)
    form = PaymentForm(
        request.POST or None,
        listed=payees.listed_for(account),
        escrows=payment_orders.escrows(),
    )
    facts = {"dues": taken, "total_fen": sum(due.amount for due in taken)}
    ask, page = payment_orders.ask, "desk/payment_new.html"
    return _asked(request, form, account=account, ask=ask, page=page, facts=facts)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_drawing_new(request: HttpRequest, account: str) -> HttpResponse:
    """Ask that business fee be paid to the operator's own account; somebody else approves."""
    own_banks = payment_orders.own_banks()
    form = DrawingForm(
        request.POST or None,
        listed=payees.listed_for(account),
        escrows=payment_orders.escrows(),
        own_banks=own_banks,
    )
    facts = {"free_fen": payment_orders.free(account), "has_own_bank": bool(own_banks)}
    ask, page = payment_orders.ask_drawing, "desk/drawing_new.html"
    return _asked(request, form, account=account, ask=ask, page=page, facts=facts)


def _asked(
    request: HttpRequest,
    form: PaymentForm | DrawingForm,
    *,
    account: str,
    ask: Callable[..., PaymentOrder],
    page: str,
    facts: Mapping[str, Any],
) -> HttpResponse:
    """Ask by this door for the order that the form describes, or show form and facts again."""
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            order = ask(
                account=account, maker=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The order is approved by another person."))
            return redirect("finance:desk_payment", code=order.code)
    context = {
        "nav": "remittances",
        "account": account,
        "form": form,
        "has_payee": bool(payees.listed_for(account)),
        **facts,
    }
    return render(request, page, context, status=status)


@never_cache
@require_safe
def desk_payees(request: HttpRequest) -> HttpResponse:
    """Everybody who may be paid, or might once."""
    return _payees(request, status=200)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_payee_new(request: HttpRequest) -> HttpResponse:
    """Ask that a payee be listed; somebody else approves."""
    form = PayeeForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            payees.ask(maker=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The payee is listed when another person approves."))
            return redirect("finance:desk_payees")
    return render(
        request, "desk/payee_new.html", {"nav": "remittances", "form": form}, status=status
    )


@require_POST
@step_up.required
def desk_payee_retire(request: HttpRequest, code: str) -> HttpResponse:
    """Take a payee off the list."""
    reason = request.POST.get("reason", "")
    try:
        payees.retire(code=code, reason=reason, actor=request.user, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
        return _payees(request, status=refusal.status)
    notes.success(request, _("This payee is off the list."))
    return redirect("finance:desk_payees")


def _payees(request: HttpRequest, *, status: int) -> HttpResponse:
    now = timezone.now()
    found = payees.every()
    context = {
        "nav": "remittances",
        "rows": [
            {
                "payee": payee,
                "shown_code": codes.shown(payee.code),
                "number": str(payee.number),
                "tone": PAYEE_TONES[Payee.State(payee.state)],
                "approval_url": reverse("audit:approval", args=[payee.approval_code]),
                "is_listed": payee.state == Payee.State.LISTED,
            }
            for payee in found
        ],
        "may_ask": permission.may(request.user, "finance:desk_payee_new", now),
        "may_retire": permission.may(request.user, "finance:desk_payee_retire", now),
        "listed": [
            {"code": payee.code, "name": payees.shown(payee)}
            for payee in found
            if payee.state == Payee.State.LISTED
        ],
    }
    return render(request, "desk/payees.html", context, status=status)


def _order_url(one: dues.Position) -> str:
    if one.due_fen - one.in_order_fen <= 0:
        return ""
    return reverse("finance:desk_payment_new", args=[one.account])


def _businesses() -> list[dict[str, Any]]:
    """The accounts of business fee that hold something for the operator."""
    return [
        {
            "account": code,
            "free_fen": payment_orders.free(code),
            "url": reverse("finance:desk_drawing_new", args=[code]),
        }
        for code in payment_orders.businesses()
    ]


def _due_row(due: Due, today: date, is_late: bool) -> dict[str, Any]:  # noqa: FBT001 - one fact of the row
    order = due.order
    if order is not None and order.state != PaymentOrder.State.RETURNED:
        word, tone = order.get_state_display(), "waiting"
    elif is_late:
        word, tone = _("In arrears"), "wrong"
    elif due.due_on <= today + dues.SOON:
        word, tone = _("Due soon"), "attention"
    else:
        word, tone = _("Open"), "draft"
    return {
        "due": due,
        "word": word,
        "tone": tone,
        "days_late": (today - due.due_on).days if is_late else 0,
        "order_url": reverse("finance:desk_payment", args=[order.code]) if order else "",
        "is_late": is_late,
    }
