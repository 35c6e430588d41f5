"""The board, the last look, buying, tickets and receipts, over HTTP as browsers do it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import translation

from finance import ledger
from games import switches
from games.models import Draw
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from sales import purchase, receipts
from sales.models import Purchase, Ticket
from sales.views import board, refusals
from tests import make, owner, people

pytestmark = pytest.mark.django_db

ROW = {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1, "q": False}
BASKET = json.dumps([ROW, {**ROW, "p": [[8, 9, 10, 11, 12, 13], [1]], "m": 2}])
BOARD = "/play/ssq/"


def english(client: Client) -> Client:
    """Sentences are compared in English; the Chinese ones stand in the catalogue."""
    client.cookies["language"] = "en"
    return client


def buyer(*, wallet: int = 20_00, verified: bool = True):
    player = make.player(wallet=wallet, verified=verified)
    return player, english(people.behind(player.user))


def hidden(response, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', response.content.decode())
    assert found is not None
    return found[1].replace("&quot;", '"').replace("&#x27;", "'")


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_anybody_may_look_at_the_board():
    """F033, F034: the price, the pool, the chances."""
    draw = make.draw()

    page = english(Client()).get(BOARD)

    assert page.status_code == 200
    text = text_of(page)
    assert f"Draw {draw.issue}" in text
    assert "1 / 17,721,088" in text
    assert page.content.count(b'type="checkbox"') == 33 + 16 + 33
    assert 'data-balance-fen=""' in page.content.decode()


def test_the_countdown_carries_the_clock_of_the_database():
    """F038: the device's clock is never asked."""
    draw = make.draw()

    page = english(Client()).get(BOARD).content.decode()

    assert f'data-closes-at="{draw.closes_at.isoformat()}"' in page
    shown = re.search(r'data-server-now="([^"]+)"', page)
    assert shown is not None
    distance = abs(datetime.fromisoformat(shown[1]) - database_time())
    assert distance < timedelta(seconds=5)


def test_a_ticket_is_bought_without_script_from_ticked_boxes():
    """F026: seven reds and two blues make fourteen lines."""
    make.draw()
    alice, client = buyer(wallet=50_00)
    client.get(BOARD)
    boxes = {"mode": "multiple", "red": [3, 8, 11, 17, 22, 26, 31], "blue": [7, 16]}

    look = client.post(BOARD, {**boxes, "action": "confirm", "basket": "[]"})
    assert look.status_code == 200
    sentence = "14 lines, 28.00 yuan. Balance after payment 22.00. A ticket cannot be undone."
    assert sentence in text_of(look)
    assert not Purchase.objects.exists()
    paid = client.post(
        look.context["post_url"],
        {"basket": hidden(look, "basket"), "request_key": hidden(look, "request_key")},
    )

    ticket = Ticket.objects.get()
    assert paid.status_code == 303
    assert paid["Location"] == f"/tickets/{ticket.code}/?bought=1"
    assert (ticket.lines, ticket.price, ticket.channel) == (14, 28_00, "web")
    assert ledger.balance(f"wallet:{alice.code}") == 22_00


def test_banker_boxes_make_a_banker_selection():
    """F026."""
    make.draw()
    _alice, client = buyer(wallet=50_00)

    look = client.post(
        BOARD,
        {"mode": "banker", "red_banker": [6, 13], "red": [6, 11, 14, 20, 22, 28, 31], "blue": [16],
         "action": "confirm", "basket": "[]"},
    )  # fmt: skip

    (row,) = json.loads(hidden(look, "basket"))
    assert row == {
        "t": "banker", "b": [[6, 13], []], "p": [[11, 14, 20, 22, 28, 31], [16]],
        "m": 1, "q": False,
    }  # fmt: skip
    assert "15 lines, 30.00 yuan" in text_of(look)


def test_the_basket_goes_along_and_is_added_to_and_emptied_without_script():
    make.draw()
    _alice, client = buyer()
    boxes = {"mode": "multiple", "red": [1, 2, 3, 4, 5, 6], "blue": [9], "multiplier": 2}

    added = client.post(BOARD, {**boxes, "action": "add", "basket": BASKET})
    assert [row["m"] for row in json.loads(hidden(added, "basket"))] == [1, 2, 2]
    removed = client.post(BOARD, {"action": "remove-0", "basket": hidden(added, "basket")})
    assert [row["m"] for row in json.loads(hidden(removed, "basket"))] == [2, 2]
    picked = client.post(BOARD, {"action": "quick-pick-5", "basket": hidden(removed, "basket")})
    assert [row["q"] for row in json.loads(hidden(picked, "basket"))] == [False, False] + [True] * 5
    emptied = client.post(BOARD, {"action": "empty-basket", "basket": hidden(picked, "basket")})
    assert hidden(emptied, "basket") == "[]"


def test_too_few_numbers_are_explained_on_the_board_and_stay_ticked():
    """F032."""
    make.draw()
    _alice, client = buyer()

    boxes = {"mode": "multiple", "red": [1, 2, 3], "blue": [9]}
    page = client.post(BOARD, {**boxes, "action": "confirm", "basket": "[]"})

    assert page.status_code == 409
    assert "Too few red numbers" in text_of(page)
    assert page.content.decode().count(" checked") == 1 + 3 + 1


def test_a_broken_basket_is_refused_and_harms_nobody():
    draw = make.draw()
    alice, client = buyer()

    for basket in ("{", "[1]", "null", '[{"t":1}]', "[" * 2000, '[{"t":"single"}]'):
        page = client.post(BOARD, {"action": "confirm", "basket": basket})
        paid = client.post(
            f"/play/ssq/{draw.issue}/buy/", {"basket": basket, "request_key": str(uuid4())}
        )

        assert (page.status_code, paid.status_code) == (400, 409), basket[:20]
        assert ledger.balance(f"wallet:{alice.code}") == 20_00


def test_a_visitor_logs_in_before_he_pays():
    draw = make.draw()

    look = Client().post(BOARD, {"action": "confirm", "basket": BASKET})
    paid = Client().post(f"/play/ssq/{draw.issue}/buy/", {"basket": BASKET})

    assert look["Location"] == "/login/?next=/play/ssq/"
    assert paid["Location"].startswith("/login/")
    assert not Purchase.objects.exists()


def test_an_unverified_player_is_led_to_the_identity_check():
    """F002."""
    draw = make.draw()
    bob, client = buyer(wallet=0, verified=False)

    for page in (
        client.post(BOARD, {"action": "confirm", "basket": BASKET}),
        client.post(
            f"/play/ssq/{draw.issue}/buy/", {"basket": BASKET, "request_key": str(uuid4())}
        ),
    ):
        assert page.status_code == 403
        assert "/me/identity/" in page.content.decode()
        assert "Nothing was charged and no ticket was issued." in text_of(page)
    assert not Purchase.objects.of(bob.pk).exists()


def test_who_is_short_of_money_reads_the_figures_and_keeps_his_numbers():
    draw = make.draw()
    alice, client = buyer(wallet=3_00)

    page = client.post(
        f"/play/ssq/{draw.issue}/buy/", {"basket": BASKET, "request_key": str(uuid4())}
    )

    text = text_of(page)
    assert page.status_code == 409
    assert "You are 3.00 yuan short" in text
    for figure in ("6.00 yuan", "3.00 yuan", "Nothing was charged and no ticket was issued."):
        assert figure in text
    assert json.loads(hidden(page, "basket")) == json.loads(BASKET)
    assert ledger.balance(f"wallet:{alice.code}") == 3_00
    again = client.post(BOARD, {"action": "change", "basket": hidden(page, "basket")})
    assert json.loads(hidden(again, "basket")) == json.loads(BASKET)


def test_sending_the_payment_twice_leads_to_the_same_ticket():
    """F043."""
    draw = make.draw()
    alice, client = buyer()
    sent = {"basket": BASKET, "request_key": str(uuid4())}

    first = client.post(f"/play/ssq/{draw.issue}/buy/", sent)
    second = client.post(f"/play/ssq/{draw.issue}/buy/", sent)
    other = client.post(f"/play/ssq/{draw.issue}/buy/", {**sent, "basket": json.dumps([ROW])})

    assert first["Location"] == second["Location"]
    assert other.status_code == 422
    assert Ticket.objects.count() == 1
    assert ledger.balance(f"wallet:{alice.code}") == 14_00


def test_a_switch_closes_board_and_quotes_with_its_reason():
    """F039."""
    make.draw()
    boss = people.member("administrator").user
    switches.switch(
        scope="all", is_off=True, reason="Yearly inspection", actor=boss, now=database_time()
    )

    page = english(Client()).get(BOARD)
    quick = Client().post(f"{BOARD}quick-pick/", {"count": 1})
    quote = Client().post(f"{BOARD}quote/", json.dumps({"selections": [ROW]}), "application/json")

    assert page.status_code == quick.status_code == quote.status_code == 503
    assert "Yearly inspection" in text_of(page)
    assert quick.json()["code"] == "sales_switched_off"


def test_an_unknown_game_and_a_shadow_game_have_no_board():
    """F020."""
    make.draw()

    assert Client().get("/play/nothing/").status_code == 404
    assert Client().get("/play/ssq-drill/").status_code == 404


def test_quick_pick_gives_one_to_five_sound_lines():
    """F027."""
    make.draw()

    for asked, given in (("1", 1), ("5", 5), ("99", 5), ("x", 1)):
        rows = Client().post(f"{BOARD}quick-pick/", {"count": asked}).json()["selections"]
        assert len(rows) == given
        for row in rows:
            assert (row["t"], row["q"]) == ("single", True)
            assert (len(set(row["p"][0])), len(row["p"][1])) == (6, 1)


def test_the_quote_counts_lines_price_and_odds_again():
    """F033."""
    make.draw()
    rows = [{**ROW, "t": "multiple", "p": [[3, 8, 11, 17, 22, 26, 31], [7, 16]]}]

    told = Client().post(f"{BOARD}quote/", json.dumps({"selections": rows}), "application/json")

    answer = told.json()
    assert sorted(answer.pop("tiers")) == ["1", "2", "3", "4", "5", "6"]
    assert answer == {
        "lines": 14, "price_fen": 28_00, "first_one_in": "1,265,792", "any_one_in": "7.5",
        "why_not": "",
    }  # fmt: skip


def test_a_broken_quote_is_refused():
    make.draw()

    for body in ("", "[]", "{}", '{"selections": 1}', '{"selections": [1]}', "\xff"):
        told = Client().post(f"{BOARD}quote/", body, "application/json")

        assert told.status_code == 409, body
        assert told.json()["code"] == "selection_unreadable"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (json.dumps({"selections": [1] * 201}), "too_many_selections"),
        (json.dumps({"selections": [ROW]}) + " " * board.MOST_BYTES, "selection_unreadable"),
    ],
)
def test_a_quote_reads_no_more_than_a_ticket_can_hold(body, code):
    """Anybody may ask: what is too long is refused before any of it is read."""
    make.draw()

    told = Client().post(f"{BOARD}quote/", body, "application/json")

    assert told.status_code == 409
    assert told.json()["code"] == code


def test_the_ticket_page_shows_picks_receipt_timeline_and_where_the_price_goes():
    """F046, F052."""
    draw = make.draw()
    alice, client = buyer()
    ticket = make.ticket(alice, draw, [make.single(multiplier=3)])

    page = client.get(f"/tickets/{ticket.code}/")

    text = text_of(page)
    assert page.status_code == 200
    assert "6.00 yuan from the balance" in text
    assert page.context["receipt"]["text"].startswith(f"receipt/1\n{ticket.code} ")
    receipts.check(receipts.read_qr(page.context["qr_text"]), key=receipts.public_key())
    assert [part["amount"] for part in page.context["split"]] == [2_94, 12, 2_16, 78]
    states = [step["state"] for step in page.context["steps"]]
    assert states == ["done", "now", "todo", "todo", "todo"]


def test_nobody_sees_the_ticket_of_another():
    """F047: absent and forbidden answer alike."""
    draw = make.draw()
    alice, mine = buyer()
    _bob, his = buyer()
    ticket = make.ticket(alice, draw)

    for path in (f"/tickets/{ticket.code}/", f"/tickets/{ticket.code}/receipt.json"):
        assert mine.get(path).status_code == 200
        assert his.get(path).status_code == 404
        assert Client().get(path).status_code == 302


def test_a_code_typed_with_dashes_leads_to_the_ticket():
    draw = make.draw()
    alice, client = buyer()
    ticket = make.ticket(alice, draw)
    typed = "-".join([ticket.code[:4], ticket.code[4:].lower()])

    assert client.get(f"/tickets/{typed}/")["Location"] == f"/tickets/{ticket.code}/"


def test_my_tickets_ask_the_same_questions_however_many_there_are(django_assert_max_num_queries):
    draw = make.draw()
    alice, client = buyer(wallet=100_00)
    make.purchase(alice, draw)
    client.get("/tickets/")
    for blue in range(1, 13):
        make.purchase(alice, draw, [make.single(blue=blue), make.single(blue=16)])

    with django_assert_max_num_queries(16):
        page = client.get("/tickets/?show=waiting")

    assert len(page.context["tickets"]) == 13
    assert page.context["year_stake_fen"] == 50_00
    assert page.context["year_welfare_fen"] == 18_00


def test_without_tickets_the_page_says_when_sales_close():
    make.draw()
    _alice, client = buyer()

    for segment in ("waiting", "won", "all"):
        assert client.get(f"/tickets/?show={segment}").status_code == 200
    assert "You have no tickets yet" in text_of(client.get("/tickets/"))


def test_anybody_checks_a_receipt_on_our_page_too():
    """F046."""
    draw = make.draw()
    alice, client = buyer()
    ticket = make.ticket(alice, draw)
    good = client.get(f"/tickets/{ticket.code}/").context["qr_text"]
    bad = good[:-10] + ("A" if good[-10] != "A" else "B") + good[-9:]

    checked = english(Client()).post("/tickets/check/", {"receipt": good})
    altered = english(Client()).post("/tickets/check/", {"receipt": bad})

    assert (checked.status_code, altered.status_code) == (200, 409)
    assert "nothing in it was changed" in text_of(checked)
    assert "a part of it was changed" in text_of(altered)


def test_the_first_prize_is_counted_even_where_any_prize_is_not():
    """F033: overlapping lines count once; what is not counted is null, with the reason."""
    make.draw()
    wide = {**ROW, "t": "multiple", "p": [[1, 2, 3, 4, 5, 6, 8], [7]]}
    banker = {**ROW, "t": "banker", "b": [[1, 2, 3, 4, 5], []], "p": [[6, 8, 9], [7]]}
    others = [{**ROW, "p": [[20, 21, 22, 23, 24, 25 + at], [1]]} for at in range(5)]

    told = english(Client()).post(
        f"{BOARD}quote/",
        json.dumps({"selections": [wide, banker, ROW, *others]}),
        "application/json",
    )

    distinct = 7 + 1 + 5  # of the bankers' three lines only that with 9 is new
    assert told.status_code == 200
    assert told.json()["lines"] == 7 + 3 + 1 + 5
    assert told.json()["first_one_in"] == f"{-(-17_721_088 // distinct):,}"
    assert told.json()["any_one_in"] is None
    assert "only for up to 6 picks" in told.json()["why_not"]


def test_the_multiplier_never_stays_chosen():
    make.draw()
    fields = {"red": [1, 2, 3, 4, 5, 6], "blue": [7], "multiplier": 3, "basket": "[]"}

    added = english(Client()).post(BOARD, {**fields, "action": "add"})
    picked = english(Client()).post(BOARD, {**fields, "action": "quick-pick-1"})
    refused = english(Client()).post(BOARD, {**fields, "red": [1, 2], "action": "add"})

    assert [row["m"] for row in json.loads(hidden(added, "basket"))] == [3]
    for page, kept in ((added, 1), (picked, 1), (refused, 3)):
        shown = re.search(r'name="multiplier"[^>]*value="(\d+)"', page.content.decode())
        assert shown is not None
        assert int(shown[1]) == kept


def test_who_has_paid_reads_that_the_ticket_is_issued_and_what_is_waited_for():
    """F052: what has not happened is never told as if it had."""
    draw = make.draw()
    alice, client = buyer()
    ticket = make.ticket(alice, draw)

    page = client.get(f"/tickets/{ticket.code}/?bought=1")
    later = client.get(f"/tickets/{ticket.code}/")

    assert "The ticket is issued." in text_of(page)
    assert "The ticket is issued." not in text_of(later)
    titles = re.findall(r'step-title">([^<]+)<', later.content.decode())
    assert titles == [
        "Bought", "Waiting for the seal", "The draw", "Settlement", "Payment, if it wins"
    ]  # fmt: skip


def test_the_ticket_leads_to_the_check_with_its_receipt_filled_in():
    """F046."""
    draw = make.draw()
    alice, client = buyer()
    ticket = make.ticket(alice, draw)
    page = client.get(f"/tickets/{ticket.code}/").content.decode()
    link = re.search(r'href="(/[^"]*\?receipt=[^"]+)"', page)
    assert link is not None

    form = english(Client()).get(link[1])

    brought = re.search(r"<textarea[^>]*>([^<]+)</textarea>", form.content.decode())
    assert brought is not None
    assert receipts.read_qr(brought[1]).ticket == ticket.code


def test_every_page_is_written_in_both_languages():
    draw = make.draw()
    alice, client = buyer()
    ticket = make.ticket(alice, draw)

    for language in ("zh-hans", "en"):
        client.cookies["language"] = language
        for path in (BOARD, "/tickets/", f"/tickets/{ticket.code}/", "/tickets/check/"):
            page = client.get(path)
            assert page.status_code == 200
            assert page["Content-Language"] == language
        with translation.override(language):
            assert client.post(BOARD, {"action": "confirm", "basket": BASKET}).status_code == 200


def test_between_two_draws_the_board_says_when_the_next_one_opens():
    now = database_time()
    following = Draw.objects.filter(game__code="ssq", state="SCHEDULED", closes_at__gt=now)[:1]
    assert following

    page = english(Client()).get(BOARD)
    quote = Client().post(f"{BOARD}quote/", json.dumps({"selections": [ROW]}), "application/json")

    assert (page.status_code, quote.status_code) == (409, 409)
    assert "No draw is on sale now" in text_of(page)
    assert "opens" in text_of(page)
    assert quote.json()["code"] == "no_draw_on_sale"


@pytest.mark.django_db(transaction=True)
def test_without_a_licence_board_and_quotes_answer_503():
    """F023: all sale endpoints, with a notice."""
    make.draw()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_licence DISABLE TRIGGER USER")
        hand.execute("DELETE FROM games_licence")

    page = english(Client()).get(BOARD)
    quote = Client().post(f"{BOARD}quote/", json.dumps({"selections": [ROW]}), "application/json")

    assert (page.status_code, quote.status_code) == (503, 503)
    assert "The licence to sell this game is not in force now." in text_of(page)
    assert quote.json()["code"] == "licence_missing"


def test_a_late_payment_reads_both_times_and_the_way_on():
    """F037: the page of picture 06."""
    draw = make.draw()
    refusal = purchase.DrawClosed(
        draw=draw.code, issue=draw.issue, closed_at=draw.closes_at,
        arrived_at=draw.closes_at + timedelta(milliseconds=412), late_seconds="0.412",
        price_fen=36_00,
    )  # fmt: skip
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with translation.override("en"):
        page = refusals.page(request, refusal, game=draw.game, basket_json=BASKET)

    text = text_of(page)
    assert page.status_code == 409
    for said in (
        f"Draw {draw.issue} has closed",
        f"{dates.written(draw.closes_at, 'clock')}.412",
        "36.00 yuan, not charged",
        "The moment of closing is the same for everybody.",
    ):
        assert said in text
