"""Plans over several draws: bought one draw after the other, out of money held at once (F029)."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection, transaction

from accounts.models import Message, Player
from finance import ceilings, ledger, wallets
from games import bets, draws, switches
from games.models import Draw, RuleSheet
from lottery_portal import jobs
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time, violated
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
from sales.models import Plan, PlanStep, Purchase, Selection, Ticket
from tests import make, make_draws, owner, people

pytestmark = pytest.mark.django_db

PICKS = (make.SELECTION,)


def begun(
    player: Player,
    draw: Draw,
    *,
    count: int = 3,
    stop: int = 0,
    picks: tuple[bets.Selection, ...] = PICKS,
    key: UUID | None = None,
) -> Plan:
    """A plan through its door."""
    return plans.begin(
        player=player,
        draw=draw,
        selections=picks,
        draws=count,
        stop_from_fen=stop,
        request_key=key or uuid7(),
        channel="drill" if draw.is_shadow else "web",
        now=database_time(),
    )


def shadow(*, wallet: int = 20_00) -> tuple[Player, Draw]:
    """A shadow player and an open shadow draw."""
    return make.shadow_player(wallet=wallet), make.shadow_draw()


def advanced(*, later: timedelta = timedelta()) -> list[str]:
    """What plans did by themselves; `later` passes the time that one of them waits."""
    Plan.objects.running().filter(tries_at__isnull=False).update(
        tries_at=database_time() + later - timedelta(days=1)
    )
    return [one.did for one in plan_steps.advance_due(now=database_time())]


def closed(draw: Draw) -> Draw:
    """The draw closed now, not sealed."""
    return make.closed(draw)


def money(player: Player) -> tuple[int, int]:
    """What the player may spend, and what is set aside for his plans."""
    return wallets.available(player), wallets.planned(player)


def switched(scope: str, *, is_off: bool) -> None:
    """Sales of that scope switched off or on again."""
    by = people.member("risk").user
    switches.switch(scope=scope, is_off=is_off, reason="核查", actor=by, now=database_time())


def excluded(player: Player) -> None:
    """The account may not buy any more."""
    Player.objects.filter(pk=player.pk).update(state=Player.State.EXCLUDED)


def steps(plan: Plan) -> list[tuple[int, str, str]]:
    """Place, issue and outcome of the draws that are done."""
    found = plan.steps.select_related("draw").order_by("position")
    return [(step.position, step.draw.issue, step.outcome) for step in found]


def cancelled(draw: Draw) -> Draw:
    """A shadow draw called off."""
    draw_cancellation.cancel_drill(draw=draw, reason="开奖场所停电", now=database_time())
    return draws.find(draw.code)


def test_a_plan_begins_with_its_first_ticket_and_holds_the_money_of_the_others():
    """F029: two steps: paid for the first draw, held for the rest, all in one."""
    alice, draw = make.alice(), make.draw()

    plan = begun(alice, draw, count=5)

    assert (plan.state, plan.price, plan.lines) == ("RUNNING", 2_00, 1)
    assert money(alice) == (10_00, 8_00)
    assert wallets.held(alice) == 0
    assert ledger.balance(f"hold:{alice.code}") == 8_00
    assert ledger.balance(f"stakes:{draw.code}") == 2_00
    (ticket,) = Ticket.objects.of(alice.pk)
    assert steps(plan) == [(1, draw.issue, "BOUGHT")]
    assert (ticket.draw_id, ticket.price) == (draw.pk, 2_00)
    assert plans.left_fen(plan) == 8_00
    assert ledger.verify_books() == []


def test_the_same_request_begins_one_plan():
    """F043: repeated it is the first plan; with other wishes it is refused."""
    alice, draw, key = make.alice(), make.draw(), uuid7()

    first = begun(alice, draw, key=key)

    assert begun(alice, draw, key=key) == first
    for other in ({"count": 4}, {"stop": 1}, {"picks": (make.single(blue=8),)}):
        with pytest.raises(purchase.RequestKeyReused):
            begun(alice, draw, key=key, **other)
    assert Plan.objects.count() == Ticket.objects.count() == 1
    assert money(alice) == (14_00, 4_00)


@pytest.mark.parametrize("count", [-1, 0, 1, 31])
def test_a_plan_has_two_to_thirty_draws(count):
    """F029"""
    alice, draw = make.alice(wallet=100_00), make.draw()

    with pytest.raises(plans.DrawsOutOfRange) as caught:
        begun(alice, draw, count=count)

    assert caught.value.figures == {"least": 2, "most": 30, "given": count}
    assert money(alice) == (100_00, 0)
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("wallet", "missing"), [(5_99, 1), (1_99, 4_01)], ids=["for the others", "for the first"]
)
def test_without_the_money_of_all_draws_nothing_is_bought(wallet, missing):
    """F029, F110: the figures are those of the whole plan."""
    alice, draw = make.alice(wallet=wallet), make.draw()

    with pytest.raises(purchase.NotEnoughMoney) as caught:
        begun(alice, draw)

    assert caught.value.figures == {
        "price_fen": 6_00, "available_fen": wallet, "missing_fen": missing,
    }  # fmt: skip
    assert money(alice) == (wallet, 0)
    assert not Plan.objects.exists()
    assert not Purchase.objects.exists()


def test_who_may_not_buy_begins_no_plan():
    """F002, F017, F023, F037, F039: the first ticket is a sale like every other."""
    bob = make.player("白小鹿", verified=False)
    alice, draw = make.alice(), make.draw()

    with pytest.raises(purchase.KycRequired):
        begun(bob, draw)
    closing = make.shadow_draw()
    shade = make.shadow_player(wallet=20_00)
    closed(closing)
    with pytest.raises((purchase.DrawClosed, purchase.DrawNotOpen)):
        begun(shade, closing)
    switched(f"player:{alice.code}", is_off=True)
    with pytest.raises(purchase.SalesSwitchedOff):
        begun(alice, draw)

    assert [money(one) for one in (alice, bob, shade)] == [(20_00, 0), (0, 0), (20_00, 0)]
    assert not Plan.objects.exists()


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
        hand.execute("ALTER TABLE games_draw ENABLE TRIGGER USER")

    assert advanced() == ["left_out"]

    assert steps(plan) == [(1, first.issue, "BOUGHT"), (2, second.issue, "LEFT_OUT")]
    assert money(alice) == (16_00, 2_00)
    message = Message.objects.get(kind="sales.plan_left_out")
    assert message.params == {
        "plan": plan.code, "game": "Double Color Ball", "issue": second.issue,
        "reason": "not_bought", "fen": 2_00, "is_last": False,
    }  # fmt: skip


def next_of(draw: Draw) -> Draw:
    """The draw after this one, as planned."""
    found = Draw.objects.filter(game=draw.game, issue__gt=draw.issue).order_by("issue").first()
    assert found is not None
    return found


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


def test_money_goes_back_to_the_purses_it_came_from():
    """F106, F107: bonus is staked first; what is left out goes back last in, first out."""
    alice, draw = make.alice(wallet=5_00), make.draw()
    with transaction.atomic():
        ledger.post(
            reference="bonus:test",
            kind="BONUS",
            moves=[ledger.Move("expense:promotion", wallets.bonus_of(alice), 3_00)],
        ) if ledger.is_open("expense:promotion") else _give_bonus(alice, 3_00)

    plan = begun(alice, draw)

    assert wallets.purses(alice) == wallets.Purses(deposited_fen=2_00, winnings_fen=0, bonus_fen=0)
    assert ledger.left_of_plan(plan.code) == {
        wallets.bonus_of(alice): 3_00, wallets.wallet_of(alice): 1_00,
    }  # fmt: skip
    with transaction.atomic():
        wallets.give_back(alice, fen=2_00, plan=plan.code, step="2", from_last=True)
    assert wallets.purses(alice) == wallets.Purses(
        deposited_fen=3_00, winnings_fen=0, bonus_fen=1_00
    )


def _give_bonus(player: Player, fen: int) -> None:
    ledger.open_account(code="expense:promotion", kind="EXPENSE")
    ledger.post(
        reference="bonus:test",
        kind="BONUS",
        moves=[ledger.Move("expense:promotion", wallets.bonus_of(player), fen)],
    )


def test_a_plan_never_gives_back_more_than_it_took():
    """F106: the books refuse it, whoever asks."""
    alice, draw = make.alice(), make.draw()
    plan, other = begun(alice, draw), begun(alice, draw)
    hold, wallet = wallets.hold_of(alice), wallets.wallet_of(alice)

    for reference in (f"plan:{plan.code}:2", "plan:unknown:2", "anything"):
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            ledger.post(
                reference=reference, kind="PLAN_RELEASE", moves=[ledger.Move(hold, wallet, 4_01)]
            )
        assert violated(caught.value) == "plan_within_its_hold"

    assert money(alice) == (8_00, 8_00)
    assert plans.left_fen(plan) == plans.left_fen(other) == 4_00


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
    ("stop", "blue", "did"),
    [
        (1, 7, "stopped"),
        (5_00, 7, "stopped"),
        (5_01, 7, "bought"),
        (0, 7, "bought"),
        (1, 8, "bought"),
    ],
    ids=["any prize", "just so much", "too little", "never", "nothing won"],
)
def test_a_plan_stops_on_a_prize(files, stop, blue, did):
    """F029: stop-on-win cancels the rest and releases the hold; the prize is paid besides."""
    shade, first = shadow()
    plan = begun(shade, first, stop=stop, picks=(BLUE_ONLY,))
    make.shadow_draw()
    if stop:
        assert advanced() == ["waits"]  # nobody knows yet whether it won
    won(first, blue=blue)

    assert advanced() == [did]

    plan.refresh_from_db()
    prize = 5_00 if blue == 7 else 0
    if did == "stopped":
        assert (plan.state, plan.reason) == ("STOPPED", "WON")
        assert money(shade) == (18_00 + prize, 0)
        assert advanced() == []
        with pytest.raises(plans.PlanEnded):
            plans.stop(plan=plan, actor=shade.user, now=database_time())
    else:
        assert plan.state == "RUNNING"
        assert money(shade) == (14_00 + prize, 2_00)
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


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_stops_on_a_prize_stakes_nothing_while_the_result_is_unknown(files):
    """F029: the next draw closes first: it is left out, and the money goes back."""
    shade, first = shadow()
    plan = begun(shade, first, stop=1, picks=(BLUE_ONLY,))
    second = make.shadow_draw()
    assert advanced() == ["waits"]
    plan.refresh_from_db()
    assert plan.waits_because == "result_unknown"
    closed(second)

    assert advanced() == ["left_out"]

    step = plan.steps.get(position=2)
    assert (step.outcome, step.reason) == ("LEFT_OUT", "result_unknown")
    assert money(shade) == (16_00, 2_00)


def test_the_player_stops_his_plan_at_any_time():
    """F029: what is left goes back once; the tickets stay in their draws."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw, count=5)

    stopped = plans.stop(plan=plan, actor=alice.user, now=database_time())

    assert (stopped.state, stopped.reason) == ("STOPPED", "PLAYER")
    assert money(alice) == (18_00, 0)
    assert ledger.balance(f"stakes:{draw.code}") == 2_00
    with pytest.raises(plans.PlanEnded):
        plans.stop(plan=plan, actor=alice.user, now=database_time())
    assert money(alice) == (18_00, 0)
    assert Message.objects.get(kind="sales.plan_ended").params["left_fen"] == 8_00
    make.opened(next_of(draw).code)
    assert advanced() == []


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
    closed(second)
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


def other_rule(draw: Draw, *, line_price: int) -> None:
    """Let a scheduled draw follow another rule sheet, by the hand of the owner."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        sheet = RuleSheet.objects.get(pk=draw.rule_id)
        copied = hand.execute(
            "INSERT INTO games_rulesheet (code, game_id, sheet, digest, line_price, first_issue,"
            " approval_code, loaded_at) SELECT %s, game_id, sheet, digest, %s, first_issue,"
            " approval_code, loaded_at FROM games_rulesheet WHERE id = %s RETURNING id",
            [sheet.code + "x", line_price, sheet.pk],
        ).fetchone()
        assert copied is not None
        hand.execute("UPDATE games_draw SET rule_id = %s WHERE id = %s", [copied[0], draw.pk])
        hand.execute("ALTER TABLE games_draw ENABLE TRIGGER USER")


@pytest.mark.django_db(transaction=True)
def test_a_new_rule_with_the_same_price_is_told_and_the_plan_goes_on():
    """F021, F029: each ticket follows the rule of its draw."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw)
    second = next_of(draw)
    other_rule(second, line_price=2_00)
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


def test_the_picks_of_a_plan_are_ciphertext_bound_to_it():
    """Article 22, F029: whoever reads the tables while a draw is sealed finds no picks."""
    alice, draw = make.alice(), make.draw()
    plan, other = begun(alice, draw), begun(alice, draw)

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(p)::text FROM sales_plan p WHERE id = %s", [plan.pk])
        (text,) = cursor.fetchone()

    assert "single" not in text
    assert "01,02,03" not in text
    assert plans.picks_of(plan) == list(PICKS)
    plan.picks = other.picks
    with pytest.raises(InvalidTag):
        plans.picks_of(plan)


def test_another_players_plan_is_unknown():
    """F147"""
    alice, bob, draw = make.alice(), make.player("白小鹿", wallet=20_00), make.draw()
    plan = begun(alice, draw)

    with pytest.raises(plans.PlanUnknown):
        plans.find(player_id=bob.pk, code=plan.code)

    assert list(plans.of(bob.pk)) == []


def test_what_a_plan_shows_of_its_draws():
    """F029: done, next, and to come, though the calendar does not know them all."""
    shade, first = shadow()
    plan = begun(shade, first, count=4)
    second = make.shadow_draw()
    advanced()
    third = make.shadow_draw()

    rows = plan_facts.steps(plans.find(player_id=shade.pk, code=plan.code))

    assert [(row["position"], row["issue"], row["word"]) for row in rows] == [
        (1, first.issue, "等待开奖"),
        (2, second.issue, "等待开奖"),
        (3, third.issue, rows[2]["word"]),
        (4, "", rows[3]["word"]),
    ]
    assert [row.get("is_next") for row in rows] == [None, None, True, False]
    shown = plan_facts.shown(plans.find(player_id=shade.pk, code=plan.code))
    assert (shown["left"], shown["left_fen"], shown["total_fen"]) == (2, 4_00, 8_00)


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


def a_change(plan: Plan, sql: str) -> str:
    """What refuses a statement of the application about a plan; "" when nothing does."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, {"plan": plan.pk, "code": plan.code})
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as exc:
        return violated(exc)
    return ""


STEP = (
    "INSERT INTO sales_planstep (plan_id, position, draw_id, outcome, ticket_id, reason, at)"
    " SELECT %(plan)s, {place}, d.id, {outcome}, {ticket}, {reason}, now() FROM games_draw d"
    " WHERE d.id = {draw}"
)


@pytest.mark.django_db(transaction=True)
def test_the_database_keeps_the_order_the_money_and_the_end_of_a_plan():
    """F029: what Python never does is refused by name, one thing at a time."""
    shade, first = shadow()
    plan = begun(shade, first)
    second, third = make.shadow_draw(), make.shadow_draw()

    def step(place: int, draw: Draw, outcome: str = "'LEFT_OUT'", ticket: str = "NULL") -> str:
        reason = "'x'" if outcome == "'LEFT_OUT'" else "''"
        return STEP.format(place=place, draw=draw.pk, outcome=outcome, ticket=ticket, reason=reason)

    assert a_change(plan, step(3, second)) == "plan_takes_the_next_draw"
    assert a_change(plan, step(2, third)) == "plan_takes_the_next_draw"
    assert a_change(plan, step(1, first)) == "plan_takes_the_next_draw"
    assert a_change(plan, step(2, second)) == "plan_step_releases_its_price"
    with transaction.atomic():
        wallets.give_back(shade, fen=2_00, plan=plan.code, step="2", from_last=True)
    assert a_change(plan, step(2, second)) == "plan_leaves_out_what_is_over"
    bought = make.purchase(shade, second, channel="drill").sold()[0]
    assert (
        a_change(plan, step(2, second, "'BOUGHT'", str(bought.pk))) == "plan_buys_what_was_agreed"
    )
    update = "UPDATE sales_plan SET {} WHERE id = %(plan)s"
    assert a_change(plan, update.format("state = 'DONE', ended_at = now()")) == (
        "plan_done_when_its_draws_are"
    )
    assert a_change(
        plan, update.format("state = 'STOPPED', reason = 'PLAYER', ended_at = now()")
    ) == ("plan_gives_back_the_rest")
    assert Plan.objects.get(pk=plan.pk).state == "RUNNING"
    assert plan.steps.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_plan_is_never_changes_and_its_end_is_final():
    """F029: not even by the owner of the tables."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw)
    plans.stop(plan=plan, actor=alice.user, now=database_time())

    for sql in (
        "UPDATE sales_plan SET waits_because = 'x'",
        "UPDATE sales_plan SET state = 'RUNNING', reason = '', ended_at = NULL",
        "DELETE FROM sales_plan",
    ):
        with owner.as_owner() as hand, pytest.raises(Exception, match="a plan stands"):
            hand.execute(sql)
    with owner.as_owner() as hand, pytest.raises(Exception, match="evidence"):
        hand.execute("DELETE FROM sales_planstep")


def test_a_plan_without_its_first_ticket_or_its_money_does_not_begin():
    """F029: asked when the transaction ends."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw)
    columns = (
        "player_id, game_id, first_draw_id, draws, price, lines, stop_from, picks, channel,"
        " request_hash, is_shadow, state, reason, waits_because, begun_at"
    )
    copied = (
        f"INSERT INTO sales_plan (code, request_key, {columns})"  # noqa: S608 - names above
        f" SELECT 'OTHER', gen_random_uuid(), {columns} FROM sales_plan WHERE id = %(plan)s"
    )

    assert a_change(plan, copied) == "plan_begins_whole"
    assert Plan.objects.count() == 1


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
