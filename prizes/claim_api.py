"""Prizes of a player in JSON: what he won, where and until when it is claimed, and claiming."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import path
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import who
from audit import canonical
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from sales.api import RefusalShown

from .claim_models import Claim
from .redemption import delays, limits, papers, remote, routing, winners
from .redemption import words as deadline_words
from .redemption.routing import Place

MOST_PRIZES = 50


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
    due_on = serializers.DateField(
        allow_null=True,
        help_text="The day by which it is paid, as promised last: a notice of delay moves it.",
    )
    first_due_on = serializers.DateField(
        allow_null=True, help_text="The day that was promised first, when the sums were settled."
    )
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
        days = delays.last_days_of([own.claim for own in rows if own.claim])
        return Response(
            {
                "next_before": rows[MOST_PRIZES - 1].prize.ticket.code if more else None,
                "prizes": [_prize(own, days) for own in rows[:MOST_PRIZES]],
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
        days = delays.last_days_of([claim])
        return Response(_claim(claim, days), status=status.HTTP_201_CREATED)


def _prize(own: winners.Own, days: Mapping[int, date]) -> dict[str, Any]:
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
        "claim": _claim(own.claim, days) if own.claim else None,
    }


def _claim(claim: Claim, days: Mapping[int, date]) -> dict[str, Any]:
    return {
        "code": claim.code,
        "way": claim.way,
        "state": claim.state,
        "method": claim.method,
        "payee": claim.payee if claim.method == Claim.Method.TRANSFER else "",
        "opened_at": claim.opened_at,
        "moved_at": claim.moved_at,
        "due_on": days.get(claim.pk),
        "first_due_on": claim.due_on,
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
        **_prize(own, delays.last_days_of([own.claim] if own.claim else [])),
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
    path("prizes/<str:code>/", PrizeView.as_view(), name="prize"),
    path("prizes/<str:code>/claim/", PrizeClaimView.as_view(), name="prize_claim"),
]
