"""Statements and bills of every format are read to the fen, or refused with a reason (F113)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance.models import Statement
from finance.recon import camt_files, csv_files, mt940_files, sheets
from finance.recon.statements import READERS
from lottery_portal.lib.codes import new_code
from tests.finance import statement_files as files

FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)
ORDER = new_code()
ROWS = [
    (FIRST, 500_25, "BANKREF001", ORDER, "交易付款"),
    (FIRST, -60, "BANKREF002", "", "手续费"),
    (SECOND, -200_10, "BANKREF003", "", "提现"),
]
MADE: dict[str, Callable[..., bytes]] = {
    "SANDBOX": files.sandbox,
    "CSV": files.bank,
    "ALIPAY": files.alipay,
    "WECHAT": files.wechat,
    "MT940": files.mt940,
    "CAMT": files.camt,
}


def read(form, content):
    return sheets.believed(READERS[form](content, form=form))


@pytest.mark.parametrize("form", MADE)
def test_each_format_says_the_same(form):
    """F113"""
    sheet = read(form, MADE[form](ROWS, opening=1_000_00))

    assert [line.amount_fen for line in sheet.lines] == [500_25, -60, -200_10]
    assert [line.booked_on for line in sheet.lines] == [FIRST, FIRST, SECOND]
    assert [line.reference for line in sheet.lines] == ["BANKREF001", "BANKREF002", "BANKREF003"]
    assert (sheet.first_on, sheet.last_on) == (FIRST, SECOND)
    assert (sheet.opening_fen, sheet.closing_fen) == (1_000_00, 1_299_55)
    assert sheet.lines[1].kind == "FEE"


@pytest.mark.parametrize("form", ["SANDBOX", "ALIPAY", "WECHAT", "MT940", "CAMT"])
def test_our_own_order_code_is_found_in_what_the_bank_passes_on(form):
    assert read(form, MADE[form](ROWS)).lines[0].order == ORDER


def test_every_format_a_statement_may_have_is_read():
    assert set(READERS) == set(Statement.Form.values) == set(MADE)


def test_a_bank_may_write_its_rows_newest_first():
    sheet = read("CSV", files.bank(ROWS, opening=5_00, newest_first=True))

    assert [line.amount_fen for line in sheet.lines] == [500_25, -60, -200_10]
    assert sheet.opening_fen == 5_00


@pytest.mark.parametrize("form", ["SANDBOX", "CSV", "WECHAT", "MT940", "CAMT"])
def test_one_altered_amount_and_the_whole_file_is_refused(form):
    """F113: a line of 200.10 that somebody made 200.11."""
    content = MADE[form](ROWS, opening=1_000_00)
    altered = content.replace(b"200.10", b"200.11").replace(b"200,10", b"200,11")

    assert altered != content
    with pytest.raises((sheets.DoesNotAddUp, sheets.FileUnreadable)):
        read(form, altered)


def test_a_row_taken_out_of_a_bill_is_noticed():
    lines = files.sandbox(ROWS).splitlines(keepends=True)

    with override("en"), pytest.raises(sheets.FileUnreadable, match="balance jumps"):
        read("SANDBOX", b"".join([*lines[:2], *lines[3:]]))


@pytest.mark.parametrize(
    "bomb",
    [
        "<!DOCTYPE a [<!ENTITY b 'x'>]>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE l [<!ENTITY l0 'lol'><!ENTITY l1 '&l0;&l0;&l0;&l0;&l0;&l0;&l0;&l0;&l0;&l0;'>]>",
    ],
)
def test_xml_with_a_dtd_is_refused_before_anything_of_it_is_read(bomb):
    with pytest.raises(sheets.FileUnreadable):
        read("CAMT", files.camt(ROWS, doctype=bomb))


def test_bottomless_xml_is_refused():
    with pytest.raises(sheets.FileUnreadable):
        read("CAMT", b"<a>" * 100_000)


def test_a_zip_that_swells_is_refused():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1_账务明细.csv", b"0" * (csv_files.LARGEST + 1))

    assert len(held.getvalue()) < 100_000
    with override("en"), pytest.raises(sheets.FileUnreadable, match="too large"):
        read("ALIPAY", held.getvalue())


def test_mt940_never_opens_a_file_that_it_is_told_the_name_of(tmp_path):
    """The library reads a file when its source is the name of one."""
    secret = tmp_path / "statement"
    secret.write_bytes(files.mt940(ROWS))

    with pytest.raises(sheets.FileUnreadable):
        read("MT940", str(secret).encode())


def test_pages_of_mt940_join_or_are_refused():
    one = files.mt940(ROWS[:2], opening=10_00)
    closing = 10_00 + 500_25 - 60

    joined = read("MT940", one + files.mt940(ROWS[2:], opening=closing))

    assert joined.closing_fen == closing - 200_10
    assert len(joined.lines) == 3
    with pytest.raises(sheets.FileUnreadable):
        read("MT940", one + files.mt940(ROWS[2:], opening=closing + 1))
    with pytest.raises(sheets.FileUnreadable):
        read("MT940", one + files.mt940(ROWS[2:], opening=closing, number="1234567890"))


def test_a_statement_in_another_currency_is_refused():
    with pytest.raises(sheets.FileUnreadable, match="USD"):
        read("MT940", files.mt940(ROWS, currency="USD"))


@pytest.mark.parametrize(("version", "tag"), [("02", "IBAN"), ("08", "Othr"), ("13", "Othr")])
def test_camt_of_every_version_names_the_account(version, tag):
    sheet = read("CAMT", files.camt(ROWS, version=version, number_tag=tag, party="62220001"))

    assert sheet.number == "6222000012345678"
    assert sheet.lines[0].number == "62220001"
    assert sheet.lines[0].name == "支付宝"


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1,234.50", 1_234_50), ("¥0.01", 1), ("+3", 3_00), ("", 0), ("-0.10", -10), ("--", 0)],
)
def test_amounts_are_read_to_the_fen(text, fen):
    assert sheets.fen(text) == fen


@pytest.mark.parametrize("text", ["1.005", "1e99", "NaN", "Infinity", "abc", "99999999999999.00"])
def test_what_is_no_amount_in_fen_is_refused(text):
    with pytest.raises(sheets.FileUnreadable):
        sheets.fen(text)


def test_a_bank_may_end_its_lines_in_any_way():
    content = files.bank(ROWS, opening=5_00)

    for ending in (b"\r", b"\n", b"\r\n"):
        again = content.replace(b"\r\n", b"\n").replace(b"\n", ending)
        assert read("CSV", again) == read("CSV", content)


@pytest.mark.parametrize("content", [b"\r\x00", b'"' + b"0" * 200_000, b"\x00,\r\n"])
def test_what_is_no_csv_is_refused(content):
    with pytest.raises(sheets.FileUnreadable):
        read("CSV", content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([csv_files, mt940_files, camt_files]), st.binary(max_size=400))
def test_no_file_however_strange_brings_a_reader_down(reader, content):
    try:
        sheets.believed(reader.read(content, form="CSV"))
    except sheets.FileUnreadable:
        return


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(MADE)),
    st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=12),
    st.integers(-(10**12), 10**12),
)
def test_any_amounts_come_out_as_they_went_in(form, amounts, opening):
    """Random statements written in each format are read back to the fen."""
    rows = [(FIRST, fen, f"REF{place:05d}", "", "") for place, fen in enumerate(amounts)]

    sheet = read(form, MADE[form](rows, opening=opening))

    assert [line.amount_fen for line in sheet.lines] == amounts
    assert (sheet.opening_fen, sheet.closing_fen) == (opening, opening + sum(amounts))
