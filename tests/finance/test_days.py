"""A day of withdrawals is one of the clock of the database, in Shanghai (F109)."""

from __future__ import annotations

import pytest

from finance import withdrawal_limits
from tests import make_money as make
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

TO_MIDNIGHT = "date_trunc('day', requested_at, 'Asia/Shanghai')"


def test_the_ceilings_of_a_day_begin_anew_at_midnight():
    """F109: asked for a microsecond before, it counts no more; asked for at midnight, it does."""
    alice = make.player()
    make.put(alice, 300_000_00)
    card = make.bank_account(alice)
    make.withdraw(alice, 5_000_00, card)
    make.withdraw(alice, 195_000_00, card)

    def left() -> tuple[int, int]:
        return (
            withdrawal_limits.left_today(alice, make.NOW),
            withdrawal_limits.automatic_left(alice, make.NOW),
        )

    with as_owner() as hand:
        hand.execute(f"UPDATE finance_withdrawal SET requested_at = {TO_MIDNIGHT}")  # noqa: S608 - our own words
        assert left() == (0, 0)
        with pytest.raises(withdrawal_limits.DailyCeilingReached):
            make.withdraw(alice, 1_00, card)
        hand.execute(
            "UPDATE finance_withdrawal SET requested_at = requested_at - interval '1 microsecond'"
        )
    assert left() == (200_000_00, 5_000_00)
    assert make.withdraw(alice, 5_000_00, card).state == "APPROVED"
