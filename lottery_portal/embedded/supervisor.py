"""The five processes of a running portal: started, watched, started again, and ended in order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .places import Places, read_json, write_json
from .processes import Identity, end, marked, me
from .terminal import Ending, Halt, Terminal

QUICK = 15.0  # a process that dies sooner has not started properly
QUICK_DEATHS = 3
LOG_LIMIT = 10_000_000


@dataclass
class Child:
    """One process of the portal, over all its restarts."""

    name: str
    command: list[str]
    patience: float
    extra: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    quick_deaths: int = 0
    again_at: float | None = None
    reader: threading.Thread | None = None


def children(*, python: Path, host: str, port: int, beat_file: Path) -> list[Child]:
    """What a running portal consists of, in the order in which it starts."""
    run = [str(python), "-m"]
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web = ["gunicorn", "lottery_portal.wsgi", "--bind", bind, "--worker-class", "gthread"]
    web += ["--workers", "3", "--threads", "2", "--preload", "--graceful-timeout", "10"]
    web += ["--no-control-socket"]
    celery = [*run, "celery", "--quiet", "-A", "lottery_portal.celery"]
    worker = ["worker", "-c", "2", "--prefetch-multiplier=1", "-Ofair", "--loglevel=WARNING"]
    beat = ["beat", "-s", str(beat_file), "--pidfile=", "--loglevel=WARNING"]
    alone = {"REMAP_SIGTERM": "SIGQUIT"}  # SIGTERM lets running tasks finish, then ends
    if os.geteuid() == 0:
        alone["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser privileges"
    return [
        Child("web", [*run, *web], patience=15),
        Child("worker", [*celery, *worker], patience=40, extra=alone),
        Child("beat", [*celery, *beat], patience=10),
        Child("dispatcher", [str(python), "manage.py", "dispatch_jobs"], patience=10),
        Child("sequencer", [str(python), "manage.py", "sequence"], patience=10),
    ]


END_ORDER = ("web", "dispatcher", "beat", "worker", "sequencer")


class Supervisor:
    """Keeps the children of one `./portal run` alive."""

    def __init__(
        self,
        *,
        places: Places,
        env: Mapping[str, str],
        terminal: Terminal,
        ending: Ending,
        address: str,
    ) -> None:
        self._places = places
        self._env = env
        self._terminal = terminal
        self._ending = ending
        self._address = address
        self._children: list[Child] = []

    def start(self, child: Child) -> None:
        """Start `child` and write it down before anything else can happen."""
        process = subprocess.Popen(
            child.command,
            env={**self._env, **child.extra},
            cwd=self._places.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        child.process, child.started_at, child.again_at = process, time.monotonic(), None
        if child not in self._children:
            self._children.append(child)
        self._write_down()
        child.reader = threading.Thread(
            target=self._stream, args=(child.name, process), daemon=True
        )
        child.reader.start()

    def _write_down(self) -> None:
        living = {
            child.name: who.as_record()
            for child in self._children
            if child.process is not None and (who := Identity.of(child.process.pid))
        }
        record = {"launcher": me().as_record(), "address": self._address, "processes": living}
        write_json(self._places.processes, record)

    def _stream(self, name: str, process: subprocess.Popen[bytes]) -> None:
        path = self._places.logs / f"{name}.log"
        lines = process.stdout
        if lines is None:
            raise RuntimeError(f"{name} was started without an output.")
        file = path.open("ab")
        try:
            for line in lines:
                self._terminal.log(name, line.decode(errors="replace").rstrip())
                if file.tell() > LOG_LIMIT:
                    file.close()
                    path.replace(path.with_suffix(".log.1"))
                    file = path.open("ab")
                file.write(line)
                file.flush()
        finally:
            file.close()
            lines.close()

    def watch(self) -> None:
        """Start again what died; raise `Halt` when one dies three times right after its start."""
        now = time.monotonic()
        for child in self._children:
            if child.again_at is not None and now >= child.again_at:
                self.start(child)
            elif child.again_at is None and child.process is not None:
                code = child.process.poll()
                if code is not None:
                    self._bury(child, code, now)

    def _bury(self, child: Child, code: int, now: float) -> None:
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
        is_quick = now - child.started_at < QUICK
        child.quick_deaths = child.quick_deaths + 1 if is_quick else 1
        if is_quick and child.quick_deaths >= QUICK_DEATHS:
            raise Halt(
                f"{child.name} {how}, {QUICK_DEATHS} times in a row right after its start. The "
                f"lines above and {self._places.logs / child.name}.log say why."
            )
        wait = 2.0 ** (child.quick_deaths - 1)
        child.again_at = now + wait
        self._terminal.log("portal", f"{child.name} {how}; starting it again in {wait:.0f} s")

    def is_alive(self, name: str) -> bool:
        """True while the process of that name runs."""
        return any(
            child.name == name and child.process is not None and child.process.poll() is None
            for child in self._children
        )

    def end(self) -> None:
        """End all children, the ones that take requests first. A second Ctrl-C makes it hurry."""
        asked = self._ending.times
        for name in END_ORDER:
            for child in self._children:
                if child.name != name or child.process is None:
                    continue
                who = Identity.of(child.process.pid)
                if who is None or child.process.poll() is not None:
                    continue
                self._terminal.say(f"Ending {name} …")
                patience = child.patience if self._ending.times == asked else 0.5
                _end_hurrying(who, patience, self._ending, asked)
                child.process.wait()
                if child.reader is not None:
                    child.reader.join(timeout=2)  # its last lines
        self._places.processes.unlink(missing_ok=True)


def _end_hurrying(who: Identity, patience: float, ending: Ending, asked: int) -> None:
    ender = threading.Thread(target=end, args=(who,), kwargs={"patience": patience}, daemon=True)
    ender.start()
    while ender.is_alive():
        ender.join(timeout=0.1)
        if ending.times > asked and patience > 1:
            end(who, number=signal.SIGKILL, patience=5)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def running_launcher(places: Places) -> tuple[Identity, str] | None:
    """The living launcher of a running portal, and its address."""
    record = read_json(places.processes)
    launcher = Identity.of_record(record.get("launcher"))
    if launcher is None or launcher == me() or not launcher.is_alive():
        return None
    return launcher, str(record.get("address", ""))


def end_left_over(places: Places, terminal: Terminal) -> list[str]:
    """End what a launcher that was killed left running; the names of what was ended."""
    record = read_json(places.processes).get("processes", {})
    ended = []
    names = [*END_ORDER, *(name for name in record if name not in END_ORDER)]
    for name in names:
        who = Identity.of_record(record.get(name))
        if who is not None and who.is_alive():
            terminal.say(f"Ending {name}, left over from a portal that was killed …")
            end(who, patience=15 if name != "worker" else 40)
            ended.append(name)
    orphans = [who for who, launcher in marked(places.state) if not launcher.is_alive()]
    for who in orphans:
        end(who, patience=5)
    if orphans and not ended:
        ended.append("its processes")
    places.processes.unlink(missing_ok=True)
    return ended
