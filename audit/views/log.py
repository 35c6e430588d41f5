"""The trail on pages: filtered, leafed through by number, one record in full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit import alarm_words, people, reports, trail
from audit.forms import TrailFilterForm
from audit.models import TrailRecord
from lottery_portal.lib.dates import SHANGHAI

from .asking import roles_and_now

PER_PAGE = 50
REPORT = "audit.trail"


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Newest first; older ones follow below a number, so that leafing stays fast for ever."""
    roles, _now = roles_and_now(request)
    form = TrailFilterForm(request.GET)
    found: list[TrailRecord] = []
    if form.is_valid():
        rows = trail.read(_filters(form.cleaned_data))
        before = request.GET.get("before", "")
        if before.isdecimal():
            rows = rows.filter(pk__lt=int(before[:18]))
        found = list(rows[: PER_PAGE + 1])
    shown, has_more = found[:PER_PAGE], len(found) > PER_PAGE
    asked = {name: value for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "nav": "trail",
        "form": form,
        "rows": [_line(row, names) for names in [_names(shown)] for row in shown],
        "newest_url": f"?{urlencode(asked)}" if request.GET.get("before") else "",
        "older_url": f"?{urlencode({**asked, 'before': shown[-1].pk})}" if has_more else "",
        "export_url": f"{reverse('audit:exports')}?{urlencode({'report': REPORT, **asked})}"
        if any(report.name == REPORT for report in reports.open_to(roles))
        else "",
    }
    return render(request, "desk/trail.html", context, status=200 if form.is_valid() else 400)


@never_cache
@require_safe
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One record with everything it says."""
    row = TrailRecord.objects.filter(pk=number).first()
    if row is None:
        raise Http404
    facts = json.loads(row.body)
    context = {
        "nav": "trail",
        "row": _line(row, _names([row])),
        "record": row,
        "roles": people.role_titles([role for role in row.actor_roles.split(",") if role]),
        "body": json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True) if facts else "",
        "amounts": list(_amounts(facts)),
        "same_object_url": f"{reverse('audit:trail')}?"
        + urlencode({"object_type": row.object_type, "object_code": row.object_code}),
        "same_actor_url": f"{reverse('audit:trail')}?{urlencode({'actor': row.actor})}",
    }
    return render(request, "desk/trail_record.html", context)


def _filters(said: dict[str, Any]) -> trail.Filters:
    since, until = said["since"], said["until"]
    return trail.Filters(
        since=datetime.combine(since, time(), SHANGHAI) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), SHANGHAI) if until else None,
        action=said["action"],
        actor=said["actor"],
        object_type=said["object_type"],
        object_code=said["object_code"],
    )


_AMOUNTS = {
    "amount_fen": gettext_lazy("Amount"),
    "fund_fen": gettext_lazy("Adjustment fund"),
    "fund_paid_fen": gettext_lazy("Paid by the adjustment fund"),
    "pool_fen": gettext_lazy("Pool"),
    "pool_before_fen": gettext_lazy("Pool before"),
    "pool_after_fen": gettext_lazy("Pool after"),
    "rounding_to_fund_fen": gettext_lazy("Rounding, to the adjustment fund"),
}


def _amounts(facts: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Every amount among the facts, by the way that leads to it."""
    if isinstance(facts, dict):
        for key, value in sorted(facts.items()):
            where = f"{path}.{key}" if path else key
            if key.endswith("_fen") and isinstance(value, int):
                word = _AMOUNTS.get(key) or alarm_words.FACTS.get(key)
                yield {"name": word or where.removesuffix("_fen"), "fen": value, "is_word": word}
            else:
                yield from _amounts(value, where)
    elif isinstance(facts, list):
        for number, value in enumerate(facts, start=1):
            yield from _amounts(value, f"{path} {number}".strip())


def _names(rows: list[TrailRecord]) -> dict[str, str]:
    accounts = {row.actor for row in rows} - {trail.SYSTEM}
    known = people.names_of(accounts)
    return {account: known.get(account, account) for account in accounts}


def _line(row: TrailRecord, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": row.at,
        "who": trail.actor_name(row.actor, names),
        "text": trail.title(row.action),
        "object_type": trail.object_title(row.object_type),
        "object": row.object_code,
        "url": reverse("audit:trail_record", args=[row.pk]),
    }
