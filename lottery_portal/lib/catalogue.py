"""The catalogue of a release: what its database is made of, object by object, and one hash.

The text of a catalogue, version 1. The first line is `catalogue/1`. Every other line is one object:
kind, name, state and SHA-256 in hexadecimal, parted by TAB, ended by LF, ascending by the bytes of
the line. The state is what a person must see at once (a trigger off, row security not forced); the
hash is that of all facts of the object as JSON (keys sorted, no spaces, ASCII). What a fact is:

- columns of the catalogue as they stand; object identifiers replaced by names, numbers of columns
  by names of columns; expressions as `pg_get_expr` writes them with an empty search path;
- the roles of application and owner are `app` and `owner`, whatever they are called here; rights
  that the owner gives himself are left out;
- NOT NULL is a fact of its column. What counts rows or moves (positions, identifiers, statistics,
  bounds of partitions) is no fact;
- a partition that is shaped as its table adds no line, so a new draw changes nothing; where it is
  not, a line bears its own name, with the state `absent` for what it lacks.

`lottery_portal/catalogue.txt` is the catalogue that the migrations of this release make. It is
reviewed, and being a file of the release it is bound by the manifest that every seal names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from . import catalogue_rows
from .catalogue_objects import Objects

FILE = "lottery_portal/catalogue.txt"
VERSION = "catalogue/1"
COLUMNS = 4
ABSENT = "absent"
ASLEEP = ("off", "replica only")


@dataclass(frozen=True, order=True)
class Line:
    """One object: its kind, its name, what a person must see at once, and the hash of all of it.

    In a partition, `like` is the name of the same object in its table; it is no part of the text.
    """

    kind: str
    name: str
    state: str
    digest: str
    like: str = field(default="", compare=False)

    def __str__(self) -> str:
        return "\t".join((self.kind, self.name, self.state, self.digest))


@dataclass(frozen=True)
class Difference:
    """An object that is not as it was released. `what` is a word, `detail` says how it is now.

    The words: missing, added, changed, replaced (another body of a function), disabled (a trigger).
    """

    kind: str
    name: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        said = f"{self.kind} {self.name}: {self.what}"
        return f"{said} ({self.detail})" if self.detail else said


@dataclass(frozen=True)
class Catalogue:
    """The lines of a database or of a release."""

    lines: frozenset[Line]

    @cached_property
    def text(self) -> str:
        """The catalogue as it is hashed."""
        ordered = sorted((f"{line}\n" for line in self.lines), key=str.encode)
        return f"{VERSION}\n{''.join(ordered)}"

    @cached_property
    def digest(self) -> str:
        """The hash over all."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class NotACatalogue(ValueError):
    """The text is none of this version: write the file again."""


def parse(text: str) -> Catalogue:
    """The catalogue of this text, or `NotACatalogue`."""
    first, *rest = text.split("\n")
    lines = [line.split("\t") for line in rest if line]
    if first != VERSION or any(len(line) != COLUMNS for line in lines):
        raise NotACatalogue
    return Catalogue(frozenset(Line(*line) for line in lines))


def path() -> Path:
    """Where the catalogue of this release lies."""
    return Path(settings.BASE_DIR) / FILE


def of_release() -> Catalogue:
    """What the migrations of this release make, as reviewed."""
    return parse(path().read_text(encoding="ascii"))


@cache
def of_this_process() -> Catalogue:
    """The release's catalogue as it was when this process first asked: that of the code it runs."""
    return of_release()


def of_database(*, using: str = "default") -> Catalogue:
    """What the database is made of now, worked out here from the rows of its catalogue."""
    app, owner = roles(using)
    return of_reading(catalogue_rows.read(using=using), app=app, owner=owner)


@lru_cache(maxsize=4)
def of_reading(found: catalogue_rows.Reading, *, app: str, owner: str) -> Catalogue:
    """The catalogue in what was read, where the two roles are called `app` and `owner`.

    It is worked out of nothing else, so the same texts need not be gone through again.
    """
    lasting, lines = _lasting(found.lasting, app=app, owner=owner)
    apart = _lines(Objects(catalogue_rows.rows(found.partitions), beside=lasting))
    return Catalogue(lines | apart)


@lru_cache(maxsize=2)
def _lasting(
    texts: catalogue_rows.Texts, *, app: str, owner: str
) -> tuple[Objects, frozenset[Line]]:
    lasting = Objects(catalogue_rows.rows(texts), app=app, owner=owner)
    return lasting, _lines(lasting)


def _lines(objects: Objects) -> frozenset[Line]:
    return frozenset(
        Line(
            _plain(one.kind),
            _plain(one.name),
            _plain(one.state),
            _digest(one.facts),
            _plain(one.like),
        )
        for one in objects.found()
    )


def roles(using: str = "default") -> tuple[str, str]:
    """The names of the roles of application and owner; of the database's owner if none is set."""
    app = str(connections["default"].settings_dict["USER"])
    if "owner" in settings.DATABASES:
        return app, str(connections["owner"].settings_dict["USER"])
    return app, catalogue_rows.owner_of_database(using=using)


def compare(*, released: Catalogue, found: Catalogue) -> list[Difference]:
    """What is otherwise than released, each object by its name."""
    if released.digest == found.digest:
        return []
    return sorted(
        _differences(_by_name(released), _by_name(found)), key=lambda one: (one.kind, one.name)
    )


def _by_name(catalogue: Catalogue) -> Mapping[tuple[str, str], Line]:
    return {(line.kind, line.name): line for line in catalogue.lines}


def _differences(
    released: Mapping[tuple[str, str], Line], found: Mapping[tuple[str, str], Line]
) -> Iterator[Difference]:
    for key in released.keys() - found.keys():
        yield Difference(*key, "missing")
    for key, line in found.items():
        known = released.get(key)
        if known is None and not (line.like and _as_released(line, released)):
            is_absent = line.state == ABSENT
            yield Difference(
                *key, "missing" if is_absent else "added", "" if is_absent else line.state
            )
        elif known is not None and known != line:
            yield Difference(*key, _what(known, line), _how(known, line))


def _as_released(line: Line, released: Mapping[tuple[str, str], Line]) -> bool:
    """Whether this of a partition is as its table was released, and the table is otherwise now."""
    known = released.get((line.kind, line.like))
    if known is None:
        return line.state == ABSENT
    return (known.state, known.digest) == (line.state, line.digest)


def _what(released: Line, found: Line) -> str:
    if released.kind == "trigger" and found.state in ASLEEP and released.state not in ASLEEP:
        return "disabled"
    if released.kind == "function" and released.state == found.state:
        return "replaced"
    return "changed"


def _how(released: Line, found: Line) -> str:
    if released.state == found.state:
        return ""
    return f"{found.state or 'nothing'}, released: {released.state or 'nothing'}"


def _plain(text: str) -> str:
    """As it stands; what would break a line in two is written as JSON writes it."""
    return text if text.isascii() and text.isprintable() else json.dumps(text)


def _digest(facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
