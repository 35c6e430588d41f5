"""Without a licence in force nothing is sold (F023)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit import approvals
from games import licences
from games.models import Game, Licence
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales.models import Ticket
from tests import make, people
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)

FROM = datetime(2030, 1, 1, tzinfo=UTC)
UNTIL = datetime(2031, 1, 1, tzinfo=UTC)


def without_licences() -> None:
    """Time has run out: what only time brings about, by the owner's hand."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE games_licence DISABLE TRIGGER games_licence_never_changes")
        owner.execute(
            "UPDATE games_licence SET valid_from = '2001-01-01', valid_until = '2002-01-01'"
        )
        owner.execute("ALTER TABLE games_licence ENABLE ALWAYS TRIGGER games_licence_never_changes")


def test_an_expired_licence_stops_the_sale():
    """F023: the database refuses the ticket, whatever the pages do."""
    alice, draw = make.alice(), make.draw()
    without_licences()

    with pytest.raises(Refused) as refused:
        make.purchase(alice, draw)

    assert (refused.value.code, refused.value.status) == ("licence_missing", 503)
    assert not Ticket.objects.exists()
    with pytest.raises(licences.NoLicence):
        licences.check(draw.game, at=database_time())


def test_a_licence_counts_when_another_person_has_approved_it():
    """F023: asked for by compliance, approved by another."""
    maker, checker = people.member("compliance").user, people.member("approver").user
    asked = licences.request(
        number="财综-2030-1", game=None, issued_by="财政部", valid_from=FROM, valid_until=UNTIL,
        maker=maker, now=database_time(),
    )  # fmt: skip
    assert not Licence.objects.filter(number="财综-2030-1").exists()

    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())

    ssq = Game.objects.get(code="ssq")
    recorded = Licence.objects.get(number="财综-2030-1")
    assert recorded.approval_code == asked.code
    assert licences.in_force(ssq, at=FROM) == recorded
    assert licences.in_force(ssq, at=UNTIL) is None


def test_a_licence_of_one_game_covers_no_other():
    maker, checker = people.member("compliance").user, people.member("approver").user
    drill = Game.objects.get(code="ssq-drill")
    asked = licences.request(
        number="one", game=drill, issued_by="x", valid_from=FROM + timedelta(days=800),
        valid_until=UNTIL + timedelta(days=800), maker=maker, now=database_time(),
    )  # fmt: skip
    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())

    assert licences.in_force(drill, at=FROM + timedelta(days=801)) is not None
    assert licences.in_force(Game.objects.get(code="ssq"), at=FROM + timedelta(days=801)) is None


def test_a_number_is_recorded_once_and_ends_after_it_begins():
    maker = people.member("compliance").user
    known = Licence.objects.first()
    assert known is not None

    with pytest.raises(licences.LicenceKnown):
        licences.request(
            number=known.number, game=None, issued_by="x", valid_from=FROM, valid_until=UNTIL,
            maker=maker, now=database_time(),
        )  # fmt: skip
    with pytest.raises(licences.LicenceEndsTooEarly):
        licences.request(
            number="new", game=None, issued_by="x", valid_from=UNTIL, valid_until=FROM,
            maker=maker, now=database_time(),
        )  # fmt: skip


def test_the_desk_lists_licences_and_takes_a_new_one():
    compliance, auditor = people.member("compliance").user, people.member("auditor").user
    fields = {
        "number": "L-1", "game": "", "issued_by": "财政部",
        "valid_from": "2030-01-01T00:00", "valid_until": "2031-01-01T00:00",
    }  # fmt: skip

    assert people.behind(auditor).get("/desk/licences/").status_code == 200
    assert people.behind(auditor).post("/desk/licences/new/", fields).status_code == 403
    assert people.behind(compliance).get("/desk/licences/new/").status_code == 200
    assert people.behind(compliance).post("/desk/licences/new/", fields).status_code == 302
    assert not Licence.objects.filter(number="L-1").exists()
