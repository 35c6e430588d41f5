"""The register of payment institutions: in force, at a fee, answering, or not used (F295, F114)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as portal
from django.db import DatabaseError, transaction

from accounts import legal_texts
from audit import alarms, approvals
from finance import channels, deposits, ledger, wallets
from finance.models import Deposit, Provider, ProviderHealth
from lottery_portal.lib.db import violated
from tests import make_money as make

pytestmark = pytest.mark.django_db
YESTERDAY = date(2026, 1, 1)  # over, by whatever clock


@pytest.fixture(autouse=True)
def built_in(settings):
    """Three adapters are built in; only what the register says is used."""
    settings.PAYMENT_PROVIDERS = {
        "sandbox": "finance.providers.sandbox.SandboxBank",
        "alipay": "finance.providers.alipay.Alipay",
        "wechat": "finance.providers.wechat.WeChatPay",
    }


@pytest.fixture
def alice():
    return make.player()


def offered():
    return [one.code for one in channels.open_for("DEPOSIT", now=make.NOW)]


def order(who, fen=100_00, *, provider="alipay", fee=0):
    return deposits.order(
        player=who, amount=fen, provider=provider, request_key=uuid4(), now=make.NOW, fee=fee
    )


def insert(who, **changes):
    """Past all doors, straight into the table."""
    return Deposit.objects.create(
        **{
            "player_code": who.code,
            "provider": "sandbox",
            "amount": 100_00,
            "request_key": uuid4(),
            "begun_at": make.NOW,
            **changes,
        }
    )


def refused_by(deed):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed()
    return violated(caught.value)


def test_only_what_stands_in_the_register_is_offered(alice):
    """F295"""
    assert offered() == ["sandbox"]
    with pytest.raises(channels.ProviderNotInForce):
        order(alice)

    make.entered()

    assert offered() == ["sandbox", "alipay"]
    assert order(alice).provider == "alipay"


@pytest.mark.parametrize(
    "changes",
    [
        {"licence_until": YESTERDAY},
        {"contract_until": YESTERDAY},
        {"is_on": False},
        {"accepts": ["REFUND"]},
    ],
)
def test_what_is_not_in_force_takes_no_deposit_by_any_path(alice, changes):
    """F295: neither by the door nor by a row of our own."""
    make.entered(**changes)

    with pytest.raises(channels.ProviderNotInForce):
        order(alice)
    assert refused_by(lambda: insert(alice, provider="alipay")) == "deposit_provider_in_force"

    assert not Deposit.objects.exists()


def test_the_last_day_of_a_licence_is_still_a_day():
    row = Provider(**{**make.ENTRY, "licence_until": date(2030, 6, 3)}, changed_at=make.NOW)

    assert channels.in_force(row, date(2030, 6, 3))
    assert not channels.in_force(row, date(2030, 6, 4))


def test_the_register_changes_by_two_people_only():
    """F295"""
    maker = make.staff("caiwu1", "treasurer").member.user
    asked = channels.ask(fields=make.ENTRY, maker=maker, now=make.NOW)

    assert offered() == ["sandbox"]
    with pytest.raises(approvals.MayNotDecide):
        approvals.decide(code=asked.code, checker=maker, approve=True, now=make.NOW)
    checker = make.staff("fuhe1", "approver").member.user
    approvals.decide(code=asked.code, checker=checker, approve=True, now=make.NOW)

    assert offered() == ["sandbox", "alipay"]
    assert Provider.objects.get(code="alipay").approval_code == asked.code


def test_nobody_writes_the_register_past_its_approval():
    """F295: not a new row, not another fee, not a longer licence, not switching on again."""
    row = make.entered()
    fields = {name: value for name, value in make.ENTRY.items() if name != "code"}

    def write(**changes):
        return lambda: Provider.objects.filter(pk=row.pk).update(**changes)

    assert (
        refused_by(lambda: Provider.objects.create(code="wechat", **fields, changed_at=make.NOW))
        == "provider_changed_by_approval"
    )
    assert refused_by(write(fee_points=1)) == "provider_changed_by_approval"
    assert refused_by(write(licence_until=date(2091, 1, 1))) == "provider_changed_by_approval"
    write(is_on=False)()
    assert refused_by(write(is_on=True)) == "provider_approval_is_the_latest"
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


def test_an_older_approval_does_not_undo_a_newer_one():
    older = make.entered(rank=5)
    make.entered(rank=6)

    undone = {"rank": 5, "approval_code": older.approval_code}
    broken = refused_by(lambda: Provider.objects.filter(pk=older.pk).update(**undone))

    assert broken == "provider_approval_is_the_latest"


def test_one_person_switches_off_at_once_and_two_on_again(alice):
    """F295"""
    make.entered()
    cashier = make.staff("chuna1", "cashier").member.user

    with pytest.raises(channels.ProviderWrong):
        channels.switch_off(code="alipay", actor=cashier, reason=" ", now=make.NOW)
    channels.switch_off(code="alipay", actor=cashier, reason="通道故障", now=make.NOW)

    assert offered() == ["sandbox"]
    with pytest.raises(channels.ProviderNotInForce):
        order(alice)
    make.entered()
    assert offered() == ["sandbox", "alipay"]


def test_what_no_register_could_hold_is_not_even_asked():
    maker = make.staff("caiwu1", "treasurer").member.user

    wrong: list[dict[str, Any]] = [
        {"code": "nobody"},
        {"accepts": ["GIFTS"]},
        {"fee_borne_by": "BANK"},
        {"fee_least": 2, "fee_most": 1},
        {"institution": " "},
        {"licence_number": ""},
    ]

    for changes in wrong:
        with pytest.raises(channels.ProviderWrong):
            channels.ask(fields={**make.ENTRY, **changes}, maker=maker, now=make.NOW)


@pytest.mark.parametrize(
    ("rule", "amount", "fee"),
    [
        ((60, 0, 0), 100_00, 60),
        ((60, 0, 0), 1_00, 1),
        ((60, 0, 0), 83, 0),
        ((60, 0, 0), 84, 1),
        ((60, 10, 0), 1_00, 10),
        ((60, 10, 25_00), 50_000_00, 25_00),
        ((0, 0, 0), 50_000_00, 0),
    ],
)
def test_a_fee_is_a_rounded_share_within_its_bounds(alice, rule, amount, fee):
    """F114: Python and the database come to the same fen."""
    points, least, most = rule
    make.entered(fee_points=points, fee_least=least, fee_most=most, fee_borne_by="PLAYER")

    channel = channels.one("alipay", "DEPOSIT", now=make.NOW)

    assert channel.fee_of(amount) == fee
    assert insert(alice, provider="alipay", amount=amount, fee=fee).charged_fen == amount + fee
    wrong = refused_by(lambda: insert(alice, provider="alipay", amount=amount, fee=fee + 1))
    assert wrong == "deposit_fee_by_the_register"


def test_a_fee_is_seen_before_anything_is_ordered(alice):
    """F114"""
    make.entered(fee_points=60, fee_borne_by="PLAYER")

    with pytest.raises(channels.FeeDiffers) as caught:
        order(alice)

    assert caught.value.figures == {"fee_fen": 60, "total_fen": 100_60}
    assert not Deposit.objects.exists()
    deposit = order(alice, fee=60)
    assert (deposit.amount, deposit.fee, deposit.charged_fen) == (100_00, 60, 100_60)


def test_what_the_operator_bears_the_player_does_not_pay(alice):
    """F114"""
    make.entered(fee_points=60, fee_least=10)

    assert channels.one("alipay", "DEPOSIT", now=make.NOW).is_free
    assert order(alice).fee == 0


def test_the_balance_gets_the_amount_and_the_provider_the_fee(alice):
    """F114: what the bank says it took must be both together."""
    make.entered(code="sandbox", fee_points=100, fee_borne_by="PLAYER", rank=1)
    deposit = order(alice, provider="sandbox", fee=1_00)

    make.told(deposit, amount_fen=100_00, event="without")
    assert wallets.available(alice) == 0
    other = order(alice, provider="sandbox", fee=1_00)
    make.told(other, amount_fen=101_00)

    assert wallets.available(alice) == 100_00
    assert ledger.balance("clearing:sandbox") == -100_00
    assert ledger.verify_books() == []


def test_two_silent_answers_raise_an_alarm_and_the_next_one_is_offered_first():
    """F295: the watch asks every 15 s, so the alarm is there within a minute."""
    make.entered(rank=2)
    at = make.NOW

    channels.note_failure("sandbox", now=at)
    assert (offered(), alarms.open_now()) == (["sandbox", "alipay"], [])
    channels.note_failure("sandbox", now=at + timedelta(seconds=15))

    assert offered() == ["alipay", "sandbox"]
    (alarm,) = alarms.open_now()
    assert (alarm.kind, alarm.object_code) == (channels.FAILING, "sandbox")
    assert channels.usual("DEPOSIT", now=at) == "alipay"
    health = ProviderHealth.objects.get(provider="sandbox")
    assert (health.failures, health.failing_since) == (2, at)
    assert portal.TICKS["finance.watch_providers"] * 2 + 2 * 8 < 60


def test_one_answer_ends_the_alarm():
    """F295"""
    for _ in range(3):
        channels.note_failure("sandbox", now=make.NOW)

    channels.note_ok("sandbox", now=make.NOW)

    assert alarms.open_now() == []
    health = ProviderHealth.objects.get(provider="sandbox")
    assert (health.failures, health.failing_since) == (0, None)


def test_the_watch_finds_out_who_does_not_answer(settings):
    """F295"""
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    for seconds in (0, 15):
        channels.watch(now=make.NOW + timedelta(seconds=seconds))

    assert [alarm.kind for alarm in alarms.open_now()] == [channels.FAILING]


def test_the_watch_switches_off_what_has_lapsed(alice):
    """F295: an expired licence switches the channel off, and people learn of it."""
    make.entered(licence_until=YESTERDAY)

    channels.watch(now=make.NOW)

    assert not Provider.objects.get(code="alipay").is_on
    kinds = {alarm.kind: alarm.object_code for alarm in alarms.open_now()}
    assert kinds[channels.LAPSED] == "alipay"


def test_a_bank_that_does_not_answer_a_player_counts_as_silent(alice, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    for _ in range(2):
        with pytest.raises(deposits.BankSilent):
            deposits.begin(
                player=alice,
                amount=100_00,
                provider="sandbox",
                request_key=uuid4(),
                now=make.NOW,
            )

    assert ProviderHealth.objects.get(provider="sandbox").failures == 2


def test_nothing_comes_in_before_the_protection_of_money_was_read():
    """F119: neither by the door nor by a row of our own."""
    bob = make.player()
    words = {
        language: legal_texts.Words(title="资金保护", body="新的说明。")
        for language in legal_texts.LANGUAGES
    }
    compliance = make.staff("hegui1", "compliance").member.user
    past = make.NOW.replace(year=2026, month=1)
    version = legal_texts.publish(legal_texts.FUNDS, words, actor=compliance, now=past)

    with pytest.raises(deposits.DisclosureNeeded):
        order(bob, provider="sandbox")
    assert refused_by(lambda: insert(bob)) == "deposit_after_disclosure"
    with pytest.raises(legal_texts.DisclosureOutdated):
        legal_texts.acknowledge(bob.user, version - 1, now=make.NOW, ip="192.0.2.1")
    assert not Deposit.objects.exists()

    legal_texts.acknowledge(bob.user, version, now=make.NOW, ip="192.0.2.1")

    assert order(bob, provider="sandbox").state == "BEGUN"


def test_a_new_disclosure_blocks_no_page_but_the_deposit(alice):
    """F119: the text is a condition of bringing money in, not of looking."""
    assert legal_texts.undisclosed(alice.user, make.NOW) is None
    assert "FUNDS" not in legal_texts.latest(make.NOW)
    assert legal_texts.lacking(alice.user, make.NOW) == {}
