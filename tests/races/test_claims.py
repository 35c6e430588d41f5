"""Fifty claims of one ticket at five outlets: one payout (F092)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from accounts.models import User
from finance import ledger, wallets
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, payment
from tests import make_claims as make
from tests import make_outlets
from tests.at_once import at_once

pytestmark = [
    pytest.mark.race,
    pytest.mark.xdist_group("a_hundred_connections"),
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def test_fifty_claims_of_one_ticket_pay_once(begin):
    """F092: the index of claims that are under way lets one in; the prize ends once."""
    won = begin(make.won)
    prize = won.prize(won.carol)
    desk = make_outlets.Desk(won.staff["compliance"], won.staff["approver1"])
    places = [(won.outlet.code, won.staff["outlet_operator"])]
    for number in range(4):
        outlet = desk.place(make.OUTLET_UP_TO, name=f"网点{number}")
        places.append((outlet.code, desk.operator(outlet).user))
    was = ledger.balance(wallets.winnings_of(won.carol))

    def whole(outlet: str, operator: User):
        claim = claims.open_(
            prize=prize, way="OUTLET", actor=operator, request_key=uuid7(), now=database_time(),
            claimant=won.carol, outlet=outlet,
        )  # fmt: skip
        there = replace(won, staff={**won.staff, "outlet_operator": operator})
        claim = make.asked(there, make.ready_to_ask(there, claim))
        return make.paid(there, claim, by="outlet_operator")

    outcomes = at_once([partial(whole, *places[n % 5]) for n in range(50)])

    paid = [one for one in outcomes if isinstance(one, Claim)]
    assert len(paid) == 1
    assert {type(one) for one in outcomes if not isinstance(one, Claim)} <= {
        no.ClaimUnderWay,
        no.PrizeIsOver,
    }
    assert PrizeEnd.objects.count() == Claim.objects.count() == 1
    assert ledger.balance(wallets.winnings_of(won.carol)) - was == 3_000_00


@pytest.mark.thorough
def test_one_approved_claim_paid_at_once_by_ten_is_paid_once(begin):
    """F092: whoever comes second finds it paid."""
    won = begin(make.won)
    claim = make.approved(won, make.opened(won, won.prize(won.bob)))
    was = ledger.balance(wallets.winnings_of(won.bob))

    def pay():
        return payment.pay(code=claim.code, actor=won.staff["cashier"], now=database_time())

    outcomes = at_once([pay] * 10)

    assert sum(isinstance(one, Claim) for one in outcomes) == 1
    assert {type(one) for one in outcomes if not isinstance(one, Claim)} == {no.NotAtThisStep}
    assert ledger.balance(wallets.winnings_of(won.bob)) - was == 24_000_00
    assert PrizeEnd.objects.count() == 1
