"""Which objects an address finds: one reviewed table, `objects.toml`; the rest is closed (F223).

`permission` says who comes to an address; this, for an address that names an object, what he finds
there: any, his own, all but a deed of his own. In the rooms of the table an address with an object
and without a line is closed. That each view keeps to its line is proven object by object
(`tests/prizes/redemption/test_whose_objects.py`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import ResolverMatch

TABLE = settings.BASE_DIR / "lottery_portal" / "objects.toml"
FINDS = frozenset({"any", "own", "others", "place", "hands"})
PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the path of an address names, what each word of the permission table finds, and the test
    that proves it where `test_whose_objects` does not."""

    object: str
    finds: Mapping[str, str]
    proof: str = ""


@cache
def rooms() -> frozenset[str]:
    """The rooms whose addresses are closed without a line."""
    return frozenset(_file()["rooms"])


@cache
def table() -> Mapping[str, Line]:
    """URL name, and its line."""
    lines = {}
    for name, said in _file()["addresses"].items():
        line = Line(
            object=said["object"],
            finds={word: found for word, found in said.items() if word not in {"object", "proof"}},
            proof=said.get("proof", ""),
        )
        if not line.finds or not set(line.finds.values()) <= FINDS:
            raise ValueError(f"{name}: nobody finds {sorted(set(line.finds.values()) - FINDS)}.")
        lines[name] = line
    return lines


def is_needed(match: ResolverMatch) -> bool:
    """Whether this address names an object of a room of the table."""
    room = str(getattr(match.func, "__module__", "")).partition(".")[0]
    return bool(match.args or match.kwargs) and room in rooms()


def is_lacking(match: ResolverMatch) -> bool:
    """Whether a line is needed and there is none."""
    return match.view_name not in table() and is_needed(match)


def is_open(name: str, words: Collection[str]) -> bool:
    """Whether somebody of these words finds anything at an address; without a line, whatever is."""
    line = table().get(name)
    return line is None or any(word in line.finds for word in (PUBLIC, *words))


def _file() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
