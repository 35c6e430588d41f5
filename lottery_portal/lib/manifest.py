"""The manifest of a release: the hash of every file that is ours, and one hash over all (F229).

Text of the manifest: one line a file, `<SHA-256 in hexadecimal>  <path>` with `/` between the
parts, paths ascending by their bytes, each line ended by LF: `sha256sum -c` reads it. Its own
SHA-256 is the digest that seal statements name. What is made at run time (compiled files, caches)
is not part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

ROOMS = (
    "accounts", "audit", "events", "finance", "games", "lottery_portal", "partners", "prizes",
    "risk", "sales", "support",
)  # fmt: skip
FOLDERS = (*ROOMS, "locale", "static", "templates", "requirements")
FILES = ("manage.py", "portal", "pyproject.toml")
MADE = frozenset({".pyc", ".pyo", ".mo", ".swp"})
MADE_FOLDERS = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True)
class Manifest:
    """The hash of each file by its path."""

    files: Mapping[str, str]

    @property
    def text(self) -> str:
        """The manifest as it is hashed."""
        ordered = sorted(self.files.items(), key=lambda item: item[0].encode())
        return "".join(f"{digest}  {path}\n" for path, digest in ordered)

    @property
    def digest(self) -> str:
        """The hash over all."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Difference:
    """Files that are not as they were recorded, by what happened to them."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.missing)


def of_release(root: Path | None = None) -> Manifest:
    """The files as they lie on the disk now."""
    root = root or settings.BASE_DIR
    return Manifest({path: _digest(root / path) for path in _paths(root)})


@cache
def of_this_process() -> Manifest:
    """The files as they were when this process first asked: what it runs."""
    return of_release()


def compare(recorded: Mapping[str, str], found: Mapping[str, str]) -> Difference:
    """What is otherwise than recorded."""
    return Difference(
        changed=tuple(sorted(p for p in recorded.keys() & found.keys() if recorded[p] != found[p])),
        added=tuple(sorted(found.keys() - recorded.keys())),
        missing=tuple(sorted(recorded.keys() - found.keys())),
    )


def _paths(root: Path) -> Iterator[str]:
    for name in FILES:
        if (root / name).is_file():
            yield name
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            parts = path.relative_to(root).parts
            if path.suffix in MADE or MADE_FOLDERS.intersection(parts) or not path.is_file():
                continue
            yield "/".join(parts)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
