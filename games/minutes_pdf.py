"""Draw minutes on paper: a PDF in Chinese that carries its own letters, the same bytes every time.

It prints the root under which the tickets were sealed before the draw (N03), so that a paper which
witnesses take home holds it too, and the digest of the text that was signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from lottery_portal.lib import dates, printing
from lottery_portal.lib.money import yuan

from . import minutes as books
from . import rules, words
from .models import Draw, DrawMinutes

RED, BLUE = HexColor(0xC4202B), HexColor(0x1D5BB5)
MARGIN, WIDTH = 20 * mm, A4[0] - 40 * mm

_BODY = printing.body("body", size=9.5, leading=14)
_SMALL = ParagraphStyle("small", parent=_BODY, fontSize=8, leading=11, textColor=printing.INK2)
_TITLE = ParagraphStyle("title", parent=_BODY, fontSize=17, leading=24, spaceAfter=2)
_HEAD = ParagraphStyle("head", parent=_BODY, fontSize=11.5, leading=16, spaceBefore=9, spaceAfter=3)
_HASH = ParagraphStyle("hash", parent=_BODY, fontSize=10.5, leading=15)


class Balls(Flowable):  # type: ignore[misc]  # the library has no types
    """Balls in a row, in the order they came; zones are parted by a line."""

    size = 7.5 * mm

    def __init__(self, zones: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.zones = zones

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """A row of one ball's height."""
        return width, self.size + 2

    def draw(self) -> None:
        """Red balls, a thin line, blue balls."""
        canvas, step, x = self.canv, self.size + 2.5 * mm, 0.0
        for place, zone in enumerate(self.zones):
            if place:
                canvas.setStrokeColor(printing.LINE)
                canvas.line(x - 0.4 * mm, 0, x - 0.4 * mm, self.size)
                x += 2 * mm
            for number in zone:
                canvas.setFillColor(BLUE if place else RED)
                canvas.circle(x + self.size / 2, self.size / 2, self.size / 2, stroke=0, fill=1)
                canvas.setFillColor(HexColor(0xFFFFFF))
                canvas.setFont(printing.FACE, 10)
                canvas.drawCentredString(x + self.size / 2, self.size / 2 - 3.5, f"{number:02d}")
                x += step


def render(made: DrawMinutes) -> bytes:
    """The edition as a PDF; the same rows and the same words give the same bytes."""
    printing.letters()
    with override(printing.LANGUAGE):
        return _render(made)


def file_name(made: DrawMinutes) -> str:
    """What the file is called."""
    return f"{made.draw.code}-minutes-{made.edition}.pdf"


def _render(made: DrawMinutes) -> bytes:
    told = books.text_of(made)
    draw = made.draw
    paper = BytesIO()
    document = SimpleDocTemplate(
        paper,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=18 * mm,
        bottomMargin=24 * mm,
        title=_("Draw minutes %(draw)s") % {"draw": draw.code},
        author=settings.OPERATOR,
        subject=made.digest,
        invariant=1,
    )

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.saveState()
        canvas.setStrokeColor(printing.LINE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, 18 * mm, A4[0] - MARGIN, 18 * mm)
        canvas.setFont(printing.FACE, 7.5)
        canvas.setFillColor(printing.INK2)
        canvas.drawString(MARGIN, 14 * mm, printing.shown(settings.OPERATOR))
        page = _("Draw %(draw)s, page %(page)s") % {
            "draw": draw.code,
            "page": canvas.getPageNumber(),
        }
        canvas.drawRightString(A4[0] - MARGIN, 14 * mm, page)
        canvas.drawString(MARGIN, 10 * mm, f"SHA-256 {made.digest}")
        canvas.restoreState()

    document.build(
        _story(made, draw, told),
        onFirstPage=foot,
        onLaterPages=foot,
        canvasmaker=printing.first_canvas,
    )
    return paper.getvalue()


def _story(made: DrawMinutes, draw: Draw, told: dict[str, Any]) -> list[Flowable]:
    story: list[Flowable] = [
        _paragraph(
            _("Minutes of the drawing: %(draw)s") % {"draw": words.draw(draw)}, style=_TITLE
        ),
        _paragraph(_edition(told), style=_SMALL),
    ]
    if books.signature_of(made) is None:
        story.append(
            _paragraph(_("Not signed: this is a draft."), style=_SMALL, color=printing.CHOP)
        )
    story += _section(_("The drawing"), [_pairs(_drawing(told))])
    story += _section(
        _("Balls in the order drawn"),
        [
            Balls(told["drawn"]),
            Spacer(1, 3),
            _paragraph(
                _("Winning numbers: %(numbers)s") % {"numbers": books.spelt(told["numbers"])}
            ),
        ],
    )
    story += _section(_("Sealed before the draw"), _seal(told))
    story += _section(_("Equipment"), [_equipment(draw, told)])
    story += _section(_("Test draws before"), _tests(told))
    story += _section(_("Steps of the draw"), [_steps(told)])
    story += _section(
        _("Incidents"), [_paragraph(told["incidents"] or _("Nothing out of the ordinary."))]
    )
    if told["notes"]:
        story += _section(_("Notes"), [_paragraph(told["notes"])])
    story += _section(_("Officials and witnesses"), [_people(told)])
    story += _section(_("Writing and signature"), _signed(made, told))
    return story


def _edition(told: dict[str, Any]) -> str:
    parts = [_("Edition %(number)s") % {"number": told["edition"]}]
    if told["is_drill"]:
        parts.append(_("Drill"))
    if told["reason"]:
        parts.append(_("corrected: %(reason)s") % {"reason": told["reason"]})
    parts.append(_("rule version %(rule)s") % {"rule": told["rule"]["code"]})
    return "  |  ".join(parts)


def _drawing(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Place"), told["place"]),
        (_("Planned for"), _time(told["planned_at"])),
        (_("Drawing began"), _time(told["began_at"])),
        (_("Drawing ended"), _time(told["ended_at"])),
    ]


def _seal(told: dict[str, Any]) -> list[Flowable]:
    seal = told["seal"]
    return [
        _paragraph(_("Root of the sealed tickets"), style=_SMALL),
        _paragraph(printing.groups(told["root"]), style=_HASH),
        Spacer(1, 3),
        _pairs(
            [
                (_("Sealed at"), _time(seal["sealed_at"])),
                (_("Tickets"), f"{seal['tickets']:,}"),
                (_("Stakes (yuan)"), yuan(seal["stake_fen"])),
                (_("Digest of the sealed file"), printing.groups(seal["file_digest"])),
                (_("Digest of the seal statement"), printing.groups(seal["statement_digest"])),
            ]
        ),
    ]


def _equipment(draw: Draw, told: dict[str, Any]) -> Flowable:
    zones = {zone.code: zone.label for zone in rules.by_code(draw.rule.code).zones}
    if not told["equipment"]:
        return _paragraph(_("None: a drill has no balls."))
    head = [
        _("Serves as"),
        _("Piece"),
        _("Serial number"),
        _("Certificate, valid until"),
        _("Chosen by, how"),
    ]
    rows = []
    for piece in told["equipment"]:
        place = zones.get(piece["place"], _("Drawing machine"))
        until = _time(piece["valid_until"]) if piece["valid_until"] else ""
        rows.append(
            [
                f"{place} ({_('reserve')})" if piece["is_reserve"] else place,
                f"{piece['code']}\n{piece['maker']}",
                piece["serial_number"],
                f"{piece['certificate_number']}\n{until}",
                f"{piece['chosen_by']}\n{piece['chosen_how']}",
            ]
        )
    return _table([head, *rows], widths=(0.16, 0.21, 0.18, 0.21, 0.24))


def _tests(told: dict[str, Any]) -> list[Flowable]:
    if not told["tests"]:
        return [_paragraph(_("None."))]
    return [
        _table(
            [
                [_("No."), _("Balls in the order drawn")],
                *(
                    [str(place), books.spelt(test)]
                    for place, test in enumerate(told["tests"], start=1)
                ),
            ],
            widths=(0.12, 0.88),
        )
    ]


def _steps(told: dict[str, Any]) -> Flowable:
    return _pairs([(words.step(step["state"]), _time(step["at"])) for step in told["steps"]])


def _people(told: dict[str, Any]) -> Flowable:
    rows = [[_("Name"), _("Office"), _("Present as"), _("Signature on paper")]]
    for part, title in (("officials", _("Official")), ("witnesses", _("Witness"))):
        rows += [[one["name"], one["office"], title, "\n"] for one in told[part]]
    return _table(rows, widths=(0.2, 0.34, 0.16, 0.3))


def _signed(made: DrawMinutes, told: dict[str, Any]) -> list[Flowable]:
    signature = books.signature_of(made)
    pairs = [
        *(
            (_("Numbers typed by"), f"{entry['name']}  {_time(entry['at'])}")
            for entry in told["typed_by"]
        ),
        (_("Written by"), f"{told['written_by']}  {_time(made.written_at.isoformat())}"),
    ]
    if signature is not None:
        at = _time(signature.signed_at.isoformat())
        pairs.append((_("Signed by"), f"{books.name_of(signature.signed_by)}  {at}"))
    return [
        _pairs(pairs),
        Spacer(1, 4),
        _paragraph(_("SHA-256 of the text that was signed (UTF-8)"), style=_SMALL),
        _paragraph(printing.groups(made.digest), style=_HASH),
    ]


def _time(text: str) -> str:
    return dates.written(books.moment(text), "full")


def _section(title: str, parts: Sequence[Flowable]) -> list[Flowable]:
    """A heading that stays with the first of its parts."""
    return [KeepTogether([_paragraph(title, style=_HEAD), parts[0]]), *parts[1:]]


def _table(rows: Sequence[Sequence[str]], *, widths: Sequence[float]) -> Table:
    cells = [
        [_paragraph(cell, style=_SMALL if place == 0 else _BODY) for cell in row]
        for place, row in enumerate(rows)
    ]
    table = Table(cells, colWidths=[WIDTH * share for share in widths], hAlign="LEFT", repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, printing.LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    widths = (WIDTH * 0.24, WIDTH * 0.76)
    return printing.pairs(rows, label=_SMALL, value=_BODY, widths=widths, air=1.5)


def _paragraph(
    text: str, *, style: ParagraphStyle = _BODY, color: HexColor | None = None
) -> Paragraph:
    if color is not None:
        style = ParagraphStyle(style.name, parent=style, textColor=color)
    return printing.paragraph(text, style)
