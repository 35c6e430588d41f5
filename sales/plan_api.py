"""Plans over several draws in JSON, and taking a ticket back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import who
from games import bets, draws
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time

from . import cancellation, plans, tickets
from .api import RefusalShown, SelectionInput
from .models import Plan, PlanStep

if TYPE_CHECKING:
    from accounts.models import User

CHANNEL = "api"
PAGE = 50

Json = dict[str, Any]


class PlanInput(serializers.Serializer[Json]):
    """The same picks in the next draws of a game."""

    request_key = serializers.UUIDField(
        help_text="Made by the caller, once per plan. Repeating it with the same wishes gives the"
        " first answer again; with others it is refused."
    )
    draw = serializers.CharField(max_length=32, help_text="The first draw, which is on sale now.")
    draws = serializers.IntegerField(
        min_value=plans.LEAST_DRAWS, max_value=plans.MOST_DRAWS, help_text="How many draws."
    )
    stop_from_fen = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=plans.MOST_STOP_FEN,
        help_text="Stop when a ticket wins at least so much; 1: any prize; 0: never.",
    )
    selections = SelectionInput(many=True)


class PlanDrawShown(serializers.Serializer[Json]):
    """What became of one draw of a plan."""

    position = serializers.IntegerField()
    draw = serializers.CharField()
    issue = serializers.CharField()
    outcome = serializers.CharField(help_text="BOUGHT or LEFT_OUT")
    ticket = serializers.CharField(allow_null=True)
    reason = serializers.CharField(help_text="Why it was left out; empty otherwise.")
    at = serializers.DateTimeField()


class PlanShown(serializers.Serializer[Json]):
    """A plan, and how far it has come."""

    code = serializers.CharField()
    game = serializers.CharField()
    state = serializers.CharField(help_text="RUNNING, DONE or STOPPED")
    reason = serializers.CharField(help_text="WON, PLAYER, RULES or ACCOUNT; empty if not stopped.")
    draws = serializers.IntegerField()
    done = serializers.IntegerField()
    price_fen = serializers.IntegerField(help_text="Of one draw.")
    held_fen = serializers.IntegerField(help_text="Still set aside for draws to come.")
    stop_from_fen = serializers.IntegerField()
    lines = serializers.IntegerField()
    selections = serializers.ListField(child=serializers.CharField(), help_text="Canonical texts.")
    begun_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    steps = PlanDrawShown(many=True)


class PlanPage(serializers.Serializer[Json]):
    """Plans, newest first."""

    next_before = serializers.CharField(allow_null=True, help_text="Send as `before` for more.")
    plans = PlanShown(many=True)


class CancelledShown(serializers.Serializer[Json]):
    """A ticket that was taken back."""

    ticket = serializers.CharField()
    amount_fen = serializers.IntegerField(help_text="Given back to the purses it came from.")
    cancelled_at = serializers.DateTimeField()


def _refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    return {code: OpenApiResponse(RefusalShown) for code in statuses}


class Plans(APIView):
    """Plans."""

    @extend_schema(
        operation_id="plans_list",
        parameters=[OpenApiParameter("before", str, description="The `next_before` of a page.")],
        responses={200: PlanPage, **_refusals(404)},
    )
    def get(self, request: Request) -> Response:
        """My plans, newest first, fifty at a time."""
        player = who.player(request.user)
        found = plans.of(player.pk)
        if before := request.query_params.get("before"):
            found = found.filter(pk__lt=plans.find(player_id=player.pk, code=_typed(before)).pk)
        rows = list(found[: PAGE + 1])
        return Response(
            {
                "next_before": rows[PAGE - 1].code if len(rows) > PAGE else None,
                "plans": [shown(plan) for plan in rows[:PAGE]],
            }
        )

    @extend_schema(
        request=PlanInput,
        responses={201: PlanShown, **_refusals(400, 403, 404, 409, 422, 503)},
    )
    def post(self, request: Request) -> Response:
        """Begin a plan: the first ticket is bought, the money of all other draws is held."""
        asked = PlanInput(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        plan = plans.begin(
            player=who.player(request.user),
            draw=draws.find(wanted["draw"]),
            selections=[bets.from_fields(one) for one in wanted["selections"]],
            draws=wanted["draws"],
            stop_from_fen=wanted["stop_from_fen"],
            request_key=wanted["request_key"],
            channel=CHANNEL,
            now=database_time(),
        )
        return Response(shown(plan), status=status.HTTP_201_CREATED)


class OnePlan(APIView):
    """A plan."""

    @extend_schema(responses={200: PlanShown, **_refusals(404)})
    def get(self, request: Request, code: str) -> Response:
        """One of my plans."""
        return Response(shown(plans.find(player_id=_player_id(request), code=_typed(code))))


class StopPlan(APIView):
    """Stopping."""

    @extend_schema(request=None, responses={200: PlanShown, **_refusals(404, 409)})
    def post(self, request: Request, code: str) -> Response:
        """Stop a plan of mine; what is left of its money is free at once. Repeating it is safe."""
        plan = plans.find(player_id=_player_id(request), code=_typed(code))
        if plan.reason != Plan.Reason.PLAYER:
            plans.stop(plan=plan, actor=cast("User", request.user), now=database_time())
            plan.refresh_from_db()
        return Response(shown(plan))


class CancelTicket(APIView):
    """Taking back."""

    @extend_schema(request=None, responses={200: CancelledShown, **_refusals(404, 409, 503)})
    def post(self, request: Request, code: str) -> Response:
        """Take a ticket of mine back before sales close, where the rule allows it. Repeating it is
        safe: the stake comes back once."""
        player = who.player(request.user)
        ticket = tickets.find(player_id=player.pk, code=_typed(code))
        found = cancellation.cancel(
            player=player, ticket=ticket, channel=CHANNEL, now=database_time()
        )
        return Response(
            {
                "ticket": ticket.code,
                "amount_fen": found.amount,
                "cancelled_at": found.cancelled_at,
            }
        )


def _player_id(request: Request) -> int:
    return who.player(request.user).pk


def _typed(code: str) -> str:
    return codes.typed(code)


def shown(plan: Plan) -> Json:
    """A plan as the API shows it."""
    steps = list(plan.steps.select_related("draw", "ticket").order_by("position"))
    left = plan.draws - len(steps) if plan.state == Plan.State.RUNNING else 0
    return {
        "code": plan.code,
        "game": plan.game.code,
        "state": plan.state,
        "reason": plan.reason,
        "draws": plan.draws,
        "done": len(steps),
        "price_fen": plan.price,
        "held_fen": left * plan.price,
        "stop_from_fen": plan.stop_from,
        "lines": plan.lines,
        "selections": [bets.canonical(one) for one in plans.picks_of(plan)],
        "begun_at": plan.begun_at,
        "ended_at": plan.ended_at,
        "steps": [_step(step) for step in steps],
    }


def _step(step: PlanStep) -> Json:
    return {
        "position": step.position,
        "draw": step.draw.code,
        "issue": step.draw.issue,
        "outcome": step.outcome,
        "ticket": step.ticket.code if step.ticket else None,
        "reason": step.reason,
        "at": step.at,
    }


routes = [
    path("plans/", Plans.as_view(), name="plans"),
    path("plans/<str:code>/", OnePlan.as_view(), name="plan"),
    path("plans/<str:code>/stop/", StopPlan.as_view(), name="plan_stop"),
    path("tickets/<str:code>/cancel/", CancelTicket.as_view(), name="ticket_cancel"),
]
