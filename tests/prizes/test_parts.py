"""In which ranges of tickets a draw is read again and counted: none is left out."""

from __future__ import annotations

import pytest

from games.models import SealStatement
from prizes import as_sealed, settlement
from sales import sealed_export, sealing
from sales.models import SealBlock, Ticket
from tests import make, make_draws
from tests.make_draws import banker, multiple
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True)

TICKETS = [[multiple(range(1, 8), [8])], [banker([1, 2], range(3, 9), [9])]]


def _in_blocks_of_one(monkeypatch, *tickets):
    monkeypatch.setattr(sealed_export, "BLOCK", 1)
    return make_draws.confirmed(*tickets)


def _put_in(draw, number):
    """A ticket under this id, with the selections of the first, past every guard."""
    with as_owner() as hand:
        for table in ("sales_ticket", "sales_selection", f"sales_selection_d{draw.pk}"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO sales_ticket SELECT (jsonb_populate_record(NULL::sales_ticket, to_jsonb(t)"
            " || jsonb_build_object('id', %s::bigint, 'code', 'PUTIN', 'position', 77))).*"
            " FROM sales_ticket t WHERE t.draw_id = %s ORDER BY t.id LIMIT 1",
            [number, draw.pk],
        )
        hand.execute(
            "INSERT INTO sales_selection SELECT (jsonb_populate_record(NULL::sales_selection,"
            " to_jsonb(s) || jsonb_build_object('id', 900000001, 'ticket_id', %s::bigint))).*"
            " FROM sales_selection s WHERE s.draw_id = %s ORDER BY s.id LIMIT 1",
            [number, draw.pk],
        )
        guards_up(hand)


@pytest.mark.parametrize("place", ["before the first", "after the last"])
def test_a_ticket_outside_the_sealed_blocks_is_read_with_them(monkeypatch, place):
    """F049, F072: what lies beyond the blocks of the seal belongs to the outermost of them."""
    draw = _in_blocks_of_one(monkeypatch, *TICKETS)
    sealed = SealStatement.objects.get(draw=draw)
    assert sealing.recount(draw).root == sealed.root
    _put_in(draw, -1 if place == "before the first" else 900_000_001)

    found = sealing.recount(draw)

    assert (found.tickets, len(found.blocks)) == (3, 2)
    assert found.root != sealed.root
    difference = as_sealed.difference(draw)
    assert difference is not None
    assert difference.tickets == ("PUTIN",)


def test_between_two_sealed_blocks_no_id_is_left_out(monkeypatch):
    """F049, F072: a range begins where the one before ends, whatever was sold in other draws."""
    buyer, draw = make.shadow_player(wallet=1_000_00), make.shadow_draw()
    make_draws.sold(TICKETS[0], player=buyer, draw=draw)
    make_draws.sold(TICKETS[1], player=buyer)
    make_draws.sold(TICKETS[1], player=buyer, draw=draw)
    monkeypatch.setattr(sealed_export, "BLOCK", 1)
    make_draws.drawn(make_draws.sealed(draw))
    _put_in(draw, -(10**9))
    first, last = (
        Ticket.objects.filter(draw=draw, pk__gt=0).order_by("pk").values_list("pk", flat=True)
    )

    blocks = sealing.recount(draw).blocks

    assert last > first + 1
    assert [(one.first_ticket, one.last_ticket) for one in blocks] == [
        (-(10**9), first),
        (first + 1, last),
    ]


def test_multiples_are_counted_in_smaller_parts_than_single_lines():
    """F072: no write takes long; a million single lines go block by block of the sealed file."""
    singles = {"single": {"selections": 5_000_000, "lines": 5_000_000}}
    many = {"banker": {"selections": 100_000, "lines": 1_500_000}}
    most = settlement.CHUNK

    assert as_sealed.part_size(SealStatement(tickets=1_000_000, by_bet_type=singles), most) == most
    assert as_sealed.part_size(SealStatement(tickets=100_000, by_bet_type=many), most) == 5_000
    assert as_sealed.part_size(SealStatement(tickets=100, by_bet_type=many), most) < 5_000
    draw = make_draws.confirmed(*TICKETS)
    block = SealBlock.objects.get(draw=draw)
    assert as_sealed.parts(draw, most) == [(block.first_ticket, block.last_ticket)]


def test_a_draw_without_tickets_has_no_parts():
    """F067"""
    assert as_sealed.parts(make_draws.confirmed(), 16_384) == []
