"""Plans over several draws: the money of all held when the first is bought (F029)."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection, transaction

from accounts.models import Message, Player
from finance import ledger, wallets
from games.models import Draw
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from sales import plan_facts, plans, purchase
from sales.models import Plan, Purchase, Ticket
from tests import make, owner
from tests.make_plans import PICKS, advanced, begun, money, next_of, shadow, steps, switched

pytestmark = pytest.mark.django_db


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
    make.closed(closing)
    with pytest.raises((purchase.DrawClosed, purchase.DrawNotOpen)):
        begun(shade, closing)
    switched(f"player:{alice.code}", is_off=True)
    with pytest.raises(purchase.SalesSwitchedOff):
        begun(alice, draw)

    assert [money(one) for one in (alice, bob, shade)] == [(20_00, 0), (0, 0), (20_00, 0)]
    assert not Plan.objects.exists()


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
