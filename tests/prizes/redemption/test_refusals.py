"""Claims refused by two, objections, prizes taken back."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Message
from audit import approvals
from finance import debts, ledger, wallets, withdrawals
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import queue, recovery, refusal
from tests import make_claims as make
from tests import make_money as money
from tests import people
from tests.make_claims import Won

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State
WHY = {"clause": "S1 二.1", "evidence": "IDENTITY 3f2a", "reason": "The person is another."}


def refused(won: Won, claim: Claim, *, by: str = "claims_officer") -> Claim:
    refusal.ask(code=claim.code, **WHY, maker=won.staff[by], now=database_time())
    return make.decided(won, claim, "approver1", kind=refusal.KIND)


def test_a_claim_is_refused_by_two_with_clause_and_evidence(won):
    """F283: the winner is told why; the prize stays open, and may be claimed again."""
    claim = make.ready_to_ask(won, make.opened(won, won.prize(won.bob)))
    officer = won.staff["claims_officer"]
    for missing in ("clause", "evidence", "reason"):
        with pytest.raises(no.ClauseMissing):
            refusal.ask(
                code=claim.code, **{**WHY, missing: " "}, maker=officer, now=database_time()
            )
    with pytest.raises(no.NotYourPost):
        refusal.ask(code=claim.code, **WHY, maker=won.staff["cashier"], now=database_time())
    with (
        pytest.raises(DatabaseError) as alone,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT prizes_claim_move(%s, 'REFUSED', %s, '{}', NULL, '')", [claim.pk, officer.pk]
        )
    assert violated(alone.value) == "claim_ended_by_two"

    claim = refused(won, claim)

    assert claim.state == State.REFUSED
    step = make.last_of(claim)
    assert (step.from_state, step.body["clause"]) == ("SIGNED", WHY["clause"])
    (told,) = Message.objects.filter(user=won.bob.user, kind=refusal.REFUSED)
    assert told.params["reason"] == WHY["reason"]
    assert not PrizeEnd.objects.exists()
    assert make.next_of(claim).deed == "object"
    assert make.opened(won, won.prize(won.bob)).state == State.OPENED


def test_an_objection_that_is_upheld_reopens_at_the_same_step(won):
    """F283: heard by another than those who refused, whose start page says that it waits; who heard
    it neither approves nor pays."""
    claim = refused(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    now = database_time()
    assert not queue.objections().exists()
    with pytest.raises(refusal.NoObjection):
        refusal.uphold(code=claim.code, actor=won.staff["compliance"], reason="ok", now=now)
    with pytest.raises(no.NotTheOwner):
        refusal.object_(code=claim.code, actor=won.carol.user, words="I am Bob")
    claim = refusal.object_(code=claim.code, actor=won.bob.user, words="It is me.")
    with pytest.raises(no.ObjectedAlready):
        refusal.object_(code=claim.code, actor=won.bob.user, words="Again.")
    assert make.next_of(claim).deed == "hear"
    assert list(queue.objections()) == [claim]
    hearer = people.in_english(won.staff["approver2"])
    assert "Objections of winners that wait for an answer" in people.text(hearer.get("/desk/"))
    found = hearer.get("/desk/claims/?state=OBJECTED").content.decode()
    assert f'href="/desk/claims/{claim.code}/"' in found
    for name in ("claims_officer", "approver1"):
        with pytest.raises(no.ReopenedByOthers):
            refusal.uphold(code=claim.code, actor=won.staff[name], reason="ok", now=now)
    assert Claim.objects.get().state == State.REFUSED

    claim = refusal.uphold(
        code=claim.code, actor=won.staff["approver2"], reason="The papers agree.", now=now
    )

    assert claim.state == State.SIGNED
    assert not queue.objections().exists()
    assert Message.objects.filter(user=won.bob.user, kind=refusal.REOPENED).exists()
    make.asked(won, claim)
    with pytest.raises(no.NotByWhoHeard):
        make.decided(won, claim, "approver2")
    claim = make.decided(won, claim, "approver1")
    assert make.paid(won, claim).state == State.PAID


@pytest.mark.thorough
def test_an_objection_that_is_dismissed_ends_it(won):
    """F283: the answer is a step of the claim; nobody objects twice, nobody hears it twice."""
    claim = refused(won, make.opened(won, won.prize(won.bob)))
    refusal.object_(code=claim.code, actor=won.bob.user, words="It is me.")
    claim = refusal.dismiss(
        code=claim.code, actor=won.staff["compliance"], reason="No.", now=database_time()
    )
    assert (claim.state, queue.next_step(claim)) == (State.REFUSED, None)
    with pytest.raises(no.ObjectedAlready):
        refusal.object_(code=claim.code, actor=won.bob.user, words="Again.")
    with pytest.raises(refusal.NoObjection):
        refusal.uphold(
            code=claim.code, actor=won.staff["approver2"], reason="ok", now=database_time()
        )
    assert Message.objects.filter(user=won.bob.user, kind=refusal.DISMISSED).count() == 1


def test_a_prize_wrongly_paid_is_owed_and_the_matter_reported(won):
    """F102: the debt is paid as far as the purses go, he is told why; it is not paid again."""
    claim = make.paid(won, make.approved(won, make.opened(won, won.prize(won.bob))))
    fund = f"fund:{won.draw.game.code}"
    was, had = ledger.balance(fund), wallets.purses(won.bob).withdrawable_fen
    compliance, now = won.staff["compliance"], database_time()
    with pytest.raises(no.ReferralMissing):
        recovery.ask(code=claim.code, reason="Forged", referral=" ", maker=compliance, now=now)
    recovery.ask(code=claim.code, reason="Forged", referral="110-2026-7", maker=compliance, now=now)
    claim = make.decided(won, claim, "approver2", kind=recovery.KIND)

    assert claim.state == State.RECOVERED
    assert make.last_of(claim).body["referral"] == "110-2026-7"
    told = Message.objects.get(user=won.bob.user, kind=recovery.TAKEN_BACK)
    assert told.params["reason"] == "Forged"
    page = people.text(people.in_english(won.bob.user).get(f"/prizes/{claim.prize.ticket.code}/"))
    assert "Forged" in page
    assert "110-2026-7" not in page
    assert ledger.balance(fund) - was == claim.net
    assert (debts.owed(won.bob), wallets.purses(won.bob).withdrawable_fen) == (0, had - claim.net)
    with pytest.raises(no.PrizeIsOver):
        make.opened(won, won.prize(won.bob))
    assert PrizeEnd.objects.count() == 1


@pytest.mark.thorough
def test_what_was_spent_of_it_stays_owed(won):
    """F102: the account is limited until the rest is paid."""
    claim = make.paid(won, make.approved(won, make.opened(won, won.prize(won.bob))))
    account = money.bank_account(won.bob, now=database_time())
    withdrawals.request(
        player=won.bob, amount=24_000_00, bank_account=account.code, request_key=uuid7(),
        now=database_time(),
    )  # fmt: skip
    left = wallets.purses(won.bob).withdrawable_fen
    recovery.ask(
        code=claim.code, reason="Forged", referral="110-2026-7",
        maker=won.staff["compliance"], now=database_time(),
    )  # fmt: skip
    make.decided(won, claim, "approver2", kind=recovery.KIND)
    assert debts.owed(won.bob) == 24_000_00 - left
    won.bob.refresh_from_db()
    assert won.bob.state == "LIMITED"


@pytest.mark.thorough
def test_an_approval_of_one_claim_pays_no_other(won):
    """F097: an approval is bound to its claim, its ticket and its figures, and used once."""
    bob = make.approved(won, make.opened(won, won.prize(won.bob)))
    alice = make.ready_to_ask(won, make.opened(won, won.prize(won.alice)))
    with (
        pytest.raises(DatabaseError) as used,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT prizes_claim_move(%s, 'APPROVED', NULL, '{}', NULL, %s)",
            [alice.pk, bob.approval_code],
        )
    assert violated(used.value) == "claim_approval_used_once"
    assert Claim.objects.get(pk=alice.pk).state == State.SIGNED
    assert approvals.find(bob.approval_code).state == "PERFORMED"
