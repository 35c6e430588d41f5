"""A quote for every bet type of every game: what is sound is told, and nothing makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from games import bets, rule_sheets, rules
from games.models import Draw
from prizes import drill
from sales.api import MOST_PLACES
from sales.models import Ticket
from tests import make
from tests.games import chosen
from tests.test_api_contract import FEW, KEPT, _connection_kept, api, token  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

QUOTES = "/api/v1/quotes/"
SAMPLE, FULL_SAMPLE = 1, 30
Quote = Callable[[Any], Any]

# Numbers as people type them, and as nobody does.
NUMBERS = st.one_of(st.integers(0, 9), st.integers(-2, 85), st.integers())
PLACES = st.lists(st.lists(NUMBERS, max_size=9), min_size=MOST_PLACES, max_size=MOST_PLACES)


@pytest.fixture
def draws() -> dict[str, Draw]:
    """A draw on sale of every game."""
    return {game: make.draw(game) for game in rules.GAMES}


@pytest.fixture
def quote(api: Any, token: str) -> Quote:  # noqa: F811 - fixtures
    """Ask with a body of this case of the schema; the answer keeps to the schema."""

    def of(case: Any) -> Any:
        headers = {"Authorization": f"Token {token}"}
        return case.call_and_validate(headers=headers, checks=KEPT)

    return of


def fields(one: bets.Selection) -> dict[str, object]:
    """A selection as a client sends it."""
    return {
        "bet_type": one.bet_type,
        "picks": [list(numbers) for numbers in one.picks],
        "bankers": [list(numbers) for numbers in one.bankers],
        "multiplier": one.multiplier,
    }


def test_every_bet_of_every_game_is_quoted_with_lines_price_and_chances(api, draws, quote):  # noqa: F811
    """F033, F247: single, multiple, banker, additional, by digits, by position; nothing is sold."""
    below = chosen.below_of(crc32(b"quotes"))
    asked = 0
    with _connection_kept():
        for draw in draws.values():
            version = rule_sheets.version_of(draw)
            for bet_type in version.bet_types:
                one = drill.random_bet(version, bet_type, multiplier=1 + below(3), below=below)
                checked = bets.check(version, one)
                body = {"draw": draw.code, "selections": [fields(one)]}

                answer = quote(api[QUOTES]["POST"].Case(body=body, media_type="application/json"))

                said = answer.json()
                assert answer.status_code == 200, (bet_type.code, said)
                assert (said["lines"], said["price_fen"]) == (checked.lines, checked.amount_fen)
                assert said["first_prize_one_in"], bet_type.code
                play = version.play_of(bet_type.code)
                known = {tier.number for tier in version.tiers if tier.is_played(play.code)}
                tiers = [chance["tier"] for chance in said["tiers"]]
                assert tiers == sorted(set(tiers) & known), bet_type.code
                assert tiers, bet_type.code
                asked += 1
    assert asked == sum(len(game.current.bet_types) for game in rules.GAMES.values())
    assert not Ticket.objects.exists()


@pytest.mark.thorough
def test_nothing_that_is_asked_of_a_bet_makes_it_fail(api, draws, quote, full):  # noqa: F811
    """F247: each bet type with other numbers, places, multipliers than it takes."""
    bet_types = [
        (draw.code, bet_type.code, len(version.play_of(bet_type.code).places))
        for draw, version in ((draw, rule_sheets.version_of(draw)) for draw in draws.values())
        for bet_type in version.bet_types
    ]
    anything = api[QUOTES]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE)
    seen: set[tuple[int, str]] = set()

    @settings(FEW, max_examples=FULL_SAMPLE if full else SAMPLE)
    @given(case=anything, picks=PLACES, bankers=PLACES, places=st.integers(0, 1))
    def keeps_its_word(case: Any, picks: Any, bankers: Any, places: int) -> None:
        selections = case.body["selections"] or [{}]
        for draw, bet_type, count in bet_types:
            own = {"bet_type": bet_type, "picks": picks[: count + places]}
            if len(bet_type) % 2:
                own["bankers"] = bankers[:count]
            asked = [one | own for one in selections]
            case.body = case.body | {"draw": draw, "selections": asked}
            answer = quote(case)
            seen.add((answer.status_code, answer.json().get("code", "")))

    with _connection_kept():
        keeps_its_word()
    assert {status for status, _code in seen} <= {200, 400, 409}
    assert len(seen) > 1
