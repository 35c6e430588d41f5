"""Multi-draw plans: the same picks in the next draws of a game, paid for at once (F029).

`begin` sells the ticket of the draw on sale and holds the money of all others, in one transaction.
From then on every draw of the game that opens is a step of the plan: its ticket is bought out of
the hold while it is on sale, never before. So each ticket follows the rule, the licence, the
switches and the player's own limits and state of its day, and a draw that nobody knows yet cannot
be promised. A draw that cannot be bought is left out when it closes: its money goes back and the
player is told why. A plan ends when its last draw is done, or stops: because a ticket won, because
the player said so, because the rule no longer takes the picks at the price agreed, because the
account may not buy any more. Then all that is left of the hold goes back, once, to the purses it
came from.

A plan that stops on a prize buys a draw only when the tickets before it are settled: it never
stakes money that the player may have told us to keep. The database keeps the order of the steps,
each draw once (`sales_planstep`), and the money (`sales/migrations/0013_plans_keep_their_word.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, OperationalError
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import trail
from finance import ledger, wallets
from games import bets
from games.models import Draw
from lottery_portal.lib import encryption
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7

from . import plan_notices, purchase
from .models import Plan, PlanStep
from .purchase import RequestKeyReused
from .quotes import Quote

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

LEAST_DRAWS, MOST_DRAWS = 2, 30
ANY_PRIZE = 1
MOST_STOP_FEN = 10_000_000_000_00  # no prize is as high
REST = "rest"


class DrawsOutOfRange(Refused):
    """A plan has two draws at least and thirty at most."""

    code, status = "plan_draws_out_of_range", 400
    message = _("A plan takes %(least)s to %(most)s draws; you asked for %(given)s.")


class StopNotReadable(Refused):
    """A plan stops on a prize of so much, or never."""

    code, status = "plan_stop_unreadable", 400
    message = _("A plan stops on a prize of 0.01 to 10,000,000,000 yuan, or never.")


class PlanUnknown(Refused):
    """There is no such plan, or it is somebody else's."""

    code, status = "plan_unknown", 404
    message = _("There is no plan %(plan)s.")


class PlanEnded(Refused):
    """Nothing is left to stop."""

    code = "plan_ended"
    message = _("This plan has ended. Nothing of it is held any more.")


def begin(
    *,
    player: Player,
    draw: Draw,
    selections: Sequence[bets.Selection],
    draws: int,
    stop_from_fen: int,
    request_key: UUID,
    channel: str,
    now: datetime,
) -> Plan:
    """Begin a plan of so many draws, the draw on sale being its first; or say why not.

    A prize of `stop_from_fen` and more stops it, 0 means that none does. Repeating a `request_key`
    with the same wishes returns the first plan; with others it is refused.
    """
    if channel not in purchase.CHANNELS:
        raise ValueError(f"Nobody sells by {channel}.")
    check_draws(draws)
    if not player.is_verified:  # asked before money is spoken of; the sale judges it again
        raise purchase.KycRequired
    if not 0 <= stop_from_fen <= MOST_STOP_FEN:
        raise StopNotReadable
    known = Plan.objects.of(player.pk).filter(request_key=request_key)
    quote = purchase.quoted([purchase.Order(draw, selections)], known=known, now=now)[0]
    asked = purchase.request_hash([quote], player_id=player.pk, request_key=request_key)
    digest = blind_index("plan", f"{asked} {draws} {stop_from_fen}").hex()
    plan = Plan(
        code=new_code(),
        player=player,
        game=draw.game,
        first_draw=draw,
        draws=draws,
        price=quote.price_fen,
        lines=quote.lines,
        stop_from=stop_from_fen,
        channel=channel,
        request_key=request_key,
        request_hash=digest,
        is_shadow=draw.is_shadow,
        begun_at=now,
    )
    plan.picks = _hidden(plan.code, selections)
    try:
        _begin(plan, quote)
    except (OperationalError, IntegrityError) as exc:
        if violated(exc) == "plan_once_per_request":
            first = Plan.objects.of(player.pk).get(request_key=request_key)
            if first.request_hash != digest:
                raise RequestKeyReused from exc
            return first
        if violated(exc) == "wallet_not_overdrawn":
            raise _short_of_money(plan) from exc
        refusal = purchase.explained(exc, player=player, asked=[quote], channel=channel)
        if refusal is None:
            raise
        raise refusal from exc
    plan.refresh_from_db(fields=["begun_at"])
    return plan


def check_draws(draws: int) -> None:
    """Pass if a plan may have so many draws, or raise `DrawsOutOfRange`."""
    if not LEAST_DRAWS <= draws <= MOST_DRAWS:
        raise DrawsOutOfRange(least=LEAST_DRAWS, most=MOST_DRAWS, given=draws)


def find(*, player_id: int, code: str) -> Plan:
    """The player's own plan of that code, or `PlanUnknown`."""
    plan = (
        Plan.objects.of(player_id)
        .select_related("game", "first_draw__rule", "player__user")
        .filter(code=code)
        .first()
    )
    if plan is None:
        raise PlanUnknown(plan=code)
    return plan


def of(player_id: int) -> QuerySet[Plan]:
    """The player's plans, newest first."""
    return Plan.objects.of(player_id).select_related("game", "first_draw__rule").order_by("-pk")


def picks_of(plan: Plan) -> list[bets.Selection]:
    """The picks of a plan, for its owner and for buying its tickets."""
    text = encryption.decrypt(plan.picks, purpose="plan", place=_place(plan.code))
    return [bets.parse(one) for one in json.loads(text)]


def left_fen(plan: Plan) -> int:
    """What is still held for a plan, as the books have it."""
    return sum(ledger.left_of_plan(plan.code).values())


@door
def stop(*, plan: Plan, actor: User, now: datetime) -> Plan:
    """Stop a running plan at its player's word and release what is left of it.

    Tickets that were bought stay in their draws. Raises `PlanEnded` when it has ended.
    """
    held = Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    if held.state != Plan.State.RUNNING:
        raise PlanEnded
    end(held, Plan.Reason.PLAYER, now=now)
    trail.record(
        action="sales.plan_stopped", actor=actor, object_type="plan", object_code=held.code
    )
    return held


@inside_transaction
def end(plan: Plan, reason: str, *, now: datetime) -> None:
    """Stop a plan that the caller holds: give back all that is left, and tell the player."""
    taken = PlanStep.objects.filter(plan_id=plan.pk).count()
    left = (plan.draws - taken) * plan.price
    wallets.give_back(plan.player, fen=left, plan=plan.code, step=REST, from_last=True)
    plan.state, plan.reason, plan.ended_at = Plan.State.STOPPED, reason, now
    plan.waits_because, plan.tries_at = "", None
    plan.save(update_fields=["state", "reason", "ended_at", "waits_because", "tries_at"])
    plan_notices.ended(plan, reason=reason, left_fen=left, now=now)


@door
def _begin(plan: Plan, quote: Quote) -> None:
    plan.save(force_insert=True)
    wallets.set_aside(plan.player, fen=(plan.draws - 1) * plan.price, plan=plan.code)
    buy(plan, quote, position=1)


@inside_transaction
def buy(plan: Plan, quote: Quote, *, position: int) -> None:
    """Buy the ticket of one draw of a plan that the caller holds, and write down the step.

    What makes it happen once is the step: its ticket has a request key of its own.
    """
    key = uuid7()
    bought = purchase.sell(
        player=plan.player,
        asked=[quote],
        request_key=key,
        digest=purchase.request_hash([quote], player_id=plan.player_id, request_key=key),
        channel=plan.channel,
    )
    PlanStep.objects.create(
        plan=plan,
        position=position,
        draw=quote.draw,
        outcome=PlanStep.Outcome.BOUGHT,
        ticket=bought.sold()[0],
        at=bought.bought_at,
    )


def _short_of_money(plan: Plan) -> purchase.NotEnoughMoney:
    price, available = plan.draws * plan.price, wallets.available(plan.player)
    return purchase.NotEnoughMoney(
        price_fen=price, available_fen=available, missing_fen=max(price - available, 0)
    )


def _hidden(code: str, selections: Sequence[bets.Selection]) -> str:
    """The picks as ciphertext: under a seal nobody reads them out of the tables (article 22)."""
    text = json.dumps([bets.canonical(one) for one in selections])
    return encryption.encrypt(text, purpose="plan", place=_place(code))


def _place(code: str) -> str:
    return f"sales_plan|picks|{code}"
