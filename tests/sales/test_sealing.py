"""Opening, closing, sealing: each once, however often it is asked for."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest

from audit import trail
from finance import ledger
from games import bets, calendar, draws
from games.models import Draw, DrawTransition, SealStatement
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from sales import canonical, closing, opening, quotes, sealing, tickets
from sales.models import Ticket
from tests import make, owner

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path) -> None:
    settings.STATE_DIR = tmp_path


BANKER = bets.Selection("banker", ((1, 2), ()), ((5, 6, 7, 8, 9), (7,)), multiplier=2)
MULTIPLE = bets.Selection("multiple", ((), ()), ((1, 2, 3, 4, 5, 6, 7), (7, 9)), quick_pick=True)


def sold_out_draw() -> tuple[Draw, list[Ticket]]:
    """A closed shadow draw with three tickets of 34.00, 20.00 and 2.00 yuan."""
    shade = make.shadow_player(wallet=100_00)
    draw = make.shadow_draw()
    sold = [
        make.ticket(shade, draw, selections)
        for selections in ([MULTIPLE, make.single(blue=1, multiplier=3)], [BANKER], [make.single()])
    ]
    return make.closed(draw), sold


def test_a_draw_opens_when_postgres_says_so_with_its_partition_and_accounts():
    draw = make.shadow_draw()

    assert draw.state == "OPEN"
    assert ledger.balances([f"stakes:{draw.code}", f"prizes:{draw.code}"]) == {
        f"stakes:{draw.code}": 0,
        f"prizes:{draw.code}": 0,
    }
    assert opening.open_one(draw=draw, now=database_time()) is False
    assert DrawTransition.objects.filter(draw=draw, to_state="OPEN").count() == 1


def test_a_draw_is_not_opened_before_its_time():
    now = database_time()
    early = Draw.objects.filter(state="SCHEDULED", opens_at__gt=now)
    assert early.exists()

    opened = opening.open_due(now=now)

    assert not {draw.pk for draw in opened} & set(early.values_list("pk", flat=True))
    assert not early.exclude(state="SCHEDULED").exists()


def test_a_draw_is_closed_by_the_tick_and_its_seal_asked_for_once():
    """F037: the tick may run as often as it likes."""
    shade = make.shadow_player(wallet=2_00)
    draw = make.shadow_draw()
    make.purchase(shade, draw, channel="drill")
    assert draw not in closing.close_due(now=database_time())
    calendar.bring_forward(draw=draw)

    assert [one.pk for one in closing.close_due(now=database_time())] == [draw.pk]
    assert closing.close_due(now=database_time()) == []
    assert jobs.run_pending(kinds=frozenset({"sales.seal_draw"})) == 1
    assert closing.close_due(now=database_time()) == []
    assert jobs.run_pending(kinds=frozenset({"sales.seal_draw"})) == 0

    draw.refresh_from_db()
    assert draw.state == "SEALED"
    steps = [step.to_state for step in draw.transitions.order_by("pk")]
    assert steps == ["OPEN", "CLOSED", "SEALED"]


def test_a_draw_is_not_closed_before_its_time():
    """F037: not by mistake, and not on purpose."""
    draw = make.shadow_draw()

    with pytest.raises(draws.DrawNotReady):
        closing.close(draw=draw, now=database_time() + timedelta(days=1))

    draw.refresh_from_db()
    assert draw.state == "OPEN"


def test_the_sealed_file_is_what_was_sold_to_the_byte():
    """F057: header, one canonical line a ticket, and nothing else."""
    draw, sold = sold_out_draw()

    statement = sealing.seal(draw=draw, now=database_time())

    lines = []
    for row in sold:
        found = tickets.find(player_id=row.owner_id, code=row.code)
        lines += [one.line for one in tickets.read([found], player_id=row.owner_id)]
    head = f"sealed-file\t1\t{draw.code}\t{draw.rule.code}\t{draw.rule.digest}".encode()
    content = sealing.file_of(statement).read_bytes()
    assert content == b"".join(line + b"\n" for line in [head, *lines])
    assert statement.root == canonical.root_of(canonical.leaf(line) for line in lines).hex()
    assert statement.file_digest == hashlib.sha256(content).hexdigest()
    assert statement.file_size == len(content)
    assert (statement.tickets, statement.lines, statement.stake) == (3, 21, 56_00)
    assert statement.by_bet_type == {
        "multiple": {"selections": 1, "lines": 14, "stake_fen": 28_00},
        "single": {"selections": 2, "lines": 2, "stake_fen": 8_00},
        "banker": {"selections": 1, "lines": 5, "stake_fen": 20_00},
    }


def test_the_statement_says_all_of_it_in_one_spelling():
    """F057."""
    draw, _sold = sold_out_draw()

    statement = sealing.seal(draw=draw, now=database_time())

    said = json.loads(statement.statement)
    assert statement.statement == json.dumps(said, sort_keys=True, separators=(",", ":"))
    assert said["format"] == "seal-statement/1"
    assert (said["draw"], said["rule_digest"]) == (draw.code, draw.rule.digest)
    assert (said["tickets"], said["lines"], said["stake_fen"]) == (3, 21, 56_00)
    assert (said["root"], said["file_digest"]) == (statement.root, statement.file_digest)
    assert said["is_shadow"] is True
    closed_at = DrawTransition.objects.get(draw=draw, to_state="CLOSED").at
    assert said["closed_at"] == closed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_stakes_are_divided_by_the_rule_and_nothing_is_left():
    """F067: 49, 2, 13 and 36 parts of a hundred; what division leaves over goes to the fund."""
    draw, _sold = sold_out_draw()
    codes = [f"stakes:{draw.code}", f"prizes:{draw.code}"]
    codes += [f"{name}:ssq-drill" for name in ("fund", "fee", "welfare")]
    before = ledger.balances(codes)

    sealing.seal(draw=draw, now=database_time())

    after = ledger.balances(codes)
    assert before[f"stakes:{draw.code}"] == 56_00
    assert {code: after[code] - before[code] for code in codes} == {
        f"stakes:{draw.code}": -56_00,
        f"prizes:{draw.code}": 27_44,
        "fund:ssq-drill": 1_12,
        "fee:ssq-drill": 7_28,
        "welfare:ssq-drill": 20_16,
    }
    assert ledger.trial_balance(is_shadow=True) == 0


def test_sealing_again_changes_nothing():
    draw, _sold = sold_out_draw()
    first = sealing.seal(draw=draw, now=database_time())
    before = sealing.file_of(first).stat()

    again = sealing.seal(draw=draw, now=database_time())

    assert (again.pk, again.statement) == (first.pk, first.statement)
    assert sealing.file_of(first).stat().st_mtime_ns == before.st_mtime_ns
    assert SealStatement.objects.filter(draw=draw).count() == 1
    assert ledger.balance(f"prizes:{draw.code}") == 27_44
    assert not list(sealing.directory().glob(".*.draft"))


def test_what_a_killed_sealing_left_behind_does_not_matter():
    """F057: a file under the final name without a statement is of no worth, a draft even less."""
    draw, _sold = sold_out_draw()
    sealing.directory().mkdir()
    (sealing.directory() / f"{draw.code}.seal").write_bytes(b"half of it")
    (sealing.directory() / f".{draw.code}-old.draft").write_bytes(b"some of it")

    statement = sealing.seal(draw=draw, now=database_time())

    content = sealing.file_of(statement).read_bytes()
    assert hashlib.sha256(content).hexdigest() == statement.file_digest


def test_a_draw_without_tickets_is_sealed_too():
    draw = make.closed(make.shadow_draw())

    statement = sealing.seal(draw=draw, now=database_time())

    assert (statement.tickets, statement.lines, statement.stake) == (0, 0, 0)
    assert statement.root == hashlib.sha256(b"").hexdigest()
    draw.refresh_from_db()
    assert draw.state == "SEALED"
    assert ledger.entry_of(f"allocation:{draw.code}") is None


def test_each_root_names_the_one_before():
    first = make.closed(make.shadow_draw())
    one = sealing.seal(draw=first, now=database_time())
    second, _sold = sold_out_draw()

    two = sealing.seal(draw=second, now=database_time())

    assert (one.previous_root, two.previous_root) == ("", one.root)


def test_only_a_closed_draw_is_sealed():
    draw = make.shadow_draw()

    with pytest.raises(sealing.DrawNotClosed):
        sealing.seal(draw=draw, now=database_time())

    assert not SealStatement.objects.exists()


@pytest.mark.parametrize("table", ["sales_ticket", "sales_selection"])
def test_a_ticket_that_was_tampered_with_keeps_the_draw_from_being_sealed(table):
    """F049: the books know what was paid; the alarm stands in the trail."""
    draw, sold = sold_out_draw()
    tampered = {
        "sales_ticket": "UPDATE sales_ticket SET price = price * 2 WHERE id = %s",
        "sales_selection": "DELETE FROM sales_selection WHERE ticket_id = %s",
    }[table]
    with owner.as_owner() as hand:
        hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        if table == "sales_selection":
            hand.execute(f"ALTER TABLE sales_selection_d{draw.pk} DISABLE TRIGGER USER")
        hand.execute(tampered, [sold[2].pk])

    with pytest.raises(sealing.BooksDiffer) as refusal:
        sealing.seal(draw=draw, now=database_time())

    assert refusal.value.figures["books_fen"] == 56_00
    draw.refresh_from_db()
    assert draw.state == "CLOSED"
    assert not SealStatement.objects.exists()
    assert ledger.balance(f"stakes:{draw.code}") == 56_00
    assert trail.read(trail.Filters(action="sales.seal_refused")).count() == 1
    assert list(sealing.directory().iterdir()) == []


def test_the_stakes_of_every_ticket_are_divided_and_the_books_say_where():
    """F118: the shares of each ticket add up to its price, those of the draw to its stakes."""
    draw, sold = sold_out_draw()
    before = {
        name: ledger.balance(f"{name}:{draw.game.code}") for name in ("fund", "fee", "welfare")
    }

    sealing.seal(draw=draw, now=database_time())

    allocation = quotes.version_of(draw.rule).allocation
    for ticket in sold:
        shares = allocation.split(ticket.price)
        parts = shares.prize_fen, shares.fund_fen, shares.fee_fen, shares.welfare_fen
        assert sum(parts) == ticket.price
    stakes = sum(ticket.price for ticket in sold)
    shares = allocation.split(stakes)
    moved = {name: ledger.balance(f"{name}:{draw.game.code}") - was for name, was in before.items()}
    assert moved == {"fund": shares.fund_fen, "fee": shares.fee_fen, "welfare": shares.welfare_fen}
    assert ledger.balance(f"prizes:{draw.code}") == shares.prize_fen == stakes * 49 // 100
    assert ledger.balance(f"stakes:{draw.code}") == 0
    assert ledger.entry_of(f"allocation:{draw.code}") is not None


@pytest.mark.thorough
@pytest.mark.race
def test_a_gate_kept_shut_for_one_draw_does_not_hold_up_the_others():
    """F037: one hostile or stuck session must not keep every draw of the evening open."""
    stuck, free = (make.shadow_draw(closes_in=timedelta(milliseconds=200)) for _two in range(2))
    make.wait_until(free.closes_at)

    with owner.as_owner() as other:
        other.execute("SELECT pg_advisory_lock(draw_gate(), %s::integer)", [stuck.pk])
        closed = closing.close_due(now=database_time())

    assert [draw.pk for draw in closed] == [free.pk]
    assert closing.close_due(now=database_time()) == [stuck]
