"""The wallet: its purses, what is held, and every movement, on the page and as a file (F010, F011).

A period that the player chooses shows what he brought in and took out, and what he won or lost in
it, from the books (F139).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import who
from accounts.models import Player
from audit.report_file import text_cell
from finance import (
    bank_accounts,
    debts,
    failures,
    flows,
    ledger,
    memos,
    wallets,
    withdrawals,
)
from finance.ledger import EntryKind, Line
from finance.statements import files, paper, players
from finance.statements.figures import Span
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

ROWS = 20
FILE_ROWS = 500
KINDS: dict[str, tuple[str, ...]] = {
    "": (),
    "bets": (
        EntryKind.PURCHASE,
        EntryKind.REFUND,
        EntryKind.PLAN_HOLD,
        EntryKind.PLAN_RELEASE,
    ),
    "prizes": (EntryKind.PRIZE,),
    "cash": (
        EntryKind.DEPOSIT,
        EntryKind.DEPOSIT_RETURNED,
        EntryKind.CHARGEBACK,
        EntryKind.RECOVERY,
        EntryKind.WITHDRAWAL_HOLD,
        EntryKind.WITHDRAWAL_RELEASE,
    ),
}


class PeriodForm(forms.Form):
    """The days of a statement, both included; without them the last twelve months."""

    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        validators=dates.ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        validators=dates.ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def days(self, today: date) -> tuple[date, date]:
        """The first and the last day asked for."""
        self.is_valid()
        last = self.cleaned_data.get("until") or today
        first = self.cleaned_data.get("since") or _year_before(last)
        return min(first, last), last


@never_cache
@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """Balance by purse, what is held, what a period brought, the statement by day, newest first."""
    player, now = who.player(request.user), timezone.now()
    today = dates.in_shanghai(now).date()
    kind = request.GET.get("kind", "")
    chosen = KINDS.get(kind, ())
    codes = wallets.accounts_of(player)
    first, last = PeriodForm(request.GET).days(today)
    form = PeriodForm({**_days_of(first, last), **request.GET.dict()})
    periods = _periods(today, first, last)
    moved = ledger.movements(*codes, kinds=chosen)
    asked = {name: request.GET[name] for name in ("since", "until") if request.GET.get(name)}
    if asked:
        moved = moved.filter(
            posted_at__gte=_midnight(first), posted_at__lt=_midnight(last + timedelta(days=1))
        )
    page = Paginator(moved, ROWS).get_page(request.GET.get("page"))
    purses = wallets.purses(player)
    lines = ledger.lines(codes, page.object_list)
    context = {
        "nav": "me",
        "purses": purses,
        "available_fen": purses.available_fen,
        "held_fen": wallets.held(player),
        "planned_fen": wallets.planned(player),
        "owed_fen": debts.owed(player),
        "pause": failures.block_of(player.code, now=now),
        "under_way": _under_way(player),
        "form": form,
        "first": first,
        "last": last,
        "flows": flows.between(player, since=first, until=last + timedelta(days=1)),
        "periods": periods,
        "is_own_period": not any(one["is_on"] for one in periods),
        "holder": str(player.person.name) if player.person else "",
        "limits": [],
        "limits_url": "",
        "kinds": _chips(kind, asked),
        "files": _files(first, last),
        "days": _days(lines),
        "page": page,
        "query": urlencode({**asked, **({"kind": kind} if chosen else {})}),
    }
    return render(request, "finance/wallet.html", context)


@never_cache
@require_GET
def statement_file(request: HttpRequest) -> StreamingHttpResponse:
    """The statement as CSV, oldest first; spreadsheets open it without running anything."""
    player = who.player(request.user)
    first, last = PeriodForm(request.GET).days(dates.in_shanghai(timezone.now()).date())
    name = f"statement-{first:%Y%m%d}-{last:%Y%m%d}.csv"
    response = StreamingHttpResponse(
        _file(player, first, last, get_language() or settings.LANGUAGE_CODE),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@never_cache
@require_GET
def statement_paper(request: HttpRequest, form: str) -> HttpResponseBase:
    """The statement as a workbook or on paper, whole, with what it adds up to (F010)."""
    if form not in files.TYPES:
        raise Http404
    player = who.player(request.user)
    first, last = PeriodForm(request.GET).days(dates.in_shanghai(timezone.now()).date())
    most = paper.MOST if form == "pdf" else None
    try:
        written = files.write(
            lambda: players.statement(player, Span(first, last, player.is_shadow), most=most),
            form=form,
            language=get_language() or settings.LANGUAGE_CODE,
            name=f"statement-{first:%Y%m%d}-{last:%Y%m%d}",
        )
    except Refused as refusal:
        notes.error(request, str(refusal))
        return redirect("finance:wallet")
    return FileResponse(
        written.file,
        as_attachment=True,
        filename=written.name,
        content_type=written.content_type,
    )


@require_POST
def pay_debt(request: HttpRequest) -> HttpResponse:
    """Pay what is owed from the balance, because the player says so (F112)."""
    try:
        paid = debts.pay(player=who.player(request.user), now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Paid: %(amount)s yuan.") % {"amount": yuan(paid)})
    return redirect("finance:wallet")


def _under_way(player: Player) -> list[dict[str, Any]]:
    return [
        {
            "amount_fen": row.amount,
            "bank": bank_accounts.shown(row.bank_account),
            "state": memos.stage(row),
            "at": row.requested_at,
            "url": reverse("finance:withdrawal", args=[row.code]),
        }
        for row in withdrawals.under_way(player)
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, dates.SHANGHAI)


def _days_of(first: date, last: date) -> dict[str, str]:
    return {"since": first.isoformat(), "until": last.isoformat()}


def _files(first: date, last: date) -> list[dict[str, str]]:
    """The same days as files, for a spreadsheet, a program and the archive."""
    query = urlencode(_days_of(first, last))
    forms = [
        ("Excel", reverse("finance:statement_paper", args=["xlsx"])),
        ("PDF", reverse("finance:statement_paper", args=["pdf"])),
        ("CSV", reverse("finance:statement_file")),
    ]
    return [{"name": name, "url": f"{url}?{query}"} for name, url in forms]


def _periods(today: date, first: date, last: date) -> list[dict[str, Any]]:
    """Ready periods, so that nobody must type two dates for the usual ones."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    known = [
        (_("This month"), month, today),
        (_("Last month"), before, month - timedelta(days=1)),
        (_("This year"), today.replace(month=1, day=1), today),
        (_("12 months"), _year_before(today), today),
    ]
    return [
        {
            "name": name,
            "url": f"?{urlencode(_days_of(begin, end))}",
            "is_on": (begin, end) == (first, last),
        }
        for name, begin, end in known
    ]


def _year_before(day: date) -> date:
    return day - timedelta(days=366)


def _chips(kind: str, asked: dict[str, str]) -> list[dict[str, Any]]:
    names = {
        "": _("All"),
        "bets": _("Bets"),
        "prizes": _("Prizes"),
        "cash": _("Deposits, withdrawals"),
    }
    return [
        {
            "code": code,
            "name": name,
            "is_on": code == kind or (not code and kind not in names),
            "url": f"?{urlencode({**asked, **({'kind': code} if code else {})})}"
            if code or asked
            else reverse("finance:wallet"),
        }
        for code, name in names.items()
    ]


def _days(lines: list[Line]) -> list[dict[str, Any]]:
    told = zip(lines, memos.describe(lines), strict=True)
    rows = [
        {
            "day": dates.in_shanghai(line.at).date(),
            "title": memo.title,
            "at": line.at,
            "detail": memo.detail,
            "purse": memos.purse(line),
            "amount_fen": line.amount_fen,
            "balance_fen": line.balance_fen,
            "url": memo.url,
        }
        for line, memo in told
    ]
    return [
        {"day": day, "rows": list(group)} for day, group in groupby(rows, lambda row: row["day"])
    ]


def _file(player: Player, first: date, last: date, language: str) -> Iterator[bytes]:
    """The file in pieces; it is written after the page's own language has been put away."""
    lines = ledger.statement(
        *wallets.accounts_of(player), since=first, until=last + timedelta(days=1)
    )
    with translation.override(language):
        head = [
            _("Time"),
            _("What"),
            _("Detail"),
            _("Amount (yuan)"),
            _("Balance (yuan)"),
            _("Reference"),
            _("Purse"),
        ]
    yield b"\xef\xbb\xbf" + _written([head])
    while chunk := list(islice(lines, FILE_ROWS)):
        with translation.override(language):
            told = memos.describe(chunk)
            purses = [memos.purse(line) for line in chunk]
        yield _written(
            [
                dates.written(line.at, "full"),
                text_cell(memo.title),
                text_cell(memo.detail),
                _plain(line.amount_fen),
                _plain(line.balance_fen),
                text_cell(line.reference),
                text_cell(purse),
            ]
            for line, memo, purse in zip(chunk, told, purses, strict=True)
        )


def _written(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _plain(fen: int) -> str:
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"
