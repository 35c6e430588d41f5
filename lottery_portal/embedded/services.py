"""The servers and the witness, shared by every portal command of a checkout.

The command that started them ends them. If another command still uses them by then, they are left
to whoever leaves last.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from .environment import Secrets, brings_database, brings_redis, brings_witness, is_embedded
from .places import FileLock, Places, alone, read_json, write_json
from .postgres import Home, Postgres, a_free_port, is_free
from .processes import Identity, end, me
from .terminal import Ending, Halt, Terminal
from .valkey import Valkey
from .witness import Witness

LAST = "whoever leaves last"
PATIENCE = 30.0


class Services:
    """PostgreSQL, Valkey and the witness of a state directory, unless the caller brings his own."""

    def __init__(
        self,
        *,
        places: Places,
        secrets_of: Secrets,
        environ: Mapping[str, str],
        terminal: Terminal,
        ending: Ending,
    ) -> None:
        self._places = places
        self._secrets = secrets_of
        self._environ = environ
        self._terminal = terminal
        self._ending = ending
        home = Home(places)
        self._home = home
        self._postgres = Postgres(
            places=places,
            home=home,
            secrets_of=secrets_of,
            environ=environ,
            terminal=terminal,
            ending=ending,
        )
        self._valkey = Valkey(places=places, home=home, secrets_of=secrets_of, terminal=terminal)
        self._witness = Witness(places=places, home=home, terminal=terminal)
        self.wanted: list[str] = []
        if not brings_database(environ):
            self.wanted.append("postgres")
        if not brings_redis(environ):
            self.wanted.append("valkey")
        if not brings_witness(environ):
            self.wanted.append("witness")
        self._in_use: FileLock | None = None

    def ports(self) -> dict[str, int]:
        """Where the servers listen."""
        return dict(read_json(self._places.services).get("ports", {}))

    def start(self, *, adopt: bool) -> None:
        """Have the wanted servers running. `adopt` those whose own launcher is dead."""
        if not self.wanted:
            return
        self._in_use = self._in_use or FileLock(self._places.state / "in-use.lock")
        with self._one_at_a_time():
            while not self._in_use.take(shared=True):
                self._ending.pause(0.05)  # the moment in which somebody asks whether he is the last
            record = read_json(self._places.services)
            running = self._running(record)
            missing = [name for name in self.wanted if name not in running]
            if missing:
                self._home.make(key=self._secrets["POSTGRES_PASSWORD"], terminal=self._terminal)
                self._start(missing, record)
            starter = record.get("starter")
            orphaned = starter != LAST and not _lives(starter)
            if (missing and not running) or (orphaned and (adopt or missing)):
                record["starter"] = me().as_record()
                write_json(self._places.services, record)
            if "postgres" in missing:
                self._postgres.settle(record["ports"]["postgres"])

    def _start(self, missing: list[str], record: dict[str, Any]) -> None:
        ports = record.setdefault("ports", {})
        processes = record.setdefault("processes", {})
        for name in missing:
            port = ports.get(name)
            if not isinstance(port, int) or not is_free(port):
                port = ports[name] = a_free_port()
            before = Identity.of_record(processes.get(name))
            if name == "postgres":
                who = self._postgres.start(port, before=before)
            elif name == "valkey":
                who = self._valkey.start(port)
            else:
                who = self._witness.start(
                    port, key=self._secrets["POSTGRES_PASSWORD"], log_key=self._log_key()
                )
            processes[name] = who.as_record()
            record.setdefault("starter", me().as_record())
            write_json(self._places.services, record)

    def _log_key(self) -> str:
        """The seed the log signs with, as the portal's processes are told it."""
        if is_embedded(self._environ):
            return self._secrets["LOG_KEY"]
        return self._environ.get("LOG_KEY", "")

    def missing(self) -> list[str]:
        """The wanted servers that do not run (any more)."""
        running = self._running(read_json(self._places.services))
        return [name for name in self.wanted if name not in running]

    def _running(self, record: Mapping[str, Any]) -> dict[str, Identity]:
        found = {}
        for name, kept in record.get("processes", {}).items():
            who = Identity.of_record(kept)
            if who is not None and who.is_alive():
                found[name] = who
        return found

    def _one_at_a_time(self) -> AbstractContextManager[None]:
        return alone(
            self._places.state / "services.lock",
            terminal=self._terminal,
            ending=Ending(),  # giving back must not be cut short by a second Ctrl-C
            waiting="Another portal command is starting or ending the servers; waiting …",
        )

    def release(self) -> None:
        """Stop using the servers; end them if that is up to us and nobody else uses them."""
        if self._in_use is None:
            return
        with self._one_at_a_time():
            record = read_json(self._places.services)
            self._in_use.give_back()
            ours = record.get("starter") in (me().as_record(), LAST)
            if ours and self._in_use.take():
                self._end(record)
            elif ours:
                record["starter"] = LAST
                write_json(self._places.services, record)
                self._terminal.say(
                    "The database stays up for another portal command, which ends it when done."
                )
            self._in_use.close()
            self._in_use = None

    def end_left_over(self) -> list[str]:
        """End servers that no living command uses; the names of those ended."""
        record = read_json(self._places.services)
        running = list(self._running(record))
        if not running:
            return []
        lock = FileLock(self._places.state / "in-use.lock")
        try:
            with self._one_at_a_time():
                if not lock.take():
                    record["starter"] = LAST
                    write_json(self._places.services, record)
                    raise Halt(
                        "The database is still used by another portal command (`test`, `manage` or "
                        "`bench`), which ends it when done."
                    )
                self._end(record)
        finally:
            lock.close()
        return running

    def _end(self, record: dict[str, Any]) -> None:
        running = self._running(record)
        for name in ("witness", "valkey"):
            if name in running:
                end(running[name], patience=PATIENCE)
                _reap(running[name])
        if "postgres" in running:  # SIGINT is PostgreSQL's fast shutdown
            end(running["postgres"], number=signal.SIGINT, patience=PATIENCE)
            _reap(running["postgres"])
        record.pop("starter", None)
        write_json(self._places.services, record)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path | None]:
        """A directory of this process beside data that are kept in memory; None without those."""
        if not self._home.in_memory or not self._home.data.is_dir():
            yield None
            return
        for left in self._home.data.glob("scratch-*"):
            if Identity.of(int(left.name.partition("-")[2])) is None:  # its process was killed
                shutil.rmtree(left, ignore_errors=True)
        folder = self._home.data / f"scratch-{os.getpid()}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def remove_data(self) -> None:
        """Delete what the servers and the witness kept."""
        self._home.remove()
        self._witness.remove()


def _reap(who: Identity) -> None:
    """Leave no remains of a server that this very process started."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(who.pid, os.WNOHANG)


def _lives(record: object) -> bool:
    who = Identity.of_record(record)
    return who is not None and who.is_alive()
