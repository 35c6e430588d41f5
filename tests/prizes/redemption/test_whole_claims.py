"""The way through a whole claim, at an outlet and at the centre: by doors only, all parts real."""

from __future__ import annotations

import pytest

from accounts import vault
from accounts.models import IdentityPaper, WinnerLook
from finance import cash_desks, ledger, payment_methods, withdrawals
from finance.models import CashMove, PrizeTax, TaxCertificate, Withdrawal
from lottery_portal.lib.db import database_time
from partners import claim_authority as authority
from partners import operators
from prizes.claim_models import PrizeEnd
from prizes.redemption import papers, routing, where
from tests import make_claims as make
from tests import make_money as money
from tests import people
from tests.finance import tills

from .books import broken, unclaimed, winnings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
STEPS = ["OPENED", "CHECKED", "COMPLETE", "SIGNED", "APPROVED", "PAYING", "PAID", "ARCHIVED"]


def _filed(won, claim):
    claim = papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())
    assert list(claim.steps.order_by("number").values_list("to_state", flat=True)) == STEPS
    assert PrizeEnd.objects.get().claim_id == claim.pk
    assert broken() == set()


def test_a_claim_at_an_outlet_from_the_list_of_places_to_the_file(won):
    """F077, F084, F178, F274, F275, F278, F279, F101: found, opened by who works there, paper seen,
    signed, cash out of the counted desk, the desk handed on, filed."""
    money.open_accounts(("escrow:sandbox", "ESCROW"))
    prize, operator = won.prize(won.carol), won.staff["outlet_operator"]
    game, now = won.draw.game.code, database_time()
    assert routing.of(prize) == routing.Place.OUTLET
    centre, place = where.places(at=now, game=game, fen=prize.amount)
    assert (centre.code, centre.is_centre) == (won.centre.code, True)
    assert (place.code, operators.works_at(operator)) == (won.outlet.code, won.outlet)
    assert authority.may(outlet=place.code, game=game, fen=prize.amount, at=now)
    desk = tills.open_desk(won.staff["treasurer"], operator, now, fen=4_000_00, place=place.code)

    claim = make.checked(won, make.opened(won, prize, "OUTLET"))
    seen = IdentityPaper.objects.get(reference=f"claim:{claim.code}")
    assert (seen.person_id, seen.seen_by_id) == (won.carol.person_id, operator.pk)
    ways = payment_methods.which(amount=prize.amount, place_kind="OUTLET", now=now)
    assert all(one.is_possible for one in ways)
    claim = make.asked(won, make.signed(make.completed(won, claim, "CASH", desk.code)))
    before, was = unclaimed(won), winnings(won.carol)
    claim = make.paid(won, claim, by="outlet_operator")

    assert (before - unclaimed(won), winnings(won.carol) - was) == (3_000_00, 0)
    assert CashMove.objects.get(kind="PAID").actor_id == operator.pk
    count = tills.handed(desk, operator, won.staff["cashier"], 1_000_00, database_time())
    assert (count.difference, cash_desks.in_desk(desk)) == (0, 1_000_00)
    _filed(won, claim)


def test_a_claim_at_the_centre_from_the_paper_to_the_bank_and_the_file(won, fake_bank):
    """F077, F084, F090, F094, F096-F101, F275: three people, tax with its certificate, the winner's
    own bank, his record looked at on account of the claim."""
    prize, clerk = won.prize(won.bob), people.signed(won.staff["claims_clerk"].staff_member).user
    account = money.bank_account(won.bob, now=database_time())
    claim = make.checked(won, make.opened(won, prize))
    assert make.last_of(claim).body["paper_kind"] == "ID_CARD"
    vault.open_winner(
        won.bob, fields=frozenset({"name"}), actor=clerk, now=database_time(),
        reference=f"claim:{claim.code}",
    )  # fmt: skip
    assert WinnerLook.objects.get().reference == f"claim:{claim.code}"
    claim = make.signed(make.completed(won, claim, "TRANSFER", account.code))
    claim = make.decided(won, make.asked(won, claim), "approver1")
    before = unclaimed(won)
    claim = make.paid(won, claim)
    sent = Withdrawal.objects.get(origin=f"claim:{claim.code}")
    withdrawals.send(code=sent.code, now=database_time())
    claim.refresh_from_db()
    sent.refresh_from_db()

    assert (claim.state, sent.state, sent.amount) == ("PAID", "PAID", 24_000_00)
    assert before - unclaimed(won) == 30_000_00
    assert ledger.balance(f"tax:{won.draw.game.code}") == 6_000_00
    tax = PrizeTax.objects.get()
    assert (tax.prize, tax.tax, tax.entry.reference) == (30_000_00, 6_000_00, f"claim:{claim.code}")
    assert TaxCertificate.objects.get().prize_tax_id == tax.pk
    _filed(won, claim)
