"""Whoever claims at a place shows a paper that is the owner's; anything else stops the claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts import identity_papers, paper_kinds
from accounts.models import IdentityPaper
from audit.models import TrailRecord
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims
from tests import make_claims as make
from tests.accounts import papers

from .test_guards import moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.mark.parametrize("way", ["CENTRE", "OUTLET"])
def test_a_claim_is_checked_with_the_paper_of_its_owner(won, way):
    """F084, F275: expired, unlisted, another's, or none: the claim stays opened, and the reason is
    on record without the number; the evidence names the record."""
    claim = make.opened(won, won.prize(won.bob), way)
    actor = won.staff["outlet_operator" if way == "OUTLET" else "claims_clerk"]
    card = papers.of(won.bob)

    if way == "CENTRE":
        make.visited(won, claim.prize)

    def check(paper):
        return claims.check(
            code=claim.code, actor=actor, evidence={"matches": True}, now=database_time(),
            paper=paper,
        )  # fmt: skip

    for paper, refusal in (
        (None, no.PaperNotShown),
        (replace(card, valid_until=papers.today() - timedelta(days=1)), paper_kinds.PaperExpired),
        (replace(card, kind="DRIVING"), paper_kinds.PaperNotTaken),
        (papers.of(won.carol), identity_papers.NotTheOwner),
        (replace(card, name="王小明"), identity_papers.NotTheOwner),
        (papers.of_somebody(birth=papers.CHILD), paper_kinds.MinorWinner),
    ):
        with pytest.raises(refusal):
            check(paper)
    assert moved(claim, "CHECKED", actor.pk) == "claim_identity_seen"
    assert not IdentityPaper.objects.filter(reference=f"claim:{claim.code}").exists()
    assert Claim.objects.get().state == "OPENED"
    refused = TrailRecord.objects.filter(action="accounts.identity_paper_refused")
    assert refused.count() == 5
    assert not [one for one in refused if card.number in str(one.body)]

    claim = check(replace(card, valid_until=papers.today()))
    seen = IdentityPaper.objects.get(reference=f"claim:{claim.code}")
    assert (claim.state, seen.person_id) == ("CHECKED", won.bob.person_id)
    body = make.last_of(claim).body
    assert body == {"matches": True, "paper": seen.code, "paper_kind": "ID_CARD"}
