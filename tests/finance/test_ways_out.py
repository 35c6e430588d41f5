"""Money leaves through an institution in force, or waits; never past a stop (F295, F129, F006)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils.translation import override

from finance import bank_accounts, bank_checks, channels, ledger, payouts, refunds, wallets
from finance import withdrawals as door
from finance.models import BankAccount, DepositReturn, Provider, Withdrawal
from finance.recon import outflows
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.fake_bank import LOST
from tests.samples import one_in

pytestmark = pytest.mark.django_db
YESTERDAY = date(2026, 1, 1)  # over, by whatever clock
LATER = make.NOW + timedelta(minutes=2)


@pytest.fixture
def alice():
    player = make.player()
    make.put(player, 1_000_00)
    return player


@pytest.fixture
def card(alice):
    return make.bank_account(alice)


@pytest.fixture
def second(fake_bank, settings):
    """A second institution that pays out, after the first."""
    settings.PAYMENT_PROVIDERS = {
        **settings.PAYMENT_PROVIDERS,
        "second": "tests.fake_bank.FakeBank",
    }
    make.open_accounts(("clearing:second", "CLEARING"))
    return make.entered(code="second", rank=0, accepts=["PAYOUT"])


def state(row):
    row.refresh_from_db()
    return row.state


def off(*names):
    """Out of force by the word of one person."""
    cashier = make.staff(f"chuna{uuid4().hex[:6]}", "cashier").member.user
    for name in names:
        channels.switch_off(code=name, actor=cashier, reason="通道故障", now=make.NOW)


def by_hand(player, card, provider):
    return Withdrawal.objects.create(
        player_code=player.code, bank_account=card, provider=provider, amount=10_00,
        request_key=uuid4(), requested_by=player.user, requested_at=make.NOW,
    )  # fmt: skip


def refused_by(deed):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed()
    return violated(caught.value)


def test_the_register_says_through_whom_money_leaves(fake_bank, alice, card):
    """F295: by its order, and only who is entered for payouts."""
    assert make.withdraw(alice, 10_00, card).provider == "fake"

    make.entered(code="fake", rank=9, accepts=["PAYOUT"])
    assert make.withdraw(alice, 10_00, card).provider == "sandbox"
    make.entered(code="sandbox", rank=1, accepts=["DEPOSIT"])
    assert make.withdraw(alice, 10_00, card).provider == "fake"


@pytest.mark.parametrize(
    "changes",
    [
        {"licence_until": YESTERDAY},
        {"contract_until": YESTERDAY},
        {"is_on": False},
        {"accepts": ["DEPOSIT"]},
    ],
)
def test_with_nobody_in_force_a_withdrawal_is_refused_in_words(alice, card, changes):
    """F295: by the door and by the database; nothing is held."""
    make.entered(code="sandbox", rank=1, **changes)

    with pytest.raises(channels.NoWayOut) as caught:
        make.withdraw(alice, 10_00, card)
    by_row = refused_by(lambda: by_hand(alice, card, "sandbox"))

    with override("en"):
        assert "stays in your balance" in str(caught.value)
    assert by_row == "withdrawal_provider_in_force"
    assert (wallets.available(alice), wallets.held(alice)) == (1_000_00, 0)
    assert not Withdrawal.objects.exists()


def test_the_page_says_that_nothing_leaves_at_present():
    """F295"""
    now = people.right_now()
    alice = people.player(name=make.NAME)
    make.put(alice, 100_00)
    make.bank_account(alice, now=now)
    off("sandbox")
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    page = client.get("/wallet/withdraw/")

    assert page.status_code == 503
    assert "No withdrawals at present" in page.content.decode()
    assert "No money has moved." in page.content.decode()


def test_what_was_approved_waits_until_somebody_may_send_it(fake_bank, alice, card):
    """F295: it stays held and approved, the page says so, and it goes by itself afterwards."""
    withdrawal = make.withdraw(alice, 10_00, card)
    off("fake", "sandbox")

    door.send(code=withdrawal.code, now=make.NOW)
    door.poll(now=LATER)

    assert (state(withdrawal), wallets.held(alice), fake_bank.sent) == ("APPROVED", 10_00, [])
    client = people.behind(alice.user)
    client.cookies["language"] = "en"
    page = client.get(reverse("finance:withdrawal", args=[withdrawal.code])).content.decode()
    assert "Payouts rest at present" in page
    make.entered(code="fake", rank=0, accepts=["PAYOUT"])
    door.poll(now=LATER)
    assert (state(withdrawal), wallets.held(alice)) == ("PAID", 0)


def test_the_next_institution_takes_the_place_of_one_that_lapsed(second, fake_bank, alice, card):
    """F295: before it is sent; the books name the one that paid."""
    withdrawal = make.withdraw(alice, 10_00, card)
    assert withdrawal.provider == "fake"
    off("fake")

    door.send(code=withdrawal.code, now=make.NOW)

    assert state(withdrawal) == "PAID"
    assert withdrawal.provider == "second"
    assert (ledger.balance("clearing:second"), ledger.balance("clearing:fake")) == (10_00, 0)
    assert fake_bank.sent == [withdrawal.code]


def test_one_that_does_not_answer_is_passed_over(second, fake_bank, alice, card):
    """F295: what was not sent yet goes the other way."""
    withdrawal = make.withdraw(alice, 10_00, card)
    for _ in range(2):
        channels.note_failure("fake", now=make.NOW)

    door.send(code=withdrawal.code, now=make.NOW)

    assert (state(withdrawal), withdrawal.provider) == ("PAID", "second")


def test_what_one_bank_may_have_paid_no_other_bank_is_told_of(second, fake_bank, alice, card):
    """V-5, F295: after it was sent only the same institution is asked, in force or not."""
    fake_bank.says = LOST
    withdrawal = make.withdraw(alice, 10_00, card)
    door.send(code=withdrawal.code, now=make.NOW)
    assert state(withdrawal) == "UNKNOWN"
    off("fake")

    door.poll(now=LATER)

    assert (state(withdrawal), withdrawal.provider) == ("PAID", "fake")
    assert fake_bank.sent == [withdrawal.code]


@pytest.mark.parametrize("when", ["APPROVED", "UNKNOWN"])
def test_who_sends_is_settled_when_it_is_sent(second, fake_bank, alice, card, when):
    """F295: the database lets nobody turn it before or afterwards."""
    fake_bank.says = LOST
    withdrawal = make.withdraw(alice, 10_00, card)
    if when == "UNKNOWN":
        door.send(code=withdrawal.code, now=make.NOW)
    row = Withdrawal.objects.filter(pk=withdrawal.pk)

    assert refused_by(lambda: row.update(provider="second")) == "withdrawal_provider_settled"
    assert state(withdrawal) == when


def test_the_database_sends_through_nobody_out_of_force(fake_bank, alice, card):
    """F295: past the door."""
    withdrawal = make.withdraw(alice, 10_00, card)
    off("fake")
    row = Withdrawal.objects.filter(pk=withdrawal.pk)

    broken = refused_by(lambda: row.update(state="SENDING", sent_at=make.NOW))

    assert broken == "withdrawal_provider_in_force"
    assert state(withdrawal) == "APPROVED"


def test_an_account_compared_with_each_payout_is_paid_by_who_compares(second, fake_bank, alice):
    """F006: confirmed by nobody, so only the institution that looks at the name may send to it."""
    account = bank_accounts.add(
        player=alice, bank_name="建设银行", number=make.card(), holder=make.NAME, now=make.NOW
    )
    make.confirm(account, outcome="AT_PAYOUT")
    withdrawal = make.withdraw(alice, 10_00, account)
    off("fake")

    door.send(code=withdrawal.code, now=make.NOW)
    row = Withdrawal.objects.filter(pk=withdrawal.pk)
    through_another = {"state": "SENDING", "sent_at": make.NOW, "provider": "second"}

    assert state(withdrawal) == "APPROVED"
    assert refused_by(lambda: row.update(**through_another)) == "withdrawal_to_checked_account"
    with pytest.raises(channels.NoWayOut):
        make.withdraw(alice, 10_00, account)


def test_an_account_is_registered_only_where_somebody_can_confirm_it(alice):
    """F006: no account that waits for ever."""
    off("sandbox")

    with pytest.raises(channels.NoWayOut):
        make.bank_account(alice)

    assert not BankAccount.objects.exists()


def test_who_cannot_pay_to_cards_is_not_entered_for_payouts(settings):
    """F295: WeChat's transfers go to WeChat accounts."""
    settings.PAYMENT_PROVIDERS = {"wechat": "finance.providers.wechat.WeChatPay"}

    with pytest.raises(channels.PaysNoCards):
        make.entered(code="wechat")
    assert make.entered(code="wechat", accepts=["DEPOSIT", "REFUND"]).accepts == [
        "DEPOSIT",
        "REFUND",
    ]


def held_by_staff():
    cashier = make.staff("chuna7", "cashier").member.user
    payouts.stop_by_hand(reason="核查", actor=cashier, now=make.NOW)


def held_by_an_outflow():
    payouts.stop(cause=outflows.CAUSE, facts={"account": "escrow:icbc"}, now=make.NOW)


@pytest.mark.parametrize("hold", [held_by_staff, held_by_an_outflow])
def test_while_payouts_are_held_nothing_new_goes_to_the_bank(fake_bank, alice, card, hold):
    """F129: neither what was approved, nor again what the bank says it never heard of."""
    first, other = make.withdraw(alice, 10_00, card), make.withdraw(alice, 20_00, card)
    fake_bank.is_silent = True
    door.send(code=first.code, now=make.NOW)
    assert (state(first), fake_bank.sent) == ("UNKNOWN", [first.code])
    fake_bank.is_silent = False
    hold()

    door.send(code=other.code, now=make.NOW)
    door.poll(now=LATER)

    assert payouts.are_stopped()
    assert (state(first), state(other)) == ("UNKNOWN", "APPROVED")
    assert fake_bank.sent == [first.code]
    assert fake_bank.payouts == {}
    assert wallets.held(alice) == 30_00


def test_while_payouts_are_held_what_the_bank_did_is_written_down(fake_bank, alice, card):
    """F129: a hold stops sending, not knowing."""
    fake_bank.says = LOST
    withdrawal = make.withdraw(alice, 10_00, card)
    door.send(code=withdrawal.code, now=make.NOW)
    held_by_an_outflow()
    assert payouts.are_stopped()

    door.poll(now=LATER)

    assert state(withdrawal) == "PAID"


def test_while_payouts_are_held_no_refund_leaves(alice):
    """F129, F115: it waits with the money taken from the balance, and is sent when they go on."""
    deposit = make.fund(alice, 50_00)
    deposit.refresh_from_db()
    treasurer = make.staff("caiwu3", "treasurer").member.user
    held_by_an_outflow()
    made = refunds.plan(
        run=refunds.dry_run([deposit]), reason="重复扣款", maker=treasurer, now=make.NOW
    )
    row = made.returns.get()

    refunds.send(code=row.code, now=make.NOW)
    refunds.poll(now=LATER)

    assert state(row) == "BEGUN"
    assert not DepositReturn.objects.exclude(state="BEGUN").exists()


def test_no_refund_through_who_takes_none(alice):
    """F295, F115: said before anything is planned."""
    deposit = make.fund(alice, 50_00)
    deposit.refresh_from_db()
    treasurer = make.staff("caiwu4", "treasurer").member.user
    make.entered(code="sandbox", rank=1, accepts=["DEPOSIT", "PAYOUT"])

    with pytest.raises(refunds.NoRefundThrough):
        refunds.plan(
            run=refunds.dry_run([deposit]), reason="重复扣款", maker=treasurer, now=make.NOW
        )

    assert wallets.available(alice) == 1_050_00
    assert not DepositReturn.objects.exists()


def test_an_account_that_nobody_confirmed_takes_nothing(fake_bank, alice):
    """F006"""
    account = bank_accounts.add(
        player=alice, bank_name="建设银行", number=make.card(), holder=make.NAME, now=make.NOW
    )

    with pytest.raises(bank_checks.NotConfirmed):
        make.withdraw(alice, 10_00, account)
    assert refused_by(lambda: by_hand(alice, account, "fake")) == "withdrawal_to_checked_account"
    assert Provider.objects.get(code="fake").is_on


@pytest.mark.parametrize("post", one_in(4, ["approver", "auditor", "compliance", "treasurer"]))
@pytest.mark.parametrize("action", ["prepare", "refuse"])
def test_who_is_no_cashier_only_looks_at_withdrawals(post, action):
    """F109, F120: neither asks for an approval nor sends the money back."""
    now = people.right_now()
    alice = people.player(name=make.NAME)
    make.put(alice, 10_000_00)
    withdrawal = make.withdraw(alice, 6_000_00, make.bank_account(alice, now=now), now=now)
    address = reverse("finance:desk_withdrawal", args=[withdrawal.code])
    client = people.behind(people.member(post).user)

    answer = client.post(address, {"action": action, "reason": "x"})

    assert (answer.status_code, state(withdrawal)) == (403, "HELD")
    assert wallets.held(alice) == 6_000_00
