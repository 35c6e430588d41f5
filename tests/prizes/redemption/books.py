"""What the books say of prizes and their claims."""

from __future__ import annotations

from finance import (
    invariants,
    ledger,
    wallets,
)
from finance.models import InvariantRun, PrizeTax
from prizes.claim_models import Claim, PrizeEnd
from prizes.models import Prize
from tests.make_claims import Won


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
