"""The bank's addresses: signed ones for its merchant, one page for the customer."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lottery_portal.lib import codes

from . import banking, signing
from .models import Payment, Payout, Refund

LONGEST = 20_000
DEEDS = {"pay": Payment.State.PAID, "decline": Payment.State.CANCELLED}
SHOWN = {
    Payment.State.OPEN: "open",
    Payment.State.PAID: "paid",
    Payment.State.CANCELLED: "declined",
    Payment.State.REFUNDED: "declined",
}
OPEN_FOR = timedelta(minutes=30)


def for_the_merchant(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in only what the merchant signed; sign what goes back."""

    @functools.wraps(view)
    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        if not signing.is_switched_on():
            raise Http404
        body = request.body
        is_genuine = len(body) <= LONGEST and signing.is_genuine(
            head=request.method or "",
            path=request.path,
            stamp=request.headers.get("Bank-Timestamp", ""),
            body=body,
            given=request.headers.get("Bank-Signature", ""),
            now=now,
        )
        if not is_genuine:
            return HttpResponse(status=401)
        try:
            answer = view(request, **kwargs)
        except banking.NotAgreed as exc:
            answer = _said({"error": str(exc)}, status=400)
        for name, value in signing.headers("ANSWER", request.path, answer.content, now=now).items():
            answer[name] = value
        return answer

    return csrf_exempt(checked)


@for_the_merchant
@require_POST
def orders(request: HttpRequest) -> HttpResponse:
    """Open a payment."""
    payment = banking.open_payment(_content(request), now=timezone.now())
    return _said(banking.said_of(payment))


@for_the_merchant
@require_GET
def order(_request: HttpRequest, order_code: str) -> HttpResponse:
    """What became of a payment."""
    payment = Payment.objects.filter(order_code=order_code).first()
    return _unknown() if payment is None else _said(banking.said_of(payment))


@for_the_merchant
@require_POST
def close(_request: HttpRequest, order_code: str) -> HttpResponse:
    """Cancel a payment that is still open; then what became of it."""
    payment = Payment.objects.filter(order_code=order_code).first()
    if payment is None:
        return _unknown()
    banking.end_payment(payment.trade, Payment.State.CANCELLED, now=timezone.now())
    payment.refresh_from_db()
    return _said(banking.said_of(payment))


@for_the_merchant
@require_POST
def payouts(request: HttpRequest) -> HttpResponse:
    """Make a payout."""
    try:
        payout = banking.pay_out(_content(request), now=timezone.now())
    except banking.Busy:
        return _said({"error": "busy"}, status=503)
    except banking.AnswerLost:
        return _said({"error": "lost"}, status=504)
    return _said(banking.said_of_payout(payout))


@for_the_merchant
@require_GET
def payout(_request: HttpRequest, order_code: str) -> HttpResponse:
    """What became of a payout."""
    made = Payout.objects.filter(order_code=order_code).exclude(state=Payout.State.ASKED).first()
    return _unknown() if made is None else _said(banking.said_of_payout(made))


@for_the_merchant
@require_POST
def refunds(request: HttpRequest) -> HttpResponse:
    """Return money of a payment."""
    try:
        made = banking.refund(_content(request), now=timezone.now())
    except banking.AnswerLost:
        return _said({"error": "lost"}, status=504)
    return _said(banking.said_of_payout(made))


@for_the_merchant
@require_GET
def refund(_request: HttpRequest, order_code: str) -> HttpResponse:
    """What became of a refund."""
    made = Refund.objects.filter(order_code=order_code).first()
    return _unknown() if made is None else _said(banking.said_of_payout(made))


@for_the_merchant
@require_POST
def account(request: HttpRequest) -> HttpResponse:
    """Whether an account is in the name its owner gave."""
    try:
        return _said({"matches": banking.is_in_name(_content(request))})
    except banking.Busy:
        return _said({"error": "busy"}, status=503)


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, trade: str) -> HttpResponse:
    """The customer's page: confirm or decline; afterwards the way back to the shop."""
    if not signing.is_switched_on():
        raise Http404
    payment = get_object_or_404(Payment, trade=trade)
    if request.method == "POST":
        if state := DEEDS.get(request.POST.get("action", "")):
            banking.end_payment(trade, state, now=timezone.now())
        payment.refresh_from_db()
        if payment.state != Payment.State.OPEN:
            return HttpResponseRedirect(payment.return_url)
        return HttpResponseRedirect(reverse("sandbox_bank:pay", args=[trade]))
    return render(
        request,
        "sandbox/pay.html",
        {
            "payment": {
                "payee": settings.OPERATOR,
                "reference": codes.shown(payment.order_code),
                "amount_fen": payment.amount,
                "created_at": payment.opened_at,
                "expires_at": payment.opened_at + OPEN_FOR,
            },
            "state": SHOWN[Payment.State(payment.state)],
            "post_url": request.path,
            "return_url": payment.return_url,
        },
    )


def _content(request: HttpRequest) -> dict[str, Any]:
    try:
        content = json.loads(request.body)
    except (ValueError, RecursionError) as exc:
        raise banking.NotAgreed("This is not JSON.") from exc
    if not isinstance(content, dict):
        raise banking.NotAgreed("This is not an object.")
    return content


def _said(content: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(
        json.dumps(content, sort_keys=True), status=status, content_type="application/json"
    )


def _unknown() -> HttpResponse:
    """An answer like any other: who asks whether the bank is there asks for nobody's order."""
    return _said({"error": "unknown"})
