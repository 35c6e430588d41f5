"""From the close of a large draw to its published seal, and closing while 64 buyers buy.

    ./portal bench seal [--tickets 1000000] [--draws 100] [--buyers 64]

A database and a witness of their own are made and dropped again. Tickets of one to three selections
(singles, some multiple and banker) are written by the owner, their leaves into the log as the sale
does it, and told to the witness before the clock runs; closing, sealing, counter-signing and
publishing are the doors of production. Beside it, in the same run, the naive way to the same root:
rows through a cursor, lines and hashes in Python.
"""

# ruff: noqa: E501 - SQL keeps its own lines
from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from audit.witness.public import public_of

from . import load, purchase

WALLET = 1_000_000_00
NAIVE = 100_000
OPEN_SECONDS = 0.7


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="From the close to the published seal.")
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=100, help="draws closed under load")
    parser.add_argument("--buyers", type=int, default=64, help="who buy while a draw closes")
    asked = parser.parse_args()
    with witnessing() as witness, purchase.database():
        # Closed first: a million rows that the disk still writes would be part of every reading.
        closed = close_many(asked.draws, asked.buyers)
        sealed = seal_one(asked.tickets)
        sealed["witness_mib"] = peak_of(witness)
    return tell(asked, sealed, closed)


@contextlib.contextmanager
def witnessing() -> Iterator[int]:
    """A witness process of its own; its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench-witness-") as place:
        command = [
            sys.executable, "-m", "audit.witness", "--directory", place, "--port", str(port),
            "--log-key", public_of(os.environ["LOG_KEY"]),
        ]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        os.environ["WITNESS_URL"] = f"http://127.0.0.1:{port}"
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def peak_of(pid: int) -> float:
    """The most memory a process had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def owner() -> psycopg.Connection:
    """The owner's connection to the database of this run."""
    return psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True)


def seal_one(tickets: int) -> dict[str, float]:
    """Fill a draw, close it, and time the way to its publication."""
    from django.db import connection  # noqa: PLC0415 - Django is set up only now

    from audit import sequencing  # noqa: PLC0415 - Django is set up only now
    from games import calendar, draws  # noqa: PLC0415 - Django is set up only now
    from games.models import SealStatement  # noqa: PLC0415 - Django is set up only now
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from sales import closing, rolling, sealing  # noqa: PLC0415 - Django is set up only now
    from tests import make  # noqa: PLC0415 - Django is set up only now

    draw = make.shadow_draw(closes_in=timedelta(days=1))
    print(f"Writing {tickets:,} tickets …", flush=True)
    fill(draw.pk, tickets)
    while sequencing.run_all():
        pass
    sequencing.cosign_latest(now=database_time())
    rolling.check(draw=draw, now=database_time())
    tidy_up(draw.pk)
    naive_s = naive(draw, min(NAIVE, tickets))
    calendar.bring_forward(draw=draw)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps: dict[str, float] = {}
    began = time.perf_counter()

    def step(name: str) -> None:
        steps[name] = round(time.perf_counter() - began - sum(steps.values()), 3)

    closing.close(draw=draw, now=database_time())
    step("close_s")
    sealing.seal(draw=draws.find(draw.code), now=database_time())
    step("file_s")
    sealing.countersign(draw=draws.find(draw.code), now=database_time())
    step("witness_s")
    sealing.publish(draw=draws.find(draw.code), now=database_time())
    step("publish_s")
    whole = time.perf_counter() - began
    statement = SealStatement.objects.get(draw=draw)
    assert statement.tickets == tickets, statement.tickets
    connection.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seal_s": round(whole, 2),
        "peak_mib": round(peak / 1024, 1),
        "before_mib": round(before / 1024, 1),
        "naive_ratio": round((naive_s * tickets / min(NAIVE, tickets)) / steps["file_s"], 1),
        "file_mib": round(statement.file_size / 2**20, 1),
        **steps,
    }


def fill(draw_id: int, tickets: int) -> None:
    """Write tickets of 1,000 players, their selections, their leaves in the log, their money."""
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from finance import ledger, wallets  # noqa: PLC0415 - Django is set up only now
    from games.models import Draw  # noqa: PLC0415 - Django is set up only now
    from tests import make  # noqa: PLC0415 - Django is set up only now

    players = [make.shadow_player(wallet=2_00) for _one in range(1_000)]
    tables = ("sales_purchase", "sales_ticket", "sales_selection", f"sales_selection_d{draw_id}",
              "audit_entry")  # fmt: skip
    with owner() as hand:
        hand.execute("SET statement_timeout = 0")
        for table in tables:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(_TICKETS, {"draw": draw_id, "tickets": tickets,
                                "players": [one.pk for one in players]})  # fmt: skip
        hand.execute(_SELECTIONS, {"draw": draw_id})
        for table in (*tables, "accounts_player"):
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                hand.execute(f"ANALYZE {table}")
        hand.execute("SET enable_nestloop = off; SET work_mem = '128MB'")
        hand.execute(LEAVES, {"draw": draw_id})
        hand.execute("ANALYZE audit_entry")
        for table in tables:
            hand.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        (stake,) = hand.execute(
            "SELECT sum(price)::bigint FROM sales_ticket WHERE draw_id = %s", [draw_id]
        ).fetchone() or (0,)
    draw = Draw.objects.get(pk=draw_id)
    with transaction.atomic():
        wallets.fill_shadow(players[0], fen=stake, reference=f"bench:{uuid.uuid4()}")
        ledger.post(
            reference=f"bench-stakes:{uuid.uuid4()}",
            kind=ledger.EntryKind.PURCHASE,
            moves=[
                ledger.Move(
                    source=f"wallet:{players[0].code}", target=f"stakes:{draw.code}", amount=stake
                )
            ],
        )


def tidy_up(draw_id: int) -> None:
    """What the server's own clean-up does over the days of a sale; here it would meet the clock."""
    with owner() as hand:
        hand.execute("SET statement_timeout = 0")
        for table in (
            "sales_ticket", "sales_purchase", f"sales_selection_d{draw_id}", "audit_entry",
            "audit_sequenced", "audit_treehash", "finance_account",
        ):  # fmt: skip
            hand.execute(f"VACUUM (ANALYZE) {table}")


_TICKETS = """
WITH one AS (
    INSERT INTO sales_purchase (code, player_id, request_key, request_hash, price, channel, bought_at)
    SELECT 'BENCH' || k, (%(players)s::bigint[])[1], gen_random_uuid(), '', 200, 'drill', now()
      FROM generate_series(0, %(tickets)s / 30000) k
    RETURNING id, substr(code, 6)::integer AS k)
INSERT INTO sales_ticket (code, purchase_id, position, draw_id, rule_id, owner_id, price, lines, salt,
                          format_version, channel, outlet_code, province, is_shadow, xid, sold_at)
SELECT upper(substr(encode(sha256(n::text::bytea), 'hex'), 1, 17)), one.id, (n %% 30000)::smallint, d.id, d.rule_id,
       (%(players)s::bigint[])[1 + n %% 1000], 200 * p.lines, p.lines, substr(sha256(('s' || n)::bytea), 1, 16),
       1, 'drill', '', '', true, pg_current_xact_id()::text::bigint, clock_timestamp()
  FROM generate_series(1, %(tickets)s) n JOIN one ON one.k = n / 30000, games_draw d,
       LATERAL (SELECT CASE WHEN n %% 50 = 0 THEN 28 WHEN n %% 50 = 1 THEN 40 ELSE 1 + n %% 3 END AS lines) p
 WHERE d.id = %(draw)s ORDER BY n
"""
# Six reds in one of 28 windows, shifted by the ticket; multiples of eight, bankers of three and six.
_SELECTIONS = """
INSERT INTO sales_selection (draw_id, ticket_id, position, bet_type, lines, multiplier, is_quick_pick, amount,
                             mask_1, mask_2, mask_3, mask_4)
SELECT t.draw_id, t.id, k,
       CASE t.lines WHEN 28 THEN 'multiple' WHEN 40 THEN 'banker' ELSE 'single' END,
       CASE WHEN t.lines > 3 THEN t.lines ELSE 1 END, 1, t.id %% 2 = 0,
       CASE WHEN t.lines > 3 THEN t.lines ELSE 1 END * 200,
       CASE t.lines WHEN 40 THEN 7 ELSE 0 END,
       CASE t.lines WHEN 28 THEN 255::bigint << (t.id %% 25)::integer
                    WHEN 40 THEN 63::bigint << (3 + t.id %% 24)::integer
                    ELSE (1::bigint << (t.id %% 5)::integer) | (1::bigint << (5 + (t.id + k) %% 5)::integer)
                       | (1::bigint << (10 + t.id %% 6)::integer) | (1::bigint << (16 + t.id %% 5)::integer)
                       | (1::bigint << (21 + (t.id + k) %% 5)::integer) | (1::bigint << (26 + t.id %% 7)::integer) END,
       0, CASE t.lines WHEN 40 THEN 3 ELSE 1::bigint << (t.id %% 16)::integer END
  FROM sales_ticket t, generate_series(1, CASE WHEN t.lines > 3 THEN 1 ELSE t.lines END) k
 WHERE t.draw_id = %(draw)s ORDER BY t.id, k
"""
LEAVES = """
INSERT INTO audit_entry (epoch, xid, at, kind, key, hash)
SELECT (SELECT max(number) FROM audit_epoch), pg_current_xact_id()::text::bigint, clock_timestamp(), 'ticket',
       l.code, sha256('\\x00'::bytea || l.line)
  FROM sales_sealed_lines(%(draw)s, 0, 9223372036854775807) l
"""


def naive(draw: Any, tickets: int) -> float:
    """The seconds that the plain way needs for so many tickets: ORM rows, lines made in Python."""
    from audit import tree  # noqa: PLC0415 - Django is set up only now
    from games import bets  # noqa: PLC0415 - Django is set up only now
    from sales import canonical, quotes  # noqa: PLC0415 - Django is set up only now
    from sales.models import Ticket  # noqa: PLC0415 - Django is set up only now

    version = quotes.version_of(draw.rule)
    began = time.perf_counter()
    growing = tree.Root()
    found = Ticket.objects.filter(draw=draw).select_related("owner").prefetch_related("selections")
    for ticket in found.order_by("pk")[:tickets].iterator(chunk_size=2_000):
        texts = [
            bets.canonical(
                bets.unpack(
                    version,
                    row.masks,
                    bet_type=row.bet_type,
                    multiplier=row.multiplier,
                    quick_pick=row.is_quick_pick,
                )
            )
            for row in sorted(ticket.selections.all(), key=lambda row: row.position)
        ]
        line = canonical.TicketLine(
            draw=draw.code,
            ticket=ticket.code,
            owner=canonical.pseudonym(draw=draw.code, player=ticket.owner.code),
            price_fen=ticket.price,
            channel=ticket.channel,
            sold_at=ticket.sold_at,
            salt=bytes(canonical.SALT_BYTES),  # the real ones are hidden; the work is the same
            selections=texts,
        ).encode()
        growing.add(canonical.leaf(line))
    growing.digest()
    return time.perf_counter() - began


def close_many(count: int, buyers: int) -> dict[str, float]:
    """Close `count` draws, each while all buyers buy; how long each close took, and what was late.

    One more goes before them, whose buyers' connections are all fresh: it is told apart.
    """
    from django.db import connection  # noqa: PLC0415 - Django is set up only now

    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from sales import closing  # noqa: PLC0415 - Django is set up only now
    from tests import make  # noqa: PLC0415 - Django is set up only now

    players = [make.shadow_player(wallet=WALLET) for _one in range(buyers)]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=buying, args=(theirs, os.environ["DATABASE_URL"], [one.pk for one in players])
    )
    process.start()
    ours.recv()
    waited: list[float] = []
    late = 0
    for number in range(1 + count):
        draw = make.shadow_draw(closes_in=timedelta(seconds=OPEN_SECONDS))
        ours.send((draw.pk, draw.rule_id))
        make.wait_until(draw.closes_at)
        began = time.perf_counter()
        closing.close(draw=draw, now=database_time())
        waited.append((time.perf_counter() - began) * 1000)
        with connection.cursor() as cursor:
            cursor.execute(_COUNTED, [draw.pk])
            at_close = cursor.fetchone()[0]
            ours.recv()
            cursor.execute(_COUNTED, [draw.pk])
            late += cursor.fetchone()[0] - at_close
            cursor.execute(_LATE, [draw.pk])
            late += cursor.fetchone()[0]
        if number == 0:
            print(f"The first of {count} draws sold {at_close} tickets.", flush=True)
    ours.send(None)
    process.join()
    connection.close()
    first = waited.pop(0)
    return {
        "close_first_ms": round(first, 1),
        "close_p50_ms": round(load.percentile(waited, 0.5), 1),
        "close_p99_ms": round(load.percentile(waited, 0.99), 1),
        "close_max_ms": round(max(waited), 1),
        "late": late,
    }


_COUNTED = "SELECT count(*) FROM sales_ticket WHERE draw_id = %s"
_LATE = """
SELECT count(*) FROM sales_ticket t JOIN games_draw d ON d.id = t.draw_id
  JOIN games_drawtransition s ON s.draw_id = d.id AND s.to_state = 'CLOSED'
 WHERE t.draw_id = %s AND (t.sold_at >= d.closes_at OR t.sold_at >= s.at)
"""


def buying(pipe: Any, address: str, players: list[int]) -> None:
    """In a process of its own: every player buys on a connection of his own until it is refused."""
    connections = [psycopg.connect(address, autocommit=True) for _player in players]
    pipe.send("ready")
    while (asked := pipe.recv()) is not None:
        draw, rule = asked
        threads = [
            threading.Thread(target=_buy, args=(one, player, draw, rule))
            for one, player in zip(connections, players, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send("refused")


def _buy(connection: psycopg.Connection, player: int, draw: int, rule: int) -> None:
    while True:
        code = uuid.uuid4().hex[:17].upper()
        ticket = {
            "code": f"T{code[1:]}", "draw_id": draw, "rule_id": rule, "price": 200, "lines": 1,
            "salt": uuid.uuid4().hex, "format_version": 1, "province": "",
            "selections": [["single", 1, 1, True, 200, 0, 63, 0, 64]],
        }  # fmt: skip
        asked = {
            "code": code, "player_id": player, "request_key": str(uuid.uuid4()),
            "request_hash": "", "channel": "drill", "tickets": [ticket],
        }  # fmt: skip
        try:
            connection.execute("SELECT * FROM sales_sell(%s::jsonb)", [json.dumps(asked)])
        except psycopg.errors.CheckViolation as exc:
            if exc.diag.constraint_name == "ticket_draw_open":
                return
            raise


def tell(asked: argparse.Namespace, sealed: dict[str, float], closed: dict[str, float]) -> int:
    """Print the table, and as the last line the figures."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"Sealing on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    for name, value in {**sealed, **closed}.items():
        print(f"{name:<16}{value:>12}")
    print(json.dumps({"tickets": asked.tickets, **sealed, **closed}))
    return 1 if closed["late"] else 0


if __name__ == "__main__":
    sys.exit(main())
