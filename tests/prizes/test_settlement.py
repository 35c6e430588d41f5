"""Settlement: what is won is paid to the fen, once, however often it is cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.errors import RestrictViolation

from accounts.models import Message, Player
from audit import alarms, catalogue
from finance import ledger, memos, wallets
from games import draws, prize_tables, rule_sheets, rules
from games.models import Announcement, Draw
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, violated
from prizes import comparison, engines, publication, settlement
from prizes.models import Batch, Hit, Prize, PrizeSheet, Settlement, TierOutcome
from sales import sealing, ticket_facts
from sales.models import Ticket
from tests import make, make_draws, make_rules, people
from tests.make_draws import banker, multiple
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True)

POOL = "pool:ssq-drill"
FUND = "fund:ssq-drill"


def one_of_each_tier() -> list[list[Any]]:
    """Tickets that win every tier once against 01-06 + 07, and one that wins nothing."""
    return [
        [make.single(1, 2, 3, 4, 5, 6, blue=7)],
        [make.single(1, 2, 3, 4, 5, 6, blue=8)],
        [make.single(1, 2, 3, 4, 5, 30, blue=7)],
        [make.single(1, 2, 3, 4, 5, 30, blue=8)],
        [make.single(1, 2, 3, 4, 30, 31, blue=8)],
        [make.single(20, 21, 22, 23, 24, 25, blue=7)],
        [make.single(1, 2, 3, 31, 32, 33, blue=9)],
    ]


@dataclass(frozen=True)
class Bought:
    """A draw, the player of all but one ticket, and what pool and fund held before the sale."""

    draw: Draw
    player: Player
    pool: int
    fund: int


def bought() -> Bought:
    """A confirmed draw in which one player, who spent all he had, won every tier but the first,
    which somebody else won."""
    pool, fund = ledger.balance(POOL), ledger.balance(FUND)
    player = make.shadow_player(wallet=12_00)
    first, *others = one_of_each_tier()
    draw = make_draws.sold(first)
    make_draws.sold(*others, player=player, draw=draw)
    return Bought(make_draws.drawn(make_draws.sealed(draw)), player, pool, fund)


def first_prize() -> Draw:
    """A confirmed draw whose only ticket won the first prize."""
    return make_draws.confirmed([make.SELECTION])


def books(draw: Draw) -> str:
    """The books of a draw as one digest: every transfer of every entry that names it.

    The draw's own code is left out, so that two draws that paid the same have the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.reference, t.position, s.code, g.code, t.amount
              FROM finance_transfer t JOIN finance_entry e ON e.id = t.entry_id
              JOIN finance_account s ON s.id = t.source_id
              JOIN finance_account g ON g.id = t.target_id
             WHERE e.reference LIKE %s ORDER BY e.reference, t.position
            """,
            [f"%:{draw.code}%"],
        )
        rows = repr(cursor.fetchall()).replace(draw.code, "draw")
        return hashlib.sha256(rows.encode()).hexdigest()


def test_every_tier_is_paid_what_the_prize_table_says(begin):
    """F067, F068: prizes, pool and fund are all the money; the draw's account ends empty."""
    begun = begin(bought)
    draw, pool, fund = begun.draw, begun.pool, begun.fund
    fund_after_seal = ledger.balance(FUND)

    make_draws.settled(draw)

    expected = prize_tables.compute(
        rule_sheets.version_of(draw),
        sales_fen=7 * 2_00,
        pool_before_fen=pool,
        special_on=False,
        winners={1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1},
    )
    assert dict(TierOutcome.objects.values_list("tier", "winners")) == dict(expected.winners)
    assert dict(TierOutcome.objects.values_list("tier", "prize")) == dict(expected.prize_fen)
    assert sum(Prize.objects.values_list("amount", flat=True)) == expected.prizes_fen
    assert ledger.balance(POOL) == expected.pool_after_fen
    assert fund_after_seal - fund == 28  # two in a hundred of the stakes
    assert (
        ledger.balance(FUND)
        == fund_after_seal - expected.fund_paid_fen + expected.rounding_to_fund_fen
    )
    assert ledger.balance(f"prizes:{draw.code}") == 0
    assert ledger.balance(f"stakes:{draw.code}") == 0
    assert ledger.trial_balance(is_shadow=True) == 0
    assert comparison.settled_differences(draws.find(draw.code)) == []


def test_small_prizes_go_to_the_wallet_large_ones_await_the_prize_centre(begin):
    """F067: above the policy's figure a prize is not credited, but booked as not yet claimed."""
    begun = begin(bought)
    draw, player = begun.draw, begun.player

    make_draws.settled(draw)

    by_route = {
        route: sorted(Prize.objects.filter(route=route).values_list("amount", flat=True))
        for route in ("WALLET", "CENTRE")
    }
    assert by_route["WALLET"] == [5_00, 10_00, 200_00, 3_000_00, 6_000_00]
    assert len(by_route["CENTRE"]) == 1
    assert by_route["CENTRE"][0] > 10_000_00
    assert wallets.available(player) == sum(by_route["WALLET"])
    assert ledger.balance(f"unclaimed:{draw.code}") == sum(by_route["CENTRE"])


@pytest.mark.thorough
def test_the_statement_of_the_wallet_names_the_ticket_that_won(begin):
    """Each prize in the statement leads to its ticket."""
    begun = begin(bought)
    make_draws.settled(begun.draw)
    codes = wallets.accounts_of(begun.player)

    lines = ledger.lines(codes, ledger.movements(*codes, kinds=["PRIZE"]))

    won = {
        (prize.amount, prize.ticket.code)
        for prize in Prize.objects.filter(route="WALLET").select_related("ticket")
    }
    told = zip(lines, memos.describe(lines), strict=True)
    assert {(line.amount_fen, memo.url.strip("/").split("/")[-1]) for line, memo in told} == won
    facts = ticket_facts.of(list(Prize.objects.values_list("ticket_id", flat=True)))
    assert sorted(fact.prize_fen for fact in facts.values()) == sorted(
        Prize.objects.values_list("amount", flat=True)
    )


def test_multiples_bankers_and_multipliers_win_by_their_lines():
    """F026, F067: counted from masks by the database and from the file by expansion, alike."""
    player = make.shadow_player(wallet=10_000_00)
    draw = make_draws.confirmed(
        [multiple(range(1, 9), [7, 8], multiplier=3)],
        [banker([1, 2], range(3, 10), [7])],
        [
            make.single(1, 2, 3, 4, 30, 31, blue=7, multiplier=5),
            multiple([1, 2, 3, 4, 5, 6, 7], [9]),
        ],
        [make.single(20, 21, 22, 23, 24, 25, blue=9)],
        player=player,
    )

    make_draws.settled(draw)

    first = Hit.objects.get(ticket=Ticket.objects.order_by("pk")[0])
    assert first.won == "1:3,2:3,3:36,4:81,5:45"
    third = Hit.objects.get(ticket=Ticket.objects.order_by("pk")[2])
    assert third.won == "2:1,4:11"
    assert Hit.objects.count() == 3
    assert comparison.settled_differences(draws.find(draw.code)) == []


@pytest.mark.thorough
def test_a_draw_without_tickets_is_settled_and_published():
    """F073: the pool stands, nobody is paid, the result is published."""
    pool = ledger.balance(POOL)
    draw = make_draws.confirmed()

    done = make_draws.settled(draw)

    assert done.state == Draw.State.PUBLISHED
    assert ledger.balance(POOL) == pool
    assert not Prize.objects.exists()
    assert Announcement.objects.get(draw=draw).sales == 0


def test_unwon_money_goes_to_the_pool_and_the_rest_of_a_yuan_to_the_fund():
    """F068: the remainder of cutting to whole yuan is the fund's, to the fen."""
    pool = ledger.balance(POOL)
    draw = make_draws.confirmed(*[[make.single(20, 21, 22, 23, 24, 25, blue=9)]] * 7)
    fund = ledger.balance(FUND)

    make_draws.settled(draw)

    sheet = PrizeSheet.objects.get(draw=draw)
    assert sheet.prize_money == 6_86
    assert ledger.balance(POOL) - pool + ledger.balance(FUND) - fund == 6_86
    assert (sheet.pool_after - sheet.pool_before) % 100 == 0
    assert sheet.rounding_to_fund == 6_86 - (sheet.pool_after - sheet.pool_before)


@pytest.mark.slow
def test_many_chunks_settle_like_one(begin, monkeypatch):
    """F067: how the tickets are divided into chunks changes nothing in what is paid."""
    draw = begin(bought).draw
    monkeypatch.setattr(settlement, "CHUNK", 3)
    monkeypatch.setattr(engines, "BATCH", 2)

    make_draws.settled(draw)

    assert Settlement.objects.get(draw=draw).chunks == 3
    assert Batch.objects.count() == 3
    assert Prize.objects.count() == 6
    assert comparison.settled_differences(draws.find(draw.code)) == []


def test_jobs_settle_a_draw_from_the_stroke_of_the_clock_to_the_message(begin):
    """F053, F073: published soon after the confirmation; winners and holders are told once."""
    begun = begin(bought)
    draw, player = begun.draw, begun.player

    settlement.ask_due(now=database_time())
    jobs.run_pending()
    settlement.ask_due(now=database_time())
    jobs.run_pending()

    done = draws.find(draw.code)
    assert done.state == Draw.State.PUBLISHED
    published = done.transitions.get(to_state="PUBLISHED").at
    assert (published - done.transitions.get(to_state="CONFIRMED").at).total_seconds() < 60
    announced = Announcement.objects.get(draw=draw)
    sheet = PrizeSheet.objects.get(draw=draw)
    assert (announced.sales, announced.pool) == (sheet.sales, ledger.balance(POOL))
    assert {row["tier"]: row["winners"] for row in announced.tiers} == dict.fromkeys(range(1, 7), 1)
    told = Message.objects.filter(user=player.user)
    assert told.filter(kind=publication.WON).count() == 5
    assert told.filter(kind=publication.RESULT).count() == 1

    for batch in Batch.objects.all():
        publication.tell_winners(batch_id=batch.pk, now=database_time())
    assert told.filter(kind=publication.WON).count() == 5


def test_draws_of_a_game_are_settled_in_their_order():
    """The pool passes from draw to draw; the later one waits."""
    first = make_draws.sealed(make_draws.sold())
    second = make_draws.drawn(make_draws.sealed(make_draws.sold([make.SELECTION])))

    with pytest.raises(settlement.EarlierDrawFirst):
        settlement.begin(draw=second, now=database_time())
    assert not Settlement.objects.exists()

    make_draws.settled(make_draws.drawn(first))
    make_draws.settled(second)
    assert draws.find(second.code).state == Draw.State.PUBLISHED


def test_what_was_not_sealed_is_not_settled():
    """F057: a ticket changed behind our back halts the settlement; nobody is paid."""
    draw = make_draws.confirmed([make.single(1, 2, 3, 4, 5, 30, blue=9)])
    with as_owner() as owner:
        with pytest.raises(RestrictViolation):
            owner.execute("UPDATE sales_selection SET mask_4 = 64")
        owner.execute("ALTER TABLE sales_selection DISABLE TRIGGER USER")
        for (name,) in owner.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'sales_selection'::regclass"
        ).fetchall():
            owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        owner.execute("UPDATE sales_selection SET mask_4 = 64")

    with pytest.raises(settlement.NotWhatWasSealed):
        settlement.begin(draw=draw, now=database_time())

    halted = Settlement.objects.get(draw=draw)
    assert halted.state == Settlement.State.HALTED
    assert halted.halt_reason.startswith("root sealed")
    assert halted.halt_reason.endswith(f"tickets {Ticket.objects.get().code}")
    assert not Prize.objects.exists()
    assert draws.find(draw.code).state == Draw.State.CONFIRMED

    with as_owner() as owner:
        owner.execute("UPDATE sales_selection SET mask_4 = 256")
        guards_up(owner)
    make_draws.settled(draw)
    assert draws.find(draw.code).state == Draw.State.PUBLISHED


def test_nothing_is_settled_by_functions_that_nobody_released(begin):
    """F057, F210: code that pays was replaced; it halts, names it, and goes on once it is right."""
    draw = begin(first_prize)
    with as_owner() as owner:
        ((kept,),) = owner.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'prizes_credit'"
        ).fetchall()
        owner.execute(kept.replace("BEGIN", "BEGIN /* mine */", 1))

    with pytest.raises(settlement.NotWhatWasSealed):
        settlement.begin(draw=draw, now=database_time())

    halted = Settlement.objects.get(draw=draw)
    assert halted.state == Settlement.State.HALTED
    assert "function prizes_credit(" in halted.halt_reason
    assert halted.halt_reason.endswith(": replaced")
    assert {one.kind for one in alarms.open_now()} == {catalogue.ALARM, settlement.HALTED}
    with as_owner() as owner:
        owner.execute(kept)
    make_draws.settled(draw)
    assert draws.find(draw.code).state == Draw.State.PUBLISHED
    assert alarms.open_now() == []


def test_nothing_is_paid_while_a_guard_is_down(begin):
    """F057, F210: what was taken away after the count is found before the money moves."""
    draw = begin(first_prize)
    begun = settlement.begin(draw=draw, now=database_time())
    while settlement.count_next(settlement=begun, now=database_time()):
        pass
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    with as_owner() as owner:
        owner.execute("ALTER TABLE prizes_batch DISABLE TRIGGER prizes_batch_goes_forward")

    with pytest.raises(settlement.EnginesDiffer):
        settlement.compare(draw=draw, now=database_time())

    assert "prizes_batch.prizes_batch_goes_forward: disabled" in (
        Settlement.objects.get(draw=draw).halt_reason
    )
    assert not Prize.objects.exists()
    with as_owner() as owner:
        guards_up(owner)
    make_draws.settled(draw)
    assert Prize.objects.count() == 1


def test_a_changed_sealed_file_halts_the_settlement(begin):
    """F057: the file is compared with its digest too."""
    draw = begin(first_prize)
    path = sealing.file_of(draw.seal)
    kept = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(kept.replace(b"own", b"OWN"))

    with pytest.raises(settlement.NotWhatWasSealed):
        settlement.begin(draw=draw, now=database_time())

    path.write_bytes(kept)
    assert settlement.begin(draw=draw, now=database_time()).state == Settlement.State.COUNTING


def test_a_draw_is_settled_by_the_rule_it_was_sold_under(monkeypatch):
    """F021: a newer sheet changes nothing; one that differs from its code settles nothing."""
    draw = make_draws.confirmed([make.single(20, 21, 22, 23, 24, 25, blue=7)])
    ticket = Ticket.objects.get()
    assert ticket.rule_id == draw.rule_id
    asked = rule_sheets.request(
        game=draw.game, version="ssq-2018.1", maker=people.member("compliance").user,
        now=database_time(),
    )  # fmt: skip
    make_rules.agreed(asked)
    later = make.shadow_draw()

    make_draws.settled(draw)

    assert later.rule.code == "ssq-2018.1"
    assert Prize.objects.get().amount == 5_00
    other = replace(rules.by_code("ssq-2018.1"), claim_days=59)
    monkeypatch.setitem(rules._BY_CODE, other.code, other)
    with pytest.raises(rule_sheets.RuleChanged):
        rule_sheets.version_of(later)


def test_the_next_draw_learns_whether_the_special_rule_holds():
    """F067: below 300 million it goes off, above 1.5 billion on; between it stays as it was."""
    draw = make_draws.sold([make.SELECTION])
    following = make.shadow_draw()
    with as_owner() as hand:  # as if the draw before had turned it on
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET special_on = true WHERE id = %s", [draw.pk])
        guards_up(hand)
    draw = make_draws.drawn(
        make_draws.sealed(draws.find(draw.code)), ((8, 9, 10, 11, 12, 13), (1,))
    )
    following = make_draws.drawn(make_draws.sealed(following))
    for late in (True, False):  # nobody sets it by hand, neither here nor there
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Draw.objects.filter(game=draw.game, special_on=not late).update(special_on=late)
        assert violated(refused.value) == "draw_special_stands"

    make_draws.settled(draw)

    assert following.state == Draw.State.CONFIRMED  # before it was known what the first left

    assert PrizeSheet.objects.get(draw=draw).special_on_next is True
    assert draws.find(following.code).special_on is True
    assert 7 in TierOutcome.objects.filter(draw=draw).values_list("tier", flat=True)


class Cut(Exception):
    """The process ends here."""


@contextmanager
def cut_off(at: int, *, before: bool) -> Iterator[None]:
    """End the flow before or after its statement number `at`."""
    seen = 0

    def wrapper(execute: Callable[..., Any], *statement: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == at and before:
            raise Cut
        outcome = execute(*statement)
        if seen == at:
            raise Cut
        return outcome

    with connection.execute_wrapper(wrapper):
        yield


def counted_statements(deed: Callable[[], Any]) -> int:
    """How many statements a deed sends."""
    seen = 0

    def wrapper(execute: Callable[..., Any], *statement: Any) -> Any:
        nonlocal seen
        seen += 1
        return execute(*statement)

    with connection.execute_wrapper(wrapper):
        deed()
    return seen


@pytest.mark.slow
@pytest.mark.thorough
def test_a_settlement_that_is_cut_off_anywhere_ends_with_the_same_books(monkeypatch, full, deep):
    """F070: cut off at 4 statements (full: 12, deep: each) and begun again, the books are equal."""
    monkeypatch.setattr(settlement, "CHUNK", 4)
    monkeypatch.setattr(engines, "BATCH", 3)
    draw = make_draws.confirmed(*one_of_each_tier())
    statements = counted_statements(lambda: make_draws.settled(draw))
    pool_before = PrizeSheet.objects.get(draw=draw).pool_before
    known = amounts(draw)
    apart = 1 if deep else max(statements // (12 if full else 4), 1)
    points = range(1 if deep else 3, statements + 1, apart)

    for point in points:
        again = make_draws.confirmed(*one_of_each_tier())
        refill_pool(again, pool_before)
        with suppress(Cut), cut_off(point, before=point % 2 == 0):
            make_draws.settled(again)
        make_draws.settled(again)
        assert amounts(again) == known, f"cut off at statement {point}"
        first = books(again)
        make_draws.settled(again)
        assert books(again) == first
        assert comparison.settled_differences(draws.find(again.code)) == []


def amounts(draw: Draw) -> list[tuple[str, int, str]]:
    """What the draw paid, ticket after ticket, and the money around it."""
    sheet = PrizeSheet.objects.get(draw=draw)
    prizes = Prize.objects.filter(draw=draw).order_by("ticket_id").values_list("amount", "route")
    return [
        *((f"ticket {place}", amount, route) for place, (amount, route) in enumerate(prizes)),
        ("pool after", sheet.pool_after, ""),
        ("fund paid", sheet.fund_paid, ""),
        ("rounding", sheet.rounding_to_fund, ""),
        ("prizes left", ledger.balance(f"prizes:{draw.code}"), ""),
        ("unclaimed", ledger.balance(f"unclaimed:{draw.code}"), ""),
    ]


def refill_pool(draw: Draw, fen: int) -> None:
    """Bring the pool back to what it held, so that every round pays the same."""
    missing = fen - ledger.balance(POOL)
    with transaction.atomic():
        if missing:
            ledger.post(
                reference=f"refill:{draw.pk}",
                kind="OPENING",
                moves=[ledger.Move(source="grant:ssq-drill", target=POOL, amount=missing)],
            )


def test_the_database_keeps_settlements_and_prizes_as_they_are(begin):
    """F067: outside the doors too."""
    draw = begin(first_prize)
    make_draws.settled(draw)
    before = books(draw)

    for change in (
        "UPDATE prizes_settlement SET state = 'COUNTING'",
        "UPDATE prizes_settlement SET attempt = 2",
    ):
        with (
            pytest.raises(IntegrityError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)
        assert violated(refused.value) == "settlement_goes_forward"

    assert books(draw) == before


def test_a_draw_is_not_settled_without_its_settlement(begin):
    """F056: the state alone cannot be moved."""
    draw = begin(first_prize)

    with pytest.raises(draws.DrawNotReady), transaction.atomic():
        draws.advance(draw_id=draw.pk, to=Draw.State.SETTLED, actor=None, now=database_time())

    assert draws.find(draw.code).state == Draw.State.CONFIRMED
