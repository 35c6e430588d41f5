"""A month of the shadow book as a list of deeds, for statements to be made of."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import Player
from finance import ledger
from finance.ledger import Move
from finance.statements.figures import Span
from finance.statements.layout import Statement
from tests import make as make_all
from tests import make_money as make

from . import books

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
DEEDS: tuple[tuple[str, str, list[tuple[str, str, int]]], ...] = (
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


def play() -> Player:
    """Every deed by the ledger's own door, then brought to its day by the owner's hand."""
    player = make_all.shadow_player()
    make.open_accounts(*ACCOUNTS, is_shadow=True)
    days: list[tuple[str, date]] = []
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
                        Move(_of(player, source), _of(player, target), fen)
                        for source, target, fen in moves
                    ],
                )
        month, number = (int(part) for part in day.split("-"))
        days.append((reference, date(2025, month, number)))
    books.booked_over(days)
    return player


def _of(player: Player, name: str) -> str:
    return f"{name[:-1]}{player.code}" if name.endswith(":P") else name


def said(statement: Statement, *, nth: int = 0) -> dict[str, Any]:
    """Title and first (or nth) figure of every line that has one."""
    found: dict[str, Any] = {}
    for table in statement.tables:
        places = [n for n, column in enumerate(table.columns) if column.kind == "money"]
        place = places[min(nth, len(places) - 1)]
        for row in table.rows:
            if isinstance(row.cells[place], int):
                found.setdefault(str(row.cells[0]), row.cells[place])
    return found
