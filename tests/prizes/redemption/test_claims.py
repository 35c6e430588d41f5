"""Claims from the winner to the file: every step, its evidence, and what refuses it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from accounts.models import Message
from audit.models import TrailRecord
from finance import (
    ledger,
    memos,
    wallets,
)
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, ClaimPaper, ClaimStep, PrizeEnd
from prizes.models import Prize
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, confirmation, papers, payment, queue, routing, steps
from sales import ticket_facts
from tests import make_claims as make
from tests.make_claims import Won
from tests.owner import as_owner, guards_up

from .books import broken, stands, unclaimed, winnings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


State = Claim.State


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
    """F089, F101: a remote claim lacks three papers, the file the confirmation; each is named."""
    claim = claims.open_(
        prize=won.prize(won.bob), way="REMOTE", actor=won.bob.user, request_key=uuid7(),
        now=database_time(),
    )  # fmt: skip
    claim = claims.check(
        code=claim.code, actor=won.staff["claims_officer"], evidence={}, now=database_time()
    )
    assert make.next_of(claim).missing == ("IDENTITY", "TICKET", "PERSON")
    with pytest.raises(no.PapersMissing) as refused:
        make.completed(won, claim)
    with translation.override("en"):
        told = refused.value.as_json()
    assert (told["code"], told["missing_papers"]) == (
        "claim_papers_missing", ["IDENTITY", "TICKET", "PERSON"],
    )  # fmt: skip
    assert told["detail"] == (
        "Papers are still missing: Identity paper, scanned; Photo or proof of the ticket;"
        " Photo of the winner. Please add them first."
    )
    with translation.override("zh-hans"):
        assert "身份证件" in str(refused.value)
    stands(won, claim)
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
    with pytest.raises(no.PapersMissing) as refused:
        papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())
    assert refused.value.figures == {"missing_papers": ["CONFIRMATION"]}
    claim.refresh_from_db()
    assert claim.state == State.PAID


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
