"""Plans over several draws: the last look before payment, my plans, one plan, and stopping it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid4

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import who
from accounts.models import Player
from finance import wallets
from games import draws
from games.models import Draw
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import basket, cancellation, plan_facts, plans, purchase, quotes, tickets
from sales.models import Plan

from . import refusals

CHANNEL = "web"
PAGE = 20
LONGEST_NUMBER = 12


def wanted(request: HttpRequest) -> int:
    """For how many draws the board asks; what is no number is one, the rules judge the rest."""
    text = request.POST.get("draws", "") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004 - no plan has so many


def confirm(
    request: HttpRequest,
    quote: quotes.Quote,
    player: Player,
    *,
    count: int,
    cart_json: str = "{}",
) -> HttpResponse:
    """The last look: every draw that is planned, the price of one and of all, and when to stop.

    A plan is of one game; what the basket holds of others (`cart_json`) waits there.
    """
    game, total = quote.draw.game, quote.price_fen * count
    basket_json = basket.write([checked.selection for checked in quote.selections])
    balance = wallets.available(player)
    refusal: Refused | None = None
    if not player.is_verified:
        refusal = purchase.KycRequired()
    elif balance < total:
        refusal = purchase.NotEnoughMoney(
            price_fen=total, available_fen=balance, missing_fen=total - balance
        )
    if refusal is not None:
        return refusals.page(
            request, refusal, game=game, basket_json=basket_json, cart_json=cart_json
        )
    coming = plan_facts.coming(quote.draw, count)
    context = {
        "nav": "buy",
        "game": {"code": game.code, "name": _(game.name)},
        "draw": quote.draw,
        "now": database_time(),
        "count": count,
        "coming": coming,
        "unplanned": count - len(coming),
        "lines": quote.lines,
        "price_fen": quote.price_fen,
        "total_fen": total,
        "held_fen": total - quote.price_fen,
        "after_fen": balance - total,
        "picks": [basket.shown(quote.version, checked) for checked in quote.selections],
        "basket_json": basket_json,
        "cart_json": cart_json,
        "request_key": str(uuid4()),
        "post_url": reverse("sales:plan_begin", args=[game.code, quote.draw.issue]),
        "back_url": reverse("sales:board", args=[game.code]),
    }
    return render(request, "sales/plan_confirm.html", context)


@require_POST
def begin(request: HttpRequest, game_code: str, issue: str) -> HttpResponse:
    """Begin the plan that was confirmed, with the draw that was shown, and with no other."""
    try:
        draw = draws.of_issue(game_code, issue)
    except draws.DrawUnknown as unknown:
        raise Http404 from unknown
    text = request.POST.get("basket", "")
    try:
        key = UUID(request.POST.get("request_key", ""))
    except ValueError:
        raise Http404 from None
    try:
        plan = plans.begin(
            player=who.player(request.user),
            draw=draw,
            selections=basket.read(text),
            draws=wanted(request),
            stop_from_fen=_stop_from(request),
            request_key=key,
            channel=CHANNEL,
            now=database_time(),
        )
    except Refused as refusal:
        return refusals.page(
            request,
            refusal,
            game=draw.game,
            basket_json=text,
            cart_json=request.POST.get("cart", "") or "{}",
        )
    response = redirect(f"{reverse('sales:plan', args=[plan.code])}?begun=1")
    response.status_code = 303
    return response


def _stop_from(request: HttpRequest) -> int:
    """On which prize the plan stops, in fen: never, on any, or from an amount in yuan on."""
    choice = request.POST.get("stop", "never")
    if choice == "never":
        return 0
    if choice == "any":
        return plans.ANY_PRIZE
    typed = request.POST.get("stop_from", "").strip().replace(",", "")
    try:
        fen = Decimal(typed) * 100 if len(typed) <= LONGEST_NUMBER else Decimal(0)
    except InvalidOperation:
        fen = Decimal(0)
    if not fen.is_finite() or fen < 1 or fen != int(fen):
        raise plans.StopNotReadable
    return int(fen)


def _mine(request: HttpRequest, code: str) -> Plan:
    """The plan, if it is his who asks; for everybody else there is no such page."""
    try:
        return plans.find(player_id=who.player(request.user).pk, code=codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """My plans, newest first."""
    player = who.player(request.user)
    page = Paginator(plans.of(player.pk), PAGE).get_page(request.GET.get("page"))
    rows = [plan_facts.row(plan, taken) for plan, taken in plan_facts.taken(page.object_list)]
    context = {
        "nav": "tickets",
        "page": page,
        "plans": rows,
        "planned_fen": wallets.planned(player),
        "now": database_time(),
    }
    return render(request, "sales/plans.html", context)


@require_safe
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """One plan: what it is, every draw of it, what is still held, and how to stop it."""
    one = _mine(request, code)
    if one.code != code:
        return redirect("sales:plan", code=one.code)
    context = {
        "nav": "tickets",
        "now": database_time(),
        "just_begun": "begun" in request.GET,
        "plan": plan_facts.shown(one),
        "rows": plan_facts.steps(one),
        "stop_url": reverse("sales:plan_stop", args=[one.code]),
    }
    return render(request, "sales/plan.html", context)


@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, code: str) -> HttpResponse:
    """Ask once more, then stop the plan and give back what is left."""
    one = _mine(request, code)
    address = reverse("sales:plan", args=[one.code])
    if request.method == "POST":
        try:
            plans.stop(plan=one, actor=request.user, now=database_time())  # type: ignore[arg-type]  # a player is logged in
        except plans.PlanEnded:
            return redirect(address)
        response = redirect(address)
        response.status_code = 303
        return response
    if one.state != Plan.State.RUNNING:
        return redirect(address)
    context = {
        "nav": "tickets",
        "plan": plan_facts.shown(one),
        "back_url": address,
        "post_url": reverse("sales:plan_stop", args=[one.code]),
    }
    return render(request, "sales/plan_stop.html", context)


@require_http_methods(["GET", "POST"])
def cancel_ticket(request: HttpRequest, code: str) -> HttpResponse:
    """Ask once more, then take a ticket back; or say why that cannot be."""
    player = who.player(request.user)
    try:
        row = tickets.find(player_id=player.pk, code=codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal
    address = reverse("sales:ticket", args=[row.code])
    now = database_time()
    if request.method == "POST":
        try:
            cancellation.cancel(player=player, ticket=row, channel=CHANNEL, now=now)
        except Refused as refusal:
            return _not_taken_back(request, refusal, row.draw, address)
        response = redirect(address)
        response.status_code = 303
        return response
    window = cancellation.window_of(row, now=now)
    if window is None:
        return redirect(address)
    context = {
        "nav": "tickets",
        "now": now,
        "ticket": {"code": row.code, "price_fen": row.price},
        "game": {"name": _(row.draw.game.name)},
        "draw": row.draw,
        "until": window.until,
        "minutes": window.minutes,
        "back_url": address,
        "post_url": reverse("sales:ticket_cancel", args=[row.code]),
    }
    return render(request, "sales/cancel.html", context)


def _not_taken_back(
    request: HttpRequest, refusal: Refused, draw: Draw, address: str
) -> HttpResponse:
    context: dict[str, Any] = {
        "nav": "tickets",
        "bar_title": _("Ticket not taken back"),
        "tone": "attention",
        "sign": "alert",
        "title": _("This ticket was not taken back"),
        "text": str(refusal),
        "figures": [
            {"name": _("Draw"), "value": draw.issue},
        ],
        "kept": _("Nothing changed: the ticket stands, and no money moved."),
        "reference": refusals.new_reference(),
        "at": database_time(),
        "back_url": address,
        "actions": [{"text": _("Back to the ticket"), "url": address}],
    }
    return render(request, "refusal.html", context, status=refusal.status)
