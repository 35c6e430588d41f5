"""The room in JSON: a player's prizes; the kit of a draw; what everybody checks us by."""

from __future__ import annotations

import base64
from typing import Any

from django.http import FileResponse
from django.urls import path
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import who
from audit import canonical, pace
from games import draws, seals
from games.api import PublicKeyOut
from games.models import Draw
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from sales.api import RefusalShown

from . import disclosure, kits, transparency
from .claim_models import Claim
from .redemption import limits, papers, remote, routing, winners
from .redemption import words as deadline_words
from .redemption.routing import Place

MOST_SEALS = 100
MOST_PRIZES = 50


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


class DeductionsShown(serializers.Serializer[dict[str, Any]]):
    """What is withheld of a prize: tax on all that one person won in one draw of a game."""

    together_fen = serializers.IntegerField(help_text="All my prizes of the draw, added up.")
    exempt_fen = serializers.IntegerField(help_text="Up to this sum nothing is withheld.")
    rate = serializers.IntegerField(help_text="In hundredths of a percent, of the whole sum.")
    tax_fen = serializers.IntegerField()
    net_fen = serializers.IntegerField(help_text="What is paid out.")
    is_final = serializers.BooleanField(help_text="It was paid so; before that, as of today.")


class DeadlineStepShown(serializers.Serializer[dict[str, Any]]):
    """A step of the sum that leads to the last day."""

    text = serializers.CharField(help_text="For people, in the language of the request.")
    days = serializers.IntegerField()
    until_on = serializers.DateField()


class DeadlineShown(serializers.Serializer[dict[str, Any]]):
    """Until when a prize is claimed, and how that was worked out."""

    last_day = serializers.DateField(help_text="Until 23:59:59 in Shanghai.")
    is_held = serializers.BooleanField(help_text="The clock stands; no day is lost.")
    steps = DeadlineStepShown(many=True)


class ClaimShown(serializers.Serializer[dict[str, Any]]):
    """A claim of a prize and where it stands."""

    code = serializers.CharField()
    way = serializers.ChoiceField(choices=Claim.Way.choices)
    state = serializers.ChoiceField(choices=Claim.State.choices)
    method = serializers.CharField(help_text="WALLET, TRANSFER, CASH; empty until it is settled.")
    payee = serializers.CharField(help_text="Code of my bank account, if it goes to one.")
    opened_at = serializers.DateTimeField()
    moved_at = serializers.DateTimeField()
    due_on = serializers.DateField(allow_null=True, help_text="To be paid by.")
    missing_papers = serializers.ListField(child=serializers.CharField())


class PrizeShown(serializers.Serializer[dict[str, Any]]):
    """A prize of mine."""

    ticket = serializers.CharField()
    game = serializers.CharField()
    issue = serializers.CharField()
    amount_fen = serializers.IntegerField()
    place = serializers.ChoiceField(choices=Place.choices, help_text="The nearest place.")
    ways = serializers.ListField(child=serializers.CharField(), help_text="How it is claimed.")
    is_over = serializers.BooleanField(help_text="In the balance, paid, or lapsed.")
    ended_at = serializers.DateTimeField(allow_null=True)
    claim = ClaimShown(allow_null=True)


class ConsentShown(serializers.Serializer[dict[str, Any]]):
    """What is agreed to before a prize is claimed from afar."""

    language = serializers.CharField()
    text = serializers.CharField()
    digest = serializers.CharField(help_text="Send it as `agreed`.")


class PrizeInFull(PrizeShown):
    """A prize of mine with its sums."""

    turn = serializers.CharField(help_text="Whose turn it is, for people.")
    deed = serializers.CharField(help_text="What I may do now: open, papers, sign, object; or ''.")
    deductions = DeductionsShown()
    deadline = DeadlineShown(allow_null=True)
    consent = ConsentShown()


class PrizePage(serializers.Serializer[dict[str, Any]]):
    """Prizes, newest first."""

    next_before = serializers.CharField(allow_null=True, help_text="Send as `before` for more.")
    prizes = PrizeShown(many=True)


class ClaimInput(serializers.Serializer[dict[str, Any]]):
    """Opening a claim."""

    request_key = serializers.UUIDField(
        help_text="Made by the caller, once per claim. Repeating it with the same wishes gives the"
        " first answer again; with others it is refused."
    )
    way = serializers.ChoiceField(
        choices=[Claim.Way.CENTRE, Claim.Way.REMOTE], help_text="In person, or from afar."
    )
    method = serializers.ChoiceField(
        choices=[Claim.Method.WALLET, Claim.Method.TRANSFER],
        default=Claim.Method.WALLET,
        help_text="How I wish to be paid; I am asked again before I sign.",
    )
    payee = serializers.CharField(
        max_length=20, default="", allow_blank=True, help_text="Code of my bank account."
    )
    agreed = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="From afar: the digest of the consent in the language of the request.",
    )


def _refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    return {code: OpenApiResponse(RefusalShown) for code in statuses}


class PrizesView(APIView):
    """My prizes."""

    @extend_schema(
        operation_id="prizes_list",
        parameters=[OpenApiParameter("before", str, description="The `next_before` of a page.")],
        responses={200: PrizePage, **_refusals(404)},
    )
    def get(self, request: Request) -> Response:
        """What I won, newest first, fifty at a time."""
        player = who.player(request.user)
        found = winners.prizes_of(player)
        if before := request.query_params.get("before"):
            found = found.filter(pk__lt=winners.find(player, codes.typed(before)).prize.pk)
        rows = winners.read(list(found[: MOST_PRIZES + 1]))
        more = len(rows) > MOST_PRIZES
        return Response(
            {
                "next_before": rows[MOST_PRIZES - 1].prize.ticket.code if more else None,
                "prizes": [_prize(own) for own in rows[:MOST_PRIZES]],
            }
        )


class PrizeView(APIView):
    """One prize of mine."""

    @extend_schema(operation_id="prizes_read", responses={200: PrizeInFull, **_refusals(404)})
    def get(self, request: Request, code: str) -> Response:
        """Where, until when and how it is claimed, with every sum worked out."""
        return Response(_in_full(winners.find(who.player(request.user), codes.typed(code))))


class PrizeClaimView(APIView):
    """Claiming."""

    @extend_schema(
        request=ClaimInput,
        responses={201: ClaimShown, **_refusals(400, 403, 404, 409)},
    )
    def post(self, request: Request, code: str) -> Response:
        """Open a claim of a prize of mine: in person at the centre, or from afar."""
        own = winners.find(who.player(request.user), codes.typed(code))
        asked = ClaimInput(data=request.data)
        asked.is_valid(raise_exception=True)
        claim = remote.open_(
            prize=own.prize,
            actor=request.user,
            language=remote.language_of(get_language()),
            now=database_time(),
            **asked.validated_data,
        )
        return Response(_claim(claim), status=status.HTTP_201_CREATED)


def _prize(own: winners.Own) -> dict[str, Any]:
    prize = own.prize
    return {
        "ticket": prize.ticket.code,
        "game": prize.draw.game.code,
        "issue": prize.draw.issue,
        "amount_fen": prize.amount,
        "place": own.place,
        "ways": [] if own.is_over else routing.ways(prize),
        "is_over": own.is_over,
        "ended_at": own.end.ended_at if own.end else None,
        "claim": _claim(own.claim) if own.claim else None,
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "code": claim.code,
        "way": claim.way,
        "state": claim.state,
        "method": claim.method,
        "payee": claim.payee if claim.method == Claim.Method.TRANSFER else "",
        "opened_at": claim.opened_at,
        "moved_at": claim.moved_at,
        "due_on": claim.due_on,
        "missing_papers": papers.missing(claim, papers.TO_PAY)
        if claim.state in remote.HANDED_IN_WHILE
        else [],
    }


def _in_full(own: winners.Own) -> dict[str, Any]:
    now, language = database_time(), remote.language_of(get_language())
    deadline, text = limits.of(own.prize), remote.consent(own.prize, language)
    deductions, turn = winners.deductions(own, now=now), winners.turn(own, deadline=deadline)
    steps = (
        zip(deadline.sum_.steps, deadline_words.lines(deadline.sum_), strict=True)
        if deadline
        else ()
    )
    return {
        **_prize(own),
        "turn": turn.text,
        "deed": turn.deed,
        "deductions": {
            "together_fen": deductions.together,
            "exempt_fen": deductions.exempt,
            "rate": deductions.rate,
            "tax_fen": deductions.tax,
            "net_fen": deductions.net,
            "is_final": deductions.is_final,
        },
        "deadline": {
            "last_day": deadline.last_day,
            "is_held": deadline.is_held,
            "steps": [
                {"text": line.text, "days": step.days, "until_on": step.until_on}
                for step, line in steps
            ],
        }
        if deadline
        else None,
        "consent": {"language": language, "text": text, "digest": canonical.digest(text)},
    }


routes = [
    path("prizes/", PrizesView.as_view(), name="prizes"),
    path("prizes/<slug:code>/", PrizeView.as_view(), name="prize"),
    path("prizes/<slug:code>/claim/", PrizeClaimView.as_view(), name="prize_claim"),
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
