"""The hashed lock files in requirements/, made from pyproject.toml by uv."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .terminal import Halt, Terminal

# Time for others to find a poisoned release. The calendar of holidays is news by nature.
COOLDOWN = ["--exclude-newer", "7 days", "--exclude-newer-package", "holidays=false"]
EXACT = ["--universal", "--generate-hashes", "--python-version", "3.11", "--upgrade", "--quiet"]
# The widest comes first and binds the others, so that a package has one version everywhere.
LOCKS = {"dev": ["--group", "dev"], "run": ["--group", "embedded"], "base": []}


def make(*, checkout: Path, environ: Mapping[str, str], terminal: Terminal) -> None:
    """Resolve pyproject.toml into requirements/{dev,run,base}.txt, or raise `Halt`."""
    uv = shutil.which("uv", path=environ.get("PATH"))
    if uv is None:
        raise Halt(
            "The lock files are made with uv, which is not on PATH: `pip install uv` brings it."
        )
    env = {**environ, "UV_PYTHON_DOWNLOADS": "never", "UV_CUSTOM_COMPILE_COMMAND": "./portal lock"}
    folder = checkout / "requirements"
    folder.mkdir(exist_ok=True)
    for name, groups in LOCKS.items():
        bound = [] if name == "dev" else ["--constraints", "requirements/dev.txt"]
        target = ["--output-file", f"requirements/{name}.txt", "--no-annotate"]
        command = [
            uv,
            "pip",
            "compile",
            *EXACT,
            *COOLDOWN,
            *groups,
            *bound,
            *target,
            "pyproject.toml",
        ]
        done = subprocess.run(
            command, cwd=checkout, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Halt(f"requirements/{name}.txt could not be made:\n{done.stderr.strip()}")
        count = (folder / f"{name}.txt").read_text(encoding="utf-8").count("==")
        terminal.say(f"requirements/{name}.txt: {count} packages")
