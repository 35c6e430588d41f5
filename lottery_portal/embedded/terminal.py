"""What the launcher says, and how it is told to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TextIO

COLOURS = {
    "web": 32,
    "worker": 34,
    "beat": 35,
    "dispatcher": 36,
    "sequencer": 92,
    "witness": 95,
    "portal": 33,
}
LIVE_EVERY = 0.15
REPORT_EVERY = 5.0


class Halt(Exception):
    """A command cannot go on; its text is a sentence for the person at the terminal."""


class Ended(Exception):
    """The person, or the system, asked the launcher to end."""


class Terminal:
    """One place to write to, shared by threads; a terminal that went away is no error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._live_width = 0
        self._live_at = 0.0
        self.is_live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._has_colour = self.is_live and "NO_COLOR" not in os.environ

    def say(self, text: str = "") -> None:
        """Write `text` as whole lines, below any line that is still moving."""
        with self._lock:
            if not self.is_live:
                self._live_at = time.monotonic()
            self._put(self._wiped() + text + "\n")

    def log(self, name: str, text: str) -> None:
        """Write one line of a process, its name in front."""
        prefix = f"{name:<10} | "
        if self._has_colour:
            prefix = f"\033[{COLOURS.get(name, 37)}m{prefix}\033[0m"
        self.say(prefix + text)

    def live(self, text: str) -> None:
        """Show that work goes on: a moving line, or where none can move, one every 5 s."""
        now = time.monotonic()
        with self._lock:
            if now - self._live_at < (LIVE_EVERY if self.is_live else REPORT_EVERY):
                return
            self._live_at = now
            if not self.is_live:
                self._put(text + "\n")
                return
            text = text[: _columns() - 1]
            self._put(self._wiped() + text)
            self._live_width = len(text)

    def _wiped(self) -> str:
        width, self._live_width = self._live_width, 0
        return f"\r{' ' * width}\r" if width else ""

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the terminal was closed; ending in order matters more than saying so


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class Ending:
    """Remembers that an end was asked for. Waits ask it, so nothing is torn off halfway."""

    def __init__(self) -> None:
        self.asked = False
        self.times = 0
        self.by = ""

    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and SIGHUP from now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._take)

    def check(self) -> None:
        """Raise `Ended` if an end was asked for."""
        if self.asked:
            raise Ended

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until an end is asked for."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
        self.check()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self.times += 1
        self.by = signal.Signals(number).name
