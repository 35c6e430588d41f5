"""What a person won in a draw is taxed together: above the tax-free sum nothing of it goes to his
wallet, however his tickets lie in batches (F067; 2024 公告第12号)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import psycopg
import pytest
from psycopg.errors import CheckViolation

from accounts import messages
from accounts.models import Message, Player
from audit import policies
from finance import ledger, prize_tax, wallets
from games import bets, draws
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import comparison, engines, evidence, publication, settlement
from prizes.models import Batch, Prize, Settlement
from tests import make, make_draws
from tests.games import chosen
from tests.owner import as_owner, guards_up
from tests.samples import one_in

pytestmark = pytest.mark.django_db(transaction=True)

FREE = 10_000_00
OWNERS, MOST_TICKETS = 10, 4  # of those whose tickets are picked by a seed
WALLET, CENTRE = Prize.Route.WALLET, Prize.Route.CENTRE

Ticket = list[bets.Selection]


def thirds(times: int) -> bets.Selection:
    """So many times 3,000 yuan."""
    return make.single(1, 2, 3, 4, 5, 30, blue=7, multiplier=times)


def fourths(times: int) -> bets.Selection:
    """So many times 200 yuan."""
    return make.single(1, 2, 3, 4, 5, 30, blue=8, multiplier=times)


FIVE_YUAN = make.single(20, 21, 22, 23, 24, 25, blue=7)
BOUGHT: dict[str, list[Ticket]] = {  # the first three are worth 10,000 yuan together
    "one": [[thirds(3), fourths(5)]],
    "two": [[thirds(1), fourths(10)]] * 2,
    "three": [[thirds(1)], [thirds(1), fourths(5)], [thirds(1)]],
    "both": [[thirds(4)], [FIVE_YUAN]],
    "twice six": [[thirds(2)]] * 2,
    "small": [[FIVE_YUAN]],
}


@dataclass(frozen=True)
class Compared:
    """A draw that both engines found alike, and who bought what of BOUGHT; nobody is credited."""

    draw: Draw
    players: Mapping[str, Player]


def compared() -> Compared:
    """Everybody of BOUGHT and ten others, two tickets to a batch: many batches part an owner's."""
    draw, below = make.shadow_draw(), chosen.below_of(crc32(b"routes"))
    players = {name: make.shadow_player(wallet=1_000_00) for name in BOUGHT}
    for name, tickets in BOUGHT.items():
        make_draws.sold(*tickets, player=players[name], draw=draw)
    for _one in range(OWNERS):
        tickets = [
            [thirds(1 + below(2)), fourths(1 + below(10))] if below(2) else [fourths(1 + below(20))]
            for _ticket in range(1 + below(MOST_TICKETS))
        ]
        buyer = make.shadow_player(wallet=1_000_00)
        make_draws.sold(*tickets, player=buyer, draw=draw)
    draw = make_draws.drawn(make_draws.sealed(draw))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engines, "BATCH", 2)
        begun = settlement.begin(draw=draw, now=database_time())
        while settlement.count_next(settlement=begun, now=database_time()):
            pass
        settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    assert settlement.compare(draw=draw, now=database_time())
    return Compared(draws.find(draw.code), players)


@dataclass(frozen=True)
class Paid:
    """One prize as it was credited, and whose it is."""

    owner: int
    ticket: int
    amount: int
    route: str


def credited(
    hand: psycopg.Connection,
    draw: Draw,
    *,
    free: int,
    size: int,
    lacking: tuple[str, str] = ("", ""),
) -> list[Paid]:
    """What would be credited with this tax-free figure in batches of this size; it is taken back.

    In the books stands on each side what the routes say. `lacking` is a piece of the function that
    credits, and what stands there instead of it.
    """
    with hand.transaction(force_rollback=True):
        hand.execute(function_without(hand, *lacking))
        for table in ("prizes_settlement", "prizes_batch"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute("UPDATE prizes_settlement SET taxed_above = %s", [free])
        (run,) = hand.execute("DELETE FROM prizes_batch RETURNING run_id").fetchall()[0]
        hand.execute(
            "INSERT INTO prizes_batch (run_id, number, first_owner, first_ticket, last_owner,"
            " last_ticket, winners, amount, digest)"
            " SELECT %s, b.* FROM prizes_batches(%s, prizes_prices(%s), %s) b",
            [run, draw.pk, draw.pk, size],
        )
        while hand.execute(
            "SELECT prizes_credit(id, clock_timestamp()) FROM prizes_settlement"
        ).fetchall() != [(None,)]:
            pass
        rows = hand.execute("SELECT owner_id, ticket_id, amount, route FROM prizes_prize")
        paid = [Paid(*row) for row in rows.fetchall()]
        booked = hand.execute(
            "SELECT a.kind, sum(t.amount)::bigint FROM finance_transfer t"
            "  JOIN finance_entry e ON e.id = t.entry_id AND e.kind = 'PRIZE'"
            "  JOIN finance_account a ON a.id = t.target_id GROUP BY a.kind"
        ).fetchall()
    by_route = {
        kind: sum(one.amount for one in paid if one.route == route)
        for kind, route in (("WINNINGS", WALLET), ("UNCLAIMED", CENTRE))
    }
    assert dict(booked) == {kind: fen for kind, fen in by_route.items() if fen}
    return paid


def function_without(hand: psycopg.Connection, piece: str, instead: str) -> str:
    """The function that credits, with one piece of it taken out."""
    ((text,),) = hand.execute(
        "SELECT pg_get_functiondef('prizes_credit(bigint, timestamptz)'::regprocedure)"
    ).fetchall()
    assert piece in text
    return str(text).replace(piece, instead) if piece else str(text)


def by_plain_sums(paid: list[Paid], *, free: int) -> list[Paid]:
    """The same prizes, by the ways that adding up each owner's says; 10,000 yuan fit a wallet."""
    together: Counter[int] = Counter()
    for one in paid:
        together[one.owner] += one.amount
    return [
        Paid(
            one.owner,
            one.ticket,
            one.amount,
            WALLET if one.amount <= FREE and together[one.owner] <= free else CENTRE,
        )
        for one in paid
    ]


@pytest.mark.parametrize("size", one_in(3, [1, 2, 3]))
def test_a_fen_above_the_tax_free_sum_is_too_much(begin, size):
    """F067: one ticket, two, three across a border of batches; at the figure all is still paid."""
    begun = begin(compared)

    with as_owner() as hand:
        found = {
            free: credited(hand, begun.draw, free=free, size=size)
            for free in (FREE - 1, FREE, FREE + 1)
        }

    for name in ("one", "two", "three"):
        mine = {
            free: {one.route for one in paid if one.owner == begun.players[name].pk}
            for free, paid in found.items()
        }
        assert mine == {FREE - 1: {CENTRE}, FREE: {WALLET}, FREE + 1: {WALLET}}, name
    for name, route in (("both", CENTRE), ("twice six", CENTRE), ("small", WALLET)):
        owner = begun.players[name].pk
        routes = [one.route for paid in found.values() for one in paid if one.owner == owner]
        assert routes == [route] * 3 * len(BOUGHT[name]), name


@pytest.mark.thorough
def test_ten_owners_are_paid_as_plain_sums_say(begin, full):
    """F067: figures around what each of them won, batches of one, some, and all winners."""
    draw = begin(compared).draw

    with as_owner() as hand:
        together: Counter[int] = Counter()
        for one in credited(hand, draw, free=0, size=1_000):
            assert one.route == CENTRE
            together[one.owner] += one.amount
        sums = sorted(set(together.values()))
        figures = [fen + more for fen in sums for more in (-1, 0, 1)]
        for place, free in enumerate(figures if full else figures[::4]):
            for size in (1, 2, 3, 5, 1_000) if full else ((1, 2, 3, 5, 1_000)[place % 5],):
                paid = credited(hand, draw, free=free, size=size)
                assert paid == by_plain_sums(paid, free=free), (free, size)

    assert len(together) == len(BOUGHT) + OWNERS
    assert len(sums) > OWNERS


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("piece", "instead", "size"),
    [
        ("sum(d.amount) OVER (PARTITION BY d.owner_id)", "d.amount", 1_000),
        ("THEN earlier ELSE", "THEN 0 ELSE", 1),
        ("THEN later ELSE", "THEN 0 ELSE", 1),
        ("d.amount <= up_to", "true", 2),
    ],
)
def test_without_a_piece_of_the_sum_somebody_is_paid_too_much(begin, piece, instead, size):
    """The negative control: each piece taken out, untaxed money would go to a wallet."""
    draw = begin(compared).draw
    free = FREE - 1 if piece != "d.amount <= up_to" else 2 * FREE

    with as_owner() as hand:
        paid = credited(hand, draw, free=free, size=size, lacking=(piece, instead))

    due = by_plain_sums(paid, free=free)
    wrong = {one.route for one, other in zip(paid, due, strict=True) if one != other}
    assert wrong == {WALLET}


def test_who_won_more_than_is_free_of_tax_finds_nothing_in_his_wallet(begin):
    """F067, F073, N08: by the doors: books, evidence, messages; the figure is the beginning's."""
    begun = begin(compared)
    draw, players = begun.draw, begun.players
    settled = Settlement.objects.get(draw=draw)
    read = policies.read(prize_tax.EXEMPT, at=settled.begun_at)
    assert (settled.taxed_above, settled.wallet_up_to) == (read, FREE)
    before = {name: wallets.available(player) for name, player in players.items()}
    with as_owner() as hand:
        hand.execute("ALTER TABLE audit_policyparameter DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO audit_policyparameter (key, scope, value, valid_from, approval_code,"
            " reason, recorded_at) VALUES (%s, '', '1', now(), 'LATER', 'later', now())",
            [prize_tax.EXEMPT],
        )
        guards_up(hand)

    settlement.run(draw=draw, now=database_time())
    assert not settlement.credit_next(settlement=settled, now=database_time())

    ways = {
        name: sorted(Prize.objects.filter(owner=player).values_list("amount", "route"))
        for name, player in players.items()
    }
    assert ways == {
        "one": [(10_000_00, WALLET)],
        "two": [(5_000_00, WALLET)] * 2,
        "three": [(3_000_00, WALLET), (3_000_00, WALLET), (4_000_00, WALLET)],
        "both": [(5_00, CENTRE), (12_000_00, CENTRE)],
        "twice six": [(6_000_00, CENTRE)] * 2,
        "small": [(5_00, WALLET)],
    }
    for name, player in players.items():
        in_wallet = sum(fen for fen, way in ways[name] if way == WALLET)
        assert wallets.available(player) == before[name] + in_wallet
    waiting = Prize.objects.filter(route=CENTRE).values_list("amount", flat=True)
    assert ledger.balance(f"unclaimed:{draw.code}") == sum(waiting)
    assert ledger.balance(f"prizes:{draw.code}") == 0
    assert ledger.trial_balance(is_shadow=True) == 0
    assert comparison.settled_differences(draws.find(draw.code)) == []
    assert list(evidence.hits_and_prizes()) == []
    assert max(Batch.objects.values_list("winners", flat=True)) == 2

    for batch in Batch.objects.all():
        publication.tell_winners(batch_id=batch.pk, now=database_time())
    told = {
        name: {
            messages.write(message, "en").text
            for message in Message.objects.filter(user=player.user, kind=publication.WON)
        }
        for name, player in players.items()
    }
    together = "All you won in this draw comes to more than 10,000.00 yuan and is taxed together"
    assert [together in text for text in told["twice six"]] == [True, True]
    assert sorted("yuan. It waits for you" in text for text in told["both"]) == [False, True]
    assert sorted(together in text for text in told["both"]) == [False, True]
    assert all("It is in your balance." in text for text in told["three"] | told["small"])


def test_a_prize_by_the_wrong_way_is_named(begin):
    """F210: past every guard one of two prizes is said to have gone to the wallet."""
    begun = begin(compared)
    settlement.run(draw=begun.draw, now=database_time())
    prize = Prize.objects.filter(owner=begun.players["twice six"]).select_related("ticket")[0]

    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_prize DISABLE TRIGGER USER")
        hand.execute("UPDATE prizes_prize SET route = 'WALLET' WHERE id = %s", [prize.pk])
        guards_up(hand)

    named = {(one.kind, one.key, one.what) for one in evidence.hits_and_prizes()}
    assert named == {("prize", prize.ticket.code, "changed")}
    differences = comparison.settled_differences(draws.find(begun.draw.code))
    assert "1 prizes are paid by another way than they must be" in differences


@pytest.mark.thorough
@pytest.mark.parametrize("figure", ["taxed_above", "wallet_up_to"])
def test_a_figure_of_the_beginning_stays(begin, figure):
    """F067: neither is changed while a draw is settled, whoever asks."""
    begin(compared)

    with as_owner() as hand, pytest.raises(CheckViolation) as refused:
        hand.execute(f"UPDATE prizes_settlement SET {figure} = {figure} + 1")  # noqa: S608 - our own names

    assert refused.value.diag.constraint_name == "settlement_goes_forward"
    assert Settlement.objects.values_list(figure, flat=True).get() == FREE
