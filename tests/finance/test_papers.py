"""Statements as workbook, as paper and on the desk: the same figures, and letters one can read."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest
from django.db import transaction
from django.utils.translation import override

from audit.models import TrailRecord
from finance import ledger
from finance.ledger import Move
from finance.statements import catalogue, layout, paper, sheets, workbook
from lottery_portal.lib import printing
from tests import make_money as make
from tests import people

from . import pdf_text
from .shadow_month import JUNE, MAY, play

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def player():
    return play()


def cells_of(content, number=1):
    """The cells of one sheet of an XLSX file as text, line by line."""
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        page = parts.read(f"xl/worksheets/sheet{number}.xml")
    root = ElementTree.fromstring(page)  # noqa: S314 - our own file

    def text(cell):
        if cell.get("t") == "inlineStr":
            return "".join(cell.itertext())
        return cell.findtext("x:v", "", space)

    return [
        [text(cell) for cell in row.findall("x:c", space)]
        for row in root.findall(".//x:row", space)
    ]


def as_xlsx(statement):
    target = io.BytesIO()
    workbook.write(statement, target)
    return target.getvalue()


def test_the_workbook_has_numbers_to_the_fen_and_no_formula(player):
    """F124: XLSX; assets stand beside liabilities, as accountants here read them."""
    with override("en"):
        made = as_xlsx(catalogue.make("balance", JUNE))

    lines = cells_of(made)
    (total,) = [line for line in lines if line and line[0] == "Total assets"]
    assert float(total[2]) == 5827.16
    assert lines[0] == ["Balance sheet"]
    assert any("Liabilities and equity" in line for line in lines)
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
    assert as_xlsx_again("balance") == made


def as_xlsx_again(name):
    with override("en"):
        return as_xlsx(catalogue.make(name, JUNE))


def test_what_a_person_wrote_is_no_formula_in_a_workbook():
    row = layout.Row(("=1+1", "http://evil.example", "007"))
    columns = tuple(layout.Column(name) for name in "abc")
    statement = layout.Statement(
        name="x", title="[x]:*?", about="", book="", tables=(layout.Table("y/z", columns, (row,)),)
    )

    made = as_xlsx(statement)

    assert cells_of(made)[-1] == ["=1+1", "http://evil.example", "007"]


def test_a_sheet_of_many_lines_goes_to_the_file_line_by_line(player):
    """F124: without a limit the lines come from the database while they are written."""
    with override("en"):
        made = as_xlsx(sheets.sheet("escrow:drill", first=MAY, last=JUNE.last))

    lines = cells_of(made)
    assert lines[-1][3] == "Total"
    assert float(lines[-1][-1]) == 5795.50
    assert len([line for line in lines if any("drill:" in cell for cell in line)]) == 12


def test_a_sheet_that_is_too_long_is_refused_in_words(player):
    with pytest.raises(sheets.TooManyLines):
        sheets.sheet("escrow:drill", first=MAY, last=JUNE.last, most=3)
    with pytest.raises(sheets.AccountUnknown):
        sheets.sheet("escrow:nowhere", first=MAY, last=JUNE.last)


@pytest.mark.thorough
def test_the_paper_carries_its_letters_and_is_the_same_every_time(player):
    """F124: PDF in Chinese, and the face has every letter of it."""
    for name in catalogue.KINDS:
        with override("zh-hans"):
            statement = catalogue.make(name, JUNE)
            first, again = paper.render(statement), paper.render(catalogue.make(name, JUNE))

        assert first == again
        assert first.startswith(b"%PDF-")
        assert b"/FontFile2" in first
        assert b"Helvetica" not in first
        named = set(re.findall(rb"/BaseFont\s*/([^\s/]+)", first))
        assert named
        assert all(b"+WenQuanYi" in font for font in named)
        for line in layout._said(statement):
            for text in line:
                assert printing.shown(text) == text


def plain(text):
    """Without spaces and ends of lines: a narrow cell breaks where it must."""
    return "".join(text.split())


def test_every_word_and_figure_of_a_paper_can_be_read_back(player):
    """F124: whoever copies text out of the PDF gets Chinese, not boxes; nothing is left out."""
    for language, name in itertools.product(["zh-hans", "en"], catalogue.KINDS):
        with override(language):
            statement = catalogue.make(name, JUNE)
            pages = pdf_text.read(paper.render(statement))

        text = plain("".join(pages))
        for line in layout._said(statement):
            for cell in line[1 if line[0] == statement.name else 0 :]:
                assert plain(cell) in text, (language, name, cell)
        for page in pages:
            assert layout.digest(statement) in plain(page)
        assert "U+" not in text


@pytest.mark.thorough
def test_both_sides_of_a_balance_sheet_stand_on_one_paper(player):
    """F124: assets beside what they stand against, below the title; nothing is pushed away."""
    with override("en"):
        pages = pdf_text.read(paper.render(catalogue.make("balance", JUNE)))

    assert len(pages) == 1
    assert "Total assets" in pages[0]
    assert "Total liabilities and equity" in pages[0]


@pytest.mark.thorough
def test_papers_have_the_titles_that_accountants_here_know(player):
    """F124"""
    titles = {"trial": "试算平衡表", "balance": "资产负债表", "income": "利润表"}
    titles["cash-flow"] = "现金流量表"
    for name, title in titles.items():
        with override("zh-hans"):
            statement = catalogue.make(name, JUNE)
            (first, *_others) = pdf_text.read(paper.render(statement))
            made = as_xlsx(statement)

        assert title in first.splitlines()
        assert cells_of(made)[0] == [title]


def test_the_sheet_of_an_account_as_paper_reads_as_on_the_desk(player):
    """F122, F124: 明细账 in Chinese, with the account and what is left after each line."""
    with override("zh-hans"):
        statement = sheets.sheet("ownbank:drill", first=JUNE.first, last=JUNE.last, most=100)
        text = plain("".join(pdf_text.read(paper.render(statement))))

    assert "明细账" in text
    assert "ownbank:drill" in text
    for figure in ("50.00", "37.66", "31.66"):
        assert figure in text


def test_the_digest_changes_with_one_fen(player):
    with override("en"):
        before = layout.digest(catalogue.make("income", JUNE))
        make.open_accounts(("expense:tea", "EXPENSE"), is_shadow=True)
        with transaction.atomic():
            ledger.post(
                reference="tea",
                kind="EXPENSE_PAID",
                moves=[Move("expense:tea", "ownbank:drill", 1)],
                day=date(2025, 6, 30),
            )

        assert layout.digest(catalogue.make("income", JUNE)) != before


@pytest.fixture
def desk():
    client = people.behind(people.member("treasurer").user)
    client.cookies["language"] = "en"
    return client


QUERY = "?first=2025-06-01&last=2025-06-30&book=shadow"


@pytest.mark.thorough
def test_the_pages_show_the_same_figures(player, desk):
    """F124"""
    page = desk.get(f"/desk/ledger/reports/balance/{QUERY}").content.decode()
    assert "5,827.16" in page
    assert "They agree" in page
    assert "Welfare fund" in page

    assert desk.get(f"/desk/ledger/reports/{QUERY}").status_code == 200
    for name in catalogue.KINDS:
        assert desk.get(f"/desk/ledger/reports/{name}/{QUERY}").status_code == 200
    assert "48.80" in desk.get(f"/desk/ledger/subjects/welfare/{QUERY}").content.decode()
    sheet = "/desk/ledger/sheet/?account=ownbank:drill&first=2025-06-01&last=2025-06-30"
    assert "37.66" in desk.get(sheet).content.decode()
    treasury = desk.get("/desk/ledger/treasury/?book=shadow").content.decode()
    assert "5,795.50" in treasury
    for place in ("treasury", "reports", "corrections", "periods"):
        assert f'href="/desk/ledger/{place}/"' in treasury
    assert treasury.count('<svg class="chart') == 6


def test_what_there_is_not_is_not_found(desk):
    for address in (
        f"/desk/ledger/reports/nothing/{QUERY}",
        f"/desk/ledger/reports/balance/docx/{QUERY}",
        f"/desk/ledger/subjects/gold/{QUERY}",
        "/desk/ledger/sheet/?account=escrow:nowhere&first=2025-06-01&last=2025-06-30",
        "/desk/ledger/sheet/xlsx/?account=escrow:nowhere",
    ):
        assert desk.get(address).status_code == 404, address


def test_days_that_make_no_sense_leave_this_month(desk):
    answer = desk.get("/desk/ledger/reports/income/?first=2025-06-30&last=2025-06-01")

    assert answer.status_code == 200
    assert "The last day lies before the first." in answer.content.decode()


def test_a_file_that_is_taken_is_on_record(player, desk):
    """F124, F128"""
    for form, start, language in (("xlsx", b"PK", "en"), ("pdf", b"%PDF-", "zh-hans")):
        answer = desk.get(f"/desk/ledger/reports/sales/{form}/{QUERY}&language={language}")

        content = b"".join(answer.streaming_content)
        assert content.startswith(start)
        name = f"sales-shadow-20250601-20250630.{form}"
        assert name in answer["Content-Disposition"]
        (record,) = TrailRecord.objects.filter(object_code=name)
        assert record.action == "finance.report_taken"
        assert answer["Digest"].split("=")[1] in str(record.body)
