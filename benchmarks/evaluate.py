"""Selections evaluated per second, game by game: single bets, and multiples with bankers.

    ./portal bench evaluate [--selections 50000] [--distinct 500] [--rounds 3] [--games ssq,kl8]

A database of its own is made on the configured server and dropped again. A drill draw of each game
is sold, sealed and drawn by its doors, and its settlement begun; then so many selections, of which
so many differ, are written by the owner, and *the database* counts them as a settlement does: one
call of `prizes_count`, winners written and all. *masks* is the same work in Python, without a
database (`games.bets.hits`), and *naive* writes out every line of every selection and looks at each
by the words of the rules (`tests.games.brute_force`), which the other two must agree with. All are
read by turns, and the middle of the rounds counts. One process each.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any
from zlib import crc32

import psycopg

from . import seal, settle
from .settle_rows import NEXT_NUMBER, unguarded, without_references

EACH = 5  # selections a ticket
MOST = 30_000 * EACH  # tickets of one purchase, all told
KINDS = ("single", "multiple")
WAYS = ("database", "masks", "naive")


@dataclass(frozen=True)
class Drawn:
    """A draw whose settlement has begun, its rule and its numbers."""

    owner_url: str
    draw: Any
    version: Any
    numbers: tuple[tuple[int, ...], ...]


@dataclass
class Measured:
    """Selections of one kind of one game: how many a second each way evaluated, in each round."""

    lines: float  # of a selection, in the middle
    won: int
    rates: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})

    def of(self, way: str) -> float:
        """The middle of the rounds."""
        return median(self.rates[way])


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Selections evaluated per second, by game.")
    parser.add_argument("--selections", type=int, default=50_000)
    parser.add_argument("--distinct", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--games", default="")
    asked = parser.parse_args()
    if not EACH <= asked.selections <= MOST:
        parser.error(f"--selections goes from {EACH} to {MOST:,}")
    with seal.witnessing(), settle.database() as owner_url:
        from games import rules  # noqa: PLC0415 - Django is set up only now

        games = asked.games.split(",") if asked.games else list(rules.GAMES)
        found = {game: evaluate(owner_url, game, asked) for game in games}
    return tell(asked, found)


def evaluate(owner_url: str, game: str, asked: argparse.Namespace) -> dict[str, Measured]:
    """Both kinds of bets of one game, in a draw of its own."""
    from games import rule_sheets  # noqa: PLC0415 - Django is set up only now
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - as above
    from prizes import drill, settlement  # noqa: PLC0415 - as above
    from tests import make_draws  # noqa: PLC0415 - as above

    draw = drill.prepare(game_code=f"{game}-drill", now=database_time())
    for _sold in drill.sell(draw=draw, tickets=1, now=database_time()):
        pass
    version = rule_sheets.version_of(draw)
    drawn = tuple(map(tuple, drill.random_result(version)))
    draw = make_draws.drawn(make_draws.sealed(draw), drawn)
    settlement.begin(draw=draw, now=database_time())
    on = Drawn(owner_url, draw, version, drawn)
    found: dict[str, Measured] = {}
    for kind in KINDS:
        some = selections(version, kind, asked.distinct)
        found[kind] = Measured(lines=median(one.lines for one in some), won=0)
        tickets = write(on, some, asked.selections)
        for _round in range(asked.rounds):
            read(on, some, tickets, found[kind])
        print(f"  {game:<5}{kind:<9}" + "".join(f"{found[kind].of(way):>14,.0f}" for way in WAYS))
    return found


def selections(version: Any, kind: str, count: int) -> list[Any]:
    """Checked bets of this kind, of all its bet types by turns, the same in every run."""
    from games import bets  # noqa: PLC0415 - Django is set up only now
    from prizes import drill  # noqa: PLC0415 - as above
    from tests.games import chosen  # noqa: PLC0415 - as above

    below = chosen.below_of(crc32(f"{version.game} {kind}".encode()))
    made: list[Any] = []
    for turn in range(20 * count):
        bet_type = version.bet_types[turn % len(version.bet_types)]
        one = bets.check(version, drill.random_bet(version, bet_type, below=below))
        if (one.lines == 1) == (kind == "single"):
            made.append(one)
        if len(made) == count:
            return made
    return made


def write(on: Drawn, some: Sequence[Any], count: int) -> range:
    """Tickets of these selections, again and again, by the owner; their ids."""
    tables = [f"sales_selection_d{on.draw.pk}", "sales_ticket", "sales_purchase", "sales_selection"]
    with unguarded(on.owner_url, *tables) as owner, without_references(owner, "sales_ticket"):
        found = owner.execute("SELECT max(id) FROM sales_ticket").fetchone()
        assert found is not None
        tickets = range(int(found[0]) + 1, int(found[0]) + 1 + count // EACH)
        values = {"draw": on.draw.pk, "first": tickets[0], "last": tickets[-1]}
        owner.execute(_TICKETS, values)
        owner.execute(_BESIDE)  # rows under a policy are not copied into their table
        with owner.cursor() as cursor, cursor.copy("COPY beside FROM STDIN") as copy:
            for at in range(len(tickets) * EACH):
                one = some[at % len(some)]
                place = (on.draw.pk, tickets[at // EACH], at % EACH + 1)
                bet = (one.selection.bet_type, one.lines, one.selection.multiplier, False)
                copy.write_row((*place, *bet, one.amount_fen, *one.masks))
        owner.execute(_SELECTIONS.format(draw=on.draw.pk))
        owner.execute(NEXT_NUMBER.format(table="sales_ticket"))
        for table in tables[:2]:
            owner.execute(f"VACUUM ANALYZE {table}")
    return tickets


def read(on: Drawn, some: Sequence[Any], tickets: range, into: Measured) -> None:
    """One round: every way once, over the same selections, and all must find the same."""
    from games import bets  # noqa: PLC0415 - Django is set up only now
    from tests.games import brute_force  # noqa: PLC0415 - as above

    special_on, words = on.draw.special_on, bets.result_masks(on.version, on.numbers)
    with unguarded(on.owner_url, "prizes_chunk", "prizes_hit") as owner:
        owner.execute("DELETE FROM prizes_hit WHERE draw_id = %s", [on.draw.pk])
        owner.execute(_CHUNK, {"draw": on.draw.pk, "first": tickets[0], "last": tickets[-1]})
        owner.execute("VACUUM prizes_hit")
    masks: list[Mapping[int, int]] = []
    naive: list[Mapping[str, int]] = []

    def by_masks() -> None:
        for one in some:
            kind = one.selection.bet_type
            won = bets.hits(on.version, one.masks, words, special_on=special_on, bet_type=kind)
            masks.append(won)

    def naively() -> None:
        naive.extend(
            brute_force.wins(on.version, one.selection, on.numbers, special_on=special_on)
            for one in some
        )

    count = len(tickets) * EACH
    into.rates["database"].append(count / timed(partial(by_database, on.draw)))
    into.rates["masks"].append(len(some) / timed(by_masks))
    into.rates["naive"].append(len(some) / timed(naively))
    for won, told in zip(masks, naive, strict=True):
        assert brute_force.won_as(on.version, won) == told
    into.won = check(on, masks, count)


def by_database(draw: Any) -> None:
    """The chunk counted, as a worker of the portal asks for it."""
    from django.db import connection, transaction  # noqa: PLC0415 - Django is set up only now

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_count(id, clock_timestamp()) FROM prizes_settlement WHERE draw_id = %s",
            [draw.pk],
        )
        assert cursor.fetchone()[0] is not None


def check(on: Drawn, told: Sequence[Mapping[int, int]], count: int) -> int:
    """The database found in all tickets what the masks say; how many tickets won."""
    expected: Counter[int] = Counter()
    for at in range(count):
        expected.update(told[at % len(told)])
    with psycopg.connect(on.owner_url, autocommit=True) as owner:
        found = owner.execute(_WON, [on.draw.pk]).fetchone()
    assert found is not None
    assert {int(tier): lines for tier, lines in found[0].items()} == dict(expected)
    return int(found[1])


def timed(act: Callable[[], None]) -> float:
    """Seconds by the clock on the wall."""
    before = time.perf_counter()
    act()
    return time.perf_counter() - before


def tell(asked: argparse.Namespace, found: Mapping[str, Mapping[str, Measured]]) -> int:
    """Print the table, and as the last line the figures."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"Evaluation on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    print(f"selections per second, middle of {asked.rounds} rounds, {asked.selections:,} each")
    print(f"{'':<6}{'':<9}{'lines':>7}" + "".join(f"{way:>12}" for way in WAYS) + f"{'ratio':>9}")
    figures: dict[str, Any] = {}
    for game, kinds in found.items():
        for kind, one in kinds.items():
            ratio = one.of("database") / one.of("naive")
            print(
                f"{game:<6}{kind:<9}{one.lines:>7.0f}"
                + "".join(f"{one.of(way):>12,.0f}" for way in WAYS)
                + f"{ratio:>9,.0f}"
            )
            figures[f"{game}_{kind}"] = {way: round(one.of(way)) for way in WAYS} | {
                "ratio": round(ratio, 1), "lines": one.lines, "winning_tickets": one.won,
            }  # fmt: skip
    print(json.dumps(figures))
    return 0


_TICKETS = """
WITH one AS (
    INSERT INTO sales_purchase (code, player_id, request_key, request_hash, price, channel,
        bought_at)
    SELECT 'BENCH' || %(first)s, player_id, gen_random_uuid(), '', price, channel, bought_at
      FROM sales_purchase ORDER BY id DESC LIMIT 1 RETURNING id)
INSERT INTO sales_ticket (id, code, purchase_id, position, draw_id, rule_id, owner_id, price,
    lines, salt, format_version, channel, outlet_code, province, is_shadow, xid, sold_at)
SELECT n, 'BENCH' || lpad(n::text, 12, '0'), one.id, n - %(first)s + 1, t.draw_id, t.rule_id,
       t.owner_id, t.price, t.lines, t.salt, t.format_version, t.channel, t.outlet_code, t.province,
       true, 0, t.sold_at
  FROM one, (SELECT * FROM sales_ticket WHERE draw_id = %(draw)s ORDER BY id LIMIT 1) t,
       generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
_BESIDE = """
CREATE TEMPORARY TABLE beside AS
    SELECT draw_id, ticket_id, position, bet_type, lines, multiplier, is_quick_pick, amount,
           mask_1, mask_2, mask_3, mask_4 FROM sales_selection WITH NO DATA
"""
_SELECTIONS = """
INSERT INTO sales_selection_d{draw} (draw_id, ticket_id, position, bet_type, lines, multiplier,
    is_quick_pick, amount, mask_1, mask_2, mask_3, mask_4)
SELECT * FROM beside
"""
_CHUNK = """
UPDATE prizes_chunk c SET first_ticket = %(first)s, last_ticket = %(last)s, counted_at = NULL,
       winners = '{}'
  FROM prizes_settlement s WHERE s.id = c.settlement_id AND s.draw_id = %(draw)s
"""
_WON = """
SELECT c.winners, (SELECT count(*) FROM prizes_hit h WHERE h.draw_id = s.draw_id)
  FROM prizes_chunk c JOIN prizes_settlement s ON s.id = c.settlement_id WHERE s.draw_id = %s
"""


if __name__ == "__main__":
    sys.exit(main())
