"""Postings per second beside django-hordak and beside a bare insert; a ledger of five million rows.

    ./portal bench ledger [--seconds 4] [--rounds 5] [--writers 4] [--transfers 5000000]
                          [--hordak DIRECTORY]

A database of its own is made on the configured server and dropped again. Our ledger, hordak (in a
schema of its own of the same database, installed by pip from the hashes in `benchmarks/hordak.txt`
into a directory that is removed again, unless one is named) and a bare insert of one row into a
table like that of the transfers take turns in windows of a few seconds, so a noisy machine is noisy
for all three. Each posting is one committed transaction of one writer: a stake of 2 yuan from one
of a thousand wallets into the stakes of a draw. Ours keeps the balance of the wallet, checks rules
and ceiling, refuses an overdraft and writes the log; hordak checks that the legs add up.

Then prizes are posted, 500 moves an entry, through the same door, until the ledger has the asked
number of transfers; the log is sequenced, days are rolled up, and what people wait for is timed:
balances now and at a past moment, a page of a statement, a whole statement, the trial balance, and
the check of the books. At the end the books must hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from . import load, purchase, seal

CHECKOUT = Path(__file__).resolve().parent.parent
PLAYERS = 1_000
WINNERS = 20_000
MOVES = 500
WAYS = ("ours", "hordak", "bare")
TIMES = 40
FILLING = """
import json, sys, psycopg
first, entries, winners, moves = map(int, sys.argv[1:5])
with psycopg.connect({url!r}, autocommit=True) as line:
    for number in range(entries):
        begin = number * moves
        places = sorted(first + (begin + n) % winners for n in range(moves))
        rows = [["prizes:BENCH", "winnings:BIG%05d" % at, 500 + number % 7] for at in places]
        line.execute("SELECT finance_post(%s, 'PRIZE', %s::jsonb)",
                     [f"fill:{{first}}:{{number}}", json.dumps(rows)])
"""


class Writers:
    """Processes of one way of posting, waiting for their windows."""

    def __init__(self, way: str, number: int, environment: dict[str, str]) -> None:
        self.way = way
        self._processes = [
            subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "benchmarks.ledger_writers", way, str(at), str(PLAYERS)],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for at in range(number)
        ]
        for process in self._processes:
            assert self._read(process) == "ready", f"A writer of {way} did not start."

    def post(self, seconds: float) -> float:
        """Post for so long, all of them; postings per second together."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        return sum(int(self._read(process)) for process in self._processes) / seconds

    def end(self) -> None:
        """Let them go."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            process.wait(timeout=60)

    @staticmethod
    def _read(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="The ledger beside others, and at full size.")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one window")
    parser.add_argument("--rounds", type=int, default=5, help="windows of each kind")
    parser.add_argument("--writers", type=int, default=4, help="processes that post at once")
    parser.add_argument("--transfers", type=int, default=5_000_000, help="0: no big ledger")
    parser.add_argument("--hordak", default="", help="where django-hordak is installed already")
    asked = parser.parse_args()
    with hordak_installed(asked.hordak) as hordak, seal.witnessing(), purchase.database():
        environment = _environment(hordak)
        prepare(environment)
        rates = side_by_side(asked, environment)
        big = at_full_size(asked) if asked.transfers else {}
        problems = check_books()
    return tell(asked, rates, big, problems)


@contextlib.contextmanager
def hordak_installed(known: str) -> Iterator[str]:
    """Where django-hordak is, installed for this run only unless it is somewhere already."""
    if known:
        yield known
        return
    with tempfile.TemporaryDirectory(prefix="bench-hordak-") as place:
        uv = shutil.which("uv")
        pip = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
        python = ["--python", sys.executable] if uv else []
        pinned = ["--no-deps", "--require-hashes", "-r", str(CHECKOUT / "benchmarks/hordak.txt")]
        subprocess.run(  # noqa: S603 - our own command
            [*pip, "install", "--quiet", *python, "--target", place, *pinned],
            check=True,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        yield place


def prepare(environment: dict[str, str]) -> None:
    """A thousand wallets with money, the same number at hordak's, and a table without guards."""
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from finance import ledger  # noqa: PLC0415 - as above

    codes = [f"wallet:BENCH{number:05d}" for number in range(PLAYERS)]
    with transaction.atomic():
        ledger.open_account(code="stakes:BENCH", kind="STAKES")
        for code in codes:
            ledger.open_account(code=code, kind="WALLET")
        ledger.post(
            reference="bench:funds",
            kind="DEPOSIT",
            moves=[ledger.Move("clearing:sandbox", code, 10**11) for code in codes],
        )
    with as_owner() as owner:
        owner.execute("CREATE TABLE bench_transfer (LIKE finance_transfer INCLUDING ALL)")
        owner.execute("CREATE SCHEMA hordak")
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.ledger_writers", "hordak-accounts", "0", str(PLAYERS)],
        cwd=CHECKOUT,
        env=environment,
        check=True,
    )


def side_by_side(asked: argparse.Namespace, environment: dict[str, str]) -> dict[str, list[float]]:
    """Windows of all three in turn, each time in another order, after one of each to warm up."""
    own = {**os.environ, "PYTHONWARNINGS": "ignore"}
    writers = [Writers(way, asked.writers, environment if way == "hordak" else own) for way in WAYS]
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    try:
        for turn in range(asked.rounds + 1):
            first = turn % len(writers)
            for one in writers[first:] + writers[:first]:
                rate = one.post(asked.seconds)
                if turn:
                    rates[one.way].append(rate)
    finally:
        for one in writers:
            one.end()
    return rates


def at_full_size(asked: argparse.Namespace) -> dict[str, float]:
    """Fill the ledger through its own door, and time what people wait for."""
    from django.db import connection  # noqa: PLC0415 - Django is set up only now

    from audit import sequencing  # noqa: PLC0415 - as above
    from finance import invariants, ledger  # noqa: PLC0415 - as above

    figures: dict[str, float] = {}
    open_winners()
    began = time.monotonic()
    fill(asked.transfers, asked.writers)
    figures["fill_transfers_per_s"] = round(asked.transfers / (time.monotonic() - began))
    sequencing.run_all()
    began = time.monotonic()
    ledger.roll_up()
    figures["roll_up_s"] = round(time.monotonic() - began, 2)
    with as_owner() as owner:
        owner.execute("ANALYZE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM finance_transfer")
        figures["transfers"] = cursor.fetchone()[0]
        cursor.execute("SELECT posted_at FROM finance_transfer ORDER BY id OFFSET 1000 LIMIT 1")
        (then,) = cursor.fetchone()
    today = datetime.now(UTC).date()
    winners = [f"winnings:BIG{number * 97 % WINNERS:05d}" for number in range(TIMES)]
    timed: dict[str, Callable[[str], object]] = {
        "wallet_balance_ms": ledger.balance,
        "house_balance_ms": lambda _code: ledger.balance("prizes:BENCH"),
        "wallet_balance_at_ms": lambda code: ledger.balance_at(code, then),
        "house_balance_at_ms": lambda _code: ledger.balance_at("prizes:BENCH", then),
        "statement_page_ms": lambda code: ledger.lines([code], ledger.movements(code)[:20]),
        "statement_ms": lambda code: list(
            ledger.statement(code, since=today - timedelta(days=2), until=today + timedelta(days=2))
        ),
        "trial_balance_ms": lambda _code: ledger.trial_balance(),
    }
    for name, ask in timed.items():
        figures[name] = measured(ask, winners)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) - %s FROM finance_transfer", [SINCE_THE_LAST_LOOK])
        (since,) = cursor.fetchone()
    for extent, name in (("ROLLING", "check_rolling"), ("FULL", "check_full")):
        began = time.monotonic()
        found, _upto = invariants.look(extent=extent, since=since)
        figures[f"{name}_s"] = round(time.monotonic() - began, 2)
        broken = [one for one in found if not one.holds and one.name not in MADE_BY_HAND]
        figures[f"{name}_broken"] = len(broken)
        for one in broken:
            print(f"{one.name} is broken by {', '.join(one.broken_by[:3])}")
    return figures


SINCE_THE_LAST_LOOK = 300_000  # transfers: five minutes at a thousand a second
# Deposits and prizes of this benchmark were posted without their deposits and tickets.
MADE_BY_HAND = ("deposit_credited_once", "provider_money_conserved", "prize_credited_once")
PRIZE_MONEY = 10**13


def open_winners() -> None:
    """The accounts that the prizes go to, and the money that they come from."""
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from finance import ledger  # noqa: PLC0415 - as above

    with transaction.atomic():
        for kind in ("GRANT", "POOL", "PRIZES"):
            ledger.open_account(code=f"{kind.lower()}:BENCH", kind=kind)
        for kind, source, target in (
            ("OPENING", "grant:BENCH", "pool:BENCH"),
            ("POOL_ROLL", "pool:BENCH", "prizes:BENCH"),
        ):
            ledger.post(
                reference=f"bench:{kind.lower()}",
                kind=kind,
                moves=[ledger.Move(source, target, PRIZE_MONEY)],
            )
        for number in range(WINNERS):
            ledger.open_account(code=f"winnings:BIG{number:05d}", kind="WINNINGS")


def fill(transfers: int, writers: int) -> None:
    """Post prizes by as many processes, each to winners of its own, so that none waits."""
    each = WINNERS // writers
    source = FILLING.format(url=os.environ["DATABASE_URL"])
    entries = transfers // MOVES // writers
    processes = [
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", source, str(at * each), str(entries), str(each), str(MOVES)]
        )
        for at in range(writers)
    ]
    for process in processes:
        assert process.wait() == 0, "A process that fills the ledger failed."


def measured(ask: Callable[[str], object], codes: Sequence[str]) -> float:
    """The median of so many questions, in milliseconds."""
    taken = []
    for code in codes:
        began = time.perf_counter()
        ask(code)
        taken.append((time.perf_counter() - began) * 1000)
    return round(load.percentile(taken, 0.5), 2)


def check_books() -> list[str]:
    """What is wrong with the books after all this; nothing, if all is well."""
    from django.db import connection  # noqa: PLC0415 - Django is set up only now

    from finance import ledger  # noqa: PLC0415 - as above

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    problems = [f"{one.rule} {one.where}" for one in ledger.verify_books()]
    if balance := ledger.trial_balance():
        problems.append(f"The trial balance is {balance}.")
    return problems


def as_owner() -> psycopg.Connection[Any]:
    """The owner's connection to this database."""
    return psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True)


def _environment(hordak: str) -> dict[str, str]:
    paths = [str(CHECKOUT), *([hordak] if hordak else []), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(one for one in paths if one),
        "PYTHONWARNINGS": "ignore",
    }


def tell(
    asked: argparse.Namespace,
    rates: dict[str, list[float]],
    big: dict[str, float],
    problems: list[str],
) -> int:
    """Print the table, and as the last line the figures."""
    middle = {way: median(found) for way, found in rates.items()}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"Postings on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    print(f"{asked.writers} writers, {asked.rounds} windows of {asked.seconds} s each")
    for way, found in rates.items():
        print(f"{way:<10}{middle[way]:>10.0f} per second  ({min(found):.0f} to {max(found):.0f})")
    for name, figure in big.items():
        print(f"{name:<24}{figure:>14,}")
    for problem in problems:
        print(f"THE BOOKS ARE WRONG. {problem}")
    figures: dict[str, Any] = {
        "postings_per_s": round(middle["ours"], 1),
        "hordak_per_s": round(middle["hordak"], 1),
        "ratio": round(middle["ours"] / middle["hordak"], 2),
        "bare_insert_per_s": round(middle["bare"], 1),
        "of_bare_insert": round(middle["ours"] / middle["bare"], 3),
        "problems": len(problems),
        **big,
    }
    print(json.dumps(figures))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
