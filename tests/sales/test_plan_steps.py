"""Draw after draw of a plan: bought, waited for, left out, or the end of the plan (F029)."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Message
from finance import ceilings, ledger
from games import bets, draws, limits, rules
from games.models import Draw, RuleSheet
from lottery_portal import jobs
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from sales import (
    draw_cancellation,
    plan_facts,
    plan_steps,
    plans,
    purchase,
    quotes,
    tasks,
    tickets,
)
from sales.models import Plan, PlanStep, Selection, Ticket
from tests import make, make_draws, owner, people
from tests.make_plans import advanced, begun, excluded, money, next_of, shadow, steps, switched
from tests.samples import one_in

pytestmark = pytest.mark.django_db


def cancelled(draw: Draw) -> Draw:
    """A shadow draw called off."""
    draw_cancellation.cancel_drill(draw=draw, reason="开奖场所停电", now=database_time())
    return draws.find(draw.code)


def test_each_draw_that_opens_is_bought_out_of_the_hold():
    """F029: one ticket a draw, in order, until the last; then nothing is held any more."""
    shade, first = shadow()
    plan = begun(shade, first)
    assert advanced() == []
    second = make.shadow_draw()

    assert advanced() == ["bought"]
    assert advanced() == []
    assert money(shade) == (14_00, 2_00)
    third = make.shadow_draw()
    assert advanced() == ["bought"]

    plan.refresh_from_db()
    assert (plan.state, plan.reason) == ("DONE", "")
    assert steps(plan) == [
        (place, draw.issue, "BOUGHT") for place, draw in enumerate((first, second, third), start=1)
    ]
    assert money(shade) == (14_00, 0)
    bought = Ticket.objects.filter(owner=shade).order_by("pk")
    assert [ticket.draw_id for ticket in bought] == [first.pk, second.pk, third.pk]
    read = tickets.read(bought, player_id=shade.pk)
    assert {bets.canonical(one.picks[0].selection) for one in read} == {
        bets.canonical(make.SELECTION)
    }
    assert ledger.verify_books() == []


def test_a_plan_takes_the_draws_in_their_order_though_several_are_open():
    """F029: what opened while nobody looked is bought draw by draw."""
    shade, first = shadow()
    plan = begun(shade, first)
    later = [make.shadow_draw(), make.shadow_draw(), make.shadow_draw()]

    assert advanced() == ["bought", "bought"]

    assert [issue for _place, issue, _outcome in steps(plan)] == [
        first.issue, later[0].issue, later[1].issue,
    ]  # fmt: skip


def test_several_picks_make_one_ticket_a_draw():
    """F026, F028, F029: a basket of a banker bet and five times a line, in every draw."""
    shade, first = shadow(wallet=100_00)
    picks = (make_draws.banker((1, 2), (3, 4, 5, 6, 7), (1,)), make.single(blue=9, multiplier=5))

    plan = begun(shade, first, count=2, picks=picks)
    make.shadow_draw()
    advanced()

    assert plan.price == 5 * 2_00 + 5 * 2_00
    assert [ticket.price for ticket in Ticket.objects.of(shade.pk)] == [20_00, 20_00]
    assert Selection.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_draw_that_closes_unbought_is_left_out_and_its_money_goes_back():
    """F029: the player is told why, and the plan goes on with the next draw."""
    alice, first = make.alice(), make.draw()
    plan = begun(alice, first)
    second = next_of(first)
    make.opened(second.code)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = 'CLOSED' WHERE id = %s", [second.pk])
        owner.guards_up(hand)

    assert advanced() == ["left_out"]

    assert steps(plan) == [(1, first.issue, "BOUGHT"), (2, second.issue, "LEFT_OUT")]
    assert money(alice) == (16_00, 2_00)
    message = Message.objects.get(kind="sales.plan_left_out")
    assert message.params == {
        "plan": plan.code, "game": "Double Color Ball", "issue": second.issue,
        "reason": "not_bought", "fen": 2_00, "is_last": False,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_draw_is_left_out():
    """F029, F075: called off before the plan bought it."""
    shade, first = shadow()
    plan = begun(shade, first)
    second = cancelled(make.shadow_draw())

    assert advanced() == ["left_out"]

    step = PlanStep.objects.get(plan=plan, position=2)
    assert (step.draw_id, step.outcome, step.reason) == (second.pk, "LEFT_OUT", "draw_cancelled")
    assert money(shade) == (16_00, 2_00)
    make.shadow_draw()
    assert advanced() == ["bought"]
    plan.refresh_from_db()
    assert plan.state == "DONE"
    assert money(shade) == (16_00, 0)


def won(draw: Draw, *, blue: int = 7) -> Draw:
    """The open shadow draw closed, drawn and settled; reds 1 to 6 and this blue are drawn."""
    return make_draws.settled(
        make_draws.drawn(make_draws.sealed(draw), ((1, 2, 3, 4, 5, 6), (blue,)))
    )


BLUE_ONLY = make.single(20, 21, 22, 23, 24, 25)  # the sixth prize, 5 yuan, when the blue is 7


@pytest.fixture
def files(settings, tmp_path):
    """Sealed files of this test."""
    settings.STATE_DIR = tmp_path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("blue", "expected"),
    one_in(
        3,
        [
            (7, {1: "stopped", 5_00: "stopped", 5_01: "bought"}),
            (7, {0: "bought"}),
            (8, {1: "bought"}),
        ],
    ),
    ids=["any prize, just so much, too little", "never", "nothing won"],
)
def test_a_plan_stops_on_a_prize(files, blue, expected):
    """F029: stop-on-win cancels the rest and releases the hold; the prize is paid besides."""
    first = make.shadow_draw()
    plans_of = {
        stop: begun(make.shadow_player(wallet=20_00), first, stop=stop, picks=(BLUE_ONLY,))
        for stop in expected
    }
    make.shadow_draw()
    if any(expected):
        assert advanced() == ["waits"] * len(expected)  # nobody knows yet whether they won
    won(first, blue=blue)

    assert advanced() == [*expected.values()]

    prize = 5_00 if blue == 7 else 0
    for stop, plan in plans_of.items():
        plan.refresh_from_db()
        if expected[stop] == "stopped":
            assert (plan.state, plan.reason) == ("STOPPED", "WON"), stop
            assert money(plan.player) == (18_00 + prize, 0), stop
            with pytest.raises(plans.PlanEnded):
                plans.stop(plan=plan, actor=plan.player.user, now=database_time())
        else:
            assert plan.state == "RUNNING", stop
            assert money(plan.player) == (14_00 + prize, 2_00), stop
    assert advanced() == []
    assert ledger.verify_books() == []


@pytest.mark.django_db(transaction=True)
def test_a_plan_stops_as_soon_as_its_draw_is_settled(files):
    """F029: though no other draw has opened yet."""
    shade, first = shadow()
    plan = begun(shade, first, stop=1, picks=(BLUE_ONLY,))
    settled = won(first)

    assert plan_steps.stop_winners(draw=settled, now=database_time()) == 1
    assert plan_steps.stop_winners(draw=settled, now=database_time()) == 0

    plan.refresh_from_db()
    assert (plan.state, plan.reason) == ("STOPPED", "WON")
    assert money(shade) == (23_00, 0)
    # Its page names what it did not buy, and what was set free for that.
    shown, rows = plan_facts.shown(plan), plan_facts.steps(plan)
    left = plan.draws - 1
    assert left > 0
    assert (shown["not_bought"], shown["freed_fen"]) == (left, left * 2_00)
    assert [row["word"] for row in rows[1:]] == ["未购买"] * left


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_stops_on_a_prize_stakes_nothing_while_the_result_is_unknown(files):
    """F029: the next draw closes first: it is left out, and the money goes back."""
    shade, first = shadow()
    plan = begun(shade, first, stop=1, picks=(BLUE_ONLY,))
    second = make.shadow_draw()
    assert advanced() == ["waits"]
    plan.refresh_from_db()
    assert plan.waits_because == "result_unknown"
    make.closed(second)

    assert advanced() == ["left_out"]

    step = plan.steps.get(position=2)
    assert (step.outcome, step.reason) == ("LEFT_OUT", "result_unknown")
    assert money(shade) == (16_00, 2_00)


def test_a_limit_of_the_day_makes_a_plan_wait_and_leaves_the_draw_out():
    """N14, F029: the plan buys within the limits of its day, like its player."""
    shade, first = shadow()
    plan = begun(shade, first)
    with transaction.atomic():
        ceilings.set_ceiling(
            player=shade, flow="STAKE", span="DAY", fen=3_00,
            valid_from=database_time() - timedelta(minutes=1),
        )  # fmt: skip
    second = make.shadow_draw()

    assert advanced() == ["waits"]
    plan.refresh_from_db()
    assert plan.waits_because == "ceiling_reached"
    assert money(shade) == (14_00, 4_00)
    assert plan_steps.advance_due(now=database_time()) == []  # it waits a while
    make.closed(second)
    assert advanced() == ["left_out"]

    assert plan.steps.get(position=2).reason == "ceiling_reached"
    assert money(shade) == (16_00, 2_00)


def test_a_plan_that_waits_is_not_tried_again_and_again_in_a_long_run():
    """F029: what is due is said by the database's clock, also where the run began an hour ago."""
    shade, first = shadow()
    begun(shade, first, stop=1)
    make.shadow_draw()
    long_ago = database_time() - timedelta(hours=1)

    looked = list(islice(plan_steps._advance_all(long_ago), 3))

    assert [one.did for one in looked] == ["waits"]


def test_an_exclusion_stops_the_plan_and_nothing_more_is_bought():
    """F030, F029: whoever may not buy any more gets his money back."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw)
    make.opened(next_of(draw).code)
    excluded(alice)

    assert advanced() == ["stopped"]

    plan.refresh_from_db()
    assert (plan.state, plan.reason) == ("STOPPED", "ACCOUNT")
    assert money(alice) == (18_00, 0)
    assert Ticket.objects.count() == 1


def test_plans_of_excluded_players_stop_before_the_next_draw_opens():
    """F030"""
    alice, draw = make.alice(), make.draw()
    begun(alice, draw)
    excluded(alice)

    assert plan_steps.stop_barred(now=database_time()) == 1

    assert money(alice) == (18_00, 0)


def test_switched_off_sales_make_a_plan_wait():
    """F039: until they are on again; then the draw is bought."""
    shade, first = shadow()
    plan = begun(shade, first)
    make.shadow_draw()
    scope = f"player:{shade.code}"
    switched(scope, is_off=True)

    assert advanced() == ["waits"]
    plan.refresh_from_db()
    assert plan.waits_because == "sales_switched_off"
    switched(scope, is_off=False)
    assert advanced() == ["bought"]

    plan.refresh_from_db()
    assert plan.waits_because == ""
    assert money(shade) == (14_00, 2_00)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_line_costs_a_plan_one_draw_and_no_more():
    """F029, RULES §6 (限量): the draw is left out, the plan goes on; page and repeat stand."""
    shade, first = make.shadow_player(wallet=20_00), make.shadow_draw(game_code="pl3-drill")
    picks = (bets.Selection("straight", ((), (), ()), ((1,), (2,), (3,))),)
    key = uuid7()
    plan = begun(shade, first, picks=picks, key=key)
    sold = uuid7()
    bought = make.purchase(shade, first, list(picks), channel="drill", key=sold)
    second = make.shadow_draw(game_code="pl3-drill")
    for draw in (first, second):
        limits.withdraw(
            draw=draw, play="straight", line=[[1], [2], [3]], reason="limit reached",
            actor=people.member("risk").user, now=database_time(),
        )  # fmt: skip

    assert advanced() == ["waits"]
    plan.refresh_from_db()
    assert plan.waits_because == "number_limited"
    make.closed(second)
    assert advanced() == ["left_out"]

    make.shadow_draw(game_code="pl3-drill")
    assert advanced() == ["bought"]
    plan.refresh_from_db()
    assert (plan.state, money(shade)) == ("DONE", (14_00, 0))
    assert PlanStep.objects.get(plan=plan, position=2).reason == "number_limited"
    assert plan_facts.shown(plan)["price_fen"] == 2_00
    assert begun(shade, first, picks=picks, key=key) == plan
    assert make.purchase(shade, first, list(picks), channel="drill", key=sold) == bought
    with pytest.raises(bets.NumberLimited):
        begun(shade, first, picks=picks)


def other_rule(draw: Draw) -> None:
    """Let a scheduled draw follow the version before its own, by the hand of the owner."""
    before, _current = rules.GAMES[draw.game.rules_game].versions[-2:]
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_rulesheet DISABLE TRIGGER games_rule_by_agreement")
    sheet = RuleSheet.objects.create(
        code=before.code, game=draw.game, sheet=rules.rule_sheet(before).decode(),
        digest=rules.rule_sheet_digest(before), line_price=before.price_fen,
        first_issue=draw.issue, approval_code="GENESIS", loaded_at=database_time(),
    )  # fmt: skip
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET rule_id = %s WHERE id = %s", [sheet.pk, draw.pk])
        owner.guards_up(hand)


@pytest.mark.django_db(transaction=True)
def test_a_new_rule_with_the_same_price_is_told_and_the_plan_goes_on():
    """F021, F029: each ticket follows the rule of its draw."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw)
    second = next_of(draw)
    other_rule(second)
    make.opened(second.code)

    assert advanced() == ["bought"]

    told = Message.objects.get(kind="sales.plan_rule")
    assert told.params["issue"] == second.issue
    assert Ticket.objects.filter(owner=alice).values("rule").distinct().count() == 2
    assert plan.steps.count() == 2


def test_a_rule_that_changes_the_price_stops_the_plan(monkeypatch):
    """F021, F029: nobody stakes another sum than was agreed."""
    shade, first = shadow()
    plan = begun(shade, first)
    make.shadow_draw()
    plain = quotes.quote

    def dearer(**asked: Any) -> quotes.Quote:
        found = plain(**asked)
        return quotes.Quote(
            draw=found.draw, version=found.version, selections=found.selections,
            lines=found.lines, price_fen=found.price_fen + 1_00,
        )  # fmt: skip

    monkeypatch.setattr(quotes, "quote", dearer)

    assert advanced() == ["stopped"]

    plan.refresh_from_db()
    assert (plan.state, plan.reason) == ("STOPPED", "RULES")
    assert money(shade) == (18_00, 0)


def test_a_plan_that_fails_is_put_off_and_holds_up_no_other(monkeypatch):
    """F029: the bug is told of when all others have been served."""
    shade, first = shadow()
    bob = make.shadow_player(wallet=20_00)
    broken, sound = begun(shade, first), begun(bob, first)
    make.shadow_draw()
    plain = plans.picks_of

    def picks_of(plan: Plan) -> list[bets.Selection]:
        if plan.pk == broken.pk:
            raise ZeroDivisionError
        return plain(plan)

    monkeypatch.setattr(plans, "picks_of", picks_of)

    with pytest.raises(ZeroDivisionError):
        plan_steps.advance_due(now=database_time())

    assert [sound.steps.count(), broken.steps.count()] == [2, 1]
    monkeypatch.undo()
    assert advanced() == ["bought"]


def test_the_clock_asks_for_plans_and_workers_do_them():
    """D10, F029: a tick writes jobs, the jobs buy."""
    shade, first = shadow()
    plan = begun(shade, first)
    tasks.ask_plans()
    assert not Job.objects.filter(kind="sales.advance_plans").exists()
    make.shadow_draw()

    tasks.ask_plans()
    jobs.run_pending(kinds=frozenset({"sales.advance_plans"}))

    assert plan.steps.count() == 2


def test_a_refusal_that_nobody_foresaw_is_no_answer(monkeypatch):
    """Only refusals of sales make a plan wait."""
    shade, first = shadow()
    begun(shade, first)
    make.shadow_draw()

    def broken(*_args: Any, **_more: Any) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(purchase, "sell", broken)
    with pytest.raises(IntegrityError):
        plan_steps.advance_due(now=database_time())
    assert money(shade) == (14_00, 4_00)
