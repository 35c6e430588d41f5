"""From running servers to a portal that can answer: schema, first rows, languages, static files."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from .environment import is_embedded
from .places import Places, alone, read_json, write_json
from .processes import Identity, end
from .terminal import Ending, Halt, Terminal

SKIPPED = {".git", ".venv", ".portal", "__pycache__", "node_modules", "tests", "benchmarks", "docs"}


class Preparation:
    """Runs the steps whose inputs changed since they last succeeded."""

    def __init__(
        self,
        *,
        places: Places,
        env: Mapping[str, str],
        environ: Mapping[str, str],
        terminal: Terminal,
        ending: Ending,
    ) -> None:
        self._places = places
        self._env = env
        self._keeps_record = is_embedded(environ)  # a server of others may change behind our back
        self._terminal = terminal
        self._ending = ending

    def ensure(self) -> None:
        """Prepare what is not prepared, one command at a time."""
        with alone(
            self._places.state / "prepare.lock",
            terminal=self._terminal,
            ending=self._ending,
            waiting="Another portal command is preparing the database; waiting …",
        ):
            self._ensure()

    def _ensure(self) -> None:
        done = read_json(self._places.prepared) if self._keeps_record else {}
        wanted = self._digests()
        if done.get("languages") != wanted["languages"] or not self._has_languages():
            self._manage("Compiling the languages", "compile_catalogues")
            self._note("languages", wanted)
        collecting = None
        if done.get("static") != wanted["static"] or not self._has_static():
            collecting = self._begin("collectstatic", "--noinput", "--verbosity=0")
        try:
            if done.get("database") != wanted["database"]:
                self._fill(done, wanted)
            if collecting is not None:
                self._await("Collecting static files", "collectstatic", collecting)
                self._note("static", wanted)
        finally:
            if collecting is not None:
                _end(collecting)

    def _fill(self, done: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        self._manage("Migrating the database", "migrate", "--database=owner", "--noinput")
        self._manage("Loading rules, policies and posts", "genesis")
        if self._env.get("DEMO") == "1" and not done.get("demo"):
            self._manage("Loading the demo: players, tickets, past draws", "load_demo")
            self._note("demo", {"demo": "loaded"})
        self._note("database", wanted)

    def is_bare(self) -> bool:
        """True if this database was never prepared from here."""
        return self._keeps_record and "database" not in read_json(self._places.prepared)

    def _has_languages(self) -> bool:
        catalogues = self._places.checkout.glob("locale/*/LC_MESSAGES/*.po")
        return all(path.with_suffix(".mo").exists() for path in catalogues)

    def _has_static(self) -> bool:
        return (Path(self._env["STATE_DIR"]) / "static" / "staticfiles.json").exists()

    def _note(self, step: str, wanted: Mapping[str, str]) -> None:
        if self._keeps_record:
            record = read_json(self._places.prepared) | {step: wanted[step]}
            write_json(self._places.prepared, record)

    def _digests(self) -> dict[str, str]:
        code, catalogues, static = [], [], []
        for path in _files(self._places.checkout):
            if path.suffix == ".po":
                catalogues.append(path)
            elif "static" in path.relative_to(self._places.checkout).parts:
                static.append(path)
            elif path.suffix in {".py", ".sql", ".toml", ".csv", ".json", ".txt", ".md"}:
                code.append(path)
        locks = [path for path in code if path.parent.name == "requirements"]
        # A settled schema depends on the code that migrates, fills and grants: nearly all of it.
        return {
            "database": self._digest(path for path in code if path.suffix not in {".txt", ".md"}),
            "languages": self._digest([*catalogues, *(p for p in code if "catalogue" in p.name)]),
            "static": self._digest(
                [*static, *locks, *(p for p in code if p.name == "settings.py")]
            ),
        }

    def _digest(self, paths: Iterable[Path]) -> str:
        total = hashlib.sha256()
        for path in paths:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(self._places.checkout)} {content}\n".encode())
        return total.hexdigest()

    def _manage(self, what: str, *command: str) -> None:
        self._await(what, command[0], self._begin(*command))

    def _log(self, command: str) -> Path:
        return self._places.logs / f"{command}.log"

    def _begin(self, *command: str) -> subprocess.Popen[bytes]:
        with self._log(command[0]).open("wb") as log:
            return subprocess.Popen(
                [str(self._places.python), "manage.py", *command],
                env=dict(self._env),
                cwd=self._places.checkout,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await(self, what: str, command: str, process: subprocess.Popen[bytes]) -> None:
        """Show that it moves, by its last line; raise `Halt` with its last lines if it fails."""
        began = time.monotonic()
        try:
            while process.poll() is None:
                last = "".join(self._last_lines(command, 1)).strip()
                seconds = time.monotonic() - began
                self._terminal.live(f"{what} … {last[:60]} ({seconds:.0f} s)")
                self._ending.pause(0.05)
        finally:
            _end(process)
        if process.returncode != 0:
            lines = "".join(self._last_lines(command, 15))
            raise Halt(
                f"{what} failed (`manage.py {command}`):\n{lines}\nAll of it: {self._log(command)}"
            )
        self._terminal.say(f"{what}: done in {time.monotonic() - began:.1f} s.")

    def _last_lines(self, command: str, count: int) -> list[str]:
        with self._log(command).open(encoding="utf-8", errors="replace") as file:
            return list(deque(file, maxlen=count))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None and (who := Identity.of(process.pid)):
        end(who, patience=10)
        process.wait()


def _files(checkout: Path) -> Iterable[Path]:
    """Every file of the house that something is prepared from, in a fixed order."""
    for path in sorted(checkout.iterdir()):
        if path.is_dir() and path.name not in SKIPPED and not path.is_symlink():
            yield from _inside(path)
        elif path.is_file():
            yield path


def _inside(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or path.is_symlink():
            continue
        if path.is_dir():
            yield from _inside(path)
        elif path.is_file():
            yield path
