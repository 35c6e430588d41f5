"""A month of the shadow book, worked out by hand, and what every statement says of it (F122, F124).

All figures on the right were added up on paper from the list of deeds; none comes from the code.
"""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction
from django.utils.translation import override

from finance import ledger
from finance.ledger import Move
from finance.models import AccountKind, AccountType, EntryKind
from finance.statements import catalogue, charts, figures, layout, results, sheets
from finance.statements.figures import Span
from tests import make_money as make
from tests.at_once import at_once

from . import books
from .shadow_month import JUNE, MAY, play, said

pytestmark = pytest.mark.django_db(transaction=True)


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
        "Cash desk": 0,
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
        "Risk fund": 0,
        "Working fund for claims": 0,
        "Settled with an issuer": 0,
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
        "Prize money received from issuers": 0,
        "Money of players, more or less": 730_00,
        "Welfare fund, issue fee, tax and prize money remitted": 260_00,
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
        "of it: Cash desk": 0,
    }
    assert said(sales) == {
        "Tickets sold": 600_00,
        "Refunded": 20_00,
        "Sales less refunds": 580_00,
        "Prize money": 290_00,
        "Adjustment fund": 5_80,
        "Issue fee": 75_40,
        "Welfare fund": 208_80,
        "Adjustment fund of an issuer": 0,
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
        "Prize money owed to issuers": 0,
        "Prizes at the expense of issuers": 0,
        "Bonuses from the fund": 3_00,
        "Pools of stopped games, into the fund": 0,
    }
    assert said(owed) == {
        "Wallet": 650_00,
        "Winnings": 190_00,
        "Bonus": 3_00,
        "Hold": 0,
        "Owed to players": 843_00,
        "Prize money of a draw": 6_80,
        "Prizes not yet claimed": 480_00,
        "Open prizes in all": 486_80,
        "Balances of players and open prizes": 1_329_80,
        "Stakes of a draw": 0,
        "Pool": 4_280_00,
        "Adjustment fund": 6_00,
        "Held for draws": 4_286_00,
        "Welfare fund": 48_80,
        "Issue fee": 15_40,
        "Business fee set aside": 6_00,
        "Tax withheld": 30_00,
        "Owed to the state and set aside": 100_20,
        "Risk fund": 0,
        "Working fund for claims": 0,
        "Settled with an issuer": 0,
        "Kept in reserve": 0,
        "Owed to a partner": 2_50,
        "Owed to an organiser": 0,
        "Suspense": 77_00,
        "Owed to others and not yet explained": 79_50,
        "Owed in all": 5_795_50,
        "Escrow account": 5_795_50,
        "Provider clearing": 0,
        "Cash desk": 0,
        "Money of the sales fund": 5_795_50,
        "More than is owed (below zero: short)": 0,
        "prizes:drill-1": 6_80,
        "unclaimed:drill-1": 480_00,
        "Total": 486_80,
    }
    for statement in (balance, income, cash, owed, sales, trial):
        assert statement.is_right, statement.name
        assert statement.checks


def test_the_trial_balance_of_a_month_by_hand(whoever):
    """F122: debit and credit before, in and after the month."""
    with override("en"):
        statement = catalogue.make("trial", JUNE)

    rows = {row.cells[1]: row.cells[2:] for row in statement.tables[0].rows}
    assert rows == {
        # before: debit, credit; moved: debit, credit; after: debit, credit
        "Escrow account": (5_300_00, 0, 1_083_00, 587_50, 5_795_50, 0),
        "escrow:drill": (5_300_00, 0, 1_083_00, 587_50, 5_795_50, 0),
        "Operator's own bank account": (0, 0, 50_00, 18_34, 31_66, 0),
        "ownbank:drill": (0, 0, 50_00, 18_34, 31_66, 0),
        "Provider clearing": (0, 0, 1_370_00, 1_370_00, 0, 0),
        "clearing:shadow": (0, 0, 1_370_00, 1_370_00, 0, 0),
        "Wallet": (0, 300_00, 770_00, 1_120_00, 0, 650_00),
        "Winnings": (0, 0, 300_00, 490_00, 0, 190_00),
        "Bonus": (0, 0, 0, 3_00, 0, 3_00),
        "Hold": (0, 0, 300_00, 300_00, 0, 0),
        "Stakes of a draw": (0, 0, 600_00, 600_00, 0, 0),
        "stakes:drill-1": (0, 0, 600_00, 600_00, 0, 0),
        "Prize money of a draw": (0, 0, 1_284_50, 1_291_30, 0, 6_80),
        "prizes:drill-1": (0, 0, 1_284_50, 1_291_30, 0, 6_80),
        "Prizes not yet claimed": (0, 0, 220_00, 700_00, 0, 480_00),
        "unclaimed:drill-1": (0, 0, 220_00, 700_00, 0, 480_00),
        "Pool": (0, 5_000_00, 1_000_00, 280_00, 0, 4_280_00),
        "pool:drill": (0, 5_000_00, 1_000_00, 280_00, 0, 4_280_00),
        "Adjustment fund": (0, 0, 4_30, 10_30, 0, 6_00),
        "fund:drill": (0, 0, 4_30, 10_30, 0, 6_00),
        "Welfare fund": (0, 0, 200_00, 248_80, 0, 48_80),
        "welfare:drill": (0, 0, 200_00, 248_80, 0, 48_80),
        "Issue fee": (0, 0, 60_00, 75_40, 0, 15_40),
        "fee:drill": (0, 0, 60_00, 75_40, 0, 15_40),
        "Business fee set aside": (0, 0, 54_00, 60_00, 0, 6_00),
        "business:drill": (0, 0, 54_00, 60_00, 0, 6_00),
        "Tax withheld": (0, 0, 60_00, 90_00, 0, 30_00),
        "tax:drill": (0, 0, 60_00, 90_00, 0, 30_00),
        "Owed to a partner": (0, 0, 1_50, 4_00, 0, 2_50),
        "partner:drill": (0, 0, 1_50, 4_00, 0, 2_50),
        "Suspense": (0, 0, 0, 77_00, 0, 77_00),
        "suspense:drill": (0, 0, 0, 77_00, 0, 77_00),
        "Opening balance": (0, 0, 0, 0, 0, 0),
        "grant:drill": (0, 0, 0, 0, 0, 0),
        "Income": (0, 0, 0, 50_00, 0, 50_00),
        "income:drill": (0, 0, 0, 50_00, 0, 50_00),
        "Expenses": (0, 0, 18_34, 0, 18_34, 0),
        "expense:fees": (0, 0, 6_00, 0, 6_00, 0),
        "expense:rent": (0, 0, 12_34, 0, 12_34, 0),
        "Total": (5_300_00, 5_300_00, 7_375_64, 7_375_64, 5_845_50, 5_845_50),
    }


@pytest.mark.thorough
def test_what_was_allocated_to_the_state_is_remitted_or_owed(whoever):
    """F265: welfare fund 208.80 and 40.00 lapsed, 200.00 remitted; tax 90.00, 60.00 remitted."""
    with override("en"):
        owed = said(catalogue.make("liabilities", JUNE))
        trial = catalogue.make("trial", JUNE)

    moved = {row.cells[1]: row.cells[4:6] for row in trial.tables[0].rows}
    assert moved["Welfare fund"] == (200_00, 208_80 + 40_00)
    assert moved["Tax withheld"] == (60_00, 60_00 + 30_00)
    assert owed["Welfare fund"] == 208_80 + 40_00 - 200_00
    assert owed["Tax withheld"] == 60_00 + 30_00 - 60_00


@pytest.mark.thorough
def test_the_year_so_far_stands_beside_the_month(whoever):
    """F124: what May brought is in the year, and nothing was there when it began."""
    with override("en"):
        balance = said(catalogue.make("balance", JUNE), nth=1)
        income = catalogue.make("income", JUNE)
        cash = catalogue.make("cash-flow", JUNE)
        sales = catalogue.make("sales", JUNE)

    assert set(balance.values()) == {0}
    assert said(income, nth=1) == said(income)
    assert said(sales, nth=1) == said(sales)
    assert said(cash, nth=1) == said(cash) | {
        "Deposits": 1_300_00,
        "Money of players, more or less": 1_030_00,
        "Money brought in to begin with": 5_000_00,
        "Financing, more or less": 5_000_00,
        "More money (below zero: less)": 5_827_16,
        "Money at the beginning": 0,
    }


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
        lines = [row.cells[5:] for row in sheet.tables[0].rows]

    assert lines == [
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
            for _head, _total, items in results._activities()
            for _title, deeds, _sign in items
            for deed in deeds
        }

    assert from_lines == set(EntryKind.values)


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
