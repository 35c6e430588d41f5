"""The course of a ticket: bought by hand or by a plan, re-read with the rules of its day."""

from __future__ import annotations

import re

import pytest

from audit import approvals
from games import rule_sheets, rules
from games.models import Game
from lottery_portal.lib.db import database_time
from sales import tickets
from sales.models import Ticket
from tests import make, make_draws, people
from tests.make_plans import advanced, begun, next_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_ticket_of_a_plan_says_so():
    """F052, F029: which draw of which plan bought it, and from what money."""
    alice, draw = make.alice(), make.draw()
    plan = begun(alice, draw)
    make.opened(next_of(draw).code)
    assert advanced() == ["bought"]
    reader = people.behind(alice.user)
    reader.cookies["language"] = "en"

    for place, ticket in enumerate(Ticket.objects.filter(owner=alice).order_by("pk"), start=1):
        page = reader.get(f"/tickets/{ticket.code}/")
        text = re.sub(r"\s+", " ", page.content.decode())
        bought = page.context["steps"][0]
        assert f"set aside by your plan, draw {place} of {plan.draws}" in bought["text"]
        assert bought["url"] == f"/plans/{plan.code}/"
        assert "yuan from the balance" not in text


@pytest.mark.thorough
def test_a_ticket_is_shown_by_the_rule_of_its_day_and_not_by_the_newest():
    """F054: picks, result and prize by the rule of its draw, as often as it is read."""
    game = Game.objects.get(code=make.DRILL)
    maker, checker = people.member("compliance").user, people.member("approver").user
    asked = rule_sheets.request(game=game, version="ssq-2014.1", maker=maker, now=database_time())
    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())
    draw = make_draws.settled(make_draws.confirmed([make.single(1, 2, 3, 4, 5, 30, blue=7)]))
    ticket = Ticket.objects.select_related("draw__game", "rule").get(draw=draw)

    first, again = _shown(ticket), _shown(ticket)

    assert first == again
    assert first[0] == "ssq-2014.1" != rules.GAMES["ssq"].current.code
    assert first[1] == [list(zone) for zone in make_draws.NUMBERS]
    assert first[2][0]["prize_fen"] == 3_000_00
    assert first[3] == "paid"


def _shown(ticket: Ticket) -> tuple[str, object, list[dict[str, object]], str]:
    (read,) = tickets.read([ticket], player_id=ticket.owner_id)
    picks = [{**pick, "type": str(pick["type"])} for pick in tickets.picks_shown(read)]
    return read.version.code, read.numbers, picks, read.state
