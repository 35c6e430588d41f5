"""Sandbox, Alipay, WeChat Pay over real HTTP, with keys of our own (F108, F115, V-1 to V-5)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from django.test import Client

from finance import channels, deposits, inbox, ledger, providers, refunds, wallets
from finance.models import DepositReturn, Entry, ProviderEvent
from finance.providers import Payout, Refund
from tests import make_money as make
from tests.at_once import at_once
from tests.samples import one_in

from . import fake_wechat, networks
from .fake_server import pair

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def alipay(settings, now):
    with ExitStack() as stack:
        yield networks.Network("alipay", settings, stack, now=now)


@pytest.fixture
def wechat(settings, now):
    with ExitStack() as stack:
        yield networks.Network("wechat", settings, stack, now=now)


def state(row):
    row.refresh_from_db()
    return row.state


def test_a_deposit_from_the_order_to_the_balance(network, alice):
    """F108: playable only when the provider has said PAID (GLI-19 2.5.6(c))."""
    deposit = network.begin(alice)
    assert network.pay(deposit, alice)
    assert wallets.available(alice) == 0

    network.told(deposit)

    assert (state(deposit), wallets.available(alice)) == ("CREDITED", 100_00)
    assert deposit.provider_trade == ProviderEvent.objects.get().trade
    assert ledger.balance(f"clearing:{network.name}") == -100_00
    assert ledger.verify_books() == []


@pytest.mark.parametrize("network", ["alipay", "wechat"], indirect=True)
def test_only_the_verified_person_can_pay(network, alice):
    """F006, R18: the provider is told who may pay, and nobody else can."""
    deposit = network.begin(alice)

    assert not network.pay(deposit)
    assert network.pay(deposit, alice)


def test_what_somebody_else_pays_is_never_credited(network, alice):
    """F006, R18: refused by who is told the name, set aside by us where the bank tells it after."""
    deposit = network.begin(alice)

    if network.pay(deposit):
        network.told(deposit)

    assert state(deposit) in {"BEGUN", "QUARANTINED"}
    assert wallets.available(alice) == 0
    assert not Entry.objects.filter(kind="DEPOSIT").exists()


def test_a_callback_is_thanked_for_in_the_words_of_the_provider(network, alice):
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    headers, body = network.message(deposit)
    path = f"/wallet/callbacks/{network.name}/"
    kind = "application/x-www-form-urlencoded" if network.name == "alipay" else "application/json"

    answer = Client().post(path, body, content_type=kind, headers=headers)

    assert answer.status_code == 200
    thanks = {
        "alipay": "success",
        "wechat": '{"code": "SUCCESS", "message": ""}',
        "sandbox": '{"code": "success"}',
    }
    assert answer.content.decode() == thanks[network.name]
    assert Client().post(path, b"x", content_type=kind).status_code == 401
    assert wallets.available(alice) == 100_00


def test_a_lost_notice_is_found_out_by_asking(network, alice, now):
    """V-4: nobody told us; the poll asks."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)

    assert inbox.poll(now=now + timedelta(seconds=61)) == 1

    assert (state(deposit), wallets.available(alice)) == ("CREDITED", 100_00)


def test_a_notice_a_day_late_changes_nothing_more(network, alice, now):
    """V-4: late by 24 hours, after the poll had found it out."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    inbox.poll(now=now + timedelta(seconds=61))
    late = now + timedelta(hours=24)

    event = network.take(*network.message(deposit, **at(network, late)), now=late)

    assert event.outcome == "REPEATED"
    assert wallets.available(alice) == 100_00
    assert Entry.objects.filter(kind="DEPOSIT").count() == 1


def test_a_payment_a_day_late_is_credited(network, alice, now):
    """V-4: closed here as unpaid, paid there after all."""
    deposit = network.begin(alice)
    network.bank.troubles.extend(["silent"] * 3)
    late = now + timedelta(hours=24)
    network.pay(deposit, alice)

    inbox.poll(now=now + timedelta(minutes=31))
    assert state(deposit) == "BEGUN"
    network.take(*network.message(deposit, **at(network, late)), now=late)

    assert (state(deposit), wallets.available(alice)) == ("CREDITED", 100_00)


def at(network, moment):
    return {} if network.name == "alipay" else {"now": moment}


def test_an_unpaid_order_is_closed_at_the_provider(network, alice, now):
    """F108"""
    deposit = network.begin(alice)

    inbox.poll(now=now + timedelta(minutes=31))

    assert state(deposit) == "CLOSED"
    assert not network.pay(deposit, alice)
    assert wallets.available(alice) == 0


def test_an_order_the_provider_never_knew_is_closed_too(network, alice, now):
    deposit = deposits.order(
        player=alice, amount=1_00, provider=network.name, request_key=uuid4(), now=now
    )

    inbox.poll(now=now + timedelta(minutes=31))

    assert state(deposit) == "CLOSED"


def test_a_silent_provider_is_no_answer(network, alice, now):
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    for trouble in ("silent", "lost", "forged"):
        network.bank.troubles.append(trouble)
        inbox.poll(now=now + timedelta(seconds=61))

        assert (state(deposit), wallets.available(alice)) == ("BEGUN", 0)


def test_the_watch_sees_both_answering_and_silent(network, now):
    """F295"""
    channels.watch(now=now)
    assert network.name in {one.code for one in channels.open_for("DEPOSIT", now=now)}
    network.bank.troubles.extend(["silent"] * 2)
    for seconds in (15, 30):
        channels.watch(now=now + timedelta(seconds=seconds))

    failing = {one.code for one in channels.open_for("DEPOSIT", now=now) if one.is_failing}
    assert network.name in failing


@pytest.mark.xdist_group("a_hundred_connections")  # two such at once are too many
@pytest.mark.race
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_same_notice_a_hundred_times_at_once_credits_once(network, alice, full):
    """V-2: a hundred in a full run, twenty in any."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    headers, body = network.message(deposit)

    many = networks.HUNDRED if full else networks.SAMPLE
    results = at_once([partial(network.take, headers, body)] * many)

    assert [one for one in results if isinstance(one, Exception)] == []
    assert wallets.available(alice) == 100_00
    assert Entry.objects.filter(kind="DEPOSIT").count() == 1
    assert ProviderEvent.objects.count() == 1
    assert ledger.verify_books() == []


@pytest.mark.parametrize(
    "order",
    one_in(6, ((order,) for order in itertools.permutations(["pay", "again", "refund", "close"]))),
    ids="-".join,
)
def test_the_order_of_facts_does_not_matter(network, alice, order):
    """V-3: all orders of pay, pay again, refund and close end in the same books."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    told = network.facts(deposit)

    for name in order:
        network.take(*told[name])

    assert state(deposit) == "CHARGED_BACK"
    assert wallets.available(alice) == 0
    assert ledger.balance(f"clearing:{network.name}") == 0
    assert Entry.objects.filter(kind__in=["DEPOSIT", "CHARGEBACK"]).count() == 2
    assert ledger.verify_books() == []


def test_a_second_payment_of_one_order_is_set_aside(network, alice):
    """V-4: another trade for the same order."""
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    network.told(deposit)
    name = {"alipay": "trade_no", "wechat": "transaction_id"}.get(network.name, "trade")

    event = network.told(deposit, **{name: "ANOTHER"})

    assert event.outcome == "QUARANTINED"
    assert wallets.available(alice) == 100_00


def test_another_amount_is_set_aside(network, alice):
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    event = network.told(deposit, **network.of_another_sum(100_01))

    assert (event.outcome, state(deposit)) == ("QUARANTINED", "QUARANTINED")
    assert wallets.available(alice) == 0


OF_NO_USE_BY_ALIPAY = (
    {"app_id": "2021000000000002"},
    {"seller_id": "2088000000000002"},
    {"total_amount": "1e2"},
    {"total_amount": "100.001"},
    {"total_amount": "-1.00"},
    {"trade_status": "MAYBE"},
    {"out_trade_no": "x" * 21},
    {"notify_id": "a\x00b"},
    {"trade_no": ""},
)


def test_alipays_words_for_others_or_of_another_form_are_refused(alipay, alice):
    """V-1: signed, and not for us."""
    deposit = alipay.begin(alice)
    alipay.pay(deposit, alice)

    for changes in OF_NO_USE_BY_ALIPAY:
        with pytest.raises(providers.MessageMalformed):
            alipay.told(deposit, **changes)

    assert not ProviderEvent.objects.exists()
    assert wallets.available(alice) == 0


def spoilt(body, how):
    told = dict(parse_qsl(body.decode()))
    how(told)
    return networks.form(told)


SPOILT_BY_ALIPAY: tuple[Callable[..., Any], ...] = (
    lambda told: told.update(total_amount="999.00"),
    lambda told: told.update(sign="AAAA"),
    lambda told: told.update(sign="ü"),
    lambda told: told.update(sign_type="RSA"),
    lambda told: told.update(extra="1"),
    lambda told: told.pop("sign"),
    lambda told: told.pop("trade_no"),
    lambda told: told.update(sign=pair("merchant").sign(b"x")),
)


def test_what_alipay_did_not_sign_is_not_read(alipay, alice):
    """V-1: nor a form with a name twice: which of the two was signed?"""
    deposit = alipay.begin(alice)
    alipay.pay(deposit, alice)
    headers, body = alipay.message(deposit)

    forms = [spoilt(body, how) for how in SPOILT_BY_ALIPAY]
    for form in (*forms, body + b"&total_amount=999.00"):
        with pytest.raises(providers.SignatureWrong):
            alipay.take(headers, form)

    assert not ProviderEvent.objects.exists()


OF_NO_USE_BY_WECHAT: tuple[dict[str, Any], ...] = (
    {"mchid": "1900000002"},
    {"appid": "wx2"},
    {"trade_state": "MAYBE"},
    {"amount": {"total": 100.0, "currency": "CNY"}},
    {"amount": {"total": 0, "currency": "CNY"}},
    {"amount": {"total": 100_00, "currency": "USD"}},
    {"amount": None},
    {"out_trade_no": None},
    {"transaction_id": ""},
)


def test_wechats_words_for_others_or_of_another_form_are_refused(wechat, alice):
    """V-1: signed and sealed, and not for us."""
    deposit = wechat.begin(alice)
    wechat.pay(deposit, alice)

    for changes in OF_NO_USE_BY_WECHAT:
        with pytest.raises(providers.MessageMalformed):
            wechat.told(deposit, **changes)

    assert not ProviderEvent.objects.exists()
    assert wallets.available(alice) == 0


SPOILT_BY_WECHAT: tuple[Callable[..., Any], ...] = (
    lambda heads, body: ({**heads, "Wechatpay-Signature": "AAAA"}, body),
    lambda heads, body: ({**heads, "Wechatpay-Serial": "OTHER"}, body),
    lambda heads, body: ({**heads, "Wechatpay-Nonce": "other"}, body),
    lambda heads, body: ({**heads, "Wechatpay-Timestamp": "9" * 40}, body),
    lambda heads, body: ({**heads, "Wechatpay-Timestamp": "-1"}, body),
    lambda heads, body: ({}, body),
    lambda heads, body: (heads, body + b" "),
)


def test_what_wechat_did_not_sign_is_not_read(wechat, alice):
    """V-1"""
    deposit = wechat.begin(alice)
    wechat.pay(deposit, alice)

    for spoil in SPOILT_BY_WECHAT:
        with pytest.raises(providers.SignatureWrong):
            wechat.take(*spoil(*wechat.message(deposit)))

    assert not ProviderEvent.objects.exists()


def test_an_old_notice_of_wechat_is_no_notice(wechat, alice, now):
    """V-1: replayed after five minutes."""
    deposit = wechat.begin(alice)
    wechat.pay(deposit, alice)
    headers, body = wechat.message(deposit)

    with pytest.raises(providers.SignatureWrong):
        wechat.take(headers, body, now=now + timedelta(seconds=301))


def test_what_was_sealed_with_another_key_is_not_opened(wechat, now):
    """V-1"""
    told = {"appid": fake_wechat.APP}
    headers, body = wechat.wechat.sealed(told, now=now, event="TRANSACTION.SUCCESS", key="f" * 32)

    with pytest.raises(providers.SignatureWrong):
        wechat.take(headers, body)


def refund_of(network, deposit, fen, code="RETURN1"):
    return Refund(
        code=code,
        order_code=deposit.code,
        trade=deposit.provider_trade,
        amount_fen=fen,
        total_fen=deposit.charged_fen,
        reason="重复扣款",
    )


@pytest.fixture
def paid(network, alice):
    deposit = network.begin(alice)
    network.pay(deposit, alice)
    network.told(deposit)
    deposit.refresh_from_db()
    return deposit


def test_a_refund_is_made_once_under_its_number(network, paid):
    """F115, V-5"""
    bank = providers.named(network.name)
    part = refund_of(network, paid, 30_00)
    assert bank.ask_refund(part) is None

    network.bank.troubles.append("lost")
    with pytest.raises(OSError, match="answer"):
        bank.refund(part)
    bank.refund(part)

    answer = bank.ask_refund(part)
    assert answer is not None
    assert answer.state == "PAID"
    assert len(network.trade(paid).refunds) == 1
    more = bank.refund(refund_of(network, paid, 70_01, code="RETURN2"))
    assert (more.state, more.reason) == ("FAILED", "退款金额超限")


@pytest.mark.thorough
def test_our_refund_through_the_doors(network, paid, alice, now):
    """F115: from the balance to the source, told once more by the provider, and taken once."""
    treasurer = make.staff("caiwu6", "treasurer", now=now).member.user
    made = refunds.plan(run=refunds.dry_run([paid]), reason="重复扣款", maker=treasurer, now=now)
    row = made.returns.get()
    for _ in range(2):
        refunds.send(code=row.code, now=now)
    by_us = {"gmt_refund": "2026-11-22 10:00:00", "out_biz_no": row.code}
    changes = {"alipay": by_us, "wechat": {"refund": row.code}}
    event = network.told(paid, **changes.get(network.name, {"state": "REFUNDED"}))

    assert DepositReturn.objects.get().state == "DONE"
    assert event.outcome == "APPLIED"
    assert (state(paid), wallets.available(alice)) == ("CREDITED", 0)
    assert ledger.balance(f"clearing:{network.name}") == 0
    assert ledger.verify_books() == []


def test_a_payout_timed_out_after_paying_is_paid_once(network):
    """V-5: asked after under its own number, never sent under another."""
    bank = providers.named(network.name)
    payout = Payout(code="PAYOUT1", amount_fen=300_00, account_number="6225880126021", holder="陈")
    assert bank.ask_payout("PAYOUT1") is None

    network.bank.troubles.append("lost")
    with pytest.raises(OSError, match="answer"):
        bank.pay_out(payout)
    bank.pay_out(payout)

    answer = bank.ask_payout("PAYOUT1")
    assert answer is not None
    assert answer.state == "PAID"
    assert len(network.bank.transfers) == 1
    assert network.bank.transfers["PAYOUT1"]["name"] == "陈"


def test_a_payout_to_a_wrong_account_fails_with_the_reason(network):
    bank = providers.named(network.name)
    payout = Payout(code="PAYOUT2", amount_fen=300_00, account_number="62258804040", holder="陈")

    first = bank.pay_out(payout)
    answer = first if first.state == "FAILED" else bank.ask_payout("PAYOUT2")

    assert answer is not None
    assert answer.state == "FAILED"
    assert answer.reason in {"收款卡信息有误", "ACCOUNT_FROZEN"}


def test_an_answer_of_wechat_from_long_ago_is_no_answer(wechat, alice):
    deposit = wechat.begin(alice)
    wechat.bank.troubles.append("stale")

    with pytest.raises(providers.ProviderSilent):
        providers.named("wechat").ask(deposit.code)


def test_names_of_payers_are_sealed_on_the_wire(wechat, alice):
    """F006: WeChat alone can read who may pay."""
    deposit = wechat.begin(alice)

    assert wechat.trade(deposit).payer == (
        alice.person.name.reveal(),
        alice.person.citizen_id.reveal(),
    )
    assert json.dumps(deposit.pay_page).startswith('"weixin://')
