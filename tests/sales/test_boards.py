"""The boards of all games, over HTTP: every bet of every game is posted, counted, priced."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from typing import Any, TypeVar
from uuid import uuid4
from zlib import crc32

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from finance import ledger
from games import bets, faces, limits, odds, rule_sheets, rules, switches
from games.models import Draw, Game
from games.rules import RuleVersion
from lottery_portal.lib.db import database_time
from lottery_portal.lib.money import yuan
from prizes import drill
from sales import basket, ways
from sales.models import Plan, Purchase, Ticket
from tests import make, people
from tests.games import chosen
from tests.samples import one_in

GAMES = sorted(rules.GAMES)
FEW = 20
T = TypeVar("T")

pytestmark = pytest.mark.django_db


def english(client: Client) -> Client:
    client.cookies["language"] = "en"
    return client


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page.content.decode())
    assert found is not None, name
    return unescape(found[1])


def text_of(page: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode())))


def boxes(version: RuleVersion, selection: bets.Selection) -> dict[str, Any]:
    """The form of the board on which this selection is ticked."""
    way = ways.at(version, selection.bet_type)
    is_dearer = way.dearer is not None and selection.bet_type in way.dearer.codes
    fields: dict[str, Any] = {"bet_type": way.code, "multiplier": selection.multiplier}
    if any(selection.bankers):
        fields["mode"] = "banker"
    if is_dearer:
        fields["extra"] = "1"
    for place, fixed, some in zip(way.places, selection.bankers, selection.picks, strict=False):
        fields[place.code], fields[f"{place.code}_banker"] = list(some), list(fixed)
    return fields


def some(found: Sequence[T], *, full: bool) -> Sequence[T]:
    """All of a few; of many bets every fourth: they come in threes, so one of each kind is there.

    In a full run all.
    """
    return found if full or len(found) <= FEW else found[::4]


def address(game: str) -> str:
    return f"/play/{game}/"


@pytest.mark.parametrize("game", one_in(3, GAMES))
def test_every_bet_of_a_game_is_chosen_on_its_board(game, full):
    """F026, F028, F032: of each bet type the board makes the very selection, lines and price."""
    draw = make.draw(game)
    client, version = english(Client()), rule_sheets.version_of(draw)
    below = chosen.below_of(crc32(game.encode()))
    for bet_type in some(version.bet_types, full=full):
        wanted = drill.random_bet(version, bet_type, multiplier=1 + below(9), below=below)
        wanted = replace(wanted, quick_pick=False)
        checked = bets.check(version, wanted)

        page = client.post(
            address(game), boxes(version, wanted) | {"action": "add", "basket": "[]"}
        )

        assert page.status_code == 200, (bet_type.code, page.context["problem"])
        (row,) = basket.read(hidden(page, "basket"))
        assert row == checked.selection
        assert bets.pack(version, row) == checked.masks
        (shown,) = page.context["basket"]
        assert (shown["lines"], shown["price_fen"]) == (checked.lines, checked.amount_fen)
        assert shown["type"] == bet_type.name
        assert bet_type.name in text_of(page)
        assert f"{yuan(checked.amount_fen)} yuan" in text_of(page)


@pytest.mark.parametrize("game", one_in(3, GAMES))
def test_every_board_shows_its_places_its_prizes_and_the_chance_of_every_tier(game):
    """F033, F034: 1 in N for every tier that a line can win, pool and top prize with their time."""
    draw = make.draw(game)
    client, version = english(Client()), rule_sheets.version_of(draw)
    for way in ways.of(version):
        page = client.get(address(game), {"bet": way.code})

        html, text = page.content.decode(), text_of(page)
        for at, place in enumerate(way.places):
            keys = re.findall(rf'name="{place.code}"\s+value="(\d+)"', html)
            assert list(map(int, keys)) == list(range(place.first, place.last + 1))
            fixed = re.findall(rf'name="{place.code}_banker"\s+value="(\d+)"', html)
            assert len(fixed) == (place.size if way.bankers_most(at) else 0)
        plays = {way.play.code} | ({way.dearer.play.code} if way.dearer else set())
        won = [
            tier
            for tier in version.tiers_in_force(special_on=draw.special_on)
            if any(tier.is_played(play) for play in plays)
        ]
        assert [row["number"] for row in page.context["tiers"]] == [tier.number for tier in won]
        for row in page.context["tiers"]:
            assert f"1 / {row['one_in']}" in text
        assert re.search(r"Pool and prizes as of \d\d:\d\d:\d\d", text)
        assert "Pool " in text
        assert re.search(r"Top prize of a line (at most )?[\d,.]+ yuan", text)


@pytest.mark.parametrize("game", one_in(3, GAMES))
def test_the_quote_of_every_bet_is_that_of_the_house(game, full):
    """F033: lines, price and the chance of each tier that the numbers can win."""
    draw = make.draw(game)
    version = rule_sheets.version_of(draw)
    below = chosen.below_of(crc32(game.encode()) + 1)
    for bet_type in some(version.bet_types, full=full):
        wanted = drill.random_bet(version, bet_type, below=below)
        checked = bets.check(version, wanted)
        sent = json.dumps({"selections": [basket.as_row(wanted)]})

        told = Client().post(f"{address(game)}quote/", sent, "application/json").json()

        chances = odds.of(
            version, [checked.masks], special_on=draw.special_on, bet_types=[bet_type.code]
        )
        assert chances is not None
        assert (told["lines"], told["price_fen"]) == (checked.lines, checked.amount_fen)
        assert told["tiers"] == {
            str(tier): odds.one_in(chance) for tier, chance in chances.per_tier.items() if chance
        }
        assert told["any_one_in"] == odds.one_in(chances.any_prize)
        assert told["first_one_in"] == next(iter(told["tiers"].values()))


@pytest.mark.parametrize("game", one_in(3, GAMES))
def test_a_quick_pick_is_of_the_bet_type_that_is_shown(game, full):
    """F027: by the script and by the form; it goes into the basket and is a bet."""
    draw = make.draw(game)
    client, version = english(Client()), rule_sheets.version_of(draw)
    for bet_type in some(version.bet_types, full=full):
        asked = {"count": 2, "bet_type": bet_type.code}
        rows = client.post(f"{address(game)}quick-pick/", asked).json()["selections"]
        assert {row["t"] for row in rows} == {bet_type.code}
        for row in rows:
            bets.check(version, basket.read_one(row))
    for way in ways.of(version):
        page = client.post(
            address(game), {"action": "quick-pick-5", "basket": "[]", "bet_type": way.code}
        )
        assert {row["t"] for row in json.loads(hidden(page, "basket"))} == {way.code}


@pytest.mark.parametrize(
    ("game", "shown"),
    [
        ("ssq", ["single"]),
        ("dlt", ["single"]),
        ("qlc", ["single"]),
        ("qxc", ["single"]),
        ("pl5", ["single"]),
        ("pl3", ["straight", "group3", "group3_multi", "group6"]),
        ("kl8", [f"pick{count}" for count in range(10, 0, -1)]),
    ],
)
def test_the_ways_to_bet_are_read_off_the_rule(game, shown):
    """F026: bankers and 追加 are switches of a way; one set for all places is a way of its own."""
    version = rules.GAMES[game].current
    found = ways.of(version)

    assert [way.code for way in found] == shown
    assert sorted(code for way in found for code in way.codes) == sorted(
        bet_type.code for bet_type in version.bet_types
    )
    assert [way.dearer.play.extra_fen for way in found if way.dearer] == (
        [1_00] if game == "dlt" else []
    )


def test_another_way_to_bet_keeps_the_basket_and_the_numbers_of_the_same_places():
    """F032: without script; the ways are buttons of the form."""
    draw = make.draw("fc3d")
    client, version = english(Client()), rule_sheets.version_of(draw)
    digits = {"bet_type": "straight", "d1": [1], "d2": [2, 3], "d3": [4]}
    added = client.post(address("fc3d"), digits | {"action": "add", "basket": "[]"})

    general = client.post(
        address("fc3d"), digits | {"action": "way-general", "basket": hidden(added, "basket")}
    )
    sums = client.post(
        address("fc3d"),
        {"bet_type": "sum", "sum": [13], "action": "add", "basket": hidden(general, "basket")},
    )

    assert general.context["way"] == "general"
    keys = [key for place in general.context["zones"] for key in place["keys"]]
    assert sum(key["is_chosen"] for key in keys) == 4
    kinds = [row["t"] for row in json.loads(hidden(sums, "basket"))]
    assert kinds == ["straight", "sum"]
    assert [one["price_fen"] for one in sums.context["basket"]] == [4_00, 2_00]
    assert len(ways.of(version)) == 17


@pytest.mark.parametrize(
    ("game", "fields", "place", "words"),
    [
        ("dlt", {"front": [1, 2, 3], "back": [1, 2]}, "front", "Too few front numbers"),
        ("kl8", {"bet_type": "pick3", "main": [7]}, "main", "takes at least 3, you chose 1"),
        ("fc3d", {"d1": [1], "d2": [2]}, "d3", "Too few units digits"),
        ("fc3d", {"bet_type": "two_d", "d1": [1]}, "", "fills exactly 2 of the places"),
        ("fc3d", {"bet_type": "combo3", "d1": [1], "d2": [2], "d3": [3]}, "", "two equal digits"),
        ("pl3", {"bet_type": "group3", "pair": [4], "other": [4]}, "", "2 different numbers"),
        ("pl5", {f"d{at}": [1] for at in range(1, 6)} | {"multiplier": 100}, "multiplier", "99"),
        ("qlc", {"mode": "banker", "main_banker": [1], "main": [2]}, "main", "you chose 2"),
        ("qxc", {f"d{at}": [1] for at in range(1, 7)} | {"last": [15]}, "last", "0 to 14"),
    ],
)
def test_what_the_rules_refuse_is_said_beside_its_field_and_stays_ticked(
    game, fields, place, words
):
    """F032."""
    make.draw(game)

    page = english(Client()).post(address(game), fields | {"action": "add", "basket": "[]"})

    assert page.status_code == 409
    assert words in page.context["problem"]
    assert words in text_of(page)
    assert page.context["problem_at"] == place
    ticked = [
        key["number"]
        for zone in page.context["zones"]
        for key in zone["keys"]
        if key["is_chosen"] or key["is_banker"]
    ]
    sent = [some for name, some in fields.items() if isinstance(some, list)]
    assert len(ticked) == sum(n != 15 for numbers in sent for n in numbers)
    if place == "multiplier":
        assert 'value="100"' in page.content.decode()


def test_a_line_withdrawn_from_sale_is_refused_on_the_board():
    """F032, F035: with the number in the sentence."""
    draw = make.draw("pl3")
    limits.withdraw(
        draw=draw, play="straight", line=((1,), (2,), (3,)), reason="售出已达限额",
        actor=people.member("draw_official").user, now=database_time(),
    )  # fmt: skip

    page = english(Client()).post(
        address("pl3"), {"d1": [1], "d2": [2], "d3": [3, 4], "action": "add", "basket": "[]"}
    )

    assert page.status_code == 409
    assert "1 2 3 is no longer sold for this draw" in text_of(page)


# One basket over several games

SSQ = {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1, "q": False}
DLT = {"t": "single_add", "b": [[], []], "p": [[1, 2, 3, 4, 5], [6, 7]], "m": 1, "q": False}
KL8 = {"t": "pick2", "b": [[]], "p": [[11, 80]], "m": 2, "q": False}


def several(*games: str) -> dict[str, Draw]:
    return {game: make.draw(game) for game in games}


def buyer(wallet: int = 50_00) -> tuple[Any, Client]:
    player = make.player(wallet=wallet)
    return player, english(people.behind(player.user))


def form(page: Any, *names: str) -> dict[str, str]:
    return {name: hidden(page, name) for name in names}


def test_picks_of_several_games_are_bought_together():
    """F042, F044: board to board without script, one last look, one purchase, a ticket a game."""
    several("ssq", "dlt", "kl8")
    player, client = buyer()
    ssq = client.post(address("ssq"), {"action": "change", "basket": json.dumps([SSQ])})
    carried = form(ssq, "basket", "cart", "game")
    dlt = client.post(
        address("dlt"),
        carried | {"action": "change"},
    )
    assert [other["game"] for other in dlt.context["others"]] == ["ssq"]
    assert dlt.context["basket"] == []
    front = {"front": [1, 2, 3, 4, 5], "back": [6, 7], "extra": "1", "action": "add"}
    dlt = client.post(address("dlt"), form(dlt, "basket", "cart", "game") | front)
    kl8 = client.post(address("kl8"), form(dlt, "basket", "cart", "game") | {"action": "change"})
    assert {other["game"]: other["fen"] for other in kl8.context["others"]} == {
        "ssq": 2_00,
        "dlt": 3_00,
    }
    picks = {"bet_type": "pick2", "main": [11, 80], "multiplier": 2, "action": "confirm"}

    look = client.post(address("kl8"), form(kl8, "basket", "cart", "game") | picks)

    assert look.status_code == 200
    assert [group["game"]["code"] for group in look.context["groups"]] == ["ssq", "kl8", "dlt"]
    assert "4 lines, 9.00 yuan. Balance after payment 41.00." not in text_of(look)
    assert "3 lines, 9.00 yuan. Balance after payment 41.00." in text_of(look)
    for subtotal in ("2.00 yuan", "3.00 yuan", "4.00 yuan"):
        assert subtotal in text_of(look)
    names = ("basket", "cart", "game", "orders", "request_key")
    paid = client.post(look.context["post_url"], form(look, *names))
    again = client.post(look.context["post_url"], form(look, *names))

    (bought,) = Purchase.objects.all()
    assert paid["Location"] == again["Location"] == f"/tickets/?bought={bought.code}"
    assert ledger.balance(f"wallet:{player.code}") == 41_00
    games = sorted(ticket.draw.game.code for ticket in bought.sold())
    assert games == ["dlt", "kl8", "ssq"]
    done = client.get(paid["Location"])
    assert "3 tickets are issued. 9.00 yuan were paid" in text_of(done)
    assert 'data-basket-done="ssq kl8 dlt"' in done.content.decode()


def test_a_game_that_stops_meanwhile_is_named_and_the_rest_is_bought():
    """F037, F039: nothing is charged for a purchase that cannot be whole; the next look is."""
    several("ssq", "dlt", "kl8")
    player, client = buyer()
    sent = {
        "game": "ssq",
        "basket": json.dumps([SSQ]),
        "cart": json.dumps({"dlt": [DLT], "kl8": [KL8]}),
    }
    look = client.post(address("ssq"), sent | {"action": "confirm"})
    boss = people.member("administrator").user
    switches.switch(
        scope="game:dlt", is_off=True, reason="设备检修", actor=boss, now=database_time()
    )
    names = ("basket", "cart", "game", "orders", "request_key")

    refused = client.post(look.context["post_url"], form(look, *names))

    assert refused.status_code == 503
    assert not Purchase.objects.exists()
    assert ledger.balance(f"wallet:{player.code}") == 50_00
    text = text_of(refused)
    assert "Nothing was charged. This part cannot be bought any more" in text
    assert "设备检修" in text
    assert [group["game"]["code"] for group in refused.context["groups"]] == ["ssq", "kl8"]
    paid = client.post(refused.context["post_url"], form(refused, *names))
    assert paid.status_code == 303
    assert sorted(Ticket.objects.values_list("draw__game__code", flat=True)) == ["kl8", "ssq"]
    assert ledger.balance(f"wallet:{player.code}") == 44_00
    back = client.post(address("ssq"), form(refused, "basket", "cart", "game"))
    assert [other["game"] for other in back.context["others"]] == ["kl8", "dlt"]
    assert "设备检修" in text_of(back)


def test_draws_that_take_no_tickets_are_named_and_never_replaced_by_others():
    """F037: what was confirmed for one draw is never bought for the one on sale."""
    several("ssq", "kl8", "dlt")
    _player, client = buyer()
    cart = {"kl8": [KL8], "dlt": [DLT]}
    sent = {"game": "ssq", "basket": json.dumps([SSQ]), "cart": json.dumps(cart)}
    look = client.post(address("ssq"), sent | {"action": "confirm"})
    fields = form(look, "basket", "cart", "game", "orders", "request_key")
    orders = json.loads(fields["orders"])
    for order in orders[1:]:
        planned = Draw.objects.filter(game__code=order["game"], state=Draw.State.SCHEDULED)
        order["issue"] = planned.latest("closes_at").issue

    refused = client.post(look.context["post_url"], fields | {"orders": json.dumps(orders)})

    assert refused.status_code == 409
    assert [order["game"] for order in orders] == ["ssq", "kl8", "dlt"]
    assert [group["game"]["code"] for group in refused.context["groups"]] == ["ssq"]
    assert len(refused.context["left_out"]) == 2
    assert f"Draw {orders[1]['issue']} does not take tickets." in text_of(refused)
    assert not Purchase.objects.exists()


def test_a_basket_of_several_games_that_costs_too_much_keeps_everything():
    """F042: the figures of the whole purchase, and the way back with all of it."""
    several("ssq", "kl8")
    player, client = buyer(wallet=5_00)
    sent = {"game": "ssq", "basket": json.dumps([SSQ]), "cart": json.dumps({"kl8": [KL8]})}

    page = client.post(address("ssq"), sent | {"action": "confirm"})

    assert page.status_code == 409
    assert "You are 1.00 yuan short" in text_of(page)
    back = client.post(address("ssq"), form(page, "basket", "cart", "game") | {"action": "change"})
    assert json.loads(hidden(back, "basket")) == [SSQ]
    assert json.loads(hidden(back, "cart")) == {"kl8": [KL8]}
    assert ledger.balance(f"wallet:{player.code}") == 5_00


def test_a_plan_is_of_one_game_and_the_others_wait():
    """F029: the board of any game offers it."""
    several("ssq", "kl8")
    _player, client = buyer()
    sent = {"game": "kl8", "basket": json.dumps([KL8]), "cart": json.dumps({"ssq": [SSQ]})}

    look = client.post(address("kl8"), sent | {"action": "confirm", "draws": "3"})
    begun = client.post(
        look.context["post_url"],
        form(look, "basket", "cart", "request_key") | {"draws": "3", "stop": "any"},
    )

    assert look.context["total_fen"] == 12_00
    assert "What you chose of other games stays in the basket" in text_of(look)
    assert begun.status_code == 303
    plan = Plan.objects.get()
    assert (plan.game.code, plan.draws, plan.price) == ("kl8", 3, 4_00)


@pytest.mark.parametrize("orders", ["", "{", "[]", "[1]", '[{"game":"ssq","issue":"1","rows":[]}]'])
def test_orders_that_nobody_confirmed_are_refused(orders):
    several("ssq")
    _player, client = buyer()

    page = client.post("/buy/", {"orders": orders, "request_key": str(uuid4())})

    assert page.status_code == 409
    assert not Purchase.objects.exists()


def test_what_was_bought_is_shown_to_its_buyer_only():
    """F047."""
    draw = make.draw()
    alice, _hers = buyer()
    bought = make.purchase(alice, draw)
    _bob, his = buyer()

    page = his.get(f"/tickets/?bought={bought.code}")

    assert page.context["bought"] is None


def test_first_page_and_picker_show_every_game():
    """F034, F039: draw on sale, close and pool; or why nothing is sold."""
    opened = several("ssq", "dlt", "fc3d")

    for path in ("/", "/play/"):
        text = text_of(english(Client()).get(path))
        for draw in opened.values():
            assert f"Draw {draw.issue}" in text
        for game in Game.objects.filter(is_shadow=False):
            assert game.name in text
        assert "No draw is on sale now." in text


# Balls of any game


def test_a_ticket_of_columns_shows_digits_and_which_of_them_were_drawn():
    """F052: hits by the place they are judged at, group bets by the digits that came."""
    version = rules.GAMES["fc3d"].current

    straight = faces.found(version, "straight", [[1], [0], [1]])
    group = faces.found(version, "group3", [[1], [0], [1]])
    sums = faces.found(version, "sum", [[1], [0], [1]])

    assert straight == [{1}, {0}, {1}]
    assert group == [{1}, {0}]
    assert sums == [{2}]
    assert faces.found(rules.GAMES["qlc"].current, "single", [[1, 2, 3, 4, 5, 6, 7], [30]]) == [
        {1, 2, 3, 4, 5, 6, 7, 30}
    ]


@pytest.mark.parametrize(
    ("game", "bet_type", "written", "blue"),
    [
        ("ssq", "single", "07", [False, True]),
        ("dlt", "single_add", "07", [False, True]),
        ("qlc", "single", "07", [False]),
        ("kl8", "pick3", "07", [False]),
        ("fc3d", "straight", "7", [False] * 3),
        ("pl3", "group3", "7", [False] * 2),
        ("fc3d", "sum", "7", [False]),
        ("qxc", "single", "7", [False] * 6 + [True]),
    ],
)
def test_how_numbers_look_is_read_off_the_rule(game, bet_type, written, blue):
    version = rules.GAMES[game].current
    looks = faces.of_play(version, version.play_of(bet_type))

    assert [face.is_blue for face in looks] == blue
    assert {face.written(7) for face in looks} == {written}


def balls(picks: list[list[int]], looks: Any, *, also: str = "") -> str:
    """Numbers as a page shows them, in English."""
    with translation.override("en"):
        return Template(f"{{% load look %}}{{% balls picks 28 looks=looks {also} %}}").render(
            Context({"picks": picks, "looks": looks})
        )


def test_a_choice_is_shown_by_its_words():
    """F062: what was chosen, not its number; a ticket has that too, for proofs read it."""
    version = rules.GAMES["fc3d"].current
    looks = faces.of_play(version, version.play("big_small"))

    html, on_ticket = balls([[2]], looks), balls([[2]], looks, also="is_coded=True")

    assert 'aria-label="choices Big, sum 19 to 27"' in html
    assert html.count("zone-balls") == 1
    assert '<span class="choice">Big, sum 19 to 27</span>' in html
    assert "02" not in html
    assert 'ball--code">02</span>' in on_ticket


def test_places_that_nobody_could_tell_show_their_names():
    """F062: which digit of 组选3 is the pair; columns and drums need no words."""
    version = rules.GAMES["fc3d"].current
    group = faces.of_bet(version, "group3")
    several = faces.of_bet(version, "group3_multi")

    html = balls([[0], [3]], group)
    with translation.override("en"):
        told = [(str(face.name), face.shows_name) for face in several]

    assert '<span class="place-word">digits of the pair</span>' in html
    assert '<span class="place-word">single digits</span>' in html
    assert told == [("digits", False)]
    for game in rules.GAMES.values():
        for play in game.current.plays:
            named = [face.shows_name for face in faces.of_play(game.current, play)]
            assert any(named) == (play.code == "group3"), (game.code, play.code)
