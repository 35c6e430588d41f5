"""Minors, agents and the vault at claims: held, checked, opened on account of a claim only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import proxies, reveal, vault
from accounts.models import GuardianRecord, Player
from accounts.paper_kinds import MinorWinner, Paper
from lottery_portal.lib.db import database_time
from lottery_portal.lib.encryption import blind_index
from prizes.claim_models import PrizeEnd
from prizes.deadline_models import Hold
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, holds, minors
from tests import make_claims as make
from tests import people
from tests.accounts import papers
from tests.finance import tills
from tests.make_claims import Won

from .books import stands
from .test_guards import moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def _check(won: Won, claim, paper: Paper):
    return claims.check(
        code=claim.code, actor=won.staff["claims_clerk"], evidence={}, now=database_time(),
        paper=paper,
    )  # fmt: skip


def _guardian(won: Won, prize, **other: Any) -> GuardianRecord:
    said = {
        "minor_paper": papers.of_somebody(birth=papers.CHILD),
        "guardian_paper": papers.of_somebody(),
        "relation": "PARENT",
        "proof": "BIRTH",
        "scan": b"%PDF-1.4 %%EOF",
        "media_type": "application/pdf",
        "actor": won.staff["claims_clerk"],
        "now": database_time(),
        **other,
    }
    return minors.take(prize=prize, **said)


def test_a_prize_of_a_minor_is_held_with_the_papers_and_never_paid(won):
    """F087: by the paper at the claim, and by a guardian's; neither without the other."""
    approved = make.approved(won, make.opened(won, won.prize(won.carol)))
    claim = make.opened(won, won.prize(won.bob))
    for _twice in range(2):
        with pytest.raises(MinorWinner):
            _check(won, claim, papers.of_somebody(birth=papers.CHILD))
    held = Hold.objects.get()
    assert (held.prize_id, held.kind, held.order_reference) == (
        claim.prize_id, "MINOR", f"claim:{claim.code}",
    )  # fmt: skip
    claim.refresh_from_db()
    assert claim.state == "OPENED"
    # Papers of somebody of age now: the hold stands, and nobody agrees to the payment.
    claim = make.asked(won, make.ready_to_ask(won, claim))
    with pytest.raises(no.Held):
        make.decided(won, claim, "approver1")

    with pytest.raises(no.NotYourPost):
        _guardian(won, won.prize(won.carol), actor=won.staff["cashier"])
    record = _guardian(won, won.prize(won.carol))
    held = Hold.objects.get(order_reference=f"guardian:{record.code}")
    assert (held.prize_id, held.kind) == (approved.prize_id, "MINOR")
    assert record.object_code == f"prize:{approved.prize.ticket.code}"
    assert held.papers.get().digest == record.proof_digest
    with pytest.raises(no.Held):
        make.paid(won, approved)
    stands(won, approved)


def test_without_the_hold_no_papers_of_a_minor_stand(won):
    """F087: one transaction: the prize that is over keeps no record either."""
    claim = make.paid(won, make.approved(won, make.opened(won, won.prize(won.carol))))
    with pytest.raises(holds.PrizeIsOver):
        _guardian(won, claim.prize)
    assert not GuardianRecord.objects.exists()
    assert not Hold.objects.exists()


def test_an_agent_opens_what_his_authority_covers_and_takes_no_cash(won):
    """F086: of this winner, for this prize, not over, not taken back; recorded with the claim."""
    prize, clerk, today = won.prize(won.bob), won.staff["claims_clerk"], papers.today()

    def authority(winner: Player = won.bob, **other: Any):
        said = {
            "winner_paper": papers.of(winner), "agent_paper": papers.of_somebody(),
            "scope": [minors.object_of(prize)], "valid_from": today, "valid_until": today,
            "letter_digest": papers.DIGEST, "recorded_by": clerk, "now": database_time(), **other,
        }  # fmt: skip
        return proxies.take(winner=winner, **said)

    proxy, ended = authority(), authority()
    proxies.end(proxy=ended, reason="撤回", actor=clerk, now=database_time())
    day = timedelta(days=1)
    for wrong, refusal in (
        (authority(won.carol), proxies.ProxyOutOfScope),
        (authority(scope=["prize:OTHER"]), proxies.ProxyOutOfScope),
        (authority(valid_from=today + day, valid_until=today + day), proxies.ProxyNotBegun),
        (ended, proxies.ProxyTakenBack),
    ):
        with pytest.raises(refusal):
            make.opened(won, prize, proxy=wrong)
    with pytest.raises(proxies.ProxyExpired):
        make.opened(won, prize, proxy=proxy, now=database_time() + day)
    with pytest.raises(proxies.ProxyOutOfScope):  # the winner himself needs none
        make.opened(won, prize, actor=won.bob.user, proxy=proxy)

    claim = make.opened(won, prize, proxy=proxy)
    assert make.last_of(claim).body["proxy"] == proxy.code
    claim = make.checked(won, claim)
    desk = tills.open_desk(
        won.staff["treasurer"], won.staff["cashier"], database_time(), place_kind="CENTRE"
    )
    with pytest.raises(no.NoCashToAnAgent):
        make.completed(won, claim, "CASH", desk.code)
    figures = {"method": "CASH", "payee": desk.code, "tax": 0, "net": prize.amount}
    assert moved(claim, "COMPLETE", clerk.pk, figures=figures) == "claim_cash_to_the_winner_himself"
    assert not PrizeEnd.objects.exists()
    assert make.completed(won, claim).method == "WALLET"


def test_the_vault_opens_on_account_of_a_claim_of_this_winner(won):
    """F099: another winner's, a made-up one, or one that is filed opens nothing."""
    claim = make.opened(won, won.prize(won.bob))
    clerk = people.signed(won.staff["claims_clerk"].staff_member).user

    def look(winner: Player, code: str) -> reveal.Revealed:
        return vault.open_winner(
            winner, fields=frozenset({"citizen_id"}), actor=clerk, now=database_time(),
            reference=f"claim:{code}",
        )  # fmt: skip

    for winner, code in ((won.carol, claim.code), (won.bob, "C0000000000000001")):
        with pytest.raises(vault.ReferenceUnknown):
            look(winner, code)
    found = look(won.bob, claim.code)
    assert blind_index("citizen_id", found.citizen_id) == bytes(won.bob.person.citizen_id_index)
