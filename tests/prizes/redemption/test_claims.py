"""Claims from the winner to the file: every step, its evidence, and what refuses it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Message
from audit.models import TrailRecord
from finance import (
    bank_accounts,
    cases,
    invariants,
    ledger,
    memos,
    prize_transfers,
    wallets,
    withdrawals,
)
from finance.models import InvariantRun, PrizeTax, Withdrawal
from finance.payment_methods import TransferCeilingPassed
from finance.prize_transfers import NotOriginal
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, ClaimPaper, ClaimStep, PrizeEnd
from prizes.models import Prize
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, confirmation, papers, payment, queue, routing, steps
from sales import ticket_facts
from tests import make_claims as make
from tests import make_money as money
from tests import people
from tests.make_claims import Won
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


def unclaimed(won: Won) -> int:
    return ledger.balance(f"unclaimed:{won.draw.code}")


def winnings(player) -> int:
    return ledger.balance(wallets.winnings_of(player))


OF_PRIZES = {
    "prize_credited_once",
    "prize_ended_once",
    "open_prizes_are_set_aside",
    "tax_withheld_has_its_basis",
    "payout_has_its_approval",
    "held_is_under_way",
}


def broken() -> set[str]:
    """The invariants of prizes and payouts that do not hold now."""
    found, _upto = invariants.look(extent=InvariantRun.Extent.FULL)
    assert {one.name for one in found} >= OF_PRIZES
    return {one.name for one in found if not one.holds} & OF_PRIZES


def stands(won: Won, claim: Claim) -> None:
    """Nothing was paid, and the claim did not end."""
    assert not PrizeEnd.objects.exists()
    assert not PrizeTax.objects.exists()
    assert unclaimed(won) == sum(
        Prize.objects.filter(route="CENTRE").values_list("amount", flat=True)
    )


def test_a_prize_goes_from_its_winner_to_the_file(won):
    """F077, F084, F090, F095, F097, F101: each step has actor, person, time and digest; the money
    is less its tax to the fen, and the prize is over."""
    prize, clerk = won.prize(won.bob), won.staff["claims_clerk"]
    before, was, tax_was = unclaimed(won), winnings(won.bob), 0
    assert routing.of(prize) == routing.Place.OUTLET
    assert [one.pk for one in queue.open_prizes(won.bob)] == [prize.pk]

    claim = make.opened(won, prize)
    step = make.next_of(claim)
    assert (step.deed, queue.may(claim, step, user=clerk, now=database_time())) == ("check", True)
    assert not queue.may(claim, step, user=won.staff["cashier"], now=database_time())
    claim = make.checked(won, claim)
    assert make.next_of(claim).missing == ()
    claim = make.completed(won, claim)
    assert (claim.tax, claim.net, claim.method) == (6_000_00, 24_000_00, "WALLET")
    assert claim.due_on is not None
    assert make.next_of(claim).by_winner
    claim = make.signed(claim)
    assert make.next_of(claim).deed == "ask"
    make.asked(won, claim)
    assert make.next_of(claim).deed == "decide"
    claim = make.decided(won, claim, "approver1")
    assert (claim.state, make.next_of(claim).deed) == (State.APPROVED, "pay")
    assert list(queue.desk(state="APPROVED")) == [claim]
    assert not queue.may(claim, make.next_of(claim), user=clerk, now=database_time())
    claim = make.paid(won, claim)

    assert claim.state == State.PAID
    assert winnings(won.bob) - was == 24_000_00
    assert before - unclaimed(won) == 30_000_00
    assert ledger.balance(f"tax:{won.draw.game.code}") - tax_was == 6_000_00
    end = PrizeEnd.objects.get()
    assert (end.prize_id, end.kind, end.claim_id) == (prize.pk, "PAID", claim.pk)
    assert (end.amount, end.tax, end.net) == (30_000_00, 6_000_00, 24_000_00)
    assert end.entry_reference == f"claim:{claim.code}"
    assert broken() == set()
    fact = ticket_facts.of([prize.ticket_id])[prize.ticket_id]
    assert (fact.paid_at, fact.claim_state, fact.claim_code) == (end.ended_at, "PAID", claim.code)
    assert Message.objects.filter(user=won.bob.user, kind="prizes.claim_paid").count() == 1
    assert list(queue.open_prizes(won.bob)) == []

    _filed(won, claim)


def _filed(won: Won, claim: Claim) -> None:
    codes = wallets.accounts_of(won.bob)
    lines = ledger.lines(codes, ledger.movements(*codes, kinds=["PRIZE"]))
    assert [memo.url for memo in memos.describe(lines)] == [f"/tickets/{claim.prize.ticket.code}/"]
    assert make.next_of(claim).missing == ()
    claim = papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())
    assert (claim.state, queue.next_step(claim)) == (State.ARCHIVED, None)
    steps = list(claim.steps.order_by("number"))
    assert [step.to_state for step in steps] == [
        "OPENED", "CHECKED", "COMPLETE", "SIGNED", "APPROVED", "PAYING", "PAID", "ARCHIVED",
    ]  # fmt: skip
    assert all(len(step.digest) == 64 for step in steps)
    assert [bool(step.person) for step in steps] == [True] * 4 + [False] + [True] * 3
    assert steps[0].body["serial"] > 0
    assert {"prizes.claim_opened", "prizes.claim_paid", "prizes.claim_archived"} <= set(
        TrailRecord.objects.filter(object_code=claim.code).values_list("action", flat=True)
    )
    paper = ClaimPaper.objects.get(claim=claim, kind="CONFIRMATION")
    assert papers.content_of(paper).decode() == confirmation.text_of(claim, "zh-hans")
    assert b"30,000" not in bytes(paper.content)
    with pytest.raises(no.NotAtThisStep):
        papers.add(
            code=claim.code, kind="OTHER", content=b"late", media_type="text/plain",
            actor=won.staff["claims_clerk"], now=database_time(),
        )  # fmt: skip


def test_an_outlet_pays_a_small_prize_alone_and_no_larger_one(won):
    """F077, F097: up to 10,000 yuan nobody further is asked at an outlet; at the centre somebody
    is. Cash needs a desk."""
    claim = make.opened(won, won.prize(won.carol), "OUTLET")
    claim = make.checked(won, claim)
    with pytest.raises(no.NoCashDesk):
        make.completed(won, claim, "CASH", "till-1")
    claim = make.asked(won, make.signed(make.completed(won, claim)))
    assert (claim.state, claim.tax, claim.approval_code) == (State.APPROVED, 0, "")
    stands(won, claim)
    claim = make.paid(won, claim, by="outlet_operator")
    assert (claim.state, winnings(won.carol)) == (State.PAID, 3_000_00 + 5_00)

    claim = make.opened(won, won.prize(won.bob), "OUTLET")
    claim = make.asked(won, make.ready_to_ask(won, claim))
    assert (claim.state, make.request_of(claim).needed) == (State.SIGNED, 1)


def test_the_ceiling_of_outlets_and_the_tiers_of_approval_hold_to_the_fen(won):
    """F077, F097: one fen below, at, and above; as the figure was when the draw was settled."""
    bob = won.prize(won.bob)
    begun = won.draw.settlement.begun_at

    def set_figure(key, scope, value, at=begun):
        with as_owner() as hand:
            hand.execute("ALTER TABLE audit_policyparameter DISABLE TRIGGER USER")
            hand.execute(
                "DELETE FROM audit_policyparameter"
                " WHERE key = %s AND scope = %s AND valid_from = %s",
                [key, scope, at],
            )
            hand.execute(
                "INSERT INTO audit_policyparameter"
                " (key, scope, value, valid_from, approval_code, reason, recorded_at)"
                " VALUES (%s, %s, %s, %s, 'TEST', 'test', now())",
                [key, scope, json.dumps(value), at],
            )
            guards_up(hand)

    for ceiling, place in (
        (bob.amount - 1, routing.Place.CENTRE),
        (bob.amount, routing.Place.OUTLET),
        (bob.amount + 1, routing.Place.OUTLET),
    ):
        set_figure(routing.OUTLET_POLICY, won.draw.game.code, ceiling)
        assert routing.of(bob) == place
        assert (Claim.Way.OUTLET in routing.ways(bob)) == (place == routing.Place.OUTLET)
        if place == routing.Place.CENTRE:
            with pytest.raises(no.AboveTheOutlets):
                make.opened(won, bob, "OUTLET")
            assert not Claim.objects.exists()
    # A figure of a later moment does not count.
    set_figure(routing.OUTLET_POLICY, won.draw.game.code, 1, begun + timedelta(microseconds=1))
    assert routing.of(bob) == routing.Place.OUTLET
    claim = make.opened(won, bob, "OUTLET")

    for up_to, needed in ((bob.amount - 1, 2), (bob.amount, 1), (bob.amount + 1, 1)):
        set_figure(payment.PEOPLE, "OUTLET", [[up_to, 1], [None, 2]])
        assert steps.people_needed(claim) == needed


def test_who_may_open_a_claim_of_what(won):
    """F085, F088, §1.6: the owner, or staff for the owner; of a prize that waits; once."""
    prize, now = won.prize(won.bob), database_time()
    key = uuid7()
    own = {"prize": prize, "way": "REMOTE", "request_key": key, "now": now}

    with pytest.raises(no.NotTheOwner):  # another player
        claims.open_(**own, actor=won.carol.user)
    with pytest.raises(no.NotTheOwner):  # staff, for another player than the owner
        make.opened(won, prize, claimant=won.carol)
    with pytest.raises(no.NotTheOwner):  # staff, for nobody
        make.opened(won, prize, claimant=None)
    with pytest.raises(no.NotYourPost):
        make.opened(won, prize, actor=won.staff["cashier"])
    with pytest.raises(no.NotYourPost):  # an operator only at his outlet
        make.opened(won, prize, actor=won.staff["outlet_operator"])
    with pytest.raises(no.NotPresent):
        claims.open_(**{**own, "way": "OUTLET"}, actor=won.bob.user, outlet=won.outlet.code)
    with pytest.raises(no.OutletMayNot):
        make.opened(won, prize, "OUTLET", outlet="")
    with pytest.raises(no.NothingToClaim):  # five yuan are in the wallet
        claims.prize_of(Prize.objects.get(route="WALLET").ticket.code)
    small = Prize.objects.select_related("ticket", "draw__game", "owner").get(route="WALLET")
    with pytest.raises(no.NothingToClaim):
        claims.open_(**{**own, "prize": small}, actor=won.carol.user)
    assert not Claim.objects.exists()

    first = claims.open_(**own, actor=won.bob.user)
    assert (first.state, first.way, first.owner_id) == ("OPENED", "REMOTE", won.bob.pk)
    assert claims.open_(**own, actor=won.bob.user).pk == first.pk
    with pytest.raises(no.RequestKeyUsed):
        claims.open_(**{**own, "way": "CENTRE"}, actor=won.bob.user)
    with pytest.raises(no.ClaimUnderWay):
        make.opened(won, prize)
    assert list(queue.of(won.bob)) == [first]
    assert list(queue.of(won.carol)) == []
    assert ClaimStep.objects.count() == 1


def test_nobody_works_on_his_own_prize(won):
    """F097: not as a clerk, not as an approver, not as a cashier, under whatever account."""
    prize = won.prize(won.bob)
    mine = dict.fromkeys(("claims_clerk", "approver", "cashier"))
    for post in mine:
        member = people.member(post)
        with as_owner() as hand:
            hand.execute("ALTER TABLE accounts_staffmember DISABLE TRIGGER USER")
            hand.execute(
                "UPDATE accounts_staffmember SET person_id = %s WHERE id = %s",
                [won.bob.person_id, member.pk],
            )
            hand.execute("ALTER TABLE accounts_posting DISABLE TRIGGER USER")
            hand.execute(
                "UPDATE accounts_posting SET person_id = %s WHERE person_id = %s",
                [won.bob.person_id, member.person_id],
            )
            guards_up(hand)
        mine[post] = type(member).objects.get(pk=member.pk).user

    with pytest.raises(no.OwnClaim):
        make.opened(won, prize, actor=mine["claims_clerk"])
    claim = make.opened(won, prize)
    with pytest.raises(no.OwnClaim):
        claims.check(code=claim.code, actor=mine["claims_clerk"], evidence={}, now=database_time())
    claim = make.asked(won, make.ready_to_ask(won, claim))
    won.staff["own"] = mine["approver"]
    with pytest.raises(no.OwnClaim):
        make.decided(won, claim, "own")
    claim = make.decided(won, claim, "approver1")
    with pytest.raises(no.OwnClaim):
        payment.pay(code=claim.code, actor=mine["cashier"], now=database_time())
    stands(won, claim)


def test_checker_approver_and_payer_are_three_persons(won):
    """F097: and who entered the result of the draw neither approves nor pays."""
    prize = won.prize(won.bob)
    clerk, cashier = won.staff["claims_clerk"], won.staff["cashier"]
    everything = people.member("claims_clerk")
    with as_owner() as hand:  # a post that carries all of it
        hand.execute(
            "UPDATE accounts_post SET roles = '{claims_clerk,approver,cashier}'"
            " WHERE code = 'claims_clerk'"
        )
    won.staff["all"] = everything.user
    claim = make.checked(won, make.opened(won, prize), by="all")
    claim = make.asked(won, make.signed(make.completed(won, claim)))
    with pytest.raises(no.CheckedYourself):
        make.decided(won, claim, "all")
    claim = make.decided(won, claim, "claims_clerk")  # who looked at nothing may agree
    assert claim.state == State.APPROVED
    for name in ("all", "claims_clerk"):
        with pytest.raises(no.PaidByAnother):
            make.paid(won, claim, by=name)
    _drawn_by(won, cashier)
    with pytest.raises(no.NotByWhoDrew):
        make.paid(won, claim)
    stands(won, claim)
    assert clerk != everything.user


@pytest.mark.thorough
def test_who_entered_the_result_does_not_approve(won):
    """F097: draw official and approver are different persons."""
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    _drawn_by(won, won.staff["approver1"])

    with pytest.raises(no.NotByWhoDrew):
        make.decided(won, claim, "approver1")

    claim.refresh_from_db()
    assert (claim.state, claim.approval_code) == (State.SIGNED, "")
    assert make.decided(won, claim, "approver2").state == State.APPROVED


def _drawn_by(won: Won, user) -> None:
    """One of the two who entered the result is the person behind this account."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_resultentry DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE games_resultentry SET person_code = %s WHERE id ="
            " (SELECT min(id) FROM games_resultentry WHERE draw_id = %s)",
            [str(user.staff_member.person.row_uuid), won.draw.pk],
        )
        guards_up(hand)


def test_what_was_approved_is_what_is_paid(won):
    """F097, N12: changed by whoever could, the database pays nothing."""
    claim = make.approved(won, make.opened(won, won.prize(won.bob)))
    for column, value, was in (
        ("payee", "6222", ""),
        ("net", 24_000_01, 24_000_00),
        ("tax", 5_999_99, 6_000_00),
        ("method", "CASH", "WALLET"),
    ):
        said = f"UPDATE prizes_claim SET {column} = %s WHERE id = %s"  # noqa: S608 - our own names
        with as_owner() as hand:
            hand.execute(said, [value, claim.pk])

        with (
            pytest.raises(DatabaseError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT prizes_claim_pay(%s, %s, '{}')", [claim.pk, won.staff["cashier"].pk]
            )

        assert violated(refused.value) == "claim_paid_as_approved", column
        with as_owner() as hand:
            hand.execute(said, [was, claim.pk])
    stands(won, claim)


def test_large_prizes_need_two_and_one_word_is_not_enough(won):
    """F097: above 500,000 yuan two further persons, counted by the database."""
    prize = won.prize(won.alice)
    assert prize.amount > 500_000_00
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, prize)))
    assert make.request_of(claim).needed == 2
    tax = (prize.amount + 3_000_00) * 2_000 // 10_000 - 600_00
    claim = make.decided(won, claim, "approver1")
    assert claim.state == State.SIGNED
    claim = make.decided(won, claim, "approver2")
    claim = make.paid(won, claim)
    # 20 % of all that she won in the draw, this prize's share of it first
    assert (claim.tax, claim.net) == (prize.amount // 5, prize.amount - prize.amount // 5)

    beside = Prize.objects.filter(owner=won.alice).order_by("amount").first()
    assert beside is not None
    second = make.opened(won, claims.prize_of(beside.ticket.code))
    second = make.paid(won, make.approved(won, second))
    assert (second.tax, second.net) == (600_00, 2_400_00)
    assert sum(PrizeTax.objects.values_list("tax", flat=True)) == tax + 600_00
    assert broken() == set()


def test_nothing_is_paid_before_the_winner_has_signed_these_figures(won):
    """F090, F277: another text is not taken, and other figures are signed anew."""
    claim = make.completed(won, make.checked(won, make.opened(won, won.prize(won.bob))))
    with pytest.raises(no.NotAtThisStep):
        make.asked(won, claim)
    with pytest.raises(no.OtherText):
        claims.sign(
            code=claim.code, actor=won.bob.user, digest="0" * 64, language="en",
            now=database_time(),
        )  # fmt: skip
    digest = confirmation.digest_of(confirmation.text_of(claim, "en"))
    with pytest.raises(no.NotYourPost):  # nobody else signs
        claims.sign(
            code=claim.code, actor=won.carol.user, digest=digest, language="en",
            now=database_time(),
        )  # fmt: skip
    claim = make.asked(won, make.signed(claim))
    claim = make.decided(won, claim, "approver1")
    again = make.completed(won, claim)
    assert (again.state, again.approval_code) == (State.COMPLETE, "")
    with pytest.raises(no.NotAtThisStep):
        make.paid(won, again)
    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT prizes_claim_move(%s, 'SIGNED', %s, '{}', NULL, '')",
            [claim.pk, won.bob.user_id],
        )
    assert violated(refused.value) == "claim_signed_with_a_digest"
    stands(won, claim)


def test_papers_come_before_money_and_before_the_file(won):
    """F089, F101: a remote claim lacks three papers, the file the confirmation."""
    claim = claims.open_(
        prize=won.prize(won.bob), way="REMOTE", actor=won.bob.user, request_key=uuid7(),
        now=database_time(),
    )  # fmt: skip
    claim = claims.check(
        code=claim.code, actor=won.staff["claims_officer"], evidence={}, now=database_time()
    )
    assert make.next_of(claim).missing == ("IDENTITY", "TICKET", "PERSON")
    with pytest.raises(no.PapersMissing):
        make.completed(won, claim)
    for kind in make.next_of(claim).missing:
        for _twice in range(2):
            papers.add(
                code=claim.code, kind=kind, content=kind.encode(), media_type="image/jpeg",
                actor=won.bob.user, now=database_time(),
            )  # fmt: skip
    assert ClaimPaper.objects.count() == 3
    with pytest.raises(no.NotTheOwner):
        papers.add(
            code=claim.code, kind="OTHER", content=b"x", media_type="image/jpeg",
            actor=won.carol.user, now=database_time(),
        )  # fmt: skip
    claim = make.completed(won, claim)
    assert claim.state == State.COMPLETE
    with pytest.raises(no.PayeeWrong):  # nobody hands cash over a wire
        make.completed(won, claim, "CASH", "till-1")
    claim = make.paid(won, make.decided(won, make.asked(won, make.signed(claim)), "approver1"))
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_claimpaper DISABLE TRIGGER USER")
        hand.execute("DELETE FROM prizes_claimpaper WHERE kind = 'CONFIRMATION'")
        guards_up(hand)
    assert make.next_of(claim).missing == ("CONFIRMATION",)
    with pytest.raises(no.PapersMissing):
        papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())
    claim.refresh_from_db()
    assert claim.state == State.PAID


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
    """F096: he is told at once, staff get a case, and the prize is not paid again."""
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


def test_a_held_prize_is_neither_approved_nor_paid(won):
    """F081: the seam `prizes_may_go_on`."""
    first = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    second = make.approved(won, make.opened(won, won.prize(won.carol)))
    _replace("prizes_may_go_on(prize bigint) RETURNS boolean", "false")
    with pytest.raises(no.Held):
        make.decided(won, first, "approver1")
    with pytest.raises(no.Held):
        make.paid(won, second)
    stands(won, second)
    _replace("prizes_may_go_on(prize bigint) RETURNS boolean", "true")
    assert make.paid(won, second).state == State.PAID


@pytest.mark.thorough
def test_after_the_last_moment_nothing_opens_and_what_was_opened_goes_on(won):
    """F078: the seam `prizes_claimable_until`, by the clock of the database."""
    claim = make.opened(won, won.prize(won.bob))
    until = "prizes_claimable_until(prize bigint) RETURNS timestamptz"
    _replace(until, "now()")
    with pytest.raises(no.TooLate):
        make.opened(won, won.prize(won.carol))
    assert Claim.objects.count() == 1
    assert make.paid(won, make.approved(won, claim)).state == State.PAID
    _replace(until, "clock_timestamp() + interval '1 minute'")
    assert make.opened(won, won.prize(won.carol)).state == State.OPENED


def _replace(head: str, answer: str) -> None:
    with as_owner() as hand:
        hand.execute(
            f"CREATE OR REPLACE FUNCTION {head} LANGUAGE sql VOLATILE SECURITY DEFINER"
            f" SET search_path = public, pg_temp AS $$ SELECT {answer} $$"
        )
