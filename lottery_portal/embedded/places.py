"""Where the launcher keeps things."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .terminal import Ending, Halt, Terminal

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LINES = 6


@dataclass(frozen=True)
class Places:
    """The checkout, its virtual environment and the directory of everything that is written."""

    checkout: Path
    state: Path
    venv: Path
    is_passing: bool = False  # what the servers keep may be lost with the machine's memory

    def of_tests(self) -> Places:
        """The places of the servers that only tests use, inside these."""
        return replace(self, state=self.state / "tests", is_passing=True)

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def files(self) -> Path:
        return self.state / "files"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.env"

    @property
    def processes(self) -> Path:
        return self.state / "processes.json"

    @property
    def services(self) -> Path:
        return self.state / "services.json"

    @property
    def prepared(self) -> Path:
        return self.state / "prepared.json"

    @property
    def digest(self) -> str:
        """Names this state directory where its path cannot stand."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

    def make(self) -> None:
        """Make the state directory, closed to other accounts."""
        try:
            for folder in (self.state, self.logs, self.files):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.state.chmod(0o700)
        except PermissionError as exc:
            raise Halt(
                f"{self.state} belongs to another account. Run as that account, or set "
                "PORTAL_STATE to a directory of your own."
            ) from exc


def find(environ: Mapping[str, str]) -> Places:
    """The places of this checkout; PORTAL_STATE and PORTAL_VENV put two of them elsewhere."""
    return Places(
        checkout=CHECKOUT,
        state=Path(environ.get("PORTAL_STATE") or CHECKOUT / ".portal").absolute(),
        venv=Path(environ.get("PORTAL_VENV") or CHECKOUT / ".venv").absolute(),
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`, or an empty one if there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace `path` in one step, readable by this account only."""
    write_private(path, json.dumps(content, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step, readable by this account only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def end_of(log: Path) -> str:
    """The last lines of a log, as many as fit below a sentence at the terminal."""
    with contextlib.suppress(FileNotFoundError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:])
    return ""


class FileLock:
    """A lock that ends with the process that holds it, however that ends."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, *, shared: bool = False) -> bool:
        """True if the lock is ours now; False if another holds it."""
        try:
            fcntl.flock(self._handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def give_back(self) -> None:
        """Let others have it."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give it back and forget it."""
        os.close(self._handle)


@contextlib.contextmanager
def alone(path: Path, *, terminal: Terminal, ending: Ending, waiting: str) -> Iterator[None]:
    """Hold the lock `path`; while another holds it, say `waiting`."""
    lock = FileLock(path)
    try:
        while not lock.take():
            terminal.live(waiting)
            ending.pause(0.1)
        yield
    finally:
        lock.close()
