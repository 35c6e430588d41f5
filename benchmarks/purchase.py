"""Single-ticket purchases over HTTP, logged in, beside a bare logged-in view of the same server.

    ./portal bench purchase [--seconds 4] [--rounds 4] [--buyers 16] [--workers 2] [--threads 4]

A database of its own is made on the configured server, migrated and dropped again. Players are
made by the doors, their wallets filled by deposits. Bare view, purchases by the page's form and
purchases by the API take turns in windows of a few seconds, so a noisy machine is noisy for all.
At the end the books are checked: every acknowledged purchase is a ticket, every ticket was paid.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from . import load

WALLET = 10_000_00
TOKEN = "b" * 32
PRICE = 2_00


@dataclass(frozen=True)
class Buyer:
    """What a client of a player needs."""

    session: str
    draw: str
    issue: str


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Purchases beside a bare logged-in view.")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one window")
    parser.add_argument("--rounds", type=int, default=4, help="windows of each kind")
    parser.add_argument("--buyers", type=int, default=16, help="players, each with a connection")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server")
    parser.add_argument("--threads", type=int, default=4, help="threads of each process")
    asked = parser.parse_args()
    with database(), serving(asked.workers, asked.threads) as port:
        buyers = make_buyers(asked.buyers)
        windows = measure(port, buyers, seconds=asked.seconds, rounds=asked.rounds)
        problems = check_books(windows)
    return tell(windows, problems, asked)


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A database of its own, migrated, with the first rows of the house; dropped afterwards."""
    name = f"bench_purchase_{os.getpid()}"
    server = os.environ["OWNER_DATABASE_URL"]
    state = tempfile.mkdtemp(prefix="bench-purchase-")
    os.environ["STATE_DIR"] = state
    for variable in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        os.environ[variable] = urlunsplit(urlsplit(os.environ[variable])._replace(path=f"/{name}"))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "benchmarks.settings", "DEMO": "1", "DEBUG": "0"}
    postgres = urlunsplit(urlsplit(server)._replace(path="/postgres"))
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
        try:
            prepare()
            yield
        finally:
            from django.db import connections  # noqa: PLC0415 - Django is set up only now

            for connection in connections.all(initialized_only=True):
                connection.close()
            drop(owner, name)
            shutil.rmtree(state, ignore_errors=True)


def drop(owner: Any, name: str) -> None:
    """Drop the database as soon as the server itself has ended what it does in it."""
    for _attempt in range(100):
        try:
            owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege):
            owner.execute("SELECT pg_sleep(0.1)")
        else:
            return


def prepare() -> None:
    """Migrate and write the first rows."""
    import django  # noqa: PLC0415 - Django is set up only now
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up only now

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("genesis", verbosity=0)


@contextlib.contextmanager
def serving(workers: int, threads: int) -> Iterator[int]:
    """The web server of production on a free port, as a child that is ended with us."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "lottery_portal.wsgi:application",
        "--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", str(threads),
        "--worker-class", "gthread", "--keep-alive", "30", "--log-level", "warning",
    ]  # fmt: skip
    checkout = Path(__file__).resolve().parent.parent
    server = subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        start_new_session=True,
    )
    try:
        _wait_for(port, server)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    request = _request("GET", "/health/", {})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("The web server ended at once.")
        try:
            if load.Connection(port).ask(request) == 200:  # noqa: PLR2004 - OK
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server does not answer.")


def make_buyers(count: int) -> list[Buyer]:
    """Players with filled wallets, logged in, before an open draw."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up only now

    from tests import make, people  # noqa: PLC0415 - Django is set up only now

    draw = make.draw()
    buyers = []
    for _one in range(count):
        player = make.player(wallet=WALLET)
        session = people.behind(player.user).cookies[settings.SESSION_COOKIE_NAME].value
        buyers.append(Buyer(session=session, draw=draw.code, issue=draw.issue))
    return buyers


def measure(
    port: int, buyers: list[Buyer], *, seconds: float, rounds: int
) -> dict[str, load.Window]:
    """Windows of each kind in turn; the first, unmeasured, warms caches and connections."""
    windows = {name: load.Window() for name in ASKED}
    for name in ASKED:
        warm = load.in_a_process(asking, port, name, buyers, 1.0)
        if name != "bare":
            WARMED.add(warm)
    for _round in range(rounds):
        for name, window in windows.items():
            window.add(load.in_a_process(asking, port, name, buyers, seconds))
    return windows


WARMED = load.Window()


def asking(port: int, name: str, buyers: list[Buyer], seconds: float) -> load.Window:
    """One window of one kind, in a process of its own."""
    return load.run(port, [ASKED[name](buyer) for buyer in buyers], seconds)


def _request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _cookies(buyer: Buyer) -> dict[str, str]:
    is_embedded = os.environ.get("PORTAL_MODE") == "embedded"
    session, csrf = ("session", "csrf") if is_embedded else ("__Host-session", "__Host-csrf")
    forwarded = (
        {} if is_embedded else {"X-Forwarded-Proto": "https", "Referer": "https://127.0.0.1/"}
    )
    return {
        "Cookie": f"{session}={buyer.session}; {csrf}={TOKEN}",
        "X-CSRFToken": TOKEN,
        **forwarded,
    }


def bare(buyer: Buyer) -> Callable[[], bytes]:
    """The bare view."""
    request = _request("GET", "/bare/", _cookies(buyer))
    return lambda: request


SELECTION = {"bet_type": "single", "picks": [[1, 2, 3, 4, 5, 6], [7]]}


def by_api(buyer: Buyer) -> Callable[[], bytes]:
    """A purchase by the API."""
    headers = {**_cookies(buyer), "Content-Type": "application/json"}
    tickets = json.dumps([{"draw": buyer.draw, "selections": [SELECTION]}])

    def request() -> bytes:
        body = f'{{"request_key":"{uuid.uuid4()}","tickets":{tickets}}}'.encode()
        return _request("POST", "/api/v1/purchases/", headers, body)

    return request


def by_page(buyer: Buyer) -> Callable[[], bytes]:
    """A purchase by the form of the confirmation page."""
    headers = {**_cookies(buyer), "Content-Type": "application/x-www-form-urlencoded"}
    row = {"t": "single", "b": [[], []], "p": SELECTION["picks"], "m": 1, "q": False}
    basket = quote(json.dumps([row]))

    def request() -> bytes:
        body = f"basket={basket}&request_key={uuid.uuid4()}".encode()
        return _request("POST", f"/play/ssq/{buyer.issue}/buy/", headers, body)

    return request


ASKED: dict[str, Callable[[Buyer], Callable[[], bytes]]] = {
    "bare": bare,
    "page": by_page,
    "api": by_api,
}
GOOD = {"bare": 200, "page": 303, "api": 201}


def check_books(windows: dict[str, load.Window]) -> list[str]:
    """What is wrong with the books after all this; nothing, if all is well."""
    from django.db import connection  # noqa: PLC0415 - Django is set up only now

    from finance import ledger  # noqa: PLC0415 - Django is set up only now
    from sales.models import Purchase, Receipt, Ticket  # noqa: PLC0415 - Django is set up only now

    bought = sum(windows[name].answers.get(GOOD[name], 0) for name in ("page", "api"))
    bought += WARMED.answers.get(GOOD["page"], 0) + WARMED.answers.get(GOOD["api"], 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM games_draw WHERE state = 'OPEN' AND NOT is_shadow")
        stakes = sum(ledger.balances([f"stakes:{code}" for (code,) in cursor.fetchall()]).values())
    counted = {
        "purchases": Purchase.objects.count(),
        "tickets": Ticket.objects.count(),
        "receipts": Receipt.objects.count(),
        "tickets paid": stakes // PRICE,
    }
    problems = [
        f"{name}: {count}, acknowledged: {bought}"
        for name, count in counted.items()
        if count != bought
    ]
    if balance := ledger.trial_balance():
        problems.append(f"The trial balance is {balance}.")
    return problems


def tell(windows: dict[str, load.Window], problems: list[str], asked: argparse.Namespace) -> int:
    """Print the table, and as the last line the figures."""
    rates = {name: window.rate(GOOD[name]) for name, window in windows.items()}
    errors = sum(
        count
        for name, window in windows.items()
        for status, count in window.answers.items()
        if status != GOOD[name]
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"Purchases on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    print(f"{asked.workers} workers x {asked.threads} threads, {asked.buyers} buyers")
    print(f"{'':<16}{'per second':>12}{'of bare':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for name, window in windows.items():
        spread = [
            f"{load.percentile(window.latencies, part) * 1000:>9.1f}" for part in (0.5, 0.95, 0.99)
        ]
        print(
            f"{name:<16}{rates[name]:>12.1f}{rates[name] / rates['bare']:>10.2f}{''.join(spread)}"
        )
    for problem in problems:
        print(f"THE BOOKS ARE WRONG. {problem}")
    figures: dict[str, Any] = {
        "purchases_per_s": round(rates["page"], 1),
        "bare_view_per_s": round(rates["bare"], 1),
        "ratio": round(rates["page"] / rates["bare"], 3),
        "p95_ms": round(load.percentile(windows["page"].latencies, 0.95) * 1000, 1),
        "errors": errors + len(problems),
        "api_purchases_per_s": round(rates["api"], 1),
        "api_ratio": round(rates["api"] / rates["bare"], 3),
    }
    print(json.dumps(figures))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
