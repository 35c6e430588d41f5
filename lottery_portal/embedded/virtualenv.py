"""The virtual environment: made from a hashed lock, again only when the lock changed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from .places import Places, alone, read_json, write_json
from .processes import Identity, end
from .terminal import Ending, Halt, Terminal

# A lock holds all that the ones after it hold.
WIDEST_FIRST = ("dev", "run", "base")
NO_NETWORK = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|dns error|"
    r"Failed to establish a new connection|Connection refused|Network is unreachable|"
    r"No route to host|timed out|tcp connect error|error sending request|Max retries exceeded",
    re.IGNORECASE,
)
WRONG_HASH = re.compile(r"DO NOT MATCH THE HASHES|hash mismatch", re.IGNORECASE)
DISK_FULL = re.compile(r"No space left on device", re.IGNORECASE)


class Installer:
    """Makes and widens `.venv`."""

    def __init__(
        self, *, places: Places, environ: Mapping[str, str], terminal: Terminal, ending: Ending
    ) -> None:
        self._places = places
        self._environ = dict(environ)
        self._terminal = terminal
        self._ending = ending
        self._stamp = places.venv / "portal-locks.json"

    def ensure(self, lock: str) -> None:
        """Have everything of requirements/<lock>.txt installed, or raise `Halt` with what to do."""
        if self._has(lock):
            return
        with alone(
            self._places.venv.with_name(f"{self._places.venv.name}.lock"),
            terminal=self._terminal,
            ending=self._ending,
            waiting="Another portal command is installing; waiting for it …",
        ):
            if self._has(lock):
                return
            self._install(lock)

    def _has(self, lock: str) -> bool:
        stamp = read_json(self._stamp)
        wide = WIDEST_FIRST[: WIDEST_FIRST.index(lock) + 1]
        if not any(stamp.get(name) == digest_of(self._lock(name)) for name in wide):
            return False
        return self._works()

    def _works(self) -> bool:
        """False once the Python under the environment was removed or replaced by another."""
        if not self._places.python.exists():
            return False
        probe = [str(self._places.python), "-c", "import django"]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0

    def _lock(self, name: str) -> Path:
        return self._places.checkout / "requirements" / f"{name}.txt"

    def _install(self, lock: str) -> None:
        began = time.monotonic()
        stamp = read_json(self._stamp)
        if stamp and not self._works():
            self._terminal.say("The Python of the virtual environment is gone; making it anew.")
            self._remove()
        uv = shutil.which("uv", path=self._environ.get("PATH"))
        total = sum(1 for _ in names_in(self._lock(lock)))
        self._terminal.say(
            f"Installing up to {total} packages from requirements/{lock}.txt with "
            f"{'uv' if uv else 'pip'} (once; later starts skip this)."
        )
        if not (uv and self._with_uv(uv, lock)):
            self._with_pip(lock, total)
        stamp = read_json(self._stamp) | {lock: digest_of(self._lock(lock))}
        write_json(self._stamp, stamp)
        self._terminal.say(f"Installed in {time.monotonic() - began:.0f} s.")

    def _remove(self) -> None:
        if (self._places.venv / "pyvenv.cfg").exists():
            shutil.rmtree(self._places.venv)

    def _with_uv(self, uv: str, lock: str) -> bool:
        """True if uv did it; where it could not, pip may still know a way (a mirror, a proxy)."""
        env = self._environ | {
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
            "UV_NO_PROGRESS": "1",
        }
        for name in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"):
            env.pop(name, None)
        steps: list[tuple[str, list[str]]] = []
        if not self._places.python.exists():
            make = [
                uv,
                "venv",
                "--quiet",
                "--clear",
                "--python",
                _base_python(),
                str(self._places.venv),
            ]
            steps.append(("Making the virtual environment", make))
        target = ["--python", str(self._places.python)]
        install = [uv, "pip", "install", *target, "--require-hashes", "-r", str(self._lock(lock))]
        steps.append(("Installing with uv", install))
        for what, command in steps:
            output, code = self._watch(what, command, env=env)
            if code != 0:
                self._terminal.say(f"uv could not: {_last_words(output)}\nTrying pip instead.")
                return False
        return True

    def _with_pip(self, lock: str, total: int) -> None:
        env = self._environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        for name in (
            "VIRTUAL_ENV",
            "PYTHONHOME",
            "PYTHONPATH",
            "PIP_REQUIRE_VIRTUALENV",
            "PIP_TARGET",
            "PIP_USER",
            "PIP_PREFIX",
        ):
            env.pop(name, None)
        pip = [str(self._places.python), "-m", "pip"]
        if not self._has_pip(pip, env):
            self._make_with_pip(env)
        locked = ["--no-deps", "--require-hashes", "-r", str(self._lock(lock))]
        patient = ["--retries", "3", "--timeout", "30", "--progress-bar", "off", "--no-compile"]
        command = [*pip, "install", *patient, *locked]
        output, code = self._watch("Installing with pip", command, env=env, total=total)
        if code != 0:
            raise Halt(why_it_failed(output))

    def _has_pip(self, pip: list[str], env: dict[str, str]) -> bool:
        if not self._places.python.exists():
            return False
        asked = subprocess.run([*pip, "--version"], env=env, capture_output=True, check=False)
        return asked.returncode == 0

    def _make_with_pip(self, env: dict[str, str]) -> None:
        if not can_make_environments():
            raise Halt(
                f"This Python ({sys.executable}) lacks the modules venv and ensurepip. Install "
                "them (Debian, Ubuntu: `apt install python3-venv`), or put uv on PATH; then start "
                "again."
            )
        make = [_base_python(), "-m", "venv", "--clear", str(self._places.venv)]
        output, code = self._watch("Making the virtual environment", make, env=env)
        if code != 0:
            raise Halt(
                f"The virtual environment could not be made: {_last_words(output)}\n"
                "On Debian and Ubuntu `apt install python3-venv` usually helps; uv on PATH is "
                "another way."
            )

    def _watch(
        self, what: str, command: list[str], *, env: Mapping[str, str], total: int = 0
    ) -> tuple[str, int]:
        """Run `command` and show that it moves; its whole output and exit code."""
        lines: list[str] = []
        began = time.monotonic()
        with subprocess.Popen(
            command,
            env=dict(env),
            cwd=self._places.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            output = process.stdout
            reader = threading.Thread(target=_read_into, args=(output, lines), daemon=True)
            reader.start()
            try:
                while process.poll() is None:
                    seconds = time.monotonic() - began
                    self._terminal.live(f"{what}: {_progress(lines, total)} ({seconds:.0f} s)")
                    self._ending.pause(0.05)
            finally:
                if process.poll() is None and (who := Identity.of(process.pid)):
                    end(who, patience=3)
                reader.join(timeout=2)
        return "".join(lines), process.returncode


def _read_into(output: Iterable[str] | None, lines: list[str]) -> None:
    with contextlib.suppress(ValueError):
        for line in output or ():
            lines.append(line)  # noqa: PERF402 - one by one: another thread watches them arrive


def _progress(lines: list[str], total: int) -> str:
    told = (line.strip() for line in reversed(lines))
    last = next((line for line in told if line and not line.startswith("WARNING")), "starting")
    if last.startswith("Installing collected packages"):
        last = "unpacking, this is the longest part"
    if not total:
        return last[:80]
    found = sum(1 for line in lines if line.startswith(("Collecting ", "Processing ")))
    return f"{found} of at most {total} packages, {last[:60]}"


def why_it_failed(output: str) -> str:
    """The sentence for a person whose installation ended with this output."""
    if DISK_FULL.search(output):
        return "The disk is full: the packages need about 600 MB. Make room and start again."
    if WRONG_HASH.search(output):
        return (
            "A package differs from the one that was locked, so nothing of it was installed. If "
            "you use a mirror, try another; if not, tell the maintainers before you go on."
        )
    if NO_NETWORK.search(output):
        return (
            "The packages could not be fetched: no network, or no way to the package index. Check "
            "the connection (a proxy is taken from HTTPS_PROXY, a mirror from pip's own settings) "
            "and start again; what was fetched is kept."
        )
    return f"The packages could not be installed: {_last_words(output)}"


def _last_words(output: str) -> str:
    words = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in words if "error" in line.lower()]
    return " / ".join((errors or words)[-3:]) or "no reason was given"


def can_make_environments() -> bool:
    """True if this Python can make a virtual environment with pip in it."""
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


def _base_python() -> str:
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def digest_of(path: Path) -> str:
    """The digest of a lock file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names_in(path: Path) -> Iterable[str]:
    """The packages a lock file names."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            yield line.partition("==")[0].partition("[")[0]
