"""Who acts on a claim: no winner on his own, never one person twice, and as many as it needs."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from finance.models import PrizeTax
from lottery_portal.lib.db import database_time, violated
from prizes.claim_models import Claim
from prizes.models import Prize
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, payment
from tests import make_claims as make
from tests import people
from tests.owner import as_owner

from .books import broken, stands
from .hands import becomes, drawn_by

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


@pytest.mark.thorough
def test_nobody_works_on_his_own_prize(won):
    """F097: not as a clerk, not as an approver, not as a cashier, under whatever account."""
    prize = won.prize(won.bob)
    mine = dict.fromkeys(("claims_clerk", "approver", "cashier"))
    for post in mine:
        mine[post] = becomes(people.member(post).user, won.bob)

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


@pytest.mark.thorough
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
    drawn_by(won, cashier)
    with pytest.raises(no.NotByWhoDrew):
        make.paid(won, claim)
    stands(won, claim)
    assert clerk != everything.user


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
