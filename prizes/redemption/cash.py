"""Cash for a prize: out of a desk of the place where it is claimed, and of no other (F278).

At the outlet that opened the claim, or at the centre; from afar nobody hands out cash. Whether the
desk is open and holds enough is asked when it pays.
"""

from __future__ import annotations

from collections.abc import Sequence

from finance import cash_desks
from prizes.claim_models import Claim

from .claim_refusals import NoCashDesk

Way = Claim.Way


def desks(claim: Claim) -> Sequence[tuple[str, str]]:
    """Code and name of each desk that may pay this claim; none from afar."""
    if claim.way == Way.REMOTE:
        return []
    places = [claim.outlet_code] if claim.way == Way.OUTLET else None
    found = cash_desks.of_places(place_kind=claim.way, places=places)
    return [(desk.code, desk.name) for desk in found]


def check(claim: Claim, desk: str) -> None:
    """Refuse with `NoCashDesk` a desk of another place. The database refuses the same."""
    if desk not in dict(desks(claim)):
        raise NoCashDesk
