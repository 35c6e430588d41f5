"""A ticket put in after the close: whoever does it, whenever: refused or named (F037, F049)."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError
from django.utils import translation

from audit import log, sequencing, witnesses
from audit.models import Alarm, Checkpoint
from games import calendar, draws
from games.models import Draw
from games.seal_models import SealPublication
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from prizes import settlement
from prizes.models import Hit, Prize
from sales import closing, rolling, sealing
from sales.models import Ticket
from tests import make, make_draws
from tests.sales.test_purchase import sell_directly, wanted
from tests.samples import one_in
from tests.tamper import hands, house

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CODE = "AAAAAAAAAAAAAAAA0"
ROLES = [hands.OWNER, hands.SUPERUSER]


def sold() -> Draw:
    draw = make_draws.sold(*([make.single(20, 21, 22, 23, 24, 25, blue=9)] for _number in range(3)))
    house.caught_up()
    rolling.check(draw=draw, now=database_time())
    return draw


def closed() -> Draw:
    draw = sold()
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=database_time())
    return draws.find(draw.code)


def sealed() -> Draw:
    return make_draws.sealed(sold())


def drawn() -> Draw:
    return make_draws.drawn(sealed())


def settled() -> Draw:
    return make_draws.settled(drawn())


def put_in(role: str, draw: Draw, *, logged: bool = False) -> None:
    """A ticket with the winning numbers, as the first of the draw was sold; on wish in the log."""
    if not hands.is_there(role):
        pytest.skip("this server lets no superuser in: set TEST_SUPERUSER and its password")
    with hands.unfenced(role, ["sales_ticket", "sales_selection"]) as hand:
        hand.execute(
            "INSERT INTO sales_ticket SELECT (jsonb_populate_record(NULL::sales_ticket, to_jsonb(t)"
            " || jsonb_build_object('id', 900000001, 'code', %s::text, 'position', 77))).*"
            " FROM sales_ticket t WHERE t.draw_id = %s ORDER BY t.id LIMIT 1",
            [CODE, draw.pk],
        )
        hand.execute(
            "INSERT INTO sales_selection SELECT (jsonb_populate_record(NULL::sales_selection,"
            " to_jsonb(s) || jsonb_build_object('id', 900000001, 'ticket_id', 900000001,"
            " 'mask_2', 63, 'mask_4', 64))).* FROM sales_selection s WHERE s.draw_id = %s LIMIT 1",
            [draw.pk],
        )
        if logged:
            hand.execute(
                "SELECT audit_log_add('ticket', l.code, l.leaf) FROM sales_leaves_now(%s) l"
                " WHERE l.code = %s",
                [draw.pk, CODE],
            )


def test_the_application_sells_no_ticket_of_a_closed_draw(begin):
    """F037: not by the function that sells, and no other way is open to it."""
    draw = begin(closed)
    shade = make.shadow_player(wallet=10_00)

    with pytest.raises(IntegrityError) as refused:
        sell_directly(shade, wanted(draw))
    with hands.hand(hands.APP) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("INSERT INTO sales_ticket SELECT * FROM sales_ticket")

    assert violated(refused.value) == "ticket_draw_open"
    assert Ticket.objects.filter(draw=draw).count() == 3


@pytest.mark.parametrize("role", ROLES)
def test_put_in_between_close_and_seal_it_is_named_and_no_seal_is_published(begin, role):
    """F059: the last comparison of the sale names it, and the witness was never told of it."""
    draw = begin(closed)
    put_in(role, draw)

    with pytest.raises(Refused):
        sealing.complete(draw=draw, now=database_time())

    rolling.compare(draw=draw, now=database_time())
    assert Alarm.objects.filter(kind="sales.rows_differ", object_code=CODE).exists()
    assert not SealPublication.objects.exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("logged", [False, True])
def test_put_in_under_the_seal_it_is_named_before_anybody_is_paid(begin, role, logged):
    """F049, F071: the rows have another root than the seal; settlement names it and pays nobody."""
    draw = begin(sealed)
    put_in(role, draw, logged=logged)
    make_draws.drawn(draw)

    with pytest.raises(settlement.NotWhatWasSealed, match=CODE):
        settlement.begin(draw=draw, now=database_time())

    assert not Hit.objects.exists()
    assert not Prize.objects.exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("logged", [False, True])
def test_put_in_after_the_draw_it_is_named_before_anybody_is_paid(begin, role, logged):
    """F049, F071: the winning numbers, written down when they were known."""
    draw = begin(drawn)
    put_in(role, draw, logged=logged)

    with pytest.raises(settlement.NotWhatWasSealed, match=CODE):
        settlement.begin(draw=draw, now=database_time())

    assert not Hit.objects.exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("logged", [False, True])
@pytest.mark.thorough
def test_put_in_after_the_settlement_it_is_named_at_night(begin, role, logged):
    """F049, N13: without an entry in the log it is unlogged, with one it is late."""
    draw = begin(settled)
    put_in(role, draw, logged=logged)
    house.caught_up()

    found = {str(one) for one in log.differences(now=database_time())}

    assert f"ticket {CODE} unlogged" in found or any(
        one.startswith(f"ticket {CODE} late") for one in found
    )


@pytest.mark.parametrize("role", one_in(2, ROLES))
@pytest.mark.parametrize("counted", [False, True])
def test_a_result_changed_after_the_draw_is_named_before_anybody_is_paid(begin, role, counted):
    """F061, F071: both engines believe the row; the log knows what two people typed."""
    if not hands.is_there(role):
        pytest.skip("this server lets no superuser in: set TEST_SUPERUSER and its password")
    draw = begin(drawn)
    if counted:
        settlement.begin(draw=draw, now=database_time())
    with hands.unfenced(role, ["games_result"]) as hand:
        hand.execute(
            "UPDATE games_result SET numbers = '[[20,21,22,23,24,25],[9]]',"
            " mask_1 = 63::bigint << 19, mask_2 = 256"
        )

    refusals = (settlement.NotWhatWasSealed, settlement.EnginesDiffer)
    with translation.override("en"), pytest.raises(refusals, match="result"):
        settlement.run(draw=draws.find(draw.code), now=database_time())

    assert not Prize.objects.exists()


def test_the_comparison_of_a_sale_leaves_a_draw_alone_that_has_just_been_sealed(begin):
    """F058: what nobody may read is not taken for changed."""
    draw = begin(sealed)

    assert rolling.compare(draw=draw, now=database_time()) == []

    assert not Alarm.objects.exists()


def test_a_log_begun_anew_under_another_key_is_not_cosigned(begin, settings):
    """N13: the witness believes the key it was told, whatever signs now."""
    begin(sold)
    known = Checkpoint.objects.count()
    assert known
    with hands.unfenced(
        hands.OWNER, ["audit_checkpoint", "audit_treehash", "audit_sequenced"]
    ) as owner:
        owner.execute("DELETE FROM audit_checkpoint")
        owner.execute("DELETE FROM audit_treehash")
        owner.execute("DELETE FROM audit_sequenced")
    settings.LOG_KEY = b"9" * 32

    sequencing.run_all()

    with pytest.raises(witnesses.WitnessRefuses) as refused:
        sequencing.cosign_latest(now=database_time())
    assert refused.value.difference == "not signed by the key of this log"
    assert ("log", "witness") in {
        (one.kind, one.what) for one in log.differences(now=database_time())
    }
