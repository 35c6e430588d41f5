"""A claim paid in cash: out of an open desk of its place, less tax, once; or nothing moves."""

from __future__ import annotations

import pytest

from finance import cash_desks, ledger
from finance.models import CashMove, PrizeTax
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import claim_refusals as no
from tests import make_claims as make
from tests import make_money as money
from tests.finance import tills
from tests.make_claims import Won

from .books import broken, unclaimed, winnings
from .test_guards import moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def _desk(won: Won, holder: str, fen: int, kind: str = "OUTLET", place: str = ""):
    return tills.open_desk(
        won.staff["treasurer"], won.staff[holder], database_time(),
        fen=fen, place_kind=kind, place=place,
    )  # fmt: skip


def test_an_outlet_pays_cash_out_of_its_desk_once(won):
    """F278, F092, F094: desk before − net, books whole; short, of another place, or a second time:
    nothing moves."""
    money.open_accounts(("escrow:sandbox", "ESCROW"))
    operator = won.staff["outlet_operator"]
    desk = _desk(won, "outlet_operator", 2_000_00, place=won.outlet.code)
    elsewhere = _desk(won, "cashier", 5_000_00)
    claim = make.checked(won, make.opened(won, won.prize(won.carol), "OUTLET"))
    for wrong in (elsewhere.code, "till-1", ""):
        with pytest.raises(no.NoCashDesk):
            make.completed(won, claim, "CASH", wrong)
    assert moved(
        claim, "COMPLETE", operator.pk,
        figures={"method": "CASH", "payee": elsewhere.code, "tax": 0, "net": 3_000_00},
    ) == "claim_cash_at_its_place"  # fmt: skip

    claim = make.asked(won, make.signed(make.completed(won, claim, "CASH", desk.code)))
    before, was = unclaimed(won), winnings(won.carol)
    with pytest.raises(cash_desks.NotEnoughCash):
        make.paid(won, claim, by="outlet_operator")
    with pytest.raises(cash_desks.DeskNotOpen):  # another has it
        make.paid(won, claim)
    assert (cash_desks.in_desk(desk), unclaimed(won)) == (2_000_00, before)
    assert not PrizeEnd.objects.exists()
    assert not PrizeTax.objects.exists()
    assert Claim.objects.get().state == "APPROVED"

    tills.brought(desk, 3_000_00, operator, won.staff["treasurer"], database_time())
    claim = make.paid(won, claim, by="outlet_operator")
    assert (claim.state, claim.net) == ("PAID", 3_000_00)
    assert cash_desks.in_desk(desk) == 5_000_00 - claim.net
    assert (before - unclaimed(won), winnings(won.carol)) == (3_000_00, was)
    move = CashMove.objects.get(kind="PAID")
    assert (move.change, move.entry.reference) == (-3_000_00, f"claim:{claim.code}")
    assert PrizeEnd.objects.get().claim_id == claim.pk
    with pytest.raises(no.NotAtThisStep):
        make.paid(won, claim, by="outlet_operator")
    with pytest.raises(no.PrizeIsOver):
        make.opened(won, won.prize(won.carol), "OUTLET")
    assert cash_desks.in_desk(desk) == 2_000_00
    assert broken() == set()


@pytest.mark.thorough
def test_the_centre_pays_cash_less_the_tax(won):
    """F098, F278: the winner gets the net amount in notes, the tax stays in the books."""
    money.open_accounts(("escrow:sandbox", "ESCROW"))
    desk = _desk(won, "cashier", 25_000_00, "CENTRE", "总部")
    claim = make.approved(won, make.opened(won, won.prize(won.bob)), "CASH", desk.code)
    claim = make.paid(won, claim)
    assert (claim.tax, claim.net) == (6_000_00, 24_000_00)
    assert cash_desks.in_desk(desk) == 1_000_00
    assert ledger.balance(f"tax:{won.draw.game.code}") == 6_000_00
    assert broken() == set()
