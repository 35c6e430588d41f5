"""Sales are switched off at once, with a reason that players read (F039)."""

from __future__ import annotations

import time

import pytest

from audit import trail
from finance import wallets
from games import switches
from games.models import SalesSwitch
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales.models import Ticket
from tests import make, people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", ["all", "game", "channel", "player"])
def test_a_switch_stops_the_next_sale_and_names_its_reason(kind):
    """F039: in effect under five seconds, logged with its reason; nothing is charged."""
    alice, draw = make.alice(), make.draw()
    scope = {
        "all": "all", "game": "game:ssq", "channel": "channel:web",
        "player": f"player:{alice.code}",
    }[kind]  # fmt: skip
    risk = people.member("risk").user
    began = time.monotonic()

    switches.switch(scope=scope, is_off=True, reason="系统检修", actor=risk, now=database_time())
    with pytest.raises(Refused) as refused:
        make.purchase(alice, draw)

    assert time.monotonic() - began < 5
    assert refused.value.code == "sales_switched_off"
    assert "系统检修" in str(refused.value)
    assert not Ticket.objects.exists()
    assert wallets.available(alice) == 20_00
    (recorded,) = trail.read(trail.Filters(action="games.sales_switched_off"))
    assert (recorded.object_code, "系统检修" in recorded.body) == (scope, True)

    switches.switch(scope=scope, is_off=False, reason="恢复", actor=risk, now=database_time())
    make.purchase(alice, draw)
    assert Ticket.objects.count() == 1


def test_switching_off_one_player_leaves_the_others():
    """F039: one player only."""
    alice, bob, draw = make.alice(), make.player("王明", wallet=20_00), make.draw()
    risk = people.member("risk").user
    switches.switch(
        scope=f"player:{alice.code}", is_off=True, reason="x", actor=risk, now=database_time()
    )

    make.purchase(bob, draw)

    assert Ticket.objects.get().owner_id == bob.pk


@pytest.mark.parametrize(
    "scope", ["", "game:qlc", "player:00000000000000000", "everything", "all "]
)
def test_only_what_exists_is_switched(scope):
    with pytest.raises(switches.SwitchScopeUnknown):
        switches.switch(
            scope=scope,
            is_off=True,
            reason="x",
            actor=people.member("risk").user,
            now=database_time(),
        )

    assert not SalesSwitch.objects.exists()


def test_a_switch_needs_a_reason():
    with pytest.raises(switches.SwitchReasonMissing):
        switches.switch(
            scope="all",
            is_off=True,
            reason="  ",
            actor=people.member("risk").user,
            now=database_time(),
        )

    assert not SalesSwitch.objects.exists()


def test_the_widest_switch_is_told_first():
    risk = people.member("risk").user
    for scope in ("game:ssq", "all"):
        switches.switch(scope=scope, is_off=True, reason=scope, actor=risk, now=database_time())

    thrown = switches.off_for(game="ssq")

    assert thrown is not None
    assert thrown.scope == "all"
    with pytest.raises(switches.SalesOff):
        switches.check(game="ssq")


def test_the_desk_throws_switches():
    """F039: risk and administrator throw, the others look on."""
    risk, auditor = people.member("risk").user, people.member("auditor").user
    off = {"what": "game:ssq", "reason": "检修"}

    assert people.behind(auditor).post("/desk/switches/off/", off).status_code == 403
    assert people.behind(risk).post("/desk/switches/off/", {**off, "reason": ""}).status_code == 400
    assert not SalesSwitch.objects.exists()
    asked = people.behind(risk).post("/desk/switches/off/", off)
    assert "检修" in asked.content.decode()
    assert not SalesSwitch.objects.exists()
    sure = people.behind(risk).post("/desk/switches/off/", {**off, "is_sure": "1"})
    assert sure.status_code == 302
    page = people.behind(auditor).get("/desk/switches/").content.decode()
    assert "检修" in page
    on = {"scope": "game:ssq", "reason": "好了"}
    assert people.behind(risk).post("/desk/switches/on/", on).status_code == 302
    assert SalesSwitch.objects.get().is_off is False


@pytest.mark.parametrize(
    "press",
    [
        {"reason": "检修"},
        {"what": "", "reason": "检修"},
        {"what": "player", "code": "", "reason": "检修"},
        {"what": "player", "code": "0000-0000-0000-0000-0", "reason": "检修"},
        {"what": "game:kl8", "reason": "检修"},
        {"what": "all", "reason": "检修"},
    ],
)
def test_one_press_stops_no_sale(press):
    """Nothing is chosen before, what is chosen must exist, and the first press only asks."""
    answer = people.behind(people.member("risk").user).post("/desk/switches/off/", press)

    assert answer.status_code == (200 if press.get("what") == "all" else 400)
    assert not SalesSwitch.objects.exists()


def test_the_form_of_switches_chooses_nothing_beforehand():
    page = people.behind(people.member("risk").user).get("/desk/switches/").content.decode()

    assert 'value="" selected' in page
    assert 'value="all" selected' not in page
