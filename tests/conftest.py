"""Real PostgreSQL for every test: one migrated template, cloned per worker and after every commit.

Tests run as the application's role. Only what prepares them (cloning) is done as the owner.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from django.conf import LazySettings, settings
from django.core.cache import cache
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase
from psycopg import sql
from pytest_django import DjangoDbBlocker

from tests import kept, template
from tests import witness as witness_of_tests

Made = TypeVar("Made")

_kept_for_good: list[BaseDatabaseWrapper] = []
_made_ahead: list[subprocess.Popen[bytes] | None] = []
LONGEST = (  # minutes each, where they are done at all: these begin first
    "tests/journeys/test_accessibility.py",
    "tests/prizes/test_settlement_killed.py",
    "tests/portal/test_running.py",
)
LONG_WITHIN = 0.75  # of the run: at its end no process is left alone with a long one


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="whole sweeps where others take samples")
    parser.addoption("--deep", action="store_true", help="also the long runs (10^5 cases and more)")
    parser.addoption("--figures", action="store_true", help="keep measured times for the page")


def _is_full(config: pytest.Config) -> bool:
    return bool(config.getoption("--full") or config.getoption("--deep"))


def _is_left_out(item: pytest.Item, config: pytest.Config) -> bool:
    if item.get_closest_marker("long"):
        return not config.getoption("--deep")
    return bool(item.get_closest_marker("thorough")) and not _is_full(config)


def pytest_itemcollected(item: pytest.Item) -> None:
    """The tests of a file that begin with a state, or share a browser, are done in one process.

    Marked here: the processes look at groups before the hook below is called.
    """
    if item.get_closest_marker("xdist_group"):
        return
    if "begin" in getattr(item, "fixturenames", ()) or item.get_closest_marker("journey"):
        item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what takes samples, leave out what only whole sweeps do, and put the rest in order.

    What takes long mostly waits: it begins early, but with work for the others in between.
    """
    for item in items:
        if "full" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sampled)
    if left_out := [item for item in items if _is_left_out(item, config)]:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not _is_left_out(item, config)]
    long: dict[str, list[pytest.Item]] = {}
    short: list[pytest.Item] = []
    for item in items:
        if not item.get_closest_marker("journey") and not item.get_closest_marker("slow"):
            short.append(item)
            continue
        group = item.get_closest_marker("xdist_group")
        long.setdefault(group.args[0] if group else item.nodeid, []).append(item)
    if not long or not short:
        return
    between = int(len(short) * LONG_WITHIN) // len(long)
    items.clear()
    by_length = sorted(long, key=lambda name: not name.startswith(LONGEST))
    for place, together in enumerate(long[name] for name in by_length):
        items += [*together, *short[place * between : (place + 1) * between]]
    items += short[len(long) * between :]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Who only hands out the tests has time for the house they all begin with.

    Those that do them begin to read at different files: in a new checkout each is compiled by one.
    """
    if session.config.getoption("numprocesses", None):
        _made_ahead.append(template.ahead())
    told: dict[str, Any] = getattr(session.config, "workerinput", {})
    if told and [Path(one).name for one in session.config.args] == ["tests"]:
        files = sorted((template.ROOT / "tests").rglob("test_*.py"))
        first = len(files) * int(told["workerid"].removeprefix("gw")) // told["workercount"]
        for file in (files[first:] + files[:first])[: len(files) // told["workercount"]]:
            importlib.import_module(".".join(file.relative_to(template.ROOT).with_suffix("").parts))


def pytest_sessionfinish() -> None:
    for process in filter(None, _made_ahead):
        process.wait()


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it again and again is a
    tenth of the time of a run. The connections among it are remembered: nobody finds them later.
    """
    gc.collect()
    _kept_for_good.extend(_wrappers())
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether this run does whole sweeps; others take samples of them."""
    return _is_full(request.config)


@pytest.fixture
def deep(request: pytest.FixtureRequest) -> bool:
    """Whether this is a long run."""
    return bool(request.config.getoption("--deep"))


def _close_strays() -> None:
    """Close connections of this thread that another context opened, as a browser's event loop does.

    Django keeps connections per context: those are out of reach of `connections` here.
    """
    for found in [*_kept_for_good, *_wrappers()]:
        if _is_of_this_thread(found):
            found.close()


def _wrappers() -> list[BaseDatabaseWrapper]:
    return [found for found in gc.get_objects() if issubclass(type(found), BaseDatabaseWrapper)]


def _is_of_this_thread(wrapper: BaseDatabaseWrapper) -> bool:
    return getattr(wrapper, "_thread_ident", None) == threading.get_ident()


def _drop(server: psycopg.Connection, database: str) -> None:
    """Drop a test database; a connection of the application's role may take a moment to end."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
    for attempt in range(100):
        try:
            server.execute(statement)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
            _close_strays()
            if attempt % 20 == 19:
                _end_strays(database)
                _close_strays()
            server.execute("SELECT pg_sleep(0.05)")
        else:
            return
    server.execute(statement)


def _end_strays(database: str) -> None:
    """End what a thread of the last test still does; its role alone may do so."""
    app = settings.DATABASES["default"]
    with psycopg.connect(
        dbname=database,
        host=app["HOST"],
        port=app["PORT"],
        user=app["USER"],
        password=app["PASSWORD"],
        autocommit=True,
    ) as own:
        own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid()"
        )


def _clone(original: str, database: str) -> None:
    with template.as_owner() as server:
        _drop(server, database)
        # Files are copied in half the time, where no disk must be waited for.
        waits = server.execute("SELECT current_setting('fsync')::boolean").fetchone() == (True,)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
            sql.Identifier(database),
            sql.Identifier(original),
            sql.SQL("WAL_LOG" if waits else "FILE_COPY"),
        )
        try:
            server.execute(statement)
        except psycopg.errors.ObjectInUse:  # a server of tests still answers a browser that left
            _end_strays(original)
            _close_strays()
            server.execute(statement)
        # A clone does not take the rights on its database along.
        server.execute(
            sql.SQL("REVOKE TEMPORARY, CREATE ON DATABASE {} FROM PUBLIC").format(
                sql.Identifier(database)
            )
        )


class _House:
    """The database of this process, and whether a test has committed to it."""

    original = database = ""
    is_used = False

    @classmethod
    def anew(cls) -> None:
        """As the template is."""
        if settings.DATABASES["default"]["NAME"] != cls.database:
            template.use(cls.database)
        if cls.is_used:
            _clone(cls.original, cls.database)
        cls.is_used = False

    @classmethod
    def leave(cls) -> None:
        """A test that commits has ended; who comes next clones what he begins with."""
        for alias in ("default", "owner"):
            connections[alias].close()
        cls.is_used = True


def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> None:
    """An empty house for the next test; none before it has begun, if it begins with a state."""
    if fixturedef.argname != "_django_db_helper":
        return
    if "begin" in request.fixturenames:
        template.use(f"{_House.database}_has_not_begun")
    else:
        _House.anew()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Clone the template for this worker; drop the clone when all is done."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    original = template.name()
    database = f"test_{worker}_{os.getpid()}"
    witness_of_tests.running()  # genesis asks it for its key
    with django_db_blocker.unblock():
        template.make(original)
        _clone(original, database)
        template.use(database)
        _House.original, _House.database = original, database
        setattr(TransactionTestCase, "_fixture_teardown", lambda _case: _House.leave())  # noqa: B010 - Django's own
    yield
    with django_db_blocker.unblock():
        for alias in ("default", "owner"):
            connections[alias].close()
        with template.as_owner() as server:
            _drop(server, database)


@pytest.fixture(scope="session", autouse=True)
def _witness_of_this_process() -> Iterator[None]:
    witness_of_tests.running()
    yield
    witness_of_tests.end()


@pytest.fixture(autouse=True)
def witness() -> Iterator[witness_of_tests.RunningWitness]:
    """The real witness of this test, with an empty book."""
    here = witness_of_tests.running()
    yield here
    here.anew()


@pytest.fixture(scope="session")
def _states(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[kept.States]:
    def drop(database: str) -> None:
        with template.as_owner() as server:
            _drop(server, database)

    states = kept.States(_clone, drop)
    yield states
    with django_db_blocker.unblock():
        states.forget()


@pytest.fixture
def begin(
    _states: kept.States,
    transactional_db: None,
    settings: LazySettings,
    tmp_path: Path,
    witness: witness_of_tests.RunningWitness,
) -> Iterator[Callable[[Callable[[], Made]], Made]]:
    """Begin with the state that a function makes: made by the first who asks, a copy for others."""
    settings.STATE_DIR = tmp_path / "state"
    settings.STATE_DIR.mkdir()

    def with_(make: Callable[[], Made]) -> Made:
        template.use(_House.database)
        if _states.knows(make):
            return _states.put_back(make, witness=witness)
        _House.anew()
        return _states.keep(make, witness=witness)

    yield with_
    template.use(_House.database)


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    cache.clear()
