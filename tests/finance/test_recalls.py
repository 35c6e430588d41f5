"""Money on its way out that comes back: called back in time, or by its bank (F109, F110, F112)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.models import Message
from audit import approvals, trail
from finance import (
    cases,
    debts,
    invariants,
    ledger,
    providers,
    recalls,
    wallets,
    withdrawal_limits,
    withdrawals,
)
from finance.models import Account, Difference, Match, Withdrawal
from finance.recon import came_back, differences, levels, matching
from lottery_portal.lib import codes
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.at_once import at_once
from tests.owner import as_owner

from .recon_deeds import approved, bill
from .test_withdrawals import own_colleague

pytestmark = pytest.mark.django_db


@pytest.fixture
def cashier(now):
    return make.staff("chuna-recall", "cashier", now=now).member.user


@pytest.fixture
def owing(fake_bank, alice, now):
    """40.00 are approved and on their way when the bank takes 100.00 back."""
    deposit = make.fund(alice, 100_00, now=now)
    withdrawal = make.withdraw(alice, 40_00, make.bank_account(alice, now=now), now=now)
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED", now=now)
    assert (withdrawal.state, debts.owed(alice)) == ("APPROVED", 40_00)
    return withdrawal


@pytest.fixture
def paid(settings, alice, now):
    """30.00 that the bank has paid out; it does as it is told."""
    make.fund(alice, 100_00, now=now)
    settings.PAYMENT_PROVIDERS = {"sandbox": "tests.fake_bank.FakeBank"}
    providers._made.cache_clear()
    withdrawal = make.withdraw(alice, 30_00, make.bank_account(alice, now=now), now=now)
    withdrawals.send(code=withdrawal.code, now=now)
    assert (state(withdrawal), withdrawal.provider) == ("PAID", "sandbox")
    yield withdrawal
    providers._made.cache_clear()


def state(row):
    row.refresh_from_db()
    return row.state


# --- called back


def test_two_people_call_back_what_never_leaves_and_it_pays_the_debt(owing, cashier, alice, now):
    """F112: the amount is back in the purses it came from, and pays first what is owed."""
    asked = recalls.ask(code=owing.code, reason="玩家拒不还款", maker=cashier, now=now)
    assert (state(owing), wallets.held(alice)) == ("APPROVED", 40_00)

    approved(asked.code, now)

    assert (state(owing), owing.back_approval_code) == ("RECALLED", asked.code)
    assert (wallets.held(alice), debts.owed(alice)) == (0, 0)
    assert ledger.balance(wallets.wallet_of(alice)) == 0
    told = Message.objects.get(user=alice.user, kind="finance.withdrawal_returned")
    assert told.params["reason"] == "玩家拒不还款"
    deeds = trail.read(trail.Filters(object_type="withdrawal", object_code=owing.code))
    assert deeds[0].action == "finance.withdrawal_recalled"
    assert ledger.verify_books() == []


def test_the_player_calls_it_back_while_he_owes_and_only_then(owing, alice, now):
    """F110, F112: to others it is not offered; money on its way out is not for playing."""
    recalls.by_player(code=owing.code, player=alice, now=now)
    recalls.by_player(code=owing.code, player=alice, now=now)

    assert (state(owing), debts.owed(alice)) == ("RECALLED", 0)
    make.fund(alice, 50_00, now=now)
    other = make.withdraw(alice, 20_00, make.bank_account(alice, now=now), now=now)
    with pytest.raises(recalls.NotToBeCalledBack):
        recalls.by_player(code=other.code, player=alice, now=now)
    with pytest.raises(withdrawals.WithdrawalUnknown):
        recalls.by_player(code=other.code, player=make.player("王海", now=now), now=now)
    assert (state(other), wallets.held(alice)) == ("APPROVED", 20_00)
    assert ledger.verify_books() == []


def test_what_was_called_back_does_not_count_against_the_day(owing, alice, now):
    """F109: of the ceiling of a day, by the door and by the database."""
    before = withdrawal_limits.left_today(alice, now)

    recalls.by_player(code=owing.code, player=alice, now=now)

    assert withdrawal_limits.left_today(alice, now) == before + 40_00


def test_it_is_asked_for_once_with_a_reason_and_not_by_its_player(owing, cashier, alice, now):
    """F109, F120: nor is it agreed to by him, whatever post he has."""
    with pytest.raises(withdrawals.ReasonMissing):
        recalls.ask(code=owing.code, reason=" ", maker=cashier, now=now)
    with pytest.raises(withdrawals.NotInThisState):
        recalls.ask_return(code=owing.code, reason="x", maker=cashier, now=now)
    with pytest.raises(withdrawals.OwnWithdrawal):
        recalls.ask(
            code=owing.code, reason="x", maker=own_colleague(alice, "cashier", now=now), now=now
        )
    asked = recalls.ask(code=owing.code, reason="x", maker=cashier, now=now)
    with pytest.raises(recalls.AskedAlready):
        recalls.ask(code=owing.code, reason="x", maker=cashier, now=now)
    himself = own_colleague(alice, "approver", now=now)
    with pytest.raises(withdrawals.OwnWithdrawal):
        approvals.decide(code=asked.code, checker=himself, approve=True, now=now)

    assert state(owing) == "APPROVED"


def test_what_was_sent_meanwhile_is_not_called_back(owing, cashier, alice, fake_bank, now):
    """F112: the debt was paid while others thought about it; the bank has it."""
    asked = recalls.ask(code=owing.code, reason="x", maker=cashier, now=now)
    make.fund(alice, 40_00, now=now)
    withdrawals.poll(now=now + timedelta(minutes=2))
    assert state(owing) == "PAID"

    with pytest.raises(withdrawals.NotInThisState):
        approved(asked.code, now)

    assert state(owing) == "PAID"
    assert ledger.verify_books() == []


def refusal_of(deed):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed()
    return violated(caught.value)


def test_the_database_calls_nothing_back_alone(owing, now):
    """F109, F112: past the doors."""
    row = Withdrawal.objects.filter(pk=owing.pk)
    ended = {"reason": "x", "ended_at": now}
    assert refusal_of(lambda: row.update(state="RECALLED", **ended)) == (
        "withdrawal_ends_in_the_books"
    )
    alone = {"state": "RECALLED", "back_approval_code": "ALONE", **ended}
    assert refusal_of(lambda: row.update(**alone)) == "withdrawal_back_by_approval"
    assert refusal_of(lambda: row.update(back_approval_code="ALONE")) == (
        "withdrawal_back_by_approval"
    )


def test_the_database_gives_no_payout_back_alone(paid, now):
    """F109: past the doors."""
    row = Withdrawal.objects.filter(pk=paid.pk)

    assert refusal_of(lambda: row.update(state="RETURNED", reason="x", ended_at=now)) == (
        "withdrawal_back_by_approval"
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_called_back_or_sent_never_both(fake_bank, now):
    """F112: the debt is paid, it is sent and called back at one moment; one of them wins."""
    alice = make.player(now=now)
    deposit = make.fund(alice, 100_00, now=now)
    withdrawal = make.withdraw(alice, 40_00, make.bank_account(alice, now=now), now=now)
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED", now=now)
    make.fund(alice, 30_00, now=now)

    def call_back():
        try:
            return recalls.by_player(code=withdrawal.code, player=alice, now=now)
        except recalls.NotToBeCalledBack:
            return None

    def pay_and_send():
        make.fund(alice, 10_00, now=now)
        withdrawals.send(code=withdrawal.code, now=now)

    at_once([partial(call_back), pay_and_send])

    is_sent = fake_bank.sent == [withdrawal.code]
    assert state(withdrawal) == ("PAID" if is_sent else "RECALLED")
    assert (debts.owed(alice), wallets.held(alice)) == (0, 0)
    assert ledger.verify_books() == []


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_all_that_must_hold_in_the_books_holds_for_what_came_back(fake_bank, now):
    """INV9, INV10, INV13: called back by its player and by others, paid, and given back."""
    cashier = make.staff("chuna-recall", "cashier", now=now).member.user
    alice, bob = make.player(now=now), make.player(now=now)
    deposit = make.fund(alice, 100_00, now=now)
    accounts = {who.code: make.bank_account(who, now=now) for who in (alice, bob)}
    own, others = (
        make.withdraw(alice, fen, accounts[alice.code], now=now) for fen in (30_00, 40_00)
    )
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED", now=now)
    make.fund(bob, 100_00, now=now)
    back, out = (make.withdraw(bob, fen, accounts[bob.code], now=now) for fen in (10_00, 20_00))
    for one in (back, out):
        withdrawals.send(code=one.code, now=now)

    recalls.by_player(code=own.code, player=alice, now=now)
    approved(recalls.ask(code=others.code, reason="x", maker=cashier, now=now).code, now)
    approved(recalls.ask_return(code=back.code, reason="x", maker=cashier, now=now).code, now)

    assert [state(one) for one in (own, others, back, out)] == [
        "RECALLED", "RECALLED", "RETURNED", "PAID",
    ]  # fmt: skip
    for extent in ("FULL", "ROLLING"):
        found, _upto = invariants.look(extent=extent)
        assert [one.broken_by for one in found if not one.holds] == []
        assert {one.name: one.figure for one in found}["withdrawal_paid_once"] == 20_00
    assert ledger.verify_books() == []


# --- came back from the bank


def test_a_payout_that_came_back_is_followed_from_the_statement_to_the_player(
    paid, cashier, alice, now, today
):
    """F109, F113: the line is a difference with a case; others agree, and both end."""
    bill([(today, 30_00, "R1", paid.code, "退汇")], cashier, now)
    difference = Difference.objects.get()
    assert (difference.kind, difference.state) == ("NOT_BOOKED", "OPEN")
    page = people.behind(cashier).get(reverse("finance:desk_difference", args=[difference.code]))
    assert reverse("finance:desk_withdrawal", args=[paid.code]) in page.content.decode()

    asked = recalls.ask_return(code=paid.code, reason="收款账户已销户", maker=cashier, now=now)
    assert state(paid) == "PAID"
    approved(asked.code, now)
    matching.run_all(now=now)

    difference.refresh_from_db()
    difference.case.refresh_from_db()
    assert (state(paid), paid.back_approval_code) == ("RETURNED", asked.code)
    assert (difference.state, difference.case.state) == ("RESOLVED", "RESOLVED")
    assert Match.objects.get(line=difference.line).reference == f"withdrawal:{paid.code}:returned"
    assert ledger.balance(wallets.wallet_of(alice)) == 100_00
    assert wallets.held(alice) == 0
    assert ledger.verify_books() == []


def test_a_line_of_the_same_amount_is_not_taken_for_it(paid, cashier, now, today):
    """F113: between two players an amount proves nothing, on the way back neither."""
    approved(recalls.ask_return(code=paid.code, reason="退汇", maker=cashier, now=now).code, now)

    bill([(today, 30_00, "R1", "", "退汇")], cashier, now)

    assert not Match.objects.filter(reference=f"withdrawal:{paid.code}:returned").exists()


def line_of(paid, cashier, now, today, *, fen=30_00, number=""):
    """A line that does not say which payout came back, and its difference."""
    bill([(today, fen, "R1", number, "退汇")], cashier, now)
    return Difference.objects.get()


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_line_without_our_number_is_tied_to_its_payout_by_two_people(
    paid, cashier, alice, now, today
):
    """F109, F113, F121: what was unknown gives way to the payout, and nothing is left open."""
    other = make.withdraw(alice, 20_00, make.bank_account(alice, now=now), now=now)
    withdrawals.send(code=other.code, now=now)
    found = line_of(paid, cashier, now, today)
    assert (found.kind, ledger.balance("suspense:unexplained_in")) == ("UNKNOWN", 30_00)
    desk = people.in_english(cashier)
    address = reverse("finance:desk_difference", args=[found.code])
    page, said = desk.get(address).content.decode(), {"action": "payout", "withdrawal": paid.code}
    assert codes.shown(paid.code) in page
    assert codes.shown(other.code) not in page
    mine, others = (
        desk.get(reverse("finance:desk_withdrawal", args=[one.code])).content.decode()
        for one in (paid, other)
    )
    assert (address in mine, address in others) == (True, False)

    assert desk.post(address, {**said, "reason": ""}).status_code == 400
    assert desk.post(address, {**said, "reason": "closed", "withdrawal": "X"}).status_code == 400
    assert desk.post(address, {**said, "reason": "closed"}).status_code == 302
    (asked,) = approvals.under_way(recalls.RETURN_KIND)
    approval = reverse("audit:approval", args=[asked.code])
    assert approval in desk.get(address).content.decode()
    checker = people.in_english(make.staff("fuhe-recall", "approver", now=now).member.user)
    assert "R1 退汇" in checker.get(approval).content.decode()
    assert (state(paid), ledger.balance("suspense:unexplained_in")) == ("PAID", 30_00)
    approved(asked.code, now)

    found.refresh_from_db()
    found.case.refresh_from_db()
    assert (state(paid), wallets.available(alice), wallets.held(alice)) == ("RETURNED", 80_00, 0)
    assert ledger.balance("suspense:unexplained_in") == 0
    assert (found.state, found.correction) == ("RESOLVED", f"withdrawal:{paid.code}:returned")
    assert found.case.state == "RESOLVED"
    account = Account.objects.get(code="clearing:sandbox")
    level = levels.of(account)
    assert level is not None
    assert level.unexplained == 0
    left = matching.unmatched(account, since=today)
    assert {one.kind for one in left} == {"DEPOSIT", "WITHDRAWAL_PAID"}
    assert [one.broken_by for one in invariants.look()[0] if not one.holds] == []
    assert ledger.verify_books() == []


def test_a_line_that_waits_under_a_number_of_nobody_is_matched_with_its_payout(
    paid, cashier, now, today
):
    """F113: nothing was booked for it, so it is the entry of the payout that came back."""
    found = line_of(paid, cashier, now, today, number=codes.new_code())
    assert found.kind == "NOT_BOOKED"

    asked = recalls.ask_return(
        code=paid.code, reason="退汇", maker=cashier, now=now, line=found.line.code
    )
    approved(asked.code, now)

    found.refresh_from_db()
    match = Match.objects.get(line=found.line)
    assert (match.reference, match.how) == (f"withdrawal:{paid.code}:returned", "HAND")
    assert (match.matched_by, found.state) == (cashier, "RESOLVED")


def test_a_line_is_one_payout_of_its_amount_and_only_while_it_is_open(paid, cashier, now, today):
    """F109, F113: refused when it is asked for, and when others decide."""
    found = line_of(paid, cashier, now, today)

    def ask(code, line):
        return recalls.ask_return(code=code, reason="退汇", maker=cashier, now=now, line=line)

    small, twin = (
        make.withdraw(withdrawals.player_of(paid), fen, paid.bank_account, now=now)
        for fen in (20_00, 30_00)
    )
    for one in (small, twin):
        withdrawals.send(code=one.code, now=now)
    with pytest.raises(came_back.LineDoesNotFit):
        ask(small.code, found.line.code)
    with pytest.raises(came_back.LineDoesNotFit):
        ask(paid.code, "NOBODY")
    asked = ask(paid.code, found.line.code)
    for code in (paid.code, twin.code):
        with pytest.raises(recalls.AskedAlready):
            ask(code, found.line.code)
    cases.assign(code=found.case.code, actor=cashier, now=now)
    differences.resolve(code=found.code, actor=cashier, resolution="另有原因", now=now)
    with pytest.raises(came_back.LineDoesNotFit):
        approved(asked.code, now)

    assert state(paid) == "PAID"
    assert ledger.balance("suspense:unexplained_in") == 30_00


def test_what_was_booked_as_unknown_is_taken_away_for_its_payout_alone(
    paid, cashier, now, today, monkeypatch
):
    """F105, F113: past the door; before others agreed, and for a payout of another amount."""
    found = line_of(paid, cashier, now, today)
    line, unknown = found.line.code, f"statement:{found.line.code}"
    small = make.withdraw(withdrawals.player_of(paid), 20_00, paid.bank_account, now=now)
    withdrawals.send(code=small.code, now=now)

    def away():
        ledger.reverse(reference=f"{unknown}:returned", of_reference=unknown)

    assert refusal_of(away) == "correction_is_approved"
    approved(recalls.ask_return(code=paid.code, reason="x", maker=cashier, now=now).code, now)
    assert refusal_of(away) == "correction_is_approved"
    with monkeypatch.context() as careless:
        careless.setattr(came_back, "_same_money", lambda *_both: True)
        asked = recalls.ask_return(code=small.code, reason="x", maker=cashier, now=now, line=line)
        with pytest.raises(DatabaseError) as caught:
            approved(asked.code, now)
    assert violated(caught.value) == "correction_is_approved"

    assert (state(paid), state(small)) == ("RETURNED", "PAID")
    assert ledger.balance("suspense:unexplained_in") == 30_00


def test_a_payout_comes_back_once_and_by_no_correction(paid, cashier, alice, now):
    """F105, F109"""
    approved(recalls.ask_return(code=paid.code, reason="退汇", maker=cashier, now=now).code, now)

    with pytest.raises(withdrawals.NotInThisState):
        recalls.ask_return(code=paid.code, reason="退汇", maker=cashier, now=now)
    with pytest.raises(withdrawals.NotInThisState):
        recalls.ask(code=paid.code, reason="退汇", maker=cashier, now=now)

    assert ledger.balance(wallets.wallet_of(alice)) == 100_00


def test_a_reversal_of_a_payout_without_its_approval_is_refused(paid, now):
    """F105, F109: past the door."""
    assert (
        refusal_of(
            lambda: ledger.reverse(
                reference=f"withdrawal:{paid.code}:returned",
                of_reference=f"withdrawal:{paid.code}:paid",
            )
        )
        == "correction_is_approved"
    )


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_is_the_guard_that_asks_for_the_word_of_others(fake_bank, now):
    """F109: with it off somebody alone would call back a withdrawal; it is tried and undone."""
    alice = make.player(now=now)
    make.fund(alice, 100_00, now=now)
    withdrawal = make.withdraw(alice, 40_00, make.bank_account(alice, now=now), now=now)

    def alone():
        withdrawals.release(
            withdrawals.locked(withdrawal.code), Withdrawal.State.RECALLED, "x", actor=None, now=now
        )

    assert refusal_of(alone) == "withdrawal_back_by_approval"
    with as_owner() as hand:
        hand.execute("ALTER TABLE finance_withdrawal DISABLE TRIGGER finance_withdrawal_comes_back")
    with transaction.atomic():
        alone()
    assert state(withdrawal) == "RECALLED"


# --- pages


def test_the_desk_asks_and_the_player_calls_back_on_his_page(owing, cashier, alice, now):
    """F109, F112"""
    desk = people.in_english(cashier)
    address = reverse("finance:desk_withdrawal", args=[owing.code])
    assert "Ask to call it back" in desk.get(address).content.decode()
    assert desk.post(address, {"action": "recall", "reason": ""}).status_code == 400
    assert desk.post(address, {"action": "recall", "reason": "never pays"}).status_code == 302
    (asked,) = approvals.under_way(recalls.RECALL_KIND)
    assert reverse("audit:approval", args=[asked.code]) in desk.get(address).content.decode()
    treasurer = people.in_english(make.staff("caiwu-recall", "treasurer", now=now).member.user)
    assert treasurer.post(address, {"action": "refuse", "reason": "x"}).status_code == 403
    auditor = people.in_english(make.staff("shenji-recall", "auditor", now=now).member.user)
    assert "Ask to call it back" not in auditor.get(address).content.decode()

    player, mine = people.in_english(alice.user), f"/wallet/withdrawals/{owing.code}/"
    assert "Call it back and pay what I owe" in player.get(mine).content.decode()
    answer = player.post(reverse("finance:withdrawal_recall", args=[owing.code]))

    assert answer["Location"] == mine
    page = player.get(mine).content.decode()
    assert "Called back by the player." in page
    assert "Call it back and pay" not in page
    assert state(owing) == "RECALLED"


def test_the_desk_asks_for_what_the_bank_gave_back(paid, cashier, alice, now):
    """F109: only of what was paid; the player reads why."""
    desk = people.in_english(cashier)
    address = reverse("finance:desk_withdrawal", args=[paid.code])
    assert desk.post(address, {"action": "recall", "reason": "x"}).status_code == 409

    assert desk.post(address, {"action": "returned", "reason": "closed"}).status_code == 302
    (asked,) = approvals.under_way(recalls.RETURN_KIND)
    approved(asked.code, now)

    assert reverse("audit:approval", args=[asked.code]) in desk.get(address).content.decode()
    page = people.in_english(alice.user).get(f"/wallet/withdrawals/{paid.code}/").content.decode()
    assert "gave it back" in page
    assert "closed" in page
