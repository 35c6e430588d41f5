"""The wallet: what lies in it, and every movement, on the page and as a file (F010, F011)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import who
from accounts.models import Player
from audit.report_file import text_cell
from finance import ledger, memos, wallets
from finance.ledger import EntryKind, Line
from lottery_portal.lib import dates

ROWS = 20
FILE_ROWS = 500
KINDS: dict[str, tuple[str, ...]] = {
    "": (),
    "bets": (EntryKind.PURCHASE, EntryKind.REFUND),
    "prizes": (EntryKind.PRIZE,),
    "cash": (
        EntryKind.DEPOSIT,
        EntryKind.DEPOSIT_RETURNED,
        EntryKind.CHARGEBACK,
        EntryKind.WITHDRAWAL_HOLD,
        EntryKind.WITHDRAWAL_RELEASE,
    ),
}


class PeriodForm(forms.Form):
    """The days of a file; without them the last twelve months."""

    since = forms.DateField(required=False, validators=dates.ASKED)
    until = forms.DateField(required=False, validators=dates.ASKED)


@never_cache
@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """Balance, what is held, and the statement by day, newest first."""
    player = who.player(request.user)
    kind = request.GET.get("kind", "")
    chosen = KINDS.get(kind, ())
    codes = wallets.accounts_of(player)
    page = Paginator(ledger.movements(*codes, kinds=chosen), ROWS).get_page(request.GET.get("page"))
    purses = wallets.purses(player)
    lines = ledger.lines(codes, page.object_list)
    context = {
        "nav": "me",
        "purses": purses,
        "available_fen": purses.available_fen,
        "held_fen": wallets.held(player),
        "holder": str(player.person.name) if player.person else "",
        "limits": [],
        "limits_url": "",
        "kinds": _chips(kind),
        "export_url": reverse("finance:statement_file"),
        "days": _days(lines),
        "page": page,
        "query": urlencode({"kind": kind}) if chosen else "",
    }
    return render(request, "finance/wallet.html", context)


@never_cache
@require_GET
def statement_file(request: HttpRequest) -> StreamingHttpResponse:
    """The statement as CSV, oldest first; spreadsheets open it without running anything."""
    player = who.player(request.user)
    form = PeriodForm(request.GET)
    form.is_valid()
    today = dates.in_shanghai(timezone.now()).date()
    last = form.cleaned_data.get("until") or today
    first = form.cleaned_data.get("since") or _year_before(last)
    name = f"statement-{first:%Y%m%d}-{last:%Y%m%d}.csv"
    response = StreamingHttpResponse(
        _file(player, first, last, get_language() or settings.LANGUAGE_CODE),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _year_before(day: date) -> date:
    return day - timedelta(days=366)


def _chips(kind: str) -> list[dict[str, Any]]:
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
            "url": f"?{urlencode({'kind': code})}" if code else reverse("finance:wallet"),
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
        ]
    yield b"\xef\xbb\xbf" + _written([head])
    while chunk := list(islice(lines, FILE_ROWS)):
        with translation.override(language):
            told = memos.describe(chunk)
        yield _written(
            [
                dates.written(line.at, "full"),
                text_cell(memo.title),
                text_cell(memo.detail),
                _plain(line.amount_fen),
                _plain(line.balance_fen),
                text_cell(line.reference),
            ]
            for line, memo in zip(chunk, told, strict=True)
        )


def _written(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _plain(fen: int) -> str:
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"
