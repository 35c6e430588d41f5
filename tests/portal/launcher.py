"""The launcher as a person meets it: a program, started with a state directory of its own."""

# ruff: noqa: S603 - programs are the subject here

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lottery_portal.embedded import places
from lottery_portal.embedded.processes import MARK, Identity

CHECKOUT = Path(__file__).resolve().parents[2]


class Launcher:
    """`./portal`, apart from the portal that runs these tests."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PORTAL_STATE": str(state),
            "PORTAL_VENV": sys.prefix,
        }
        self.started: list[subprocess.Popen[str]] = []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(CHECKOUT / "portal"), *arguments]

    def __call__(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running; its output goes to `output`."""
        with self.output.open("a", encoding="utf-8") as output:
            process = subprocess.Popen(
                self.command(*arguments),
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    @property
    def output(self) -> Path:
        return self.state.with_suffix(".out")

    def wait_for(self, text: str, process: subprocess.Popen[str], *, seconds: float = 300) -> None:
        """Wait until the command said `text`."""
        until_true(lambda: text in self.output.read_text() or process.poll() is not None, seconds)
        assert text in self.output.read_text(), self.output.read_text()


def until_true(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)  # noqa: TID251 - other processes are the subject here


def living(state: Path) -> list[str]:
    """The command lines of all processes that belong to this state directory."""
    servers = places.read_json(state / "services.json").get("processes", {})
    kept = [who for record in servers.values() if (who := Identity.of_record(record))]
    found = [str(who) for who in kept if who.is_alive()]
    for folder in Path("/proc").iterdir():
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        marks = [entry for entry in environ if entry.startswith(f"{MARK}=".encode())]
        if str(state) in words or any(mark.endswith(f"|{state}".encode()) for mark in marks):
            found.append(words)
    return found
