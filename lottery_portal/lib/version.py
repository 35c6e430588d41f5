"""Which software this is."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"


@cache
def software() -> str:
    """Name and version, as they stand on reports: lottery-portal 0.1.0."""
    project = tomllib.loads(FILE.read_text(encoding="utf-8"))["project"]
    return f"{project['name']} {project['version']}"
