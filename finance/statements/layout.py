"""How a statement is laid out, once for page, XLSX and PDF.

Words are translated when a statement is made, so make it in the language it is to be read in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from django.utils.translation import gettext as _

from lottery_portal.lib import dates
from lottery_portal.lib.money import yuan

from .figures import Span

Cell = str | int | date | datetime | None
Kind = Literal["text", "code", "money", "count", "day", "moment"]


@dataclass(frozen=True)
class Column:
    """One column: its title, what stands in it, and whether a narrow screen may drop it."""

    title: str
    kind: Kind = "text"
    is_derived: bool = False
    share: float = 1.0  # of the width of paper

    @property
    def is_number(self) -> bool:
        """Whether it stands to the right."""
        return self.kind in {"money", "count"}


@dataclass(frozen=True)
class Row:
    """One line: figures in fen, how far it is set in, and whether it adds up those above it."""

    cells: tuple[Cell, ...]
    level: int = 0
    is_total: bool = False
    is_head: bool = False


@dataclass(frozen=True)
class Table:
    """Columns and lines under a title; `rows` may be read only once where there are very many."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]


@dataclass(frozen=True)
class Statement:
    """A statement as it is read: who reports what about when, its tables, and what must hold."""

    name: str
    title: str
    about: str  # of which day or days
    book: str
    tables: tuple[Table, ...]
    is_side_by_side: bool = False  # on paper the first two tables stand next to each other
    is_signed: bool = True  # on paper those who answer for it sign
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def is_right(self) -> bool:
        """Whether everything that must hold in it holds."""
        return all(check.is_right for check in self.checks)


@dataclass(frozen=True)
class Check:
    """Two figures that must be one and the same, in fen."""

    title: str
    left: int
    right: int

    @property
    def is_right(self) -> bool:
        """Whether they are."""
        return self.left == self.right


class Lines:
    """Lines with running numbers (行次), collected in order."""

    def __init__(self, figures: int) -> None:
        self.figures = figures
        self.rows: list[Row] = []
        self._number = 0

    def head(self, title: str) -> None:
        """A line of words only."""
        self.rows.append(Row((title, None, *[None] * self.figures), is_head=True))

    def add(self, title: str, *fen: int, level: int = 1, is_total: bool = False) -> None:
        """A line with its number and figures."""
        self._number += 1
        self.rows.append(Row((title, self._number, *fen), level=level, is_total=is_total))


def book_name(*, is_shadow: bool) -> str:
    """What the two books are called."""
    return _("Shadow book") if is_shadow else _("Real book")


def on(day: date) -> str:
    """As of the evening of a day."""
    return _("as of %(day)s") % {"day": dates.written(day, "date")}


def between(span: Span) -> str:
    """From a day to a day."""
    return _("%(first)s to %(last)s") % {
        "first": dates.written(span.first, "date"),
        "last": dates.written(span.last, "date"),
    }


def shown(cell: Cell, kind: Kind) -> str:
    """A cell as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return dates.written(cell, "full")
    if isinstance(cell, date):
        return dates.written(cell, "date")
    if kind == "money" and isinstance(cell, int):
        return yuan(cell)
    if kind == "count" and isinstance(cell, int):
        return f"{cell:,}"
    return str(cell)


def digest(statement: Statement) -> str:
    """The SHA-256 of what the statement says, whatever it is written on."""
    said = hashlib.sha256()
    for line in _said(statement):
        said.update("\t".join(line).encode() + b"\n")
    return said.hexdigest()


def _said(statement: Statement) -> Iterator[Sequence[str]]:
    yield (statement.name, statement.title, statement.about, statement.book)
    for table in statement.tables:
        yield (table.title, *(column.title for column in table.columns))
        for row in table.rows:
            yield [
                shown(cell, column.kind)
                for cell, column in zip(row.cells, table.columns, strict=True)
            ]
