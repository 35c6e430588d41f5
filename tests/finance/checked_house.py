"""A house whose books are checked: players, money, payouts; and the hand that spoils them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from audit import approvals
from finance import ledger, wallets, withdrawals
from finance.ledger import Move
from finance.models import Entry
from tests import make_money as make
from tests import owner


def made() -> dict[str, Any]:
    """Two players, deposits, a small withdrawal, a large one that others approved, a ticket."""
    alice, bob = make.player(), make.player("王海")
    make.fund(alice, 20_000_00)
    make.fund(bob, 300_00)
    small = make.withdraw(alice, 100_00, make.bank_account(alice))
    large = make.withdraw(alice, 6_000_00, make.bank_account(alice))
    cashier = make.staff("chuna9", "cashier").member.user
    checker = make.staff("fuhe9", "approver").member.user
    withdrawals.prepare(code=large.code, maker=cashier, now=make.NOW)
    large.refresh_from_db()
    approvals.decide(code=large.approval_code, checker=checker, approve=True, now=make.NOW)
    make.open_accounts(("stakes:t", "STAKES"))
    posted("purchase:t", "PURCHASE", Move(wallets.purse_of(bob), "stakes:t", 50_00))
    return {"alice": alice, "bob": bob, "small": small, "large": large}


def posted(reference: str, kind: str, *moves: Move) -> Entry:
    """An entry by the ledger's own door."""
    with transaction.atomic():
        return ledger.post(reference=reference, kind=kind, moves=moves)


def by_force(statement: str, *values: Any, table: str = "") -> None:
    """The owner's hand, with the guards of a table put to sleep meanwhile."""
    with owner.as_owner() as hand:
        if table:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(statement, values or None)
        if table:
            hand.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
