"""Bringing money in: amount, the bank's page, and what became of it, told truthfully (F108)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
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

from accounts import legal_texts, who
from accounts.models import Player
from finance import channels, deposits, inbox, providers, refunds, wallets
from finance.forms import DepositForm
from finance.models import Deposit, DepositReturn
from finance.payers import IdentityRequired
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit, yuan

from . import movement, refusals

ASK_EVERY = 3
LONGEST = 20_000
State = Deposit.State
Return = DepositReturn.State


@dataclass(frozen=True)
class _Page:
    """The form as it is shown: with the ways that are offered, and a fee to be seen first."""

    form: DepositForm
    offered: Sequence[channels.Channel]
    status: int = 200
    notice: Mapping[str, Any] | None = None


@never_cache
@require_http_methods(["GET", "POST"])
def deposit(request: HttpRequest) -> HttpResponse:
    """Say how much, then go to the bank; the player comes back to `deposit_state`."""
    player, now = who.player(request.user), timezone.now()
    offered = channels.open_for(channels.Use.DEPOSIT, now=now)
    if first := _first(request, player, offered, now):
        return first
    missing = _asked(request)
    initial = {"request_key": uuid4(), "provider": offered[0].code}
    if missing:
        initial["amount"] = f"{missing // 100}.{missing % 100:02d}"
    form = _form(request.POST or None, offered, now, initial)
    page: HttpResponse | _Page = _Page(form, offered, 400 if form.is_bound else 200)
    if form.is_valid():
        page = _begin(request, player, form, offered, now=now)
    if isinstance(page, HttpResponse):
        return page
    purses = wallets.purses(player)
    context = {
        "nav": "me",
        "form": page.form,
        "balance_fen": purses.available_fen,
        "bonus_fen": purses.bonus_fen,
        "channels": page.offered,
        "fee_words": _named(page.offered[0]),
        "notice": page.notice,
        "limit": None,
        "missing_fen": missing,
        "back_url": reverse("finance:wallet"),
    }
    return render(request, "finance/deposit.html", context, status=page.status)


def _first(
    request: HttpRequest, player: Player, offered: Sequence[channels.Channel], now: datetime
) -> HttpResponse | None:
    """What must come before the form: a way to pay, a name, and the word on how money is kept."""
    if not offered:
        return _refused(request, channels.ProviderNotInForce())
    if not player.is_verified:
        return _refused(request, IdentityRequired())
    if legal_texts.undisclosed(player.user, now) is not None:
        way_on = urlencode({"next": request.get_full_path()})
        return redirect(f"{reverse('finance:funds')}?{way_on}")
    return None


def _begin(
    request: HttpRequest,
    player: Player,
    form: DepositForm,
    offered: Sequence[channels.Channel],
    *,
    now: datetime,
) -> HttpResponse | _Page:
    """Begin what the form says: the bank's page, or the form again with what is in the way."""
    given = dict(form.cleaned_data)
    try:
        begun = deposits.begin(player=player, now=now, fee=given.pop("fee_seen") or 0, **given)
    except channels.FeeDiffers as refusal:
        again = _again(request, offered, now, fee_seen=refusal.figures["fee_fen"])
        return _Page(again, offered, refusal.status, refusal.figures)
    except (deposits.BankSilent, channels.ProviderNotInForce) as refusal:
        return _elsewhere(request, refusal, given["provider"], now=now)
    except Refused as refusal:
        if refusals.beside(form, refusal):
            return _Page(form, offered, refusal.status)
        return _refused(request, refusal)
    if begun.pay_page.startswith(f"{settings.PUBLIC_URL}/") and begun.state == State.BEGUN:
        return redirect(begun.pay_page)
    return redirect("finance:deposit_state", code=begun.code)


def _elsewhere(
    request: HttpRequest, refusal: Refused, silent: str, *, now: datetime
) -> HttpResponse | _Page:
    """Offer the next way to pay that answers, if there is one (F295)."""
    others = [
        one
        for one in channels.open_for(channels.Use.DEPOSIT, now=now)
        if one.code != silent and not one.is_failing
    ]
    if not others:
        return _refused(request, refusal)
    form = _again(request, others, now, provider=others[0].code)
    form.add_error(
        None,
        _(
            "%(silent)s does not answer at present. Nothing was charged. You can pay through "
            "%(other)s instead."
        )
        % {"silent": channels.title_of(silent), "other": others[0].title},
    )
    return _Page(form, others, refusal.status)


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
        found = inbox.ask(found, now=timezone.now())
    tone, word, note_tone, note_text = _told(found)
    context = {
        "nav": "me",
        "title": _("Deposit"),
        "amount_fen": found.amount,
        "tone": tone,
        "word": word,
        "steps": _steps(found),
        "facts": _facts(found),
        "qr": found.pay_page if _is_scanned(found) else "",
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
        said, thanks = providers.known(provider).thanks
        inbox.take_callback(
            provider=provider,
            headers=request.headers,
            path=request.path,
            body=request.body,
            now=timezone.now(),
        )
    except Refused as refusal:
        return JsonResponse({"code": refusal.code}, status=refusal.status)
    return HttpResponse(thanks, content_type=said)


def _form(
    data: Any, offered: Sequence[channels.Channel], now: datetime, initial: Mapping[str, Any]
) -> DepositForm:
    return DepositForm(
        data,
        initial=dict(initial),
        limits=deposits.limits(now),
        channels=[(one.code, _named(one)) for one in offered],
    )


def _again(
    request: HttpRequest, offered: Sequence[channels.Channel], now: datetime, **changes: object
) -> DepositForm:
    """The same form once more under a new key, as something else is asked of the player now."""
    data = request.POST.copy()
    data["request_key"] = str(uuid4())
    if "provider" in changes:
        data["fee_seen"] = ""  # the fee of another way is to be seen first
    for name, value in changes.items():
        data[name] = str(value)
    form = _form(data, offered, now, {})
    form.is_valid()
    return form


def _named(channel: channels.Channel) -> str:
    """A way to pay with what it costs, and whether it answers at present (F114, F295)."""
    words = [channel.title, _fee(channel)]
    if channel.is_failing:
        words.append(_("does not answer at present"))
    return _(", ").join(words)


def _fee(channel: channels.Channel) -> str:
    if channel.is_free:
        return _("no fee for you")
    figures = {
        "percent": f"{channel.points / 100:.2f}",
        "least": yuan(channel.least_fen),
        "most": yuan(channel.most_fen),
    }
    if channel.most_fen:
        return _("fee %(percent)s %%, from %(least)s to %(most)s yuan") % figures
    if channel.least_fen:
        return _("fee %(percent)s %%, at least %(least)s yuan") % figures
    return _("fee %(percent)s %%") % figures


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


def _facts(found: Deposit) -> list[dict[str, Any]]:
    facts = [
        {"name": _("Number"), "value": codes.shown(found.code)},
        {"name": _("Through"), "value": channels.title_of(found.provider)},
    ]
    if found.fee:
        facts += [
            {"name": _("Fee"), "value": with_unit(found.fee)},
            {
                "name": _("You pay"),
                "value": with_unit(found.charged_fen),
            },
        ]
    words = {Return.DONE: _("sent back"), Return.FAILED: _("came back into your balance")}
    facts += [
        {
            "name": _("Refund to the source"),
            "value": _("%(amount)s yuan, %(state)s")
            % {
                "amount": yuan(row.amount),
                "state": words.get(Return(row.state), _("on its way")),
            },
        }
        for row in refunds.of(found)
    ]
    return facts


def _is_scanned(found: Deposit) -> bool:
    """Whether the payment is begun by scanning a code instead of opening a page."""
    page = found.pay_page
    is_page = page.startswith(("https://", "http://"))
    return found.state == State.BEGUN and bool(page) and not is_page


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
    if found.pay_url and not _is_scanned(found):
        actions.insert(0, {"text": _("To the bank's page"), "url": found.pay_page})
    return [*actions, wallet]


def _refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    return refusals.page(
        request, refusal, bar_title=_("No deposit made"), back_url=reverse("finance:wallet")
    )
