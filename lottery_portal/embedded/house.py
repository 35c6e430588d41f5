"""What every command needs: places, secrets, terminal, packages, and the servers while it lasts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from . import environment, places
from .prepare import Preparation
from .services import Services
from .terminal import Ending, Terminal
from .virtualenv import Installer


class House:
    """One command's view of the checkout it was started in."""

    def __init__(self, *, terminal: Terminal, of_tests: bool = False) -> None:
        self.environ = dict(os.environ)
        self.terminal = terminal
        self.ending = Ending()
        environment.demand(self.environ)
        self.places = places.find(self.environ)
        self.places.make()
        if of_tests:
            self.places = self.places.of_tests()
            self.places.make()
        self.secrets = environment.Secrets(self.places.secrets)
        self.services = Services(
            places=self.places,
            secrets_of=self.secrets,
            environ=self.environ,
            terminal=terminal,
            ending=self.ending,
        )

    def install(self, lock_name: str) -> None:
        """Have the packages of a lock file."""
        Installer(
            places=self.places, environ=self.environ, terminal=self.terminal, ending=self.ending
        ).ensure(lock_name)

    def env(self, *, host: str = "127.0.0.1", port: int = 8000) -> dict[str, str]:
        """The environment of the portal's processes; the servers must have been started."""
        return environment.for_children(
            places=self.places,
            secrets_of=self.secrets,
            environ=self.environ,
            ports=self.services.ports(),
            host=host,
            port=port,
        )

    def prepare(self, env: dict[str, str], *, only_if_bare: bool = False) -> None:
        """Have schema, first rows, languages and static files."""
        preparation = Preparation(
            places=self.places,
            env=env,
            environ=self.environ,
            terminal=self.terminal,
            ending=self.ending,
        )
        if not only_if_bare or preparation.is_bare():
            preparation.ensure()

    @contextmanager
    def serving(self, *, adopt: bool = False) -> Iterator[None]:
        """Servers up; afterwards down again, unless others need them or had them before."""
        self.ending.listen()
        try:
            self.services.start(adopt=adopt)
            yield
        finally:
            self.services.release()

    def call(self, command: list[str], env: dict[str, str]) -> int:
        """Run `command` in front, on this terminal, and pass on signals it does not get itself."""
        with subprocess.Popen(command, env=env, cwd=self.places.checkout) as process:
            told = 0
            while True:
                try:
                    code = process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    if self.ending.times > told:
                        told = self.ending.times
                        if self.ending.by != "SIGINT":  # Ctrl-C reaches the whole foreground itself
                            process.terminate()
                else:
                    return code if code >= 0 else 128 - code
