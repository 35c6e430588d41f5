"""The rolling check: the witness knows every ticket while it is sold, and what differs is named."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import transaction
from django.db.utils import Error

from audit import alarms, sequencing, witnesses
from audit.models import Alarm
from games.models import Draw
from lottery_portal.lib.db import database_time
from sales import rolling
from sales.models import RollingCheck, Ticket
from tests import make, owner
from tests.at_once import at_once
from tests.crash import killed_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path) -> None:
    settings.STATE_DIR = tmp_path


def on_sale(tickets: int = 3) -> Draw:
    """An open shadow draw with tickets, all with the log and its witness."""
    shade = make.shadow_player(wallet=100_00)
    draw = make.shadow_draw(closes_in=timedelta(minutes=5))
    for _number in range(tickets):
        make.ticket(shade, draw)
    caught_up()
    return draw


def caught_up() -> None:
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())


def told(draw: Draw) -> list[tuple[int, int, int, bool]]:
    rows = RollingCheck.objects.filter(draw=draw).order_by("number")
    return [(row.number, row.tickets, row.stake, row.is_closing) for row in rows]


def by_force(statement: str, *tables: str, params: tuple[object, ...] = ()) -> None:
    """What only the owner can do, with the triggers off."""
    with owner.as_owner() as one:
        for table in tables:
            one.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            one.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        one.execute(statement, params)
        for table in tables:
            one.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_the_witness_is_told_each_ticket_once_and_signs_what_was_sold(witness):
    """F060: a second store, under another key, grows with the sale."""
    draw = on_sale()
    now = database_time()

    assert rolling.check(draw=draw, now=now) == []
    assert rolling.check(draw=draw, now=now) == []
    make.ticket(make.shadow_player(wallet=10_00), draw)
    caught_up()
    assert rolling.check(draw=draw, now=now) == []

    assert told(draw) == [(1, 3, 6_00, False), (2, 4, 8_00, False)]
    last = RollingCheck.objects.get(draw=draw, number=2)
    assert last.key_id == witness.book.key_id
    assert last.root == witness.book.tree_of(draw.code).root().hex()
    assert len(witness.book.leaves_of(draw.code)) == 4 * 32
    assert alarms.open_now() == []


def test_a_ticket_that_has_no_place_yet_waits_for_the_next_check():
    draw = on_sale(2)
    make.ticket(make.shadow_player(wallet=10_00), draw)

    assert rolling.check(draw=draw, now=database_time()) == []

    assert told(draw) == [(1, 2, 4_00, False)]


@pytest.mark.thorough
def test_an_edited_row_is_named_within_one_interval():
    """N05: as in 2009: one row of one sold ticket, by who may do everything in the database."""
    for what in ("selection", "price", "owner", "sold_at"):
        an_edited_row_is_named(what)


def an_edited_row_is_named(what: str) -> None:
    draw = on_sale()
    rolling.check(draw=draw, now=database_time())
    victim = Ticket.objects.filter(draw=draw).order_by("pk")[1]
    statements = {
        "selection": "UPDATE sales_selection SET mask_2 = 126 WHERE ticket_id = %s",
        "price": "UPDATE sales_ticket SET price = price + 200 WHERE id = %s",
        "owner": "UPDATE sales_ticket SET owner_id = owner_id + 1 WHERE id = %s",
        "sold_at": "UPDATE sales_ticket SET sold_at = sold_at - interval '1 s' WHERE id = %s",
    }
    if what == "owner":
        make.shadow_player(wallet=2_00)
    by_force(
        statements[what],
        "sales_ticket",
        "sales_selection",
        f"sales_selection_d{draw.pk}",
        params=(victim.pk,),
    )

    found = rolling.check(draw=draw, now=database_time())

    assert found == [rolling.RowDiffers(victim.code, "changed")]
    alarm = Alarm.objects.get(kind="sales.rows_differ", object_code=victim.code)
    assert alarm.facts["what"] == "changed"
    stakes = Alarm.objects.filter(kind="sales.stakes_differ", object_code=draw.code)
    assert stakes.exists() == (what == "price")


COPIED = (
    "INSERT INTO sales_ticket (code, purchase_id, position, draw_id, rule_id, owner_id, price,"
    " lines, salt, format_version, channel, outlet_code, province, is_shadow, xid, sold_at)"
    " SELECT %s, purchase_id, position + 1, draw_id, rule_id, owner_id, price, lines, salt,"
    " format_version, channel, outlet_code, province, is_shadow, xid, sold_at"
    " FROM sales_ticket WHERE draw_id = %s ORDER BY id LIMIT 1"
)
ITS_PICKS = (
    "INSERT INTO sales_selection (draw_id, ticket_id, position, bet_type, lines, multiplier,"
    " is_quick_pick, amount, mask_1, mask_2, mask_3, mask_4)"
    " SELECT s.draw_id, (SELECT id FROM sales_ticket WHERE code = %s), s.position, s.bet_type,"
    " s.lines, s.multiplier, s.is_quick_pick, s.amount, s.mask_1, s.mask_2, s.mask_3, s.mask_4"
    " FROM sales_selection s WHERE s.draw_id = %s ORDER BY s.id LIMIT 1"
)
INJECTED = "AAAAAAAAAAAAAAAA0"


def inject(draw: Draw) -> None:
    by_force(COPIED, "sales_ticket", params=(INJECTED, draw.pk))
    by_force(
        ITS_PICKS, "sales_selection", f"sales_selection_d{draw.pk}", params=(INJECTED, draw.pk)
    )


def test_an_injected_row_is_named_and_so_are_the_books():
    """F059: a ticket that was never sold."""
    draw = on_sale()
    rolling.check(draw=draw, now=database_time())
    inject(draw)

    assert rolling.check(draw=draw, now=database_time()) == [
        rolling.RowDiffers(INJECTED, "injected")
    ]

    assert Alarm.objects.get(kind="sales.stakes_differ").object_code == draw.code
    with pytest.raises(rolling.TicketsNotSequenced):
        rolling.close(draw=draw, now=database_time())


def test_an_injected_row_with_a_forged_entry_of_the_past_is_named():
    """F059: who forges the log entry as well cannot give it a place that is taken."""
    draw = on_sale()
    rolling.check(draw=draw, now=database_time())
    inject(draw)
    by_force(
        "INSERT INTO audit_entry (epoch, xid, at, kind, key, hash)"
        " SELECT e.epoch, e.xid, e.at, 'ticket', l.code, sha256('\\x00'::bytea || l.line)"
        "   FROM sales_sealed_lines(%s, 0, 9223372036854775807) l, audit_entry e"
        "  WHERE l.code = %s AND e.kind = 'ticket' ORDER BY e.id LIMIT 1",
        "audit_entry",
        params=(draw.pk, INJECTED),
    )

    assert rolling.check(draw=draw, now=database_time()) == [
        rolling.RowDiffers(INJECTED, "passed_by")
    ]


def test_a_row_taken_away_is_named():
    draw = on_sale()
    rolling.check(draw=draw, now=database_time())
    victim = Ticket.objects.filter(draw=draw).order_by("pk")[2]
    with owner.as_owner() as one:
        one.execute("ALTER TABLE sales_receipt DISABLE TRIGGER USER")
        one.execute("DELETE FROM sales_receipt WHERE ticket_id = %s", [victim.pk])
    by_force("DELETE FROM sales_ticket WHERE id = %s", "sales_ticket", params=(victim.pk,))

    assert rolling.check(draw=draw, now=database_time()) == [
        rolling.RowDiffers(victim.code, "missing")
    ]


@pytest.mark.thorough
def test_the_last_interval_waits_until_every_ticket_has_its_place():
    """The closing interval says: these tickets, and no more."""
    shade = make.shadow_player(wallet=100_00)
    draw = make.shadow_draw(closes_in=timedelta(seconds=5))
    make.ticket(shade, draw)
    caught_up()
    rolling.check(draw=draw, now=database_time())
    make.ticket(shade, draw)
    make.closed(draw)

    closing = rolling.close(draw=draw, now=database_time())
    again = rolling.close(draw=draw, now=database_time())

    assert closing.pk == again.pk
    assert told(draw) == [(1, 1, 2_00, False), (2, 2, 4_00, False), (3, 2, 4_00, True)]
    assert rolling.check_due(now=database_time() + timedelta(hours=1)) == 0
    assert len(told(draw)) == 3


def test_a_draw_without_tickets_is_closed_too():
    draw = make.closed(make.shadow_draw())

    assert rolling.close(draw=draw, now=database_time()).tickets == 0


@pytest.mark.thorough
def test_killed_at_every_statement_the_witness_is_told_each_ticket_once(witness):
    """F060: the row is written before the witness is asked, so it is told the same again."""
    draw = on_sale(1)
    shade = make.shadow_player(wallet=200_00)
    was_killed = True
    for step in range(1, 40):
        for before in (True, False):
            make.ticket(shade, draw)
            caught_up()
            was_killed = killed_at(
                step, before=before, deed=lambda: rolling.check(draw=draw, now=database_time())
            )
        if not was_killed:
            break
    rolling.check(draw=draw, now=database_time())

    assert step > 5
    sold = Ticket.objects.filter(draw=draw).count()
    assert told(draw)[-1][1] == sold
    leaves = witness.book.leaves_of(draw.code)
    assert len({leaves[at : at + 32] for at in range(0, len(leaves), 32)}) == sold
    assert not RollingCheck.objects.filter(told_at__isnull=True).exists()


def test_two_checks_at_once_tell_each_ticket_once(witness):
    draw = on_sale(5)

    def one() -> None:
        rolling.check(draw=draw, now=database_time())

    at_once([one, one, one])
    rolling.check(draw=draw, now=database_time())

    assert told(draw)[-1][1] == 5
    assert witness.book.sales[draw.code].tickets == 5


def test_a_witness_that_is_away_is_told_later(settings):
    draw = on_sale()
    there = settings.WITNESS_URL
    settings.WITNESS_URL = "http://127.0.0.1:1"
    with pytest.raises(witnesses.WitnessUnreachable):
        rolling.check(draw=draw, now=database_time())
    settings.WITNESS_URL = there

    rolling.check(draw=draw, now=database_time())

    assert told(draw) == [(1, 3, 6_00, False)]


def test_open_draws_are_checked_every_few_minutes_by_policy():
    """F059: the interval is a policy; a draw that was just checked waits."""
    draw = on_sale()
    now = database_time()
    assert rolling.check_due(now=now) >= 1
    assert told(draw) == [(1, 3, 6_00, False)]
    make.ticket(make.shadow_player(wallet=2_00), draw)
    caught_up()

    rolling.check_due(now=now + timedelta(seconds=rolling.SECONDS - 1))
    assert len(told(draw)) == 1
    rolling.check_due(now=now + timedelta(seconds=rolling.SECONDS + 1))
    assert len(told(draw)) == 2


def test_what_the_witness_was_told_stands():
    draw = on_sale()
    rolling.check(draw=draw, now=database_time())
    for statement in (
        "UPDATE sales_rollingcheck SET tickets = 1",
        "UPDATE sales_rollingcheck SET root = ''",
        "DELETE FROM sales_rollingcheck",
    ):
        with owner.as_owner() as one, pytest.raises(psycopg.errors.RestrictViolation):
            one.execute(statement)
    with pytest.raises(Error), transaction.atomic():
        RollingCheck.objects.filter(draw=draw).delete()
