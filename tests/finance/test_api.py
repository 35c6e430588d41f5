"""Money by the API: as on the pages, once each, refused by name."""

from __future__ import annotations

from uuid import uuid4

import pytest

from finance import wallets
from tests import make_money as make
from tests import people

pytestmark = pytest.mark.django_db


def test_the_api_tells_balance_and_movements(client, rich, now):
    make.withdraw(rich, 28_00, make.bank_account(rich, now=now), now=now)

    wallet = client.get("/api/v1/wallet/").json()
    statement = client.get("/api/v1/wallet/statement/").json()

    assert (wallet["balance_fen"], wallet["held_fen"]) == (1_300_00, 28_00)
    assert [line["amount_fen"] for line in statement["lines"]] == [1_328_00, -28_00]
    assert statement["next_after"] is None
    assert client.get("/api/v1/wallet/bank-accounts/").json()[0]["bank"] == "建设银行 …6021"
    later = client.get(f"/api/v1/wallet/statement/?after={statement['lines'][0]['id']}").json()
    assert [line["amount_fen"] for line in later["lines"]] == [-28_00]


def test_the_api_takes_a_request_once(client, rich, now):
    account = make.bank_account(rich, now=now)
    asked = {"amount_fen": 28_00, "bank_account": account.code, "request_id": str(uuid4())}

    first = client.post("/api/v1/withdrawals/", asked, content_type="application/json")
    second = client.post("/api/v1/withdrawals/", asked, content_type="application/json")
    other = client.post(
        "/api/v1/withdrawals/", {**asked, "amount_fen": 29_00}, content_type="application/json"
    )

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.status_code == 201
    assert (other.status_code, other.json()["code"]) == (422, "request_key_used")
    assert wallets.held(rich) == 28_00
    found = client.get(f"/api/v1/withdrawals/{first.json()['code']}/").json()
    assert found["amount_fen"] == 28_00


@pytest.mark.parametrize("amount", [0, -1, "x", 1.5, None, 2**60])
def test_the_api_refuses_amounts_that_are_none(client, rich, now, amount):
    account = make.bank_account(rich, now=now)

    answer = client.post(
        "/api/v1/withdrawals/",
        {"amount_fen": amount, "bank_account": account.code, "request_id": str(uuid4())},
        content_type="application/json",
    )

    assert answer.status_code == 400
    assert wallets.held(rich) == 0


def test_the_api_refuses_by_name_and_with_figures(client, rich, now, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    account = make.bank_account(rich, now=now)
    dear = {"amount_fen": 1_328_01, "bank_account": account.code, "request_id": str(uuid4())}

    poor = client.post("/api/v1/withdrawals/", dear, content_type="application/json")
    silent = client.post(
        "/api/v1/deposits/",
        {"amount_fen": 5_00, "request_id": str(uuid4())},
        content_type="application/json",
    )
    stale = people.behind(rich.user, minutes_ago=6).post(
        "/api/v1/withdrawals/", dear, content_type="application/json"
    )

    assert poor.status_code == 409
    assert poor.json()["code"] == "not_enough_money"
    assert poor.json()["available_fen"] == 1_328_00
    assert (silent.status_code, silent.json()["code"]) == (503, "bank_silent")
    assert (stale.status_code, stale.json()["code"]) == (403, "step_up_required")
