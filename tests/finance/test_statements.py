"""A month of the shadow book, worked out by hand, and what every statement says of it (F122, F124).

All figures on the right were added up on paper from the list of deeds; none comes from the code.
"""

from __future__ import annotations

import io
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
from finance.models import AccountKind, AccountType, EntryKind
from finance.statements import catalogue, charts, figures, layout, paper, sheets, workbook
from finance.statements.figures import Span
from tests import make as make_all
from tests import make_money as make
from tests import people
from tests.at_once import at_once

from . import books

pytestmark = pytest.mark.django_db(transaction=True)

MAY, JUNE = date(2025, 5, 1), Span(date(2025, 6, 1), date(2025, 6, 30), is_shadow=True)
ACCOUNTS = (
    ("escrow:drill", "ESCROW"), ("ownbank:drill", "OWNBANK"), ("grant:drill", "GRANT"),
    ("stakes:drill-1", "STAKES"), ("prizes:drill-1", "PRIZES"), ("unclaimed:drill-1", "UNCLAIMED"),
    ("pool:drill", "POOL"), ("fund:drill", "FUND"), ("fee:drill", "FEE"),
    ("business:drill", "BUSINESS"), ("welfare:drill", "WELFARE"), ("tax:drill", "TAX"),
    ("partner:drill", "PARTNER"), ("suspense:drill", "SUSPENSE"), ("income:drill", "INCOME"),
    ("expense:fees", "EXPENSE"), ("expense:rent", "EXPENSE"),
)  # fmt: skip
# Day, kind, moves. P stands for the player; the reversal on the 3rd is asked for and agreed to.
DEEDS = (
    ("05-20", "OPENING", [("grant:drill", "pool:drill", 5_000_00)]),
    ("05-20", "OPENING", [("escrow:drill", "grant:drill", 5_000_00)]),
    ("05-25", "DEPOSIT", [("clearing:shadow", "wallet:P", 300_00)]),
    ("05-26", "SETTLEMENT", [("escrow:drill", "clearing:shadow", 300_00)]),
    ("06-02", "DEPOSIT", [("clearing:shadow", "wallet:P", 1_000_00)]),
    ("06-02", "DEPOSIT", [("clearing:shadow", "wallet:P", 100_00)]),
    ("06-03", "REVERSAL", []),
    ("06-03", "SETTLEMENT", [("escrow:drill", "clearing:shadow", 1_000_00)]),
    ("06-03", "PROVIDER_FEE", [("expense:fees", "escrow:drill", 6_00)]),
    ("06-04", "PURCHASE", [("purse:P", "stakes:drill-1", 600_00)]),
    ("06-05", "REFUND", [("stakes:drill-1", "wallet:P", 20_00)]),
    (
        "06-06",
        "ALLOCATION",
        [
            ("stakes:drill-1", "prizes:drill-1", 290_00),
            ("stakes:drill-1", "fund:drill", 5_80),
            ("stakes:drill-1", "fee:drill", 75_40),
            ("stakes:drill-1", "welfare:drill", 208_80),
        ],
    ),
    ("06-06", "POOL_ROLL", [("pool:drill", "prizes:drill-1", 1_000_00)]),
    (
        "06-06",
        "PRIZE",
        [
            ("prizes:drill-1", "winnings:P", 240_00),
            ("prizes:drill-1", "unclaimed:drill-1", 700_00),
            ("prizes:drill-1", "tax:drill", 60_00),
        ],
    ),
    (
        "06-07",
        "POOL_ROLL",
        [
            ("prizes:drill-1", "pool:drill", 280_00),
            ("prizes:drill-1", "fund:drill", 4_50),
        ],
    ),
    ("06-08", "FUND_COVER", [("fund:drill", "prizes:drill-1", 1_30)]),
    (
        "06-10",
        "PRIZE",
        [
            ("unclaimed:drill-1", "winnings:P", 150_00),
            ("unclaimed:drill-1", "tax:drill", 30_00),
        ],
    ),
    ("06-12", "FORFEIT", [("unclaimed:drill-1", "welfare:drill", 40_00)]),
    ("06-14", "SET_ASIDE", [("fee:drill", "business:drill", 60_00)]),
    (
        "06-15",
        "FEE_DRAWN",
        [
            ("business:drill", "income:drill", 50_00),
            ("ownbank:drill", "escrow:drill", 50_00),
        ],
    ),
    ("06-16", "WITHDRAWAL_HOLD", [("purse:P", "hold:P", 300_00)]),
    ("06-17", "WITHDRAWAL_PAID", [("hold:P", "clearing:shadow", 200_00)]),
    ("06-17", "WITHDRAWAL_RELEASE", [("hold:P", "winnings:P", 100_00)]),
    ("06-18", "SETTLEMENT", [("clearing:shadow", "escrow:drill", 200_00)]),
    (
        "06-20",
        "REMITTANCE",
        [("welfare:drill", "escrow:drill", 200_00), ("tax:drill", "escrow:drill", 60_00)],
    ),
    ("06-21", "EXPENSE_PAID", [("expense:rent", "ownbank:drill", 12_34)]),
    ("06-22", "UNIDENTIFIED", [("escrow:drill", "suspense:drill", 77_00)]),
    ("06-23", "BONUS", [("fund:drill", "bonus:P", 3_00)]),
    ("06-24", "CHARGEBACK", [("wallet:P", "clearing:shadow", 70_00)]),
    ("06-25", "SETTLEMENT", [("clearing:shadow", "escrow:drill", 70_00)]),
    ("06-30", "COMMISSION", [("business:drill", "partner:drill", 4_00)]),
    ("06-30", "PARTNER_PAID", [("partner:drill", "escrow:drill", 1_50)]),
    ("06-30", "COVER", [("escrow:drill", "ownbank:drill", 6_00)]),
)


def play():
    """Every deed by the ledger's own door, then brought to its day by the owner's hand."""
    player = make_all.shadow_player()
    make.open_accounts(*ACCOUNTS, is_shadow=True)
    days = []
    for place, (day, kind, moves) in enumerate(DEEDS):
        reference = f"drill:{place:02d}"
        if kind == "REVERSAL":
            done = make.decided(make.reversal(days[-1][0]))
            reference = f"adjustment:{done.code}"
        else:
            with transaction.atomic():
                ledger.post(
                    reference=reference,
                    kind=kind,
                    moves=[
                        Move(*(_of(player, name) for name in move[:2]), move[2]) for move in moves
                    ],
                )
        month, number = (int(part) for part in day.split("-"))
        days.append((reference, date(2025, month, number)))
    books.booked_over(days)
    return player


def _of(player, name):
    return f"{name[:-1]}{player.code}" if name.endswith(":P") else name


def said(statement):
    """Title and first figure of every line that has one; a title that comes twice keeps both."""
    found = {}
    for table in statement.tables:
        place = next(n for n, column in enumerate(table.columns) if column.kind == "money")
        for row in table.rows:
            if isinstance(row.cells[place], int):
                found.setdefault(str(row.cells[0]), row.cells[place])
    return found


@pytest.fixture
def player():
    return play()


@pytest.fixture(params=["latest", "rolled up"])
def whoever(request):
    made = play()
    if request.param == "rolled up":
        books.rolled_up()
    return made


def test_a_whole_month_by_hand(whoever):
    """F118, F122, F124, F265, R14, R16: every statement says what a pencil says."""
    with override("en"):
        balance = catalogue.make("balance", JUNE)
        income = catalogue.make("income", JUNE)
        cash = catalogue.make("cash-flow", JUNE)
        owed = catalogue.make("liabilities", JUNE)
        sales = catalogue.make("sales", JUNE)
        trial = catalogue.make("trial", JUNE)

    assert said(balance) == {
        "Escrow account": 5_795_50,
        "Operator's own bank account": 31_66,
        "Provider clearing": 0,
        "Receivable from a player": 0,
        "Total assets": 5_827_16,
        "Wallet": 650_00,
        "Winnings": 190_00,
        "Bonus": 3_00,
        "Hold": 0,
        "Stakes of a draw": 0,
        "Prize money of a draw": 6_80,
        "Prizes not yet claimed": 480_00,
        "Pool": 4_280_00,
        "Adjustment fund": 6_00,
        "Welfare fund": 48_80,
        "Issue fee": 15_40,
        "Business fee set aside": 6_00,
        "Tax withheld": 30_00,
        "Owed to a partner": 2_50,
        "Owed to an organiser": 0,
        "Suspense": 77_00,
        "Total liabilities": 5_795_50,
        "Opening balance": 0,
        "Surplus carried forward": 0,
        "Result not yet carried forward": 31_66,
        "Total equity": 31_66,
        "Total liabilities and equity": 5_827_16,
    }
    assert said(income) == {
        "income:drill": 50_00,
        "Total income": 50_00,
        "expense:fees": 6_00,
        "expense:rent": 12_34,
        "Total expenses": 18_34,
        "Profit (below zero: loss)": 31_66,
    }
    assert said(cash) == {
        "Deposits": 1_000_00,
        "Deposits returned": 0,
        "Chargebacks": 70_00,
        "Withdrawals paid": 200_00,
        "Prizes paid to winners directly": 0,
        "Money of players, more or less": 730_00,
        "Welfare fund, issue fee and tax remitted": 260_00,
        "Partners paid": 1_50,
        "Organisers paid": 0,
        "Fees of providers": 6_00,
        "Expenses paid": 12_34,
        "Received, not yet explained or corrected": 77_00,
        "Paid, not yet explained or corrected": 0,
        "Running the lottery, more or less": -202_84,
        "Money brought in to begin with": 0,
        "Financing, more or less": 0,
        "More money (below zero: less)": 527_16,
        "Money at the beginning": 5_300_00,
        "Money at the end": 5_827_16,
        "of it: Escrow account": 5_795_50,
        "of it: Operator's own bank account": 31_66,
        "of it: Provider clearing": 0,
    }
    assert said(sales) == {
        "Tickets sold": 600_00,
        "Refunded": 20_00,
        "Sales less refunds": 580_00,
        "Prize money": 290_00,
        "Adjustment fund": 5_80,
        "Issue fee": 75_40,
        "Welfare fund": 208_80,
        "Allocated": 580_00,
        "More (below zero: less) waits for its draw than before": 0,
        "Credited to players": 390_00,
        "Paid to winners directly": 0,
        "Tax withheld": 90_00,
        "Awaiting their claim, newly": 700_00,
        "Lapsed, to the welfare fund": 40_00,
        "Into the pool": 280_00,
        "Out of the pool, for prizes": 1_000_00,
        "Out of the fund, into the pool": 0,
        "Out of the fund, for prizes": 1_30,
        "Rounding and remainders, into the fund": 4_50,
        "Bonuses from the fund": 3_00,
    }
    figured = said(owed)
    assert figured["Owed to players"] == 843_00
    assert figured["Open prizes in all"] == 486_80
    assert figured["Balances of players and open prizes"] == 1_329_80
    assert figured["Held for draws"] == 4_286_00
    assert figured["Owed to the state and set aside"] == 100_20
    assert figured["Owed to others and not yet explained"] == 79_50
    assert figured["Owed in all"] == 5_795_50
    assert figured["Money of the sales fund"] == 5_795_50
    assert figured["More than is owed (below zero: short)"] == 0
    assert figured["prizes:drill-1"] == 6_80
    assert figured["unclaimed:drill-1"] == 480_00
    for statement in (balance, income, cash, owed, sales, trial):
        assert statement.is_right, statement.name
        assert statement.checks


def test_the_trial_balance_of_a_month_by_hand(whoever):
    """F122: debit and credit before, in and after the month."""
    with override("en"):
        statement = catalogue.make("trial", JUNE)

    rows = {row.cells[1]: row.cells[2:] for row in statement.tables[0].rows}
    assert rows["Escrow account"] == (5_300_00, 0, 1_083_00, 587_50, 5_795_50, 0)
    assert rows["Provider clearing"] == (0, 0, 1_370_00, 1_370_00, 0, 0)
    assert rows["Wallet"] == (0, 300_00, 770_00, 1_120_00, 0, 650_00)
    assert rows["Winnings"] == (0, 0, 300_00, 490_00, 0, 190_00)
    assert rows["expense:rent"] == (0, 0, 12_34, 0, 12_34, 0)
    assert rows["Pool"] == (0, 5_000_00, 1_000_00, 280_00, 0, 4_280_00)
    total = rows["Total"]
    assert total[:2] == (5_300_00, 5_300_00)
    assert total[2] == total[3]
    assert total[4:] == (5_845_50, 5_845_50)


def test_the_month_before_has_its_own_figures(player):
    """F124: as of any day, whenever it is asked."""
    may = Span(MAY, date(2025, 5, 31), is_shadow=True)
    with override("en"):
        balance, cash = catalogue.make("balance", may), catalogue.make("cash-flow", may)

    assert said(balance)["Total assets"] == 5_300_00
    assert said(balance)["Wallet"] == 300_00
    assert said(cash)["Money brought in to begin with"] == 5_000_00
    assert said(cash)["Money at the end"] == 5_300_00
    assert balance.is_right
    assert cash.is_right


def test_the_real_book_knows_nothing_of_it(player):
    with override("en"):
        balance = catalogue.make("balance", Span(JUNE.first, JUNE.last))

    assert said(balance)["Total assets"] == 0


def test_the_sheet_of_an_account_by_hand(player):
    """F122: brought forward, each line with what is left, on its side."""
    with override("en"):
        statement = sheets.sheet("ownbank:drill", first=JUNE.first, last=JUNE.last, most=100)

    lines = [(row.cells[0], *row.cells[5:]) for row in statement.tables[0].rows]
    assert lines == [
        (date(2025, 6, 1), None, None, "even", 0),
        (date(2025, 6, 15), 50_00, None, "debit", 50_00),
        (date(2025, 6, 21), None, 12_34, "debit", 37_66),
        (date(2025, 6, 30), None, 6_00, "debit", 31_66),
        (date(2025, 6, 30), 50_00, 18_34, "debit", 31_66),
    ]
    assert statement.is_right


def test_the_sheet_of_a_purse_and_the_general_ledger_by_hand(whoever):
    """F122"""
    with override("en"):
        sheet = sheets.sheet(f"hold:{whoever.code}", first=JUNE.first, last=JUNE.last)
        ledger_of = sheets.by_day("HOLD", JUNE)

    assert [row.cells[5:] for row in sheet.tables[0].rows] == [
        (None, None, "even", 0),
        (None, 300_00, "credit", 300_00),
        (200_00, None, "credit", 100_00),
        (100_00, None, "even", 0),
        (300_00, 300_00, "even", 0),
    ]
    assert [row.cells[2:] for row in ledger_of.tables[0].rows] == [
        (None, None, "even", 0),
        (0, 300_00, "credit", 300_00),
        (300_00, 0, "even", 0),
        (300_00, 300_00, "even", 0),
    ]
    assert sheet.is_right
    assert ledger_of.is_right


def test_what_a_treasurer_sees_by_day(whoever):
    """F124: money each evening, sales, payouts, and how old what is open is."""
    cash = {one.day.day: one.fen for one in charts.cash(JUNE)}
    sold = {one.day.day: one.fen for one in charts.sold(JUNE) if one.fen}
    paid = {one.day.day: one.fen for one in charts.paid_out(JUNE) if one.fen}
    open_now = {one.kind: one.parts for one in charts.ageing(JUNE)}

    assert (cash[1], cash[2], cash[3], cash[30]) == (5_300_00, 6_400_00, 6_294_00, 5_827_16)
    assert sold == {4: 600_00, 5: -20_00}
    assert paid == {17: 200_00}
    assert open_now[AccountKind.UNCLAIMED] == (0, 0, 480_00, 0, 0)  # since the 6th
    assert open_now[AccountKind.SUSPENSE] == (0, 0, 77_00, 0, 0)  # since the 22nd
    assert open_now[AccountKind.WELFARE] == (0, 0, 48_80, 0, 0)
    assert open_now[AccountKind.CLEARING] == (0, 0, 0, 0, 0)


def test_one_wrong_fen_is_seen():
    """F122: a statement that does not add up says so."""
    wrong = layout.Check("left and right", 100, 99)

    assert not wrong.is_right


def test_every_subject_stands_on_the_balance_sheet():
    """F124: a kind of account that is forgotten would be money that nobody sees."""
    with override("en"):
        balance = catalogue.make("balance", Span(JUNE.first, JUNE.last))
    titles = {str(row.cells[0]) for table in balance.tables for row in table.rows}

    with override("en"):
        for row in AccountType.objects.exclude(kind__in=["INCOME", "EXPENSE"]):
            assert str(AccountKind(row.kind).label) in titles


def test_every_deed_has_a_line_in_the_cash_flow():
    """F124: what has no line of its own stands among what is not yet explained."""
    with override("en"):
        from_lines = {
            deed
            for _head, _total, items in catalogue.results._activities()
            for _title, deeds, _sign in items
            for deed in deeds
        }

    assert from_lines == set(EntryKind.values)


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
                assert paper._shown(text) == text


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


def test_a_statement_is_of_one_moment(player):
    """F122: what is booked while a statement is read is not in it."""
    make.open_accounts(("expense:tea", "EXPENSE"), is_shadow=True)

    def buy_tea():
        with transaction.atomic():
            ledger.post(
                reference="tea",
                kind="EXPENSE_PAID",
                moves=[Move("expense:tea", "ownbank:drill", 1)],
                day=JUNE.last,
            )

    with figures.snapshot():
        before = figures.standing(JUNE)
        (entry,) = at_once([buy_tea])
        assert entry is None

        assert figures.standing(JUNE) == before
    assert figures.standing(JUNE) != before
