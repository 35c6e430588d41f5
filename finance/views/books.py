"""Staff pages: statements, ledger sheets and the treasurer's charts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from finance.book_forms import SheetForm, SpanForm, spans, this_month
from finance.models import AccountKind
from finance.statements import catalogue, charts, figures, files, layout, paper, sheets
from finance.statements.figures import Span
from finance.statements.layout import Statement
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused

LINES = 500  # of a sheet on a page; files take all of them
CHARTED = 30
FORMS = {"xlsx": "XLSX", "pdf": "PDF"}
LANGUAGES = {"zh-hans": "中文", "en": "English"}


@never_cache
@require_GET
def desk_reports(request: HttpRequest) -> HttpResponse:
    """Which statements there are, for which days, and how long-asked-for days are chosen."""
    form, span = _span(request)
    query = _query(span)
    context = {
        "nav": "ledger",
        "here": "reports",
        "form": form,
        "spans": _chips(request, span),
        "about": layout.between(span),
        "rows": [
            {
                "title": str(kind.title),
                "about": str(kind.about),
                "url": f"{reverse('finance:desk_report', args=[kind.name])}?{query}",
            }
            for kind in catalogue.KINDS.values()
        ],
        "sheet_form": SheetForm(initial={"first": span.first, "last": span.last}),
        "kinds": [
            {
                "number": subject.number,
                "title": AccountKind(kind).label,
                "url": f"{reverse('finance:desk_general_ledger', args=[kind.lower()])}?{query}",
            }
            for kind, subject in figures.chart().items()
        ],
    }
    return render(request, "desk/books_reports.html", context)


@never_cache
@require_GET
def desk_report(request: HttpRequest, name: str) -> HttpResponse:
    """One statement on a page, with its files."""
    form, span = _span(request)
    return _page(
        request,
        form,
        _query(span),
        lambda: catalogue.make(name, span),
        lambda kind: reverse("finance:desk_report_file", args=[name, kind]),
    )


@never_cache
@require_GET
def desk_report_file(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """One statement as a file."""
    _form, span = _span(request)
    return _file(request, lambda: catalogue.make(name, span), form, _named(name, span))


@never_cache
@require_GET
def desk_general_ledger(request: HttpRequest, kind: str) -> HttpResponse:
    """All accounts of one kind together, day by day."""
    _known(kind)
    form, span = _span(request)
    return _page(
        request,
        form,
        _query(span),
        lambda: sheets.by_day(kind.upper(), span),
        lambda file: reverse("finance:desk_general_ledger_file", args=[kind, file]),
    )


@never_cache
@require_GET
def desk_general_ledger_file(request: HttpRequest, kind: str, form: str) -> HttpResponseBase:
    """The same as a file."""
    _known(kind)
    _form, span = _span(request)
    return _file(
        request, lambda: sheets.by_day(kind.upper(), span), form, _named(f"ledger-{kind}", span)
    )


@never_cache
@require_GET
def desk_sheet(request: HttpRequest) -> HttpResponse:
    """One account line by line, with its files; what is too long for a page is in the files."""
    form = SheetForm(request.GET)
    if not form.is_valid():
        return render(
            request,
            "desk/books_report.html",
            {"nav": "ledger", "here": "reports", "form": form},
            status=400,
        )
    asked = form.cleaned_data
    span = Span(asked["first"], asked["last"])
    account = asked["account"].strip()

    def make() -> Statement:
        return sheets.sheet(account, first=span.first, last=span.last, most=LINES)

    return _page(
        request,
        form,
        urlencode({"account": account, "first": span.first, "last": span.last}),
        make,
        lambda kind: reverse("finance:desk_sheet_file", args=[kind]),
    )


@never_cache
@require_GET
def desk_sheet_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """One account as a file."""
    asked = SheetForm(request.GET)
    if not asked.is_valid():
        raise Http404
    code = asked.cleaned_data["account"].strip()
    span = Span(asked.cleaned_data["first"], asked.cleaned_data["last"])
    most = paper.MOST if form == "pdf" else None
    return _file(
        request,
        lambda: sheets.sheet(code, first=span.first, last=span.last, most=most),
        form,
        _named(f"sheet-{code.replace(':', '-')}", span),
    )


@never_cache
@require_GET
def desk_treasury(request: HttpRequest) -> HttpResponse:
    """Where the money lies, how it moved in the last thirty days, and how old what is open is."""
    today = dates.in_shanghai(timezone.now()).date()
    is_shadow = request.GET.get("book") == "shadow"
    span = Span(today - timedelta(days=CHARTED - 1), today, is_shadow)
    with figures.snapshot():
        stood = figures.by_kind(figures.standing(Span(today, today, is_shadow)))
        series = [
            (charts.cash(span), _("Money in all accounts, each evening"), False),
            (charts.sold(span), _("Sales less refunds, by day"), True),
            (charts.paid_out(span), _("Paid out to players, by day"), True),
        ]
        ageing = charts.ageing(span)
    chart = figures.chart()
    context = {
        "nav": "ledger",
        "here": "treasury",
        "today": today,
        "book": layout.book_name(is_shadow=is_shadow),
        "books": [
            {"name": _("Real book"), "url": "?", "is_on": not is_shadow},
            {"name": _("Shadow book"), "url": "?book=shadow", "is_on": is_shadow},
        ],
        "figures": [
            {"name": AccountKind(kind).label, "fen": chart[kind].natural(stood[kind].closing)}
            for kind in ("ESCROW", "CLEARING", "CASH", "OWNBANK")
        ],
        "owed": [
            {
                "name": _("Owed to players"),
                "fen": sum(stood[k].closing for k in ("WALLET", "WINNINGS", "BONUS", "HOLD")),
            },
            {
                "name": _("Open prizes"),
                "fen": sum(stood[k].closing for k in ("PRIZES", "UNCLAIMED")),
            },
        ],
        "charts": [
            {
                "title": title,
                "wide": charts.draw(days, title=title, is_bars=is_bars),
                "narrow": charts.draw(days, title=title, is_bars=is_bars, width=340),
            }
            for days, title, is_bars in series
        ],
        "days": [
            {"day": cash.day, "cash": cash.fen, "sold": sold.fen, "paid": paid.fen}
            for cash, sold, paid in zip(*(days for days, _t, _b in series), strict=True)
        ][::-1],
        "ages": charts.ages(),
        "ageing": [
            {
                "name": one.kind.label,
                "parts": one.parts,
                "total": one.total,
                "split": [
                    {"name": word, "amount": max(fen, 0)}
                    for word, fen in zip(charts.ages(), one.parts, strict=True)
                    if fen > 0
                ],
            }
            for one in ageing
        ],
    }
    return render(request, "desk/books_treasury.html", context)


def _page(
    request: HttpRequest,
    form: Any,
    query: str,
    make: Callable[[], Statement],
    file_url: Callable[[str], str],
) -> HttpResponse:
    context: dict[str, Any] = {
        "nav": "ledger",
        "here": "reports",
        "form": form,
        "files": _files(file_url, query),
    }
    try:
        with figures.snapshot():
            statement = make()
            context["tables"] = [_shown(table) for table in statement.tables]
    except Refused as refusal:
        if refusal.status == 404:  # noqa: PLR2004 - not there
            raise Http404 from refusal
        notes.info(request, str(refusal))
        return render(request, "desk/books_report.html", context, status=refusal.status)
    context |= {"statement": statement, "digest": layout.digest(statement)}
    return render(request, "desk/books_report.html", context)


def _file(
    request: HttpRequest, make: Callable[[], Statement], form: str, name: str
) -> HttpResponseBase:
    if form not in FORMS:
        raise Http404
    language = request.GET.get("language", "")
    if language not in LANGUAGES:
        language = get_language() or "zh-hans"
    try:
        written = files.write(make, form=form, language=language, name=name)
    except Refused as refusal:
        if refusal.status == 404:  # noqa: PLR2004 - not there
            raise Http404 from refusal
        notes.error(request, str(refusal))
        return redirect("finance:desk_reports")
    files.note_taken(written, by=request.user)
    response = FileResponse(
        written.file,
        as_attachment=True,
        filename=written.name,
        content_type=written.content_type,
    )
    response["Digest"] = f"sha-256={written.digest}"
    return response


def _shown(table: layout.Table) -> dict[str, Any]:
    """A table as the page reads it: every cell in words."""
    return {
        "title": table.title,
        "columns": table.columns,
        "rows": [
            {
                "is_total": row.is_total,
                "is_head": row.is_head,
                "level": row.level,
                "cells": [
                    {
                        "text": layout.shown(cell, column.kind),
                        "is_number": column.is_number,
                        "is_code": column.kind == "code",
                        "is_whole": column.kind in {"day", "moment"},
                        "is_derived": column.is_derived,
                    }
                    for cell, column in zip(row.cells, table.columns, strict=True)
                ],
            }
            for row in table.rows
        ],
    }


def _span(request: HttpRequest) -> tuple[SpanForm, Span]:
    """The days asked for; what does not make sense leaves this month, and the form says why."""
    today = dates.in_shanghai(timezone.now()).date()
    month = this_month(today)
    form = SpanForm({**month, **request.GET.dict()})
    if form.is_valid():
        asked = form.cleaned_data
        return form, Span(asked["first"], asked["last"], asked["book"] == "shadow")
    return form, Span(month["first"], month["last"])


def _query(span: Span) -> str:
    return urlencode(
        {
            "first": span.first.isoformat(),
            "last": span.last.isoformat(),
            "book": "shadow" if span.is_shadow else "",
        }
    )


def _chips(request: HttpRequest, span: Span) -> list[dict[str, Any]]:
    today = dates.in_shanghai(timezone.now()).date()
    return [
        {
            "name": name,
            "url": f"{request.path}?{_query(Span(first, last, span.is_shadow))}",
            "is_on": (first, last) == (span.first, span.last),
        }
        for name, (first, last) in spans(today).items()
    ]


def _files(file_url: Callable[[str], str], query: str) -> list[dict[str, str]]:
    return [
        {"name": f"{name} {word}", "url": f"{file_url(form)}?{query}&language={language}"}
        for form, name in FORMS.items()
        for language, word in LANGUAGES.items()
    ]


def _named(name: str, span: Span) -> str:
    shadow = "-shadow" if span.is_shadow else ""
    return f"{name}{shadow}-{_plain(span.first)}-{_plain(span.last)}"


def _plain(day: date) -> str:
    return f"{day:%Y%m%d}"


def _known(kind: str) -> None:
    if kind.upper() not in AccountKind.values or kind != kind.lower():
        raise Http404
