"""The last look before payment and the purchase itself, of one game or of several at once.

What cannot be bought is named and left in the basket, and the rest can be bought without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import who
from accounts.models import Player
from finance import wallets
from games import bets, draws, public_notices
from games.models import Draw, Game
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import basket, cancellation, cart, popular, purchase
from sales.cart import Part
from sales.models import Purchase

from . import refusals

CHANNEL = "web"


def last_look(
    request: HttpRequest,
    game: Game,
    own: Sequence[bets.Selection],
    others: cart.Cart,
    player: Player | None,
) -> HttpResponse:
    """Everything that will be bought, game by game; `game` is the one on whose board one was.

    What would surely be refused is said here already.
    """
    if player is None:
        back = reverse("sales:board", args=[game.code])
        return redirect(f"{reverse('accounts:login')}?next={back}")
    wanted = ({game.code: list(own)} if own else {}) | others
    found = cart.parts(wanted, channel=CHANNEL, player=player.code, now=timezone.now())
    return _look(request, game, found, player)


def _look(
    request: HttpRequest,
    game: Game,
    found: Sequence[Part],
    player: Player,
    *,
    after: Refused | None = None,
) -> HttpResponse:
    """The last look at these parts; `after` is the refusal of a purchase that left some out."""
    sound = [one for one in found if one.quote is not None]
    out = [one for one in found if one.quote is None]
    kept = cart.of(found)
    own = kept.pop(game.code, [])
    carried = {"basket_json": basket.write(own), "cart_json": cart.write(kept)}
    price = sum(one.quote.price_fen for one in sound if one.quote)
    balance = wallets.available(player)
    refusal = _refusal(player, sound, out, price=price, balance=balance)
    if refusal is not None:
        return refusals.page(request, refusal, game=game, **carried)
    now = database_time()
    groups = [_group(one) for one in sound]
    is_one = len(groups) == 1
    is_plain = len(found) == 1 and found[0].game == game
    first: Any = sound[0].quote
    context = {
        "nav": "buy",
        "now": now,
        "groups": groups,
        "is_one": is_one,
        "game": groups[0]["game"],
        "draw": first.draw,
        "left_out": [{"name": _(one.game.name), "why": str(one.refusal)} for one in out],
        "is_new": after is not None,
        "lines": sum(group["lines"] for group in groups),
        "price_fen": price,
        "after_fen": balance - price,
        "tickets": len(groups),
        "cancel_minutes": min(cancellation.minutes_of(one.game, at=now) for one in sound),
        "articles": _articles(sound, now),
        "orders_json": _orders_text(sound),
        "from_game": game.code,
        "request_key": str(uuid4()),
        "post_url": reverse("sales:buy", args=[sound[0].game.code, first.draw.issue])
        if is_plain
        else reverse("sales:buy_all"),
        "is_plain": is_plain,
        "back_url": reverse("sales:board", args=[game.code]),
        **carried,
    }
    status = after.status if after is not None else 200
    return render(request, "sales/confirm.html", context, status=status)


def _articles(sound: Sequence[Part], now: datetime) -> list[str]:
    """Where it stands that tickets of these games are not taken back, each paper once."""
    found = [
        cancellation.article(one.quote.draw)
        for one in sound
        if one.quote and not cancellation.minutes_of(one.game, at=now)
    ]
    return list(dict.fromkeys(one for one in found if one))


def _refusal(
    player: Player, sound: Sequence[Part], out: Sequence[Part], *, price: int, balance: int
) -> Refused | None:
    """What would be said of the purchase as a whole."""
    if not sound:
        return next((one.refusal for one in out), None) or bets.SelectionUnreadable()
    if not player.is_verified:
        return purchase.KycRequired()
    if balance < price:
        return purchase.NotEnoughMoney(
            price_fen=price, available_fen=balance, missing_fen=price - balance
        )
    return None


def _group(one: Part) -> dict[str, Any]:
    quote: Any = one.quote
    return {
        "game": {"code": one.game.code, "name": _(one.game.name)},
        "draw": quote.draw,
        "notices": public_notices.of_draw(quote.draw),
        "lines": quote.lines,
        "price_fen": quote.price_fen,
        "picks": cart.picks(quote),
        "popular": popular.told(quote.draw, [one.selection for one in quote.selections]),
    }


def _orders_text(found: Sequence[Part]) -> str:
    rows = [
        {
            "game": one.game.code,
            "issue": one.quote.draw.issue if one.quote else "",
            "rows": [basket.as_row(selection) for selection in one.selections],
        }
        for one in found
    ]
    return json.dumps(rows, separators=(",", ":"))


@require_POST
def buy(request: HttpRequest, game_code: str, issue: str) -> HttpResponse:
    """Pay for what was confirmed of one game, for the draw that was shown, and for no other."""
    try:
        draw = draws.of_issue(game_code, issue)
    except draws.DrawUnknown as unknown:
        raise Http404 from unknown
    text, key = request.POST.get("basket", ""), _key(request)
    others = request.POST.get("cart", "") or "{}"
    try:
        asked = basket.read(text)
        bought = _buy(request, [(draw, asked)], key)
    except Refused as refusal:
        return refusals.page(request, refusal, game=draw.game, basket_json=text, cart_json=others)
    address = reverse("sales:ticket", args=[bought.sold()[0].code])
    return _see(f"{address}?bought=1")


@require_POST
def buy_all(request: HttpRequest) -> HttpResponse:
    """Pay for what was confirmed of several games: one purchase, a ticket for each draw.

    Where one of the draws does not take tickets any more nothing is charged; it is named, and the
    last look at the others comes back.
    """
    key = _key(request)
    try:
        orders = _orders(request.POST.get("orders", ""))
    except bets.SelectionUnreadable as refusal:
        return refusals.page(request, refusal, game=_board_of(request, []))
    try:
        bought = _buy(request, orders, key)
    except Refused as refusal:
        return _rest(request, orders, refusal)
    sold = bought.sold()
    if len(sold) == 1:
        return _see(f"{reverse('sales:ticket', args=[sold[0].code])}?bought=1")
    return _see(f"{reverse('sales:tickets')}?bought={bought.code}")


def _rest(
    request: HttpRequest, orders: Sequence[tuple[Draw, list[bets.Selection]]], refusal: Refused
) -> HttpResponse:
    """What is left to buy when a purchase of several games was refused."""
    player, now = who.player(request.user), timezone.now()
    found = []
    for draw, selections in orders:
        one = cart.part(
            draw.game, selections, channel=CHANNEL, player=player.code, now=now, draw=draw
        )
        if refusal.figures.get("draw") == draw.code:
            one = replace(one, quote=None, refusal=refusal)
        found.append(one)
    game = _board_of(request, found)
    carried = cart.of(found)
    own = carried.pop(game.code, [])
    kept = _others_left(request)
    if any(one.quote is None for one in found) and any(one.quote is not None for one in found):
        known = {one.game.code for one in found}
        left = {code: some for code, some in kept.items() if code not in known}
        found += cart.parts(left, channel=CHANNEL, player=player.code, now=now)
        return _look(request, game, found, player, after=refusal)
    return refusals.page(
        request,
        refusal,
        game=game,
        basket_json=basket.write(own),
        cart_json=cart.write({**kept, **carried}),
    )


def _others_left(request: HttpRequest) -> cart.Cart:
    """What the page carried besides: games that were left out before."""
    try:
        return cart.read(request.POST.get("cart", ""))
    except Refused:
        return {}


def _board_of(request: HttpRequest, found: Sequence[Part]) -> Game:
    """The game on whose board the purchase began."""
    code = request.POST.get("game", "")
    game = Game.objects.filter(code=code, is_shadow=False).first()
    if game is None:
        game = found[0].game if found else Game.objects.filter(is_shadow=False).earliest("position")
    return game


def _orders(text: str) -> list[tuple[Draw, list[bets.Selection]]]:
    """The draws and selections that were confirmed, or `SelectionUnreadable`."""
    if len(text) > basket.LONGEST:
        raise bets.SelectionUnreadable
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise bets.SelectionUnreadable from exc
    if not isinstance(rows, list) or not 1 <= len(rows) <= cart.MOST_GAMES:
        raise bets.SelectionUnreadable
    return [_order(row) for row in rows]


def _order(row: object) -> tuple[Draw, list[bets.Selection]]:
    if not isinstance(row, Mapping) or not isinstance(row.get("rows"), list):
        raise bets.SelectionUnreadable
    code, issue = row.get("game"), row.get("issue")
    if not isinstance(code, str) or not isinstance(issue, str):
        raise bets.SelectionUnreadable
    try:
        draw = draws.of_issue(code, issue)
    except draws.DrawUnknown as unknown:
        raise bets.SelectionUnreadable from unknown
    return draw, [basket.read_one(one) for one in row["rows"]]


def _buy(
    request: HttpRequest, asked: Sequence[tuple[Draw, list[bets.Selection]]], key: UUID
) -> Purchase:
    return purchase.buy(
        player=who.player(request.user),
        orders=[purchase.Order(draw=draw, selections=some) for draw, some in asked],
        request_key=key,
        channel=CHANNEL,
        now=timezone.now(),
    )


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_key", ""))
    except ValueError:
        raise Http404 from None


def _see(address: str) -> HttpResponse:
    response = redirect(address)
    response.status_code = 303
    return response
