"""Only the verified person pays: another payer's money is set aside (F006, R18)."""

from __future__ import annotations

import pytest

from finance import payers, wallets
from finance.models import ProviderEvent
from tests import make_money as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.player()


@pytest.mark.parametrize("payer", ["王海", "陈小", "陈小雨雨", "王**"])
def test_what_somebody_else_paid_is_set_aside(alice, payer):
    """F006"""
    deposit = make.order(alice, 100_00)

    event = make.told(deposit, payer=payer)

    deposit.refresh_from_db()
    assert (event.outcome, deposit.state) == ("QUARANTINED", "QUARANTINED")
    assert wallets.available(alice) == 0


@pytest.mark.parametrize("payer", ["陈小雨", " 陈小雨 ", "陈**", "*小雨", ""])
def test_what_the_verified_person_paid_is_credited(alice, payer):
    """F006: a name the provider hides in part fits in what is shown of it."""
    deposit = make.order(alice, 100_00)

    make.told(deposit, payer=payer)

    assert wallets.available(alice) == 100_00


def test_the_name_of_a_payer_does_not_lie_open_in_the_inbox(alice):
    make.told(make.order(alice, 100_00), payer="王海")

    event = ProviderEvent.objects.get()

    assert "王海" not in event.body
    assert payers.of(event) == "王海"
    assert str(event.payer) == "王*"
