"""Plans and taking tickets back, over HTTP: pages without script, and JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Player
from audit import policies
from finance import ledger, wallets
from lottery_portal.lib.codes import shown
from lottery_portal.lib.db import database_time
from sales import cancellation, plan_steps, plans
from sales.models import Cancellation, Plan, Ticket
from tests import make, people
from tests.make_plans import begun, next_of

pytestmark = pytest.mark.django_db

ROW = {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1, "q": False}
BASKET = json.dumps([ROW, {**ROW, "p": [[8, 9, 10, 11, 12, 13], [1]], "m": 2}])  # 6 yuan a draw
BOARD = "/play/ssq/"
SELECTION = {"bet_type": "single", "picks": [[1, 2, 3, 4, 5, 6], [7]]}


def player(*, wallet: int = 40_00) -> tuple[Player, Client]:
    """A player with his browser, in English."""
    made = make.player(wallet=wallet)
    client = people.behind(made.user)
    client.cookies["language"] = "en"
    return made, client


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page.content.decode())
    assert found is not None
    return found[1].replace("&quot;", '"')


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def allowed(minutes: int = 30) -> None:
    with transaction.atomic():
        policies.set_genesis(
            key=cancellation.MINUTES_POLICY,
            scope="ssq",
            value=minutes,
            reason="Genesis: for this test",
            now=database_time(),
        )


def test_a_plan_is_begun_from_the_board_with_its_whole_price_said_before():
    """F029: number of draws, the last look with every draw and the total, then the plan's page."""
    draw = make.draw()
    alice, client = player()

    last_look = client.post(BOARD, {"basket": BASKET, "action": "confirm", "draws": "5"})
    assert last_look.status_code == 200
    text = text_of(last_look)
    assert "5 draws × 6.00 yuan" in text
    assert "Begin the plan for 30.00 yuan" in text
    assert f"Draw {draw.issue}" in text
    assert f"Draw {next_of(draw).issue}" in text
    assert not Plan.objects.exists()

    posted = {name: hidden(last_look, name) for name in ("basket", "request_key", "draws")} | {
        "stop": "from",
        "stop_from": "1,000",
    }
    address = f"/play/ssq/{draw.issue}/plan/"
    begun_at: Any = client.post(address, posted)
    again: Any = client.post(address, posted)

    plan = Plan.objects.get()
    assert begun_at.status_code == 303
    assert begun_at.url == again.url == f"/plans/{plan.code}/?begun=1"
    assert (plan.draws, plan.price, plan.stop_from) == (5, 6_00, 1_000_00)
    page = client.get(begun_at.url)
    text = text_of(page)
    assert "1 of 5 draws done" in text
    assert "24.00 yuan are set aside" in text
    assert "on a prize of 1,000.00 yuan or more" in text
    assert text.count("To come") == 3
    assert wallets.available(alice) == 10_00
    assert ledger.balance(f"stakes:{draw.code}") == 6_00


def test_when_to_stop_is_read_from_the_form():
    """F029"""
    draw = make.draw()
    _alice, client = player()
    for stop, amount, fen in (
        ("never", "", 0), ("any", "", 1), ("from", "5", 5_00), ("from", "0.01", 1), ("", "", 0),
    ):  # fmt: skip
        posted = {
            "basket": json.dumps([ROW]), "request_key": str(uuid4()), "draws": "2", "stop": stop,
            "stop_from": amount,
        }  # fmt: skip

        client.post(f"/play/ssq/{draw.issue}/plan/", {k: v for k, v in posted.items() if v})

        assert Plan.objects.latest("pk").stop_from == fen, (stop, amount)
    assert Plan.objects.count() == 5


def test_an_amount_that_is_none_is_refused_in_words():
    """F029, F032"""
    draw = make.draw()
    alice, client = player()

    for amount in ("", "x", "0", "-1", "0.001", "1e99", "NaN", "Infinity", "9" * 13):
        answer = client.post(
            f"/play/ssq/{draw.issue}/plan/",
            {
                "basket": BASKET, "request_key": str(uuid4()), "draws": "2", "stop": "from",
                "stop_from": amount,
            },
        )  # fmt: skip

        assert answer.status_code == 400, amount
        assert "A plan stops on a prize" in text_of(answer)
        assert wallets.available(alice) == 40_00


def test_too_many_draws_are_explained_on_the_board():
    """F029: with the figures, and the basket stays."""
    make.draw()
    _alice, client = player()

    for draws in ("31", "0", "999"):
        answer = client.post(BOARD, {"basket": BASKET, "action": "confirm", "draws": draws})

        assert answer.status_code == 400
        assert f"A plan takes 2 to 30 draws; you asked for {draws}." in text_of(answer)
        assert json.loads(hidden(answer, "basket")) == json.loads(BASKET)


def test_one_draw_is_a_ticket_and_no_plan():
    """F042"""
    make.draw()
    _alice, client = player()

    for draws in ("1", "", "abc", "-5"):
        answer = client.post(BOARD, {"basket": BASKET, "action": "confirm", "draws": draws})
        assert "Pay 6.00 yuan" in text_of(answer)


def test_who_is_short_for_all_draws_reads_the_figures_of_the_plan():
    """F029: before anything is begun."""
    make.draw()
    _alice, client = player(wallet=20_00)

    answer = client.post(BOARD, {"basket": BASKET, "action": "confirm", "draws": "5"})

    assert answer.status_code == 409
    assert "You are 10.00 yuan short" in text_of(answer)


def test_a_plan_is_stopped_after_a_last_look():
    """F029: what goes back stands there before it goes."""
    alice, client = player()
    plan = begun(alice, make.draw(), count=5)
    address = f"/plans/{plan.code}/stop/"

    look = client.get(address)
    assert "8.00 yuan go back to your balance at once" in text_of(look)
    assert Plan.objects.get().state == "RUNNING"
    answer: Any = client.post(address)

    assert (answer.status_code, answer.url) == (303, f"/plans/{plan.code}/")
    text = text_of(client.get(answer.url))
    assert "Stopped by yourself" in text
    assert "Stop the plan" not in text
    assert client.get(address).status_code == client.post(address).status_code == 302
    assert wallets.available(alice) == 38_00


def test_nobody_sees_or_stops_the_plan_of_another():
    """F147"""
    alice, _client = player()
    plan = begun(alice, make.draw())
    _bob, client = player()

    for address in (f"/plans/{plan.code}/", f"/plans/{plan.code}/stop/"):
        assert client.get(address).status_code == 404
    assert client.post(f"/plans/{plan.code}/stop/").status_code == 404
    assert "You have no plans" in text_of(client.get("/plans/"))
    assert Plan.objects.get().state == "RUNNING"


def test_my_plans_ask_the_same_questions_however_many_there_are(django_assert_max_num_queries):
    alice, client = player(wallet=100_00)
    draw = make.draw()
    for _one in range(6):
        begun(alice, draw)
    client.get("/plans/")

    with django_assert_max_num_queries(20):
        page = client.get("/plans/")

    assert text_of(page).count("1 of 3 draws") == 6
    assert "24.00 yuan are set aside" in text_of(page)


def test_a_plan_typed_with_dashes_is_found():
    alice, client = player()
    plan = begun(alice, make.draw())

    answer: Any = client.get(f"/plans/{shown(plan.code).lower()}/")

    assert answer.url == f"/plans/{plan.code}/"


def test_the_wallet_names_what_is_set_aside_and_each_move_of_it():
    """F106, F113"""
    alice, client = player()
    draw = make.draw()
    plan = begun(alice, draw, count=2)
    make.opened(next_of(draw).code)
    plan_steps.advance_due(now=database_time())
    begun(alice, draw, count=3)

    text = text_of(client.get("/wallet/"))

    assert "Set aside for plans 4.00 yuan" in text
    assert text.count("Set aside for a plan") == 2
    assert text.count("Released from a plan") == 1
    assert f"Plan …{plan.code[-4:]}" in text
    assert client.get("/api/v1/wallet/").json()["planned_fen"] == 4_00


def test_a_ticket_is_taken_back_after_a_last_look():
    """F048: the time left stands on the ticket; afterwards it says what happened to it."""
    allowed()
    alice, client = player()
    ticket = make.ticket(alice, make.draw())
    page = text_of(client.get(f"/tickets/{ticket.code}/"))
    assert "You can take this ticket back until" in page

    look = client.get(f"/tickets/{ticket.code}/cancel/")
    assert "2.00 yuan go back to your balance" in text_of(look)
    assert not Cancellation.objects.exists()
    answer: Any = client.post(f"/tickets/{ticket.code}/cancel/")

    assert (answer.status_code, answer.url) == (303, f"/tickets/{ticket.code}/")
    text = text_of(client.get(answer.url))
    assert "You took this ticket back at" in text
    assert "Take it back" not in text
    assert wallets.available(alice) == 40_00
    assert client.get(f"/tickets/{ticket.code}/cancel/").status_code == 302
    assert client.get(f"/tickets/{ticket.code}/proof.json").status_code == 404
    assert "Stake of a ticket returned" in text_of(client.get("/wallet/"))


@pytest.mark.thorough
def test_where_the_rule_says_nothing_no_ticket_offers_it():
    """F048: and the last look before payment says so, with the article, as the ticket does."""
    make.draw()
    alice, client = player()
    ticket = make.ticket(alice, make.draw())
    article = "only where the bet itself failed: 《中国福利彩票双色球游戏规则》第十二条"

    shown = text_of(client.get(f"/tickets/{ticket.code}/"))
    assert "take this ticket back" not in shown
    assert article in shown
    assert client.get(f"/tickets/{ticket.code}/cancel/").status_code == 302
    refused = client.post(f"/tickets/{ticket.code}/cancel/")

    assert refused.status_code == 409
    assert "This ticket was not taken back" in text_of(refused)
    look = client.post(BOARD, {"basket": BASKET, "action": "confirm"})
    assert "A ticket cannot be undone." in text_of(look)
    assert article in text_of(look)


def test_the_last_look_says_for_how_long_a_ticket_can_be_taken_back():
    """F048"""
    allowed(10)
    make.draw()
    _alice, client = player()

    look = client.post(BOARD, {"basket": BASKET, "action": "confirm"})

    assert "take the ticket back for 10 minutes" in text_of(look)
    assert "only where the bet itself failed" not in text_of(look)


def test_another_players_ticket_is_not_there_to_be_taken_back():
    """F047"""
    allowed()
    alice, _client = player()
    ticket = make.ticket(alice, make.draw())
    _bob, client = player()

    assert client.get(f"/tickets/{ticket.code}/cancel/").status_code == 404
    assert client.post(f"/tickets/{ticket.code}/cancel/").status_code == 404
    assert not Cancellation.objects.exists()


def posted(client: Client, address: str, body: object = None) -> Any:
    return client.post(
        f"/api/v1/{address}", json.dumps(body or {}), content_type="application/json"
    )


def test_a_plan_by_api_from_its_beginning_to_its_end():
    """F029, F043: every command may arrive twice."""
    alice, client = player()
    draw = make.draw()
    asked = {
        "request_key": str(uuid4()), "draw": draw.code, "draws": 3, "selections": [SELECTION],
        "stop_from_fen": 5_00,
    }  # fmt: skip

    first, again = posted(client, "plans/", asked), posted(client, "plans/", asked)

    assert (first.status_code, again.status_code) == (201, 201)
    plan = first.json()
    assert plan == again.json()
    ticket = Ticket.objects.get()
    assert plan["steps"] == [
        {
            "position": 1, "draw": draw.code, "issue": draw.issue, "outcome": "BOUGHT",
            "ticket": ticket.code, "reason": "", "at": plan["steps"][0]["at"],
        }
    ]  # fmt: skip
    assert (plan["state"], plan["held_fen"], plan["price_fen"]) == ("RUNNING", 4_00, 2_00)
    assert plan["selections"] == ["single|01,02,03,04,05,06+07|x1|own"]
    assert client.get("/api/v1/plans/").json() == {"next_before": None, "plans": [plan]}
    assert client.get(f"/api/v1/plans/{plan['code']}/").json() == plan

    stopped = posted(client, f"plans/{plan['code']}/stop/")
    twice = posted(client, f"plans/{plan['code']}/stop/")

    assert stopped.status_code == twice.status_code == 200
    assert stopped.json() == twice.json()
    assert (stopped.json()["state"], stopped.json()["reason"]) == ("STOPPED", "PLAYER")
    assert stopped.json()["held_fen"] == 0
    assert wallets.available(alice) == 38_00
    _bob, other = player()
    assert other.get(f"/api/v1/plans/{plan['code']}/").status_code == 404
    assert posted(other, f"plans/{plan['code']}/stop/").status_code == 404


def test_a_plan_that_ended_otherwise_is_not_stopped():
    """F029: 409 with its code."""
    alice, client = player()
    draw = make.draw()
    plan = begun(alice, draw, count=2)
    make.opened(next_of(draw).code)
    plan_steps.advance_due(now=database_time())

    answer = posted(client, f"plans/{plan.code}/stop/")

    assert answer.status_code == 409
    assert answer.json()["code"] == plans.PlanEnded.code


def test_a_ticket_is_taken_back_by_api():
    """F048"""
    allowed()
    alice, client = player()
    ticket = make.ticket(alice, make.draw())

    first = posted(client, f"tickets/{ticket.code}/cancel/")
    again = posted(client, f"tickets/{ticket.code}/cancel/")

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["amount_fen"] == 2_00
    told = client.get(f"/api/v1/tickets/{ticket.code}/").json()
    assert told["state"] == "cancelled"
    assert told["cancelled_at"] == first.json()["cancelled_at"]
    assert wallets.available(alice) == 40_00


@pytest.mark.thorough
def test_every_page_of_plans_is_written_in_both_languages():
    """D18: no page breaks, whoever reads it."""
    allowed()
    alice, client = player()
    draw = make.draw()
    plan = begun(alice, draw, stop=1)
    ticket = Ticket.objects.get()
    addresses = (
        "/plans/", f"/plans/{plan.code}/?begun=1", f"/plans/{plan.code}/stop/",
        f"/tickets/{ticket.code}/", f"/tickets/{ticket.code}/cancel/", BOARD,
    )  # fmt: skip

    for language in ("en", "zh-hans"):
        client.cookies["language"] = language
        for address in addresses:
            assert client.get(address).status_code == 200, (language, address)
        look = client.post(BOARD, {"basket": BASKET, "action": "confirm", "draws": "3"})
        assert look.status_code == 200
