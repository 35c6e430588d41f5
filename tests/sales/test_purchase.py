"""Buying: one door, one transaction, every refusal by its name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accounts import messages
from accounts.models import Player
from finance import ledger
from games import bets, switches
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7
from sales import notices, purchase, quotes
from sales.models import Purchase, Receipt, Selection, Ticket
from tests import make, make_plans, owner, people
from tests.games.test_licences import recorded

pytestmark = pytest.mark.django_db


def nothing_moved(player: Player, *, balance: int, since: int = 0) -> None:
    """All there is are the purchases before, of one line each."""
    assert ledger.balance(f"wallet:{player.code}") == balance
    for kind in (Purchase, Ticket, Selection, Receipt):
        assert kind.objects.count() == since
    assert Job.objects.filter(kind="sales.send_receipt").count() == since


def buy_all(player: Player, orders: list[purchase.Order]) -> Purchase:
    return purchase.buy(
        player=player, orders=orders, request_key=uuid7(), channel="api", now=database_time()
    )


def test_a_purchase_is_ticket_money_receipt_and_job_in_one():
    """F042, F044, F047."""
    alice, draw = make.alice(wallet=20_00), make.draw()
    selections = [make.single(multiplier=2), make.single(8, 9, 10, 11, 12, 13, blue=1)]

    bought = make.purchase(alice, draw, selections)

    (ticket,) = Ticket.objects.select_related("receipt")
    assert (bought.price, ticket.price, ticket.lines) == (6_00, 6_00, 2)
    assert (ticket.owner, ticket.draw, ticket.rule_id) == (alice, draw, draw.rule_id)
    assert (ticket.channel, ticket.format_version, ticket.is_shadow) == ("web", 1, False)
    rows = ticket.selections.order_by("position")
    assert [(row.amount, row.multiplier, row.masks) for row in rows] == [
        (4_00, 2, (0, 0b111111, 0, 0b1000000)),
        (2_00, 1, (0, 0b1111110000000, 0, 1)),
    ]
    assert ledger.balance(f"wallet:{alice.code}") == 14_00
    assert ledger.balance(f"stakes:{draw.code}") == 6_00
    assert ticket.receipt.key_id.startswith("receipt-")
    assert Job.objects.get(kind="sales.send_receipt").key == f"receipt:{bought.code}"


def test_several_tickets_are_bought_together_or_not_at_all():
    """F042."""
    alice, draw = make.alice(wallet=5_00), make.draw()
    orders = [purchase.Order(draw=draw, selections=[make.single(blue=blue)]) for blue in (1, 2, 3)]

    with pytest.raises(purchase.NotEnoughMoney):
        buy_all(alice, orders)
    nothing_moved(alice, balance=5_00)

    bought = buy_all(alice, orders[:2])

    assert [ticket.position for ticket in bought.tickets.order_by("position")] == [1, 2]
    assert ledger.balance(f"wallet:{alice.code}") == 1_00


def test_the_same_request_gives_the_first_purchase_again():
    """F043."""
    alice, draw, key = make.alice(), make.draw(), uuid.uuid4()

    first = make.purchase(alice, draw, key=key)
    again = make.purchase(alice, draw, key=key)

    assert again.pk == first.pk
    assert [ticket.code for ticket in again.sold()] == [ticket.code for ticket in first.sold()]
    assert ledger.balance(f"wallet:{alice.code}") == 18_00


def test_a_request_key_is_not_used_for_other_numbers():
    """F043."""
    alice, draw, key = make.alice(), make.draw(), uuid.uuid4()
    make.purchase(alice, draw, key=key)

    with pytest.raises(purchase.RequestKeyReused) as refusal:
        make.purchase(alice, draw, [make.single(blue=8)], key=key)

    assert (refusal.value.code, refusal.value.status) == ("request_key_reused", 422)
    assert Ticket.objects.count() == 1
    assert ledger.balance(f"wallet:{alice.code}") == 18_00


def test_two_players_may_use_the_same_key():
    alice, bob, draw, key = make.alice(), make.alice(), make.draw(), uuid.uuid4()

    assert make.purchase(alice, draw, key=key).pk != make.purchase(bob, draw, key=key).pk


def test_a_wallet_without_enough_money_is_refused_with_the_figures():
    alice, draw = make.alice(wallet=1_99), make.draw()

    with pytest.raises(purchase.NotEnoughMoney) as refusal:
        make.purchase(alice, draw)

    assert refusal.value.figures == {"price_fen": 200, "available_fen": 199, "missing_fen": 1}
    nothing_moved(alice, balance=1_99)


def test_who_is_not_verified_does_not_buy():
    """F002."""
    bob, draw = make.player(verified=False), make.draw()

    with pytest.raises(purchase.KycRequired) as refusal:
        make.purchase(bob, draw)

    assert (refusal.value.code, refusal.value.status) == ("kyc_required", 403)
    nothing_moved(bob, balance=0)


def test_who_holds_a_post_does_not_play():
    """F017: restricted persons."""
    alice, draw = make.player("林晓", wallet=20_00), make.draw()
    assert alice.person is not None
    people.member("cashier", id_number=alice.person.citizen_id.reveal())

    with pytest.raises(purchase.StaffMayNotPlay) as refusal:
        make.purchase(alice, draw)

    assert refusal.value.status == 403
    nothing_moved(alice, balance=20_00)


def test_a_player_who_is_not_active_does_not_buy():
    alice, draw = make.alice(), make.draw()
    Player.objects.filter(pk=alice.pk).update(state=Player.State.EXCLUDED)

    with pytest.raises(purchase.AccountNotActive) as refusal:
        make.purchase(alice, draw)

    assert refusal.value.figures == {"state": "EXCLUDED"}
    nothing_moved(alice, balance=20_00)


def test_shadow_money_never_enters_a_real_draw_nor_real_money_a_shadow_draw():
    """F020."""
    shade, alice = make.shadow_player(wallet=20_00), make.alice()

    with pytest.raises(purchase.BooksMixed):
        make.purchase(shade, make.draw())
    with pytest.raises(purchase.BooksMixed):
        make.purchase(alice, make.shadow_draw())

    nothing_moved(shade, balance=20_00)
    nothing_moved(alice, balance=20_00)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sold_without_a_licence_in_force():
    """F023: without any, and when the last has ended; with one in force sales are open again."""
    alice, draw = make.alice(), make.draw()
    without_licences()

    for has_ended in (False, True):
        if has_ended:
            licence("TEST-1", timedelta(days=-2), timedelta(days=2))
            past_the_guards("UPDATE games_licence SET valid_until = now() - interval '1 second'")
        with pytest.raises(purchase.LicenceMissing) as refusal:
            make.purchase(alice, draw)
        assert (refusal.value.code, refusal.value.status) == ("licence_missing", 503)
        nothing_moved(alice, balance=20_00)

    licence("TEST-2", timedelta(days=-2), timedelta(days=2))
    assert make.purchase(alice, draw).price == 2_00


def without_licences() -> None:
    """A house that never had one."""
    past_the_guards("DELETE FROM games_licence")


def past_the_guards(statement: str) -> None:
    """Licences stand: only the owner can change them, or take them away."""
    with owner.as_owner() as connection:
        connection.execute("ALTER TABLE games_licence DISABLE TRIGGER USER")
        connection.execute(statement)
        connection.execute(
            "ALTER TABLE games_licence ENABLE ALWAYS TRIGGER games_licence_never_changes"
        )


def licence(number: str, since: timedelta, until: timedelta) -> None:
    """A licence that two people recorded, valid from then until then."""
    now = database_time()
    recorded(number, games=["ssq"], valid_from=now + since, valid_until=now + until)


def test_a_switch_stops_sales_at_once_and_says_why():
    """F039."""
    alice, draw = make.alice(), make.draw()
    boss = people.member("administrator").user
    for sold, scope in enumerate(("all", "game:ssq", "channel:web", f"player:{alice.code}")):
        now = database_time()
        switches.switch(scope=scope, is_off=True, reason="inspection", actor=boss, now=now)

        with pytest.raises(purchase.SalesSwitchedOff) as refusal:
            make.purchase(alice, draw)

        assert refusal.value.figures == {"scope": scope, "reason": "inspection"}
        assert refusal.value.status == 503
        nothing_moved(alice, balance=20_00 - sold * 2_00, since=sold)

        now = database_time()
        switches.switch(scope=scope, is_off=False, reason="done", actor=boss, now=now)
        assert make.purchase(alice, draw).price == 2_00


def test_a_switch_stops_only_what_it_names():
    """F039."""
    alice, bob, draw = make.alice(), make.alice(), make.draw()
    boss = people.member("administrator").user
    for scope in (f"player:{bob.code}", "channel:api", "game:ssq-drill"):
        switches.switch(scope=scope, is_off=True, reason="x", actor=boss, now=database_time())

    assert make.purchase(alice, draw).price == 2_00


def test_a_ticket_costs_at_most_twenty_thousand_yuan():
    """F028, F036: the cap is met, one line more is refused with the figure."""
    alice, draw = make.alice(wallet=50_000_00), make.draw()
    most = [make.single(*range(n, n + 6), multiplier=99) for n in range(1, 28)] * 4
    at_the_cap = [*most[:101], make.single(multiplier=1)]
    assert sum(one.multiplier for one in at_the_cap) == 10_000

    with pytest.raises(bets.TicketTooDear) as refusal:
        make.purchase(alice, draw, [*at_the_cap, make.single()])
    assert refusal.value.figures == {"price_fen": 20_002_00, "most_fen": 20_000_00}
    nothing_moved(alice, balance=50_000_00)

    assert make.purchase(alice, draw, at_the_cap).price == 20_000_00


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        (make.single(multiplier=0), "multiplier_out_of_range"),
        (make.single(multiplier=100), "multiplier_out_of_range"),
        (make.single(1, 2, 3, 4, 5), "too_few_numbers"),
        (make.single(1, 2, 3, 4, 5, 34), "number_out_of_range"),
        (make.single(1, 2, 3, 4, 5, 5), "number_repeated"),
        (bets.Selection("straight", ((), ()), ((1, 2, 3, 4, 5, 6), (7,))), "unknown_bet_type"),
    ],
)
def test_every_rule_that_is_broken_has_its_own_refusal(selection, code):
    """F032, F028."""
    alice, draw = make.alice(), make.draw()

    with pytest.raises(Refused) as refusal:
        make.purchase(alice, draw, [selection])

    assert refusal.value.code == code
    nothing_moved(alice, balance=20_00)


def test_an_empty_order_is_refused():
    alice, draw = make.alice(), make.draw()

    with pytest.raises(quotes.NothingChosen):
        make.purchase(alice, draw, [])
    with pytest.raises(quotes.NothingChosen):
        buy_all(alice, [])

    nothing_moved(alice, balance=20_00)


def test_more_selections_or_tickets_than_fit_are_refused_with_the_figures():
    alice, draw = make.alice(), make.draw()
    order = purchase.Order(draw=draw, selections=[make.single()])

    with pytest.raises(quotes.TooManySelections) as selections:
        make.purchase(alice, draw, [make.single()] * 201)
    with pytest.raises(purchase.TooManyTickets) as tickets:
        buy_all(alice, [order] * 21)

    assert selections.value.figures == {"most": 200, "given": 201}
    assert tickets.value.figures == {"most": 20, "given": 21}
    nothing_moved(alice, balance=20_00)


def test_a_draw_that_has_not_opened_sells_nothing():
    alice, draw = make.alice(), make.draw()
    later = Draw.objects.select_related("game", "rule").get(pk=make_plans.next_of(draw).pk)

    with pytest.raises(purchase.DrawNotOpen) as refusal:
        make.purchase(alice, later)

    assert refusal.value.figures["state"] == "SCHEDULED"
    nothing_moved(alice, balance=20_00)


@pytest.mark.django_db(transaction=True)
def test_a_late_request_is_refused_with_both_times_though_nobody_has_closed_the_draw():
    """F037: Postgres's clock decides, not the tick that closes."""
    shade = make.shadow_player(wallet=20_00)
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=200))
    make.wait_until(draw.closes_at)

    with pytest.raises(purchase.DrawClosed) as refusal:
        make.purchase(shade, draw, channel="drill")

    figures = refusal.value.figures
    assert draw.state == "OPEN"
    assert figures["closed_at"] == draw.closes_at
    assert figures["arrived_at"] >= draw.closes_at
    late = (figures["arrived_at"] - draw.closes_at).total_seconds()
    assert figures["late_seconds"] == f"{late:.3f}"
    assert (figures["issue"], figures["price_fen"]) == (draw.issue, 2_00)
    nothing_moved(shade, balance=20_00)


@pytest.mark.django_db(transaction=True)
def test_a_closed_draw_sells_nothing():
    """F037."""
    shade = make.shadow_player(wallet=20_00)
    draw = make.closed(make.shadow_draw())
    assert draw.state == "CLOSED"

    with pytest.raises(purchase.DrawClosed):
        make.purchase(shade, draw, channel="drill")

    nothing_moved(shade, balance=20_00)


@pytest.mark.django_db(transaction=True)
def test_a_sale_that_waits_too_long_is_given_up_and_says_so():
    alice, draw = make.alice(), make.draw()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")

    with owner.as_owner() as hand:
        hand.execute("SELECT pg_advisory_lock(draw_gate(), %s::integer)", [draw.pk])
        with pytest.raises(purchase.SalesBusy) as refusal:
            make.purchase(alice, draw)

    assert refusal.value.status == 503
    nothing_moved(alice, balance=20_00)
    assert make.purchase(alice, draw).price == 2_00


@pytest.mark.django_db(transaction=True)
def test_of_a_draw_a_turnstile_lets_one_buyer_at_a_time_to_the_gate():
    """F037: a close waits for sixteen sales at most, however many buy; other draws are free."""
    players = [make.shadow_player(wallet=20_00) for _turnstile in range(17)]
    first, again, beside = players[0], players[16], players[1]
    assert (first.pk - again.pk) % 16 == 0 != (first.pk - beside.pk) % 16
    draw, other = make.shadow_draw(), make.shadow_draw()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")

    with owner.as_owner() as hand:
        hand.execute(
            "SELECT pg_advisory_lock(draw_gate() + 4, %s * 16 + %s %% 16)", [draw.pk, first.pk]
        )
        with pytest.raises(purchase.SalesBusy):
            make.purchase(again, draw, channel="drill")
        nothing_moved(again, balance=20_00)
        make.purchase(beside, draw, channel="drill")
        make.purchase(again, other, channel="drill")

    make.purchase(again, draw, channel="drill")


PRICED = "ticket_costs_its_selections"
COUNTED = "selection_lines_counted"
SPELT = "ticket_spelt_as_sealed"


def picked(
    *masks: int, kind: str = "single", lines: int = 1, amount: int = 200
) -> dict[str, list[list[Any]]]:
    return {"selections": [[kind, lines, 1, False, amount, *masks]]}


def wanted(draw: Draw) -> dict[str, Any]:
    """One sound ticket as the function of the database takes it."""
    return {
        "code": "T" * 17, "draw_id": draw.pk, "rule_id": draw.rule_id, "price": 200, "lines": 1,
        "salt": "00" * 16, "format_version": 1, **picked(0, 63, 0, 64),
    }  # fmt: skip


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"price": 1}, PRICED),
    ({"lines": 2}, PRICED),
    ({"selections": []}, PRICED),
    ({**picked(0, 63, 0, 64, amount=1), "price": 1}, PRICED),
    ({"rule_id": 0}, COUNTED),
    (picked(0, 127, 0, 64), COUNTED),
    (picked(0, 63 << 28, 0, 64), COUNTED),
    (picked(1, 63, 0, 64, kind="banker"), COUNTED),
    (picked(0, -1, 0, 64), COUNTED),
    ({"code": "T"}, SPELT),
    ({"salt": "00"}, SPELT),
    ({"format_version": 2}, SPELT),
]


def test_the_database_counts_and_prices_again():
    """F042: code that has gone wrong sells nothing for less than it costs."""
    alice, draw = make.alice(), make.draw()
    ticket = wanted(draw)

    for change, constraint in WRONG:
        with pytest.raises(IntegrityError) as refused:
            sell_directly(alice, ticket | change)

        assert violated(refused.value) == constraint, change
        nothing_moved(alice, balance=20_00)
    sell_directly(alice, ticket)
    assert Ticket.objects.get().price == 2_00


def sell_directly(player: Player, *tickets: Mapping[str, Any]) -> None:
    asked = {
        "code": "P", "player_id": player.pk, "request_key": str(uuid.uuid4()),
        "request_hash": "", "channel": "web", "tickets": tickets,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales_sell(%s::jsonb)", [json.dumps(asked)])


@pytest.mark.django_db(transaction=True)
def test_a_sale_on_an_old_snapshot_is_refused():
    """F037: an older snapshot would still see an open draw."""
    alice, draw = make.alice(), make.draw()
    ticket = wanted(draw)

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(IntegrityError) as refused:
            sell_directly(alice, ticket)

    assert violated(refused.value) == "ticket_sold_read_committed"


def changes(table: str) -> list[str]:
    return [f"UPDATE sales_{table} SET id = id", f"DELETE FROM sales_{table}"]  # noqa: S608 - our own names


SOLD = ("purchase", "ticket", "selection", "receipt")


def test_what_was_sold_never_changes():
    """F049: not for the application, and not by its owner's hand either."""
    alice, draw = make.alice(), make.draw()
    make.purchase(alice, draw)

    for deed in [deed for table in SOLD for deed in changes(table)]:
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(deed)

    assert Ticket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_what_was_sold():
    """F049."""
    alice, draw = make.alice(), make.draw()
    make.purchase(alice, draw)

    with owner.as_owner() as hand:
        for table in SOLD:
            for deed in changes(table):
                with pytest.raises(psycopg.errors.RestrictViolation):
                    hand.execute(deed)


def test_tickets_come_into_being_through_the_sale_only():
    """F042."""
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw)

    with pytest.raises(ProgrammingError), transaction.atomic():
        Ticket.objects.create(
            code="X", purchase=ticket.purchase, position=2, draw=draw, rule=draw.rule, owner=alice,
            price=2_00, lines=1, format_version=1, channel="web", is_shadow=False, xid=0,
            sold_at=database_time(),
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_buyer_gets_one_message():
    """F053."""
    alice, draw = make.alice(), make.draw()
    bought = make.purchase(alice, draw)

    jobs.run_pending(kinds=frozenset({"sales.send_receipt"}))
    notices.send_receipt(purchase_id=bought.pk, now=database_time())

    (message,) = messages.inbox(alice.user).filter(kind="sales.purchased")
    written = messages.write(message, "en")
    assert message.kind == "sales.purchased"
    assert "2.00 yuan" in written.text
    assert written.address == f"/tickets/{bought.sold()[0].code}/"


@pytest.mark.django_db(transaction=True)
def test_a_basket_of_several_games_is_told_ticket_by_ticket():
    """F053: nobody is told that his five games were five tickets of the first one."""
    alice, draw = make.alice(), make.draw()
    other = make.draw("qlc")
    orders = [
        purchase.Order(draw=draw, selections=[make.single()]),
        purchase.Order(
            draw=other,
            selections=[
                bets.Selection(bet_type="single", bankers=((),), picks=((1, 2, 3, 4, 5, 6, 7),))
            ],
        ),
    ]
    bought = purchase.buy(
        player=alice, orders=orders, request_key=uuid7(), channel="web", now=database_time()
    )

    notices.send_receipt(purchase_id=bought.pk, now=database_time())

    (message,) = messages.inbox(alice.user).filter(kind="sales.purchased")
    written = messages.write(message, "en")
    assert "You bought 2 tickets for 4.00 yuan:" in written.text
    assert f"Seven Happiness, draw {other.issue}: ticket" in written.text
    assert written.address == "/tickets/"


def test_a_sale_asks_the_database_few_questions(django_assert_max_num_queries):
    """The sale is one statement; receipt and job are one each."""
    alice, draw = make.alice(), make.draw()
    make.purchase(alice, draw)

    with django_assert_max_num_queries(6):  # three are the test's own: its savepoint, its clock
        make.purchase(alice, draw)
