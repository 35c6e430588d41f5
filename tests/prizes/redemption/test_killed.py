"""A payment that is killed at any statement happened whole or not at all (F092)."""

from __future__ import annotations

from functools import partial

import pytest

from finance import ledger, wallets
from finance.models import Withdrawal
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import payment
from tests import make_claims as make
from tests import make_money as money
from tests.crash import killed_at

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


@pytest.mark.parametrize("before", [True, False])
def test_a_payment_killed_at_any_step_ends_the_prize_once_or_not_at_all(won, before):
    """F092, F096: end, tax, transfer and money are one commit; who tries again pays once."""
    account = money.bank_account(won.bob, now=database_time())
    claim = make.approved(won, make.opened(won, won.prize(won.bob)), "TRANSFER", account.code)
    source, cashier = f"unclaimed:{won.draw.code}", won.staff["cashier"]
    was, step = ledger.balance(source), 1
    pay = partial(payment.pay, code=claim.code, actor=cashier, now=database_time())

    while killed_at(step, before=before, deed=pay):
        ended = PrizeEnd.objects.count()
        assert was - ledger.balance(source) == ended * claim.prize.amount
        assert Withdrawal.objects.count() == ended
        assert wallets.held(won.bob) == ended * claim.net
        assert Claim.objects.get().state == ("PAYING" if ended else "APPROVED")
        if ended:
            break
        step += 1

    assert step > 20
    assert PrizeEnd.objects.count() == Withdrawal.objects.count() == 1
    assert was - ledger.balance(source) == claim.prize.amount
