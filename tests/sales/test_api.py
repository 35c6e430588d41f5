"""Quotes, purchases and tickets in JSON."""

from __future__ import annotations

import uuid

import jsonschema  # type: ignore[import-untyped]  # the library has no types
import pytest
from django.test import Client

from finance import ledger
from games import bets
from lottery_portal.lib import codes
from sales import quotes
from sales.models import Ticket
from tests import make, people

pytestmark = pytest.mark.django_db

KEY = "01990000-0000-7000-8000-000000000001"
SELECTION = {"bet_type": "single", "picks": [[1, 2, 3, 4, 5, 6], [7]]}
HEX64 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d:\d\d)$"}
COUNT = {"type": "integer", "minimum": 1}
ZONES = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "array", "items": COUNT}}
TEXT = r"^[a-z]+\|[0-9,#]+\+[0-9,#]+\|x[0-9]+\|(own|quick)$"
TICKET_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "code", "game", "draw", "issue", "rule", "state", "price_fen", "lines", "channel",
        "sold_at", "closes_at", "draws_at", "claim_days", "claim_until", "cancelled_at",
        "selections", "prize_fen", "receipt",
    ],
    "properties": {
        "code": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{17}$"},
        "game": {"const": "ssq"},
        "draw": {"type": "string", "pattern": "^ssq-20[0-9]{5}$"},
        "issue": {"type": "string", "pattern": "^20[0-9]{5}$"},
        "rule": {"type": "string", "pattern": "^ssq-[0-9.]+$"},
        "state": {
            "enum": [
                "waiting", "sealed", "drawn", "lost", "won", "paid", "refunded", "cancelled",
            ]
        },
        "price_fen": {"type": "integer", "minimum": 200, "maximum": 20_000_00, "multipleOf": 200},
        "lines": COUNT,
        "channel": {"enum": ["web", "api"]},
        "sold_at": MOMENT,
        "closes_at": MOMENT,
        "draws_at": MOMENT,
        "claim_days": {"const": 60},
        "claim_until": {"type": ["string", "null"]},
        "cancelled_at": {"type": ["string", "null"]},
        "prize_fen": {"type": ["integer", "null"]},
        "selections": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["bet_type", "bankers", "picks", "multiplier", "quick_pick", "lines",
                             "amount_fen", "text"],
                "properties": {
                    "bet_type": {"enum": ["single", "multiple", "banker"]},
                    "bankers": ZONES,
                    "picks": ZONES,
                    "multiplier": {"type": "integer", "minimum": 1, "maximum": 99},
                    "quick_pick": {"type": "boolean"},
                    "lines": COUNT,
                    "amount_fen": {"type": "integer", "minimum": 200, "multipleOf": 200},
                    "text": {"type": "string", "pattern": TEXT},
                },
            },
        },
        "receipt": {
            "type": "object",
            "additionalProperties": False,
            "required": ["format_version", "line", "leaf", "key_id", "signature"],
            "properties": {
                "format_version": {"const": 1},
                "line": {"type": "string"},
                "leaf": HEX64,
                "key_id": {"type": "string", "pattern": "^receipt-[0-9a-f]{8}$"},
                "signature": {"type": "string", "pattern": "^[A-Za-z0-9+/]{86}==$"},
            },
        },
    },
}  # fmt: skip


def buyer(*, wallet: int = 20_00):
    player = make.player(wallet=wallet)
    client = people.behind(player.user)
    client.cookies["language"] = "en"
    return player, client


def buy(client: Client, draw, selections=(SELECTION,), *, key: str = "", tickets: int = 1):
    return client.post(
        "/api/v1/purchases/",
        {
            "request_key": key or str(uuid.uuid4()),
            "tickets": [{"draw": draw.code, "selections": list(selections)}] * tickets,
        },
        "application/json",
    )


def test_a_quote_says_lines_price_and_odds_and_sells_nothing():
    draw = make.draw()
    _alice, client = buyer()

    told = client.post(
        "/api/v1/quotes/", {"draw": draw.code, "selections": [SELECTION] * 2}, "application/json"
    )

    assert told.status_code == 200
    assert told.json() | {"server_time": ""} == {
        "draw": draw.code,
        "lines": 2,
        "price_fen": 4_00,
        "first_prize_one_in": "17,721,088",
        "any_prize_one_in": told.json()["any_prize_one_in"],
        "tiers": [
            {"tier": place, "name": f"{word} prize", "one_in": one_in}
            for place, (word, one_in) in enumerate(
                [
                    ("First", "17,721,088"),
                    ("Second", "1,181,406"),
                    ("Third", "109,390"),
                    ("Fourth", "2,303"),
                    ("Fifth", "129"),
                    ("Sixth", "17"),
                ],
                start=1,
            )
        ],
        "closes_at": told.json()["closes_at"],
        "server_time": "",
    }
    assert not Ticket.objects.exists()


def test_odds_that_cannot_be_counted_are_null_and_never_guessed():
    draw = make.draw()
    _alice, client = buyer()

    told = client.post(
        "/api/v1/quotes/", {"draw": draw.code, "selections": [SELECTION] * 7}, "application/json"
    )

    assert (told.status_code, told.json()["price_fen"]) == (200, 14_00)
    assert told.json()["first_prize_one_in"] is told.json()["any_prize_one_in"] is None


def test_a_purchase_is_answered_with_everything_that_identifies_it():
    """R20: account, game, amount, time, code."""
    draw = make.draw()
    alice, client = buyer()

    told = buy(client, draw, tickets=2)

    body = told.json()
    assert told.status_code == 201
    assert (body["account"], body["price_fen"], body["channel"]) == (alice.code, 4_00, "api")
    assert [ticket["draw"] for ticket in body["tickets"]] == [draw.code] * 2
    assert all(codes.is_valid(ticket["code"]) for ticket in body["tickets"])
    assert client.get(f"/api/v1/purchases/{body['code']}/").json() == body
    assert ledger.balance(f"wallet:{alice.code}") == 16_00


def test_the_same_request_gets_the_same_body():
    """F043."""
    draw, key = make.draw(), str(uuid.uuid4())
    alice, client = buyer()

    first, second = buy(client, draw, key=key), buy(client, draw, key=key)
    other = buy(client, draw, [SELECTION, SELECTION], key=key)

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert first.content == second.content
    assert other.json()["code"] == "request_key_reused"
    assert ledger.balance(f"wallet:{alice.code}") == 18_00


def test_a_refusal_is_code_sentence_and_figures():
    draw = make.draw()
    alice, client = buyer(wallet=1_00)

    told = buy(client, draw)

    assert told.status_code == 409
    assert told.json() == {
        "code": "not_enough_money",
        "detail": "You are 1.00 yuan short. Nothing was charged and no ticket was issued.",
        "price_fen": 2_00,
        "available_fen": 1_00,
        "missing_fen": 1_00,
    }
    assert ledger.balance(f"wallet:{alice.code}") == 1_00


def test_a_malformed_request_is_refused():
    make.draw()
    alice, client = buyer()

    for body, status in (
        ({}, 400),
        ({"request_key": "x", "tickets": []}, 400),
        ({"request_key": KEY, "tickets": []}, 400),
        ({"request_key": KEY, "tickets": [{"draw": "ssq-1", "selections": [SELECTION]}]}, 404),
        ({"request_key": KEY, "tickets": [{"draw": "ssq-1", "selections": [1]}]}, 400),
    ):
        told = client.post("/api/v1/purchases/", body, "application/json")

        assert told.status_code == status, body
        assert {"code", "detail"} <= set(told.json())
        assert ledger.balance(f"wallet:{alice.code}") == 20_00


def test_who_is_not_logged_in_buys_nothing():
    draw = make.draw()

    assert buy(Client(), draw).status_code == 401


def test_the_ticket_of_another_is_not_there():
    """F047."""
    draw = make.draw()
    _alice, mine = buyer()
    _bob, his = buyer()
    bought = buy(mine, draw).json()
    code = bought["tickets"][0]["code"]

    assert mine.get(f"/api/v1/tickets/{code}/").status_code == 200
    for path in (f"/api/v1/tickets/{code}/", f"/api/v1/purchases/{bought['code']}/"):
        assert his.get(path).status_code == 404
    assert his.get("/api/v1/tickets/").json() == {"next_before": None, "tickets": []}


def test_tickets_come_in_pages_newest_first():
    draw = make.draw()
    alice, client = buyer(wallet=200_00)
    sold = [make.ticket(alice, draw).code for _one in range(53)]

    first = client.get("/api/v1/tickets/?show=waiting").json()
    rest = client.get(f"/api/v1/tickets/?show=waiting&before={first['next_before']}").json()

    assert [ticket["code"] for ticket in first["tickets"] + rest["tickets"]] == sold[::-1]
    assert (len(first["tickets"]), rest["next_before"]) == (50, None)


def test_every_ticket_has_the_whole_data_set(full, deep):
    """F044, F026: 500 tickets in the full run, 10,000 in the long one."""
    draw = make.draw()
    many = 10_000 if deep else 500 if full else 150
    alice, client = buyer(wallet=50_000_00)
    check = jsonschema.Draft202012Validator(TICKET_SCHEMA)
    for number in range(many):
        if number % 500 == 499:
            alice, client = buyer(wallet=50_000_00)
        make.purchase(alice, draw, [_varied(number), _varied(number + 1)], channel="api")

        if number % 50 == 49:
            for ticket in client.get("/api/v1/tickets/").json()["tickets"]:
                check.validate(ticket)
                assert ticket["price_fen"] == sum(one["amount_fen"] for one in ticket["selections"])
                assert ticket["lines"] == sum(one["lines"] for one in ticket["selections"])

    assert Ticket.objects.count() == many


def _varied(number: int):
    return (
        make.single(multiplier=number % 99 + 1),
        make.single(*range(1, 7), blue=number % 16 + 1),
        bets.Selection("multiple", ((), ()), (tuple(range(3, 10)), (2,))),
        bets.Selection("banker", ((number % 3 + 1,), ()), (tuple(range(5, 11)), (16,))),
    )[number % 4]


def test_ticket_codes_do_not_clash_and_a_typing_error_is_found(deep):
    """F045: 80 random bits and a check letter."""
    many = 1_000_000 if deep else 100_000

    assert len({codes.new_code() for _one in range(many)}) == many
    code = codes.new_code()
    for place in range(len(code)):
        for letter in codes.ALPHABET.replace(code[place], ""):
            assert not codes.is_valid(code[:place] + letter + code[place + 1 :])


def test_the_quote_door_refuses_what_the_rules_refuse():
    """F032."""
    draw = make.draw()

    with pytest.raises(quotes.NothingChosen):
        quotes.quote(draw=draw, selections=[], now=draw.opens_at)
