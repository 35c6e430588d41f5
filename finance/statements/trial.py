"""The trial balance: every subject before, moved, after; debit and credit are one sum (F122)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from finance.models import AccountKind

from . import figures
from .figures import Span, Standing
from .layout import Check, Column, Row, Statement, Table, between, book_name

SIDES = 6


def trial(span: Span) -> Statement:
    """Subjects of the chart with their accounts; both sides of each pair of columns agree."""
    rows = figures.standing(span)
    lines: list[Row] = []
    totals = [0] * SIDES
    for kind, whole in figures.by_kind(rows).items():
        parts = [row for row in rows if row.kind == kind and row.account]
        if not parts and not any((whole.opening, whole.moved_in, whole.moved_out)):
            continue
        subject = figures.chart()[kind]
        sides = _sides(whole, parts)
        totals = [total + side for total, side in zip(totals, sides, strict=True)]
        lines.append(Row((subject.number, str(AccountKind(kind).label), *sides), is_head=True))
        lines += [Row(("", part.account, *_sides(part, [])), level=1) for part in parts]
    lines.append(Row(("", _("Total"), *totals), is_total=True))
    return Statement(
        name="trial",
        title=_("Trial balance"),
        about=between(span),
        book=book_name(is_shadow=span.is_shadow),
        tables=(Table(_("Trial balance"), _columns(), tuple(lines)),),
        checks=tuple(
            Check(title, totals[place], totals[place + 1])
            for place, title in (
                (0, _("Opening: debit and credit")),
                (2, _("Moved: debit and credit")),
                (4, _("Closing: debit and credit")),
            )
        ),
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("Subject"), "code", share=0.6),
        Column(_("Account"), share=2.2),
        Column(_("Opening, debit (yuan)"), "money", is_derived=True, share=1.2),
        Column(_("Opening, credit (yuan)"), "money", is_derived=True, share=1.2),
        Column(_("Moved, debit (yuan)"), "money", is_derived=True, share=1.2),
        Column(_("Moved, credit (yuan)"), "money", is_derived=True, share=1.2),
        Column(_("Closing, debit (yuan)"), "money", share=1.2),
        Column(_("Closing, credit (yuan)"), "money", share=1.2),
    )


def _sides(whole: Standing, parts: list[Standing]) -> tuple[int, ...]:
    """Debit and credit of before, moved, after; accounts below zero never hide in those above."""
    each = parts or [whole]
    return (
        sum(max(-one.opening, 0) for one in each),
        sum(max(one.opening, 0) for one in each),
        sum(one.moved_out for one in each),
        sum(one.moved_in for one in each),
        sum(max(-one.closing, 0) for one in each),
        sum(max(one.closing, 0) for one in each),
    )
