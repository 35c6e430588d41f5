"""The decision on an extension as a letter on paper: a PDF in Chinese, the same bytes every time.

It prints what was decided and why, and the digest of the text that stands in the database (F276).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, SimpleDocTemplate, Spacer, Table

from lottery_portal.lib import codes, dates, printing
from lottery_portal.lib.money import with_unit
from prizes.deadline_models import ExtensionLetter

MARGIN, WIDTH = 22 * mm, A4[0] - 44 * mm

_BODY = printing.body("letter-body", size=10.5, leading=17)
_SMALL = ParagraphStyle(
    "letter-small", parent=_BODY, fontSize=8.5, leading=12, textColor=printing.INK2
)
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
    printing.letters()
    with override(printing.LANGUAGE):
        return _render(letter)


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
        canvas.setStrokeColor(printing.LINE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, 18 * mm, A4[0] - MARGIN, 18 * mm)
        canvas.setFont(printing.FACE, 7.5)
        canvas.setFillColor(printing.INK2)
        named = f"{number_of(letter)}  SHA-256 {letter.digest}"
        canvas.drawString(MARGIN, 14 * mm, printing.shown(named))
        canvas.restoreState()

    document.build(
        _story(letter), onFirstPage=foot, onLaterPages=foot, canvasmaker=printing.first_canvas
    )
    return paper.getvalue()


def _story(letter: ExtensionLetter) -> list[Flowable]:
    said = json.loads(letter.body)
    decided = (
        _("The extension is granted. The prize can be claimed until %(day)s, 23:59:59.")
        if said["is_granted"]
        else _("The extension is not granted. The prize can be claimed until %(day)s, 23:59:59.")
    ) % {"day": _day(said["until_on"] or said["last_day"])}
    return [
        printing.paragraph(_("Decision on an extension of the time for claiming a prize"), _TITLE),
        printing.paragraph(number_of(letter), _NUMBER),
        _pairs(
            [
                (_("Game and draw"), f"{_(said['game'])} {said['issue']}"),
                (_("Ticket"), codes.shown(said["ticket"])),
                (_("Prize"), with_unit(said["prize_fen"])),
                (_("Asked for at"), _moment(said["asked_at"])),
                (_("Obstacle"), said["obstacle"]),
                (_("End of the obstacle"), _day(said["obstacle_ended_on"])),
                (_("Evidence"), said["evidence"]),
                (_("SHA-256 of the evidence"), _two_lines(said["evidence_digest"])),
                (_("Last day so far"), _day(said["last_day"])),
            ]
        ),
        printing.paragraph(_("Decision"), _HEAD),
        printing.paragraph(decided, _BODY),
        printing.paragraph(_("Reasons"), _HEAD),
        printing.paragraph(said["reason"], _BODY),
        Spacer(1, 16),
        KeepTogether(_close(said)),
    ]


def _close(said: Mapping[str, Any]) -> list[Flowable]:
    """Who decided and when, and what can be done about it: never alone on another page."""
    return [
        printing.paragraph(settings.OPERATOR, _RIGHT),
        printing.paragraph(_day(said["decided_on"]), _RIGHT),
        Spacer(1, 10),
        printing.paragraph(
            _("Two people agreed to this decision, approval %(code)s.")
            % {"code": codes.shown(said["approval"])},
            _SMALL,
        ),
        printing.paragraph(
            _("Whoever does not agree may object at the prize centre or the regulator."), _SMALL
        ),
    ]


def _two_lines(digest: str) -> str:
    half = len(digest) // 2
    return f"{printing.groups(digest[:half])}\n{printing.groups(digest[half:])}"


def _day(text: str) -> str:
    return dates.written(date.fromisoformat(text), "year_weekday")


def _moment(text: str) -> str:
    return dates.written(datetime.fromisoformat(text), "full")


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    widths = (WIDTH * 0.24, WIDTH * 0.76)
    return printing.pairs(rows, label=_SMALL, value=_BODY, widths=widths, air=2)
