"""What plans do by themselves: buy the draw that opened, leave out what is over, stop on a prize.

`advance_due` takes one plan after the other, each in a transaction of its own that holds the plan:
however many workers there are, and wherever one is killed, a draw is a step of a plan once. What
only time can mend (a limit of the day, a switch, the licence, a result that is not known yet) is
tried again until the draw closes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, OperationalError, connection, transaction

from accounts.models import Player
from finance import ceilings, wallets
from games import bets, draws
from games.models import Draw, DrawTransition
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import plan_notices, plans, purchase, quotes, ticket_facts
from .models import Cancellation, Plan, PlanStep, Ticket
from .quotes import Quote

LANES = 4
RETRY = timedelta(minutes=1)
SOON = timedelta(seconds=5)
LEASE = timedelta(minutes=2)
HELD_EVERY = 50
SLOT_SECONDS = 5
# Only the account can mend these: the plan stops at once.
OF_THE_ACCOUNT = (purchase.AccountNotActive, purchase.KycRequired, purchase.StaffMayNotPlay)
# Time may mend these, or the next draw: this one is tried again until it closes.
PASSING = (
    bets.NumberLimited,
    ceilings.CeilingReached,
    purchase.LicenceMissing,
    purchase.SalesSwitchedOff,
    purchase.SalesBusy,
)
# Why a draw is left out, beside the codes of refusals.
NOT_BOUGHT, CANCELLED, RESULT_UNKNOWN = "not_bought", "draw_cancelled", "result_unknown"

logger = logging.getLogger(__name__)
# Plans whose next draw is on sale or over. Who holds one asks again which draw that is: meanwhile
# another worker may have taken it.
_DUE = """
SELECT p.id FROM sales_plan p
 CROSS JOIN LATERAL (SELECT d.issue FROM sales_planstep s JOIN games_draw d ON d.id = s.draw_id
                      WHERE s.plan_id = p.id ORDER BY s.position DESC LIMIT 1) last
 CROSS JOIN LATERAL (SELECT d.state FROM games_draw d
                      WHERE d.game_id = p.game_id AND d.issue > last.issue
                      ORDER BY d.issue LIMIT 1) n
 WHERE p.state = 'RUNNING' AND n.state <> 'SCHEDULED'
   AND (p.tries_at IS NULL OR p.tries_at <= clock_timestamp() OR n.state <> 'OPEN')
"""
_TAKE = f"{_DUE} ORDER BY p.tries_at NULLS FIRST, p.id LIMIT 1 FOR NO KEY UPDATE OF p SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one look at a plan did: bought, left_out, stopped, waits, nothing."""

    plan: str
    did: str


def ask_due(*, now: datetime) -> None:
    """Ask for the work that plans have: draws that opened or are over, results that came in."""
    _ask_for_draws(now)
    _ask_for_results(now)
    stop_barred(now=now)


def advance_due(*, now: datetime) -> list[Advanced]:
    """Take every plan one step further that can go; what was done, in order."""
    return list(_advance_all(now))


def advance_lane(*, lane: str, now: datetime) -> int:
    """The same as one of several workers, keeping the job's lease while there is work."""
    done = 0
    for done, _one in enumerate(_advance_all(now), start=1):
        if done % HELD_EVERY == 0:
            jobs.hold("sales.advance_plans", key=lane, lease=LEASE)
    return done


def stop_winners(*, draw: Draw, now: datetime) -> int:
    """Stop the plans that won in this settled draw what they stop at; how many that were."""
    waiting = (
        PlanStep.objects.filter(draw=draw, ticket__isnull=False, plan__stop_from__gt=0)
        .filter(plan__state=Plan.State.RUNNING)
        .order_by("plan_id")
        .values_list("plan_id", flat=True)
    )
    return sum(_stop_if_won(plan_id, now=now) for plan_id in list(waiting))


def stop_barred(*, now: datetime) -> int:
    """Stop the plans of players who may not buy any more; how many that were."""
    barred = Plan.objects.running().exclude(player__state=Player.State.ACTIVE).order_by("pk")
    return sum(_stop_barred(plan_id, now=now) for plan_id in barred.values_list("pk", flat=True))


def _advance_all(now: datetime) -> Iterator[Advanced]:
    """One plan after the other; one that fails is put off and told of when all others are done."""
    failed: Exception | None = None
    at: list[int] = []
    while True:
        at.clear()
        try:
            one = _advance_one(at, now=now)
        except Exception as exc:
            if not at:
                raise
            logger.exception("A plan could not go on", extra={"plan": at[0]})
            failed = exc
            _put_off(at.pop())
            continue
        if one is None:
            break
        yield one
    if failed is not None:
        raise failed


@door
def _put_off(plan_id: int) -> None:
    Plan.objects.running().filter(pk=plan_id).update(tries_at=database_time() + RETRY)


@door
def _advance_one(at: list[int], *, now: datetime) -> Advanced | None:
    """Take the next plan that is due, and hold it; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE)
        row = cursor.fetchone()
    if row is None:
        return None
    at[:] = row
    plan = Plan.objects.select_related("player__user", "game").get(pk=row[0])
    draw = next_draw(plan)
    if draw is None or draw.state == Draw.State.SCHEDULED:
        return Advanced(plan.code, "nothing")
    if _has_won(plan):
        plans.end(plan, Plan.Reason.WON, now=now)
        return Advanced(plan.code, "stopped")
    if draw.state != Draw.State.OPEN:
        return _leave_out(plan, draw, now=now)
    if plan.stop_from and not _is_known(plan):
        return _wait(plan, RESULT_UNKNOWN, RETRY)
    return _buy(plan, draw, now=now)


def next_draw(plan: Plan) -> Draw | None:
    """The draw that the plan takes next; None while it is not planned yet."""
    last = plan.steps.select_related("draw").order_by("-position").first()
    following = Draw.objects.filter(game_id=plan.game_id).select_related("game", "rule")
    return following.filter(issue__gt=last.draw.issue if last else "").order_by("issue").first()


@inside_transaction
def _buy(plan: Plan, draw: Draw, *, now: datetime) -> Advanced:
    try:
        quote = quotes.quote(draw=draw, selections=plans.picks_of(plan), now=now)
    except bets.NumberLimited as limited:
        return _refused(plan, limited, now=now)
    except Refused:
        quote = None
    if quote is None or quote.price_fen != plan.price:
        plans.end(plan, Plan.Reason.RULES, now=now)
        return Advanced(plan.code, "stopped")
    try:
        with transaction.atomic():
            _sell(plan, quote)
    except (OperationalError, IntegrityError) as exc:
        refusal = purchase.explained(exc, player=plan.player, asked=[quote], channel=plan.channel)
        if refusal is None:
            raise
        return _refused(plan, refusal, now=now)
    before, last = plan.steps.select_related("draw").order_by("-position")[:2][::-1]
    if before.draw.rule_id != draw.rule_id:
        plan_notices.rule_changed(plan, draw, now=now)
    _go_on(plan, last.position, now=now)
    return Advanced(plan.code, "bought")


@inside_transaction
def _sell(plan: Plan, quote: Quote) -> None:
    position = plan.steps.count() + 1
    wallets.give_back(
        plan.player, fen=plan.price, plan=plan.code, step=str(position), from_last=False
    )
    plans.buy(plan, quote, position=position)


def _refused(plan: Plan, refusal: Refused, *, now: datetime) -> Advanced:
    """What follows when a step could not be bought: wait, or stop for good."""
    if isinstance(refusal, OF_THE_ACCOUNT):
        plans.end(plan, Plan.Reason.ACCOUNT, now=now)
        return Advanced(plan.code, "stopped")
    if isinstance(refusal, PASSING):
        return _wait(plan, refusal.code, RETRY)
    return _wait(plan, plan.waits_because or NOT_BOUGHT, SOON)


@inside_transaction
def _leave_out(plan: Plan, draw: Draw, *, now: datetime) -> Advanced:
    """The draw is over, or was called off: its money goes back, and the player is told why."""
    position = plan.steps.count() + 1
    reason = CANCELLED if draw.state == Draw.State.CANCELLED else plan.waits_because or NOT_BOUGHT
    wallets.give_back(
        plan.player, fen=plan.price, plan=plan.code, step=str(position), from_last=True
    )
    PlanStep.objects.create(
        plan=plan,
        position=position,
        draw=draw,
        outcome=PlanStep.Outcome.LEFT_OUT,
        reason=reason,
        at=now,
    )
    is_last = position == plan.draws
    plan_notices.left_out(plan, draw, reason=reason, is_last=is_last, now=now)
    _go_on(plan, position, now=now)
    return Advanced(plan.code, "left_out")


def _wait(plan: Plan, because: str, time: timedelta) -> Advanced:
    """Try again later, by the clock that says what is due: a long run began some time ago."""
    plan.waits_because, plan.tries_at = because, database_time() + time
    plan.save(update_fields=["waits_because", "tries_at"])
    return Advanced(plan.code, "waits")


def _go_on(plan: Plan, position: int, *, now: datetime) -> None:
    """After a step: the plan waits for nothing any more, or is done."""
    if position == plan.draws:
        plan_notices.ended(plan, reason=Plan.State.DONE, left_fen=0, now=now)
    elif plan.waits_because:
        Plan.objects.running().filter(pk=plan.pk).update(waits_because="", tries_at=None)


def _tickets(plan: Plan) -> list[Ticket]:
    """The tickets of the plan that are in a draw: what was taken back cannot win."""
    taken_back = Cancellation.objects.values("ticket_id")
    steps = plan.steps.filter(ticket__isnull=False).exclude(ticket_id__in=taken_back)
    return [step.ticket for step in steps.select_related("ticket__draw") if step.ticket]


def _has_won(plan: Plan) -> bool:
    """Whether one of its tickets won what the plan stops at."""
    if not plan.stop_from:
        return False
    settled = [one.pk for one in _tickets(plan) if draws.is_settled(one.draw)]
    return any(fact.prize_fen >= plan.stop_from for fact in ticket_facts.of(settled).values())


def _is_known(plan: Plan) -> bool:
    """Whether nothing that the plan bought can still win."""
    return all(one.draw.state in draws.SETTLED_STATES for one in _tickets(plan))


@door
def _stop_if_won(plan_id: int, *, now: datetime) -> bool:
    plan = _held(plan_id)
    if plan is None or not _has_won(plan):
        return False
    plans.end(plan, Plan.Reason.WON, now=now)
    return True


@door
def _stop_barred(plan_id: int, *, now: datetime) -> bool:
    plan = _held(plan_id)
    if plan is None or plan.player.state == Player.State.ACTIVE:
        return False
    plans.end(plan, Plan.Reason.ACCOUNT, now=now)
    return True


@inside_transaction
def _held(plan_id: int) -> Plan | None:
    """The plan, held, if it still runs."""
    held = Plan.objects.running().select_for_update(no_key=True).filter(pk=plan_id).first()
    return Plan.objects.select_related("player__user", "game").get(pk=plan_id) if held else None


@door
def _ask_for_draws(now: datetime) -> None:
    """A job in each lane while there is work, every few seconds another."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({_DUE})")
        (is_work,) = cursor.fetchone()
    if is_work:
        slot = int(now.timestamp()) // SLOT_SECONDS
        for lane in range(LANES):
            key = f"tick:{lane}:{slot}"
            jobs.enqueue("sales.advance_plans", key=key, lane=key)


@door
def _ask_for_results(now: datetime) -> None:
    """Each draw that was settled of late and has plans that stop on a prize, once."""
    settled = DrawTransition.objects.filter(
        to_state=Draw.State.SETTLED, at__gte=now - timedelta(days=1)
    )
    waiting = PlanStep.objects.filter(
        draw_id__in=settled.values("draw_id"),
        ticket__isnull=False,
        plan__state=Plan.State.RUNNING,
        plan__stop_from__gt=0,
    )
    for draw_id in waiting.order_by("draw_id").values_list("draw_id", flat=True).distinct():
        jobs.enqueue("sales.stop_winning_plans", key=f"won:{draw_id}", draw_id=draw_id)
