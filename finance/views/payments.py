"""Staff pages: payment orders from the approval to the treasury's receipt (F265)."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import step_up, who
from finance import ledger, payees, payment_orders, treasury_receipts
from finance.models import PaymentOrder
from finance.remittance_forms import OrderReasonForm, PaidForm, ReceiptForm
from finance.remittance_models import TREASURY
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused

from . import bank_orders

ROWS = 50
State = PaymentOrder.State
FILTERS: dict[str, tuple[str, ...]] = {
    "open": (State.ASKED, State.APPROVED),
    "paid": (State.PAID,),
    "ended": (State.DROPPED, State.RETURNED),
    "all": tuple(State.values),
}
TONES = {
    State.ASKED: "waiting",
    State.APPROVED: "attention",
    State.PAID: "done",
    State.DROPPED: "draft",
    State.RETURNED: "wrong",
}


@never_cache
@require_safe
def desk_payments(request: HttpRequest) -> HttpResponse:
    """Payment orders by what they wait for; those without a receipt have a list of their own."""
    chosen = request.GET.get("state", "open")
    if chosen == "receipt":
        found = PaymentOrder.objects.filter(
            pk__in=[order.pk for order in treasury_receipts.missing()]
        )
    else:
        found = PaymentOrder.objects.filter(state__in=FILTERS.get(chosen, FILTERS["open"]))
    page = Paginator(found.select_related("payee").order_by("-asked_at", "-pk"), ROWS).get_page(
        request.GET.get("page")
    )
    context = {
        "nav": "remittances",
        "kinds": _chips(chosen),
        "rows": [
            {
                "order": order,
                "code": codes.shown(order.code),
                "url": reverse("finance:desk_payment", args=[order.code]),
                "tone": TONES[State(order.state)],
            }
            for order in page.object_list
        ],
        "page": page,
        "query": urlencode({"state": chosen}),
    }
    return render(request, "desk/payments.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_payment(request: HttpRequest, code: str) -> HttpResponse:
    """One payment order: what it is, where it stands, and for a treasurer the next deed."""
    try:
        order = payment_orders.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    may_act = "treasurer" in who.roles(request.user, timezone.now())
    action = request.POST.get("action", "") if request.method == "POST" else ""
    shown = _forms(request, order, action)
    status = 200
    if request.method == "POST":
        if not may_act:
            return _page(request, order, shown, may_act=may_act, status=403)
        if not step_up.is_recent(request):
            return redirect(step_up.address(request.user, request.path))
        status = bank_orders.act(
            request,
            shown.get(action),
            partial(_perform, request, order, action),
            not_now=payment_orders.OrderNotInThisState(),
        )
        if status == 200:  # noqa: PLR2004 - the deed was done
            return redirect("finance:desk_payment", code=code)
    return _page(request, order, shown, may_act=may_act, status=status)


@never_cache
@require_safe
def desk_receipt(request: HttpRequest, digest: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The scan of a treasury receipt, if it is the one that was recorded."""
    try:
        receipt, content = treasury_receipts.scan(digest)
    except Refused as refusal:
        raise Http404 from refusal
    kind = treasury_receipts.kind_of(content) or "application/octet-stream"
    answer = HttpResponse(content, content_type=kind)
    extension = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}.get(kind, "bin")
    answer["Content-Disposition"] = (
        f'attachment; filename="receipt-{receipt.file_digest[:12]}.{extension}"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _forms(request: HttpRequest, order: PaymentOrder, action: str) -> dict[str, forms.Form]:
    """The form of each deed that its state allows; the one that was sent is bound."""
    made: dict[str, forms.Form] = {}
    if order.state == State.APPROVED:
        today = dates.in_shanghai(timezone.now()).date()
        made["paid"] = PaidForm(_sent(request, action, "paid"), initial={"paid_on": today})
        made["drop"] = OrderReasonForm(_sent(request, action, "drop"), auto_id="drop_%s")
    if order.state == State.PAID:
        if order.purpose in TREASURY:
            made["receipt"] = ReceiptForm(
                _sent(request, action, "receipt"), request.FILES or None, auto_id="receipt_%s"
            )
        if ledger.is_reversed(payment_orders.reference_of(order)):
            made["returned"] = OrderReasonForm(
                _sent(request, action, "returned"), auto_id="returned_%s"
            )
    return made


def _sent(request: HttpRequest, action: str, name: str) -> Any:
    return request.POST if action == name else None


def _perform(request: HttpRequest, order: PaymentOrder, action: str, said: dict[str, Any]) -> None:
    now, user, code = timezone.now(), request.user, order.code
    if action == "paid":
        payment_orders.paid(code=code, actor=user, now=now, **said)
        notes.success(request, _("Written down. The payment is in the books."))
    elif action == "drop":
        payment_orders.ask_drop(code=code, reason=said["reason"], maker=user, now=now)
        notes.success(request, _("Asked. Another person looks whether the bank has paid."))
    elif action == "returned":
        payment_orders.returned(code=code, reason=said["reason"], actor=user, now=now)
        notes.success(request, _("Written down. Its dues are open again."))
    else:
        file = said["file"]
        treasury_receipts.record(
            order=code,
            number=said["number"],
            issued_on=said["issued_on"],
            amount=said["amount"],
            file_name=file.name,
            content=file.read(),
            actor=user,
            now=now,
        )
        notes.success(request, _("The receipt is recorded."))


def _page(
    request: HttpRequest,
    order: PaymentOrder,
    shown: dict[str, forms.Form],
    *,
    may_act: bool,
    status: int,
) -> HttpResponse:
    context = {
        "nav": "remittances",
        "order": order,
        "shown_code": codes.shown(order.code),
        "tone": TONES[State(order.state)],
        "payee": payees.shown(order.payee),
        "number": order.payee.number.reveal() if order.state == State.APPROVED and may_act else "",
        "dues": list(order.dues.order_by("subject", "position")),
        "receipts": [
            {
                "receipt": receipt,
                "url": reverse("finance:desk_receipt", args=[receipt.file_digest]),
            }
            for receipt in order.receipts.order_by("pk")
        ],
        "needs_receipt": order.purpose in TREASURY and order.state == State.PAID,
        "steps": _steps(order),
        "forms": shown if may_act else {},
        "may_act": may_act,
        "approval_url": reverse("audit:approval", args=[order.approval_code]),
    }
    return render(request, "desk/payment.html", context, status=status)


def _steps(order: PaymentOrder) -> list[dict[str, Any]]:
    done = [
        (_("Asked"), order.asked_at, ""),
        (_("Approved"), order.approved_at, ""),
        (_("Paid by the bank"), order.paid_at, order.bank_reference),
    ]
    has_ended = order.state in {State.DROPPED, State.RETURNED}
    ended = (order.ended_at, order.reason) if has_ended else None
    return bank_orders.steps(done, state=order.get_state_display(), ended=ended)


def _chips(chosen: str) -> list[dict[str, Any]]:
    names = {
        "open": _("Under way"),
        "paid": _("Paid by the bank"),
        "receipt": _("Without a receipt"),
        "ended": _("Dropped or returned"),
        "all": _("All"),
    }
    return [
        {"name": name, "url": f"?{urlencode({'state': code})}", "is_on": code == chosen}
        for code, name in names.items()
    ]
