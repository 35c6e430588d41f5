"""A deposit is credited once, for what was ordered, in whatever order the bank speaks (F108)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts import registration
from accounts.models import Message, Player
from audit import trail
from finance import deposits, inbox, ledger, payers, providers, wallets
from finance.models import Deposit, Entry, ProviderEvent, Withdrawal
from lottery_portal.lib.db import violated
from tests import make_money as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.player()


def state(deposit):
    deposit.refresh_from_db()
    return deposit.state


def actions(code):
    found = trail.read(trail.Filters(object_type="deposit", object_code=code))
    return [row.action for row in found.order_by("pk")]


def test_a_paid_deposit_is_in_the_wallet(alice):
    """F108"""
    deposit = make.fund(alice, 100_00)

    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_00
    assert actions(deposit.code) == ["finance.deposit_begun", "finance.deposit_credited"]
    message = Message.objects.get(user=alice.user, kind="finance.deposit_credited")
    assert message.params == {"deposit": deposit.code, "amount_fen": 100_00}


def test_a_replayed_callback_credits_once(alice):
    """F108: the same message twenty times."""
    deposit = make.order(alice, 100_00)

    events = [make.told(deposit) for _ in range(20)]

    assert {event.pk for event in events} == {events[0].pk}
    assert wallets.available(alice) == 100_00
    assert ledger.verify_books() == []


def test_the_same_fact_under_other_names_credits_once(alice):
    """F108"""
    deposit = make.order(alice, 100_00)

    outcomes = [make.told(deposit, event=f"e{number}").outcome for number in range(5)]

    assert outcomes == ["APPLIED", *["REPEATED"] * 4]
    assert actions(deposit.code) == ["finance.deposit_begun", "finance.deposit_credited"]
    assert wallets.available(alice) == 100_00


@pytest.mark.parametrize("order", list(itertools.permutations(["PAID", "CANCELLED", "REFUNDED"])))
def test_the_order_in_which_facts_arrive_does_not_matter(alice, order):
    """F108: paid, closed and refunded in every order end in the same books."""
    deposit = make.order(alice, 100_00)

    for told in order:
        make.told(deposit, event=f"e:{told}", state=told)

    assert state(deposit) == "CHARGED_BACK"
    assert wallets.available(alice) == 0
    assert [line.amount_fen for line in statement(alice)] == [100_00, -100_00]
    assert ledger.verify_books() == []


@pytest.mark.parametrize("order", list(itertools.permutations(["PAID", "CANCELLED"])))
def test_a_payment_beats_a_close(alice, order):
    """F108: what was paid late is credited all the same."""
    deposit = make.order(alice, 100_00)

    for told in order:
        make.told(deposit, event=f"e:{told}", state=told)

    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_00


def test_a_refund_of_what_never_was_paid_moves_nothing(alice):
    deposit = make.order(alice, 100_00)

    make.told(deposit, state="REFUNDED")

    assert state(deposit) == "BEGUN"
    assert wallets.available(alice) == 0


def test_what_a_chargeback_finds_no_more_the_player_owes(alice):
    """F108"""
    deposit = make.fund(alice, 100_00)
    make.withdraw(alice, 70_00, make.bank_account(alice))

    make.told(deposit, event="back", state="REFUNDED")

    assert state(deposit) == "CHARGED_BACK"
    assert wallets.available(alice) == 0
    assert ledger.balance(f"receivable:{alice.code}") == -70_00
    assert ledger.verify_books() == []


@pytest.mark.parametrize("told_fen", [99_99, 100_01, 1])
def test_another_amount_is_set_aside_and_not_credited(alice, told_fen):
    """F108: never a partial credit."""
    deposit = make.order(alice, 100_00)

    event = make.told(deposit, amount_fen=told_fen)

    assert event.outcome == "QUARANTINED"
    assert state(deposit) == "QUARANTINED"
    assert wallets.available(alice) == 0
    assert actions(deposit.code)[-1] == "finance.deposit_quarantined"


def test_what_was_set_aside_is_credited_by_people_only(alice):
    """F108: a fitting message after a wrong one waits until staff have asked the bank."""
    deposit = make.order(alice, 100_00)
    make.told(deposit, event="e1", amount_fen=1)

    event = make.told(deposit, event="e2")

    assert event.outcome == "WAITING"
    assert (state(deposit), wallets.available(alice)) == ("QUARANTINED", 0)


def test_a_second_payment_of_one_order_is_set_aside(alice):
    deposit = make.fund(alice, 100_00)

    event = make.told(deposit, event="other", trade="ANOTHER")

    assert event.outcome == "QUARANTINED"
    assert state(deposit) == "CREDITED"
    assert wallets.available(alice) == 100_00
    assert actions(deposit.code)[-1] == "finance.provider_event_quarantined"


def test_a_message_about_an_unknown_order_is_parked(alice):
    event = make.told(order="NOBODYS", trade="T1", amount_fen=5_00, event="e1")

    assert event.outcome == "WAITING"
    assert ProviderEvent.objects.count() == 1
    assert not Entry.objects.filter(reference__contains="NOBODYS").exists()


SPOILT: tuple[Callable[..., Any], ...] = (
    lambda headers, body: ({**headers, "Bank-Signature": "0" * 64}, body),
    lambda headers, body: ({**headers, "Bank-Signature": ""}, body),
    lambda headers, body: ({**headers, "Bank-Signature": "ü" * 64}, body),
    lambda headers, body: ({**headers, "Bank-Timestamp": "9" * 40}, body),
    lambda headers, body: ({**headers, "Bank-Timestamp": "-1"}, body),
    lambda headers, body: ({}, body),
    lambda headers, body: (headers, body.replace(b"10000", b"99999")),
    lambda headers, body: (headers, body + b" "),
)


def test_what_the_bank_did_not_sign_is_not_even_read(alice):
    """F108"""
    message = make.message(make.order(alice, 100_00))

    for spoil in SPOILT:
        headers, body = spoil(*message)
        with pytest.raises(providers.SignatureWrong):
            inbox.take_callback(
                provider="sandbox",
                headers=headers,
                path="/wallet/callbacks/sandbox/",
                body=body,
                now=make.NOW,
            )

    assert not ProviderEvent.objects.exists()
    assert wallets.available(alice) == 0


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_signature_is_no_signature(alice, off):
    """F108"""
    headers, body = make.message(make.order(alice, 100_00))

    with pytest.raises(providers.SignatureWrong):
        inbox.take_callback(
            provider="sandbox",
            headers=headers,
            path="/wallet/callbacks/sandbox/",
            body=body,
            now=make.NOW + off,
        )

    assert wallets.available(alice) == 0


def test_a_signature_is_good_for_its_path_only(alice):
    headers, body = make.message(make.order(alice, 100_00))

    with pytest.raises(providers.SignatureWrong):
        inbox.take_callback(
            provider="sandbox", headers=headers, path="/bank/orders/", body=body, now=make.NOW
        )


OF_ANOTHER_FORM: tuple[dict[str, Any], ...] = (
    {"merchant": "somebody"},
    {"currency": "USD"},
    {"state": "MAYBE"},
    {"amount_fen": "10000"},
    {"amount_fen": 100.0},
    {"amount_fen": -1},
    {"amount_fen": True},
    {"order": None},
    {"order": "x" * 21},
    {"event": ""},
    {"trade": "a\x00b"},
)


def test_a_signed_message_of_another_form_is_refused(alice):
    deposit = make.order(alice, 100_00)

    for changes in OF_ANOTHER_FORM:
        with pytest.raises(providers.MessageMalformed):
            make.told(deposit, **changes)

    assert not ProviderEvent.objects.exists()
    assert wallets.available(alice) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b"null"])
def test_a_signed_message_that_is_no_object_is_refused(body):
    with pytest.raises(providers.MessageMalformed):
        inbox.take_callback(
            provider="sandbox",
            headers=make.signed(body),
            path="/wallet/callbacks/sandbox/",
            body=body,
            now=make.NOW,
        )


def test_one_request_key_is_one_deposit(alice):
    key = uuid4()

    first, second = make.order(alice, 100_00, key=key), make.order(alice, 100_00, key=key)

    assert first.pk == second.pk
    with pytest.raises(deposits.RequestKeyUsed):
        make.order(alice, 100_01, key=key)
    assert Deposit.objects.count() == 1


@pytest.mark.parametrize(
    ("fen", "refusal"),
    [(99, deposits.DepositTooSmall), (50_000_01, deposits.DepositTooLarge)],
)
def test_a_deposit_keeps_within_the_policy(alice, fen, refusal):
    with pytest.raises(refusal):
        make.order(alice, fen)

    assert not Deposit.objects.exists()


@pytest.mark.parametrize("fen", [1_00, 50_000_00])
def test_the_bounds_of_the_policy_are_within(alice, fen):
    assert make.order(alice, fen).amount == fen


def test_nobody_unverified_brings_money_in():
    stranger = make.player(verified=False)

    with pytest.raises(payers.IdentityRequired):
        make.order(stranger, 100_00)

    assert not Deposit.objects.exists()


def test_a_shadow_player_brings_no_real_money_in():
    with pytest.raises(deposits.DepositNotAllowed):
        make.order(registration.open_shadow_account(now=make.NOW), 100_00)


def test_shadow_money_never_fills_a_real_wallet(alice):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        wallets.fill_shadow(alice, fen=100, reference="drill:1")

    assert violated(caught.value) == "books_not_mixed"
    assert wallets.available(alice) == 0


def test_a_shadow_player_plays_with_shadow_money():
    shadow = registration.open_shadow_account(now=make.NOW)
    with transaction.atomic():
        wallets.fill_shadow(shadow, fen=100_00, reference="drill:1")

    assert wallets.available(shadow) == 100_00
    assert ledger.trial_balance(is_shadow=True) == 0


def test_an_unknown_provider_is_refused(alice):
    with pytest.raises(providers.ProviderUnknown):
        deposits.order(
            player=alice, amount=100_00, provider="nobody", request_key=uuid4(), now=make.NOW
        )


def test_an_adapter_is_never_used_inside_a_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="No network inside"):
        providers.named("sandbox")


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("BEGUN", "CHARGED_BACK", "deposit_goes_forward"),
        ("BEGUN", "CREDITED", "deposit_credited_in_the_books"),
    ],
)
def test_the_state_of_a_deposit_follows_the_books(alice, before, after, name):
    """F108: not even our own code can write what did not happen."""
    deposit = make.order(alice, 100_00)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Deposit.objects.filter(pk=deposit.pk).update(
            state=after, credited_at=make.NOW, ended_at=make.NOW
        )

    assert violated(caught.value) == name
    assert state(deposit) == before


def test_a_credited_deposit_stays_credited(alice):
    deposit = make.fund(alice, 100_00)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Deposit.objects.filter(pk=deposit.pk).update(state="BEGUN")

    assert violated(caught.value) == "deposit_goes_forward"


def test_what_was_ordered_cannot_be_changed(alice):
    """F104"""
    deposit = make.order(alice, 100_00)

    for column in ("amount", "player_code", "code", "request_key"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Deposit.objects.filter(pk=deposit.pk).update(**{column: getattr(deposit, column)})


def test_a_deposit_begins_at_the_beginning(alice):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Deposit.objects.create(
            player_code=alice.code,
            provider="sandbox",
            amount=1,
            request_key=uuid4(),
            state="CREDITED",
            begun_at=make.NOW,
            credited_at=make.NOW,
        )

    assert violated(caught.value) == "finance_deposit_begins_at_the_beginning"


def test_an_excluded_player_brings_no_money_in(alice):
    Player.objects.filter(pk=alice.pk).update(state="EXCLUDED")
    alice.refresh_from_db()

    with pytest.raises(deposits.DepositNotAllowed):
        make.order(alice, 100_00)


def test_the_inbox_keeps_what_was_said(alice):
    deposit = make.fund(alice, 100_00)

    event = ProviderEvent.objects.get()

    assert json.loads(event.body)["order"] == deposit.code
    assert (event.kind, event.amount, event.outcome) == ("PAID", 100_00, "APPLIED")
    assert not Withdrawal.objects.exists()


def statement(player):
    return list(
        ledger.statement(wallets.wallet_of(player), since=date(2026, 1, 1), until=date(2099, 1, 1))
    )
