"""The frauds of RELIABILITY §1.6 that touch claims, each by its name, and what stops it here.

Camelot 2009, Ontario 1999-2006, Hot Lotto 2010, Shenzhen 2009, Anyang 2009, Pennsylvania 1980.
Beside them: the list of unclaimed prizes is a reveal (`test_forfeiture`), and of Shenzhen the
settlement (`tests/prizes/test_engines.py`) and the witness (`tests/audit/test_witness_seals.py`).
"""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import identity_papers, proxies
from accounts.models import Message, Proxy
from audit.models import Alarm
from finance import cases, ledger, wallets
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, PrizeEnd
from prizes.models import Prize
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, minors
from tests import make_claims as make
from tests import make_money as money
from tests import people
from tests.accounts import papers as cards
from tests.owner import as_owner, guards_up

from .hands import becomes, drawn_by, nobodys

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


def test_camelot_a_damaged_ticket_in_a_friends_hand_pays_nobody(won):
    """RELIABILITY §1.6: the insider knows the unclaimed prize, his friend brings a torn ticket. No
    path replaces the ticket's own secret: owner, seal and other eyes."""
    prize = won.prize(won.alice)
    insider = won.staff["claims_clerk"]

    with pytest.raises(no.NotTheOwner):  # the friend is not the owner
        make.opened(won, prize, claimant=won.carol, evidence={"ticket": "damaged"})
    with as_owner() as hand:  # the insider writes his friend's name over the owner's
        for table in ("sales_ticket", "prizes_prize"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE sales_ticket SET owner_id = %s WHERE id = %s",
            [won.carol.pk, prize.ticket_id],
        )
        hand.execute(
            "UPDATE prizes_prize SET owner_id = %s WHERE id = %s", [won.carol.pk, prize.pk]
        )
        guards_up(hand)
    prize = won.prize(won.carol)
    with pytest.raises(no.TicketNotSealed):  # the sealed line names Alice
        make.opened(won, prize, claimant=won.carol, evidence={"ticket": "damaged"})

    assert not Claim.objects.exists()
    assert not PrizeEnd.objects.exists()
    assert Alarm.objects.filter(kind=claims.NOT_SEALED).count() == 1
    (case,) = cases.about(object_type="ticket", object_code=prize.ticket.code)
    assert case.kind == claims.NOT_SEALED
    assert insider.is_staff


def test_camelot_a_made_up_proof_leads_nowhere(won):
    """F088: another ticket's proof, a shorter one, a serial beyond the file: none opens a claim."""
    prize = won.prize(won.bob)
    true = make.proof(prize.ticket)
    other = make.proof(won.prize(won.alice).ticket)
    asked = {
        "prize": prize.pk, "code": "X", "way": "CENTRE", "claimant": won.bob.code,
        "request_key": "0190b9c8-0000-7000-8000-000000000001",
        "account": won.staff["claims_clerk"].pk,
    }  # fmt: skip
    for proof in (
        other, {**true, "path": true["path"][:-1]}, {**true, "path": [*true["path"], "00" * 32]},
        {**true, "serial": 0}, {**true, "serial": 6}, {**true, "serial": true["serial"] % 5 + 1},
        {"serial": None, "path": None}, {**true, "path": ["zz"]},
    ):  # fmt: skip
        with (
            pytest.raises(DatabaseError) as nowhere,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT prizes_claim_open(%s::jsonb)", [json.dumps({**asked, **proof})])
        assert violated(nowhere.value) == "claim_ticket_is_sealed", proof
    assert not Claim.objects.exists()


def test_ontario_the_retailer_cannot_cash_what_his_customer_won(won):
    """RELIABILITY §1.6: he says "not a winner" and claims it himself: the ticket is its owner's and
    the money goes to nobody else; the owner was told before him."""
    prize = won.prize(won.carol)
    operator = won.staff["outlet_operator"]
    retailer = people.player(name="王老板")  # his own account
    told = Message.objects.filter(user=won.carol.user, kind="prizes.won")

    with pytest.raises(no.NotTheOwner):
        make.opened(won, prize, "OUTLET", actor=operator, claimant=retailer)
    with pytest.raises(no.NotTheOwner):
        claims.open_(
            prize=prize, way="CENTRE", actor=retailer.user,
            request_key=uuid7(), now=database_time(),
        )  # fmt: skip
    # In the customer's name it is paid to the customer only, whatever he does.
    claim = make.checked(won, make.opened(won, prize, "OUTLET"))
    account = money.bank_account(retailer, holder="王老板", now=database_time())
    with pytest.raises(no.PayeeWrong), no.in_words(), transaction.atomic():
        _complete_by_hand(claim, operator, account.code)
    claim = make.asked(won, make.signed(make.completed(won, Claim.objects.get())))
    make.paid(won, claim, by="outlet_operator")
    assert ledger.balance(wallets.winnings_of(won.carol)) == 3_005_00
    assert ledger.balance(wallets.winnings_of(retailer)) == 0
    assert told.count() <= 2


def _complete_by_hand(claim: Claim, actor, payee: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_move(%s, 'COMPLETE', %s, '{}', %s, '')",
            [
                claim.pk,
                actor.pk,
                f'{{"method": "TRANSFER", "payee": "{payee}", "tax": 0, "net": 300000}}',
            ],
        )


def test_ontario_an_operator_redeems_nothing_of_his_own(won):
    """RELIABILITY §1.6: retailers and insiders won 247 large prizes. Who works at the terminal is
    known by his person: he opens nothing of his own, and pays nothing that a colleague opened."""
    prize, operator = won.prize(won.carol), won.staff["outlet_operator"]
    operator = becomes(operator, won.carol)
    with pytest.raises(no.OwnClaim):
        make.opened(won, prize, "OUTLET", actor=operator)
    claim = make.opened(won, prize, actor=won.staff["claims_clerk"])
    claim = make.approved(won, claim)
    with pytest.raises(no.OwnClaim):
        make.paid(won, claim, by="outlet_operator")

    assert not PrizeEnd.objects.exists()


def test_hot_lotto_who_does_not_say_who_he_is_is_paid_nothing(won):
    """RELIABILITY §1.6: for a year lawyers and a trust in Belize asked for 16.5 million dollars and
    would not name the winner. Here nothing opens for another than the owner, an agent brings the
    winner's own paper, no paper of somebody else passes, and an account without a person is paid
    by no way."""
    prize, clerk, now = won.prize(won.alice), won.staff["claims_clerk"], database_time()
    lawyer = people.player(name="卢律师")
    with pytest.raises(no.NotTheOwner):  # the lawyer in his own name
        make.opened(won, prize, claimant=lawyer)
    with pytest.raises(no.NotTheOwner):  # for "the winner, a trust"
        make.opened(won, prize, claimant=None)
    with pytest.raises(
        identity_papers.NotTheOwner
    ):  # as agent, with anybody's paper for the winner's
        proxies.take(
            winner=won.alice, winner_paper=cards.of_somebody(), agent_paper=cards.of(lawyer),
            scope=[minors.object_of(prize)], valid_from=cards.today(), valid_until=cards.today(),
            letter_digest=cards.DIGEST, recorded_by=clerk, now=now,
        )  # fmt: skip
    assert not Proxy.objects.exists()
    claim = make.opened(won, prize)
    with pytest.raises(identity_papers.NotTheOwner):
        claims.check(code=claim.code, actor=clerk, evidence={}, now=now, paper=cards.of_somebody())
    claim.refresh_from_db()
    assert claim.state == State.OPENED
    nobodys(won.bob)
    nobody = Prize.objects.select_related("ticket", "draw__game", "owner").get(
        owner=won.bob, route="CENTRE"
    )
    for way, actor in (("REMOTE", nobody.owner.user), ("CENTRE", clerk)):
        with pytest.raises(no.OwnerNotKnown):
            make.opened(won, nobody, way, actor=actor)
    assert not PrizeEnd.objects.exists()


def test_shenzhen_a_ticket_that_was_changed_after_the_draw_cannot_be_claimed(won):
    """RELIABILITY §1.6: an engineer changed sold numbers into the drawn ones after the seal. The
    row is not the sealed line any more: nothing opens, and it is an alarm."""
    prize = won.prize(won.carol)
    with as_owner() as hand:
        for table in ("sales_selection", f"sales_selection_d{won.draw.pk}"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE sales_selection SET multiplier = multiplier + 1 WHERE ticket_id = %s",
            [prize.ticket_id],
        )
        guards_up(hand)

    for way in ("CENTRE", "OUTLET"):
        with pytest.raises(no.TicketNotSealed):
            make.opened(won, prize, way)

    assert not Claim.objects.exists()
    assert Alarm.objects.filter(kind=claims.NOT_SEALED).count() == 1
    (case,) = cases.about(object_type="ticket", object_code=prize.ticket.code)
    assert case.kind == claims.NOT_SEALED


def test_anyang_a_ticket_written_after_the_close_cannot_be_claimed(won):
    """RELIABILITY §1.6: 360 million yuan on one person's tickets, and the rumour that they were
    written between close and draw. The sealed file has no line for such a ticket; a prize that is
    hung on it, in whose name ever, opens nothing."""
    prize = won.prize(won.bob)
    with as_owner() as hand:
        for table in ("sales_ticket", "prizes_prize"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE sales_ticket SET code = 'K7N4P2Q9R5T8W3X6Z' WHERE id = %s", [prize.ticket_id]
        )
        guards_up(hand)
    late = claims.prize_of("K7N4P2Q9R5T8W3X6Z")

    with pytest.raises(no.TicketNotSealed):
        make.opened(won, late)

    assert not Claim.objects.exists()
    assert not PrizeEnd.objects.exists()


def test_pennsylvania_who_had_a_hand_in_the_draw_has_none_in_the_payment(won):
    """RELIABILITY §1.6: the host of the draw weighted the balls, and his friends cashed. Who
    entered the drawn numbers neither approves nor pays a prize of it, whatever posts he has."""
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    for post, deed in (
        ("approver1", lambda: make.decided(won, claim, "approver1")),
        ("cashier", lambda: make.paid(won, make.decided(won, claim, "approver2"))),
    ):
        drawn_by(won, won.staff[post])
        with pytest.raises(no.NotByWhoDrew):
            deed()
    assert not PrizeEnd.objects.exists()
    assert Claim.objects.get().state == State.APPROVED
