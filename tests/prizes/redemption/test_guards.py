"""What the database refuses of claims, whatever calls: each fact met by a statement of its own."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit import approvals
from audit.models import ApprovalDecision, ApprovalRequest
from finance import ledger, prize_tax, wallets
from finance.ledger import Move
from finance.models import PrizeTax
from lottery_portal.lib.db import database_time, violated
from partners import outlets
from partners.models import Outlet
from prizes.claim_models import Claim, ClaimStep, PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, recovery, refusal
from tests import make_claims as make
from tests import make_money as money
from tests import make_outlets
from tests.make_claims import Won
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

MOVES = {
    ("OPENED", "CHECKED"), ("CHECKED", "COMPLETE"), ("COMPLETE", "COMPLETE"),
    ("COMPLETE", "SIGNED"), ("SIGNED", "COMPLETE"), ("APPROVED", "COMPLETE"),
    ("SIGNED", "APPROVED"), ("PAYING", "PAID"), ("PAID", "ARCHIVED"), ("PAID", "RECOVERED"),
    ("ARCHIVED", "RECOVERED"), ("OPENED", "REFUSED"), ("CHECKED", "REFUSED"),
    ("COMPLETE", "REFUSED"), ("SIGNED", "REFUSED"), ("APPROVED", "REFUSED"),
    ("REFUSED", "REFUSED"),
}  # fmt: skip


def fact(said: str, *values: Any) -> str:
    """The fact that a statement breaks; empty where it is done. Nothing of it stays."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(said, values)
            transaction.set_rollback(True)
    except DatabaseError as exc:
        return violated(exc) or str(exc)
    return ""


def moved(claim: Claim, to: str, account: int | None, body: Any = None, **more: Any) -> str:
    figures = more.get("figures")
    return fact(
        "SELECT prizes_claim_move(%s, %s, %s, %s::jsonb, %s::jsonb, %s)",
        claim.pk,
        to,
        account,
        json.dumps({} if body is None else body),
        None if figures is None else json.dumps(figures),
        more.get("approval", ""),
    )


def forced(table: str, said: str, *values: Any) -> None:
    """What only the owner's hand brings about."""
    with as_owner() as hand:
        hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(said, values)
        guards_up(hand)


def test_a_claim_goes_forward_as_the_table_says(won):
    """F077: every pair of states by every statement; what is not in the table is refused."""
    claim = make.ready_to_ask(won, make.opened(won, won.prize(won.bob)))
    clerk = won.staff["claims_clerk"].pk

    refused = set()
    for state in Claim.State.values:
        forced("prizes_claim", "UPDATE prizes_claim SET state = %s", state)
        refused |= {
            (state, to)
            for to in Claim.State.values
            if moved(claim, to, clerk) == "claim_goes_forward"
        }

    everything = set(itertools.product(Claim.State.values, Claim.State.values))
    assert everything - refused == MOVES
    forced("prizes_claim", "UPDATE prizes_claim SET state = 'OPENED'")
    assert moved(claim, "CHECKED", clerk, []) == "claim_step_has_evidence"
    assert moved(claim, "CHECKED", None) == "claim_moved_by_staff"
    assert moved(claim, "CHECKED", won.bob.user_id) == "claim_moved_by_staff"
    assert moved(claim, "CHECKED", clerk) == ""
    assert fact("SELECT prizes_claim_pay(%s, %s, '{}')", claim.pk, clerk) == "claim_goes_forward"


def test_the_figures_of_a_claim_are_the_prize(won):
    """F098, F006: to the fen, and to nobody else's account."""
    claim = make.checked(won, make.opened(won, won.prize(won.bob)))
    clerk, fen = won.staff["claims_clerk"].pk, claim.prize.amount
    others = money.bank_account(won.carol, now=database_time()).code
    own = money.bank_account(won.bob, "6022", now=database_time()).code
    for figures, expected in (
        ({"method": "WALLET", "tax": 0, "net": fen - 1}, "claim_pays_the_prize"),
        ({"method": "WALLET", "tax": 1, "net": fen}, "claim_pays_the_prize"),
        (None, "claim_pays_the_prize"),
        ({"method": "WALLET", "tax": -1, "net": fen + 1}, "claim_figures_together"),
        ({"method": "WALLET", "tax": 0, "net": fen, "payee": own}, "claim_payee_is_the_winner"),
        ({"method": "TRANSFER", "tax": 0, "net": fen}, "claim_payee_is_the_winner"),
        (
            {"method": "TRANSFER", "tax": 0, "net": fen, "payee": others},
            "claim_payee_is_the_winner",
        ),
        ({"method": "BARTER", "tax": 0, "net": fen, "payee": own}, "claim_payee_is_the_winner"),
        ({"method": "TRANSFER", "tax": 0, "net": fen, "payee": own}, ""),
    ):  # fmt: skip
        assert moved(claim, "COMPLETE", clerk, figures=figures) == expected, figures


def test_nothing_is_claimed_before_its_draw_is_published(won):
    """F073."""
    prize = won.prize(won.carol)
    forced("games_draw", "UPDATE games_draw SET state = 'SETTLED' WHERE id = %s", won.draw.pk)
    with pytest.raises(no.NotPublished):
        make.opened(won, prize)
    forced("games_draw", "UPDATE games_draw SET state = 'ARCHIVED' WHERE id = %s", won.draw.pk)
    assert make.opened(won, prize).state == "OPENED"


def test_an_outlet_redeems_what_its_authority_covers_now(won):
    """F178: none that is made up, without authority, for another game, below the amount (−1/=), or
    suspended, nor by who works elsewhere; suspended meanwhile, it does not pay what it opened."""
    prize, larger = won.prize(won.carol), won.prize(won.bob)
    desk = make_outlets.Desk(won.staff["compliance"], won.staff["approver1"])
    exact = desk.place(prize.amount, name="恰好")
    for outlet in (
        desk.outlet(name="无授权"),
        desk.place(name="他种", game="ssq"),
        desk.place(prize.amount - 1, name="差一分"),
    ):
        there = desk.operator(outlet).user
        with pytest.raises(no.OutletMayNot):
            make.opened(won, prize, "OUTLET", outlet=outlet.code, actor=there)
    for code in ("", "44010001", exact.code):  # made up, or where he does not work
        with pytest.raises(no.OutletMayNot):
            make.opened(won, prize, "OUTLET", outlet=code)
    there = desk.operator(exact).user
    with pytest.raises(no.OutletMayNot):
        make.opened(won, larger, "OUTLET", outlet=exact.code, actor=there)
    assert not Claim.objects.exists()

    won.staff["outlet_operator"] = there  # who works there goes on with it
    claim = make.approved(won, make.opened(won, prize, "OUTLET", outlet=exact.code, actor=there))
    outlets.suspend(outlet=exact, reason="停", actor=desk.maker, now=database_time())
    with pytest.raises(no.OutletMayNot):
        make.paid(won, claim, by="outlet_operator")
    assert not PrizeEnd.objects.exists()
    desk.agreed(
        outlets.request_return(
            outlet=Outlet.objects.get(pk=exact.pk),
            reason="回",
            maker=desk.maker,
            now=database_time(),
        )
    )
    assert make.paid(won, claim, by="outlet_operator").state == "PAID"


def test_enough_people_are_counted_by_the_policy_and_not_by_the_request(won):
    """F097: a request that asks for fewer people is not enough, nor is none."""
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.alice))))
    assert moved(claim, "APPROVED", None) == "claim_by_enough_people"
    forced("audit_approvalrequest", "UPDATE audit_approvalrequest SET needed = 1")
    with pytest.raises(no.MorePeople):
        make.decided(won, claim, "approver1")
    assert Claim.objects.get().state == "SIGNED"


def test_a_refusal_without_clause_or_evidence_is_none(won):
    """F283: also when its request was made past the door."""
    claim = make.opened(won, won.prize(won.bob))
    for lacking in ("clause", "evidence"):
        said = {"claim": claim.code, "clause": "1", "evidence": "2", "reason": "3", lacking: ""}
        request = approvals.request(
            kind=refusal.KIND, payload=said, maker=won.staff["claims_officer"],
            now=database_time(),
        )  # fmt: skip
        with pytest.raises(no.ClauseMissing):
            approvals.decide(
                code=request.code, checker=won.staff["approver1"], approve=True,
                now=database_time(),
            )  # fmt: skip
    assert Claim.objects.get().state == "OPENED"


def approved_and_signed_away(won: Won, claim: Claim) -> Claim:
    """An approved claim whose signature somebody took out of the steps."""
    claim = make.approved(won, claim)
    forced("prizes_claimstep", "DELETE FROM prizes_claimstep WHERE to_state = 'SIGNED'")
    return claim


def test_without_a_signed_digest_nothing_is_paid(won):
    """F090, F277: whatever the state says."""
    claim = approved_and_signed_away(won, make.opened(won, won.prize(won.bob)))
    with pytest.raises(no.NotSigned):
        make.paid(won, claim)
    assert not PrizeTax.objects.exists()


def test_what_is_booked_is_what_was_approved(won):
    """F092, F097: nothing, too much, to another, or to no bank: the prize does not end."""
    claim = make.approved(won, make.opened(won, won.prize(won.bob)))
    cashier = won.staff["cashier"].pk
    source, fen = f"unclaimed:{won.draw.code}", claim.prize.amount
    money.open_accounts((f"tax:{won.draw.game.code}", "TAX"))
    tax = Move(source, f"tax:{won.draw.game.code}", claim.tax)

    def booked(*moves: Move) -> str:
        try:
            with transaction.atomic():
                ledger.post(reference=f"claim:{claim.code}", kind="PRIZE", moves=moves)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT prizes_claim_pay(%s, %s, '{}')", [claim.pk, cashier])
                transaction.set_rollback(True)
        except DatabaseError as exc:
            return violated(exc)
        return ""

    mine, hers = wallets.winnings_of(won.bob), wallets.winnings_of(won.carol)
    unpaid = "claim_paid_in_the_books"
    assert fact("SELECT prizes_claim_pay(%s, %s, '{}')", claim.pk, cashier) == unpaid
    assert booked(Move(source, mine, fen)) == unpaid  # without the tax
    assert booked(Move(source, hers, claim.net), tax) == unpaid  # to another
    assert booked(Move(source, mine, claim.net - 1), tax) == unpaid
    assert booked(Move(source, mine, claim.net), tax) == ""


def test_a_transfer_leaves_for_the_payee_that_was_approved(won, fake_bank):
    """F006, F092: in the transaction that ends the prize."""
    account = money.bank_account(won.bob, now=database_time())
    claim = make.approved(won, make.opened(won, won.prize(won.bob)), "TRANSFER", account.code)
    with pytest.raises(DatabaseError) as refused:
        _ended_without_a_transfer(won, claim)
    assert violated(refused.value) == "claim_paid_to_its_payee"
    assert not PrizeEnd.objects.exists()


@transaction.atomic
def _ended_without_a_transfer(won: Won, claim: Claim) -> None:
    prize_tax.pay(
        reference=f"claim:{claim.code}",
        source=f"unclaimed:{won.draw.code}",
        target=wallets.winnings_of(won.bob),
        game=won.draw.game.code,
        **claims.tax_facts(claim.prize),
        now=database_time(),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_claim_pay(%s, %s, '{}')", [claim.pk, won.staff["cashier"].pk])


def test_a_prize_is_taken_back_in_the_books_too(won):
    """F102: the word of two without the debt is none, and without a report neither."""
    claim = make.paid(won, make.approved(won, make.opened(won, won.prize(won.bob))))
    asked = recovery.ask(
        code=claim.code, reason="Forged", referral="110-7", maker=won.staff["compliance"],
        now=database_time(),
    )  # fmt: skip
    assert moved(claim, "RECOVERED", None, approval=asked.code) == "claim_ended_by_two"
    with pytest.raises(DatabaseError) as refused:
        _taken_back_without_a_debt(won, claim, asked.code)
    assert violated(refused.value) == "claim_recovered_in_the_books"
    assert Claim.objects.get().state == "PAID"


@transaction.atomic
def _taken_back_without_a_debt(won: Won, claim: Claim, approval: str) -> None:
    row = ApprovalRequest.objects.get(code=approval)
    ApprovalDecision.objects.create(
        request=row,
        checker=won.staff["approver1"],
        approved=True,
        digest=row.digest,
        decided_at=database_time(),
    )
    ApprovalRequest.objects.filter(pk=row.pk).update(state="PERFORMED")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_move(%s, 'RECOVERED', NULL, '{}', NULL, %s)",
            [claim.pk, approval],
        )


def test_a_request_key_opens_one_claim(won):
    """F092: whatever prize the second request names."""
    claim = make.opened(won, won.prize(won.bob))
    other = won.prize(won.alice)
    asked = {
        "prize": other.pk, "code": "X", "way": "CENTRE", "claimant": won.alice.code,
        "request_key": str(claim.request_key), "account": claim.opened_by_id,
        **make.proof(other.ticket),
    }  # fmt: skip
    said = "SELECT prizes_claim_open(%s::jsonb)"
    assert fact(said, json.dumps(asked)) == "claim_once_per_request"
    asked["request_key"] = "0190b9c8-0000-7000-8000-000000000003"
    assert fact(said, json.dumps(asked)) == ""


def test_steps_say_who_by_person_and_hash_their_evidence(won):
    """F077, F097: a step that was edited does not fit its digest."""
    claim = make.checked(won, make.opened(won, won.prize(won.bob)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM prizes_claimstep"
            " WHERE digest = encode(sha256(convert_to(body::text, 'UTF8')), 'hex')"
        )
        assert cursor.fetchone() == (ClaimStep.objects.count(),)
    person = won.staff["claims_clerk"].staff_member.person
    assert set(claim.steps.values_list("person", flat=True)) == {str(person.row_uuid)}
