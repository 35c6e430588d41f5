"""Who money may go to, what left to strangers, and the daily proof of funds."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from audit import alarms
from audit.models import Alarm
from finance import payees, payouts, withdrawals
from finance.ledger import EntryKind, Move
from finance.models import HouseBank, Match, Payee, PayoutStop, Proof, Statement, Withdrawal
from finance.recon import house_banks, outflows, proof, statements
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import owner
from tests.finance.recon_deeds import (
    OURS,
    PROVIDERS,
    STRANGERS,
    approved,
    bill,
    house_bank,
    lift,
    post,
    provider,
)
from tests.finance.recon_deeds import covered as covered_by_own_money

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(now):
    """What the house opens with, the same on both sides: pools and funds, and the escrow behind."""
    first = proof.take(now=now - timedelta(seconds=5))
    assert first.is_met
    assert first.assets == first.liabilities
    return first.assets


@pytest.fixture
def treasurer(now):
    return make.staff("treasurer-recon", "treasurer", now=now).member.user


# --- registers and outflows


def provider_asked(treasurer, now, *, party="sandbox"):
    return payees.ask(
        purpose="PROVIDER", party=party, name="支付宝(中国)", bank_name="网商银行",
        number=PROVIDERS, maker=treasurer, now=now,
    )  # fmt: skip


def test_one_person_registers_no_account(treasurer, now):
    """F117, F129"""
    make.open_accounts(("escrow:mine", "ESCROW"))
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        HouseBank.objects.create(
            bank_name="a", number=OURS, number_index=payees.index_of(OURS), last_digits="5678",
            holder="a", purpose="SALES", approval_code="ALONE", opened_at=now,
            account=statements.accounts().get(code="escrow:mine"),
        )  # fmt: skip
    assert violated(caught.value) == "house_bank_is_approved"
    asked = provider_asked(treasurer, now)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Payee.objects.filter(pk=asked.pk).update(state="LISTED", listed_at=now)
    assert violated(caught.value) == "payee_listed_by_approval"
    assert not payees.listed([payees.index_of(PROVIDERS)])


def test_an_account_at_a_bank_is_one_account_in_the_books(treasurer, now):
    """F117"""
    bank = house_bank(treasurer, now)
    assert bank.account.code == "escrow:icbc"
    assert str(bank.number).endswith("5678")
    assert OURS not in str(bank.number)

    with pytest.raises(house_banks.RegisteredAlready):
        house_bank(treasurer, now, word="other")
    with pytest.raises(house_banks.RegisteredAlready):
        house_bank(treasurer, now, number=STRANGERS)


def test_money_of_players_is_not_kept_at_an_own_account(treasurer, now):
    """F117: an escrow account in the books is one for sales money at the bank, or nothing."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        HouseBank.objects.create(
            bank_name="a", number=OURS, number_index=payees.index_of(OURS), last_digits="5678",
            holder="a", purpose="OWN", approval_code="GENESIS", opened_at=now,
            account=statements.accounts().get(code="escrow:sandbox"),
        )  # fmt: skip
    assert violated(caught.value) == "house_bank_has_its_own_account"


def waiting_withdrawal(alice, now):
    make.fund(alice, 100_00, now=now)
    return make.withdraw(alice, 30_00, make.bank_account(alice, now=now), now=now)


def test_money_to_somebody_unlisted_raises_an_alarm_and_holds_payouts(alice, treasurer, now, today):
    """F129"""
    house_bank(treasurer, now)
    withdrawal = waiting_withdrawal(alice, now)
    assert withdrawal.state == "APPROVED"

    bill(
        [(today, -50_00, "B1", "", "货款")], treasurer, now, account="escrow:icbc", party=STRANGERS
    )

    alarm = Alarm.objects.get(kind=outflows.UNLISTED)
    assert alarm.facts["amount_fen"] == 50_00
    (stop,) = payouts.open_stops()
    assert (stop.cause, stop.facts) == (outflows.CAUSE, alarm.facts)
    with translation.override("en"):
        assert ("Amount", "50.00 yuan") in payouts.words_of(stop.cause, stop.facts)
    withdrawals.send(code=withdrawal.code, now=now)
    withdrawal.refresh_from_db()
    assert withdrawal.state == "APPROVED"
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Withdrawal.objects.update(state="SENDING", sent_at=now)
    assert violated(caught.value) == "withdrawal_payouts_open"


def test_money_to_a_listed_payee_raises_none(treasurer, now, today):
    """F129"""
    house_bank(treasurer, now)
    provider(treasurer, now)

    bill(
        [(today, -50_00, "B1", "", "划拨")], treasurer, now, account="escrow:icbc", party=PROVIDERS
    )

    assert not Alarm.objects.exists()
    assert not payouts.are_stopped()


def test_who_is_taken_off_the_list_is_a_stranger_at_once(treasurer, now, today):
    house_bank(treasurer, now)
    payees.retire(
        code=provider(treasurer, now).code, reason="解约", actor=treasurer, now=now
    )  # fmt: skip

    bill(
        [(today, -50_00, "B1", "", "划拨")], treasurer, now, account="escrow:icbc", party=PROVIDERS
    )

    assert Alarm.objects.filter(kind=outflows.UNLISTED).count() == 1


def test_a_bank_account_of_the_house_is_closed_once_it_is_empty(treasurer, now, today):
    """F117, F129: from then on money that goes there goes to a stranger."""
    house_bank(treasurer, now)
    second = house_bank(treasurer, now, word="ccb", number=STRANGERS)
    make.open_accounts(("ownbank:main", "OWNBANK"))
    covered_by_own_money(treasurer, now, 1, escrow="escrow:ccb")
    with pytest.raises(house_banks.StillHoldsMoney):
        house_banks.close(code=second.code, actor=treasurer, now=now)
    make.open_accounts(("suspense:unexplained_out", "SUSPENSE"))
    post("out:1", EntryKind.UNIDENTIFIED, Move("suspense:unexplained_out", "escrow:ccb", 1))

    house_banks.close(code=second.code, actor=treasurer, now=now)
    bill(
        [(today, -50_00, "B1", "", "划转")], treasurer, now, account="escrow:icbc", party=STRANGERS
    )

    with pytest.raises(house_banks.BankUnknown):
        house_banks.close(code=second.code, actor=treasurer, now=now)
    assert Alarm.objects.filter(kind=outflows.UNLISTED).count() == 1


def test_a_provider_is_listed_for_a_clearing_account_of_the_books_only(treasurer, now):
    """F113, F129: what he settles is booked by itself, so he must be known."""
    with pytest.raises(payees.PayeeOfNoProvider):
        provider_asked(treasurer, now, party="nobody")
    provider_asked(treasurer, now)
    make.open_accounts(("clearing:second", "CLEARING"))
    with pytest.raises(payees.PayeeKnown):
        provider_asked(treasurer, now, party="second")

    assert Payee.objects.count() == 1


def test_payouts_go_on_when_the_alarm_is_cleared_and_others_agree(alice, treasurer, now, today):
    """F129, F120: neither by clearing the alarm alone, nor by agreeing while it is open."""
    house_bank(treasurer, now)
    withdrawal = waiting_withdrawal(alice, now)
    taken = bill(
        [(today, -50_00, "B1", "", "货款")], treasurer, now, account="escrow:icbc", party=STRANGERS
    )
    auditor = make.staff("auditor-recon", "auditor", now=now).member.user

    with pytest.raises(payouts.CauseStands):
        lift(treasurer, now)
    alarms.clear(code=Alarm.objects.get().code, actor=auditor, note="已追回, 见凭证", now=now)
    assert payouts.are_stopped()
    assert outflows.look(statement=taken, now=now) == 0
    lift(treasurer, now)

    assert not payouts.are_stopped()
    withdrawals.poll(now=now + timedelta(minutes=2))
    withdrawal.refresh_from_db()
    assert withdrawal.state in {"UNKNOWN", "SENDING", "PAID"}


def test_an_outflow_that_came_meanwhile_keeps_payouts_stopped(treasurer, now, today):
    """F129: who agreed had not seen it, so the database does not open payouts."""
    house_bank(treasurer, now)
    bill([(today, -5_00, "B1", "", "a")], treasurer, now, account="escrow:icbc", party=STRANGERS)
    auditor = make.staff("auditor-recon", "auditor", now=now).member.user
    alarms.clear(code=Alarm.objects.get().code, actor=auditor, note="查明", now=now)
    (stop,) = payouts.open_stops()
    asked = payouts.ask_to_lift(code=stop.code, reason="查明", maker=treasurer, now=now)

    bill(
        [(today + timedelta(days=1), -6_00, "B2", "", "b")], treasurer, now + timedelta(days=1),
        opening=-5_00, account="escrow:icbc", party=STRANGERS,
    )  # fmt: skip

    with pytest.raises(payouts.CauseStands):
        approved(asked.code, now)
    assert payouts.are_stopped()


# --- proof of funds


def covered(alice, now, fen=100_00):
    """A player's money that lies with the provider, every fen of it."""
    make.fund(alice, fen, now=now)


def test_the_proof_fails_one_fen_short_and_stops_payouts(alice, opened, now):
    """F130: a fee of one fen that nobody has covered."""
    covered(alice, now)
    withdrawal = make.withdraw(alice, 30_00, make.bank_account(alice, now=now), now=now)
    exact = proof.take(now=now)
    assert exact.is_met
    assert exact.assets == exact.liabilities == opened + 100_00

    make.open_accounts(("expense:provider_fees", "EXPENSE"))
    post("fee:1", EntryKind.PROVIDER_FEE, Move("expense:provider_fees", "clearing:sandbox", 1))
    short = proof.take(now=now + timedelta(seconds=1))

    assert (short.is_met, short.liabilities - short.assets) == (False, 1)
    assert Alarm.objects.get(kind=proof.SHORT).facts["short_fen"] == 1
    (stop,) = payouts.open_stops()
    assert (stop.cause, stop.facts["short_fen"]) == (proof.CAUSE, 1)
    withdrawals.send(code=withdrawal.code, now=now)
    withdrawal.refresh_from_db()
    assert withdrawal.state == "APPROVED"


def test_cover_from_the_operators_own_money_puts_the_proof_right(alice, treasurer, now):
    """F130: met again; payouts go on when others agree, which they cannot before."""
    covered(alice, now)
    make.open_accounts(("expense:provider_fees", "EXPENSE"), ("ownbank:main", "OWNBANK"))
    post("fee:1", EntryKind.PROVIDER_FEE, Move("expense:provider_fees", "clearing:sandbox", 1))
    assert not proof.take(now=now).is_met
    with pytest.raises(payouts.CauseStands):
        lift(treasurer, now)

    covered_by_own_money(treasurer, now, 1, escrow="escrow:sandbox")
    again = proof.take(now=now + timedelta(seconds=1))

    assert again.is_met
    assert Alarm.objects.get(kind=proof.SHORT).cleared_at is not None
    assert payouts.are_stopped()
    lift(treasurer, now)
    assert not payouts.are_stopped()


def test_clearing_the_alarm_opens_nothing_while_the_money_is_short(alice, treasurer, now):
    """F130"""
    covered(alice, now)
    make.open_accounts(("expense:provider_fees", "EXPENSE"))
    post("fee:1", EntryKind.PROVIDER_FEE, Move("expense:provider_fees", "clearing:sandbox", 1))
    proof.take(now=now)
    auditor = make.staff("auditor-proof", "auditor", now=now).member.user

    alarms.clear(code=Alarm.objects.get().code, actor=auditor, note="知道了", now=now)

    with pytest.raises(payouts.CauseStands):
        lift(treasurer, now)
    assert payouts.are_stopped()


def test_what_the_bank_does_not_have_is_no_asset_whatever_the_books_say(
    alice, opened, treasurer, now, today
):
    """F130, F113: one fen less in the provider's bill, and the proof is one fen short."""
    deposit = make.fund(alice, 50_00, now=now)
    bill([(today, 49_99, "T1", deposit.code, "交易")], treasurer, now)

    taken = proof.take(now=now)

    assert (taken.assets, taken.liabilities) == (opened + 49_99, opened + 50_00)
    assert not taken.is_met


def test_money_taken_without_a_word_is_missed(alice, opened, treasurer, now, today):
    """F130, F129: money that left unexplained is no smaller debt to the players."""
    deposit = make.fund(alice, 50_00, now=now)
    rows = [(today, 50_00, "T1", deposit.code, "交易"), (today, -10_00, "T2", "", "不明")]
    bill(rows, treasurer, now)

    taken = proof.take(now=now)

    assert (taken.assets, taken.liabilities) == (opened + 40_00, opened + 50_00)
    assert not taken.is_met


def test_what_is_on_its_way_counts_for_some_days_only(alice, opened, treasurer, now, today):
    first = make.fund(alice, 50_00, now=now)
    bill([(today, 50_00, "T1", first.code, "交易")], treasurer, now)
    make.fund(alice, 10_00, now=now)
    assert proof.take(now=now).is_met

    later = now + timedelta(days=3)
    bill([(today + timedelta(days=3), 1, "T2", "", "利息")], treasurer, later, opening=50_00)

    taken = proof.take(now=later)
    assert (taken.assets, taken.liabilities) == (opened + 50_01, opened + 60_01)


def test_the_operators_own_fee_is_the_cushion(opened, now):
    """What he may still draw is owed to nobody else."""
    make.open_accounts(("fee:x", "FEE"), ("business:x", "BUSINESS"), ("stakes:x", "STAKES"))
    alice = make.player(now=now)
    make.fund(alice, 10_00, now=now)
    post("purchase:x", EntryKind.PURCHASE, Move(f"purse:{alice.code}", "stakes:x", 10_00))
    post("allocation:x", EntryKind.ALLOCATION, Move("stakes:x", "fee:x", 10_00))
    post("aside:x", EntryKind.SET_ASIDE, Move("fee:x", "business:x", 4_00))

    taken = proof.take(now=now)

    assert (taken.assets, taken.liabilities) == (opened + 10_00, opened + 6_00)


def test_a_proof_stays_what_it_was(alice, now):
    covered(alice, now)
    proof.take(now=now)

    with pytest.raises(DatabaseError), transaction.atomic():
        Proof.objects.update(assets=1)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Proof.objects.create(taken_at=now, assets=1, liabilities=2, is_met=True, rows=[])
    assert violated(caught.value) == "proof_says_what_it_shows"


def test_a_bank_that_sends_no_statement_is_noticed(treasurer, now):
    bank = house_bank(treasurer, now)

    assert proof.look_for_overdue(now=now + timedelta(days=3)) == 0
    assert proof.look_for_overdue(now=now + timedelta(days=4)) == 1
    assert Alarm.objects.get(kind=proof.OVERDUE).object_code == bank.code


# --- protections taken away


@contextmanager
def without(table, trigger):
    with owner.as_owner() as hand:
        hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        try:
            yield
        finally:
            hand.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def passes(deed):
    """Whether the database lets a deed pass; nothing of it is kept."""
    try:
        with transaction.atomic():
            deed()
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_it_is_the_guard_that_holds_payouts(now):
    """F129, F130: with the guard off the same payout would begin."""
    alice = make.player(now=now)
    waiting_withdrawal(alice, now)
    payouts.stop(cause=proof.CAUSE, facts={"short_fen": 1}, now=now)

    def send():
        Withdrawal.objects.update(state="SENDING", sent_at=now)

    assert not passes(send)
    with without("finance_withdrawal", "finance_withdrawal_payouts_open"):
        assert passes(send)


@pytest.mark.django_db(transaction=True)
def test_it_is_the_guard_that_keeps_payouts_stopped(now):
    """F129: with the guard off one person could open payouts, and while the cause stands."""
    stop = payouts.stop(cause=proof.CAUSE, facts={"short_fen": 1}, now=now)

    def open_alone():
        PayoutStop.objects.filter(pk=stop.pk).update(lifted_at=now, approval_code="ALONE")

    assert not passes(open_alone)
    with without("finance_payoutstop", "finance_payout_stop_stands"):
        assert passes(open_alone)


@pytest.mark.django_db(transaction=True)
def test_it_is_the_guard_that_keeps_matches_true(now, today):
    """F113: with the guard off a line could be matched with nothing."""
    treasurer = make.staff("treasurer-guard", "treasurer", now=now).member.user
    line = bill([(today, 5_00, "X1", new_code(), "交易")], treasurer, now).lines.get()

    def match():
        Match.objects.create(
            line=line, account=line.account, reference="nothing", how="AMOUNT", matched_at=now
        )

    assert not passes(match)
    with without("finance_match", "finance_match_agrees"):
        assert passes(match)


@pytest.mark.django_db(transaction=True)
def test_it_is_the_guard_that_tells_days_once(now, today):
    """F113: with the guard off the same days could come in twice."""
    treasurer = make.staff("treasurer-guard", "treasurer", now=now).member.user
    bill([(today, 5_00, "X1", new_code(), "交易")], treasurer, now)
    account = statements.accounts().get(code="clearing:sandbox")

    def again():
        Statement.objects.create(
            account=account, form="CSV", file_name="a", digest=new_code(), first_on=today,
            last_on=today, opening=0, closing=0, lines_count=0, taken_at=now,
        )  # fmt: skip

    assert not passes(again)
    with without("finance_statement", "finance_statement_days_once"):
        assert passes(again)


@pytest.mark.django_db(transaction=True)
def test_it_is_the_guard_that_asks_for_a_second_person(now):
    """F129: with the guard off one person could list whom he likes."""
    treasurer = make.staff("treasurer-guard", "treasurer", now=now).member.user
    asked = provider_asked(treasurer, now)

    def list_a_friend():
        Payee.objects.filter(pk=asked.pk).update(state="LISTED", listed_at=now)

    assert not passes(list_a_friend)
    with without("finance_payee", "finance_payee_stands"):
        assert passes(list_a_friend)
