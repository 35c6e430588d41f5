"""The money of a draw, told to everybody as it stands in the books (F219)."""

from __future__ import annotations

import pytest
from django.test import Client

from finance import ledger
from tests import make, make_draws
from tests.prizes.test_publication import shown_as_real

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_disclosed_equals_the_books():
    """F219, F073, F068: sales, every part of them, fund, pool and prizes, to the fen."""
    before = ledger.balance("pool:ssq-drill") if ledger.is_open("pool:ssq-drill") else 0
    draw = make_draws.settled(
        make_draws.confirmed(
            [make.single(1, 2, 3, 4, 5, 30, blue=7)], [make.single(20, 21, 22, 23, 24, 25, blue=7)]
        )
    )
    shown_as_real(draw)

    told = Client().get(f"/api/v1/draws/{draw.code}/money/").json()

    assert told["sales_fen"] == 4_00
    assert sum(told["allocation"].values()) == 4_00
    assert told["allocation"] == {
        "prize_fen": 1_96, "fund_fen": 8, "fee_fen": 52, "welfare_fen": 1_44,
    }  # fmt: skip
    after = ledger.balance("pool:ssq-drill")
    assert told["pools"] == [{"code": "pool", "before_fen": before, "after_fen": after}]
    paid = sum(row["winners"] * row["prize_fen"] for row in told["tiers"])
    assert told["prizes_fen"] == paid == 3_005_00
    money_in = told["allocation"]["prize_fen"] + before + told["fund"]["paid_fen"]
    assert money_in == paid + after + told["fund"]["rounding_fen"]
    assert told["issuer"] == {"paid_fen": 0, "owed_fen": 0}
    assert ledger.balance(f"prizes:{draw.code}") == 0


def test_what_is_not_over_or_a_drill_is_not_disclosed():
    """F219: 404 until the result is published."""
    draw = make.draw()
    drill = make.shadow_draw()

    assert Client().get(f"/api/v1/draws/{draw.code}/money/").status_code == 404
    assert Client().get(f"/api/v1/draws/{drill.code}/money/").status_code == 404
    assert Client().get("/api/v1/draws/ssq-1999001/money/").status_code == 404
