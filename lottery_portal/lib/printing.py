"""What every paper (PDF) of the house has: letters of its own, in which none is lost, and its ink.

A paper carries its letters, so that an archive needs no others; the same words give the same bytes
(`invariant=1` of the library). What stands on it, and where, is the business of its room.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from reportlab.lib import textsplit
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle
from reportlab.platypus import paragraph as platypus_paragraph

LANGUAGE = "zh-hans"
FACE = "house"
FILE = settings.BASE_DIR / "games" / "data" / "fonts" / "wqy-microhei-subset.ttf"
INK, INK2, LINE, CHOP = (HexColor(one) for one in (0x1B1F23, 0x4B5158, 0x8C867A, 0xB8321F))
PADDING = 6  # of the frame that the library puts the text into
# The library keeps the marks of Japanese from the beginning of a line; these are the Chinese ones.
NEVER_FIRST = "，：；！？》〉”’…—·"
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@cache
def letters() -> TTFont:
    """The letters, read once a process. Whoever renders a paper asks for them first."""
    face = TTFont(FACE, str(FILE))
    pdfmetrics.registerFont(face)
    textsplit.ALL_CANNOT_START += NEVER_FIRST
    platypus_paragraph.ALL_CANNOT_START = textsplit.ALL_CANNOT_START
    return face


def body(name: str, *, size: float, leading: float) -> ParagraphStyle:
    """The style of running text, of which the others of a paper are made."""
    return ParagraphStyle(
        name,
        fontName=FACE,
        bulletFontName=FACE,
        fontSize=size,
        leading=leading,
        textColor=INK,
        wordWrap="CJK",
    )


def first_canvas(*args: Any, **kwargs: Any) -> Canvas:
    """A canvas that begins with letters of ours: a paper for the archive needs no others."""
    return Canvas(*args, **kwargs | {"initialFontName": FACE})


def shown(text: str) -> str:
    """`text` with every letter that the face lacks written as its number, so that none is lost."""
    known = letters().face.charToGlyph
    return "".join(
        letter if letter == "\n" or ord(letter) in known else f"[U+{ord(letter):X}]"
        for letter in text
    )


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """`text` as it is, marks of the library included; its lines stay lines."""
    return Paragraph(shown(text).translate(_ESCAPED).replace("\n", "<br/>"), style)


def groups(digest: str) -> str:
    """A digest in groups of eight, as people compare it."""
    return " ".join(digest[place : place + 8] for place in range(0, len(digest), 8))


def pairs(
    rows: Sequence[tuple[str, str]],
    *,
    label: ParagraphStyle,
    value: ParagraphStyle,
    widths: tuple[float, float],
    air: float,
) -> Table:
    """Labels beside their values, `air` points above and below each."""
    cells = [[paragraph(name, label), paragraph(what, value)] for name, what in rows]
    table = Table(cells, colWidths=list(widths), hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), FACE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), air),
                ("BOTTOMPADDING", (0, 0), (-1, -1), air),
            ]
        )
    )
    return table
