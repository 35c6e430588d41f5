"""Redemption attacked from without and from within: each way that once was open, closed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from audit import reports
from finance import ledger, wallets
from lottery_portal.lib.db import database_time, violated
from prizes.centre_models import Visit
from prizes.claim_models import Claim, PrizeEnd
from prizes.models import Prize
from prizes.redemption import agents, hold_papers, holds, lookers, refusal, withdrawal
from prizes.redemption import claim_refusals as no
from tests import make_claims as make
from tests import people
from tests.accounts import papers as cards

from .lapsing import asked_of_sql, last_day_is, today
from .test_agents import _letter, _opened
from .test_appointments import asked, book, free_times
from .test_guards import fact, moved
from .test_refusals import refused

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)


def _post_and_pay(claim: Claim, move: ledger.Move, account: int) -> None:
    ledger.post(reference=f"claim:{claim.code}", kind="PRIZE", moves=[move])
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_claim_pay(%s, %s, '{}')", [claim.pk, account])


def test_a_prize_does_not_lapse_while_an_objection_waits(won):
    """F082, F283: refused before the last day, heard after it: what was claimed in time stays."""
    prize = won.prize(won.bob)
    claim = refused(won, make.opened(won, prize))
    claim = refusal.object_(code=claim.code, actor=won.bob.user, words="It is me.")
    last_day_is(won.draw, today() - DAY)

    assert not asked_of_sql("prizes_has_lapsed(%s)", prize.pk)
    assert asked_of_sql("prizes_forfeit(%s)", prize.pk) is False
    assert not PrizeEnd.objects.filter(prize=prize).exists()
    claim = refusal.uphold(
        code=claim.code, actor=won.staff["compliance"], reason="It is.", now=database_time()
    )
    assert claim.state == Claim.State.OPENED


def test_an_objection_that_was_dismissed_keeps_nothing(won):
    """F082, F283: answered, it lets the prize lapse."""
    prize = won.prize(won.bob)
    claim = refused(won, make.opened(won, prize))
    refusal.object_(code=claim.code, actor=won.bob.user, words="It is me.")
    refusal.dismiss(
        code=claim.code, actor=won.staff["compliance"], reason="No.", now=database_time()
    )
    last_day_is(won.draw, today() - DAY)
    assert asked_of_sql("prizes_has_lapsed(%s)", prize.pk)


def test_what_was_withdrawn_binds_nobody(won):
    """F077, F083, F095: neither his next appointment, nor the last day, nor a delay notice."""
    prize = won.prize(won.bob)
    claim = make.completed(won, make.checked(won, make.opened(won, prize, "OUTLET")))
    withdrawal.withdraw(code=claim.code, actor=won.bob.user, now=database_time())
    first = free_times(won, prize)[0].starts_at
    assert asked(won, prize, first) == ""
    booked = book(won, prize, first)
    assert booked.state == "BOOKED"
    assert fact(
        "INSERT INTO prizes_delaynotice (claim_id, number, due_on, new_date, reason, announced_at,"
        " announced_by_id) VALUES (%s, 1, now(), now() + interval '3 days', 'Late', now(), %s)",
        claim.pk, won.staff["claims_officer"].pk,
    ) == "delay_of_a_claim_not_paid"  # fmt: skip
    last_day_is(won.draw, today())
    assert (
        asked(won, prize, first + DAY, instead_of=booked.code) == "appointment_before_the_last_day"
    )


def test_who_comes_for_the_winner_is_not_the_winner(won):
    """F084, F086: an agent at the entrance brings on the claim of his letter and no other, so no
    clerk hands him cash by calling the claim the winner's own."""
    card = cards.of_somebody()
    letter = _letter(won, card)
    by_letter = _opened(won, letter, card)
    authority = agents.of_claim(by_letter)
    withdrawal.withdraw(code=by_letter.code, actor=won.bob.user, now=database_time())
    prize = won.prize(won.bob)
    make.visited(won, prize, role=Visit.Role.PROXY, paper=card, proxy=authority)
    claim = make.opened(won, prize)
    with pytest.raises(no.VisitorMissing):
        make.checked(won, claim)
    make.visited(won, prize, role=Visit.Role.GUARDIAN, paper=cards.of_somebody())
    with pytest.raises(no.VisitorMissing):
        make.checked(won, claim)
    assert Claim.objects.get(pk=claim.pk).state == Claim.State.OPENED


def test_nobody_else_signs_a_claim_from_afar(won):
    """F089, F090: the winner's word is his own where nobody sees him."""
    claim = make.opened(won, won.prize(won.bob), "REMOTE", actor=won.bob.user, claimant=None)
    claim = make.completed(won, make.checked(won, claim))
    said, clerk = {"confirmation": "0" * 64}, won.staff["claims_clerk"].pk
    assert moved(claim, "SIGNED", clerk, said) == "claim_signed_by_the_winner"
    assert moved(claim, "SIGNED", won.bob.user_id, said) == ""


def test_no_prize_is_paid_without_its_tax(won):
    """F098: past the doors, agreed to by others and in the books, but nothing withheld."""
    prize = won.prize(won.bob)
    claim = make.checked(won, make.opened(won, prize))
    clerk = won.staff["claims_clerk"].pk
    figures = {"method": "WALLET", "tax": 0, "net": prize.amount, "due_on": str(today())}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prizes_claim_move(%s, 'COMPLETE', %s, '{}', %s::jsonb, '')",
            [claim.pk, clerk, json.dumps(figures)],
        )
    claim.refresh_from_db()
    claim = make.decided(won, make.asked(won, make.signed(claim)), "approver1")
    assert claim.state == "APPROVED"
    source, target = f"unclaimed:{won.draw.code}", wallets.winnings_of(won.bob)

    with pytest.raises(DatabaseError) as refused_, transaction.atomic():
        _post_and_pay(claim, ledger.Move(source, target, prize.amount), won.staff["cashier"].pk)

    assert violated(refused_.value) == "claim_paid_less_its_tax"
    assert not PrizeEnd.objects.exists()


def test_no_list_tells_staff_what_lies_unclaimed(won):
    """F150: neither the table of prizes nor its export names a ticket that waits; the list that
    does asks for a reason and keeps who was shown what."""
    prize, claim = won.prize(won.bob), make.opened(won, won.prize(won.carol))
    make.paid(won, make.approved(won, claim))
    auditor = people.in_english(people.member("auditor").user)
    page = people.text(auditor.get("/admin/prizes/prize/"))
    assert prize.ticket.code not in page
    assert claim.prize.ticket.code in page
    assert auditor.get(f"/admin/prizes/prize/{prize.pk}/change/").status_code == 302
    assert auditor.get(f"/admin/prizes/prize/{claim.prize_id}/change/").status_code == 200
    asked_for = {"since": str(today() - DAY), "until": str(today())}
    report = reports.known("prizes.prizes")
    assert report is not None
    rows = list(report.rows(asked_for))
    named = {row[1] for row in rows}
    assert claim.prize.ticket.code in named
    assert "" in named
    assert prize.ticket.code not in named
    assert not {won.alice.code, won.bob.code} & {row[2] for row in rows}
    assert sum(row[3] for row in rows) == sum(
        Prize.objects.filter(draw=won.draw).values_list("amount", flat=True)
    )


def test_a_paper_of_a_hold_that_was_opened_is_a_look(won):
    """F087, F150: who read of a prize in dispute is joined with who claims it."""
    prize, officer = won.prize(won.bob), won.staff["claims_officer"]
    held = holds.begin(
        prize=prize, kind="COURT", order_reference="1", reason="By order", actor=officer,
        now=database_time(),
    )  # fmt: skip
    people.signed(officer.staff_member)
    paper = hold_papers.add(
        hold=held, kind="COUNSEL", content=b"%PDF", media_type="application/pdf", actor=officer,
        now=database_time(),
    )  # fmt: skip
    hold_papers.open_paper(code=held.code, paper=paper.row_uuid, actor=officer, now=database_time())
    claim = make.opened(won, prize)
    assert [look.reader for look in lookers._looks(claim)] == [officer.username]


PAPER = """
INSERT INTO accounts_identitypaper (code, row_uuid, person_id, kind, number, number_index,
                                    issued_by, reference, valid_until, seen_at, seen_by_id)
SELECT 'FORGED', gen_random_uuid(), p.id, 'ID_CARD', 'x', p.citizen_id_index, '', 'claim:' || %s,
       date '2001-01-01', timestamptz '2000-01-01', %s FROM accounts_person p WHERE p.id = %s"""


def test_a_paper_is_valid_when_the_claim_is_checked(won):
    """F275: a card long over, said to have been seen while it was valid, checks no claim."""
    claim = make.opened(won, won.prize(won.carol), "OUTLET")
    operator = won.staff["outlet_operator"].pk
    said = [claim.code, operator, won.carol.person_id]
    with (
        pytest.raises(DatabaseError) as refused_,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(PAPER, said)
    assert violated(refused_.value) == "identity_paper_valid_when_seen"
    assert moved(claim, "CHECKED", operator) == "claim_identity_seen"
    assert make.checked(won, claim).state == Claim.State.CHECKED
