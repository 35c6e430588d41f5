"""Where the money of a prize goes: to its end, by the bank, and nowhere else."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Message
from finance import (
    bank_accounts,
    cases,
    ledger,
    prize_transfers,
    wallets,
    withdrawals,
)
from finance.models import Withdrawal
from finance.payment_methods import TransferCeilingPassed
from finance.prize_transfers import NotOriginal
from lottery_portal.lib.db import database_time, violated
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import payment
from tests import make_claims as make
from tests import make_money as money
from tests import people
from tests.owner import as_owner

from .books import broken, winnings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


def test_a_prize_goes_on_to_the_winners_own_bank(won, fake_bank):
    """F006, F091, F096: in the transaction that ends it; the bank's word closes the claim."""
    account = money.bank_account(won.bob, now=database_time())
    others = money.bank_account(won.carol, "6022", now=database_time())
    claim = make.checked(won, make.opened(won, won.prize(won.bob)))
    with pytest.raises(bank_accounts.BankAccountUnknown):
        make.completed(won, claim, "TRANSFER", others.code)
    claim = make.completed(won, claim, "TRANSFER", account.code)
    claim = make.decided(won, make.asked(won, make.signed(claim)), "approver1")
    was = winnings(won.bob)
    claim = make.paid(won, claim)
    sent = Withdrawal.objects.get(origin=f"claim:{claim.code}")
    assert (claim.state, sent.state, sent.amount) == (State.PAYING, "APPROVED", 24_000_00)
    assert sent.bank_account_id == account.pk
    assert not withdrawals.is_automatic(sent)
    assert (winnings(won.bob), wallets.held(won.bob)) == (was, 24_000_00)
    assert PrizeEnd.objects.get().net == 24_000_00
    with (
        pytest.raises(no.BankHasNotSaid),
        no.in_words(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT prizes_claim_move(%s, 'PAID', NULL, '{}', NULL, '')", [claim.pk])

    withdrawals.send(code=sent.code, now=database_time())

    claim.refresh_from_db()
    sent.refresh_from_db()
    assert (sent.state, claim.state) == ("PAID", State.PAID)
    assert wallets.held(won.bob) == 0
    assert broken() == set()


def test_a_transfer_that_fails_leaves_the_money_in_the_balance(won, fake_bank):
    """F096: he is told at once and on the prize's page, staff get a case, nobody pays again."""
    fake_bank.says = "FAILED"
    account = money.bank_account(won.bob, now=database_time())
    claim = make.approved(won, make.opened(won, won.prize(won.bob)), "TRANSFER", account.code)
    was = winnings(won.bob)
    make.paid(won, claim)
    sent = Withdrawal.objects.get()

    withdrawals.send(code=sent.code, now=database_time())

    claim.refresh_from_db()
    assert (claim.state, winnings(won.bob) - was) == (State.PAID, 24_000_00)
    assert Message.objects.filter(user=won.bob.user, kind="finance.withdrawal_returned").exists()
    (case,) = cases.about(object_type="claim", object_code=claim.code)
    assert (case.kind, case.facts["outcome"]) == (payment.TRANSFER_FAILED, "FAILED")
    page = people.text(people.in_english(won.bob.user).get(f"/prizes/{claim.prize.ticket.code}/"))
    assert "24,000.00 yuan lie in your balance" in page
    assert "There is nothing more to do" not in page
    with pytest.raises(no.NotAtThisStep):
        make.paid(won, claim)


def test_no_other_money_leaves_as_a_prize(won, fake_bank):
    """F109, F094: what was not credited by a prize in this transaction needs approval as before."""
    money.put(won.bob, 50_000_00)
    account = money.bank_account(won.bob, now=database_time())
    for origin in ("claim:invented", f"prize:{won.draw.code}:0"):
        with pytest.raises(NotOriginal), transaction.atomic():
            prize_transfers.send(
                player=won.bob, origin=origin, amount=100_00, bank_account=account.code,
                now=database_time(),
            )  # fmt: skip
    with pytest.raises(TransferCeilingPassed), transaction.atomic():
        prize_transfers.send(
            player=won.bob, origin="x", amount=10_000_000_01, bank_account=account.code,
            now=database_time(),
        )  # fmt: skip
    assert not Withdrawal.objects.exists()


def test_money_set_aside_leaves_with_the_end_of_its_prize_only(won):
    """F082, F092, INV9: neither by a posting of its own, nor by a reversal, nor an end by hand."""
    prize = won.prize(won.bob)
    source, target = f"unclaimed:{won.draw.code}", wallets.winnings_of(won.bob)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        ledger.post(reference="claim:mine", kind="PRIZE", moves=[ledger.Move(source, target, 1_00)])
    assert violated(refused.value) == "prize_ends_in_the_books"
    money.open_accounts((f"receivable:{won.bob.code}", "RECEIVABLE"))
    owed = ledger.Move(f"receivable:{won.bob.code}", f"fund:{won.draw.game.code}", 1_00)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        ledger.post(reference="recalled:mine", kind="PRIZE", moves=[owed])
    assert violated(refused.value) == "prize_recalled_by_a_claim"
    claim = make.paid(won, make.approved(won, make.opened(won, prize)))
    with pytest.raises(DatabaseError) as refused:  # not even by the word of others
        money.reversed_entry(f"claim:{claim.code}", now=people.right_now())
    assert violated(refused.value) == "prize_end_stands"
    with pytest.raises(no.NotAtThisStep):
        make.paid(won, claim)
    with as_owner() as hand:
        hand.execute("UPDATE prizes_claim SET state = 'REFUSED'")
    with pytest.raises(no.PrizeIsOver):
        make.opened(won, prize)
    for table in ("prizes_claim", "prizes_claimstep", "prizes_prizeend"):
        for said in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):  # noqa: S608 - our own names
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(said)
            if table != "prizes_claim" or said.startswith("DELETE"):
                with as_owner() as hand, pytest.raises(Exception, match=r"stays|never|change"):
                    hand.execute(said)
    assert PrizeEnd.objects.count() == 1
