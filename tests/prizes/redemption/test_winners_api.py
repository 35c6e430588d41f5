"""A player's prizes and their claims in JSON (F247)."""

from __future__ import annotations

import pytest

from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim
from tests import make_claims as make
from tests import people

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_prize_is_read_and_claimed_in_json(won):
    """F089, F247, N11: the same figures as the pages; a claim once per key; nobody else's."""
    client, ticket = people.in_english(won.bob.user), won.prize(won.bob).ticket.code
    where = f"/api/v1/prizes/{ticket}/"

    listed = client.get("/api/v1/prizes/").json()
    assert listed["next_before"] is None
    (row,) = listed["prizes"]
    assert (row["ticket"], row["amount_fen"], row["is_over"]) == (ticket, 30_000_00, False)
    assert (row["place"], row["ways"]) == ("OUTLET", ["OUTLET", "CENTRE", "REMOTE"])
    shown = client.get(where).json()
    assert shown["deductions"] == {
        "together_fen": 30_000_00, "exempt_fen": 10_000_00, "rate": 2_000, "tax_fen": 6_000_00,
        "net_fen": 24_000_00, "is_final": False,
    }  # fmt: skip
    assert shown["deadline"]["steps"][0]["days"] == 60
    assert shown["deadline"]["last_day"] == shown["deadline"]["steps"][-1]["until_on"]
    assert (shown["deed"], shown["claim"]) == ("open", None)

    asked = {"request_key": str(uuid7()), "way": "REMOTE"}
    kind = "application/json"
    refused = client.post(f"{where}claim/", asked, content_type=kind)
    assert (refused.status_code, refused.json()["code"]) == (400, "claim_consent_missing")
    asked["agreed"] = shown["consent"]["digest"]
    foreign = {**asked, "method": "TRANSFER", "payee": "NOBODY"}
    refused = client.post(f"{where}claim/", foreign, content_type=kind)
    assert (refused.status_code, refused.json()["code"]) == (404, "bank_account_unknown")
    outlet = client.post(f"{where}claim/", {**asked, "way": "OUTLET"}, content_type=kind)
    assert outlet.status_code == 400
    assert not Claim.objects.exists()

    first, again = (client.post(f"{where}claim/", asked, content_type=kind) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["missing_papers"] == ["IDENTITY", "PERSON"]
    assert Claim.objects.get().owner_id == won.bob.pk
    other = client.post(f"{where}claim/", {**asked, "way": "CENTRE"}, content_type=kind)
    assert (other.status_code, other.json()["code"]) == (409, "claim_request_key_used")
    fresh = {**asked, "request_key": str(uuid7())}
    twice = client.post(f"{where}claim/", fresh, content_type=kind)
    assert (twice.status_code, twice.json()["code"]) == (409, "claim_under_way")
    stranger = people.behind(won.carol.user)
    assert stranger.get(where).status_code == 404
    assert stranger.post(f"{where}claim/", fresh, content_type=kind).status_code == 404
    assert people.behind(won.staff["cashier"]).get(where).status_code == 403

    claim = Claim.objects.get()
    make.paid(won, make.approved(won, claim))
    over = client.get(where).json()
    assert (over["is_over"], over["deed"], over["claim"]["state"]) == (True, "", "PAID")
    assert (over["deductions"]["is_final"], over["ways"]) == (True, [])
    alice = people.behind(won.alice.user)
    both = alice.get("/api/v1/prizes/").json()["prizes"]
    before = both[0]["ticket"]
    assert len(both) == 2
    rest = alice.get(f"/api/v1/prizes/?before={before}").json()["prizes"]
    assert rest == both[1:]
    assert alice.get(f"/api/v1/prizes/?before={ticket}").status_code == 404
