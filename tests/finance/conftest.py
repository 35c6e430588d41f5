"""What several files of this room's tests stand on."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from finance import providers
from lottery_portal.lib import dates
from tests import make_money as make
from tests import people
from tests.fake_bank import FakeBank

from . import networks


@pytest.fixture
def now():
    """What the clock says now: the database and other servers compare it with their own."""
    return people.right_now()


@pytest.fixture
def today(now):
    """The day in Shanghai."""
    return dates.in_shanghai(now).date()


@pytest.fixture
def alice(now):
    """A verified player without money."""
    return make.player(now=now)


@pytest.fixture
def rich(now):
    """A verified player with 1,328 yuan."""
    player = people.player(name=make.NAME)
    make.fund(player, 1_328_00, now=now)
    return player


@pytest.fixture
def client(rich):
    """The browser of `rich`, in English."""
    return people.in_english(rich.user)


@pytest.fixture
def bank(live_server, settings):
    """The bank at the address the portal knows."""
    settings.PUBLIC_URL = live_server.url
    return live_server.url


@pytest.fixture(params=networks.ALL)
def network(request, settings, now):
    """Each payment institution in turn, with a server of its own that speaks its language."""
    with ExitStack() as stack:
        yield networks.Network(request.param, settings, stack, now=now)


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


@pytest.fixture
def most(deep):
    """The most points of a deed at which a crash sweep kills; None for all."""
    return None if deep else 5
