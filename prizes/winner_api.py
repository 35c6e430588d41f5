"""What was won, in JSON: statistics of winners and the large prizes of draws, for everybody (F222).

The same figures as the page and its file: sums of lines in which five people stand at least. Of a
person only what he allows at this moment is told (F100).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from games.models import Game
from lottery_portal.lib.db import database_time

from .redemption import announcements, cuts, periods, statistics, winner_words
from .redemption.announcements import Announced
from .redemption.statistics import Line

DAY = timedelta(days=1)
PERIOD = r"^\d{4}(-(Q[1-4]|0[1-9]|1[0-2]))?$"
GAME = OpenApiParameter("game", str, description="Code of a game; none: all games.")


class AmountsOut(serializers.Serializer[dict[str, Any]]):
    """Prizes of a band of amounts."""

    above_fen = serializers.IntegerField(help_text="More than this.")
    up_to_fen = serializers.IntegerField(allow_null=True, help_text="This included; null: no end.")
    prizes = serializers.IntegerField()
    amount_fen = serializers.IntegerField()


class RegionOut(serializers.Serializer[dict[str, Any]]):
    """Prizes of winners of a region."""

    region = serializers.CharField(
        allow_null=True,
        help_text="The first two digits of a citizen id; `?` where it is not known, null for all"
        " the regions that are not told apart.",
    )
    name = serializers.CharField(help_text="For people, in the language of the request.")
    prizes = serializers.IntegerField()
    amount_fen = serializers.IntegerField()


class WinnersOut(serializers.Serializer[dict[str, Any]]):
    """What was won in a published time; its days are null where nothing is published of it."""

    game = serializers.CharField(allow_blank=True, help_text="Empty: all games.")
    period = serializers.CharField(allow_null=True, help_text="Null: nothing is published yet.")
    periods = serializers.ListField(
        child=serializers.CharField(), help_text="What can be asked for, the newest first."
    )
    fewest_people = serializers.IntegerField(help_text="So many people stand in each line.")
    since_on = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    regions_last_day = serializers.DateField(
        allow_null=True, help_text="By region a quarter is told when it is over."
    )
    prizes = serializers.IntegerField()
    amount_fen = serializers.IntegerField()
    amounts = AmountsOut(many=True)
    regions = RegionOut(many=True)


class AnnouncedOut(serializers.Serializer[dict[str, Any]]):
    """The large prizes of one tier of a draw, claimed or not."""

    draw = serializers.CharField()
    game = serializers.CharField()
    issue = serializers.CharField()
    draws_at = serializers.DateTimeField()
    tier = serializers.CharField(help_text="For people, in the language of the request.")
    lines = serializers.IntegerField(help_text="Lines that won.")
    above_fen = serializers.IntegerField(help_text="What a line won is more than this.")
    up_to_fen = serializers.IntegerField(allow_null=True, help_text="This included; null: no end.")
    winners = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Of each winner who allows it, what he allows, for people; nothing else.",
    )


class AnnouncementsOut(serializers.Serializer[dict[str, Any]]):
    """Large prizes, the newest draw first."""

    announcements = AnnouncedOut(many=True)


class _WinnersAsked(serializers.Serializer[dict[str, Any]]):
    game = serializers.SlugField(required=False, max_length=20)
    period = serializers.RegexField(PERIOD, required=False)


class WinnersView(APIView):
    """Statistics of winners."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            GAME,
            OpenApiParameter(
                "period",
                {"type": "string", "pattern": PERIOD},
                description="A year, a quarter (2026-Q2) or a month (2026-05); none: the newest.",
            ),
        ],
        responses={200: WinnersOut},
    )
    def get(self, request: Request) -> Response:
        """By amount and by region; 404 for a game or a time of which nothing is published."""
        asked = _WinnersAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        game = _known(asked.validated_data.get("game", ""))
        offered = periods.known()
        wanted = asked.validated_data.get("period", offered[0].key if offered else "")
        period = next((one for one in offered if one.key == wanted), None)
        if wanted and period is None:
            raise NotFound
        found = periods.table(game, period)
        answer = {
            "game": game,
            "period": period.key if period else None,
            "periods": [one.key for one in offered],
            "fewest_people": cuts.FEWEST,
            "since_on": found.since_on,
            "last_day": found.until_on and found.until_on - DAY,
            "regions_last_day": found.regions_until_on and found.regions_until_on - DAY,
            "prizes": found.prizes,
            "amount_fen": found.fen,
            "amounts": [_amounts(line) for line in found.amounts],
            "regions": [_region(line) for line in found.regions],
        }
        return Response(WinnersOut(answer).data)


class AnnouncementsView(APIView):
    """Large prizes."""

    permission_classes = [AllowAny]

    @extend_schema(parameters=[GAME], responses={200: AnnouncementsOut})
    def get(self, request: Request) -> Response:
        """Those of the last draws in which there were any; 404 for a game that there is not."""
        asked = _WinnersAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        game = _known(asked.validated_data.get("game", ""))
        found = announcements.newest(now=database_time(), game=game)
        return Response(AnnouncementsOut({"announcements": map(_announced, found)}).data)


def _known(game: str) -> str:
    if game and not Game.objects.filter(code=game, is_shadow=False).exists():
        raise NotFound
    return game


def _amounts(line: Line) -> dict[str, Any]:
    above, up_to = statistics.band_bounds(line.keys)
    sums = {"prizes": line.prizes, "amount_fen": line.fen}
    return {"above_fen": above, "up_to_fen": up_to, **sums}


def _region(line: Line) -> dict[str, Any]:
    key = line.keys[0]
    sums = {"prizes": line.prizes, "amount_fen": line.fen}
    region = None if key == cuts.OTHERS else key
    return {"region": region, "name": winner_words.region(key), **sums}


def _announced(one: Announced) -> dict[str, Any]:
    return {
        "draw": one.draw.code,
        "game": one.draw.game.code,
        "issue": one.draw.issue,
        "draws_at": one.draw.draws_at,
        "tier": one.tier,
        "lines": one.lines,
        "above_fen": one.above_fen,
        "up_to_fen": one.up_to_fen,
        "winners": one.winners,
    }


routes = [
    path("winners/", WinnersView.as_view(), name="winners"),
    path("winners/announcements/", AnnouncementsView.as_view(), name="winner_announcements"),
]
