"""The room in JSON: games, draws, published results. Open to everybody."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import announcements, draws, licences, minutes, rule_sheets, rules, seals, switches
from .models import Draw, Game, SealStatement
from .seal_models import SealPublication

MOST_ROWS = 100
PUBLIC_NUMBERS = draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]


class GameOut(serializers.Serializer[dict[str, Any]]):
    """A game on sale."""

    code = serializers.CharField()
    name = serializers.CharField()
    rule = serializers.CharField()
    price_fen = serializers.IntegerField()
    ticket_cap_fen = serializers.IntegerField()
    is_on_sale = serializers.BooleanField(help_text="Licence in force and nothing switched off.")
    draw = serializers.CharField(allow_null=True, help_text="The draw that takes tickets now.")


class SealOut(serializers.Serializer[dict[str, Any]]):
    """The seal under a draw."""

    root = serializers.CharField()  # type: ignore[assignment]  # a field, not the serializer's own
    previous_root = serializers.CharField(allow_blank=True)
    tickets = serializers.IntegerField()
    lines = serializers.IntegerField()
    stake_fen = serializers.IntegerField()
    file_digest = serializers.CharField()
    closed_at = serializers.DateTimeField()
    sealed_at = serializers.DateTimeField()


class SealSignatureOut(serializers.Serializer[dict[str, Any]]):
    """A signature over the exact bytes of the statement."""

    role = serializers.CharField()
    key_id = serializers.CharField()
    algorithm = serializers.CharField()
    signature = serializers.CharField(help_text="Base64.")
    signed_at = serializers.CharField()


class PublicKeyOut(serializers.Serializer[dict[str, Any]]):
    """A key that signed, and when it counts."""

    key_id = serializers.CharField()
    role = serializers.CharField()
    algorithm = serializers.CharField()
    public_key = serializers.CharField(help_text="Base64.")
    valid_from = serializers.CharField()
    revoked_at = serializers.CharField(allow_null=True)


class PublishedSealOut(serializers.Serializer[dict[str, Any]]):
    """A published seal: the text that was signed, who signed it, and the keys to check that."""

    draw = serializers.CharField()
    root = serializers.CharField()  # type: ignore[assignment]  # a field, not the serializer's own
    previous_root = serializers.CharField(allow_blank=True)
    statement = serializers.CharField(help_text="Exactly the text that was signed.")
    published_at = serializers.CharField()
    signatures = SealSignatureOut(many=True)
    keys = PublicKeyOut(many=True)


class DrawOut(serializers.Serializer[dict[str, Any]]):
    """A draw and what is public of it."""

    code = serializers.CharField()
    game = serializers.CharField()
    issue = serializers.CharField()
    state = serializers.ChoiceField(choices=Draw.State.choices)
    rule = serializers.CharField()
    rule_digest = serializers.CharField()
    special_on = serializers.BooleanField()
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    draws_at = serializers.DateTimeField()
    numbers = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), allow_null=True
    )
    seal = SealOut(allow_null=True)


class TierOut(serializers.Serializer[dict[str, Any]]):
    """One tier; null is what the source does not say."""

    tier = serializers.IntegerField()
    winners = serializers.IntegerField(allow_null=True)
    prize_fen = serializers.IntegerField(allow_null=True)


class AnnouncementOut(serializers.Serializer[dict[str, Any]]):
    """A result as published."""

    game = serializers.CharField()
    issue = serializers.CharField()
    drawn_on = serializers.DateField()
    numbers = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    sales_fen = serializers.IntegerField(allow_null=True)
    pool_fen = serializers.IntegerField(allow_null=True)
    tiers = TierOut(many=True)
    special_on = serializers.BooleanField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    source = serializers.CharField()  # type: ignore[assignment]  # a field, as above
    is_ours = serializers.BooleanField()


class MinutesOut(serializers.Serializer[dict[str, Any]]):
    """The signed minutes of a published draw."""

    draw = serializers.CharField()
    edition = serializers.IntegerField()
    text = serializers.CharField(help_text="Canonical JSON, exactly what was signed.")
    digest = serializers.CharField(help_text="SHA-256 of the text in UTF-8.")
    signed_at = serializers.DateTimeField()


class _DrawsAsked(serializers.Serializer[dict[str, Any]]):
    game = serializers.SlugField(required=False, max_length=20)
    state = serializers.ChoiceField(choices=Draw.State.choices, required=False)


class _AnnouncementsAsked(serializers.Serializer[dict[str, Any]]):
    game = serializers.SlugField(required=False, max_length=20, default="ssq")
    before = serializers.RegexField(r"^[0-9]{5,7}$", required=False)


class GamesView(APIView):
    """What can be played."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: GameOut(many=True)})
    def get(self, _request: Request) -> Response:
        """Every game of the real books."""
        now = timezone.now()
        games = Game.objects.filter(is_shadow=False).order_by("position")
        return Response([_game(game, now) for game in games])


class DrawsView(APIView):
    """Draws, those that close last first."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter("game", str, description="Code of a game."),
            OpenApiParameter("state", str, enum=Draw.State.values),
        ],
        responses={200: DrawOut(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The last hundred draws that match."""
        asked = _DrawsAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = Draw.objects.real().select_related("game", "rule", "seal__publication", "result")
        if game := asked.validated_data.get("game"):
            found = found.filter(game__code=game)
        if state := asked.validated_data.get("state"):
            found = found.filter(state=state)
        return Response([_draw(draw) for draw in found.order_by("-closes_at")[:MOST_ROWS]])


class DrawView(APIView):
    """One draw."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: DrawOut})
    def get(self, _request: Request, code: str) -> Response:
        """The draw called `code`."""
        draw = (
            Draw.objects.real()
            .select_related("game", "rule", "seal__publication", "result")
            .filter(code=code)
            .first()
        )
        if draw is None:
            raise draws.DrawUnknown(draw=code)
        return Response(_draw(draw))


class MinutesView(APIView):
    """The minutes of one draw."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: MinutesOut})
    def get(self, _request: Request, code: str) -> Response:
        """The last edition, once the draw is published."""
        draw = Draw.objects.real().filter(code=code).first()
        if draw is None:
            raise draws.DrawUnknown(draw=code)
        made = minutes.last_signed(draw)
        is_public = draw.state in {Draw.State.PUBLISHED, Draw.State.ARCHIVED}
        if made is None or not is_public:
            raise minutes.NotPublic(draw=code)
        return Response(
            {
                "draw": draw.code,
                "edition": made.edition,
                "text": made.body,
                "digest": made.digest,
                "signed_at": made.signature.signed_at,
            }
        )


class SealView(APIView):
    """The seal of one draw."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: PublishedSealOut})
    def get(self, _request: Request, code: str) -> Response:
        """Statement, signatures and keys, once the seal is published; 404 before."""
        draw = Draw.objects.real().filter(code=code).first()
        if draw is None:
            raise draws.DrawUnknown(draw=code)
        return Response(seals.as_json(seals.of(draw)))


class AnnouncementsView(APIView):
    """Published results, newest first."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter("game", str, description="Code of a game; ssq unless said otherwise."),
            OpenApiParameter("before", str, description="Only issues before this one."),
        ],
        responses={200: AnnouncementOut(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The last hundred results that match."""
        asked = _AnnouncementsAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        game = Game.objects.filter(code=asked.validated_data["game"], is_shadow=False).first()
        if game is None:
            raise rules.UnknownGame(game=asked.validated_data["game"])
        found = announcements.of_game(game)
        if before := asked.validated_data.get("before"):
            found = found.filter(issue__lt=before)
        return Response([announcements.as_json(row) for row in found[:MOST_ROWS]])


def _game(game: Game, now: Any) -> dict[str, Any]:
    version = rule_sheets.current(game, now=now)
    draw = draws.on_sale(game.code, now=now)
    return {
        "code": game.code,
        "name": str(rules.GAMES[game.rules_game].label),
        "rule": version.code,
        "price_fen": version.price_fen,
        "ticket_cap_fen": version.ticket_cap_fen,
        "is_on_sale": switches.off_for(game=game.code, channel="api") is None
        and licences.in_force(game, at=now, channel="api") is not None,
        "draw": draw.code if draw else None,
    }


def _draw(draw: Draw) -> dict[str, Any]:
    return {
        "code": draw.code,
        "game": draw.game.code,
        "issue": draw.issue,
        "state": draw.state,
        "rule": draw.rule.code,
        "rule_digest": draw.rule.digest,
        "special_on": draw.special_on,
        "opens_at": draw.opens_at,
        "closes_at": draw.closes_at,
        "draws_at": draw.draws_at,
        "numbers": draw.result.numbers if draw.state in PUBLIC_NUMBERS else None,
        "seal": _seal(draw),
    }


def _seal(draw: Draw) -> dict[str, Any] | None:
    try:
        seal = draw.seal
        seal.publication  # noqa: B018 - what is not published is not shown
    except (SealStatement.DoesNotExist, SealPublication.DoesNotExist):
        return None
    return {
        "root": seal.root,
        "previous_root": seal.previous_root,
        "tickets": seal.tickets,
        "lines": seal.lines,
        "stake_fen": seal.stake,
        "file_digest": seal.file_digest,
        "closed_at": seal.closed_at,
        "sealed_at": seal.sealed_at,
    }


routes = [
    path("games/", GamesView.as_view(), name="games"),
    path("draws/", DrawsView.as_view(), name="draws"),
    path("draws/<slug:code>/seal/", SealView.as_view(), name="seal"),
    path("draws/<slug:code>/", DrawView.as_view(), name="draw"),
    path("draws/<slug:code>/minutes/", MinutesView.as_view(), name="minutes"),
    path("announcements/", AnnouncementsView.as_view(), name="announcements"),
]
