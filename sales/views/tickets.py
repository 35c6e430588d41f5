"""My tickets, one ticket, its receipt, and how anybody checks a receipt."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import who
from games import bets, draws, odds, public_notices, rules
from games.models import SealStatement
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import basket, cancellation, offers, purchase, receipts, ticket_money, tickets
from sales.models import PlanStep, Ticket
from sales.proofs import keyring

from . import proofs

PAGE = 20
SHOWN = ("waiting", "won", "all")
FIRST_GAME = "ssq"
MOST_PATTERNS = 5  # offered to the simulator


def _mine(request: HttpRequest, code: str) -> Ticket:
    """The ticket, if it is his who asks; for everybody else there is no such page."""
    try:
        return tickets.find(player_id=who.player(request.user).pk, code=codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """My tickets: to be drawn, won, or all."""
    player = who.player(request.user)
    segment = request.GET.get("show", "")
    if segment not in SHOWN:
        segment = "all"
    now = database_time()
    page = Paginator(tickets.of(player.pk, show=segment), PAGE).get_page(request.GET.get("page"))
    stake, welfare = tickets.year_of(player.pk, now=now)
    on_sale = draws.on_sale(FIRST_GAME, now=now)
    version = rules.GAMES[FIRST_GAME].current
    context = {
        "nav": "tickets",
        "segment": segment,
        "page": page,
        "query": f"show={segment}",
        "tickets": [_row(one) for one in tickets.read(page.object_list, player_id=player.pk)],
        "next_game": {
            "name": _(on_sale.game.name),
            "closes_at": on_sale.closes_at,
            "url": reverse("sales:board", args=[FIRST_GAME]),
        }
        if on_sale
        else None,
        "now": now,
        "game_name": _("Double Color Ball"),
        "any_one_in": odds.one_in(offers.one_line(version, special_on=False).any_prize),
        "year_stake_fen": stake,
        "year_welfare_fen": welfare,
        "bought": _bought(request, player.pk),
    }
    return render(request, "sales/tickets.html", context)


def _bought(request: HttpRequest, player_id: int) -> dict[str, Any] | None:
    """The purchase that was just made, where it was of several games."""
    try:
        bought = purchase.find(player_id=player_id, code=request.GET.get("bought", "")[:40])
    except purchase.PurchaseUnknown:
        return None
    sold = bought.sold()
    return {
        "tickets": len(sold),
        "price_fen": bought.price,
        "games": " ".join(one.draw.game.code for one in sold),
    }


def _row(one: tickets.Read) -> dict[str, Any]:
    first, hits = one.picks[0].selection, tickets.hits_of(one, one.picks[0])
    shown = basket.numbers_shown(one.version, first)
    if hits is not None and len(hits) > len(shown["looks"]):
        hits = [frozenset().union(*hits)]
    tone, word = tickets.tag_of(one)
    return {
        "game": _(one.ticket.draw.game.name),
        "issue": one.ticket.draw.issue,
        "code": one.ticket.code,
        "sold_at": one.ticket.sold_at,
        "numbers": shown["picks"],
        "bankers": shown["bankers"],
        "looks": shown["looks"],
        "hits": hits,
        "more": len(one.picks) - 1,
        "price_fen": one.ticket.price,
        "tone": tone,
        "word": word,
        "prize_fen": one.fact.prize_fen if one.fact else None,
        "url": reverse("sales:ticket", args=[one.ticket.code]),
    }


@require_safe
def ticket(request: HttpRequest, code: str) -> HttpResponse:
    """One ticket: picks, state, receipt, timeline, and where its price went."""
    row = _mine(request, code)
    if row.code != code:
        return redirect("sales:ticket", code=row.code)
    (one,) = tickets.read([row], player_id=who.player(request.user).pk)
    seal = SealStatement.objects.filter(draw_id=row.draw_id).first()
    claim = receipts.of(row, line=one.line)
    game = row.draw.game
    context = {
        "nav": "tickets",
        "now": database_time(),
        "ticket": {
            "code": row.code,
            "price_fen": row.price,
            "lines": row.lines,
            "channel": tickets.CHANNELS.get(row.channel, row.channel),
            "sold_at": row.sold_at,
            "just_bought": "bought" in request.GET,
        },
        "game": {"code": game.code, "name": _(game.name)},
        "draw": row.draw,
        "notices": public_notices.of_draw(row.draw),
        "state": one.state,
        "prize_fen": one.fact.prize_fen if one.fact else None,
        "claim_until": one.fact.claim_until if one.fact else None,
        "claim_url": one.fact.claim_url if one.fact else "",
        "prize_url": one.fact.prize_url if one.fact and one.fact.prize_fen else "",
        "claim_state": one.fact.claim_state if one.fact else "",
        "picks": tickets.picks_shown(one),
        "steps": tickets.steps_of(one, seal=seal, plan=_plan_of(row)),
        "receipt": {
            "line": one.line.decode("ascii"),
            "text": claim.text,
            "key_id": row.receipt.key_id,
            "signature": claim.signature.hex(),
            "algorithm": receipts.ALGORITHM,
            "promise": _promise(),
            "qr": claim.qr(),
            "verify_url": reverse("sales:receipt_check") + "?" + urlencode({"receipt": claim.qr()}),
            "download_url": reverse("sales:receipt", args=[row.code]),
        },
        "split": tickets.split_of(one),
        "draw_money": ticket_money.of_draw(row.draw, one.version),
        "patterns": [
            {
                "text": bets.canonical(pick.selection),
                "type": basket.type_name(one.version, pick.selection),
            }
            for pick in one.picks[:MOST_PATTERNS]
        ]
        if game.code in rules.GAMES
        else [],
        "cancel": _window(row),
        "article": _article(row, one.state),
        "plan": _plan_of(row),
        "taken_back_at": one.cancelled.cancelled_at if one.cancelled else None,
        "qr_text": claim.qr(),
        **proofs.box(one),
    }
    return render(request, "sales/ticket.html", context)


def _window(row: Ticket) -> dict[str, Any] | None:
    """Until when, and where, the ticket may be taken back; None when it may not."""
    window = cancellation.window_of(row, now=database_time())
    if window is None:
        return None
    return {"until": window.until, "url": reverse("sales:ticket_cancel", args=[row.code])}


def _article(row: Ticket, state: str) -> str:
    """Of a ticket that waits for its draw: where it stands that it is not taken back."""
    if state != "waiting" or cancellation.minutes_of(row.draw.game, at=row.sold_at):
        return ""
    return cancellation.article(row.draw)


def _plan_of(row: Ticket) -> dict[str, Any] | None:
    """The plan that bought the ticket, if one did."""
    step = PlanStep.objects.filter(ticket_id=row.pk).select_related("plan").first()
    if step is None:
        return None
    return {
        "position": step.position,
        "draws": step.plan.draws,
        "url": reverse("sales:plan", args=[step.plan.code]),
    }


def _promise() -> str:
    """The signed promise in the language of the page; empty where that is the signed one."""
    told = _(receipts.PROMISE)
    return told if told != receipts.PROMISE else ""


@require_safe
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    """The signed receipt as a file, with all that a stranger needs to check it."""
    row = _mine(request, code)
    (one,) = tickets.read([row], player_id=who.player(request.user).pk)
    claim = receipts.of(row, line=one.line)
    body = receipts.package(claim, line=one.line, key=row.receipt.key_id)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="receipt-{row.code}.json"'
    return response


@require_http_methods(["GET", "POST"])
def receipt_check(request: HttpRequest) -> HttpResponse:
    """How to check a receipt without us; the form does the same check for those who trust us."""
    brought = request.GET.get("receipt", "")[:500]
    told: dict[str, Any] = {"outcome": "", "claim": None, "text": brought}
    status = 200
    if request.method == "POST":
        told["text"] = request.POST.get("receipt", "")[:500]
        try:
            claim = receipts.read_qr(told["text"])
            receipts.check(claim, key=receipts.public_key())
            told |= {"outcome": "good", "claim": claim}
        except Refused as refusal:
            told |= {"outcome": "bad", "problem": str(refusal)}
            status = refusal.status
    context = {
        "nav": "check",
        "key_id": receipts.key_id(),
        "algorithm": receipts.ALGORITHM,
        "public_key": base64.b64encode(receipts.public_key()).decode("ascii"),
        "public_key_hex": receipts.public_key().hex(),
        "promise": receipts.PROMISE,
        "promise_translated": _promise(),
        "at": timezone.now(),
        "public_url": settings.PUBLIC_URL,
        "keyring": keyring(),
        **told,
    }
    return render(request, "sales/receipt_check.html", context, status=status)
