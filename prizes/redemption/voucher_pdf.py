"""Vouchers and signed confirmations on paper: PDFs with their own letters, the same each time.

A voucher is in Chinese and says on every paper which copy it is, and whether it is the original; a
confirmation is in the language in which it was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from finance import account_words
from lottery_portal.lib import codes, dates
from lottery_portal.lib.money import yuan
from prizes.claim_models import Claim
from prizes.voucher_models import VoucherPaper

LANGUAGE = "zh-hans"
FACE = "voucher"
FILE = settings.BASE_DIR / "games" / "data" / "fonts" / "wqy-microhei-subset.ttf"
INK, INK2, LINE, CHOP = (HexColor(one) for one in (0x1B1F23, 0x4B5158, 0x8C867A, 0xB8321F))
MARGIN, PADDING = 22 * mm, 6  # of the page, and of the frame that the library puts the text into
LEFT, RIGHT = MARGIN + PADDING, A4[0] - MARGIN - PADDING
WIDTH = RIGHT - LEFT
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_BODY = ParagraphStyle(
    "voucher-body",
    fontName=FACE,
    bulletFontName=FACE,
    fontSize=10.5,
    leading=16,
    textColor=INK,
    wordWrap="CJK",
)
_WORDS = ParagraphStyle("voucher-words", parent=_BODY, wordWrap=None)  # breaks between words
_SMALL = ParagraphStyle("voucher-small", parent=_BODY, fontSize=8.5, leading=12, textColor=INK2)
_TITLE = ParagraphStyle("voucher-title", parent=_BODY, fontSize=18, leading=26, alignment=1)
_NUMBER = ParagraphStyle("voucher-number", parent=_BODY, alignment=1, spaceAfter=4)
_MARK = ParagraphStyle("voucher-mark", parent=_BODY, fontSize=12, alignment=1, textColor=CHOP)
_RIGHT = ParagraphStyle("voucher-right", parent=_BODY, alignment=2)
_NET = ParagraphStyle("voucher-net", parent=_RIGHT, fontSize=13, leading=18)
_RIGHT_SMALL = ParagraphStyle("voucher-right-small", parent=_SMALL, alignment=2)


def render(
    facts: Mapping[str, Any],
    *,
    title: Callable[[Any], str],
    voucher: Any,
    part: VoucherPaper.Part,
    paper: int,
    digest: str,
) -> bytes:
    """A paper of a part of a voucher; from the second on it is marked as a duplicate."""
    with override(LANGUAGE):
        name = title(voucher)
        story = [
            _paragraph(_("Prize voucher"), _TITLE),
            _paragraph(name, _NUMBER),
            _paragraph(_copy(part, paper), _NUMBER if paper == 1 else _MARK),
            Spacer(1, 8),
            _pairs(_told(facts)),
            Spacer(1, 8),
            _figures(facts),
            Spacer(1, 10),
            _paragraph(
                _("This prize is settled by this payment. It is paid once and not again."), _SMALL
            ),
            Spacer(1, 34),
            _hands(),
        ]
        return _built(story, title=name, digest=digest)


def render_confirmation(text: str, *, language: str, digest: str, signed_at: datetime) -> bytes:
    """What a winner signed, line by line as he read it, and the digest of the text."""
    with override(language):
        first, *lines = text.splitlines()
        style = _BODY if dates.is_chinese() else _WORDS
        story: list[Flowable] = [_paragraph(first, _TITLE), Spacer(1, 10)]
        for line in lines:
            story += [_paragraph(line, style), Spacer(1, 3)]
        story += [
            Spacer(1, 14),
            _paragraph(
                _("Signed by the winner at %(at)s.") % {"at": dates.written(signed_at, "full")},
                style,
            ),
            Spacer(1, 6),
            _paragraph(_("SHA-256 of the text that was signed (UTF-8)"), _SMALL),
            _paragraph(_groups(digest), _BODY),
        ]
        return _built(story, title=first, digest=digest)


def _built(story: list[Flowable], *, title: str, digest: str) -> bytes:
    _face()
    paper = BytesIO()
    document = SimpleDocTemplate(
        paper,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=22 * mm,
        bottomMargin=26 * mm,
        title=title,
        author=settings.OPERATOR,
        subject=digest,
        invariant=1,
    )

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.line(LEFT, 19 * mm, RIGHT, 19 * mm)
        canvas.setFont(FACE, 7.5)
        canvas.setFillColor(INK2)
        canvas.drawString(LEFT, 15 * mm, _shown(settings.OPERATOR))
        canvas.drawString(LEFT, 11 * mm, f"SHA-256 {digest}")
        canvas.restoreState()

    document.build(story, onFirstPage=foot, onLaterPages=foot, canvasmaker=_canvas)
    return paper.getvalue()


@cache
def _face() -> TTFont:
    """The letters, read once a process."""
    face = TTFont(FACE, str(FILE))
    pdfmetrics.registerFont(face)
    return face


def _canvas(*args: Any, **kwargs: Any) -> Canvas:
    """A canvas that begins with letters of ours: a paper for the archive needs no others."""
    return Canvas(*args, **kwargs | {"initialFontName": FACE})


def _copy(part: VoucherPaper.Part, paper: int) -> str:
    if paper == 1:
        return str(part.label)
    return _("%(part)s, duplicate no. %(number)s") % {"part": part.label, "number": paper - 1}


def _told(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Everything but the money, by name."""
    return [
        (_("Game and draw"), f"{account_words.game(facts['game'])} {facts['issue']}"),
        (_("Ticket"), codes.shown(facts["ticket"])),
        *((pgettext("of a ticket", "Bet"), _bet(bet)) for bet in facts["bets"]),
        (_("Winning numbers"), facts["drawn"]),
        (_("Claim"), codes.shown(facts["claim"])),
        (pgettext("of a prize", "Paid by"), str(Claim.Method(facts["method"]).label)),
        *([(_("Payee"), codes.shown(facts["payee"]))] if facts["payee"] else []),
        (_("Place of payment"), _place(facts)),
        (_("Date of payment"), dates.written(facts["paid_at"], "full")),
    ]


def _bet(bet: Mapping[str, Any]) -> str:
    times = f" × {bet['multiplier']}" if bet["multiplier"] > 1 else ""
    return f"{bet['numbers']}{times}"


def _place(facts: Mapping[str, Any]) -> str:
    if facts["way"] == Claim.Way.OUTLET:
        return _("Outlet %(code)s") % {"code": facts["outlet"]}
    where = _("Prize centre of %(operator)s") % {"operator": settings.OPERATOR}
    if facts["way"] == Claim.Way.REMOTE:
        return _("%(centre)s, claimed from afar") % {"centre": where}
    return where


def _figures(facts: Mapping[str, Any]) -> Table:
    """Prize, tax and what was paid out, in yuan."""
    rows = [
        [_paragraph(_("Item"), _SMALL), _paragraph(_("Amount (yuan)"), _RIGHT_SMALL)],
        [_paragraph(_("Prize"), _BODY), _paragraph(yuan(facts["amount_fen"]), _RIGHT)],
        [_paragraph(_("Tax withheld"), _BODY), _paragraph(yuan(facts["tax_fen"]), _RIGHT)],
        [
            _paragraph(pgettext("of a prize", "Paid out"), _BODY),
            _paragraph(yuan(facts["net_fen"]), _NET),
        ],
    ]
    table = Table(rows, colWidths=[WIDTH * 0.5, WIDTH * 0.5], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), FACE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, LINE),
                ("LINEABOVE", (0, 3), (-1, 3), 0.8, INK2),
                ("LINEBELOW", (0, 3), (-1, 3), 0.8, INK2),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def _hands() -> Table:
    """Where those sign who have the paper before them."""
    words = (_("Winner"), _("Checked by"), _("Paid out by"), _("Stamp"))
    cells = [_paragraph(_("%(what)s:") % {"what": word}, _SMALL) for word in words]
    table = Table([cells], colWidths=[WIDTH / 4] * 4, hAlign="LEFT")
    table.setStyle(
        TableStyle([("FONTNAME", (0, 0), (-1, -1), FACE), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    )
    return table


def _pairs(pairs: Sequence[tuple[str, str]]) -> Table:
    rows = [[_paragraph(name, _SMALL), _paragraph(value, _BODY)] for name, value in pairs]
    table = Table(rows, colWidths=[WIDTH * 0.22, WIDTH * 0.78], hAlign="LEFT")
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
