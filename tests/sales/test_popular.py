"""Widely shared lines: told before buying, from draws that are over only (N17)."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from games import bets, draws
from lottery_portal import jobs
from sales import popular
from tests import make, make_draws

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


def test_what_was_published_is_counted_by_a_job_without_anybody_asking():
    """N17: with the messages of the draw; twice changes nothing."""
    cache.clear()
    over = make_draws.settled(make_draws.confirmed([BIRTHDAYS], [BIRTHDAYS]))

    jobs.run_pending(kinds=frozenset({"sales.remember_popular"}))

    assert cache.get(f"popular:1:{over.game.code}:{over.issue}") == {}
    assert popular.remember(draw=over, least=1) == 1  # both tickets are of one person
