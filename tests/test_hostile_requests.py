"""What no honest page sends: it is refused in a sentence, and nothing of ours fails or leaks."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client

from finance.models import Deposit
from sales.models import Purchase
from tests import make, people

pytestmark = pytest.mark.django_db

WITH_NUL = [
    "/tickets/%00/",
    "/tickets/%00/receipt.json",
    "/wallet/deposits/%00/",
    "/wallet/withdrawals/%00/",
    "/me/messages/%00/",
    "/bank/pay/%00/",
    "/api/v1/tickets/?before=%00",
    "/api/v1/purchases/%00/",
    "/desk/draws/?show=%00",
]
NO_DAYS = "since=0001-01-01&until=9999-12-31"


@pytest.fixture
def player():
    return make.player(wallet=100_00)


@pytest.fixture
def browser(player):
    client = people.behind(player.user)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("address", WITH_NUL)
def test_a_nul_in_an_address_is_refused(browser, address):
    """F247"""
    answer = browser.get(address)

    assert answer.status_code == 400
    if address.startswith("/api/"):
        assert answer.json()["code"] == "invalid"
    else:
        assert "无法读取" in answer.content.decode() or "cannot read" in answer.content.decode()


@pytest.mark.parametrize(
    ("post", "address", "status"),
    [
        (None, "/wallet/statement.csv", 200),
        (None, "/api/v1/wallet/statement/", 400),
        ("auditor", "/desk/trail/", 400),
        ("treasurer", "/desk/ledger/", 200),
    ],
)
def test_days_before_and_after_all_calendars_fail_nothing(browser, post, address, status):
    client = people.behind(people.member(post).user) if post else browser

    answer = client.get(f"{address}?{NO_DAYS}")

    assert answer.status_code == status
    assert b"".join(answer)


def test_an_export_of_all_time_is_refused_at_the_form():
    client = people.behind(people.member("auditor").user)

    answer = client.post(
        "/desk/exports/?report=audit.trail", {"since": "0001-01-01", "until": "9999-12-31"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000])
@pytest.mark.parametrize("address", ["quotes", "purchases", "deposits", "tokens"])
def test_json_deeper_than_anybody_reads_is_malformed(browser, address, body):
    """F247"""
    answer = browser.post(f"/api/v1/{address}/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json().keys() >= {"code", "detail"}


def test_a_body_that_is_too_long_is_refused_in_json(browser):
    """F247"""
    answer = browser.post("/api/v1/quotes/", " " * 1_100_000, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (413, "invalid")


def test_half_a_letter_is_no_bet_type(browser):
    draw = make.draw()
    basket = r'[{"t":"\ud800","b":[[],[]],"p":[[1,2,3,4,5,6],[7]],"m":1}]'

    asked = {"basket": basket, "request_key": str(uuid4()), "action": "confirm"}
    bought = browser.post(f"/play/ssq/{draw.issue}/buy/", asked)
    looked_at = browser.post("/play/ssq/", asked)

    assert (bought.status_code, looked_at.status_code) == (409, 400)
    assert not Purchase.objects.exists()


@pytest.mark.parametrize("count", ["9" * 5000, "-1", "２", "1e1"])
def test_no_number_of_quick_picks_fails(browser, count):
    make.draw()

    drawn = browser.post("/play/ssq/quick-pick/", {"count": count})
    added = browser.post("/play/ssq/", {"action": f"quick-pick-{count}", "basket": "[]"})

    assert (drawn.status_code, added.status_code) == (200, 200)


@pytest.mark.parametrize("amount", ["1e3", "1_000", "NaN", "Infinity", "0x10", "-5", "1.001", "+5"])
def test_an_amount_is_digits_and_a_point(browser, amount):
    """F108: what a person did not write as an amount is not read as one."""
    form = {"amount": amount, "provider": "sandbox", "request_key": str(uuid4())}
    known = Deposit.objects.count()

    assert browser.post("/wallet/deposit/", form).status_code == 400
    assert Deposit.objects.count() == known


@pytest.mark.parametrize("stamp", ["9" * 400, "9" * 5000])
def test_no_time_is_too_late_for_the_bank_to_refuse(stamp):
    client = Client(raise_request_exception=False)

    answer = client.post(
        "/bank/orders/",
        "{}",
        content_type="application/json",
        headers={"Bank-Timestamp": stamp, "Bank-Signature": "a"},
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "address", ["/", "/tickets/", "/play/ssq/", "/api/v1/me/", "/api/v1/wallet/", "/results/"]
)
def test_no_cache_keeps_what_was_shown_to_somebody(browser, address):
    """F016: pages with a name or a balance are for one person and one moment."""
    make.draw()

    assert {"private", "no-store"} <= set(browser.get(address)["Cache-Control"].split(", "))


def test_no_cache_keeps_what_a_token_was_shown(player):
    """F016"""
    opens = {"Authorization": "Token that-opens-nothing"}

    assert "no-store" in Client().get("/api/v1/games/", headers=opens)["Cache-Control"]
    assert "Cache-Control" not in Client().get("/api/v1/games/")


@pytest.mark.parametrize(
    ("sieve", "code"),
    [("password__startswith=argon2", 400), ("password=x", 400), ("last_name__gt=a", 302)],
)
def test_a_list_of_the_admin_is_no_oracle_of_passwords(sieve, code):
    """D13: what is not shown is not filtered by, or it would be told letter by letter."""
    client = people.behind(people.member("auditor").user)

    assert client.get(f"/admin/accounts/user/?{sieve}").status_code == code
    assert client.get("/admin/accounts/user/?is_staff__exact=1").status_code == 200


def test_programs_are_told_in_json_what_is_not_there(browser):
    """F247"""
    answer = browser.get("/api/v1/nowhere/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert json.loads(browser.get("/api/v1/draws/no%20slug/").content)["code"] == "not_found"
