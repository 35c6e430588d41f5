"""A statement as an XLSX file: figures are numbers, days are days, nothing is a formula.

Lines go to the file as they come, so that a sheet of a million lines needs no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused

from .layout import Column, Row, Statement, Table, shown

MOST = 1_048_000  # lines that a sheet of the format takes, less those of the head
WRITTEN = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the same bytes every time
_NUMBERS = {"money": "#,##0.00", "count": "#,##0", "day": "yyyy-mm-dd"}


class NotInOneSheet(Refused):
    """More lines than the format takes."""

    code = "sheet_too_long"
    message = gettext_lazy("These are more lines than a sheet takes. Choose fewer days.")


def write(statement: Statement, target: IO[bytes]) -> None:
    """Write the statement into `target`, a sheet for each table; side by side where it says so."""
    with xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": False,
        },
    ) as book:
        book.set_properties(
            {"title": statement.title, "author": settings.OPERATOR, "created": WRITTEN}
        )
        pages = _Pages(book)
        if statement.is_side_by_side:
            left, right, *rest = statement.tables
            pages.add(statement, statement.title, _beside(left, right))
            for table in rest:
                pages.add(statement, table.title, table)
        else:
            for table in statement.tables:
                pages.add(statement, table.title, table)


class _Pages:
    """The sheets of one book and the forms its cells take."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.names: set[str] = set()
        self.forms: dict[tuple[str, bool, bool, int], Any] = {}
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.small = book.add_format({"font_size": 9, "font_color": "#4B5158"})
        self.head = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        )

    def add(self, statement: Statement, title: str, table: Table) -> None:
        """One sheet: head, column titles, lines."""
        sheet = self.book.add_worksheet(self._name(title))
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        widths = (max(9, 13 * column.share) for column in table.columns)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        line = 0
        for line, (text, form) in enumerate(_head(statement, title, self)):
            sheet.write_string(line, 0, text, form)
        line += 2
        for place, column in enumerate(table.columns):
            sheet.write_string(line, place, column.title, self.head)
        sheet.repeat_rows(line)
        sheet.freeze_panes(line + 1, 0)
        for row in table.rows:
            line += 1
            if line > MOST:
                raise NotInOneSheet
            self._row(sheet, line, table.columns, row)

    def _row(self, sheet: Any, line: int, columns: Sequence[Column], row: Row) -> None:
        for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
            level = row.level if place == 0 else 0
            form = self._form(column.kind, row, level)
            if cell is None:
                sheet.write_blank(line, place, None, form)
            elif isinstance(cell, datetime):
                moment = dates.in_shanghai(cell)
                sheet.write_string(line, place, f"{moment:%Y-%m-%d %H:%M:%S}", form)
            elif isinstance(cell, date):
                sheet.write_datetime(line, place, datetime(cell.year, cell.month, cell.day), form)  # noqa: DTZ001 - a day
            elif column.kind == "money" and isinstance(cell, int):
                sheet.write_number(line, place, Decimal(cell) / 100, form)
            elif isinstance(cell, int):
                sheet.write_number(line, place, cell, form)
            else:
                sheet.write_string(line, place, shown(cell, column.kind), form)

    def _form(self, kind: str, row: Row, level: int) -> Any:
        key = (kind, row.is_total, row.is_head, level)
        if key not in self.forms:
            wanted: dict[str, Any] = {"bold": row.is_total or row.is_head, "indent": level}
            if row.is_total:
                wanted["top"] = 1
            if kind in _NUMBERS:
                wanted["num_format"] = _NUMBERS[kind]
            self.forms[key] = self.book.add_format(wanted)
        return self.forms[key]

    def _name(self, title: str) -> str:
        """A name that the format takes, and no two sheets share."""
        plain = "".join(letter for letter in title if letter not in "[]:*?/\\'")[:28] or "1"
        name, number = plain, 1
        while name.casefold() in self.names:
            number += 1
            name = f"{plain} {number}"
        self.names.add(name.casefold())
        return name


def _head(statement: Statement, title: str, pages: _Pages) -> list[tuple[str, Any]]:
    lines = [(statement.title, pages.title)]
    if title != statement.title:
        lines.append((title, pages.head))
    lines += [
        (_("Prepared by: %(operator)s") % {"operator": settings.OPERATOR}, pages.small),
        (f"{statement.about}  |  {statement.book}  |  {_('Unit: yuan')}", pages.small),
    ]
    lines += [
        (
            f"{check.title}: {_('they agree') if check.is_right else _('they do not agree')}",
            pages.small,
        )
        for check in statement.checks
    ]
    return lines


def _beside(left: Table, right: Table) -> Table:
    """Two tables as one, line beside line, the shorter filled up."""
    rows = []
    ours, theirs = list(left.rows), list(right.rows)
    empty = Row(tuple([None] * len(left.columns))), Row(tuple([None] * len(right.columns)))
    length = max(len(ours), len(theirs))
    ours += [empty[0]] * (length - len(ours))
    theirs += [empty[1]] * (length - len(theirs))
    for one, other in zip(ours, theirs, strict=True):
        rows.append(
            Row(
                (*one.cells, *other.cells),
                level=one.level,
                is_total=one.is_total and other.is_total,
                is_head=one.is_head and other.is_head,
            )
        )
    return Table(left.title, (*left.columns, *right.columns), tuple(rows))
