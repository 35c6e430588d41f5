"""Reports: ordered, written by a job from one snapshot, kept with their digests (F214-F216).

Each room registers its reports in its `reports.py`, found at start-up. An export of a closed period
(nothing can be added to it any more) is repeatable: ordered again, it is written again with the
header of the first edition and must come out byte for byte the same; if not, it becomes a new
edition that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal import jobs
from lottery_portal.lib import version
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.dates import ASKED, SHANGHAI, in_shanghai
from lottery_portal.lib.db import database_time, door
from lottery_portal.lib.errors import Refused

from . import canonical, people, report_file, trail
from .models import ReportRun
from .report_file import Column

__all__ = ["Column", "PeriodForm", "Report", "order", "period", "register"]

# No transaction of ours lives longer: what is dated this far back can no longer appear.
SETTLED_AFTER = timedelta(minutes=5)


class MayNotOrder(Refused):
    """The post does not open this report."""

    code, status = "report_role", 403
    message = gettext_lazy("Your post does not open this report.")


class PeriodForm(forms.Form):
    """The interval of a report, both days included; a report may ask for more in a subclass."""

    since = forms.DateField(
        label=gettext_lazy("From"),
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))
        return cleaned


def _no_notes(_params: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return ()


def _nothing_more(_params: Mapping[str, Any], _by: Any) -> None:
    return None


@dataclass(frozen=True)
class Report:
    """One kind of export. `rows` yields one sequence per row, in the order of `columns`.

    It is called inside one read-only snapshot and may use querysets (`.iterator()`) as they are.
    `params` are the form's values as JSON; `period(params)` turns them into moments. Change the
    columns or their meaning, and `schema_version` goes up. `notes` are lines for the head of the
    file, what was left out and why; `ordered` hears of an order in its transaction.
    """

    name: str
    title: str | Promise
    columns: Sequence[Column]
    rows: Callable[[Mapping[str, Any]], Iterator[Sequence[Any]]]
    roles: frozenset[str]
    count: Callable[[Mapping[str, Any]], int] | None = None
    form: type[PeriodForm] = PeriodForm
    schema_version: int = 1
    about: str | Promise = ""
    notes: Callable[[Mapping[str, Any]], Sequence[tuple[str, str]]] = _no_notes
    ordered: Callable[[Mapping[str, Any], Any], None] = _nothing_more

    @property
    def schema(self) -> str:
        """Name and version of the columns."""
        return f"{self.name}/{self.schema_version}"


_REPORTS: dict[str, Report] = {}


def register(report: Report) -> None:
    """Make a report known; called once for each, at start-up."""
    if report.name in _REPORTS:
        message = f"Two reports are called {report.name}."
        raise RuntimeError(message)
    _REPORTS[report.name] = report


def open_to(roles: frozenset[str]) -> list[Report]:
    """The reports that somebody with these roles may order."""
    return [report for report in _REPORTS.values() if report.roles & roles]


def known(name: str) -> Report | None:
    """The report of this name, if there still is one."""
    return _REPORTS.get(name)


def period(params: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """The interval of `params` as moments: from the first midnight to that after the last day."""
    since, until = parse_date(params["since"]), parse_date(params["until"])
    if since is None or until is None:
        raise ValueError("A report needs its first and its last day.")
    return (
        datetime.combine(since, time(), SHANGHAI),
        datetime.combine(until + timedelta(days=1), time(), SHANGHAI),
    )


@door
def order(*, name: str, params: Mapping[str, Any], by: Any, now: datetime) -> ReportRun:
    """Order one export; a job writes it. Refused when the post of `by` does not open the report."""
    report = _REPORTS[name]
    if not people.roles_of(by, now) & report.roles:
        raise MayNotOrder
    asked = canonical.plain(params)
    _since, until = period(asked)
    language = translation.get_language() or settings.LANGUAGE_CODE
    row = ReportRun.objects.create(
        code=new_code(),
        report=name,
        params=asked,
        language=language,
        order_key=canonical.digest(
            canonical.text({"schema": report.schema, "params": asked, "language": language})
        ),
        is_closed_period=until + SETTLED_AFTER <= database_time(),
        ordered_by=by,
        ordered_at=now,
    )
    trail.record(
        action="audit.export_ordered",
        actor=by,
        object_type="export",
        object_code=row.code,
        body={"report": name, "params": asked},
    )
    report.ordered(asked, by)
    jobs.enqueue("audit.make_report", key=row.code, code=row.code)
    return row


def make(*, code: str, now: datetime) -> None:
    """Write the file of an export that was ordered; a second call for a ready one does nothing."""
    row = ReportRun.objects.select_related("ordered_by").get(code=code)
    if row.state == ReportRun.State.READY:
        return
    _say(row, state=ReportRun.State.RUNNING, rows_done=0, error="")
    try:
        with translation.override(row.language):
            written = _write(row, now)
    except Exception as exc:
        _say(row, state=ReportRun.State.FAILED, error=type(exc).__name__)
        raise
    _finish(row, written, now)


def _write(row: ReportRun, now: datetime) -> report_file.Written:
    """Rows come from one snapshot; how far it is goes out on a connection of its own meanwhile."""
    report = _REPORTS[row.report]
    first = _edition_before(row)
    own = {
        "operator": settings.OPERATOR,
        "generated_at": in_shanghai(now).isoformat(timespec="seconds"),
        "ordered_by": people.names_of([row.ordered_by.get_username()]).get(
            row.ordered_by.get_username(), row.ordered_by.get_username()
        ),
        "software": version.software(),
    }
    side = connection.copy()
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = '90s'")
            if report.count is not None:
                row.rows_total = report.count(row.params)

            def told(done: int) -> None:
                with side.cursor() as outside:
                    outside.execute(
                        "UPDATE audit_reportrun SET rows_done = %s, rows_total = %s"
                        " WHERE id = %s AND state = 'RUNNING'",
                        [done, max(done, row.rows_total), row.pk],
                    )

            told(0)
            row.edition, row.header = (first.edition, first.header) if first else (1, own)
            written = _edition(row, report, told)
            if first and written.digest != first.digest:
                row.edition = first.edition + 1
                row.header = {**own, "replaces": f"{first.edition}: {first.digest}"}
                written = _edition(row, report, told)
            return written
    finally:
        side.close()


def _edition_before(row: ReportRun) -> ReportRun | None:
    """The newest edition of the same closed period, if this one is of a closed period too."""
    if not row.is_closed_period:
        return None
    return (
        ReportRun.objects.filter(
            order_key=row.order_key, is_closed_period=True, state=ReportRun.State.READY
        )
        .order_by("-edition", "pk")
        .first()
    )


def _edition(row: ReportRun, report: Report, told: Callable[[int], None]) -> report_file.Written:
    return report_file.write(
        report_file.place_of(row.code),
        schema=report.schema,
        columns=report.columns,
        head=_head(row, report),
        rows=report.rows(row.params),
        told=told,
    )


def _head(row: ReportRun, report: Report) -> list[tuple[str, str]]:
    """Who reports what, about when, made when and by which software (F214)."""
    header = row.header
    lines = [
        (_("Operator"), header["operator"]),
        (_("Report"), str(report.title)),
        (
            _("Interval"),
            _("%(since)s to %(until)s, both days included, Asia/Shanghai") % row.params,
        ),
    ]
    if filters := in_words(report, row.params):
        lines.append((_("Filters"), "; ".join(f"{label}: {value}" for label, value in filters)))
    lines += [
        (_("Generated at"), header["generated_at"]),
        (_("Ordered by"), header["ordered_by"]),
        (_("Software"), header["software"]),
        (_("Columns"), f"{report.schema}: {' '.join(column.key for column in report.columns)}"),
        (_("Edition"), str(row.edition)),
    ]
    lines += report.notes(row.params)
    if replaced := header.get("replaces"):
        lines.append((_("Replaces edition"), replaced))
    return lines


def in_words(report: Report, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was asked for besides the interval, in pairs of label and value."""
    said = []
    for name, field in report.form().fields.items():
        value = params.get(name)
        if name in {"since", "until"} or value in (None, "", []):
            continue
        shown = dict(getattr(field, "choices", ())).get(value, value)
        said.append((str(field.label or name), str(shown)))
    return said


def _say(row: ReportRun, **said: Any) -> None:
    ReportRun.objects.filter(pk=row.pk).exclude(state=ReportRun.State.READY).update(**said)


@door
def _finish(row: ReportRun, written: report_file.Written, now: datetime) -> None:
    since, until = (row.params[name].replace("-", "") for name in ("since", "until"))
    file_name = f"{row.report.replace('.', '-')}_{since}-{until}_v{row.edition}.csv"
    report_file.write_sidecar(
        report_file.place_of(row.code), digest=written.digest, file_name=file_name
    )
    _say(
        row,
        state=ReportRun.State.READY,
        edition=row.edition,
        header=row.header,
        rows_done=written.rows,
        rows_total=written.rows,
        file_name=file_name,
        size=written.size,
        digest=written.digest,
        content_digest=written.content_digest,
        ready_at=now,
    )
    trail.record(
        action="audit.export_made",
        actor=None,
        object_type="export",
        object_code=row.code,
        body={"edition": row.edition, "rows": written.rows, "digest": written.digest},
    )


@door
def note_download(row: ReportRun, *, by: Any) -> bool:
    """Record that `by` takes the file away. False when it is gone or is not what was written."""
    path = report_file.place_of(row.code)
    is_whole = path.is_file() and report_file.digest_of(path) == row.digest
    trail.record(
        action="audit.export_downloaded" if is_whole else "audit.export_damaged",
        actor=by,
        object_type="export",
        object_code=row.code,
        body={"digest": row.digest},
    )
    return is_whole


def runs_open_to(roles: frozenset[str]) -> Any:
    """The exports that somebody with these roles may see, newest first."""
    names = [report.name for report in open_to(roles)]
    return ReportRun.objects.filter(report__in=names).select_related("ordered_by").order_by("-pk")
