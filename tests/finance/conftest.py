"""What several files of this room's tests stand on."""

from __future__ import annotations

import pytest

from finance import providers
from tests import make_money as make
from tests.fake_bank import FakeBank


@pytest.fixture
def fake_bank(settings):
    """The first way out is a bank that does as it is told; deposits still come by the sandbox."""
    settings.PAYMENT_PROVIDERS = {
        "fake": "tests.fake_bank.FakeBank",
        **settings.PAYMENT_PROVIDERS,
    }
    providers._made.cache_clear()
    make.open_accounts(("clearing:fake", "CLEARING"))
    make.entered(code="fake", rank=0, accepts=["PAYOUT"])
    bank = providers.known("fake")
    assert isinstance(bank, FakeBank)
    yield bank
    providers._made.cache_clear()
