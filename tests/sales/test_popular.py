"""Widely shared lines: told before buying, from draws that are over only (N17)."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import translation

from games import bets, draws
from lottery_portal import jobs
from sales import popular
from tests import make, make_draws, people

pytestmark = pytest.mark.django_db(transaction=True)

BIRTHDAYS = make.single(1, 2, 3, 4, 5, 6, blue=7)
RARE = make.single(8, 15, 22, 27, 30, 33, blue=16)
WIDE = bets.Selection(bet_type="multiple", bankers=((), ()), picks=((1, 2, 3, 4, 5, 6, 33), (7, 8)))
BANKED = bets.Selection(bet_type="banker", bankers=((1, 2), ()), picks=((3, 4, 5, 6, 31), (7,)))


def test_shared_lines_are_told_of_draws_that_are_over_and_of_no_other():
    """N17: never of one on sale or under seal; a line of few people is nobody's business."""
    cache.clear()
    draw = make.shadow_draw()
    for _person in range(3):
        make_draws.sold([BIRTHDAYS], player=make.shadow_player(wallet=2_00), draw=draw)
    make_draws.sold([RARE], draw=draw)
    for _state in range(2):
        with pytest.raises(ValueError, match="not over"):
            popular.remember(draw=draws.find(draw.code), least=1)
        if draws.find(draw.code).state == "OPEN":
            draw = make_draws.sealed(draw)
    assert popular.told(draw, [BIRTHDAYS]) == []

    over = make_draws.settled(make_draws.drawn(draw))
    assert popular.remember(draw=over, least=3) == 1
    following = make.shadow_draw()

    (told,) = popular.told(following, [RARE, BIRTHDAYS])
    assert (told.position, told.people, told.issue) == (2, 3, over.issue)
    assert f"{told.people}" in told.text
    assert over.issue in told.text
    assert [one.position for one in popular.told(following, [WIDE, BANKED])] == [1, 2]
    assert popular.told(following, [make.single(1, 2, 3, 4, 5, 6, blue=8)]) == []
    assert popular.told(following, [make.single(1, 2, 3, blue=8)]) == []
    assert popular.remember(draw=over) == 0  # of twenty people at least
    assert popular.told(following, [BIRTHDAYS]) == []


@pytest.mark.thorough
def test_what_was_published_is_counted_by_a_job_without_anybody_asking():
    """N17: with the messages of the draw; twice changes nothing."""
    cache.clear()
    over = make_draws.settled(make_draws.confirmed([BIRTHDAYS], [BIRTHDAYS]))

    jobs.run_pending(kinds=frozenset({"sales.remember_popular"}))

    assert cache.get(f"popular:1:{over.game.code}:{over.issue}") == {}
    assert popular.remember(draw=over, least=1) == 1  # both tickets are of one person


def test_it_is_told_on_the_last_look_before_payment():
    """N17: beside the picks it is about; nothing where nothing is known."""
    alice = make.alice()
    make.draw()
    buyer = people.behind(alice.user)
    rows = json.dumps([{"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1}])

    look = buyer.post("/play/ssq/", {"action": "confirm", "basket": rows})

    assert [group["popular"] for group in look.context["groups"]] == [[]]
    told = popular.Notice(position=1, issue="2026100", people=41)
    with translation.override("en"):
        shown = render_to_string("sales/_popular.html", {"popular": [told]})
    assert "41 people had in draw 2026100" in shown
    assert "as likely to win as any other" in shown.replace("\n", " ")
