"""One set of ceilings and ways for claims: those of `finance.payment_methods` and the database."""

from __future__ import annotations

import pytest

from finance import payment_methods as methods
from finance.models import PaymentMethod, Withdrawal
from lottery_portal.lib.db import database_time
from prizes.claim_models import PrizeEnd
from prizes.redemption import claim_refusals as no
from tests import make_claims as make
from tests import make_money as money
from tests.finance import tills
from tests.finance.test_payment_methods import set_figure

from .books import stands
from .test_guards import moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def _off(won, way: str) -> None:
    method = PaymentMethod.objects.get(way=way, state="ANNOUNCED")
    methods.switch_off(
        code=method.code, reason="停用", actor=won.staff["treasurer"], now=database_time()
    )


def test_a_claim_is_settled_and_paid_by_a_way_that_is_in_force(won):
    """F279: switched off it is not chosen, and what was approved by it is not paid; by door and
    by database."""
    approved = make.approved(won, make.opened(won, won.prize(won.carol)))
    claim = make.checked(won, make.opened(won, won.prize(won.bob)))
    account = money.bank_account(won.bob, now=database_time())
    for way, payee in (("WALLET", ""), ("TRANSFER", account.code)):
        _off(won, way)
        with pytest.raises(methods.MethodNotInForce):
            make.completed(won, claim, way, payee)
        figures = {"method": way, "payee": payee, "tax": 0, "net": claim.prize.amount}
        clerk = won.staff["claims_clerk"].pk
        assert moved(claim, "COMPLETE", clerk, figures=figures) == "payment_method_in_force"
    with pytest.raises(no.WayNotInForce):
        make.paid(won, approved)
    stands(won, approved)
    approved.refresh_from_db()
    assert approved.state == "APPROVED"


@pytest.mark.thorough
def test_the_ceilings_are_those_of_the_way_of_payment(won, fake_bank):
    """F094: −1/=/+1 of one transfer and of the day's; lowered meanwhile, nothing leaves. Cash −1/=
    at an outlet."""
    account = money.bank_account(won.bob, now=database_time())
    claim = make.checked(won, make.opened(won, won.prize(won.bob)))
    for key, above in (
        (methods.TRANSFER_UP_TO, methods.TransferCeilingPassed),
        (methods.TRANSFER_DAILY, methods.DailyCeilingPassed),
    ):
        set_figure(key, 24_000_00 - 1, database_time())
        with pytest.raises(above):
            make.completed(won, claim, "TRANSFER", account.code)
        for enough in (24_000_00 + 1, 24_000_00):
            set_figure(key, enough, database_time())
            claim = make.completed(won, claim, "TRANSFER", account.code)
    claim = make.decided(won, make.asked(won, make.signed(claim)), "approver1")
    for key, above in (
        (methods.TRANSFER_DAILY, methods.DailyCeilingPassed),
        (methods.TRANSFER_UP_TO, methods.TransferCeilingPassed),
    ):
        set_figure(key, 24_000_00 - 2, database_time())
        with pytest.raises(above):
            make.paid(won, claim)
        if key == methods.TRANSFER_DAILY:
            set_figure(key, 24_000_00 + 2, database_time())
    assert not PrizeEnd.objects.exists()
    assert not Withdrawal.objects.exists()
    set_figure(methods.TRANSFER_UP_TO, 24_000_00 + 2, database_time())
    assert make.paid(won, claim).state == "PAYING"
    assert Withdrawal.objects.get().amount == 24_000_00

    claim = make.checked(won, make.opened(won, won.prize(won.carol), "OUTLET"))
    desk = tills.open_desk(
        won.staff["treasurer"], won.staff["outlet_operator"], database_time(),
        place=won.outlet.code,
    )  # fmt: skip
    set_figure(methods.CASH_UP_TO, 3_000_00 - 1, database_time(), scope="OUTLET")
    with pytest.raises(methods.CashCeilingPassed):
        make.completed(won, claim, "CASH", desk.code)
    set_figure(methods.CASH_UP_TO, 3_000_00, database_time(), scope="OUTLET")
    assert make.completed(won, claim, "CASH", desk.code).method == "CASH"
