"""Desks that show prizes nobody has claimed yet leave a row of who was shown which (F099, F150)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from audit.models import TrailRecord
from lottery_portal.lib.db import database_time
from prizes.redemption import holds, lookers, looks
from tests import make_claims as make
from tests import people
from tests.accounts import papers
from tests.make_claims import Won

from . import lapsing
from .test_agents import _letter

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def rows(reader: Any) -> list[tuple[str, list[str]]]:
    """What this reader was shown: at which desk, which tickets."""
    found = TrailRecord.objects.filter(action=looks.SHOWN, actor=reader.username).order_by("pk")
    return [(row.object_code, json.loads(row.body)["tickets"]) for row in found]


def desks(won: Won) -> dict[str, str]:
    """The addresses of the desks that show Bob's prize: it is held, more time is asked for, he is
    at the entrance, and somebody has a letter of his."""
    prize, officer = won.prize(won.bob), won.staff["claims_officer"]
    ticket = prize.ticket.code
    letter = _letter(won, papers.of_somebody())
    make.visited(won, prize)
    held = [
        holds.begin(
            prize=prize, kind=kind, order_reference=kind, reason="By order", actor=officer,
            now=database_time(),
        )
        for kind in ("COURT", "MINOR")
    ]  # fmt: skip
    asked = lapsing.asked(prize, ended_on=lapsing.today())
    found = {
        "prizes:desk_holds": "",
        "prizes:desk_hold": held[0].code,
        "prizes:desk_minors": "",
        "prizes:desk_extensions": "",
        "prizes:desk_extension": asked.code,
        "prizes:desk_visits": "",
        "prizes:desk_visit_new": ticket,
        "prizes:desk_call": ticket,
    }
    addresses = {name: reverse(name, args=[code] if code else []) for name, code in found.items()}
    return addresses | {
        "prizes:desk_claims": f"{reverse('prizes:desk_claims')}?q={ticket}",
        "prizes:desk_claim_agent": f"{reverse('prizes:desk_claim_agent')}?letter={letter.code}",
    }


def test_every_desk_that_shows_an_unclaimed_prize_leaves_a_row(won: Won):
    """F099, F150: each once a day for each reader; what is claimed leaves none; the rows are joined
    with who claims."""
    prize, officer = won.prize(won.bob), won.staff["claims_officer"]
    client, addresses = people.in_english(officer), desks(won)
    before = rows(officer)
    assert before == []

    for name, address in addresses.items():
        assert client.get(address).status_code == 200, name
        assert rows(officer)[-1] == (name, [prize.ticket.code]), name
    seen = rows(officer)
    assert [name for name, _tickets in seen] == [*addresses]
    for address in addresses.values():
        client.get(address)
    assert rows(officer) == seen

    another = won.staff["claims_clerk"]
    people.in_english(another).get(addresses["prizes:desk_claims"])
    assert [name for name, _tickets in rows(another)] == ["prizes:desk_claims"]
    claim = make.opened(won, prize)
    assert {(look.reader, look.what) for look in lookers._looks(claim)} == {
        (officer.username, "desk"), (another.username, "desk"),
    }  # fmt: skip
    third = won.staff["compliance"]
    for name in ("prizes:desk_holds", "prizes:desk_visits", "prizes:desk_minors"):
        assert people.in_english(third).get(addresses[name]).status_code == 200
    assert rows(third) == []
