"""What the tests of redemption begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings

from finance import providers
from tests import make_claims
from tests import make_money as money
from tests.fake_bank import FakeBank
from tests.make_claims import Won
from tests.people import right_now


@pytest.fixture
def won(begin: Callable[[Callable[[], Won]], Won]) -> Won:
    """A published draw whose winners have not come yet."""
    return begin(make_claims.won)


@pytest.fixture
def fake_bank(won: Won, settings: LazySettings) -> Iterator[FakeBank]:
    """The first way out is a bank that does as it is told."""
    settings.PAYMENT_PROVIDERS = {
        "fake": "tests.fake_bank.FakeBank",
        **settings.PAYMENT_PROVIDERS,
    }
    providers._made.cache_clear()
    money.open_accounts(("clearing:fake", "CLEARING"))
    money.entered(code="fake", rank=0, accepts=["PAYOUT"], now=right_now())
    bank = providers.known("fake")
    assert isinstance(bank, FakeBank)
    yield bank
    providers._made.cache_clear()
