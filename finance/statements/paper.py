"""A statement on paper: a PDF that carries its own letters, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from lottery_portal.lib import printing

from . import layout
from .layout import Column, Row, Statement, Table

MARGIN = 15 * mm
LEADING = 11.5  # from line to line
CLOSE_SET = 10.2  # of the lines of tables that stand side by side: air above the words, not below
WIDE = 4  # columns that stand upright; more lie
MOST = 5000  # lines of a paper; what is longer is read as a sheet

BODY = printing.body("statement-body", size=8.5, leading=LEADING)
_RIGHT = ParagraphStyle("statement-right", parent=BODY, alignment=2)
SMALL = ParagraphStyle(
    "statement-small", parent=BODY, fontSize=8, leading=11, textColor=printing.INK2
)
_SMALL_RIGHT = ParagraphStyle("statement-small-right", parent=SMALL, alignment=2)
TITLE = ParagraphStyle("statement-title", parent=BODY, fontSize=17, leading=24, alignment=1)
_HEAD = ParagraphStyle(
    "statement-head", parent=BODY, fontSize=11, leading=15, spaceBefore=8, spaceAfter=3
)


def render(statement: Statement) -> bytes:
    """The statement as a PDF, in the language it was made in."""
    printing.letters()
    lies = statement.is_side_by_side or any(len(t.columns) > WIDE for t in statement.tables)
    size = landscape(A4) if lies else A4
    said = layout.digest(statement)
    paper = BytesIO()
    document = SimpleDocTemplate(
        paper,
        pagesize=size,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=12 * mm,
        bottomMargin=17 * mm,
        title=f"{statement.title} {statement.about}",
        author=settings.OPERATOR,
        subject=said,
        invariant=1,
    )

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.saveState()
        canvas.setStrokeColor(printing.LINE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, 15 * mm, size[0] - MARGIN, 15 * mm)
        canvas.setFont(printing.FACE, 7.5)
        canvas.setFillColor(printing.INK2)
        canvas.drawString(MARGIN, 11 * mm, printing.shown(f"SHA-256 {said}"))
        page = _("page %(page)s") % {"page": canvas.getPageNumber()}
        canvas.drawRightString(size[0] - MARGIN, 11 * mm, printing.shown(page))
        canvas.restoreState()

    document.build(
        _story(statement, size[0] - 2 * MARGIN - 2 * printing.PADDING),
        onFirstPage=foot,
        onLaterPages=foot,
        canvasmaker=printing.first_canvas,
    )
    return paper.getvalue()


def _story(statement: Statement, width: float) -> list[Flowable]:
    story: list[Flowable] = [
        printing.paragraph(statement.title, TITLE),
        _facts(statement, width),
        Spacer(1, 4),
    ]
    tables = list(statement.tables)
    if statement.is_side_by_side:
        left, right, *tables = tables
        story.append(_beside(left, right, width))
    for table in tables:
        if table.title != statement.title:
            story.append(printing.paragraph(table.title, _HEAD))
        story.append(_grid(table, width))
    story.append(Spacer(1, 6))
    for check in statement.checks:
        agrees = _("they agree") if check.is_right else _("they do not agree")
        said = _("%(what)s: %(word)s") % {"what": check.title, "word": agrees}
        style = (
            SMALL
            if check.is_right
            else ParagraphStyle("wrong", parent=SMALL, textColor=printing.CHOP)
        )
        story.append(printing.paragraph(said, style))
    story += [printing.paragraph(text, SMALL) for text in statement.notes]
    if statement.is_signed:
        story += [Spacer(1, 10), _hands(width)]
    return story


def _facts(statement: Statement, width: float) -> Grid:
    """Who reports, about when, in which unit."""
    prepared = _("Prepared by: %(operator)s") % {"operator": settings.OPERATOR}
    cells = [
        printing.paragraph(prepared, SMALL),
        printing.paragraph(
            f"{statement.about}  |  {statement.book}",
            ParagraphStyle("m", parent=SMALL, alignment=1),
        ),
        printing.paragraph(_("Unit: yuan"), _SMALL_RIGHT),
    ]
    return _plain([cells], [width * share for share in (0.32, 0.36, 0.32)])


def _hands(width: float) -> Grid:
    """Where those who answer for it sign."""
    posts = (_("Drawn up by"), _("Checked by"), _("Head of accounting"))
    hands = [printing.paragraph(_("%(what)s:") % {"what": post}, SMALL) for post in posts]
    return _plain([hands], [width / 3] * 3)


def _plain(rows: Sequence[Sequence[Flowable]], widths: Sequence[float]) -> Grid:
    grid = Grid(rows, colWidths=list(widths), hAlign="LEFT")
    grid.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return grid


def _grid(table: Table, width: float) -> Grid:
    rows = list(table.rows)
    shares = [column.share for column in table.columns]
    cells: list[list[Flowable]] = [_titles(table.columns)]
    style: list[tuple[Any, ...]] = [
        ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, printing.LINE),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, printing.LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    for place, row in enumerate(rows, start=1):
        cells.append(_cells(table.columns, row))
        if row.is_total:
            style.append(("LINEABOVE", (0, place), (-1, place), 0.8, printing.INK2))
    grid = Grid(
        cells,
        colWidths=[width * share / sum(shares) for share in shares],
        hAlign="LEFT",
        repeatRows=1,
    )
    grid.setStyle(TableStyle(style))
    return grid


def _beside(left: Table, right: Table, width: float) -> Grid:
    """Two tables line beside line, so that both go on to the next paper where they must."""
    gap = 6 * mm
    half = (width - gap) / 2
    sides = [(left.columns, list(left.rows)), (right.columns, list(right.rows))]
    lines = max(len(rows) for _columns, rows in sides) + 1
    cells: list[list[Any]] = [[] for _line in range(lines)]
    widths: list[float] = []
    style: list[tuple[Any, ...]] = [
        ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
        ("LEADING", (0, 0), (-1, -1), CLOSE_SET),  # of the empty side too
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 0.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0.8),
    ]
    for columns, rows in sides:
        if widths:
            widths.append(gap)
            for line in cells:
                line.append("")
        first, last = len(widths), len(widths) + len(columns) - 1
        shares = [column.share for column in columns]
        widths += [half * share / sum(shares) for share in shares]
        cells[0] += _titles(columns)
        style.append(("LINEBELOW", (first, 0), (last, 0), 0.8, printing.LINE))
        for place in range(1, lines):
            row = rows[place - 1] if place <= len(rows) else None
            cells[place] += _cells(columns, row, leading=CLOSE_SET) if row else [""] * len(columns)
            if row:
                style.append(("LINEBELOW", (first, place), (last, place), 0.25, printing.LINE))
            if row and row.is_total:
                style.append(("LINEABOVE", (first, place), (last, place), 0.8, printing.INK2))
    grid = Grid(cells, colWidths=widths, hAlign="LEFT", repeatRows=1)
    grid.setStyle(TableStyle(style))
    return grid


def _titles(columns: Sequence[Column]) -> list[Flowable]:
    return [
        printing.paragraph(column.title, _SMALL_RIGHT if column.is_number else SMALL)
        for column in columns
    ]


def _cells(columns: Sequence[Column], row: Row, *, leading: float = LEADING) -> list[Flowable]:
    found: list[Flowable] = []
    for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
        text = layout.shown(cell, column.kind)
        level = row.level if place == 0 else 0
        style = _style(level, leading, is_number=column.is_number)
        found.append(printing.paragraph(text, style))
    return found


@cache
def _style(level: int, leading: float, *, is_number: bool) -> ParagraphStyle:
    """Figures stand to the right, words further in the deeper their line lies."""
    name = f"statement-body-{level}-{leading}-{is_number}"
    if is_number:
        return ParagraphStyle(name, parent=_RIGHT, leading=leading)
    return ParagraphStyle(name, parent=BODY, leading=leading, leftIndent=9 * level)
