"""Two engines find the same to the byte, or nobody is paid (F071, N04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg import Connection

from audit import alarms
from finance import ledger
from games import draws
from games.models import Draw
from lottery_portal.lib.db import database_time, violated
from prizes import comparison, engines, result_file, settlement
from prizes.models import (
    Batch,
    EngineDifference,
    EngineRun,
    Hit,
    Prize,
    PrizeSheet,
    Settlement,
    TierOutcome,
)
from sales import sealing
from sales.models import Ticket
from tests import make, make_draws
from tests.make_draws import banker, multiple
from tests.owner import as_owner, guards_up
from tests.samples import one_in

pytestmark = pytest.mark.django_db(transaction=True)

State = Settlement.State


def sold() -> Draw:
    """A confirmed draw with two small winners, a multiple that won much, and a loser."""
    return make_draws.confirmed(
        [make.single(20, 21, 22, 23, 24, 25, blue=7), make.single(1, 2, 3, 4, 30, 31, blue=9)],
        [make.single(20, 21, 22, 23, 24, 26, blue=7, multiplier=3)],
        [multiple(range(1, 9), [7, 8])],
        [banker([1, 2], range(3, 10), [7])],
        [make.single(20, 21, 22, 23, 24, 25, blue=9)],
    )


@pytest.fixture
def draw(begin) -> Draw:
    """A confirmed draw with two small winners, a multiple that won much, and a loser."""
    found: Draw = begin(sold)
    return found


def counted(draw: Draw) -> Settlement:
    """The draw counted by engine one, chunk by chunk."""
    begun = settlement.begin(draw=draw, now=database_time())
    while settlement.count_next(settlement=begun, now=database_time()):
        pass
    return begun


def compared(draw: Draw) -> Settlement:
    """The draw counted by both engines, which agreed; nobody is credited yet."""
    begun = counted(draw)
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    assert settlement.compare(draw=draw, now=database_time())
    return begun


def sold_and_compared() -> tuple[Draw, Settlement]:
    """The draw, counted by both engines, which agreed."""
    draw = sold()
    begun = compared(draw)
    return draw, begun


def by_force(table: str, act: Callable[[Connection], Any], *more: str) -> None:
    """Do as one who may do everything does: rows change, and no trigger says a word."""
    with as_owner() as owner:
        for name in (table, *more):
            owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        act(owner)
        guards_up(owner)


def test_both_engines_write_the_same_result_file(draw):
    """F071, N04: line by line as the format says; both runs are kept, and what was paid is it."""
    make_draws.settled(draw)

    one, two = EngineRun.objects.filter(draw=draw).order_by("engine")
    text = result_file.file_of(two).read_bytes()
    assert result_file.file_of(one).read_bytes() == text
    assert one.result_digest == two.result_digest == result_file.digest_of(result_file.file_of(two))
    lines = [line.split("\t") for line in text.decode("ascii").splitlines()]
    assert lines[0] == [
        "result-file", "1", draw.code, draw.rule.code, draw.rule.digest, draw.seal.root,
        "01,02,03,04,05,06+07", "0",
    ]  # fmt: skip
    sheet = PrizeSheet.objects.get(draw=draw)
    assert lines[1] == [
        "money", str(draw.seal.stake), str(sheet.prize_money), str(sheet.pool_before),
        str(sheet.pool_after), str(sheet.fund_paid), str(sheet.rounding_to_fund), "0",
    ]  # fmt: skip
    outcomes = TierOutcome.objects.filter(draw=draw).order_by("tier")
    assert lines[2:8] == [
        ["tier", str(row.tier), str(row.winners), str(row.prize)] for row in outcomes
    ]
    prizes = list(Prize.objects.filter(draw=draw).select_related("ticket").order_by("ticket_id"))
    assert lines[8:-1] == [
        ["won", prize.ticket.code, prize.won, str(prize.amount)] for prize in prizes
    ]
    assert len(prizes) == 4
    assert lines[-1] == ["end", "4", str(sum(prize.amount for prize in prizes))]
    assert comparison.settled_differences(draws.find(draw.code)) == []


def test_one_altered_winner_is_named_and_nobody_is_paid(draw):
    """F071: a hit changed before the comparison halts the draw; put right, another attempt pays."""
    ticket = Ticket.objects.order_by("pk")[1]
    before = ledger.trial_balance(is_shadow=True), ledger.balance("pool:ssq-drill")
    counted(draw)
    kept = Hit.objects.get(ticket=ticket).won
    by_force(
        "prizes_hit",
        lambda owner: owner.execute(
            "UPDATE prizes_hit SET won = '1:1' WHERE ticket_id = %s", [ticket.pk]
        ),
    )
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())

    with pytest.raises(settlement.EnginesDiffer):
        settlement.compare(draw=draw, now=database_time())

    halted = Settlement.objects.get(draw=draw)
    assert halted.state == State.HALTED
    assert ticket.code in halted.halt_reason
    named = {row.subject for row in EngineDifference.objects.filter(draw=draw)}
    assert named == {ticket.code, "end"}
    assert next(row.subject for row in comparison.differences(draw)) == ticket.code
    report = comparison.report_of(draw, 1).read_text()
    assert f"{ticket.code}\t1:1" in report
    assert [
        alarm.object_code for alarm in alarms.open_now() if alarm.kind == settlement.HALTED
    ] == [draw.code]
    assert not Prize.objects.exists()
    assert not PrizeSheet.objects.exists()
    assert (ledger.trial_balance(is_shadow=True), ledger.balance("pool:ssq-drill")) == before

    by_force(
        "prizes_hit",
        lambda owner: owner.execute(
            "UPDATE prizes_hit SET won = %s WHERE ticket_id = %s", [kept, ticket.pk]
        ),
    )
    make_draws.settled(draw)
    assert Settlement.objects.get(draw=draw).attempt == 2
    assert draws.find(draw.code).state == Draw.State.PUBLISHED
    assert [alarm for alarm in alarms.open_now() if alarm.kind == settlement.HALTED] == []


@pytest.mark.thorough
@pytest.mark.parametrize("engine", [1, 2])
def test_a_result_file_changed_on_disk_halts_the_draw(draw, engine):
    """F071: what is compared are the files, and each is what its run wrote."""
    counted(draw)
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    path = result_file.file_of(EngineRun.objects.get(draw=draw, engine=engine))
    path.chmod(0o640)
    path.write_bytes(path.read_bytes().replace(b"won\t", b"WON\t", 1))

    with pytest.raises(settlement.EnginesDiffer):
        settlement.compare(draw=draw, now=database_time())

    assert Settlement.objects.get(draw=draw).state == State.HALTED
    assert not Prize.objects.exists()


def test_an_engine_without_a_result_halts_the_draw(draw):
    """F071: engine two refuses a sealed file of other bytes and says why; nobody is paid."""
    counted(draw)
    path = sealing.file_of(draw.seal)
    kept = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(kept.replace(b"\town", b"\tOWN").replace(b"|own", b"|OWN", 1))
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())

    with pytest.raises(settlement.EnginesDiffer):
        settlement.compare(draw=draw, now=database_time())

    assert EngineRun.objects.get(draw=draw, engine=2).result_digest == ""
    assert Settlement.objects.get(draw=draw).halt_reason.startswith("engine 2 has no result")
    path.write_bytes(kept)
    make_draws.settled(draw)
    assert comparison.settled_differences(draws.find(draw.code)) == []


def test_nothing_is_credited_before_both_engines_agree(draw):
    """F071: outside the doors the database refuses too."""
    counted(draw)
    settlement.price(draw=draw, now=database_time())

    with pytest.raises(settlement.NotCompared):
        settlement.compare(draw=draw, now=database_time())
    with (
        pytest.raises(IntegrityError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE prizes_settlement SET state = 'CREDITING'")

    assert violated(refused.value) == "settlement_paid_when_engines_agree"
    one = Settlement.objects.get(draw=draw)
    assert not settlement.credit_next(settlement=one, now=database_time())
    assert not Prize.objects.exists()


@pytest.mark.parametrize(
    "change",
    one_in(
        3,
        [
            "UPDATE prizes_hit SET won = '1:1' WHERE ticket_id = %s",
            "UPDATE prizes_hit SET owner_id = owner_id + 1 WHERE ticket_id = %s",
            "DELETE FROM prizes_hit WHERE ticket_id = %s",
        ],
    ),
)
def test_a_winner_changed_after_the_comparison_is_not_credited(begin, change):
    """F071: a batch is credited as both engines found it, or not at all."""
    draw, begun = begin(sold_and_compared)
    ticket = Ticket.objects.order_by("pk")[1]
    kept = Hit.objects.get(ticket=ticket)
    by_force("prizes_hit", lambda owner: owner.execute(change, [ticket.pk]))

    with pytest.raises(settlement.NotWhatWasFound):
        settlement.credit_next(settlement=begun, now=database_time())

    assert not Prize.objects.exists()
    assert ledger.balance(f"unclaimed:{draw.code}") == 0
    assert "not what the engines found" in Settlement.objects.get(draw=draw).halt_reason

    by_force(
        "prizes_hit",
        lambda owner: owner.execute(
            "INSERT INTO prizes_hit (ticket_id, draw_id, owner_id, won) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (ticket_id) DO UPDATE SET won = excluded.won,"
            " owner_id = excluded.owner_id",
            [kept.ticket_id, kept.draw_id, kept.owner_id, kept.won],
        ),
    )
    make_draws.settled(draw)
    assert draws.find(draw.code).state == Draw.State.PUBLISHED


def test_a_winner_given_to_another_player_before_pricing_is_in_no_batch(draw):
    """F071: result files name no owner, but a hit that is not of the ticket's owner is none."""
    counted(draw)
    ticket = Ticket.objects.order_by("pk")[1]
    another = make.shadow_player()
    by_force(
        "prizes_hit",
        lambda owner: owner.execute(
            "UPDATE prizes_hit SET owner_id = %s WHERE ticket_id = %s", [another.pk, ticket.pk]
        ),
    )
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())

    with pytest.raises(IntegrityError) as refused:
        settlement.compare(draw=draw, now=database_time())

    assert violated(refused.value) == "settlement_pays_what_tiers_pay"
    assert sum(batch.winners for batch in Batch.objects.all()) == Hit.objects.count() - 1
    assert not Prize.objects.exists()


def test_winners_lie_in_the_same_batches_however_many_read_them(draw, monkeypatch):
    """F071, F072: with a chunk a ticket, lanes write the same file and cut the same batches."""
    monkeypatch.setattr(engines, "BATCH", 3)
    monkeypatch.setattr(settlement, "CHUNK", 1)
    begun = counted(draw)

    run, batches, draft = engines.run_one(draw, begun)
    whole = Settlement.objects.get(draw=draw)
    whole.chunks = 1
    alone, same, again = engines.run_one(draw, whole)

    assert begun.chunks == 5
    assert (run.result_digest, draft.read_bytes()) == (alone.result_digest, again.read_bytes())
    hits = list(Hit.objects.order_by("owner_id", "ticket_id").values_list("owner_id", "ticket_id"))
    ends = [
        (batch.number, (batch.first_owner, batch.first_ticket), batch.winners) for batch in batches
    ]
    assert ends == [(1, hits[0], 3), (2, hits[3], 1)]
    assert [(batch.last_owner, batch.last_ticket) for batch in batches] == [hits[2], hits[3]]
    assert [batch.digest for batch in batches] == [batch.digest for batch in same]
    draft.unlink()
    again.unlink()


@pytest.mark.thorough
def test_a_prize_changed_before_the_end_stops_the_settlement(begin):
    """F071: what was credited is written as a result file again, and must be theirs."""
    draw, begun = begin(sold_and_compared)
    while settlement.credit_next(settlement=begun, now=database_time()):
        pass
    prize = Prize.objects.order_by("pk")[0]
    change = "UPDATE prizes_prize SET amount = %s WHERE id = %s"
    by_force("prizes_prize", lambda owner: owner.execute(change, [prize.amount + 1, prize.pk]))

    with pytest.raises(settlement.NotWhatWasFound):
        settlement.finish(draw=draw, now=database_time())

    assert Settlement.objects.get(draw=draw).state == State.CREDITING
    assert draws.find(draw.code).state == Draw.State.CONFIRMED
    by_force("prizes_prize", lambda owner: owner.execute(change, [prize.amount, prize.pk]))
    assert settlement.finish(draw=draw, now=database_time())


def test_an_engineer_who_edits_a_sold_ticket_after_the_draw_is_found_out():
    """F071, N04: Shenzhen 2009. The settlement refuses, names the ticket, and pays nobody."""
    draw = make_draws.confirmed(
        [make.single(20, 21, 22, 23, 24, 25, blue=9)], [make.single(8, 9, 10, 11, 12, 13, blue=9)]
    )
    ticket = Ticket.objects.order_by("pk")[1]
    by_force(
        "sales_selection",
        lambda owner: owner.execute(
            "UPDATE sales_selection SET mask_2 = 63, mask_4 = 64 WHERE ticket_id = %s", [ticket.pk]
        ),
        f"sales_selection_d{draw.pk}",
    )

    with pytest.raises(settlement.NotWhatWasSealed) as refused:
        settlement.begin(draw=draw, now=database_time())

    assert ticket.code in str(refused.value)
    (alarm,) = [one for one in alarms.open_now() if one.kind == settlement.HALTED]
    assert alarm.facts["tickets"] == [ticket.code]
    assert not Hit.objects.exists()
    assert not Prize.objects.exists()


def three() -> Draw:
    """A confirmed draw of three tickets that won."""
    return make_draws.confirmed(
        [make.SELECTION], [make.SELECTION], [make.single(1, 2, 3, 4, 5, 6, blue=7)]
    )


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE sales_ticket SET price = price + 1 WHERE id = %(changed)s", "changed"),
        ("DELETE FROM sales_selection WHERE ticket_id = %(changed)s", "changed"),
        ("UPDATE sales_ticket SET code = 'AAAAAAAAAAAAAAAAA' WHERE id = %(changed)s", "changed"),
    ],
)
def test_whatever_is_changed_of_a_sold_ticket_it_is_named(begin, statement, named):
    """F057, F071: by comparing the rows with the sealed file, block by block."""
    draw = begin(three)
    tickets = dict(zip(("first", "changed", "last"), Ticket.objects.order_by("pk"), strict=True))
    with as_owner() as owner:
        for table in ("sales_ticket", "sales_selection", f"sales_selection_d{draw.pk}"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(statement, {"changed": tickets["changed"].pk})

    with pytest.raises(settlement.NotWhatWasSealed):
        settlement.begin(draw=draw, now=database_time())

    reason = Settlement.objects.get(draw=draw).halt_reason
    assert tickets[named].code in reason
    assert tickets["first"].code not in reason
    assert tickets["last"].code not in reason


@pytest.mark.thorough
def test_a_batch_is_never_larger_than_it_should_be(monkeypatch):
    """F070: however many tickets one player won with, a transaction stays short."""
    monkeypatch.setattr(engines, "BATCH", 2)
    player = make.shadow_player(wallet=10_00)
    draw = make_draws.confirmed(*[[make.single(20, 21, 22, 23, 24, 25, blue=7)]] * 5, player=player)

    make_draws.settled(draw)

    assert list(Batch.objects.order_by("number").values_list("winners", flat=True)) == [2, 2, 1]
    assert ledger.balance(f"winnings:{player.code}") == 5 * 5_00
    assert sum(Batch.objects.values_list("amount", flat=True)) == 5 * 5_00


def test_the_application_writes_neither_hits_nor_prizes():
    """F067: only the two functions do; the application's role may not."""
    for table in ("prizes_hit", "prizes_prize"):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(current_user, %s, 'INSERT, UPDATE, DELETE')", [table]
            )
            assert cursor.fetchone() == (False,)
