"""A winner takes his claim back, or changes its way, before he signs (F077)."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import limits, papers, remote, withdrawal
from tests import make_claims as make
from tests import people

from .test_counter_pages import hidden
from .test_guards import fact

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def _by_hand(claim: Claim, account: int) -> str:
    return fact("SELECT prizes_claim_withdraw(%s, %s, '{}'::jsonb)", claim.pk, account)


def test_a_claim_is_taken_back_by_its_winner_until_he_signs(won):
    """F077: by nobody else, not later; what was done is kept, and the next claim is a new one."""
    prize, bob = won.prize(won.bob), won.bob.user
    claim = make.completed(won, make.checked(won, make.opened(won, prize)))
    for other in (won.carol.user, won.staff["claims_officer"]):
        with pytest.raises(no.NotTheOwner):
            withdrawal.withdraw(code=claim.code, actor=other, now=database_time())
        assert _by_hand(claim, other.pk) == "claim_withdrawn_by_its_owner"
    until = limits.claimable_until(prize)
    assert until is not None
    with pytest.raises(withdrawal.LapsesAtOnce):
        withdrawal.withdraw(code=claim.code, actor=bob, now=until)
    assert claim.steps.count() == 3

    over = withdrawal.withdraw(code=claim.code, actor=bob, reason="填错了", now=database_time())

    assert (over.state, make.last_of(over).body) == ("WITHDRAWN", {"withdrawn": "填错了"})
    assert _by_hand(claim, bob.pk) == "claim_withdrawn_before_it_is_signed"
    with pytest.raises(no.NotAtThisStep):
        papers.add(
            code=claim.code, kind="OTHER", content=b"x", media_type="image/png",
            actor=won.staff["claims_clerk"], now=database_time(),
        )  # fmt: skip
    assert fact("SELECT prizes_claim_move(%s, 'CHECKED', %s, '{}', NULL, '')",
                claim.pk, won.staff["claims_clerk"].pk) == "claim_goes_forward"  # fmt: skip
    again = make.ready_to_ask(won, make.opened(won, prize))
    with pytest.raises(no.SignedAlready):
        withdrawal.withdraw(code=again.code, actor=bob, now=database_time())
    assert again.pk != claim.pk
    assert not PrizeEnd.objects.exists()


@pytest.mark.thorough
def test_a_way_is_changed_in_one_step_or_not_at_all(won):
    """F089: from the centre to afar, by the pages; the first claim is withdrawn with it."""
    prize = won.prize(won.bob)
    first = make.opened(won, prize, actor=won.bob.user, claimant=None)
    at = f"/prizes/{prize.ticket.code}"
    client = people.in_english(won.bob.user)
    with pytest.raises(remote.ConsentMissing):
        remote.open_(
            prize=prize, way="REMOTE", actor=won.bob.user, request_key=uuid7(),
            instead_of=first.code, now=database_time(),
        )  # fmt: skip
    first.refresh_from_db()
    assert first.state == "OPENED"
    assert client.get(f"{at}/claim/").status_code == 302  # by the link alone
    other = f"{at}/claim/?instead={first.code}"
    assert escape(other) in people.text(client.get(f"{at}/"))
    page = people.text(client.get(other))
    assert "You claimed already: At the prize centre" in page
    for line in remote.consent(prize, "en").splitlines():  # what he agrees to stands there
        assert line in page
    said = {
        "way": "REMOTE", "pay_to": "WALLET", "has_agreed": "on",
        "agreed": hidden(page, "agreed"), "request_key": hidden(page, "request_key"),
    }  # fmt: skip
    assert client.post(other, said)["Location"] == f"{at}/papers/"
    first.refresh_from_db()
    second = Claim.objects.exclude(pk=first.pk).get()
    assert (first.state, make.last_of(first).body["other_way"]) == ("WITHDRAWN", "REMOTE")
    assert (second.way, second.state) == ("REMOTE", "OPENED")

    shown = people.text(client.get(f"{at}/withdraw/"))
    assert "The last day does not move." in shown
    assert client.post(f"{at}/withdraw/", {"reason": ""}).status_code == 400
    assert client.post(f"{at}/withdraw/", {"is_sure": "on"}).status_code == 302
    page = people.text(client.get(f"{at}/"))
    assert "You took your claim back." in page
    assert "Claim this prize" in page
    assert client.get(f"{at}/withdraw/").status_code == 302
    assert people.in_english(won.carol.user).get(f"{at}/withdraw/").status_code == 404
    desk = people.text(
        people.in_english(won.staff["claims_clerk"]).get(f"/desk/claims/{first.code}/")
    )
    assert "The winner took it back himself." in desk
