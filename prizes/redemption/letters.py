"""The decision on an extension as a letter on paper: a PDF in Chinese, the same bytes every time.

It prints what was decided and why, and the digest of the text that stands in the database (F276).
"""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from lottery_portal.lib import codes, dates
from lottery_portal.lib.money import with_unit
from prizes.deadline_models import ExtensionLetter

LANGUAGE = "zh-hans"
FACE = "letter"
FILE = settings.BASE_DIR / "games" / "data" / "fonts" / "wqy-microhei-subset.ttf"
INK, INK2, LINE = (HexColor(one) for one in (0x1B1F23, 0x4B5158, 0x8C867A))
MARGIN, WIDTH = 22 * mm, A4[0] - 44 * mm
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_BODY = ParagraphStyle(
    "letter-body",
    fontName=FACE,
    bulletFontName=FACE,
    fontSize=10.5,
    leading=17,
    textColor=INK,
    wordWrap="CJK",
)
_SMALL = ParagraphStyle("letter-small", parent=_BODY, fontSize=8.5, leading=12, textColor=INK2)
_TITLE = ParagraphStyle("letter-title", parent=_BODY, fontSize=18, leading=26, alignment=1)
_NUMBER = ParagraphStyle("letter-number", parent=_BODY, alignment=1, spaceAfter=10)
_HEAD = ParagraphStyle("letter-head", parent=_BODY, fontSize=12, leading=18, spaceBefore=10)
_RIGHT = ParagraphStyle("letter-right", parent=_BODY, alignment=2)


def number_of(letter: ExtensionLetter) -> str:
    """What a letter is called: 延期兑奖决定〔2026〕1号."""
    return _("Decision on an extension, %(year)s no. %(number)s") % {
        "year": letter.year,
        "number": letter.number,
    }


def file_name(letter: ExtensionLetter) -> str:
    """What the file is called."""
    return f"extension-{letter.year}-{letter.number}.pdf"


def render(letter: ExtensionLetter) -> bytes:
    """The letter as a PDF; the same row and the same words give the same bytes."""
    _face()
    with override(LANGUAGE):
        return _render(letter)


@cache
def _face() -> TTFont:
    """The letters, read once a process."""
    face = TTFont(FACE, str(FILE))
    pdfmetrics.registerFont(face)
    return face


def _render(letter: ExtensionLetter) -> bytes:
    paper = BytesIO()
    document = SimpleDocTemplate(
        paper,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=24 * mm,
        bottomMargin=24 * mm,
        title=number_of(letter),
        author=settings.OPERATOR,
        subject=letter.digest,
        invariant=1,
    )

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, 18 * mm, A4[0] - MARGIN, 18 * mm)
        canvas.setFont(FACE, 7.5)
        canvas.setFillColor(INK2)
        canvas.drawString(MARGIN, 14 * mm, f"SHA-256 {letter.digest}")
        canvas.restoreState()

    document.build(_story(letter), onFirstPage=foot, onLaterPages=foot, canvasmaker=_canvas)
    return paper.getvalue()


def _canvas(*args: Any, **kwargs: Any) -> Canvas:
    """A canvas that begins with letters of ours: a paper for the archive needs no others."""
    return Canvas(*args, **kwargs | {"initialFontName": FACE})


def _story(letter: ExtensionLetter) -> list[Flowable]:
    said = json.loads(letter.body)
    decided = (
        _("The extension is granted. The prize can be claimed until %(day)s, 23:59:59.")
        if said["is_granted"]
        else _("The extension is not granted. The prize can be claimed until %(day)s, 23:59:59.")
    ) % {"day": _day(said["until_on"] or said["last_day"])}
    return [
        _paragraph(_("Decision on an extension of the time for claiming a prize"), _TITLE),
        _paragraph(number_of(letter), _NUMBER),
        _pairs(
            [
                (_("Game and draw"), f"{_(said['game'])} {said['issue']}"),
                (_("Ticket"), codes.shown(said["ticket"])),
                (_("Prize"), with_unit(said["prize_fen"])),
                (_("Asked for at"), _moment(said["asked_at"])),
                (_("Obstacle"), said["obstacle"]),
                (_("End of the obstacle"), _day(said["obstacle_ended_on"])),
                (_("Evidence"), said["evidence"]),
                (_("SHA-256 of the evidence"), _groups(said["evidence_digest"])),
                (_("Last day so far"), _day(said["last_day"])),
            ]
        ),
        _paragraph(_("Decision"), _HEAD),
        _paragraph(decided, _BODY),
        _paragraph(_("Reasons"), _HEAD),
        _paragraph(said["reason"], _BODY),
        Spacer(1, 16),
        _paragraph(settings.OPERATOR, _RIGHT),
        _paragraph(_day(said["decided_on"]), _RIGHT),
        Spacer(1, 10),
        _paragraph(
            _("Two people agreed to this decision, approval %(code)s.")
            % {"code": codes.shown(said["approval"])},
            _SMALL,
        ),
        _paragraph(
            _("Whoever does not agree may object at the prize centre or the regulator."), _SMALL
        ),
    ]


def _day(text: str) -> str:
    return dates.written(date.fromisoformat(text), "year_weekday")


def _moment(text: str) -> str:
    return dates.written(datetime.fromisoformat(text), "full")


def _groups(digest: str) -> str:
    return " ".join(digest[place : place + 8] for place in range(0, len(digest), 8))


def _shown(text: str) -> str:
    """`text` with every letter that the face lacks written as its number, so that none is lost."""
    known = _face().face.charToGlyph
    return "".join(
        letter if letter == "\n" or ord(letter) in known else f"[U+{ord(letter):X}]"
        for letter in text
    )


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_shown(text).translate(_ESCAPED).replace("\n", "<br/>"), style)


def _pairs(pairs: list[tuple[str, str]]) -> Table:
    rows = [[_paragraph(name, _SMALL), _paragraph(value, _BODY)] for name, value in pairs]
    table = Table(rows, colWidths=[WIDTH * 0.24, WIDTH * 0.76], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), FACE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table
