"""Settlement at full size: two million tickets of five single lines, counted, compared, credited.

    ./portal bench settle [--selections 10000000] [--players 200000] [--workers 2]

A database of its own is made on the configured server and dropped again. Rows of tickets are made
by COPY as their owner; sealing, drawing and settling go through the doors, in as many processes as
workers of the portal would be. Engine one is timed from `begin`, which works the root out anew, to
SETTLED, without engine two; engine two runs alone before it is compared. Multiples and bankers are
measured apart, and the naive way (load by the ORM, expand, compare, save) on a hundred thousand
tickets.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations, product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from . import purchase, seal
from .settle_rows import LINES, NUMBERS, complex_rows, confirmed, make_players, single_rows

NAIVE_TICKETS = 100_000
COMPLEX = 100_000


@dataclass
class Measured:
    """What one settlement took."""

    selections: int
    engine_one: dict[str, float] = field(default_factory=dict)
    engine_two_s: float = 0.0
    peak_mib: float = 0.0
    engine_two_mib: float = 0.0
    winners: int = 0
    longest_write_s: float = 0.0

    @property
    def engine_one_s(self) -> float:
        """All steps of engine one."""
        return sum(self.engine_one.values())


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Settlement of ten million selections.")
    parser.add_argument("--selections", type=int, default=10_000_000)
    parser.add_argument("--players", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-growth", action="store_true", help="leave out twice the size")
    asked = parser.parse_args()
    with seal.witnessing(), database() as owner_url:
        make_players(owner_url, asked.players)
        half = settle_once(owner_url, asked, asked.selections)
        double = None if asked.no_growth else settle_once(owner_url, asked, 2 * asked.selections)
        mixed = settle_once(owner_url, asked, min(COMPLEX, asked.selections), make=complex_rows)
        small = min(NAIVE_TICKETS, asked.selections // LINES)
        naive_s, ours_s = against_naive(owner_url, asked, small)
    return tell(asked, half, double, mixed, naive_s=naive_s, ours_s=ours_s)


@contextlib.contextmanager
def database() -> Iterator[str]:
    """A database of its own, migrated, with the first rows of the house; dropped afterwards."""
    name = f"bench_settle_{os.getpid()}"
    server = os.environ["OWNER_DATABASE_URL"]
    state = tempfile.mkdtemp(prefix="bench-settle-")
    os.environ["STATE_DIR"] = state
    for variable in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        os.environ[variable] = urlunsplit(urlsplit(os.environ[variable])._replace(path=f"/{name}"))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "benchmarks.settings", "DEMO": "1", "DEBUG": "0"}
    postgres = urlunsplit(urlsplit(server)._replace(path="/postgres"))
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
        try:
            prepare()
            yield os.environ["OWNER_DATABASE_URL"]
        finally:
            from django.db import connections  # noqa: PLC0415 - Django is set up only now

            connections.close_all()
            purchase.drop(owner, name)
            shutil.rmtree(state, ignore_errors=True)


def prepare() -> None:
    """Migrate and write the first rows."""
    import django  # noqa: PLC0415 - Django is set up only now
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up only now

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("genesis", verbosity=0)


def settle_once(
    owner_url: str,
    asked: argparse.Namespace,
    selections: int,
    make: Callable[[str, Any, int], int] | None = None,
) -> Measured:
    """A draw of so many selections, settled by the doors in `asked.workers` processes."""
    from games import draws  # noqa: PLC0415 - Django is set up only now
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from prizes import settlement  # noqa: PLC0415 - Django is set up only now
    from prizes.models import Hit, Settlement  # noqa: PLC0415 - Django is set up only now

    draw = confirmed(owner_url, selections, make or single_rows)
    found = Measured(selections)
    write = LongestWrite()
    with timed(found.engine_one, "root"):
        settlement.begin(draw=draw, now=database_time())
    with workers(count_all, asked.workers, draw.pk) as go, timed(found.engine_one, "count"):
        told = go()
    with timed(found.engine_one, "result file"):
        settlement.price(draw=draw, now=database_time())
    before = time.perf_counter()
    settlement.engine_two(draw=draw, now=database_time())
    found.engine_two_s = time.perf_counter() - before
    with timed(found.engine_one, "compare"):
        settlement.compare(draw=draws.find(draw.code), now=database_time())
    with workers(credit_all, asked.workers, draw.pk) as go, timed(found.engine_one, "credit"):
        told += go()
    with timed(found.engine_one, "finish"):
        settlement.finish(draw=draws.find(draw.code), now=database_time())
    assert Settlement.objects.get(draw=draw).state == Settlement.State.DONE
    found.winners = Hit.objects.filter(draw=draw).count()
    found.longest_write_s = max([write.seconds, *(longest for _peak, longest in told)])
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.peak_mib = max([mine, *(peak for peak, _longest in told)])
    found.engine_two_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return found


@contextlib.contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Keep how long this took, by the clock on the wall."""
    before = time.perf_counter()
    yield
    into[name] = time.perf_counter() - before
    print(f"  {name:<12} {into[name]:8.2f} s", flush=True)


class LongestWrite:
    """How long the longest transaction was that wrote: the doors of settlement are watched."""

    WRITING = ("_begin", "_count", "_keep_priced", "_let_pay", "_credit", "_finish")

    def __init__(self) -> None:
        from prizes import settlement  # noqa: PLC0415 - Django is set up only now

        self.seconds = 0.0
        for name in self.WRITING:
            act = getattr(settlement, name)
            setattr(settlement, name, self._watch(getattr(act, "watched", act)))

    def _watch(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*given: Any, **named: Any) -> Any:
            before = time.perf_counter()
            try:
                return act(*given, **named)
            finally:
                self.seconds = max(self.seconds, time.perf_counter() - before)

        setattr(watching, "watched", act)  # noqa: B010 - an attribute of our own
        return watching


@contextlib.contextmanager
def workers(
    target: Callable[[int], None], count: int, draw_id: int
) -> Iterator[Callable[[], list[tuple[float, float]]]]:
    """So many processes, up and waiting as workers of the portal are; the call lets them begin.

    It gives the memory and the longest write of each.
    """
    context = multiprocessing.get_context("spawn")
    results, ready = context.Queue(), context.Barrier(count + 1)
    processes = [
        context.Process(target=in_one, args=(target, draw_id, ready, results))
        for _one in range(count)
    ]
    for process in processes:
        process.start()

    def begin() -> list[tuple[float, float]]:
        ready.wait()
        return [results.get() for _process in processes]

    while ready.n_waiting < count:
        time.sleep(0.05)
    yield begin
    for process in processes:
        process.join()
        assert process.exitcode == 0


def in_one(target: Callable[[int], None], draw_id: int, ready: Any, results: Any) -> None:
    """What a worker of the portal does, in a process of its own."""
    import django  # noqa: PLC0415 - Django is set up only now

    django.setup()
    write = LongestWrite()
    ready.wait()
    target(draw_id)
    results.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, write.seconds))


def count_all(draw_id: int) -> None:
    """Count chunks until none is left."""
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from prizes import settlement  # noqa: PLC0415 - Django is set up only now
    from prizes.models import Settlement  # noqa: PLC0415 - Django is set up only now

    one = Settlement.objects.select_related("draw__game").get(draw=draw_id)
    while settlement.count_next(settlement=one, now=database_time()):
        pass


def credit_all(draw_id: int) -> None:
    """Credit batches until none is left."""
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from prizes import settlement  # noqa: PLC0415 - Django is set up only now
    from prizes.models import Settlement  # noqa: PLC0415 - Django is set up only now

    one = Settlement.objects.select_related("draw__game").get(draw=draw_id)
    while settlement.credit_next(settlement=one, now=database_time()):
        pass


# The naive way


def against_naive(owner_url: str, asked: argparse.Namespace, tickets: int) -> tuple[float, float]:
    """Seconds of the naive way and of ours for the same number of tickets."""
    draw = confirmed(owner_url, tickets * LINES, single_rows)
    before = time.perf_counter()
    naive(draw)
    naive_s = time.perf_counter() - before
    print(f"  the naive way {naive_s:.1f} s", flush=True)
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from prizes import settlement  # noqa: PLC0415 - Django is set up only now

    ours: dict[str, float] = {}
    with workers(count_all, asked.workers, draw.pk) as go, timed(ours, "ours"):
        settlement.begin(draw=draw, now=database_time())
        go()
        settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    with workers(credit_all, asked.workers, draw.pk) as go, timed(ours, "paid"):
        settlement.compare(draw=draw, now=database_time())
        go()
        settlement.finish(draw=draw, now=database_time())
    return naive_s, sum(ours.values())


def naive(draw: Any) -> int:
    """Every ticket loaded, every line written out and compared, every prize booked by itself.

    Booked by an entry that is taken back at the end: the draw is then settled our way.
    """
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from finance import ledger  # noqa: PLC0415 - Django is set up only now
    from games import bets, rule_sheets  # noqa: PLC0415 - Django is set up only now
    from sales.models import Selection, Ticket  # noqa: PLC0415 - Django is set up only now

    version = rule_sheets.version_of(draw)
    drawn = [set(zone) for zone in NUMBERS]
    tiers = version.tier_by_match(special_on=draw.special_on)
    prizes = {tier.number: tier.fixed_fen or 5_00 for tier in version.tiers}
    paid = 0
    with transaction.atomic():
        for ticket in Ticket.objects.filter(draw=draw).select_related("owner").iterator():
            won: Counter[int] = Counter()
            for row in Selection.objects.filter(draw=draw, ticket=ticket):
                picked = bets.unpack(version, row.masks, bet_type=row.bet_type)
                for line in lines_of(version, picked):
                    hits = tuple(len(drawn[zone] & set(part)) for zone, part in enumerate(line))
                    if hits in tiers:
                        won[tiers[hits]] += row.multiplier
            if won:
                amount = sum(lines * prizes[tier] for tier, lines in won.items())
                paid += 1
                ledger.post(
                    reference=f"naive:{ticket.code}",
                    kind="PRIZE",
                    moves=[
                        ledger.Move(
                            source=f"prizes:{draw.code}",
                            target=f"winnings:{ticket.owner.code}",
                            amount=amount,
                        )
                    ],
                )
        transaction.set_rollback(True)
    return paid


def lines_of(version: Any, picked: Any) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every elementary line of a selection."""
    zones = [
        [(*bankers, *drags) for drags in combinations(picks, zone.picked - len(bankers))]
        for zone, bankers, picks in zip(version.zones, picked.bankers, picked.picks, strict=True)
    ]
    return product(*zones)


def tell(
    asked: argparse.Namespace,
    one: Measured,
    double: Measured | None,
    mixed: Measured,
    *,
    naive_s: float,
    ours_s: float,
) -> int:
    """Print the table, and as the last line the figures."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"Settlement on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    print(f"{asked.workers} workers, {asked.players:,} players, {Path.cwd().name}")
    print(
        f"{'':<24}{'selections':>12}{'winners':>10}{'engine 1 s':>12}{'engine 2 s':>12}{'MiB':>7}"
    )
    rows = [("single lines", one), ("twice as many", double), ("multiples, bankers", mixed)]
    for name, found in rows:
        if found is not None:
            print(
                f"{name:<24}{found.selections:>12,}{found.winners:>10,}{found.engine_one_s:>12.1f}"
                f"{found.engine_two_s:>12.1f}{found.peak_mib:>7.0f}"
            )
    print(f"longest write transaction {one.longest_write_s:.3f} s")
    print(f"the naive way {naive_s:.1f} s, ours {ours_s:.1f} s, as many tickets")
    figures = {
        "selections": one.selections,
        "engine_one_s": round(one.engine_one_s, 1),
        "engine_two_s": round(one.engine_two_s, 1),
        "peak_mib": round(max(one.peak_mib, one.engine_two_mib)),
        "naive_ratio": round(naive_s / ours_s, 1),
        "growth_2x": round(double.engine_one_s / one.engine_one_s, 2) if double else None,
        "steps": {name: round(seconds, 1) for name, seconds in one.engine_one.items()},
        "winners": one.winners,
        "longest_write_s": round(one.longest_write_s, 3),
        "complex_engine_one_s": round(mixed.engine_one_s, 1),
        "complex_engine_two_s": round(mixed.engine_two_s, 1),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
