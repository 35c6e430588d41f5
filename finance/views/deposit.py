"""Bringing money in: amount, the bank's page, and what became of it, told truthfully (F108)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import who
from finance import deposits, providers, wallets
from finance.forms import DepositForm
from finance.models import Deposit
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused

from . import movement, refusals

ASK_EVERY = 3
LONGEST = 20_000
State = Deposit.State


@never_cache
@require_http_methods(["GET", "POST"])
def deposit(request: HttpRequest) -> HttpResponse:
    """Say how much, then go to the bank; the player comes back to `deposit_state`."""
    player, now = who.player(request.user), timezone.now()
    names = providers.names()
    if not names:
        return _refused(request, providers.ProviderUnknown())
    if not player.is_verified:
        return _refused(request, deposits.IdentityRequired())
    missing = _asked(request)
    initial = {"request_key": uuid4(), "provider": names[0]}
    if missing:
        initial["amount"] = f"{missing // 100}.{missing % 100:02d}"
    form = DepositForm(request.POST or None, initial=initial, limits=deposits.limits(now))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            begun = deposits.begin(player=player, now=now, **form.cleaned_data)
        except Refused as refusal:
            if not refusals.beside(form, refusal):
                return _refused(request, refusal)
            status = refusal.status
        else:
            if begun.pay_url.startswith(settings.PUBLIC_URL) and begun.state == State.BEGUN:
                return redirect(begun.pay_url)
            return redirect("finance:deposit_state", code=begun.code)
    context = {
        "nav": "me",
        "form": form,
        "balance_fen": wallets.available(player),
        "bank": providers.known(names[0]).title,
        "limit": None,
        "missing_fen": missing,
        "back_url": reverse("finance:wallet"),
    }
    return render(request, "finance/deposit.html", context, status=status)


@never_cache
@require_GET
def deposit_state(request: HttpRequest, code: str) -> HttpResponse:
    """Where a deposit stands: what the bank told us, and nothing we only hope."""
    player = who.player(request.user)
    try:
        found = deposits.find(player, code)
    except Refused as refusal:
        return _refused(request, refusal)
    # A page that renews itself looks at what we know; only a person has the bank asked.
    is_asked = found.state == State.BEGUN and not movement.is_part(request)
    if is_asked and cache.add(f"deposit-asked:{found.code}", 1, ASK_EVERY):
        found = deposits.ask(found, now=timezone.now())
    tone, word, note_tone, note_text = _told(found)
    context = {
        "nav": "me",
        "title": _("Deposit"),
        "amount_fen": found.amount,
        "tone": tone,
        "word": word,
        "steps": _steps(found),
        "facts": [
            {"name": _("Number"), "value": codes.shown(found.code)},
            {"name": _("Through"), "value": providers.known(found.provider).title},
        ],
        "note_tone": note_tone,
        "note_text": note_text,
        "back_url": reverse("finance:wallet"),
        "actions": _actions(found),
    }
    return movement.page(request, context, waits=found.state == State.BEGUN)


@csrf_exempt
@require_POST
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """A provider's message; 200 is said only when it is written down and done."""
    if len(request.body) > LONGEST:
        return JsonResponse({"code": "too_long"}, status=413)
    try:
        deposits.take_callback(
            provider=provider,
            headers=request.headers,
            path=request.path,
            body=request.body,
            now=timezone.now(),
        )
    except Refused as refusal:
        return JsonResponse({"code": refusal.code}, status=refusal.status)
    return JsonResponse({"code": "success"})


def _asked(request: HttpRequest) -> int | None:
    """What a refused bet lacked, handed on by its page."""
    asked = {"amount": request.GET.get("amount", "")}
    form = DepositForm(asked, limits=deposits.limits(timezone.now()))
    form.is_valid()
    found = form.cleaned_data.get("amount")
    return found if isinstance(found, int) else None


def _told(found: Deposit) -> tuple[str, str, str, str]:
    word = found.get_state_display()
    if found.state == State.CREDITED:
        return "done", word, "done", _("The bank has confirmed it. The amount is in your balance.")
    if found.state == State.BEGUN:
        return (
            "waiting",
            _("Waiting for the bank"),
            "waiting",
            _(
                "The bank has not confirmed the payment yet. If you have paid, please do not pay "
                "again; we ask the bank every minute."
            ),
        )
    if found.state == State.CLOSED:
        return (
            "draft",
            word,
            "waiting",
            _(
                "This payment was not made, and nothing was charged. A payment that still arrives "
                "is credited."
            ),
        )
    if found.state == State.QUARANTINED:
        return (
            "attention",
            word,
            "attention",
            _(
                "What the bank told us does not fit this deposit. Our staff are checking it; "
                "please do not pay again."
            ),
        )
    return (
        "wrong",
        word,
        "wrong",
        _("Your bank took this payment back, so we took it from your balance."),
    )


def _steps(found: Deposit) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [
        {"title": _("Begun"), "state": "done", "at": found.begun_at, "text": ""}
    ]
    if found.state == State.BEGUN:
        steps.append({"title": _("Paid at the bank"), "state": "now", "at": None, "text": ""})
        steps.append({"title": _("In your balance"), "state": "todo", "at": None, "text": ""})
    elif found.state == State.QUARANTINED:
        steps.append({"title": _("Being checked"), "state": "now", "at": None, "text": ""})
    elif found.state == State.CLOSED:
        steps.append(
            {"title": _("Closed unpaid"), "state": "halted", "at": found.ended_at, "text": ""}
        )
    else:
        steps.append(
            {"title": _("In your balance"), "state": "done", "at": found.credited_at, "text": ""}
        )
        if found.state == State.CHARGED_BACK:
            steps.append(
                {
                    "title": _("Taken back by the bank"),
                    "state": "halted",
                    "at": found.ended_at,
                    "text": "",
                }
            )
    return steps


def _actions(found: Deposit) -> list[dict[str, str]]:
    wallet = {"text": _("To the balance"), "url": reverse("finance:wallet")}
    if found.state != State.BEGUN:
        return [wallet]
    actions = [
        {"text": _("Look again"), "url": reverse("finance:deposit_state", args=[found.code])}
    ]
    if found.pay_url:
        actions.append({"text": _("To the bank's page"), "url": found.pay_url})
    return [*actions, wallet]


def _refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    return refusals.page(
        request, refusal, bar_title=_("No deposit made"), back_url=reverse("finance:wallet")
    )
