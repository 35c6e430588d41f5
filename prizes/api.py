"""The room in JSON: the kit of a draw, for those who check draws; what everybody checks us by."""

from __future__ import annotations

import base64
from typing import Any

from django.http import FileResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import pace
from games import draws, seals
from games.api import PublicKeyOut
from games.models import Draw, Game
from partners import ceiling_words, hours
from partners.claim_places import Place

from . import disclosure, kits, transparency
from .redemption import where

MOST_SEALS = 100


class SealedDrawOut(serializers.Serializer[dict[str, Any]]):
    """A published seal in a line; `/draws/<code>/seal/` has all of it."""

    draw = serializers.CharField()
    root = serializers.CharField()  # type: ignore[assignment]  # a field, not the serializer's own
    previous_root = serializers.CharField(allow_blank=True)
    tickets = serializers.IntegerField()
    lines = serializers.IntegerField()
    stake_fen = serializers.IntegerField()
    sealed_at = serializers.CharField()
    published_at = serializers.CharField()


class CheckpointOut(serializers.Serializer[dict[str, Any]]):
    """The log as it was: how many entries, their root, the signed note itself."""

    size = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]  # a field, as above
    at = serializers.CharField()
    cosigned_at = serializers.CharField(allow_null=True)
    note = serializers.CharField(help_text="C2SP signed note, cosigned once the witness has.")


class TransparencyOut(serializers.Serializer[dict[str, Any]]):
    """The last seal of each game, the newest checkpoint, the keys that signed them."""

    seals = SealedDrawOut(many=True)
    checkpoint = CheckpointOut(allow_null=True)
    keys = PublicKeyOut(many=True)


class ConsistencyOut(serializers.Serializer[dict[str, Any]]):
    """That the newest cosigned checkpoint only continues an older one (RFC 6962)."""

    format = serializers.CharField()
    old = serializers.IntegerField()
    new = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField()


class _SealsAsked(serializers.Serializer[dict[str, Any]]):
    game = serializers.SlugField(required=False, max_length=20)
    before = serializers.RegexField(r"^[0-9]{5,7}$", required=False)


class _ConsistencyAsked(serializers.Serializer[dict[str, Any]]):
    old = serializers.IntegerField(min_value=1, max_value=2**62)


class TransparencyView(APIView):
    """What everybody may check us by."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: TransparencyOut})
    def get(self, _request: Request) -> Response:
        """The last seal of each game, the newest checkpoint, all keys."""
        return Response(
            {
                "seals": [_seal(one) for one in transparency.latest_seals()],
                "checkpoint": _checkpoint(transparency.checkpoint()),
                "keys": _keys(),
            }
        )


class TransparencySealsView(APIView):
    """Published seals, newest first."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter("game", str, description="Code of a game."),
            OpenApiParameter("before", str, description="Only issues before this one."),
        ],
        responses={200: SealedDrawOut(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The last hundred seals that match; each names the root before it."""
        asked = _SealsAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = seals.published()
        if game := asked.validated_data.get("game"):
            found = found.filter(draw__game__code=game)
        if before := asked.validated_data.get("before"):
            found = found.filter(draw__issue__lt=before)
        return Response([_seal(one) for one in found[:MOST_SEALS]])


class TransparencyKeysView(APIView):
    """Every public key that ever counted."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: PublicKeyOut(many=True)})
    def get(self, _request: Request) -> Response:
        """Whose it is, and since when and until when it counts."""
        return Response(_keys())


class TransparencyConsistencyView(APIView):
    """For those who kept an older checkpoint."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter("old", int, required=True, description="Size of your checkpoint.")
        ],
        responses={200: ConsistencyOut},
    )
    def get(self, request: Request) -> Response:
        """The proof that nothing of the log was changed since; 404 for a size it never had."""
        asked = _ConsistencyAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(pace.consistency(old=asked.validated_data["old"]))


def _seal(statement: Any) -> dict[str, Any]:
    return {
        "draw": statement.draw.code,
        "root": statement.root,
        "previous_root": statement.previous_root,
        "tickets": statement.tickets,
        "lines": statement.lines,
        "stake_fen": statement.stake,
        "sealed_at": transparency.moment(statement.sealed_at),
        "published_at": transparency.moment(statement.publication.published_at),
    }


def _checkpoint(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    times = {name: transparency.moment(found[name]) for name in ("at", "cosigned_at")}
    return {**found, **times}


def _keys() -> list[dict[str, Any]]:
    names = ("key_id", "role", "algorithm", "public_key")
    return [
        {
            **{name: key[name] for name in names},
            "valid_from": transparency.moment(key["valid_from"]),
            "revoked_at": transparency.moment(key["revoked_at"]),
        }
        for key in transparency.keyring()
    ]


class SharesOut(serializers.Serializer[dict[str, Any]]):
    """Where the sales of a draw went, in fen."""

    prize_fen = serializers.IntegerField()
    fund_fen = serializers.IntegerField(help_text="The issuer's, where he announces the prizes.")
    fee_fen = serializers.IntegerField()
    welfare_fen = serializers.IntegerField()


class FundOut(serializers.Serializer[dict[str, Any]]):
    """What the adjustment fund paid for the draw, and what it got by rounding."""

    paid_fen = serializers.IntegerField()
    rounding_fen = serializers.IntegerField()


class IssuerOut(serializers.Serializer[dict[str, Any]]):
    """What the issuer paid, and what is owed to him; nought in a draw of an own pool."""

    paid_fen = serializers.IntegerField()
    owed_fen = serializers.IntegerField()


class PoolOut(serializers.Serializer[dict[str, Any]]):
    """A pool of the house before and after the draw."""

    code = serializers.CharField()
    before_fen = serializers.IntegerField()
    after_fen = serializers.IntegerField()


class TierMoneyOut(serializers.Serializer[dict[str, Any]]):
    """A prize tier of the draw: our winning lines, and what each got."""

    tier = serializers.IntegerField()
    winners = serializers.IntegerField()
    prize_fen = serializers.IntegerField()


class DrawMoneyOut(serializers.Serializer[dict[str, Any]]):
    """The money of a draw as it stands in the books."""

    draw = serializers.CharField()
    game = serializers.CharField()
    issue = serializers.CharField()
    mode = serializers.ChoiceField(choices=Draw.Mode.choices)
    sales_fen = serializers.IntegerField()
    allocation = SharesOut()
    fund = FundOut()
    issuer = IssuerOut()
    pools = PoolOut(many=True)
    tiers = TierMoneyOut(many=True)
    prizes_fen = serializers.IntegerField()
    unclaimed_fen = serializers.IntegerField()


class DrawMoneyView(APIView):
    """What everybody may know of the money of a draw."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[OpenApiParameter("code", str, "path", pattern=r"^[-a-zA-Z0-9_]+$")],
        responses={200: DrawMoneyOut},
    )
    def get(self, _request: Request, code: str) -> Response:
        """Sales, their parts, fund, pools and prizes of a published draw; 404 before that."""
        return Response(disclosure.of(code))


class ScopeOut(serializers.Serializer[dict[str, Any]]):
    """Up to how much a place pays prizes of a game; an empty code is every game."""

    game = serializers.CharField(allow_blank=True)
    up_to_fen = serializers.IntegerField()
    has_ceiling = serializers.BooleanField(
        help_text="False: it pays every prize; `up_to_fen` is then above any that there can be."
    )


class HoursOut(serializers.Serializer[dict[str, Any]]):
    """Opening hours of some days of the week, 1 is Monday; Beijing time."""

    first_day = serializers.IntegerField()
    last_day = serializers.IntegerField()
    opens = serializers.TimeField(format="%H:%M")
    closes = serializers.TimeField(format="%H:%M")


class ClaimPlaceOut(serializers.Serializer[dict[str, Any]]):
    """A place where prizes are claimed."""

    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=["OUTLET", "CENTRE"])
    name = serializers.CharField()
    province = serializers.CharField()
    district = serializers.CharField()
    address = serializers.CharField()
    phone = serializers.CharField()
    hours = HoursOut(many=True)
    redeems = ScopeOut(many=True)


class ClaimPlacesOut(serializers.Serializer[dict[str, Any]]):
    """Where a prize is claimed; way and figures are those of the game asked for, else null."""

    way = serializers.ChoiceField(choices=[way.value for way in where.Way], allow_null=True)
    wallet_up_to_fen = serializers.IntegerField(allow_null=True)
    outlet_up_to_fen = serializers.IntegerField(allow_null=True)
    taxed_above_fen = serializers.IntegerField(
        allow_null=True,
        help_text="Who won more in one draw, all tickets together, claims every ticket.",
    )
    places = ClaimPlaceOut(many=True)


class _PlacesAsked(serializers.Serializer[dict[str, Any]]):
    game = serializers.SlugField(required=False, max_length=20)
    amount_fen = serializers.IntegerField(required=False, min_value=1, max_value=10**15)
    together_fen = serializers.IntegerField(required=False, min_value=1, max_value=10**15)
    district = serializers.CharField(required=False, max_length=61)


class ClaimPlacesView(APIView):
    """Outlets and prize centres, for everybody."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter("game", str, description="Code of a game."),
            OpenApiParameter("amount_fen", int, description="What the ticket won, in fen."),
            OpenApiParameter(
                "together_fen",
                int,
                description="What one person won in the draw with all tickets, this one included.",
            ),
            OpenApiParameter("district", str, description="Province and district, with a gap."),
        ],
        responses={200: ClaimPlacesOut},
    )
    def get(self, request: Request) -> Response:
        """Places with authority for game and amount now; 404 for a game that there is not."""
        asked = _PlacesAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        game, fen = asked.validated_data.get("game", ""), asked.validated_data.get("amount_fen", 0)
        together = asked.validated_data.get("together_fen", 0)
        now = timezone.now()
        if game and not Game.objects.filter(code=game, is_shadow=False).exists():
            raise NotFound
        figures = where.thresholds(game, at=now) if game else None
        found = where.places(
            at=now, game=game, fen=fen, area=asked.validated_data.get("district", "")
        )
        answer = {
            "way": figures.way(fen, together=together) if figures and fen else None,
            "wallet_up_to_fen": figures.wallet_up_to if figures else None,
            "outlet_up_to_fen": figures.outlet_up_to if figures else None,
            "taxed_above_fen": figures.taxed_above if figures else None,
            "places": [_place(place) for place in found],
        }
        return Response(ClaimPlacesOut(answer).data)


def _place(place: Place) -> dict[str, Any]:
    names = ("code", "kind", "name", "province", "district", "address", "phone")
    return {
        **{name: getattr(place, name) for name in names},
        "hours": [
            {
                "first_day": span.first,
                "last_day": span.last,
                "opens": span.opens,
                "closes": span.closes,
            }
            for span in hours.read(place.hours)
        ],
        "redeems": [
            {
                "game": one.game,
                "up_to_fen": one.up_to,
                "has_ceiling": ceiling_words.has_ceiling(one.up_to),
            }
            for one in place.scopes
        ],
    }


class KitView(APIView):
    """The regulator's kit of one draw."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        parameters=[OpenApiParameter("code", str, "path", pattern=r"^[-a-zA-Z0-9_]+$")],
        responses={(200, "application/zip"): bytes},
    )
    def get(self, _request: Request, code: str) -> FileResponse:
        """The archive of the last edition; its digest stands in the header `Digest`."""
        kit = kits.of(draws.find(code))
        digest = base64.b64encode(bytes.fromhex(kit.digest)).decode("ascii")
        return FileResponse(
            kits.file_of(kit).open("rb"),
            as_attachment=True,
            filename=kit.file_name,
            content_type="application/zip",
            headers={"Digest": f"sha-256={digest}"},
        )


routes = [
    path("claim-places/", ClaimPlacesView.as_view(), name="claim_places"),
    path("draws/<slug:code>/money/", DrawMoneyView.as_view(), name="draw_money"),
    path("draws/<slug:code>/kit/", KitView.as_view(), name="kit"),
    path("transparency/", TransparencyView.as_view(), name="transparency"),
    path("transparency/seals/", TransparencySealsView.as_view(), name="transparency_seals"),
    path("transparency/keys/", TransparencyKeysView.as_view(), name="transparency_keys"),
    path(
        "transparency/consistency/",
        TransparencyConsistencyView.as_view(),
        name="transparency_consistency",
    ),
]
