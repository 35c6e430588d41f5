"""What the log costs and how soon it is signed, at full purchase load, also while prizes are paid.

    ./portal bench audit [--seconds 4] [--rounds 4] [--buyers 16] [--entries 200000]

A database of its own, the web server of production, the sequencer as its own process. Windows with
the log and windows without any log take turns, so a noisy machine is noisy for both: "without" are
the same functions with every word about the log taken out, and the sequencer stopped. Then a window
in which two more processes credit prizes, 700 moves an entry, as settlement does. The time from row
to signed checkpoint is what the rows say. At the end the log is compared with everything.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from . import load, purchase

GOOD = 303
MOVES = 700
CHECKOUT = Path(__file__).resolve().parent.parent
PAYING = """
import sys, time, psycopg, json
wallets = ["wallet:BENCH%05d" % number for number in range({moves})]
moves = json.dumps([["prizes:BENCH", wallet, 500] for wallet in sorted(wallets)])
with psycopg.connect({url!r}, autocommit=True) as line:
    end, count = time.monotonic() + {seconds}, 0
    while time.monotonic() < end:
        line.execute("SELECT finance_post(%s, 'PRIZE', %s::jsonb, NULL)",
                     [f"bench:{{sys.argv[1]}}:{{count}}", moves])
        count += 1
print(count)
"""


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="The cost and the speed of the log.")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one window")
    parser.add_argument("--rounds", type=int, default=4, help="windows of each kind")
    parser.add_argument("--buyers", type=int, default=16, help="players, each with a connection")
    parser.add_argument("--entries", type=int, default=200_000, help="entries sequenced in one go")
    asked = parser.parse_args()
    with purchase.database(), purchase.serving(2, 4) as port, sequencing() as sequencer:
        buyers = purchase.make_buyers(asked.buyers)
        windows = measure(port, buyers, sequencer, asked)
        selling = signed_within()
        paid, settling = while_paying(port, buyers, asked)
        sequencer.send_signal(signal.SIGTERM)
        sequencer.wait(timeout=30)
        problems = differences()
        rate = sequence_many(asked.entries)
    return tell(windows, selling, settling, paid=paid, rate=rate, problems=problems)


@contextlib.contextmanager
def sequencing() -> Iterator[subprocess.Popen[bytes]]:
    """The sequencer, as `./portal run` starts it."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "sequence"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


def as_owner() -> psycopg.Connection[Any]:
    """The owner's connection to this database."""
    return psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True)


def sources() -> dict[str, str]:
    """The functions of a sale as they are."""
    with as_owner() as owner:
        return {
            name: owner.execute("SELECT pg_get_functiondef(%s::regproc)", [name]).fetchone()[0]  # type: ignore[index]
            for name in ("sales_sell", "finance_post")
        }


def take_the_log_out(known: dict[str, str]) -> None:
    """The same functions without a word about the log; receipts are not compared with it."""
    with as_owner() as owner:
        for source in known.values():
            without, count = re.subn(
                r"PERFORM audit_log_add\(.*?\);\n", "", source, flags=re.DOTALL
            )
            assert count == 1, "a function adds to the log in a way this benchmark does not know"
            owner.execute(without)
        owner.execute("ALTER TABLE sales_receipt DISABLE TRIGGER sales_receipt_leaf_is_logged")


def put_the_log_back(known: dict[str, str]) -> None:
    """Everything as it was."""
    with as_owner() as owner:
        for source in known.values():
            owner.execute(source)
        owner.execute(
            "ALTER TABLE sales_receipt ENABLE ALWAYS TRIGGER sales_receipt_leaf_is_logged"
        )


def measure(
    port: int,
    buyers: list[purchase.Buyer],
    sequencer: subprocess.Popen[bytes],
    asked: argparse.Namespace,
) -> dict[str, load.Window]:
    """Windows with and without the log in turn, after one of each to warm up."""
    windows = {"with": load.Window(), "without": load.Window()}
    known = sources()
    for turn in range(asked.rounds + 1):
        order = ("with", "without") if turn % 2 else ("without", "with")
        for name in order:
            if name == "without":
                wait_until_signed()
                sequencer.send_signal(signal.SIGSTOP)
                take_the_log_out(known)
            seconds = asked.seconds if turn else 1.5
            window = load.in_a_process(purchase.asking, port, "page", buyers, seconds)
            if name == "without":
                put_the_log_back(known)
                sequencer.send_signal(signal.SIGCONT)
            if turn:
                windows[name].add(window)
    time.sleep(1)
    return windows


def wait_until_signed() -> None:
    """Wait for the last entries of a window: a stopped sequencer would leave them lying."""
    with as_owner() as owner:
        for _attempt in range(200):
            waiting = owner.execute(
                "SELECT (SELECT count(*) FROM audit_entry)"
                " - (SELECT max(size) FROM audit_checkpoint)"
            ).fetchone()
            if waiting == (0,):
                return
            time.sleep(0.05)
    raise RuntimeError("the sequencer does not catch up")


def signed_within(since: int = 0) -> tuple[list[float], int]:
    """Seconds from row to signed checkpoint of every entry from `since` on, and the log's size."""
    with as_owner() as owner:
        rows = owner.execute(
            """
            SELECT extract(epoch FROM c.at - e.at)::float8
              FROM audit_sequenced s
              JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
              CROSS JOIN LATERAL (SELECT k.at FROM audit_checkpoint k
                                   WHERE k.size > s.seq ORDER BY k.size LIMIT 1) c
             WHERE s.seq >= %s AND e.kind IN ('ticket', 'entry')
            """,
            [since],
        ).fetchall()
        size = owner.execute("SELECT count(*) FROM audit_sequenced").fetchone()
    return [seconds for (seconds,) in rows], int(size[0]) if size else 0


def while_paying(
    port: int, buyers: list[purchase.Buyer], asked: argparse.Namespace
) -> tuple[int, tuple[list[float], int]]:
    """Purchases while two processes credit prizes: how many moves, how soon all was signed."""
    seconds = asked.seconds * 2
    with as_owner() as owner:
        owner.execute("SELECT finance_open_account('prizes:BENCH', 'PRIZES', false)")
        owner.execute(
            "SELECT finance_open_account('wallet:BENCH' || lpad(n::text, 5, '0'), 'WALLET', false)"
            " FROM generate_series(0, %s) n",
            [MOVES - 1],
        )
        size = owner.execute("SELECT count(*) FROM audit_entry").fetchone()
    script = PAYING.format(moves=MOVES, url=os.environ["DATABASE_URL"], seconds=seconds)
    payers = [
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", script, str(number)], stdout=subprocess.PIPE
        )
        for number in range(2)
    ]
    load.in_a_process(purchase.asking, port, "page", buyers, seconds)
    counts = [int(payer.communicate()[0]) for payer in payers]
    time.sleep(1.5)
    return sum(counts) * MOVES, signed_within(int(size[0]) if size else 0)


def differences() -> list[str]:
    """What the log and the rows differ in, after the windows without a log are left out."""
    from django.utils import timezone  # noqa: PLC0415 - Django is set up only now

    from audit import log, sequencing  # noqa: PLC0415 - Django is set up only now

    sequencing.run_all()
    found = log.differences(now=timezone.now(), ask_witness=False)
    return [str(one) for one in found if one.what != "unlogged"]


def sequence_many(entries: int) -> float:
    """Entries given their places in a second, a full log waiting."""
    from audit import sequencing  # noqa: PLC0415 - Django is set up only now

    with as_owner() as owner:
        owner.execute(
            "INSERT INTO audit_entry (epoch, xid, at, kind, key, hash)"
            " SELECT 1, pg_current_xact_id()::text::bigint, clock_timestamp(), 'ticket',"
            " 'BENCH' || n, sha256(n::text::bytea) FROM generate_series(1, %s) n",
            [entries],
        )
    begin = time.perf_counter()
    given = sequencing.run_all()
    return given / (time.perf_counter() - begin)


def tell(
    windows: dict[str, load.Window],
    selling: tuple[list[float], int],
    settling: tuple[list[float], int],
    *,
    paid: int,
    rate: float,
    problems: list[str],
) -> int:
    """Print the table, and as the last line the figures."""
    rates = {name: window.rate(GOOD) for name, window in windows.items()}
    lost = 1 - rates["with"] / rates["without"] if rates["without"] else 1.0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"The log on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    print(f"purchases a second with the log {rates['with']:.1f}, without {rates['without']:.1f}")
    for name, (seconds, _size) in (("selling", selling), ("while paying", settling)):
        spread = [f"{load.percentile(seconds, part):.3f}" for part in (0.5, 0.95, 0.99, 1)]
        print(
            f"row to signed checkpoint, {name}: p50 {spread[0]} s, p95 {spread[1]} s,"
            f" p99 {spread[2]} s, most {spread[3]} s, of {len(seconds)} rows"
        )
    print(f"credited meanwhile: {paid} moves; sequenced at once: {rate:.0f} entries a second")
    for problem in problems[:10]:
        print(f"THE LOG DIFFERS. {problem}")
    figures = {
        "p99_s": round(load.percentile(selling[0], 0.99), 3),
        "p99_settling_s": round(load.percentile(settling[0], 0.99), 3),
        "rows_per_s": round(rate),
        "cost_ratio": round(max(lost, 0.0), 3),
        "purchases_per_s": round(rates["with"], 1),
        "purchases_without_log_per_s": round(rates["without"], 1),
        "errors": sum(
            count
            for window in windows.values()
            for status, count in window.answers.items()
            if status != GOOD
        )
        + len(problems),
    }
    print(json.dumps(figures))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
