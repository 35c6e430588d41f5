"""Monitors of winners: frauds that were, seeded again, are caught at the first draw (N25)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Player
from audit import alarms, sequencing
from finance import bank_accounts
from games import bets, draws, monitors
from games.models import Draw, MonitorReading
from games.monitors import Case, Stage
from games.rules.ssq import SSQ
from lottery_portal.lib.db import database_time
from prizes import monitors as winners
from prizes import settlement
from prizes.models import Hit
from sales.models import Ticket
from tests import make, make_draws, make_money, people
from tests.owner import as_owner, guards_up
from tests.sales.test_cancellation import shadow_allowed, taken_back
from tests.samples import one_in

FIRST = SSQ.current.tiers[0]
LOSER = make.single(20, 21, 22, 23, 24, 25, blue=9)
FIVE = make.single(20, 21, 22, 23, 24, 25, blue=7)


def settled(*tickets, player=None) -> Draw:
    """A drill with these tickets, settled."""
    return paid(make_draws.confirmed(*tickets, player=player))


def paid(draw: Draw) -> Draw:
    settlement.run(draw=draw, now=database_time())
    return draws.find(draw.code)


def great() -> tuple[Draw, Player]:
    """A settled drill whose first prize one player won, and what others bought."""
    draw, player = make.shadow_draw(), make.shadow_player(wallet=100_00)
    make_draws.sold([LOSER], draw=draw)
    make_draws.sold([make.SELECTION], player=player, draw=draw)
    make_draws.sold([LOSER], draw=draw)
    return paid(make_draws.drawn(make_draws.sealed(draw))), player


def small() -> tuple[Draw, Player, Player]:
    """A settled drill in which one player won a small prize, and another nothing."""
    draw = make.shadow_draw()
    winner, loser = make.shadow_player(wallet=100_00), make.shadow_player(wallet=100_00)
    make_draws.sold([LOSER], player=loser, draw=draw)
    make_draws.sold([FIVE], player=winner, draw=draw)
    make_draws.sold([LOSER], player=loser, draw=draw)
    return paid(make_draws.drawn(make_draws.sealed(draw))), winner, loser


def winning() -> str:
    """The code of the only ticket that won."""
    return Hit.objects.get().ticket.code


def read(draw: Draw) -> dict[str, MonitorReading]:
    rows = monitors.read(draw=draw, stage=Stage.WINNERS, now=database_time())
    return {row.detector: row for row in rows}


def as_person(player, member) -> None:
    """The drill's player is the human being behind this member of staff."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE accounts_player DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE accounts_player SET person_id = %s WHERE id = %s", [member.person_id, player.pk]
        )
        guards_up(owner)


def left(member, *, ago: timedelta) -> None:
    """The member's posts ended so long ago."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE accounts_posting DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE accounts_posting SET valid_from = now() - interval '5 years',"
            " valid_until = now() - %s WHERE person_id = %s",
            [ago, member.person_id],
        )
        guards_up(owner)


# How many winners


def test_nine_first_prizes_where_four_are_expected_stand_out_by_one_ticket():
    """N25, F066: five of the nine lie on one ticket of 70 million lines; nine alone do not."""
    lines = round(4 / winners.odds(SSQ.current, FIRST))
    single = {f"T{number}": 1 for number in range(4)}
    honest = winners.Sold(
        lines=lines,
        tickets=20_000_000,
        ticket_lines={f"T{number}": 5 for number in range(9)},
        won={f"T{number}": 1 for number in range(9)},
    )
    forged = winners.Sold(
        lines=lines,
        tickets=20_000_000,
        ticket_lines=dict.fromkeys([*single, "FORGED"], 5),
        won={**single, "FORGED": 5},
    )

    assert winners.odds(SSQ.current, FIRST) == pytest.approx(1 / 17_721_088)
    assert winners.winners(honest, 1 / 17_721_088)[0] == pytest.approx(0.0214, abs=1e-3)
    assert winners.winners(honest, 1 / 17_721_088)[1] == 1.0
    many, share = winners.winners(forged, 1 / 17_721_088)
    assert many == pytest.approx(0.0214, abs=1e-3)
    assert share < 1e-20


def test_twenty_first_prizes_where_four_are_expected_are_too_many():
    """N25: the Poisson tail alone."""
    many = winners.Sold(
        lines=4 * 17_721_088,
        tickets=20_000_000,
        ticket_lines={f"T{number}": 5 for number in range(20)},
        won={f"T{number}": 1 for number in range(20)},
    )

    assert winners.winners(many, 1 / 17_721_088)[0] < 1e-4


@pytest.mark.django_db(transaction=True)
def test_first_prizes_among_a_handful_of_lines_raise_an_alarm(begin):
    """N25, F066: so few lines cannot win the first prize; the tickets are named."""
    draw, _player = begin(great)

    reading = read(draw)["prize_winners"]

    assert reading.outcome == "ALARM"
    assert reading.probability == pytest.approx(4 * 3 / 17_721_088, rel=1e-3)
    assert reading.facts["tickets"] == [Ticket.objects.order_by("pk")[1].code]
    assert "monitor.prize_winners" in {one.kind for one in alarms.open_now()}


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_what_was_taken_back_was_not_sold():
    """F048, N25: neither among the lines of a draw nor among the tickets of the staff."""
    shadow_allowed()
    insider, draw = make.shadow_player(wallet=100_00), make.shadow_draw()
    for _one in range(2):
        taken_back(make.ticket(insider, draw, [LOSER]))
    make.ticket(make.shadow_player(wallet=100_00), draw, [make.SELECTION])
    as_person(insider, people.member("cashier"))

    readings = read(paid(make_draws.drawn(make_draws.sealed(draw))))

    assert readings["prize_winners"].facts["lines"] == 1
    assert readings["insider_rate"].facts["tickets_of_theirs"] == 0


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_game_whose_first_prize_is_common_raises_no_alarm_by_it():
    """N25: one line in a thousand wins in 3D; no count of winners is looked at."""
    straight = bets.Selection("straight", ((),) * 3, ((1,), (2,), (3,)))
    draw = make_draws.sold([straight], draw=make.shadow_draw(game_code="fc3d-drill"))

    reading = read(paid(make_draws.drawn(make_draws.sealed(draw), straight.picks)))

    assert reading["prize_winners"].outcome == "CLEAR"
    assert reading["prize_winners"].probability == 1.0


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_small_prizes_raise_no_alarm(begin):
    draw, _winner, _loser = begin(small)

    assert {name: row.outcome for name, row in read(draw).items()} == dict.fromkeys(
        ["prize_winners", "staff_winners", "insider_rate", "last_minute", "winner_evidence"],
        "CLEAR",
    )
    assert read(draw) == {}


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_draw_without_tickets_is_clear():
    assert {row.outcome for row in read(settled()).values()} == {"CLEAR"}


# Who won


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("won", "who", "ago", "outcome"),
    one_in(
        3,
        [
            (great, 1, None, "ALARM"),
            (great, 1, timedelta(days=360), "ALARM"),
            (small, 1, None, "NOTICE"),
            (great, 1, timedelta(days=370), "CLEAR"),
            (small, 2, None, "CLEAR"),
        ],
    ),
)
def test_winners_with_a_post_are_found(begin, won, who, ago, outcome):
    """N25: somebody with a post, or who left one within twelve months, has won."""
    draw, *players = begin(won)
    member = people.member("draw_official")
    if ago is not None:
        left(member, ago=ago)
    as_person(players[who - 1], member)

    reading = read(draw)["staff_winners"]

    assert reading.outcome == outcome
    assert reading.count == (outcome != "CLEAR")
    if outcome != "CLEAR":
        assert reading.facts["tickets"] == [winning()]


@pytest.mark.django_db(transaction=True)
def test_a_winner_with_the_bank_account_of_somebody_with_a_post_is_found(begin):
    """N25: the friend who cashes. The same number was on the list of a person with a post."""
    draw, _player = begin(great)
    insider, friend = make.player("陈小雨"), make_money.player("陈小雨")
    stranger = make.player("陈小雨")
    account = bank_accounts.add(
        player=insider, bank_name="建设银行", number=make_money.card("6021"), holder="陈小雨",
        now=database_time(),
    )  # fmt: skip
    bank_accounts.remove(player=insider, code=account.code, now=database_time())
    bank_accounts.add(
        player=friend, bank_name="建设银行", number=make_money.card("6021"), holder="陈小雨",
        now=database_time(),
    )  # fmt: skip
    assert bank_accounts.sharers([insider.code, stranger.code]) == {
        insider.code: {friend.code},
        stranger.code: set(),
    }
    as_person(insider, people.member("cashier"))
    assert read_staff(draw) == "CLEAR"

    give_to(friend, draw)

    assert read_staff(draw) == "ALARM"


def give_to(player, draw: Draw) -> None:
    """The draw's prizes belong to this player."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE prizes_prize DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE prizes_prize SET owner_id = %s WHERE draw_id = %s", [player.pk, draw.pk]
        )
        guards_up(owner)


def read_staff(draw: Draw) -> str:
    """What the detector says now, without a row."""
    return winners.staff_winners(Case(draws.find(draw.code))).judged()


@pytest.mark.django_db(transaction=True)
def test_staff_who_win_more_often_than_everybody_are_found():
    """N25: all eight tickets of theirs win small prizes, and none of forty others."""
    member = people.member("risk")
    insider, others = make.shadow_player(wallet=100_00), make.shadow_player(wallet=100_00)
    draw = make_draws.sold(*[[FIVE]] * 8, player=insider)
    make_draws.sold(*[[LOSER]] * 40, player=others, draw=draw)
    as_person(insider, member)

    draw = paid(make_draws.drawn(make_draws.sealed(draw)))
    reading = read(draw)["insider_rate"]

    assert reading.outcome == "ALARM"
    assert reading.facts == {"tickets_of_theirs": 8, "wins": 8}
    assert reading.probability == pytest.approx(1 / 377_348_994)  # 48 over 8


# Which tickets won


@pytest.mark.django_db(transaction=True)
def test_a_first_prize_sold_in_the_last_minute_raises_an_alarm():
    """N25: the drill closes within the minute of its sales."""
    draw = settled([make.SELECTION], [make.single(1, 2, 3, 4, 5, 6, blue=8)])

    reading = read(draw)["last_minute"]

    assert (reading.outcome, reading.count) == ("ALARM", 2)


@pytest.mark.django_db(transaction=True)
def test_a_first_prize_sold_before_the_last_minute_raises_none(begin):
    draw, _player = begin(great)
    earlier(draw, by=timedelta(minutes=2))

    assert winners.last_minute(Case(draws.find(draw.code))).judged() == "CLEAR"


def earlier(draw: Draw, *, by: timedelta) -> None:
    with as_owner() as owner:
        owner.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        owner.execute("UPDATE sales_ticket SET sold_at = sold_at - %s", [by])
        guards_up(owner)


@pytest.mark.django_db(transaction=True)
def test_winning_tickets_with_their_evidence_are_clear(begin):
    draw, _player = begin(great)
    sequencing.run_all()

    assert winners.evidence(Case(draw)).judged() == "CLEAR"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("forgery", "lacks"),
    [
        ("DELETE FROM sales_receipt", ["no_receipt"]),
        ("UPDATE sales_receipt SET signature = repeat('A', 86) || '=='", ["receipt_differs"]),
        ("UPDATE sales_selection SET mask_4 = mask_4 * 2", ["receipt_differs"]),
        (
            "UPDATE sales_ticket SET sold_at = sold_at - interval '2 minutes'",
            ["logged_late", "receipt_differs"],
        ),
        (
            "UPDATE sales_ticket SET sold_at = sold_at + interval '1 hour'",
            ["logged_late", "receipt_differs", "sold_after_the_close"],
        ),
        (
            (
                "UPDATE sales_ticket SET code ="
                " CASE left(code, 1) WHEN 'X' THEN 'Y' ELSE 'X' END || substr(code, 2)"
            ),
            ["not_logged", "receipt_differs"],
        ),
    ],
)
def test_winning_tickets_without_their_evidence_raise_an_alarm(begin, forgery, lacks):
    """N25, F059: receipt or log entry missing, late, or of another ticket; the ticket is named."""
    draw, _player = begin(great)
    with as_owner() as owner:
        table = forgery.split()[2 if forgery.startswith("DELETE") else 1]
        parts = owner.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            [table],
        ).fetchall()
        for name in [table, *(part for (part,) in parts)]:
            owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        owner.execute(forgery)

    reading = read(draw)["winner_evidence"]

    ticket = winning()
    assert reading.outcome == "ALARM"
    assert reading.facts == {"tickets": [ticket], "lacks": {ticket: lacks}}
