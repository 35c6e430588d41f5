"""Certificates of tax withheld: numbered by the database, printed for the winner (F098).

The number belongs to the row of the tax and is given in its transaction, without a gap. The paper
names the winner, so every taking of it is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from reportlab.lib.pagesizes import A5, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from accounts.models import Person
from audit import canonical, people, trail
from lottery_portal.lib import dates, printing
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

from . import account_words
from .models import CashMove, TaxCertificate
from .statements import paper

DESK = frozenset({"cashier", "treasurer", "compliance", "claims_clerk", "claims_officer"})
LANGUAGE = "zh-hans"
MARGIN = 14 * mm


class CertificateUnknown(Refused):
    """No such certificate, or not his to see."""

    code, status = "tax_certificate_unknown", 404
    message = _("There is no such certificate.")


def of_person(person: str) -> Sequence[TaxCertificate]:
    """The certificates of a person (his code), newest first."""
    found = TaxCertificate.objects.filter(prize_tax__winner=person) if person else None
    return [] if found is None else list(_whole(found).order_by("-year", "-serial"))


def of_entry(reference: str) -> TaxCertificate | None:
    """The certificate of the prize paid under `reference`; None if nothing was withheld of it."""
    found: TaxCertificate | None = _whole(
        TaxCertificate.objects.filter(prize_tax__entry__reference=reference)
    ).first()
    return found


@door
def take(*, number: str, actor: Any, now: datetime) -> tuple[TaxCertificate, bytes]:
    """The paper of this number for its winner, or for the desk that hands it to him.

    An operator of an outlet gets those of the prizes he paid. Whoever takes it is written down.
    Refuses with `CertificateUnknown`, also for who may not have it.
    """
    found = _numbered(number)
    is_own = people.person_of(actor) == found.prize_tax.winner
    paid = CashMove.objects.filter(entry=found.prize_tax.entry_id, actor=actor)
    if not is_own and not people.roles_of(actor, now) & DESK and not paid.exists():
        raise CertificateUnknown
    trail.record(
        action="finance.tax_certificate_taken",
        actor=actor,
        object_type="tax_certificate",
        object_code=found.number,
        body={"reference": found.prize_tax.entry.reference, "is_own": is_own},
    )
    return found, render(found)


def render(certificate: TaxCertificate) -> bytes:
    """The certificate as a PDF in Chinese; the same rows give the same bytes."""
    printing.letters()
    with override(LANGUAGE):
        return _render(certificate)


def digest(certificate: TaxCertificate) -> str:
    """The SHA-256 of the figures on the paper, without the name."""
    tax = certificate.prize_tax
    return canonical.digest(
        canonical.page(
            {
                "number": certificate.number, "reference": tax.entry.reference,
                "occasion": tax.occasion, "winner": tax.winner, "prize": tax.prize,
                "together": tax.together, "rate": tax.rate, "tax": tax.tax,
            }
        )
    )  # fmt: skip


def _whole(rows: Any) -> Any:
    return rows.select_related("prize_tax__entry")


def _numbered(number: str) -> TaxCertificate:
    year, _dash, serial = number.partition("-")
    if not (year.isascii() and year.isdigit() and serial.isascii() and serial.isdigit()):
        raise CertificateUnknown
    if len(year) > 4 or len(serial) > 9:  # noqa: PLR2004 - no number of ours is longer
        raise CertificateUnknown
    found = _whole(TaxCertificate.objects.filter(year=int(year), serial=int(serial))).first()
    if found is None or found.number != number:
        raise CertificateUnknown
    certificate: TaxCertificate = found
    return certificate


def person_of(winner: str) -> Person | None:
    """The person of a code; None where nobody is known under it."""
    try:
        return Person.objects.filter(row_uuid=UUID(winner)).first()
    except ValueError:
        return None


def _rows(certificate: TaxCertificate) -> list[tuple[str, str]]:
    tax = certificate.prize_tax
    person = person_of(tax.winner)
    game, _slash, draw = tax.occasion.partition("/")
    percent = f"{tax.rate / 100:g} %"
    return [
        (_now("Taxpayer"), person.name.reveal() if person else "—"),
        (_now("Identity number"), str(person.citizen_id) if person else "—"),
        (_now("Kind of income"), _now("Incidental income (prize of a lottery)")),
        (_now("Game and draw"), f"{account_words.game(game)} {draw}".strip()),
        (_now("Paid on"), dates.written(tax.paid_at, "full")),
        (_now("Won in this draw together"), _yuan(tax.together)),
        (_now("Prize of this payment"), _yuan(tax.prize)),
        (_now("Rate"), percent),
        (_now("Tax withheld"), _yuan(tax.tax)),
        (_now("Paid out after tax"), _yuan(tax.prize - tax.tax)),
        (_now("Entry reference"), tax.entry.reference),
    ]


def _yuan(fen: int) -> str:
    return _now("%(amount)s yuan") % {"amount": yuan(fen)}


def _render(certificate: TaxCertificate) -> bytes:
    size = landscape(A5)
    title = _now("Certificate of tax withheld")
    body = ParagraphStyle("certificate", parent=paper.BODY, fontSize=9.5, leading=13)
    small = ParagraphStyle("certificate-small", parent=paper.SMALL, fontSize=7.5, leading=10)
    head = ParagraphStyle("certificate-head", parent=paper.TITLE, fontSize=16, leading=21)
    right = ParagraphStyle("certificate-right", parent=body, alignment=2)
    made = BytesIO()
    width = size[0] - 2 * MARGIN - 2 * printing.PADDING
    document = SimpleDocTemplate(
        made,
        pagesize=size,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=9 * mm,
        bottomMargin=8 * mm,
        title=f"{title} {certificate.number}",
        author=settings.OPERATOR,
        subject=digest(certificate),
        invariant=1,
    )
    number = _now("Certificate No. %(number)s") % {"number": certificate.number}
    agent = _now("Withholding agent: %(operator)s") % {"operator": settings.OPERATOR}
    top = Grid(
        [[printing.paragraph(agent, body), printing.paragraph(number, right)]],
        colWidths=[width * 0.62, width * 0.38],
    )
    top.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    cells = [
        [printing.paragraph(name, small), printing.paragraph(what, body)]
        for name, what in _rows(certificate)
    ]
    grid = Grid(cells, colWidths=[width * 0.3, width * 0.7])
    grid.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), printing.FACE),
                ("GRID", (0, 0), (-1, -1), 0.4, printing.LINE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.4),
            ]
        )
    )
    issued = _now(
        "Issued on %(day)s. The tax was withheld of the full amount and is paid to the tax office "
        "by the 15th of the following month."
    )
    story: list[Flowable] = [
        printing.paragraph(title, head),
        top,
        Spacer(1, 3),
        grid,
        Spacer(1, 4),
        printing.paragraph(issued % {"day": dates.written(certificate.issued_at, "date")}, small),
        printing.paragraph(f"SHA-256 {digest(certificate)}", small),
    ]
    document.build(story, canvasmaker=printing.first_canvas)
    return made.getvalue()
