"""The first figures and house accounts of this room, written once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from audit import approvals, policies
from lottery_portal.lib.db import door

from . import channels, ledger, periods
from .ledger import AccountKind
from .wallets import SHADOW_SOURCE

FIGURES: dict[str, tuple[int, str]] = {
    "deposit.min_fen": (1_00, "Genesis: smallest deposit"),
    "return.alone_up_to_fen": (5_000_00, "Genesis: a single refund by one person, up to"),
    "deposit.max_fen": (50_000_00, "Genesis: largest single deposit"),
    "deposit.query_from_fen": (
        20_000_00,
        "Genesis: from here on a deposit is credited by the provider's own answer only",
    ),
    "withdrawal.min_fen": (1_00, "Genesis: smallest withdrawal"),
    "withdrawal.automatic_up_to_fen": (5_000_00, "Genesis: above it two members of staff decide"),
    "withdrawal.max_fen": (200_000_00, "Genesis: largest single withdrawal"),
    "reconciliation.fee_max_fen": (1_000_00, "Genesis: largest fee booked from a statement"),
    "reconciliation.grace_days": (2, "Genesis: days a bank may take to show a movement"),
    "reconciliation.statement_days": (3, "Genesis: days until a bank statement is overdue"),
    "withdrawal.daily_max_fen": (200_000_00, "Genesis: most that leaves one wallet on one day"),
    "tax.prize_exempt_up_to_fen": (
        10_000_00,
        "Genesis: winnings of one person, draw and game free of tax",
    ),
    "tax.prize_rate": (2_000, "Genesis: tax on winnings, of the full amount"),
    "prize_transfer.daily_max_fen": (
        20_000_000_00,
        "Genesis: most of his prizes that is transferred to one winner on one day",
    ),
    "payments.method_notice_days": (
        7,
        "Genesis: days from the public notice until a way of paying prizes is in force",
    ),
    "payments.transfer_up_to_fen": (10_000_000_00, "Genesis: largest single transfer of a prize"),
    "payments.transfer_daily_up_to_fen": (
        50_000_000_00,
        "Genesis: most that is transferred as prizes on one day",
    ),
    "cash.alone_up_to_fen": (20_000_00, "Genesis: cash for a desk without a second word, up to"),
    "case.due_days": (3, "Genesis: days until a case must be settled"),
    "transfers.block_failures": (5, "Genesis: failed transfers in a row that block an account"),
    "transfers.window_minutes": (10, "Genesis: within so many minutes"),
    "transfers.block_minutes": (30, "Genesis: for so many minutes"),
}
# Up to so many fen so many people agree; None: however much.
PEOPLE: dict[str, tuple[list[list[int | None]], str]] = {
    "adjustment.people": (
        [[10_000_00, 1], [None, 2]],
        "Genesis: how many people agree to a correction of the books",
    ),
    "withdrawal.people": (
        [[50_000_00, 1], [None, 2]],
        "Genesis: how many people agree to a withdrawal above the automatic tier",
    ),
}
# By kind of approval and role: up to so many fen it decides; None: however much (F120).
TIERS: dict[str, dict[str, int | None]] = {
    "finance.withdrawal": {"approver": None, "treasurer": 50_000_00},
    "finance.adjustment": {"approver": None, "compliance": 100_000_00},
    "finance.return": {"approver": None, "compliance": 100_000_00},
    "finance.payment_order": {"approver": None, "compliance": 10_000_000_00},
    "finance.cover": {"approver": None, "compliance": 10_000_000_00},
    "finance.withdrawal_recall": {"approver": None, "treasurer": 50_000_00},
    "finance.payout_returned": {"approver": None, "compliance": 100_000_00},
    "finance.cash_request": {"approver": None, "treasurer": 200_000_00},
}
# A share of the issue fee in ten-thousandths, days of the next month, working days after an event.
REMITTANCE: list[tuple[str, str, object, str]] = [
    ("remittance.fee_share", "", 5_000, "Genesis: half of the issue fee is remitted"),
    ("remittance.due_day", "", 15, "Genesis: dues of a month are paid by the 15th of the next"),
    ("remittance.due_day", "TAX", 15, "Genesis: tax withheld is paid by the 15th of the next"),
    ("organiser.settle_working_days", "", 7, "Genesis: an event is settled within 7 working days"),
    ("payments.cash_up_to_fen", "OUTLET", 10_000_00, "Genesis: cash for one prize at an outlet"),
    ("payments.cash_up_to_fen", "CENTRE", 50_000_00, "Genesis: cash for one prize at a centre"),
    (
        "payment.people",
        "",
        [[1_000_000_00, 1], [None, 2]],
        "Genesis: how many people agree to a payment order",
    ),
]
FOR_EVER = date(2099, 12, 31)
SANDBOX: dict[str, Any] = {
    "code": "sandbox",
    "institution": "示范银行 (sandbox)",
    "licence_number": "SANDBOX",
    "licence_until": FOR_EVER,
    "contract_until": FOR_EVER,
    "review_on": FOR_EVER,
    "accepts": ["DEPOSIT", "PAYOUT", "REFUND"],
    "rank": 1,
    "is_on": True,
}
ACCOUNTS = {
    "clearing:alipay": (AccountKind.CLEARING, False),
    "clearing:wechat": (AccountKind.CLEARING, False),
    "clearing:sandbox": (AccountKind.CLEARING, False),
    "escrow:sandbox": (AccountKind.ESCROW, False),
    SHADOW_SOURCE: (AccountKind.CLEARING, True),
}


@door
def load(*, now: datetime) -> None:
    """Set limits of deposits and withdrawals, open the accounts that face the banks."""
    for key, (value, reason) in FIGURES.items():
        policies.set_genesis(key=key, value=value, reason=reason, now=now)
    for key, (people, reason) in PEOPLE.items():
        policies.set_genesis(key=key, value=people, reason=reason, now=now)
    for kind, by_role in TIERS.items():
        policies.set_genesis(
            key=approvals.UP_TO,
            scope=kind,
            value=by_role,
            reason=gettext_noop("Genesis: up to which amount a post decides"),
            now=now,
        )
    for key, scope, figure, reason in REMITTANCE:
        policies.set_genesis(key=key, scope=scope, value=figure, reason=reason, now=now)
    periods.ensure(now=now)
    for code, (kind, is_shadow) in ACCOUNTS.items():
        ledger.open_account(code=code, kind=kind, is_shadow=is_shadow)
    if settings.SANDBOX_BANK_KEY:
        channels.enter_first(fields=SANDBOX, now=now)
