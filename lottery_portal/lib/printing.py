"""What every paper (PDF) of the house has: letters of its own, in which none is lost, and its ink.

A paper carries its letters, so that an archive needs no others; the same words give the same bytes
(`invariant=1` of the library). Rare letters, of names above all, come from a second face. Where
neither has a letter, `UNSHOWN` stands for it with its Unicode number, and the foot of the page says
so. What stands on a paper, and where, is the business of its room.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.lib import textsplit
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle
from reportlab.platypus import paragraph as platypus_paragraph

LANGUAGE = "zh-hans"
FACE, RARE_FACE = "house", "house-rare"
_FILES = settings.BASE_DIR / "games" / "data" / "fonts"
FILE, RARE_FILE = _FILES / "wqy-microhei-subset.ttf", _FILES / "noto-sans-cjk-sc-rare.ttf"
UNSHOWN = "〓"
INK, INK2, LINE, CHOP = (HexColor(one) for one in (0x1B1F23, 0x4B5158, 0x8C867A, 0xB8321F))
FOOT = (22 * mm, 6 * mm)  # of the sentence about letters that no face has
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


@cache
def rare_letters() -> TTFont:
    """The second face, for letters that the first does not have."""
    face = TTFont(RARE_FACE, str(RARE_FILE))
    pdfmetrics.registerFont(face)
    ttfonts.makeToUnicodeCMap = _readable
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


class _Sheet(Canvas):  # type: ignore[misc]  # the library has no types
    """A canvas that says at the foot of a page what stands for letters no face has."""

    lacks_letters = False

    def showPage(self) -> None:  # noqa: N802 - the library's name
        if self.lacks_letters:
            self.saveState()
            self.setFont(FACE, 7)
            self.setFillColor(INK2)
            self.drawString(FOOT[0], FOOT[1], shown(_said_of_unshown()))
            self.restoreState()
        self.lacks_letters = False
        super().showPage()


class _Words(Paragraph):  # type: ignore[misc]  # the library has no types
    """A paragraph that tells its page of letters that no face has."""

    def draw(self) -> None:
        if UNSHOWN in self.getPlainText(identify=1):
            self.canv.lacks_letters = True
        super().draw()


def first_canvas(*args: Any, **kwargs: Any) -> Canvas:
    """A canvas that begins with letters of ours: a paper for the archive needs no others."""
    return _Sheet(*args, **kwargs | {"initialFontName": FACE})


def shown(text: str) -> str:
    """`text` for one line in the first face; a letter it lacks is written as its number, beside
    `UNSHOWN`, so that none is lost."""
    return "".join(_number(letter) if _face_of(letter) != FACE else letter for letter in text)


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """`text` as it is, marks of the library included; its lines stay lines, however they end.

    Each letter is drawn from the face that has it; one that none has, as `shown` does.
    """
    parts = []
    lines = "\n".join(text.replace("\t", " ").splitlines())
    for face, run in groupby(lines, key=_face_of):
        words = "".join(run)
        if not face:
            parts.append("".join(_number(letter) for letter in words))
        elif face == FACE:
            parts.append(words.translate(_ESCAPED).replace("\n", "<br/>"))
        else:
            parts.append(f'<font name="{face}">{words}</font>')
    return _Words("".join(parts), style)


def _face_of(letter: str) -> str:
    """The face that has this letter; "" is none."""
    if letter == "\n" or ord(letter) in letters().face.charToGlyph:
        return FACE
    return RARE_FACE if ord(letter) in rare_letters().face.charToGlyph else ""


def _number(letter: str) -> str:
    return f"{UNSHOWN}[U+{ord(letter):X}]"


def _said_of_unshown() -> str:
    return _(
        "%(sign)s stands for a letter that is not in the fonts of this paper. The Unicode number"
        " beside it says which letter is meant."
    ) % {"sign": UNSHOWN}


_AS_THE_LIBRARY = ttfonts.makeToUnicodeCMap


def _readable(name: str, subset: Sequence[int]) -> str:
    """The table by which letters are copied out of a paper: beyond U+FFFF as a pair, as PDF asks.

    The library writes those as five digits, and readers then find other letters.
    """
    table: str = _AS_THE_LIBRARY(name, subset)
    return re.sub(
        r"(?<=> <)[0-9A-F]{5,6}(?=>)",
        lambda found: chr(int(found[0], 16)).encode("utf-16-be").hex().upper(),
        table,
    )


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
    """Labels beside their values, `air` points above and below each; long ones go on overleaf."""
    cells = [[paragraph(name, label), paragraph(what, value)] for name, what in rows]
    table = Table(cells, colWidths=list(widths), hAlign="LEFT", splitInRow=1)
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
