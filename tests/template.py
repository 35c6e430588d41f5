"""The migrated database that every test begins with a clone of, made once for each shape of it.

Where several processes share the tests, `ahead` has it made while they collect them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent


def name() -> str:
    """One template per state of everything that shapes an empty database."""
    shape = hashlib.sha256()
    for pattern in (
        "*/migrations/*.py",
        "lottery_portal/*/migrations/*.py",
        "*/genesis*.py",
        "lottery_portal/**/genesis*.py",
        "games/rules/*.py",
    ):
        for path in sorted(ROOT.glob(pattern)):
            shape.update(path.read_bytes())
    for name in (
        "lottery_portal/grants.toml",
        "lottery_portal/lib/grants.py",
        "lottery_portal/settings.py",
    ):
        shape.update((ROOT / name).read_bytes())
    shape.update(os.environ["OWNER_DATABASE_URL"].encode())
    return f"test_template_{shape.hexdigest()[:12]}"


def as_owner() -> psycopg.Connection:
    """The server, as who makes and drops databases."""
    owner = settings.DATABASES["owner"]
    return psycopg.connect(
        dbname="postgres",
        host=owner["HOST"],
        port=owner["PORT"],
        user=owner["USER"],
        password=owner["PASSWORD"],
        autocommit=True,
    )


@contextlib.contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def use(database: str) -> None:
    """What Django asks from here on goes to this database."""
    for alias in ("default", "owner"):
        connections[alias].close()
        settings.DATABASES[alias]["NAME"] = database
        connections[alias].settings_dict["NAME"] = database


def make(name: str) -> None:
    """Make it, unless it is there; who comes meanwhile waits."""
    with _one_at_a_time(name), as_owner() as server:
        if _is_known(server, name):
            return
        raw = f"{name}_raw"
        server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(raw))
        )
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(raw)))
        use(raw)
        call_command("migrate", verbosity=0)
        call_command("genesis", verbosity=0)
        for alias in ("default", "owner"):
            connections[alias].close()
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(raw), sql.Identifier(name)
            )
        )


def _is_known(server: psycopg.Connection, name: str) -> bool:
    found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    return found is not None


def ahead() -> subprocess.Popen[bytes] | None:
    """Have another process make it; should that fail, the first test makes it, and says why not."""
    with contextlib.suppress(psycopg.OperationalError), as_owner() as server:
        if not _is_known(server, name()):
            return subprocess.Popen(
                [sys.executable, "-m", "tests.template"],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    return None


def main() -> None:
    """Make it in this process, before others go on: all of them wait for it."""
    with contextlib.suppress(PermissionError):
        os.nice(-10)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests import witness  # noqa: PLC0415 - reads the settings

    witness.running()  # genesis asks it for its key
    try:
        make(name())
    finally:
        witness.end()


if __name__ == "__main__":
    main()
