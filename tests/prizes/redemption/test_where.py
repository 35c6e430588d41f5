"""Where prizes are claimed: thresholds, the public page, the API and every result (F077, F274)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.test import Client

from games import claim_facts
from games.models import Announcement, Game
from lottery_portal.lib.db import database_time
from partners import outlets
from prizes.redemption import where
from prizes.redemption.where import Thresholds, Way
from tests import make_outlets, people

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_prize_goes_its_way_by_amount_with_both_figures_included():
    """F077: threshold −1/=/+1 on each figure, also where outlets pay nothing."""
    figures = Thresholds(wallet_up_to=10_000_00, outlet_up_to=30_000_00, taxed_above=10_000_00)
    cases = {
        1: Way.WALLET, 10_000_00 - 1: Way.WALLET, 10_000_00: Way.WALLET,
        10_000_00 + 1: Way.OUTLET, 30_000_00 - 1: Way.OUTLET, 30_000_00: Way.OUTLET,
        30_000_00 + 1: Way.CENTRE, 10**13: Way.CENTRE,
    }  # fmt: skip

    assert {fen: figures.way(fen) for fen in cases} == cases
    assert Thresholds(10_000_00, 0, 10_000_00).way(10_000_00 + 1) == Way.CENTRE
    long_ago = database_time() - timedelta(days=20 * 365)
    assert where.thresholds("ssq", at=long_ago) == Thresholds(0, 0, 0)


def test_the_public_reads_just_the_places_with_authority_and_a_suspended_one_is_gone():
    """F274: page and API equal the rows; by game, amount and district; gone with the next page."""
    make_outlets.outlets_pay_up_to(30_000_00)
    desk = make_outlets.Desk()
    centre = desk.place(10**12, kind="CENTRE", name="明彩兑奖中心", district="西城区")
    ssq = desk.place(30_000_00, game="ssq", name="海淀一号网点", district="海淀区")
    small = desk.place(20_000_00, name="朝阳二号网点", district="朝阳区")
    wide = desk.place(90_000_00, name="东城三号网点", district="东城区")
    desk.outlet(name="没有授权的网点")
    client = Client()
    client.cookies["language"] = "en"
    everybody = {centre, ssq, small, wide}

    def listed(**asked: str) -> set[str]:
        page = client.get("/where-to-claim/", asked)
        assert page.status_code == 200
        text = people.text(page)
        api = dict(asked)
        if "amount" in api:
            api["amount_fen"] = api.pop("amount") + "00"
        told = client.get("/api/v1/claim-places/", api).json()["places"]
        assert "没有授权的网点" not in text
        found = {one.name for one in everybody if one.name in text}
        assert {one["name"] for one in told} == found, asked
        return found

    assert listed() == {one.name for one in everybody}
    page = people.text(client.get("/where-to-claim/"))
    assert "All games, no ceiling" in page
    assert "1,000,000,000" not in page
    assert listed(game="ssq", amount="30000") == {centre.name, ssq.name, wide.name}
    assert listed(game="ssq", amount="30001") == {centre.name}  # above the outlets' own figure
    assert listed(game="dlt", amount="20000") == {centre.name, small.name, wide.name}
    assert listed(amount="20001") == {centre.name, ssq.name, wide.name}
    assert listed(district="北京市 海淀区") == {ssq.name}
    assert listed(game="dlt", district="北京市 海淀区") == set()

    begun = time.monotonic()
    outlets.suspend(outlet=ssq, reason="停", actor=desk.maker, now=database_time())
    assert ssq.name not in listed()
    assert time.monotonic() - begun < 5
    answer = client.get("/api/v1/claim-places/?game=ssq&amount_fen=1200000").json()
    assert (answer["way"], answer["wallet_up_to_fen"], answer["outlet_up_to_fen"]) == (
        "OUTLET", 10_000_00, 30_000_00,
    )  # fmt: skip
    assert answer["places"][0] == {
        "code": centre.code, "kind": "CENTRE", "name": "明彩兑奖中心", "province": "北京市",
        "district": "西城区", "address": "中关村大街 1 号", "phone": "010-6500 0001",
        "hours": [
            {"first_day": 1, "last_day": 5, "opens": "09:00", "closes": "18:00"},
            {"first_day": 6, "last_day": 7, "opens": "10:00", "closes": "16:00"},
        ],
        "redeems": [{"game": "", "up_to_fen": 10**12, "has_ceiling": False}],
    }  # fmt: skip


def test_the_page_says_what_becomes_of_an_amount_and_refuses_nonsense():
    """F274: to the balance by itself, at a place below, at the centre alone; empty says so."""
    make_outlets.outlets_pay_up_to(30_000_00)
    client = Client()
    client.cookies["language"] = "en"

    def text(query: str, status: int = 200) -> str:
        page = client.get(f"/where-to-claim/?{query}")
        assert page.status_code == status, query
        return people.text(page)

    assert "it is in your balance by itself" in text("game=ssq&amount=10000")
    assert "any place below pays it" in text("game=ssq&amount=10,000.01")
    assert "any place below pays it" in text("game=ssq&amount=30000")
    assert "the prize centre alone pays it" in text("game=ssq&amount=30000.01")
    assert "No place is authorised for such a prize now" in text("game=ssq")
    assert "above 30,000.00 yuan" in text("")
    for nonsense in ("amount=1e5", "amount=-5", "amount=1.234", "game=zzz", "district=nowhere"):
        text(nonsense, 400)
    for nonsense in ("amount_fen=0", "amount_fen=x", "game=../"):
        assert client.get(f"/api/v1/claim-places/?{nonsense}").status_code == 400
    assert client.get("/api/v1/claim-places/?game=zzz").status_code == 404


def test_a_result_that_was_not_sold_here_says_where_its_prizes_are_claimed():
    """F274: never that we pay what we did not sell; the way to all places is on every result."""
    row = Announcement.objects.filter(game__code="ssq", draw__isnull=True).latest("issue")
    client = Client()
    client.cookies["language"] = "en"

    page = people.text(client.get(f"/results/ssq/{row.issue}/"))

    assert "its prizes are claimed where the ticket was bought" in page
    assert "/where-to-claim/?game=ssq" in page
    claims = claim_facts.of(Game.objects.get(code="ssq"), None, [])
    assert claims is not None
    assert claims.ways == ()
