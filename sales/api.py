"""Quotes, purchases and tickets in JSON, for programs of the person logged in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import who
from accounts.models import Player
from games import bets, draws, odds
from lottery_portal.lib import codes

from . import offers, purchase, quotes, tickets
from .models import Purchase

CHANNEL = "api"
PAGE = 50

Json = dict[str, Any]


class RefusalShown(serializers.Serializer[Json]):
    """How we say no: a stable code, a sentence, and the figures of the case."""

    code = serializers.CharField(help_text="Stable; for machines.")
    detail = serializers.CharField(help_text="For people, in the language of the request.")


MOST_PLACES = 10  # of a bet; the rules say how many


class SelectionInput(serializers.Serializer[Json]):
    """One set of numbers."""

    bet_type = serializers.CharField(
        max_length=12, help_text="single, multiple, banker … of the game"
    )
    picks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), max_length=100),
        max_length=MOST_PLACES,
        help_text="Numbers per place of the bet; with bankers these are the drags.",
    )
    bankers = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), max_length=100),
        max_length=MOST_PLACES,
        required=False,
    )
    multiplier = serializers.IntegerField(required=False, default=1)
    quick_pick = serializers.BooleanField(required=False, default=False)


class TicketInput(serializers.Serializer[Json]):
    """One ticket: selections for one draw."""

    draw = serializers.CharField(max_length=32, help_text="Code of the draw, such as ssq-2026110.")
    selections = SelectionInput(many=True)


class PurchaseInput(serializers.Serializer[Json]):
    """One or more tickets, bought as one or not at all."""

    request_key = serializers.UUIDField(
        help_text="Made by the caller, once per purchase. Repeating it with the same tickets gives"
        " the first answer again; with others it is refused."
    )
    tickets = TicketInput(many=True)


class ChanceShown(serializers.Serializer[Json]):
    """The chance of a line or more in one prize tier."""

    tier = serializers.IntegerField()
    name = serializers.CharField()
    one_in = serializers.CharField()


class QuoteShown(serializers.Serializer[Json]):
    """What it would cost, and the chances. Odds that cannot be counted exactly are null."""

    draw = serializers.CharField()
    lines = serializers.IntegerField()
    price_fen = serializers.IntegerField()
    first_prize_one_in = serializers.CharField(allow_null=True)
    any_prize_one_in = serializers.CharField(allow_null=True)
    tiers = ChanceShown(many=True, allow_null=True, help_text="Best first.")
    closes_at = serializers.DateTimeField()
    server_time = serializers.DateTimeField()


class TicketSold(serializers.Serializer[Json]):
    """One ticket of a purchase."""

    code = serializers.CharField()
    game = serializers.CharField()
    draw = serializers.CharField()
    issue = serializers.CharField()
    price_fen = serializers.IntegerField()
    lines = serializers.IntegerField()
    sold_at = serializers.DateTimeField(help_text="By the database's clock.")


class PurchaseShown(serializers.Serializer[Json]):
    """A purchase that stands."""

    code = serializers.CharField()
    account = serializers.CharField()
    request_key = serializers.UUIDField()
    price_fen = serializers.IntegerField()
    channel = serializers.CharField()
    bought_at = serializers.DateTimeField()
    tickets = TicketSold(many=True)


class SelectionShown(serializers.Serializer[Json]):
    """One selection of a ticket."""

    bet_type = serializers.CharField()
    bankers = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    picks = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    multiplier = serializers.IntegerField()
    quick_pick = serializers.BooleanField()
    lines = serializers.IntegerField()
    amount_fen = serializers.IntegerField()
    text = serializers.CharField(help_text="Canonical, as in the sealed file.")


class ReceiptShown(serializers.Serializer[Json]):
    """Our signature, and what it is over."""

    format_version = serializers.IntegerField()
    line = serializers.CharField()
    leaf = serializers.CharField()
    key_id = serializers.CharField()
    signature = serializers.CharField(help_text="Ed25519, base64.")


class TicketShown(serializers.Serializer[Json]):
    """Everything that makes a ticket, and how far it has come."""

    code = serializers.CharField()
    game = serializers.CharField()
    draw = serializers.CharField()
    issue = serializers.CharField()
    rule = serializers.CharField()
    state = serializers.CharField(
        help_text="waiting, sealed, drawn, lost, won, paid, refunded, cancelled (taken back)"
    )
    price_fen = serializers.IntegerField()
    lines = serializers.IntegerField()
    channel = serializers.CharField()
    sold_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    draws_at = serializers.DateTimeField()
    claim_days = serializers.IntegerField()
    claim_until = serializers.DateField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True, help_text="Taken back by its owner.")
    selections = SelectionShown(many=True)
    prize_fen = serializers.IntegerField(allow_null=True)
    receipt = ReceiptShown()


class TicketPage(serializers.Serializer[Json]):
    """Tickets, newest first."""

    next_before = serializers.CharField(allow_null=True, help_text="Send as `before` for more.")
    tickets = TicketShown(many=True)


def _refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    return {code: OpenApiResponse(RefusalShown) for code in statuses}


def _player(request: Request) -> Player:
    return who.player(request.user)


def _orders(rows: Sequence[Json]) -> list[purchase.Order]:
    """The tickets asked for; each draw is read once."""
    found = {code: draws.find(code) for code in dict.fromkeys(row["draw"] for row in rows)}
    return [
        purchase.Order(
            draw=found[row["draw"]],
            selections=[bets.from_fields(one) for one in row["selections"]],
        )
        for row in rows
    ]


class Quotes(APIView):
    """What selections cost."""

    @extend_schema(
        request=TicketInput, responses={200: QuoteShown, **_refusals(400, 404, 409, 503)}
    )
    def post(self, request: Request) -> Response:
        """Lines, price and chances of one ticket; nothing is bought."""
        asked = TicketInput(data=request.data)
        asked.is_valid(raise_exception=True)
        (order,) = _orders([asked.validated_data])
        now = timezone.now()
        offers.on_sale(order.draw.game, channel=CHANNEL, player=_player(request).code, now=now)
        quote = quotes.quote(draw=order.draw, selections=order.selections, now=now)
        try:
            chances = quote.odds()
        except quotes.OddsNotCounted:
            first = some = tiers = None
        else:
            first, some = odds.one_in(chances.first_prize), odds.one_in(chances.any_prize)
            tiers = [
                {
                    "tier": number,
                    "name": str(quote.version.tier(number).label),
                    "one_in": odds.one_in(chance),
                }
                for number, chance in chances.per_tier.items()
                if chance
            ]
        return Response(
            {
                "draw": order.draw.code,
                "lines": quote.lines,
                "price_fen": quote.price_fen,
                "first_prize_one_in": first,
                "any_prize_one_in": some,
                "tiers": tiers,
                "closes_at": order.draw.closes_at,
                "server_time": now,
            }
        )


class Purchases(APIView):
    """Buying."""

    @extend_schema(
        request=PurchaseInput,
        responses={201: PurchaseShown, **_refusals(400, 403, 404, 409, 422, 503)},
    )
    def post(self, request: Request) -> Response:
        """Buy tickets: all of them, once, or none."""
        asked = PurchaseInput(data=request.data)
        asked.is_valid(raise_exception=True)
        player = _player(request)
        bought = purchase.buy(
            player=player,
            orders=_orders(asked.validated_data["tickets"]),
            request_key=asked.validated_data["request_key"],
            channel=CHANNEL,
            now=timezone.now(),
        )
        return Response(_shown(bought, player), status=status.HTTP_201_CREATED)


class OnePurchase(APIView):
    """A purchase."""

    @extend_schema(responses={200: PurchaseShown, **_refusals(404)})
    def get(self, request: Request, code: str) -> Response:
        """One of my purchases."""
        player = _player(request)
        return Response(_shown(purchase.find(player_id=player.pk, code=codes.typed(code)), player))


class Tickets(APIView):
    """Tickets."""

    @extend_schema(
        operation_id="tickets_list",
        parameters=[
            OpenApiParameter("show", str, enum=["waiting", "won", "all"]),
            OpenApiParameter("before", str, description="The `next_before` of a page."),
        ],
        responses={200: TicketPage, **_refusals(404)},
    )
    def get(self, request: Request) -> Response:
        """My tickets, newest first, fifty at a time."""
        player = _player(request)
        found = tickets.of(player.pk, show=request.query_params.get("show", "all"))
        if before := request.query_params.get("before"):
            last = tickets.find(player_id=player.pk, code=codes.typed(before))
            found = found.filter(pk__lt=last.pk)
        rows = list(found[: PAGE + 1])
        shown = tickets.read(rows[:PAGE], player_id=player.pk)
        return Response(
            {
                "next_before": rows[PAGE - 1].code if len(rows) > PAGE else None,
                "tickets": [tickets.as_json(one) for one in shown],
            }
        )


class OneTicket(APIView):
    """A ticket."""

    @extend_schema(responses={200: TicketShown, **_refusals(404)})
    def get(self, request: Request, code: str) -> Response:
        """One of my tickets."""
        player = _player(request)
        row = tickets.find(player_id=player.pk, code=codes.typed(code))
        (one,) = tickets.read([row], player_id=player.pk)
        return Response(tickets.as_json(one))


def _shown(bought: Purchase, player: Player) -> Json:
    return {
        "code": bought.code,
        "account": player.code,
        "request_key": bought.request_key,
        "price_fen": bought.price,
        "channel": bought.channel,
        "bought_at": bought.bought_at,
        "tickets": [
            {
                "code": ticket.code,
                "game": ticket.draw.game.code,
                "draw": ticket.draw.code,
                "issue": ticket.draw.issue,
                "price_fen": ticket.price,
                "lines": ticket.lines,
                "sold_at": ticket.sold_at,
            }
            for ticket in bought.sold()
        ],
    }


routes = [
    path("quotes/", Quotes.as_view(), name="quotes"),
    path("purchases/", Purchases.as_view(), name="purchases"),
    path("purchases/<str:code>/", OnePurchase.as_view(), name="purchase"),
    path("tickets/", Tickets.as_view(), name="tickets"),
    path("tickets/<str:code>/", OneTicket.as_view(), name="ticket"),
]
