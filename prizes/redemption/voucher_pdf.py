"""Vouchers and signed confirmations on paper: PDFs with their own letters, the same each time.

A voucher is in Chinese and says on every paper which copy it is, and whether it is the original; a
confirmation is in the language in which it was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table, TableStyle

from finance import account_words
from lottery_portal.lib import codes, dates, printing
from lottery_portal.lib.money import yuan
from prizes.claim_models import Claim
from prizes.voucher_models import VoucherPaper

MARGIN = 22 * mm
LEFT, RIGHT = MARGIN + printing.PADDING, A4[0] - MARGIN - printing.PADDING
WIDTH = RIGHT - LEFT

_BODY = printing.body("voucher-body", size=10.5, leading=16)
_WORDS = ParagraphStyle("voucher-words", parent=_BODY, wordWrap=None)  # breaks between words
_SMALL = ParagraphStyle(
    "voucher-small", parent=_BODY, fontSize=8.5, leading=12, textColor=printing.INK2
)
_TITLE = ParagraphStyle("voucher-title", parent=_BODY, fontSize=18, leading=26, alignment=1)
_NUMBER = ParagraphStyle("voucher-number", parent=_BODY, alignment=1, spaceAfter=4)
_MARK = ParagraphStyle(
    "voucher-mark", parent=_BODY, fontSize=12, alignment=1, textColor=printing.CHOP
)
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
    with override(printing.LANGUAGE):
        name = title(voucher)
        story = [
            printing.paragraph(_("Prize voucher"), _TITLE),
            printing.paragraph(name, _NUMBER),
            printing.paragraph(_copy(part, paper), _NUMBER if paper == 1 else _MARK),
            Spacer(1, 8),
            _pairs(_told(facts)),
            Spacer(1, 8),
            _figures(facts),
            Spacer(1, 10),
            printing.paragraph(
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
        story: list[Flowable] = [printing.paragraph(first, _TITLE), Spacer(1, 10)]
        for line in lines:
            story += [printing.paragraph(line, style), Spacer(1, 3)]
        story += [
            Spacer(1, 14),
            printing.paragraph(
                _("Signed by the winner at %(at)s.") % {"at": dates.written(signed_at, "full")},
                style,
            ),
            Spacer(1, 6),
            printing.paragraph(_("SHA-256 of the text that was signed (UTF-8)"), _SMALL),
            printing.paragraph(printing.groups(digest), _BODY),
        ]
        return _built(story, title=first, digest=digest)


def _built(story: list[Flowable], *, title: str, digest: str) -> bytes:
    printing.letters()
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
        canvas.setStrokeColor(printing.LINE)
        canvas.setLineWidth(0.5)
        canvas.line(LEFT, 19 * mm, RIGHT, 19 * mm)
        canvas.setFont(printing.FACE, 7.5)
        canvas.setFillColor(printing.INK2)
        canvas.drawString(LEFT, 15 * mm, printing.shown(settings.OPERATOR))
        canvas.drawString(LEFT, 11 * mm, f"SHA-256 {digest}")
        canvas.restoreState()

    document.build(story, onFirstPage=foot, onLaterPages=foot, canvasmaker=printing.first_canvas)
    return paper.getvalue()


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
        *_paid_to(facts),
        (_("Place of payment"), _place(facts)),
        (_("Date of payment"), dates.written(facts["paid_at"], "full")),
    ]


def _paid_to(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Which account it went to, or out of which desk the notes were counted."""
    if not facts["payee"]:
        return []
    is_cash = facts["method"] == Claim.Method.CASH
    return [(_("Cash desk") if is_cash else _("Payee"), codes.shown(facts["payee"]))]


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
        [
            printing.paragraph(_("Item"), _SMALL),
            printing.paragraph(_("Amount (yuan)"), _RIGHT_SMALL),
        ],
        [
            printing.paragraph(_("Prize"), _BODY),
            printing.paragraph(yuan(facts["amount_fen"]), _RIGHT),
        ],
        [
            printing.paragraph(_("Tax withheld"), _BODY),
            printing.paragraph(yuan(facts["tax_fen"]), _RIGHT),
        ],
        [
            printing.paragraph(pgettext("of a prize", "Paid out"), _BODY),
            printing.paragraph(yuan(facts["net_fen"]), _NET),
        ],
    ]
    table = Table(rows, colWidths=[WIDTH * 0.5, WIDTH * 0.5], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, printing.LINE),
                ("LINEABOVE", (0, 3), (-1, 3), 0.8, printing.INK2),
                ("LINEBELOW", (0, 3), (-1, 3), 0.8, printing.INK2),
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
    cells = [printing.paragraph(_("%(what)s:") % {"what": word}, _SMALL) for word in words]
    table = Table([cells], colWidths=[WIDTH / 4] * 4, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [("FONTNAME", (0, 0), (-1, -1), printing.FACE), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
        )
    )
    return table


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    widths = (WIDTH * 0.22, WIDTH * 0.78)
    return printing.pairs(rows, label=_SMALL, value=_BODY, widths=widths, air=2)
