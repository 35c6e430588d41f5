"""How long after a deed its alarm stands: measured, for each deed, by the loop that finds it (N13).

From the commit of the deed to the entry that the alarm's row has in the log, when the loop comes
round at once; what its period adds is asserted beside it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest

from audit import log, policies
from audit.models import Alarm
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from prizes import settlement
from sales import rolling
from tests import make, make_draws
from tests.tamper import answers, hands, house, loops
from tests.tamper.test_inserted import sold
from tests.tamper.thing import DEEDS, Thing
from tests.tamper.things import THINGS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

Deeds = list[tuple[Thing, str]]
Seconds = dict[str, dict[str, float]]  # by "thing, deed" and hand
_ROLES = (hands.OWNER, hands.SUPERUSER)
_BY_NAME = {thing.name: thing for thing in THINGS}


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[dict[str, Seconds]]:
    """What the tests of this module measure; kept when the command asks for it."""
    found: dict[str, Seconds] = {}
    yield found
    if request.config.getoption("--figures"):
        facts = {
            "date": datetime.now().astimezone().date().isoformat(),
            "machine": f"{os.cpu_count()} cores ({platform.machine()}), load"
            f" {os.getloadavg()[0]:.0f}",
        }
        loops.write(found, facts=facts)


def done(role: str, deeds: Deeds) -> dict[tuple[str, str], tuple[str, datetime]]:
    """Do the deeds; under which name each must be found, and when it was committed."""
    with hands.hand(hands.OWNER) as owner:
        found = [
            (
                thing,
                deed,
                hands.first(owner, thing.named(deed))[0],
                hands.first(owner, thing.victim)[0],
            )
            for thing, deed in deeds
        ]
    committed = {}
    with hands.unfenced(role, sorted({thing.table for thing, _deed in deeds})) as hand:
        for thing, deed, name, victim in found:
            assert hand.execute(thing.statement(deed, victim)).rowcount == 1
            (at,) = hands.first(hand, "SELECT clock_timestamp()")
            committed[thing.name, deed] = (name, at)
    return committed


def alarm_at(kind: str, object_types: set[str], code: str) -> datetime:
    """When the row of that alarm came into the log."""
    raised = Alarm.objects.filter(kind=kind, object_type__in=object_types, object_code=code[:64])
    alarm = raised.order_by("pk").first()
    assert alarm is not None, (object_types, code)
    with hands.hand(hands.OWNER) as owner:
        at: datetime = hands.first(
            owner, "SELECT min(at) FROM audit_entry WHERE kind = 'alarm' AND key = %s", alarm.code
        )[0]
    return at


def measure(
    loop: str,
    put_back: Callable[[], object],
    batches: list[Deeds],
    *,
    comes_round: Callable[[], object],
    alarm: Callable[[Thing, str], tuple[str, set[str], str]],
    roles: Sequence[str] = _ROLES,
) -> Seconds:
    """The seconds to the alarm of every deed, by these hands; the declared bound holds for each."""
    found = Seconds()
    for role in roles:
        if not hands.is_there(role):
            pytest.skip("this server lets no superuser in: set TEST_SUPERUSER")
        for batch in batches:
            put_back()
            committed = done(role, batch)
            with suppress(Refused):
                comes_round()
            for thing, deed in batch:
                name, at = committed[thing.name, deed]
                seconds = (alarm_at(*alarm(thing, name)) - at).total_seconds()
                assert seconds > 0
                assert loops.period(loop) + seconds <= loops.WITHIN[loop], (thing.name, deed)
                found.setdefault(f"{thing.name}, {deed}", {})[role] = round(seconds, 2)
    return found


@pytest.mark.thorough  # the same deeds are named in test_tamper.py
def test_the_nightly_comparison_alarms_within_its_bound(begin, figures, full, monkeypatch):
    """N13: every deed of the table, by the owner and by a superuser."""
    monkeypatch.setattr(log, "ALARMS", 500)
    batches = [
        batch
        for number in sorted({thing.round for thing in THINGS})
        for deed in DEEDS
        if (batch := [(one, deed) for one in THINGS if one.round == number and deed in one.deeds])
    ]

    figures[loops.NIGHTLY] = measure(
        loops.NIGHTLY,
        lambda: begin(house.built),
        batches,
        comes_round=lambda: log.verify(now=database_time()),
        roles=_ROLES if full else (hands.OWNER,),
        alarm=lambda thing, name: ("audit.log_differs", {thing.kind, thing.also} - {""}, name),
    )

    assert set(figures[loops.NIGHTLY]) == {
        f"{thing.name}, {deed}" for thing, deed in answers.ATTACKS
    }


@pytest.mark.thorough
def test_the_rolling_check_alarms_within_its_bound(begin, figures):
    """F059, F060: tickets and selections of a draw that sells."""
    draw = begin(sold)
    policy = policies.read(rolling.SECONDS_POLICY, at=database_time())
    assert policy == loops.ROLLING_POLICY_SECONDS
    ticket = replace(_BY_NAME["ticket"], victim="SELECT min(id) FROM sales_ticket")
    selection = replace(_BY_NAME["selection"], victim="SELECT max(id) FROM sales_selection")
    batches = [
        [(thing, deed) for thing in (ticket, selection) if deed in thing.deeds] for deed in DEEDS
    ]

    figures[loops.ROLLING] = measure(
        loops.ROLLING,
        lambda: begin(sold),
        batches,
        comes_round=lambda: rolling.compare(draw=draw, now=database_time()),
        alarm=lambda _thing, name: ("sales.rows_differ", {"ticket"}, name),
    )

    assert len(figures[loops.ROLLING]) == 7


def _confirmed() -> Draw:
    draw = make_draws.confirmed(
        *([make.single(20, 21, 22, 23, 24, 25, blue=9)] for _number in range(5)),
        [make.single(1, 2, 3, 4, 5, 6, blue=7)],
    )
    house.caught_up()
    return draw


@pytest.mark.thorough
def test_a_settlement_alarms_within_its_bound_and_pays_nobody(begin, figures):
    """F049, F071: what was done after the draw, to what the settlement relies on."""
    draw = begin(_confirmed)
    ticket = replace(_BY_NAME["ticket"], victim="SELECT min(id) FROM sales_ticket")
    selection = replace(_BY_NAME["selection"], victim="SELECT max(id) FROM sales_selection")
    deeds: Deeds = [
        *((thing, deed) for thing in (ticket, selection) for deed in thing.deeds),
        (_BY_NAME["result"], "edit"),
        (_BY_NAME["seal statement"], "edit"),
    ]

    def settle() -> None:
        settlement.run(draw=draw, now=database_time())

    figures[loops.SETTLEMENT] = measure(
        loops.SETTLEMENT,
        lambda: begin(_confirmed),
        [[one] for one in deeds],
        comes_round=settle,
        alarm=lambda _thing, _name: (settlement.HALTED, {"draw"}, draw.code),
    )

    assert len(figures[loops.SETTLEMENT]) == len(deeds)
