"""The rows of a settlement at full size: players, tickets, their entries in the log; a drawn draw.

Rows by the million are made by their owner, with the guards off; all else goes through the doors.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, LiteralString

import psycopg

from tests.owner import guards_up

from . import seal

LINES = 5  # single lines a ticket
PER_PURCHASE = 100
NUMBERS = ((3, 8, 14, 20, 27, 31), (9,))
WRITTEN_TOGETHER = 50_000  # tickets of one statement


@contextlib.contextmanager
def unguarded(owner_url: str, *tables: str) -> Iterator[psycopg.Connection]:
    """The owner's connection, with the triggers of these tables off: rows as they would be."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for table in tables:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield owner
        finally:
            guards_up(owner)


def make_players(owner_url: str, count: int) -> None:
    """Shadow players with wallets."""
    from tests import make  # noqa: PLC0415 - Django is set up only now

    pattern = make.shadow_player()
    with unguarded(owner_url, "accounts_user", "accounts_player", "finance_account") as owner:
        owner.execute(
            """
            INSERT INTO accounts_user
            SELECT (jsonb_populate_record(NULL::accounts_user, to_jsonb(u) || jsonb_build_object(
                       'id', 10000000 + n, 'username', 'bench-' || n))).*
              FROM accounts_user u, generate_series(1, %s) n WHERE u.id = %s
            """,
            [count, pattern.user_id],
        )
        owner.execute(
            """
            INSERT INTO accounts_player
            SELECT (jsonb_populate_record(NULL::accounts_player, to_jsonb(p) || jsonb_build_object(
                       'id', 10000000 + n, 'user_id', 10000000 + n,
                       'code', 'BENCH' || lpad(n::text, 8, '0')))).*
              FROM accounts_player p, generate_series(1, %s) n WHERE p.id = %s
            """,
            [count, pattern.pk],
        )
        owner.execute(
            """
            INSERT INTO finance_account (code, kind, is_shadow, keeps_balance, balance, opened_at)
            SELECT kind || ':' || code, upper(kind), true, true, 0, clock_timestamp()
              FROM accounts_player, unnest(ARRAY['wallet', 'winnings']) kind WHERE id > 10000000
            """
        )
        owner.execute("VACUUM ANALYZE accounts_player, accounts_user, finance_account")


def confirmed(owner_url: str, selections: int, make: Callable[[str, Any, int], int]) -> Any:
    """A shadow draw in which so much was sold, sealed and drawn."""
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from audit import sequencing  # noqa: PLC0415 - Django is set up only now
    from finance import ledger, wallets  # noqa: PLC0415 - Django is set up only now
    from games import calendar, draws  # noqa: PLC0415 - Django is set up only now
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from sales import closing, rolling, sealing  # noqa: PLC0415 - Django is set up only now
    from tests import make as makers  # noqa: PLC0415 - Django is set up only now
    from tests import make_draws  # noqa: PLC0415 - Django is set up only now

    before = time.perf_counter()
    draw = makers.shadow_draw()
    fen = make(owner_url, draw, selections)
    buyer = makers.shadow_player()
    with transaction.atomic():
        wallets.fill_shadow(buyer, fen=fen, reference=f"drill:bench-{draw.code}")
        ledger.post(
            reference=f"purchase:bench-{draw.code}",
            kind="PURCHASE",
            moves=[
                ledger.Move(source=f"wallet:{buyer.code}", target=f"stakes:{draw.code}", amount=fen)
            ],
        )
    give_leaves(owner_url, draw)
    while sequencing.run_all():
        pass
    sequencing.cosign_latest(now=database_time())
    rolling.check(draw=draw, now=database_time())
    seal.tidy_up(draw.pk)
    print(f"{selections:,} selections sold in {time.perf_counter() - before:.0f} s", flush=True)
    before = time.perf_counter()
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=database_time())
    sealing.complete(draw=draws.find(draw.code), now=database_time())
    print(f"sealed in {time.perf_counter() - before:.0f} s", flush=True)
    return make_draws.drawn(draws.find(draw.code), NUMBERS)


def give_leaves(owner_url: str, draw: Any) -> None:
    """The entries of these tickets in the log, as the sale would have given them."""
    with unguarded(owner_url, "audit_entry") as owner:
        owner.execute("SET statement_timeout = 0")
        for table in ("sales_ticket", "sales_selection", f"sales_selection_d{draw.pk}"):
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                owner.execute(f"ANALYZE {table}")
        owner.execute("SET enable_nestloop = off; SET work_mem = '128MB'")
        owner.execute(seal.LEAVES, {"draw": draw.pk})


def single_rows(owner_url: str, draw: Any, selections: int) -> int:
    """Tickets of five single lines of random numbers; the stakes in fen."""
    return write_tickets(
        owner_url,
        draw,
        selections // LINES,
        LINES,
        "'single', 1, 1, true, 200, 0,"
        " (SELECT array_agg(mask) FROM masks)[1 + floor(random() * 50000)], 0,"
        " 1::bigint << floor(random() * 16)::integer",
        price=LINES * 200,
        lines=LINES,
    )


def complex_rows(owner_url: str, draw: Any, selections: int) -> int:
    """Tickets of one selection, half multiples of 7 + 1, half bankers of 2 # 6 + 1, in turn."""
    banker = "(t.id % 2) = 1"
    return write_tickets(
        owner_url,
        draw,
        selections,
        1,
        f"CASE WHEN {banker} THEN 'banker' ELSE 'multiple' END,"
        f" CASE WHEN {banker} THEN 15 ELSE 7 END, 1, true,"
        f" CASE WHEN {banker} THEN 3000 ELSE 1400 END,"
        f" CASE WHEN {banker} THEN 3::bigint ELSE 0 END,"
        f" CASE WHEN {banker} THEN 252::bigint << floor(random() * 24)::integer"
        "   ELSE 127::bigint << floor(random() * 26)::integer END,"
        " 0, 1::bigint << floor(random() * 16)::integer",
        price="CASE WHEN (id %% 2) = 1 THEN 3000 ELSE 1400 END",
        lines="CASE WHEN (id %% 2) = 1 THEN 15 ELSE 7 END",
    )


def write_tickets(
    owner_url: str, draw: Any, tickets: int, each: int, picks: str, *, price: Any, lines: Any
) -> int:
    """Write tickets and their selections as the owner; what they cost together."""
    tables = ["sales_purchase", "sales_ticket", f"sales_selection_d{draw.pk}", "sales_selection"]
    with unguarded(owner_url, *tables) as owner, without_references(owner, "sales_ticket"):
        owner.execute(MASKS)
        first = number(owner, "SELECT coalesce(max(id), 0) + 1 FROM sales_ticket")
        values = {"draw": draw.pk, "rule": draw.rule_id, "each": each, "per": PER_PURCHASE}
        for start in range(first, first + tickets, WRITTEN_TOGETHER):
            span = {"start": start, "stop": min(start + WRITTEN_TOGETHER, first + tickets) - 1}
            owner.execute(PURCHASES, values | span)
            owner.execute(TICKETS.format(price=price, lines=lines), values | span)
            owner.execute(
                SELECTIONS.format(draw=draw.pk, picks=picks.replace("%", "%%")), values | span
            )
        for table in ("sales_ticket", "sales_purchase"):
            owner.execute(NEXT_NUMBER.format(table=table))
        return number(
            owner,
            "SELECT sum(price)::bigint FROM sales_ticket WHERE draw_id = %(draw)s",
            {"draw": draw.pk},
        )


def number(
    owner: psycopg.Connection, query: LiteralString, values: dict[str, int] | None = None
) -> int:
    """The one number that a query gives."""
    row = owner.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


@contextlib.contextmanager
def without_references(owner: psycopg.Connection, table: str) -> Iterator[None]:
    """Rows are made by the million: what they refer to is looked at once, at the end."""
    references = owner.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid = %s::regclass",
        [table],
    ).fetchall()
    for name, _definition in references:
        owner.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield
    for name, definition in references:
        owner.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


NEXT_NUMBER = "SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
MASKS = """
CREATE TEMPORARY TABLE masks AS
    SELECT bit_or(1::bigint << n) AS mask FROM (
        SELECT line, n, row_number() OVER (PARTITION BY line ORDER BY random()) AS place
          FROM generate_series(1, 50000) line, generate_series(0, 32) n) shuffled
     WHERE place <= 6 GROUP BY line
"""
PURCHASES = """
INSERT INTO sales_purchase (id, code, player_id, request_key, request_hash, price, channel,
    bought_at)
SELECT n, 'BENCH' || lpad(n::text, 12, '0'), 10000001, gen_random_uuid(), '', 1, 'drill',
       clock_timestamp()
  FROM generate_series(%(start)s::bigint / %(per)s, %(stop)s::bigint / %(per)s) n
ON CONFLICT DO NOTHING
"""
TICKETS = """
INSERT INTO sales_ticket (id, code, purchase_id, position, draw_id, rule_id, owner_id, price,
    lines, salt, format_version, channel, outlet_code, province, is_shadow, xid, sold_at)
SELECT id, 'BENCH' || lpad(id::text, 12, '0'), id / %(per)s, id %% %(per)s + 1, %(draw)s, %(rule)s,
       10000001 + (hashint8(id) & 1073741823)
           %% (SELECT count(*) FROM accounts_player WHERE id > 10000000),
       {price}, {lines}, decode(md5(id::text), 'hex'), 1, 'drill', '', '', true, 0,
       clock_timestamp()
  FROM generate_series(%(start)s::bigint, %(stop)s::bigint) id
"""
# One ticket after the other, as each sale writes its own: unsorted they would lie by their place in
# the ticket, and every reading would fetch five pages where it needs one.
SELECTIONS = """
INSERT INTO sales_selection_d{draw} (draw_id, ticket_id, position, bet_type, lines, multiplier,
    is_quick_pick, amount, mask_1, mask_2, mask_3, mask_4)
SELECT %(draw)s, t.id, place, {picks}
  FROM generate_series(%(start)s::bigint, %(stop)s::bigint) t(id),
       generate_series(1, %(each)s::integer) place
"""
