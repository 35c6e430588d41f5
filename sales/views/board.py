"""The number board, the last look before payment, and the purchase itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import who
from accounts.models import Player, User
from finance import wallets
from games import bets, draws, odds, public_notices, quick_pick
from games.models import Draw, Game
from games.rules import RuleVersion
from lottery_portal.lib import board_words
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import basket, cancellation, offers, purchase, quotes
from sales import plans as plan_rules

from . import plans, refusals

CHANNEL = "web"
MOST_QUICK_PICKS = 5
MOST_BYTES = 100_000  # two hundred picks of every number there is are shorter


def _game(code: str) -> Game:
    return get_object_or_404(Game, code=code, is_shadow=False)


def _player(request: HttpRequest) -> Player | None:
    """The player who looks at the board; staff and visitors have none."""
    user = request.user
    if not isinstance(user, User) or user.is_staff:
        return None
    try:
        return who.player(user)
    except who.NotAPlayer:
        return None


@require_http_methods(["GET", "POST"])
def board(request: HttpRequest, game_code: str) -> HttpResponse:
    """Choose numbers; `confirm` goes on to the last look, everything else comes back here."""
    game = _game(game_code)
    player = _player(request)
    try:
        draw = offers.on_sale(
            game, channel=CHANNEL, player=player.code if player else "", now=timezone.now()
        )
    except Refused as refusal:
        return refusals.page(request, refusal, game=game)
    if request.method == "GET":
        return _board(request, draw, [])
    try:
        kept = basket.read(request.POST.get("basket", ""))
    except Refused as refusal:
        return _board(request, draw, [], problem=str(refusal), status=400)
    boxes = basket.from_boxes(quotes.version_of(draw.rule), request.POST)
    if request.POST.get("action") in {"add", "confirm"}:
        return _take(request, draw, kept, boxes, player)
    return _edit(request, draw, kept, boxes)


def _edit(
    request: HttpRequest, draw: Draw, kept: list[bets.Selection], boxes: bets.Selection | None
) -> HttpResponse:
    """The buttons that only change basket or boxes, for pages without script."""
    deed, times = request.POST.get("action", ""), basket.multiplier_of(request.POST)
    if deed.startswith("quick-pick-"):
        version = quotes.version_of(draw.rule)
        count = _count(deed.removeprefix("quick-pick-"))
        kept = kept + [quick_pick.pick(version, multiplier=times) for _one in range(count)]
        times = 1
    elif deed.startswith("remove-"):
        place = deed.removeprefix("remove-")
        kept = [one for at, one in enumerate(kept) if str(at) != place]
    elif deed == "empty-basket":
        kept = []
    elif deed == "clear":
        boxes = None
    return _board(request, draw, kept, boxes=boxes, multiplier=times)


def _take(
    request: HttpRequest,
    draw: Draw,
    kept: list[bets.Selection],
    boxes: bets.Selection | None,
    player: Player | None,
) -> HttpResponse:
    """Put the boxes into the basket, and on `confirm` go on to the last look."""
    asked = [*kept, boxes] if boxes is not None else kept
    try:
        quote = quotes.quote(draw=draw, selections=asked, now=timezone.now())
    except Refused as refusal:
        return _board(
            request,
            draw,
            kept,
            boxes=boxes,
            problem=str(refusal),
            status=refusal.status,
            multiplier=basket.multiplier_of(request.POST),
        )
    if request.POST["action"] == "add":
        return _board(request, draw, asked)
    if (count := plans.wanted(request)) != 1 and player is not None:
        return _confirm_plan(request, quote, player, asked, count=count)
    return _confirm(request, quote, player)


def _confirm_plan(
    request: HttpRequest,
    quote: quotes.Quote,
    player: Player,
    asked: list[bets.Selection],
    *,
    count: int,
) -> HttpResponse:
    """The last look before a plan; how many draws it may have is said on the board."""
    try:
        plan_rules.check_draws(count)
    except Refused as refusal:
        return _board(request, quote.draw, asked, problem=str(refusal), status=refusal.status)
    return plans.confirm(request, quote, player, count=count)


def _confirm(request: HttpRequest, quote: quotes.Quote, player: Player | None) -> HttpResponse:
    """The last look before payment; what would surely be refused is said here already."""
    game = quote.draw.game
    basket_json = basket.write([checked.selection for checked in quote.selections])
    if player is None:
        back = reverse("sales:board", args=[game.code])
        return redirect(f"{reverse('accounts:login')}?next={back}")
    balance = wallets.available(player)
    refusal: Refused | None = None
    if not player.is_verified:
        refusal = purchase.KycRequired()
    elif balance < quote.price_fen:
        refusal = purchase.NotEnoughMoney(
            price_fen=quote.price_fen,
            available_fen=balance,
            missing_fen=quote.price_fen - balance,
        )
    if refusal is not None:
        return refusals.page(request, refusal, game=game, basket_json=basket_json)
    context = {
        "nav": "buy",
        "game": _named(game),
        "draw": quote.draw,
        "notices": public_notices.of_draw(quote.draw),
        "now": database_time(),
        "lines": quote.lines,
        "price_fen": quote.price_fen,
        "after_fen": balance - quote.price_fen,
        "picks": [basket.shown(quote.version, checked) for checked in quote.selections],
        "tickets": 1,
        "cancel_minutes": cancellation.minutes_of(game, at=database_time()),
        "basket_json": basket_json,
        "request_key": str(uuid4()),
        "post_url": reverse("sales:buy", args=[game.code, quote.draw.issue]),
        "back_url": reverse("sales:board", args=[game.code]),
    }
    return render(request, "sales/confirm.html", context)


@require_POST
def buy(request: HttpRequest, game_code: str, issue: str) -> HttpResponse:
    """Pay for what was confirmed, for the draw that was shown, and for no other."""
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
        bought = purchase.buy(
            player=who.player(request.user),
            orders=[purchase.Order(draw=draw, selections=basket.read(text))],
            request_key=key,
            channel=CHANNEL,
            now=timezone.now(),
        )
    except Refused as refusal:
        return refusals.page(request, refusal, game=draw.game, basket_json=text)
    address = reverse("sales:ticket", args=[bought.sold()[0].code])
    response = redirect(f"{address}?bought=1")
    response.status_code = 303
    return response


@require_POST
def quick(request: HttpRequest, game_code: str) -> HttpResponse:
    """One to five random lines for the board's script."""
    game = _game(game_code)
    try:
        draw = offers.on_sale(game, channel=CHANNEL, player="", now=timezone.now())
    except Refused as refusal:
        return JsonResponse(refusal.as_json(), status=refusal.status)
    version = quotes.version_of(draw.rule)
    count = _count(request.POST.get("count", "1"))
    picked = [quick_pick.pick(version) for _one in range(count)]
    return JsonResponse({"selections": [basket.as_row(one) for one in picked]})


@require_POST
def quote(request: HttpRequest, game_code: str) -> HttpResponse:
    """Lines, price and chances of what lies on the board, judged by the server.

    `any_one_in` is null where it is not counted, and `why_not` says why.
    """
    game = _game(game_code)
    try:
        asked = _asked(request.body)
        draw = offers.on_sale(game, channel=CHANNEL, player="", now=timezone.now())
        quoted = quotes.quote(draw=draw, selections=asked, now=timezone.now())
    except Refused as refusal:
        return JsonResponse(refusal.as_json(), status=refusal.status)
    first, any_one_in, why_not = 1 / quoted.first_prize(), None, ""
    try:
        any_one_in = odds.one_in(quoted.odds().any_prize)
    except quotes.OddsNotCounted as refusal:
        why_not = str(refusal)
        if len(quoted.selections) > quotes.MOST_COUNTED:
            why_not = _("The chance of any prize is counted only for up to %(most)s picks.") % {
                "most": quotes.MOST_COUNTED
            }
    return JsonResponse(
        {
            "lines": quoted.lines,
            "price_fen": quoted.price_fen,
            "first_one_in": -(-first.numerator // first.denominator),
            "any_one_in": any_one_in,
            "why_not": why_not,
        }
    )


def _asked(body: bytes) -> list[bets.Selection]:
    if len(body) > MOST_BYTES:
        raise bets.SelectionUnreadable
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise bets.SelectionUnreadable from exc
    rows = content.get("selections") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise bets.SelectionUnreadable
    if len(rows) > quotes.MOST_SELECTIONS:
        raise quotes.TooManySelections(most=quotes.MOST_SELECTIONS, given=len(rows))
    return [basket.read_one(row) for row in rows]


def _count(text: str) -> int:
    """How many were asked for; a number that long is no number of picks."""
    is_number = text.isascii() and text.isdigit() and len(text) < 6  # noqa: PLR2004 - no count has six digits
    return min(max(int(text), 1), MOST_QUICK_PICKS) if is_number else 1


def _named(game: Game) -> dict[str, str]:
    return {"code": game.code, "name": _(game.name)}


def _board(
    request: HttpRequest,
    draw: Draw,
    kept: Sequence[bets.Selection],
    *,
    boxes: bets.Selection | None = None,
    problem: str = "",
    status: int = 200,
    multiplier: int = 1,
) -> HttpResponse:
    version = quotes.version_of(draw.rule)
    sound, broken = _checked(version, kept)
    chances = offers.one_line(version, special_on=draw.special_on)
    zones = _zones(version, boxes)
    code = draw.game.code
    context = {
        "nav": "buy",
        "game": _named(draw.game),
        "draw": draw,
        "notices": public_notices.now_told(now=timezone.now(), game=code),
        "now": database_time(),
        "pool_fen": offers.pool_of(draw.game),
        "price_fen": version.price_fen,
        "cap_fen": version.ticket_cap_fen,
        "max_multiplier": version.multiplier_most,
        "zones": zones,
        "zones_json": board_words.zones(zones),
        "mode": _mode(request, boxes, kept),
        "multiplier": multiplier,
        "count": plans.wanted(request),
        "most_draws": plan_rules.MOST_DRAWS,
        "basket": [basket.shown(version, checked) for checked in sound],
        "basket_json": basket.write([checked.selection for checked in sound]),
        "adds": request.method == "POST" and "basket" not in request.POST,
        "lines_in_basket": sum(checked.lines for checked in sound),
        "sum_fen": sum(checked.amount_fen for checked in sound),
        "total_lines": int(1 / chances.first_prize),
        "any_one_in": odds.one_in(chances.any_prize),
        "request_key": str(uuid4()),
        "post_url": reverse("sales:board", args=[code]),
        "quick_pick_url": reverse("sales:quick_pick", args=[code]),
        "quote_url": reverse("sales:quote", args=[code]),
        "odds_url": reverse("help_page", args=["rules"]),
        "problem": problem or broken,
    }
    return render(request, "sales/board.html", context, status=status)


def _mode(
    request: HttpRequest, boxes: bets.Selection | None, kept: Sequence[bets.Selection]
) -> str:
    if request.POST.get("mode") in {"banker", "multiple"}:
        return request.POST["mode"]
    return "banker" if any(any(one.bankers) for one in (boxes, *kept) if one) else "multiple"


def _checked(
    version: RuleVersion, kept: Sequence[bets.Selection]
) -> tuple[list[bets.CheckedSelection], str]:
    """What of a basket the rules allow, and what is wrong with the rest."""
    sound, broken = [], ""
    for selection in kept:
        try:
            sound.append(bets.check(version, selection))
        except Refused as refusal:
            broken = str(refusal)
    return sound, broken


def _zones(version: RuleVersion, boxes: bets.Selection | None) -> list[dict[str, Any]]:
    labels = {"red": (_("Red balls"), _("red")), "blue": (_("Blue balls"), _("blue"))}
    play = version.play_of(boxes.bet_type) if boxes else version.plays[0]
    banker = next(
        (
            one
            for one in version.bet_types
            if one.play == play.code and any(taken.bankers_most for taken in one.ranges)
        ),
        None,
    )
    rows = []
    for at, zone in enumerate(play.places):
        label, spoken = labels.get(zone.code, (str(zone.label), str(zone.label)))
        rows.append(
            {
                "name": zone.code,
                "label": label,
                "spoken": spoken,
                "of": zone.size,
                "take": zone.picked,
                "bankers": banker.ranges[at].bankers_most if banker else 0,
                "chosen": list(boxes.picks[at]) if boxes else [],
                "chosen_bankers": list(boxes.bankers[at]) if boxes else [],
                "limited": [],
            }
        )
    return rows
