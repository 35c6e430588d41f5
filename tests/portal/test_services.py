"""The embedded servers: who starts them ends them; their roles can do what they must, no more."""

# ruff: noqa: S603 - programs are the subject here

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from lottery_portal.embedded import environment, places, postgres
from lottery_portal.embedded.places import read_json
from lottery_portal.embedded.processes import Identity
from tests.portal.launcher import CHECKOUT, Launcher, living

# A command that uses the servers until its input ends, as `manage` and `test` do.
HOLDER = """
import sys
sys.path.insert(0, {checkout!r})
from lottery_portal.embedded.house import House
from lottery_portal.embedded.terminal import Terminal
house = House(terminal=Terminal(sys.stderr), of_tests={of_tests})
with house.serving(), house.services.scratch() as scratch:
    print("up", flush=True)
    sys.stdin.read()
print("left", flush=True)
"""
pytestmark = pytest.mark.slow
thorough = pytest.mark.thorough  # each starts servers of its own


@contextmanager
def holder(portal: Launcher, *, of_tests: bool = False) -> Iterator[subprocess.Popen[str]]:
    program = HOLDER.format(checkout=str(CHECKOUT), of_tests=of_tests)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=portal.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def leave(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def addresses(portal: Launcher, *, of_tests: bool = False) -> dict[str, str]:
    place = places.find(portal.env)
    place = place.of_tests() if of_tests else place
    return environment.for_children(
        places=place,
        secrets_of=environment.Secrets(place.secrets),
        environ={},
        ports=read_json(place.services)["ports"],
    )


def servers(portal: Launcher) -> dict[str, int]:
    kept = read_json(portal.state / "services.json")["processes"]
    return {name: record["pid"] for name, record in kept.items()}


AN_INTERVAL = {
    "draw": "ssq-2026001",
    "number": 1,
    "log_size": 5,
    "tickets": 1,
    "stake_fen": 200,
    "returned_fen": 0,
    "leaves": base64.b64encode(b"l" * 32).decode(),
    "cancelled": "",
    "closing": False,
}


def asked(portal: Launcher, path: str, content: dict[str, object] | None = None) -> dict[str, str]:
    where = urlsplit(addresses(portal)["WITNESS_URL"])
    line = HTTPConnection("127.0.0.1", where.port, timeout=5)
    line.request("POST" if content else "GET", path, json.dumps(content) if content else None)
    said: dict[str, str] = json.loads(line.getresponse().read())
    line.close()
    return said


def answers(portal: Launcher) -> bool:
    with psycopg.connect(addresses(portal)["DATABASE_URL"]) as app:
        return app.execute("SELECT 1").fetchone() == (1,)


@thorough
def test_a_command_that_did_not_start_the_servers_leaves_them(portal):
    with holder(portal) as first:
        before = servers(portal)
        with holder(portal) as second:
            leave(second)

        assert servers(portal) == before
        assert answers(portal)
        leave(first)
    assert living(portal.state) == []


@thorough
def test_servers_still_in_use_are_left_to_the_last(portal):
    with holder(portal) as first, holder(portal) as second:
        leave(first)

        assert answers(portal)
        leave(second)
    assert living(portal.state) == []


@thorough
def test_servers_of_a_killed_launcher_are_used_and_left(portal):
    with holder(portal) as first:
        first.kill()
        first.wait()

    with holder(portal) as second:
        before = servers(portal)
        leave(second)

    assert servers(portal) == before
    assert answers(portal)
    assert portal("stop").returncode == 0
    assert living(portal.state) == []


@thorough
def test_stop_ends_servers_whose_launcher_was_killed(portal):
    with holder(portal) as first:
        first.kill()
        first.wait()
        assert len(living(portal.state)) >= 2

        assert portal("stop").returncode == 0

    assert living(portal.state) == []
    assert portal("stop").stdout == "Nothing runs.\n"


@thorough
def test_stop_leaves_servers_that_another_command_uses(portal):
    with holder(portal) as first:
        refused = portal("stop")

        assert refused.returncode == 1
        assert "still used by another portal command" in refused.stderr
        leave(first)
    assert living(portal.state) == []


@thorough
def test_rows_survive_a_killed_database_and_servers_come_back(portal):
    with holder(portal) as first:
        with psycopg.connect(addresses(portal)["OWNER_DATABASE_URL"]) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 7 AS figure")
        os.kill(servers(portal)["postgres"], signal.SIGKILL)
        first.kill()
        first.wait()

    with holder(portal) as second:
        with psycopg.connect(addresses(portal)["OWNER_DATABASE_URL"]) as owner:
            assert owner.execute("SELECT figure FROM kept").fetchone() == (7,)
        leave(second)


@thorough
def test_a_killed_witness_comes_back_with_its_key_and_its_memory(portal):
    """N13: what it signed before it was killed, it knows afterwards."""
    with holder(portal) as first:
        before = asked(portal, "/key")
        told = asked(portal, "/interval", AN_INTERVAL)
        assert "difference" not in told
        os.kill(servers(portal)["witness"], signal.SIGKILL)
        first.kill()
        first.wait()

    with holder(portal) as second:
        assert asked(portal, "/key") == before
        assert asked(portal, "/interval", AN_INTERVAL) == told
        assert "missing" in asked(portal, "/interval", AN_INTERVAL | {"number": 3})["difference"]
        leave(second)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend processes to other accounts")
@thorough
def test_the_witness_runs_as_an_account_that_is_neither_roots_nor_the_databases(portal):
    """F060: who may write the database may not write what the witness keeps."""
    with holder(portal) as first:
        running = servers(portal)
        accounts = {name: Path(f"/proc/{running[name]}").stat().st_uid for name in running}
        assert accounts["witness"] not in (0, accounts["postgres"])
        kept = Path("/var/tmp") / f"lottery-portal-{places.find(portal.env).digest}-witness"  # noqa: S108
        assert kept.stat().st_uid == accounts["witness"]
        assert kept.stat().st_mode & 0o077 == 0
        assert (kept / "key").stat().st_mode & 0o077 == 0
        leave(first)


def test_the_servers_are_set_up_as_promised_and_end_with_the_command_that_started_them(portal):
    """PostgreSQL 18 and Valkey, two roles without a right too many, no secret in a log."""
    with holder(portal) as first:
        assert sorted(servers(portal)) == ["postgres", "valkey", "witness"]
        env = addresses(portal)
        with psycopg.connect(env["OWNER_DATABASE_URL"], autocommit=True) as owner:
            assert owner.info.server_version // 10000 == 18
            flags = "rolsuper, rolcreaterole, rolbypassrls, rolcreatedb"
            may = f"SELECT {flags} FROM pg_roles WHERE rolname = %s"  # noqa: S608 - our own names
            assert owner.execute(may, ["lottery_owner"]).fetchone() == (False, False, False, True)
            assert owner.execute(may, ["lottery_app"]).fetchone() == (False, False, False, False)
            for name, value in (
                ("log_parameter_max_length", "0"),
                ("log_parameter_max_length_on_error", "0"),
                ("synchronous_commit", "on"),
                ("fsync", "on"),
                ("full_page_writes", "on"),
                ("server_encoding", "UTF8"),
                ("data_checksums", "on"),
                ("listen_addresses", "127.0.0.1"),
            ):
                assert owner.execute(f"SHOW {name}").fetchone() == (value,), name
            owner.execute("CREATE DATABASE cloned_by_tests")
            owner.execute("CREATE TABLE house (figure int)")

        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as app:
            for forbidden in (
                "CREATE TABLE mine (x int)",
                "CREATE TEMP TABLE mine (x int)",
                "CREATE DATABASE mine",
                "CREATE SCHEMA mine",
                "SELECT * FROM house",
                "SET ROLE lottery_owner",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(forbidden)

        wrong = env["DATABASE_URL"].replace("lottery_app:", "lottery_app:wrong")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wrong, connect_timeout=5)

        valkey = redis.Redis.from_url(env["REDIS_URL"])
        assert valkey.config_get("appendonly") == {"appendonly": "yes"}
        assert valkey.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        valkey.close()
        stranger = redis.Redis(port=int(env["REDIS_URL"].rsplit(":", 1)[1].split("/")[0]))
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        stranger.close()
        leave(first)

    assert living(portal.state) == []
    logs = "".join(path.read_text() for path in (portal.state / "logs").glob("*.log"))
    for line in (portal.state / "secrets.env").read_text().splitlines():
        assert line.partition("=")[2] not in logs


@thorough
def test_reset_asks_first_and_then_leaves_nothing(portal):
    with holder(portal) as first:
        leave(first)
    data = places.find(portal.env)

    assert "say --yes" in portal("reset").stderr
    assert portal.state.exists()

    assert portal("reset", "--yes").returncode == 0
    assert not portal.state.exists()
    assert not (Path("/var/tmp") / f"lottery-portal-{data.digest}").exists()  # noqa: S108 - made by the launcher


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps data outside the state directory")
@thorough
def test_data_that_outlived_their_secrets_are_moved_aside(portal):
    with holder(portal) as first:
        first.kill()
        first.wait()
        orphans = [Identity.of(pid) for pid in servers(portal).values()]
        shutil.rmtree(portal.state)

    with holder(portal) as second:
        assert answers(portal)
        assert not any(who and who.is_alive() for who in orphans)
        leave(second)

    data = Path("/var/tmp") / f"lottery-portal-{places.find(portal.env).digest}"  # noqa: S108 - made by the launcher
    assert [path.name.split("-")[0] for path in data.glob("*-[0-9]*")] == ["before"]


@pytest.mark.thorough
def test_tests_have_servers_of_their_own(portal):
    """What tests do never meets the rows of the portal; `stop` and `reset` know both."""
    with holder(portal) as first, holder(portal, of_tests=True) as second:
        ours = addresses(portal)["OWNER_DATABASE_URL"]
        theirs = addresses(portal, of_tests=True)["OWNER_DATABASE_URL"]
        assert urlsplit(ours).port != urlsplit(theirs).port
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(ours.replace(f":{urlsplit(ours).port}/", f":{urlsplit(theirs).port}/"))
        leave(first)
        with psycopg.connect(theirs) as owner:
            assert owner.execute("SHOW synchronous_commit").fetchone() == ("on",)
        second.kill()
        second.wait()
        assert len(living(portal.state / "tests")) >= 2

        assert portal("stop").returncode == 0

    assert living(portal.state / "tests") == []


MEMORY = Path("/dev/shm")  # noqa: S108 - where the launcher keeps what tests need
HAS_ROOM = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= 5 << 30


@pytest.mark.skipif(not HAS_ROOM, reason="without 5 GB of memory the tests' data are on the disk")
@thorough
def test_data_of_tests_are_in_memory_until_they_are_reset(portal):
    """They come back with the next run, also of a killed server, and no disk is waited for."""
    kept = MEMORY / f"lottery-portal-{places.find(portal.env).of_tests().digest}"
    with holder(portal, of_tests=True) as first:
        with psycopg.connect(addresses(portal, of_tests=True)["OWNER_DATABASE_URL"]) as owner:
            assert owner.execute("SHOW fsync").fetchone() == ("off",)
            owner.execute("CREATE TABLE kept AS SELECT 7 AS figure")
        assert [path.is_dir() for path in kept.glob("scratch-*")] == [True]
        servers_now = read_json(portal.state / "tests" / "services.json")["processes"]
        os.kill(servers_now["postgres"]["pid"], signal.SIGKILL)
        first.kill()
        first.wait()

    with holder(portal, of_tests=True) as second:
        with psycopg.connect(addresses(portal, of_tests=True)["OWNER_DATABASE_URL"]) as owner:
            assert owner.execute("SELECT figure FROM kept").fetchone() == (7,)
        leave(second)

    assert list(kept.glob("scratch-*")) == []
    assert kept.stat().st_mode & 0o077 == 0
    assert portal("reset", "--yes").returncode == 0
    assert not kept.exists()


@pytest.mark.parametrize(
    ("memory_mib", "buffers_mib"),
    [(0, 256), (1024, 256), (4096, 512), (24 * 1024, 2048), (512 * 1024, 2048)],
)
def test_the_cache_of_the_database_is_a_share_of_the_memory(memory_mib, buffers_mib):
    assert postgres.buffers(memory_mib << 20) == buffers_mib << 20
    assert postgres.memory() > 1 << 30
