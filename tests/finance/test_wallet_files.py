"""A player's statement as a workbook and on paper, and his purses on every page (F010, F011)."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.translation import override

from finance import ledger, wallets
from finance.ledger import Move
from finance.models import EntryKind
from finance.statements import players
from finance.statements.figures import Span
from finance.statements.sheets import TooManyLines
from tests import make_money as make
from tests import people

pytestmark = pytest.mark.django_db
SPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
EVER = Span(date(2020, 1, 1), date(2099, 1, 1))


@pytest.fixture
def alice(now):
    player = people.player(name=make.NAME)
    make.fund(player, 328_00, now=now)
    make.withdraw(player, 28_01, make.bank_account(player, now=now), now=now)
    return player


@pytest.fixture
def client(alice):
    return people.in_english(alice.user)


def give(player, fen):
    """A bonus of the house."""
    make.open_accounts(("fund:bonus", "FUND"))
    with transaction.atomic():
        ledger.post(
            reference="test:bonus",
            kind=EntryKind.BONUS,
            moves=[Move("fund:bonus", wallets.bonus_of(player), fen)],
        )


def file_of(client, form, query=""):
    answer = client.get(f"/wallet/statement.{form}{query}")
    return answer, b"".join(answer.streaming_content)


def cells_of(content, number):
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        page = parts.read(f"xl/worksheets/sheet{number}.xml")
    rows = ElementTree.fromstring(page).findall(".//x:row", SPACE)  # noqa: S314 - our own file
    return [
        [
            "".join(cell.itertext())
            if cell.get("t") == "inlineStr"
            else cell.findtext("x:v", "", SPACE)
            for cell in row.findall("x:c", SPACE)
        ]
        for row in rows
    ]


def test_the_workbook_of_the_statement_adds_up(client, alice):
    """F010: what was there, and every line, make what is there, to the fen."""
    answer, content = file_of(client, "xlsx")

    summary = {row[0]: row[1] for row in cells_of(content, 1) if len(row) == 2}
    lines = [row for row in cells_of(content, 2) if len(row) == 7][1:]

    assert answer["Content-Disposition"].startswith("attachment; ")
    assert [row[4] for row in lines] == ["328", "-28.01"]
    assert (float(summary["At the beginning"]), float(summary["At the end"])) == (0, 299.99)
    assert round(sum(float(row[4]) * 100 for row in lines)) == wallets.available(alice)


def test_the_paper_of_the_statement_is_a_pdf_in_the_readers_language(client, alice):
    """F010"""
    _answer, content = file_of(client, "pdf")
    with override("zh-hans"):
        made = players.statement(alice, EVER, most=100)

    assert content.startswith(b"%PDF-")
    assert made.is_right
    assert not made.is_signed
    assert [row.cells[4] for row in made.tables[1].rows] == [328_00, -28_01]


def test_files_of_other_days_and_of_other_kinds(client):
    """F010: only the days asked for; no form but those there are."""
    _answer, content = file_of(client, "xlsx", "?since=2020-01-01&until=2020-12-31")

    assert [row for row in cells_of(content, 2) if len(row) == 7][1:] == []
    assert client.get("/wallet/statement.exe").status_code == 404


def test_more_lines_than_a_paper_takes_are_refused_in_words(alice):
    with pytest.raises(TooManyLines):
        players.statement(alice, EVER, most=1)


def test_nobody_gets_anothers_statement(client, now):
    """F010: a statement is always one's own."""
    bob = people.player(name="王海")
    make.fund(bob, 777_00, now=now)

    _answer, content = file_of(client, "xlsx", f"?player={bob.code}")

    assert b"777" not in b"".join(",".join(row).encode() for row in cells_of(content, 2))


def test_the_page_offers_every_form_of_the_days_it_shows(client):
    """F010: twelve months unless the player chooses others."""
    page = client.get("/wallet/?since=2026-01-01&until=2026-03-31").content.decode()

    for form in ("xlsx", "pdf", "csv"):
        assert f"/wallet/statement.{form}?since=2026-01-01&amp;until=2026-03-31" in page


@pytest.mark.parametrize("name", ["wallet", "deposit", "withdraw"])
def test_what_was_given_stands_apart_from_what_is_ones_own(client, alice, name):
    """F011: the bonus is shown by itself, and is not what can be withdrawn."""
    give(alice, 20_00)

    page = client.get(reverse(f"finance:{name}")).content.decode()

    assert "onus, to play with only" in page
    assert "20.00" in page
    assert ("299.99" if name == "withdraw" else "319.99") in page
