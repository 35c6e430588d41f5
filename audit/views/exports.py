"""Exports: ordered here, made by a job, downloaded when ready; every download is on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import people, report_file, reports
from audit.models import ReportRun
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.errors import Refused

from .asking import roles_and_now

PER_PAGE = 10
STATES = {"WAITING": "waiting", "RUNNING": "running", "READY": "ready", "FAILED": "failed"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """The reports this person may order, the form of the one chosen, and what was exported."""
    roles, now = roles_and_now(request)
    offered = reports.open_to(roles)
    chosen = next((r for r in offered if r.name == request.GET.get("report")), None) or (
        offered[0] if offered else None
    )
    form, status = None, 200
    if chosen is not None:
        today = in_shanghai(now).date()
        month = {"since": (today - timedelta(days=30)).isoformat(), "until": today.isoformat()}
        initial = {**month, **{name: request.GET[name] for name in request.GET}}
        form = chosen.form(request.POST or None, initial=initial)
        if form.is_valid():
            try:
                reports.order(name=chosen.name, params=form.cleaned_data, by=request.user, now=now)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("Ordered. The file stands below when it is ready."))
                return redirect(f"{reverse('audit:exports')}?{urlencode({'report': chosen.name})}")
        status = 400 if form.is_bound else 200
    context = {
        "nav": "exports",
        "form": form,
        "reports": [
            {
                "name": str(report.title),
                "url": f"?{urlencode({'report': report.name})}",
                "is_on": report is chosen,
            }
            for report in offered
        ],
        "chosen": str(chosen.title) if chosen else "",
        "about": str(chosen.about) if chosen else "",
        **_runs(request, roles),
    }
    return render(request, "desk/exports.html", context, status=status)


@never_cache
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """The list alone, as it is now."""
    roles, _now = roles_and_now(request)
    return render(request, "desk/_export_rows.html", _runs(request, roles))


@never_cache
@require_safe
def file(request: HttpRequest, code: str) -> HttpResponseBase:
    """The file itself, after its digest was checked and the download recorded."""
    roles, _now = roles_and_now(request)
    row = reports.runs_open_to(roles).filter(code=code, state=ReportRun.State.READY).first()
    if row is None:
        raise Http404
    if not reports.note_download(row, by=request.user):
        return render(
            request, "desk/export_gone.html", {"nav": "exports", **_shown(row, {})}, status=410
        )
    response = FileResponse(
        report_file.place_of(row.code).open("rb"),
        as_attachment=True,
        filename=row.file_name,
        content_type="text/csv; charset=utf-8",
    )
    response["Digest"] = f"sha-256={row.digest}"
    return response


def _runs(request: HttpRequest, roles: frozenset[str]) -> dict[str, Any]:
    page = Paginator(reports.runs_open_to(roles), PER_PAGE).get_page(request.GET.get("page"))
    names = people.names_of({row.ordered_by.get_username() for row in page})
    runs = [_shown(row, names) for row in page]
    is_settled = all(run["state"] in {"ready", "failed"} for run in runs)
    number = urlencode({"page": page.number})
    return {
        "runs": runs,
        "page": page,
        "is_settled": is_settled,
        "poll_url": "" if is_settled else f"{reverse('audit:export_progress')}?{number}",
    }


def _shown(row: ReportRun, names: Any) -> dict[str, Any]:
    report = reports.known(row.report)
    return {
        "title": str(report.title) if report else row.report,
        "interval": f"{row.params['since']} – {row.params['until']}",
        "filters": reports.in_words(report, row.params) if report else [],
        "by": names.get(row.ordered_by.get_username(), ""),
        "asked_at": row.ordered_at,
        "state": STATES[row.state],
        "done": row.rows_done,
        "total": row.rows_total,
        "rows": row.rows_done,
        "size": row.size,
        "edition": row.edition,
        "digest": row.digest,
        "download_url": reverse("audit:export_file", args=[row.code]),
    }
