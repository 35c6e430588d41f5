"""Exports: header, digest, cells that run nothing, the same bytes for the same closed period."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, connections, transaction
from django.utils import translation

from audit import people, report_file, reports, trail
from audit.models import ReportRun
from lottery_portal import jobs
from lottery_portal.lib import version
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated

from .colleagues import NOW, employ

pytestmark = pytest.mark.django_db(transaction=True)
PAST = {"since": "2026-01-01", "until": "2026-01-31"}


@pytest.fixture
def auditor():
    return employ("gubai", "auditor")


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def figures():
    """A report over a list that a test may change."""
    rows = [["=1+1", -2_050, 7, date(2026, 1, 2)], ['好, "yes"', 123_456, 0, None]]
    reports.register(
        reports.Report(
            name="tests.figures",
            title="Figures",
            columns=[
                report_file.Column("what", "What"),
                report_file.Column("amount", "Yuan", "money"),
                report_file.Column("times", "Times", "count"),
                report_file.Column("on", "On", "day"),
            ],
            rows=lambda _params: iter(rows),
            count=lambda _params: len(rows),
            roles=frozenset({"auditor", "compliance"}),
        )
    )
    yield rows
    reports._REPORTS.pop("tests.figures")


def _make(auditor, name="tests.figures", **params):
    row = reports.order(name=name, params={**PAST, **params}, by=auditor.user, now=NOW)
    jobs.run_pending(kinds=frozenset({"audit.make_report"}))
    return ReportRun.objects.get(pk=row.pk)


def _bytes(row):
    return report_file.place_of(row.code).read_bytes()


def _table(row):
    return list(csv.reader(io.StringIO(_bytes(row).decode("utf-8-sig"))))


def test_an_export_says_who_reports_what_about_when(auditor, figures):
    """F214."""
    row = _make(auditor)

    table = _table(row)
    assert table[:9] == [
        ["Operator", settings.OPERATOR],
        ["Report", "Figures"],
        ["Interval", "2026-01-01 to 2026-01-31, both days included, Asia/Shanghai"],
        ["Generated at", row.header["generated_at"]],
        ["Ordered by", "Gubai"],
        ["Software", version.software()],
        ["Columns", "tests.figures/1: what amount times on"],
        ["Edition", "1"],
        [],
    ]
    assert row.header["generated_at"].endswith("+08:00")
    assert table[9] == ["What", "Yuan", "Times", "On"]
    assert table[-1] == ["End of report", "Rows", "2"]


def test_an_export_without_rows_says_no_activity(auditor, figures):
    """F214."""
    figures.clear()

    table = _table(_make(auditor))

    assert table[-3:] == [["No Activity"], [], ["End of report", "Rows", "0"]]


def test_text_never_becomes_a_formula_and_money_stays_a_number(auditor, figures):
    table = _table(_make(auditor))

    assert table[10] == ["'=1+1", "-20.50", "7", "2026-01-02"]
    assert table[11] == ['好, "yes"', "1234.56", "0", ""]


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_every_beginning_of_a_formula_is_made_text(begins):
    assert report_file.text_cell(f"{begins}cmd") == f"'{begins}cmd"
    assert report_file.text_cell(f"cmd{begins}") == f"cmd{begins}"


@pytest.mark.parametrize(
    "bad",
    [["x", 1.5, 1, None], ["x", "=1", 1, None], ["x", 1, True, None], [5, 1, 1, None], ["x", 1, 1]],
)
def test_a_value_of_the_wrong_kind_fails_the_export(auditor, figures, bad):
    figures.append(bad)

    with pytest.raises((TypeError, ValueError)):
        _make(auditor)

    row = ReportRun.objects.get()
    assert (row.state, row.digest) == ("FAILED", "")
    assert not report_file.place_of(row.code).exists()


def test_the_digest_is_that_of_the_file_and_stands_beside_it(auditor, figures):
    """F216."""
    row = _make(auditor)

    assert row.digest == hashlib.sha256(_bytes(row)).hexdigest()
    assert row.size == len(_bytes(row))
    assert row.file_name == "tests-figures_20260101-20260131_v1.csv"
    sidecar = report_file.folder() / f"{row.code}.csv.sha256"
    assert sidecar.read_text() == f"{row.digest}  {row.file_name}\n"


def test_a_closed_period_ordered_again_gives_the_same_bytes(auditor, figures):
    """F216: another person, another day, the same bytes."""
    first = _make(auditor)
    other = reports.order(
        name="tests.figures",
        params=PAST,
        by=employ("qinchuan", "compliance").user,
        now=NOW + timedelta(days=9),
    )
    jobs.run_pending()
    second = ReportRun.objects.get(pk=other.pk)

    assert _bytes(second) == _bytes(first)
    assert (second.digest, second.edition) == (first.digest, 1)
    assert first.is_closed_period
    assert second.is_closed_period


def test_a_closed_period_that_changed_becomes_a_new_edition_and_says_so(auditor, figures):
    """F216."""
    first = _make(auditor)
    figures[1][1] += 1

    second = _make(auditor)

    assert (second.edition, second.digest == first.digest) == (2, False)
    assert second.content_digest != first.content_digest
    assert ["Replaces edition", f"1: {first.digest}"] in _table(second)
    assert second.file_name.endswith("_v2.csv")
    third = _make(auditor)
    assert (third.edition, third.digest) == (2, second.digest)


def test_an_open_period_is_written_anew_each_time(auditor, figures):
    today = {"until": in_shanghai(database_time()).date().isoformat()}
    first = _make(auditor, **today)

    second = reports.order(
        name="tests.figures",
        params={**PAST, **today},
        by=employ("qinchuan", "compliance").user,
        now=NOW,
    )
    jobs.run_pending()
    second.refresh_from_db()

    assert (first.is_closed_period, first.edition, second.edition) == (False, 1, 1)
    assert (first.header["ordered_by"], second.header["ordered_by"]) == ("Gubai", "Qinchuan")
    assert second.content_digest == first.content_digest


def test_the_content_digest_is_the_same_in_both_languages(auditor, figures):
    english = _make(auditor)
    with translation.override("zh-hans"):
        chinese = _make(auditor)

    assert english.content_digest == chinese.content_digest
    assert (english.language, chinese.language) == ("en", "zh-hans")
    assert english.order_key != chinese.order_key


def test_a_post_without_the_role_orders_nothing(figures):
    with pytest.raises(reports.MayNotOrder):
        reports.order(
            name="tests.figures", params=PAST, by=employ("suning", "support").user, now=NOW
        )

    assert not ReportRun.objects.exists()


def test_the_same_job_twice_writes_once(auditor, figures):
    row = _make(auditor)
    before = report_file.place_of(row.code).stat().st_mtime_ns

    reports.make(code=row.code, now=NOW)

    assert report_file.place_of(row.code).stat().st_mtime_ns == before
    assert trail.read(trail.Filters(action="audit.export_made")).count() == 1


def test_a_ready_export_stands(auditor, figures):
    row = _make(auditor)

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ReportRun.objects.filter(pk=row.pk).update(digest="0" * 64)

    assert violated(caught.value) == "report_ready_stands"


def test_progress_is_seen_while_the_snapshot_is_still_open(auditor, figures):
    """Rows come from one snapshot; a deed that commits meanwhile is not in it."""
    seen = []

    def rows(_params):
        yield from ([f"row {number}", 0, 0, None] for number in range(2_500))
        with connection.cursor() as inside:
            inside.execute("SHOW transaction_isolation")
            level = inside.fetchone()[0]
        side = connections["default"].copy()
        with side.cursor() as outside:
            outside.execute("SELECT state, rows_done, rows_total FROM audit_reportrun")
            seen.append((level, *outside.fetchone()))
        side.close()

    report = reports.known("tests.figures")
    reports._REPORTS["tests.figures"] = reports.Report(
        **{**vars(report), "rows": rows, "count": lambda _params: 2_500}
    )

    row = _make(auditor)

    assert seen == [("repeatable read", "RUNNING", 2_000, 2_500)]
    assert (row.rows_done, row.rows_total) == (2_500, 2_500)


def test_downloads_are_recorded_and_damage_is_found(auditor, figures):
    row = _make(auditor)

    assert reports.note_download(row, by=auditor.user)
    with report_file.place_of(row.code).open("ab") as file:
        file.write(b"more")
    assert not reports.note_download(row, by=auditor.user)
    report_file.place_of(row.code).unlink()
    assert not reports.note_download(row, by=auditor.user)

    said = trail.read(trail.Filters(object_code=row.code)).order_by("pk")
    assert list(said.values_list("action", flat=True)) == [
        "audit.export_ordered",
        "audit.export_made",
        "audit.export_downloaded",
        "audit.export_damaged",
        "audit.export_damaged",
    ]


def test_the_trail_is_exported_as_it_was_filtered(auditor):
    """F214, F216."""
    today = in_shanghai(database_time()).date().isoformat()
    with transaction.atomic():
        trail.record(
            action="tests.noted",
            actor=auditor.user,
            object_type="note",
            object_code="=N1",
            body={"n": 1},
        )

    row = _make(
        auditor, "audit.trail", since="2026-01-01", until=today, action="tests.", object_type=""
    )

    table = _table(row)
    assert ["Filters", "Deed: tests."] in table
    body = table[table.index([]) + 2 : -2]
    assert len(body) == 1
    assert body[0][2:6] == [auditor.user.username, "Gubai", "auditor", "tests.noted"]
    assert (body[0][8], body[0][10]) == ("'=N1", '{"n":1}')


def test_ten_thousand_rows_take_no_time(auditor, figures):
    figures[:] = [[f"row {number}", number, number, None] for number in range(10_000)]

    row = _make(auditor)

    assert row.rows_done == 10_000
    assert len(_table(row)) == 10_000 + 12


def test_people_are_named_on_exports(auditor):
    assert people.names_of([auditor.user.username]) == {auditor.user.username: "Gubai"}
