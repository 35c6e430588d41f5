"""A PostgreSQL of a test's own: one that may be killed without anybody else noticing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from lottery_portal.embedded import environment, places, postgres
from lottery_portal.embedded.processes import Identity
from lottery_portal.embedded.terminal import Ending, Terminal
from lottery_portal.settings import database

ALIASES = {"default": "DATABASE_URL", "owner": "OWNER_DATABASE_URL"}


class _Home(postgres.Home):
    """Keeps hold of the servers it starts, to bury them."""

    def __init__(self, place: places.Places) -> None:
        super().__init__(place)
        self.started: list[subprocess.Popen[bytes]] = []

    def popen(self, command: list[str | Path], **options: Any) -> subprocess.Popen[bytes]:
        self.started.append(super().popen(command, **options))
        return self.started[-1]


class OwnServer:
    """The launcher's own server, in a directory of the test, with a migrated database."""

    def __init__(self, state: Path) -> None:
        terminal = Terminal(StringIO())
        place = places.Places(checkout=places.CHECKOUT, state=state, venv=Path(sys.prefix))
        place.make()
        secrets = environment.Secrets(place.secrets)
        self._home = _Home(place)
        self._home.make(key=secrets["POSTGRES_PASSWORD"], terminal=terminal)
        self._server = postgres.Postgres(
            places=place,
            home=self._home,
            secrets_of=secrets,
            environ={},
            terminal=terminal,
            ending=Ending(),
        )
        self.port = postgres.a_free_port()
        self.process = self._server.start(self.port, before=None)
        self._server.settle(self.port)
        ports = {"postgres": self.port, "valkey": 1, "witness": 1}
        self.addresses = environment.for_children(
            places=place, secrets_of=secrets, environ={}, ports=ports
        )

    def kill(self) -> None:
        """SIGKILL for the server and for every process of it, as if the power had failed."""
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)  # so that it starts nothing meanwhile
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for one in (*map(int, children), pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        for process in self._home.started:
            process.wait()
        self._home.started.clear()

    def start_again(self) -> None:
        """Start it; it recovers from its log of writes."""
        self.process = self._server.start(self.port, before=self.process)

    def remove(self) -> None:
        """End it and delete what it kept."""
        if Identity.of(self.process.pid) == self.process:
            self.kill()
        self._home.remove()


@contextmanager
def own_server(state: Path) -> Iterator[OwnServer]:
    """Everything in here uses a server of its own, migrated and with its genesis."""
    before = {alias: dict(settings.DATABASES[alias]) for alias in ALIASES}
    server = OwnServer(state)
    try:
        for alias, name in ALIASES.items():
            _use(alias, database(server.addresses[name]))
        call_command("migrate", verbosity=0)
        call_command("genesis", verbosity=0)
        yield server
    finally:
        for alias, kept in before.items():
            _use(alias, kept)
        server.remove()


def _use(alias: str, parameters: dict[str, object]) -> None:
    connections[alias].close()
    for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD"):
        settings.DATABASES[alias][name] = parameters[name]
        connections[alias].settings_dict[name] = parameters[name]
