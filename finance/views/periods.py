"""Staff pages: months of the books, closing them, and carrying a year forward."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import step_up, who
from audit import approvals
from finance import ledger, periods, years
from finance.models import Account, AccountKind, Period
from finance.recon import differences, statements
from finance.statements import figures, sheets
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused


@never_cache
@require_GET
def desk_periods(request: HttpRequest) -> HttpResponse:
    """All months with their state, and what is asked for."""
    context = {
        "nav": "ledger",
        "here": "periods",
        "rows": [_row(period) for period in periods.all_periods()],
        "under_way": _under_way(),
    }
    return render(request, "desk/books_periods.html", context)


@never_cache
@require_GET
def desk_period(request: HttpRequest, code: str) -> HttpResponse:
    """One month: what speaks against closing it, or what was kept when it was closed."""
    try:
        period = periods.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    year = period.first_day.year
    is_december = period.first_day.month == 12  # noqa: PLR2004 - the last of a year
    carried = years.moves_of(year) if is_december and period.state == Period.State.OPEN else []
    context = {
        "nav": "ledger",
        "here": "periods",
        "period": period,
        "row": _row(period),
        "steps": _steps(period, is_carried=not carried),
        "balances": _balances(period),
        "carried": carried,
        "year": year,
        "may_ask": "treasurer" in who.roles(request.user, timezone.now()),
        "under_way": [
            one
            for one in _under_way()
            if one["subject"] == code or (is_december and one["subject"] == str(year))
        ],
        "approval_url": reverse("audit:approval", args=[period.approval_code])
        if period.approval_code
        else "",
        "reports_url": f"{reverse('finance:desk_reports')}"
        f"?first={period.first_day}&last={period.last_day}",
    }
    return render(request, "desk/books_period.html", context)


@require_POST
@step_up.required
def desk_period_close(request: HttpRequest, code: str) -> HttpResponse:
    """Ask that a month be closed."""
    try:
        periods.ask_close(code=code, maker=request.user, now=timezone.now())
    except Refused as refusal:
        if refusal.status == 404:  # noqa: PLR2004 - not there
            raise Http404 from refusal
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Asked. Others decide now."))
    return redirect("finance:desk_period", code=code)


@require_POST
@step_up.required
def desk_year_end(request: HttpRequest, year: int) -> HttpResponse:
    """Ask that a year be carried forward."""
    try:
        years.ask(year=year, maker=request.user, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Asked. Others decide now."))
    december = f"{year}-12"
    if Period.objects.filter(code=december).exists():
        return redirect("finance:desk_period", code=december)
    return redirect("finance:desk_periods")


def _row(period: Period) -> dict[str, Any]:
    today = dates.in_shanghai(timezone.now()).date()
    if period.state == Period.State.CLOSED:
        word, tone = pgettext("of a period", "Closed"), "done"
    elif period.last_day < today:
        word, tone = _("To be closed"), "attention"
    elif period.first_day > today:
        word, tone = _("To come"), "draft"
    else:
        word, tone = _("Running"), "waiting"
    return {
        "code": period.code,
        "first": period.first_day,
        "last": period.last_day,
        "state_word": word,
        "state_tone": tone,
        "closed_at": period.closed_at,
        "is_over": period.last_day < today,
        "is_open": period.state == Period.State.OPEN,
        "url": reverse("finance:desk_period", args=[period.code]),
    }


def _under_way() -> list[dict[str, Any]]:
    asked = [
        (one, _("Close %(period)s") % {"period": one.payload["period"]}, one.payload["period"])
        for one in approvals.under_way(periods.KIND)
    ] + [
        (
            one,
            _("Carry %(year)s forward") % {"year": one.payload["year"]},
            str(one.payload["year"]),
        )
        for one in approvals.under_way(years.KIND)
    ]
    return [
        {
            "title": title,
            "subject": subject,
            "at": one.requested_at,
            "url": reverse("audit:approval", args=[one.code]),
        }
        for one, title, subject in asked
    ]


def _steps(period: Period, *, is_carried: bool) -> list[dict[str, Any]]:
    """What must be done before a month can be closed, in order; where it is not, the way there."""
    today = dates.in_shanghai(timezone.now()).date()
    earlier = (
        Period.objects.filter(state=Period.State.OPEN, last_day__lt=period.first_day)
        .order_by("first_day")
        .first()
    )
    suspense = sum(
        ledger.balances(
            Account.objects.filter(kind=AccountKind.SUSPENSE, is_shadow=False).values_list(
                "code", flat=True
            )
        ).values()
    )
    steps = [
        _step(_("The month is over"), is_done=period.last_day < today),
        _step(
            _("Every month before it is closed"),
            is_done=earlier is None,
            url=reverse("finance:desk_period", args=[earlier.code]) if earlier else "",
            link=_("To the first that is open"),
        ),
        _step(
            _("The statements of all banks reach its last day"),
            is_done=not statements.missing_until(period.last_day),
            url=reverse("finance:desk_statements"),
            link=_("To the statements"),
        ),
        _step(
            _("All differences of it are settled"),
            is_done=not differences.open_until(period.last_day).exists(),
            url=reverse("finance:desk_differences"),
            link=_("To the differences"),
        ),
        _step(_("Debit and credit are one sum"), is_done=ledger.trial_balance() == 0),
        _step(
            _("Nothing is left in suspense"),
            is_done=not suspense,
            url=reverse("finance:desk_general_ledger", args=["suspense"]),
            link=_("To what lies there"),
        ),
    ]
    if period.first_day.month == 12:  # noqa: PLR2004 - the last of a year
        steps.append(_step(_("The year is carried forward"), is_done=is_carried))
    is_closed = period.state == Period.State.CLOSED
    if is_closed:  # what is not so today was no matter then
        steps = [step for step in steps if step["state"] == "done"]
    return [*steps, _step(pgettext("of a period", "Closed"), is_done=is_closed)]


def _step(title: str, *, is_done: bool, url: str = "", link: str = "") -> dict[str, Any]:
    step = {"state": "done" if is_done else "todo", "title": title}
    return step if is_done or not url else {**step, "url": url, "link": link}


def _balances(period: Period) -> list[dict[str, Any]]:
    kept = list(periods.balances_of(period))
    codes = dict(
        Account.objects.filter(pk__in=[row.account_id for row in kept]).values_list("pk", "code")
    )
    chart = figures.chart()
    rows = [
        {
            "number": chart[row.kind].number,
            "name": codes.get(row.account_id) or str(AccountKind(row.kind).label),
            "opening": sheets.sided(row.opening),
            "moved_out": row.moved_out,
            "moved_in": row.moved_in,
            "closing": sheets.sided(row.closing),
        }
        for row in kept
    ]
    return sorted(rows, key=lambda row: (row["number"], row["name"]))
