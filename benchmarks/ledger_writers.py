"""One writer of the ledger benchmark: posts as fast as it can, one transaction a posting.

    python -m benchmarks.ledger_writers ours|hordak|bare NUMBER PLAYERS

Says `ready`, then for every line `SECONDS` it reads, the number of postings done in that time. All
three write through Django's connection, one committed transaction for each posting.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import urlsplit

STAKE = 200


def ours(number: int, players: int) -> Callable[[], None]:
    """`ledger.post`: a stake from a purse, with its entry, its rules and its line in the log."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django  # noqa: PLC0415 - Django is set up only now

    django.setup()
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from finance import ledger  # noqa: PLC0415 - Django is set up only now

    numbers = count()
    started = time.time_ns()

    def post() -> None:
        at = next(numbers)
        with transaction.atomic():
            ledger.post(
                reference=f"bench:{started}:{number}:{at}",
                kind="PURCHASE",
                moves=[
                    ledger.Move(
                        source=f"wallet:BENCH{(at * 7 + number) % players:05d}",
                        target="stakes:BENCH",
                        amount=STAKE,
                    )
                ],
            )

    return post


def hordak_settings() -> None:
    """The smallest Django that hordak runs in, in a schema of its own of the same database."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up only now

    url = urlsplit(os.environ["OWNER_DATABASE_URL"])
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "mptt",
            "djmoney",
            "hordak",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": url.path.lstrip("/"),
                "USER": url.username,
                "PASSWORD": url.password or "",
                "HOST": url.hostname,
                "PORT": url.port,
                "OPTIONS": {"options": "-c search_path=hordak"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DEFAULT_CURRENCY="CNY",
        HORDAK_INTERNAL_CURRENCY="CNY",
        CURRENCIES=["CNY"],
    )
    import django  # noqa: PLC0415 - Django is set up only now

    django.setup()


def hordak_accounts(players: int) -> None:
    """Hordak's tables, and as many wallets as ours, none of which may be looked up in the loop."""
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up only now
    from hordak.models import Account, AccountType  # noqa: PLC0415 - Django is set up only now

    call_command("migrate", verbosity=0)
    for name in ("stakes", *(f"wallet{number:05d}" for number in range(players))):
        Account.objects.create(name=name, code=None, type=AccountType.liability, currencies=["CNY"])


def hordak(number: int, players: int) -> Callable[[], None]:
    """`Account.transfer_to` from a wallet into the stakes: a transaction and two legs."""
    hordak_settings()
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now
    from hordak.models import Account  # noqa: PLC0415 - Django is set up only now
    from moneyed import Money  # noqa: PLC0415 - Django is set up only now

    stakes = Account.objects.get(name="stakes")
    wallets = list(Account.objects.filter(name__startswith="wallet").order_by("name"))
    amount = Money("2.00", "CNY")
    numbers = count()

    def post() -> None:
        at = next(numbers)
        with transaction.atomic():
            wallets[(at * 7 + number) % players].transfer_to(stakes, amount)

    return post


def bare(number: int, players: int) -> Callable[[], None]:
    """One INSERT into a table like that of the transfers, with its indexes, and nothing else."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django  # noqa: PLC0415 - Django is set up only now

    django.setup()
    from django.db import connections, transaction  # noqa: PLC0415 - Django is set up only now

    owner = connections["owner"]
    numbers = count()

    def post() -> None:
        at = next(numbers)
        with transaction.atomic(using="owner"), owner.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_transfer (entry_id, position, source_id, target_id, amount,"
                " source_balance, target_balance, is_shadow, posted_at)"
                " VALUES (%s, 1, %s, 1, %s, %s, NULL, false, clock_timestamp())",
                [at, 2 + (at * 7 + number) % players, STAKE, at],
            )

    return post


WAYS: dict[str, Callable[[int, int], Callable[[], None]]] = {
    "ours": ours,
    "hordak": hordak,
    "bare": bare,
}


def main(arguments: list[str]) -> None:
    """Answer each number of seconds with the number of postings done in them."""
    way, number, players = arguments[0], int(arguments[1]), int(arguments[2])
    if way == "hordak-accounts":
        hordak_settings()
        hordak_accounts(players)
        return
    post = WAYS[way](number, players)
    _say("ready")
    for line in sys.stdin:
        end, done = time.monotonic() + float(line), 0
        while time.monotonic() < end:
            post()
            done += 1
        _say(done)


def _say(what: Any) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
