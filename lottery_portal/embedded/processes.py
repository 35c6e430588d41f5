"""Processes by identity: a number and the moment it began, so that a recycled number is nobody."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
HAS_PROC = sys.platform.startswith("linux")
MARK = "PORTAL_STARTED_FOR"


@dataclass(frozen=True)
class Identity:
    """One process and no other, over restarts of the machine too."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The living process `pid`; None if there is none, or only its remains."""
        started = _started_on_linux(pid) if HAS_PROC else _started_by_ps(pid)
        return cls(pid, started) if started else None

    @classmethod
    def of_record(cls, record: object) -> Identity | None:
        """What `as_record` wrote, if it still makes sense."""
        if not isinstance(record, dict):
            return None
        pid, started = record.get("pid"), record.get("started")
        if not isinstance(pid, int) or not isinstance(started, str) or pid <= 1:
            return None
        return cls(pid, started)

    def as_record(self) -> dict[str, int | str]:
        return {"pid": self.pid, "started": self.started}

    def is_alive(self) -> bool:
        """True while this very process lives."""
        return Identity.of(self.pid) == self


def me() -> Identity:
    """This process."""
    found = Identity.of(os.getpid())
    if found is None:
        raise RuntimeError("This process cannot find itself.")
    return found


def _started_on_linux(pid: int) -> str | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    if fields[0] in {"Z", "X"}:
        return None
    return f"{boot}:{fields[19]}"


def _started_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout.strip()
    state, _, started = answer.partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def mark_of(state: Path) -> str:
    """What a child carries in its environment: who started it, and for which state directory."""
    launcher = me()
    return f"{launcher.pid}|{launcher.started}|{state}"


def marked(state: Path) -> Iterator[tuple[Identity, Identity]]:
    """Living processes started for `state`, each with the launcher that started it (Linux)."""
    if not HAS_PROC:
        return
    for folder in PROC.iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone meanwhile, or another account's
        for entry in environ:
            if not entry.startswith(f"{MARK}=".encode()):
                continue
            pid, started, where = entry.partition(b"=")[2].decode(errors="replace").split("|", 2)
            found = Identity.of(int(folder.name))
            if where == str(state) and found:
                yield found, Identity(int(pid), started)


def working_in(folder: Path) -> Iterator[Identity]:
    """Living processes whose working directory is inside `folder` (Linux)."""
    if not HAS_PROC:
        return
    for process in PROC.iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                where = (process / "cwd").readlink()
                if where.is_relative_to(folder) and (found := Identity.of(int(process.name))):
                    yield found


def end(who: Identity, *, number: int = signal.SIGTERM, patience: float = 10.0) -> bool:
    """Ask `who` to end with the signal `number`, wait, and insist with SIGKILL.

    True if it ended by itself. The group it leads goes with it.
    """
    if not who.is_alive():
        return True
    leads = _leads_its_group(who.pid)
    _send(who.pid, number)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not who.is_alive():
            if leads:
                _kill_rest_of_group(who)
            return True
        time.sleep(0.02)
    if who.is_alive():
        if leads:
            _send_group(who.pid, signal.SIGKILL)
        _send(who.pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while who.is_alive() and time.monotonic() < until:
        time.sleep(0.02)
    return False


def _leads_its_group(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _kill_rest_of_group(leader: Identity) -> None:
    """End what a dead leader left in its group; a number that lives again leads another group."""
    if Identity.of(leader.pid) is None:
        _send_group(leader.pid, signal.SIGKILL)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _send_group(pgid: int, number: int) -> None:
    # macOS answers EPERM where only remains are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, number)
