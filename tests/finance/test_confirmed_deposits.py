"""V-1: from an amount on a signed message alone brings no money; the bank's own answer does."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from finance import inbox, ledger, refunds, wallets
from finance.ledger import EntryKind, Move
from finance.models import Deposit, Entry, ProviderEvent
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people

from . import networks

pytestmark = pytest.mark.django_db

LARGE = 20_000_00  # the policy: from here on the provider is asked
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def now():
    return people.right_now()


@pytest.fixture(
    params=["sandbox", *(pytest.param(one, marks=pytest.mark.slow) for one in networks.ALL[1:])]
)
def network(request, settings, now):
    with ExitStack() as stack:
        yield networks.Network(request.param, settings, stack, now=now)


@pytest.fixture
def sandbox(settings, now):
    with ExitStack() as stack:
        yield networks.Network("sandbox", settings, stack, now=now)


@pytest.fixture
def alice(now):
    return make.player(now=now)


def state(row):
    row.refresh_from_db()
    return row.state


def test_a_large_payment_is_credited_when_the_provider_says_it_again(network, alice):
    """V-1, F108: told and asked; one of the two brought it about."""
    deposit = network.begin(alice, LARGE)
    assert network.pay(deposit, alice)

    told = network.told(deposit)

    assert (state(deposit), wallets.available(alice)) == ("CREDITED", LARGE)
    events = ProviderEvent.objects.filter(order_code=deposit.code, kind="PAID").order_by("pk")
    assert [(event.outcome, event.asked_at is not None) for event in events] == [
        ("APPLIED", False),
        ("REPEATED", True),
    ]
    assert told.outcome == "APPLIED"
    assert Entry.objects.filter(kind="DEPOSIT").count() == 1
    assert ledger.verify_books() == []


def test_below_the_amount_nobody_is_asked(sandbox, alice):
    """V-1: one fen less is credited by the message; the bank would not even answer."""
    deposit = sandbox.begin(alice, LARGE - 1)
    sandbox.pay(deposit, alice)
    sandbox.sandbox.troubles.append("silent")

    sandbox.told(deposit)

    assert (state(deposit), wallets.available(alice)) == ("CREDITED", LARGE - 1)
    assert list(sandbox.sandbox.troubles) == ["silent"]


def test_a_well_signed_message_of_a_payment_that_never_was_credits_nothing(sandbox, alice, now):
    """V-1: whoever has the key and no money; set aside after half an hour, never refunded."""
    deposit = sandbox.begin(alice, LARGE)

    event = sandbox.told(deposit, state="PAID")
    inbox.poll(now=now + timedelta(seconds=61))

    assert (event.outcome, state(deposit), wallets.available(alice)) == ("WAITING", "BEGUN", 0)
    inbox.poll(now=now + HALF_AN_HOUR)
    assert (state(deposit), wallets.available(alice)) == ("QUARANTINED", 0)
    assert refunds.left_of(deposit) == 0
    assert not Entry.objects.filter(kind="DEPOSIT").exists()


def test_what_was_set_aside_in_doubt_is_credited_once_the_bank_confirms_it(sandbox, alice, now):
    """V-1: nothing of a real payment is lost by being careful."""
    deposit = sandbox.begin(alice, LARGE)
    sandbox.told(deposit, state="PAID")
    inbox.poll(now=now + HALF_AN_HOUR)
    clerk = make.staff("siku5", "treasurer", now=now).member.user

    still = inbox.check_again(code=deposit.code, actor=clerk, now=now + HALF_AN_HOUR)
    sandbox.pay(deposit, alice)
    inbox.check_again(code=deposit.code, actor=clerk, now=now + HALF_AN_HOUR)

    assert still.state == "QUARANTINED"
    assert (state(deposit), wallets.available(alice)) == ("CREDITED", LARGE)


def test_a_bank_that_is_silent_just_then_is_asked_again(sandbox, alice, now):
    """V-1, V-4: the message waits in the inbox; also where the order had been closed before."""
    deposit = sandbox.begin(alice, LARGE)
    sandbox.pay(deposit, alice)
    Deposit.objects.filter(pk=deposit.pk).update(state="CLOSED", ended_at=now)
    sandbox.sandbox.troubles.append("silent")

    event = sandbox.told(deposit)
    assert (event.outcome, state(deposit)) == ("WAITING", "CLOSED")
    inbox.poll(now=now + timedelta(seconds=61))

    assert (state(deposit), wallets.available(alice)) == ("CREDITED", LARGE)


def test_an_answer_of_another_sum_is_set_aside(sandbox, alice):
    """V-1, V4: what the bank says when asked must fit the order as well."""
    deposit = sandbox.begin(alice, LARGE)
    sandbox.pay(deposit, alice)
    headers, body = sandbox.message(deposit)
    sandbox.trade(deposit).total = LARGE + 1

    sandbox.take(headers, body)

    assert (state(deposit), wallets.available(alice)) == ("QUARANTINED", 0)


def test_a_large_payment_that_was_taken_back_meanwhile_is_paid_and_taken_back(sandbox, alice):
    """V-3: asked, the bank says REFUNDED: it was paid, and nothing of it stays."""
    deposit = sandbox.begin(alice, LARGE)
    sandbox.pay(deposit, alice)
    headers, body = sandbox.message(deposit)
    sandbox.trade(deposit).state = "REFUNDED"

    sandbox.take(headers, body)

    assert (state(deposit), wallets.available(alice)) == ("CHARGED_BACK", 0)
    assert ledger.balance("clearing:sandbox") == 0
    assert ledger.verify_books() == []


def credited_by_hand(deposit, now):
    ledger.post(
        reference=f"deposit:{deposit.code}",
        kind=EntryKind.DEPOSIT,
        moves=[Move("clearing:sandbox", f"wallet:{deposit.player_code}", deposit.amount)],
    )
    Deposit.objects.filter(pk=deposit.pk).update(state="CREDITED", credited_at=now)


def test_the_database_credits_nothing_large_that_was_only_told(alice, now):
    """V-1: past every door; a message in the inbox is no answer."""
    deposit = make.order(alice, LARGE, now=now)
    ProviderEvent.objects.create(
        provider="sandbox",
        event_id="forged",
        kind="PAID",
        order_code=deposit.code,
        trade="T1",
        amount=LARGE,
        body="{}",
        received_at=now,
    )

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        credited_by_hand(deposit, now)

    assert violated(caught.value) == "deposit_confirmed_when_asked"
    assert wallets.available(alice) == 0


def test_the_desk_says_why_a_deposit_was_set_aside(sandbox, alice, now):
    """V-1: in doubt, not fitting; and the message is shown."""
    doubtful, wrong = sandbox.begin(alice, LARGE), sandbox.begin(alice, 100_00)
    sandbox.told(doubtful, state="PAID")
    sandbox.told(wrong, state="PAID", amount_fen=99_00)
    inbox.poll(now=now + HALF_AN_HOUR)
    client = people.behind(make.staff("siku6", "treasurer", now=now).member.user)
    client.cookies["language"] = "en"

    page = client.get("/desk/deposits/").content.decode()

    assert "The institution, asked, has not confirmed the payment." in page
    assert "What was told does not fit the order." in page
    assert "20,000.00" in page
