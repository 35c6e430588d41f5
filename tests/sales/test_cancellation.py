"""A ticket taken back before the close: its stake returns once, and it is in no draw (F048)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Message, Player
from audit import policies, sequencing, witnesses
from audit.models import Alarm
from finance import ceilings, ledger, wallets
from games import draws
from games.models import Draw, SealStatement
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from prizes.models import Prize
from sales import cancellation, proofs, purchase, rolling, sealed_export, sealing, tickets
from sales.models import Cancellation, RollingCheck, SealBlock, Ticket
from tests import make, make_draws, owner
from tests.make_plans import begun, money

pytestmark = pytest.mark.django_db


def allowed(*, minutes: int = 30, scope: str = "") -> None:
    """The rule lets tickets be taken back for so long; before anything is sold."""
    with transaction.atomic():
        policies.set_genesis(
            key=cancellation.MINUTES_POLICY,
            scope=scope or "ssq",
            value=minutes,
            reason="Genesis: for this test",
            now=database_time(),
        )


def shadow_allowed() -> None:
    allowed(scope=make.DRILL)


def taken_back(ticket: Ticket) -> Cancellation:
    """The ticket taken back by its owner."""
    found = tickets.find(player_id=ticket.owner_id, code=ticket.code)
    return cancellation.cancel(
        player=found.owner,
        ticket=found,
        channel="drill" if found.is_shadow else "web",
        now=database_time(),
    )


def nothing_moved(ticket: Ticket, *, balance: int) -> None:
    assert wallets.available(ticket.owner) == balance
    assert ledger.balance(f"stakes:{ticket.draw.code}") == ticket.price
    assert not Cancellation.objects.exists()


def test_the_stake_goes_back_once_and_the_ticket_stays_on_record():
    """F048: void restores the money and keeps the row."""
    allowed()
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw)

    first, again = taken_back(ticket), taken_back(ticket)

    assert first == again
    assert (first.amount, first.minutes, first.channel) == (2_00, 30, "web")
    assert bytes(first.leaf) == bytes(ticket.receipt.leaf)
    assert wallets.available(alice) == 20_00
    assert ledger.balance(f"stakes:{draw.code}") == 0
    (one,) = tickets.read([tickets.find(player_id=alice.pk, code=ticket.code)], player_id=alice.pk)
    assert one.state == "cancelled"
    assert [step["title"] for step in tickets.steps_of(one, seal=None)][-1:] != []
    assert list(tickets.of(alice.pk, show="waiting")) == []
    assert list(tickets.of(alice.pk, show="all")) == [ticket]
    assert tickets.year_of(alice.pk, now=database_time()) == (0, 0)
    assert ledger.verify_books() == []


def test_who_takes_a_ticket_back_is_told_once():
    """F053: a notice of safety, whatever he chose."""
    allowed()
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw)
    taken_back(ticket)
    taken_back(ticket)

    assert Message.objects.filter(kind="sales.cancelled").count() == 1
    jobs.run_pending()
    assert all("sales.cancelled" not in one.subject for one in mail.outbox)


def test_where_the_rule_says_nothing_a_ticket_stands():
    """F048: the first figure is none at all."""
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw)

    with pytest.raises(cancellation.NotCancellable):
        taken_back(ticket)

    assert cancellation.window_of(ticket, now=database_time()) is None
    nothing_moved(ticket, balance=18_00)


def test_a_rule_for_one_game_is_none_for_another():
    """F048: by game."""
    allowed(scope="ssq")
    ticket = make.ticket(make.shadow_player(wallet=20_00), make.shadow_draw())

    with pytest.raises(cancellation.NotCancellable):
        taken_back(ticket)

    nothing_moved(ticket, balance=18_00)


def older(by: timedelta) -> None:
    """All tickets as if they had been sold that much earlier."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_ticket SET sold_at = sold_at - %s", [by])
        owner.guards_up(hand)


@pytest.mark.django_db(transaction=True)
def test_after_its_minutes_a_ticket_stands():
    """F048: the database counts them from the sale."""
    allowed(minutes=10)
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw)
    older(timedelta(minutes=10))
    ticket.refresh_from_db()

    with pytest.raises(cancellation.CancelledTooLate) as caught:
        taken_back(ticket)

    assert caught.value.figures == {"minutes": 10}
    assert cancellation.window_of(ticket, now=database_time()) is None
    nothing_moved(ticket, balance=18_00)


def test_after_the_close_a_ticket_stands():
    """F048, F049: by Postgres's clock."""
    shadow_allowed()
    draw = make.shadow_draw()
    ticket = make.ticket(make.shadow_player(wallet=20_00), draw)
    make.closed(draw)

    with pytest.raises(cancellation.ClosedBeforeCancelled):
        taken_back(ticket)

    nothing_moved(ticket, balance=18_00)


def test_nobody_takes_back_what_is_anothers():
    """F047"""
    allowed()
    ticket = make.ticket(make.alice(), make.draw())
    bob = make.player("白小鹿", wallet=20_00)

    with pytest.raises(tickets.TicketUnknown):
        cancellation.cancel(player=bob, ticket=ticket, channel="web", now=database_time())

    nothing_moved(ticket, balance=18_00)


def test_of_several_tickets_bought_together_one_comes_back():
    """F048: its own price, whatever the others cost."""
    allowed()
    alice, draw = make.alice(), make.draw()
    bought = purchase.buy(
        player=alice,
        orders=[
            purchase.Order(draw=draw, selections=[make.single(multiplier=times)])
            for times in (1, 2, 3)
        ],
        request_key=uuid7(),
        channel="web",
        now=database_time(),
    )

    taken_back(bought.sold()[1])

    assert wallets.available(alice) == 20_00 - 2_00 - 6_00
    assert ledger.balance(f"stakes:{draw.code}") == 8_00


def test_the_stake_goes_back_to_the_purses_it_came_from():
    """F107, F048: a bonus is a bonus again."""
    allowed()
    alice, draw = make.alice(wallet=2_00), make.draw()
    with transaction.atomic():
        ledger.open_account(code="expense:promotion", kind="EXPENSE")
        ledger.post(
            reference="bonus:test",
            kind="BONUS",
            moves=[ledger.Move("expense:promotion", wallets.bonus_of(alice), 3_00)],
        )
    before = wallets.purses(alice)
    ticket = make.ticket(alice, draw, (make.single(multiplier=2),))
    assert wallets.purses(alice).bonus_fen == 0

    taken_back(ticket)

    assert wallets.purses(alice) == before


def test_what_comes_back_no_longer_counts_against_a_limit():
    """N14, F048: void restores liability."""
    allowed()
    alice, draw = make.alice(), make.draw()
    with transaction.atomic():
        ceilings.set_ceiling(
            player=alice,
            flow="STAKE",
            span="DAY",
            fen=2_00,
            valid_from=database_time() - timedelta(minutes=1),
        )
    ticket = make.ticket(alice, draw)
    with pytest.raises(ceilings.CeilingReached):
        make.purchase(alice, draw)

    taken_back(ticket)

    make.purchase(alice, draw)
    assert ceilings.used(alice, flow="STAKE", span="DAY") == 2_00


def three_sold_one_back() -> tuple[Draw, list[Ticket]]:
    """A shadow draw with three winning tickets; the second is taken back."""
    shadow_allowed()
    draw, shade = make.shadow_draw(), make.shadow_player(wallet=100_00)
    sold = [make.ticket(shade, draw, (make.SELECTION,)) for _one in range(3)]
    taken_back(sold[1])
    return draw, sold


@pytest.mark.django_db(transaction=True)
def test_what_was_taken_back_is_not_sealed_and_not_paid(settings, tmp_path):
    """F048, F051, F057, F059: no line, no serial, no proof, no prize; the witness agrees."""
    settings.STATE_DIR = tmp_path
    draw, sold = three_sold_one_back()

    sealed = make_draws.sealed(draw)

    statement = SealStatement.objects.get(draw=sealed)
    assert (statement.tickets, statement.lines, statement.stake) == (2, 2, 4_00)
    content = sealing.file_of(statement).read_bytes()
    assert [one.code.encode() in content for one in sold] == [True, False, True]
    assert [sealing.serial_of(one) for one in sold] == [1, None, 2]
    assert [block.tickets for block in SealBlock.objects.filter(draw=sealed)] == [2]
    last = RollingCheck.objects.get(draw=sealed, is_closing=True)
    assert (last.tickets, last.stake, last.cancelled, last.returned) == (3, 6_00, 1, 2_00)
    assert sealing.check(statement, with_rows=False) == []
    read = tickets.read([sold[1], sold[2]], player_id=sold[0].owner_id)
    with pytest.raises(proofs.TakenBack):
        proofs.of(read[0])
    assert proofs.of(read[1])["serial"] == 2

    settled = make_draws.settled(make_draws.drawn(sealed))

    assert settled.state == "PUBLISHED"
    assert sorted(Prize.objects.values_list("ticket_id", flat=True)) == [sold[0].pk, sold[2].pk]
    with pytest.raises(cancellation.ClosedBeforeCancelled):
        taken_back(sold[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.thorough
def test_a_ticket_that_nobody_took_back_cannot_be_passed_off_as_such(
    settings, tmp_path, monkeypatch
):
    """N05, F059: a row put in by hand after the witness was told of the last ticket."""
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(sealing, "_PAUSE_SECONDS", 0.01)  # the log will not come
    shadow_allowed()
    draw, shade = make.shadow_draw(), make.shadow_player(wallet=100_00)
    winner = make.ticket(shade, draw)
    make.ticket(shade, draw)
    closed = make.closed(draw)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_cancellation DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO sales_cancellation (ticket_id, draw_id, leaf, amount, minutes, channel,"
            " is_shadow, cancelled_at) SELECT %s, %s, leaf, 200, 30, 'drill', true,"
            " clock_timestamp() FROM sales_receipt WHERE ticket_id = %s",
            [winner.pk, draw.pk, winner.pk],
        )
        hand.execute("SELECT sales_refund(%s)", [winner.pk])

    with pytest.raises((witnesses.WitnessRefuses, rolling.TicketsNotSequenced)):
        sealing.complete(draw=draws.find(closed.code), now=database_time())

    assert not sealing.is_public(closed)
    (named,) = Alarm.objects.filter(kind="sales.rows_differ")
    assert (named.object_code, named.facts["what"]) == (winner.code, "taken_back")


@pytest.mark.django_db(transaction=True)
def test_the_witness_is_told_of_what_was_taken_back_as_it_happens(settings, tmp_path):
    """F060: in the interval in which it happened, before the close."""
    settings.STATE_DIR = tmp_path
    draw, _sold = three_sold_one_back()
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())

    assert rolling.check(draw=draw, now=database_time()) == []

    told = RollingCheck.objects.get(draw=draw)
    assert (told.tickets, told.cancelled, told.stake, told.returned) == (3, 1, 6_00, 2_00)
    assert told.told_at is not None


def test_a_count_of_what_would_be_sealed_leaves_out_what_came_back():
    """F048: the rows that are counted again at settlement are those that were sealed."""
    draw, _sold = three_sold_one_back()
    with transaction.atomic():
        counted = sealed_export.count(draw)

    assert (counted.tickets, counted.lines, counted.stake_fen, counted.picks_fen) == (
        2, 2, 4_00, 4_00,
    )  # fmt: skip


def by_hand(ticket: Ticket, **changes: object) -> str:
    """What refuses a row of a ticket taken back that the owner of the tables writes."""
    values: dict[str, object] = {
        "amount": ticket.price, "draw_id": ticket.draw_id, "is_shadow": ticket.is_shadow, **changes,
    }  # fmt: skip
    try:
        with owner.as_owner() as hand:
            hand.execute(
                "INSERT INTO sales_cancellation (ticket_id, draw_id, leaf, amount, minutes,"
                " channel, is_shadow, cancelled_at) VALUES (%s, %s, '', %s, 1, 'web', %s, now())",
                [ticket.pk, values["draw_id"], values["amount"], values["is_shadow"]],
            )
    except Exception as exc:  # noqa: BLE001 - the driver's own errors
        return (getattr(exc, "diag", None) and exc.diag.constraint_name) or repr(exc)  # type: ignore[attr-defined]
    return ""


@pytest.mark.django_db(transaction=True)
def test_the_database_lets_nobody_take_a_ticket_back_otherwise():
    """F048: not without the refund, not after the close, not twice, and never changed."""
    shadow_allowed()
    draw, shade = make.shadow_draw(), make.shadow_player(wallet=100_00)
    sold, other = make.ticket(shade, draw), make.ticket(shade, draw)

    assert by_hand(sold) == "cancellation_refunds_the_price"
    with transaction.atomic(), connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute(
            "INSERT INTO sales_cancellation (ticket_id, draw_id, leaf, amount, minutes, channel,"
            " is_shadow, cancelled_at) VALUES (%s, %s, '', 200, 1, 'web', true, now())",
            [sold.pk, draw.pk],
        )
    taken_back(sold)
    assert by_hand(sold) == "sales_cancellation_ticket_id_key"
    with owner.as_owner() as hand, pytest.raises(Exception, match="evidence"):
        hand.execute("DELETE FROM sales_cancellation")
    make.closed(draw)
    assert by_hand(other) == "cancellation_before_the_close"
    assert Cancellation.objects.count() == 1


def test_a_ticket_of_a_plan_comes_back_alone():
    """F029, F048: the plan goes on."""
    shadow_allowed()
    shade, draw = make.shadow_player(wallet=20_00), make.shadow_draw()
    plan = begun(shade, draw)
    taken_back(Ticket.objects.get(plan_step__plan=plan))

    assert money(shade) == (16_00, 4_00)
    plan.refresh_from_db()
    assert plan.state == "RUNNING"


def test_a_refusal_of_the_database_that_is_none_of_ours_flies(monkeypatch):
    """A bug is no answer."""
    allowed()
    ticket = make.ticket(make.alice(), make.draw())

    def broken(**_asked: object) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(cancellation, "_cancel", broken)
    with pytest.raises(IntegrityError) as caught:
        taken_back(ticket)
    assert violated(caught.value) == ""


def test_a_player_who_is_excluded_still_gets_his_stake_back():
    """F048: taking back is no playing."""
    allowed()
    alice = make.alice()
    ticket = make.ticket(alice, make.draw())
    Player.objects.filter(pk=alice.pk).update(state=Player.State.EXCLUDED)

    taken_back(ticket)

    assert wallets.available(alice) == 20_00
