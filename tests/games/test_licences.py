"""Without a licence in force nothing is sold (F023)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from audit import approvals, trail, waiting
from games import licences
from games.models import Game, Licence
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import offers, purchase
from sales.models import Ticket
from tests import make, people
from tests.at_once import at_once
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
        number="财综-2030-1", issued_by="财政部", valid_from=FROM, valid_until=UNTIL,
        maker=maker, now=database_time(),
    )  # fmt: skip
    assert not Licence.objects.filter(number="财综-2030-1").exists()

    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())

    ssq = Game.objects.get(code="ssq")
    recorded = Licence.objects.get(number="财综-2030-1")
    assert recorded.approval_code == asked.code
    assert licences.in_force(ssq, at=FROM) == recorded
    assert licences.in_force(ssq, at=UNTIL) is None


def recorded(number: str, **scope: Any) -> Licence:
    """A licence recorded by two people."""
    now = database_time()
    asked_for: dict[str, Any] = {"valid_from": FROM, "valid_until": UNTIL} | scope
    asked = licences.request(
        number=number, issued_by="财政部", maker=people.member("compliance").user, now=now,
        **asked_for,
    )  # fmt: skip
    approvals.decide(code=asked.code, checker=people.member("approver").user, approve=True, now=now)
    return Licence.objects.get(number=number)


def test_a_licence_covers_the_games_and_channels_it_names():
    """F023: scope and validity decide together; naming none it covers all."""
    ssq = Game.objects.get(code="ssq")
    other = Game(code="other", rules_game="ssq", name="x")

    recorded("one", games=["ssq"], channels=["web"])

    assert licences.in_force(ssq, at=FROM, channel="web") is not None
    assert licences.in_force(ssq, at=FROM, channel="api") is None
    assert licences.in_force(other, at=FROM, channel="web") is None
    assert licences.in_force(ssq, at=UNTIL, channel="web") is None
    with pytest.raises(licences.LicenceScopeUnknown):
        recorded("two", games=["ssq-drill"])
    with pytest.raises(licences.LicenceScopeUnknown):
        recorded("three", channels=["fax"])


def test_a_number_is_recorded_once_and_ends_after_it_begins():
    maker = people.member("compliance").user
    known = Licence.objects.first()
    assert known is not None

    with pytest.raises(licences.LicenceKnown):
        licences.request(
            number=known.number, issued_by="x", valid_from=FROM, valid_until=UNTIL,
            maker=maker, now=database_time(),
        )  # fmt: skip
    with pytest.raises(licences.LicenceEndsTooEarly):
        licences.request(
            number="new", issued_by="x", valid_from=UNTIL, valid_until=FROM,
            maker=maker, now=database_time(),
        )  # fmt: skip


def test_a_licence_that_is_over_is_neither_asked_for_nor_recorded():
    """F023: nothing could be sold by it; one that ends while the request waits is refused too."""
    maker, now = people.member("compliance").user, database_time()
    past: dict[str, Any] = {
        "number": "past",
        "issued_by": "财政部",
        "valid_from": now - timedelta(days=400),
    }

    with pytest.raises(licences.LicencePast) as refused:
        licences.request(**past, valid_until=now, maker=maker, now=now)
    assert refused.value.status == 400
    assert not approvals.under_way(licences.KIND)
    page = people.behind(maker).post(
        "/desk/licences/new/",
        {"number": "past", "issued_by": "财政部", "valid_from": "2020-01-01T00:00",
         "valid_until": "2021-01-01T00:00"},
    )  # fmt: skip
    assert (page.status_code, "2021-01-01 00:00:00" in people.text(page)) == (400, True)

    until = now + timedelta(seconds=1)
    asked = licences.request(**past, valid_until=until, maker=maker, now=now)
    with pytest.raises(licences.LicencePast):
        approvals.decide(
            code=asked.code, checker=people.member("approver").user, approve=True, now=until
        )
    assert not Licence.objects.filter(number="past").exists()


def test_the_desk_lists_licences_and_takes_a_new_one():
    compliance, auditor = people.member("compliance").user, people.member("auditor").user
    fields = {
        "number": "L-1", "games": ["ssq"], "issued_by": "财政部",
        "valid_from": "2030-01-01T00:00", "valid_until": "2031-01-01T00:00",
    }  # fmt: skip

    assert people.behind(auditor).get("/desk/licences/").status_code == 200
    assert people.behind(auditor).post("/desk/licences/new/", fields).status_code == 403
    assert people.behind(compliance).get("/desk/licences/new/").status_code == 200
    assert people.behind(compliance).post("/desk/licences/new/", fields).status_code == 302
    assert not Licence.objects.filter(number="L-1").exists()


DOORS = [
    ("get", "/play/ssq/"), ("post", "/play/ssq/"), ("post", "/play/ssq/quick-pick/"),
    ("post", "/play/ssq/quote/"), ("post", "/api/v1/quotes/"), ("post", "/api/v1/purchases/"),
]  # fmt: skip


def test_every_door_of_sale_is_shut_without_a_licence():
    """F023: an expired licence answers 503 and says so, wherever somebody wants to buy."""
    alice, draw = make.alice(), make.draw()
    client = people.behind(alice.user)
    without_licences()
    line = {"bet_type": "single", "picks": [[1, 2, 3, 4, 5, 6], [7]], "bankers": [[], []]}
    for method, address in DOORS:
        body: Any = {"draw": draw.code, "selections": [line]}
        if address.endswith("purchases/"):
            body = {"request_key": str(uuid4()), "tickets": [body]}
        elif address.startswith("/play/"):
            body = {"selections": [{"t": "single", "p": line["picks"], "b": line["bankers"]}]}

        if method == "get":
            answer = client.get(address)
        elif "/api/" in address or address.endswith("quote/"):
            answer = client.post(address, body, content_type="application/json")
        else:
            answer = client.post(address, {"action": "confirm"})

        assert answer.status_code == 503, (address, answer.content)
        assert not Ticket.objects.exists()


def test_a_licence_for_programs_only_sells_nothing_on_the_website():
    """F023: the scope holds in the database, for the channel too."""
    alice, draw = make.alice(), make.draw()
    now = database_time()
    without_licences()
    recorded(
        "api-only", channels=["api"], valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=1),
    )  # fmt: skip

    with pytest.raises(Refused) as refused:
        make.purchase(alice, draw)
    assert refused.value.code == "licence_missing"
    with pytest.raises(purchase.LicenceMissing):
        offers.on_sale(draw.game, channel="web", player=alice.code, now=now)
    assert offers.on_sale(draw.game, channel="api", player=alice.code, now=now) == draw
    make.purchase(alice, draw, channel="api")

    assert Ticket.objects.count() == 1


def test_nobody_writes_a_licence_past_two_people():
    """F023: the application's own rights are not enough, whatever approval it names."""
    asked = licences.request(
        number="honest", issued_by="x", valid_from=FROM, valid_until=UNTIL,
        maker=people.member("compliance").user, now=database_time(),
    )  # fmt: skip
    for approval in ("GENESIS", asked.code, "x"):
        with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
            Licence.objects.create(
                number="forged", issued_by="x", valid_from=FROM, valid_until=UNTIL,
                approval_code=approval, recorded_at=database_time(),
            )  # fmt: skip
    assert not Licence.objects.filter(number="forged").exists()


def test_a_licence_ends_early_by_the_word_of_two_and_sales_stop():
    """F023: withdrawn is withdrawn, from the approval on and never in the past."""
    alice, draw = make.alice(), make.draw()
    make.purchase(alice, draw)
    (licence,) = Licence.objects.all()
    asked = licences.request_end(
        licence=licence, ends_at=database_time() - timedelta(days=30), reason="许可被收回",
        maker=people.member("compliance").user, now=database_time(),
    )  # fmt: skip
    make.purchase(alice, draw)

    approvals.decide(
        code=asked.code, checker=people.member("approver").user, approve=True, now=database_time()
    )

    licence.refresh_from_db()
    assert licence.ending.ends_at >= asked.requested_at
    with pytest.raises(Refused) as refused:
        make.purchase(alice, draw)
    assert refused.value.code == "licence_missing"
    assert Ticket.objects.count() == 2
    with pytest.raises(licences.LicenceOver):
        licences.request_end(
            licence=licence, ends_at=database_time(), reason="x",
            maker=people.member("compliance").user, now=database_time(),
        )  # fmt: skip


def test_people_are_reminded_ninety_sixty_and_thirty_days_ahead_once_each():
    """F024: three mails and three entries of the trail, however often the clock strikes."""
    (licence,) = Licence.objects.all()
    compliance = people.member("compliance").user
    for days in (91, 90, 89, 60, 59, 31, 30, 29, 1):
        moment = licence.valid_until - timedelta(days=days)
        for _again in range(2):
            licences.remind_due(now=moment)
        jobs.run_pending(kinds=frozenset({"games.send_notice"}))
        shown = waiting.for_person(compliance, frozenset({"compliance"}), moment)
        assert ("/desk/licences/" in {item.url for item in shown}) is (days <= 90)

    assert [reminder.days for reminder in licence.reminders.order_by("pk")] == [90, 60, 30]
    assert len(list(trail.read(trail.Filters(action="games.licence_reminded")))) == 3
    assert [licence.number in sent.subject for sent in mail.outbox] == [True] * 3
    for sent, days in zip(mail.outbox, (90, 60, 30), strict=True):
        assert f"{days} 天" in sent.subject
        assert f"{days} 天" in sent.body
        assert f"终止时间：{dates.written(licence.valid_until, 'full')}" in sent.body
        assert "/desk/licences/" in sent.body
        assert ": " not in sent.body


def test_nobody_is_reminded_of_a_licence_that_another_goes_on_after():
    """F024: renewed is renewed; a renewal that leaves out a channel is none."""
    (licence,) = Licence.objects.all()
    soon = licence.valid_until - timedelta(days=80)
    longer = {
        "valid_from": licence.valid_until - timedelta(days=5),
        "valid_until": licence.valid_until + timedelta(days=300),
    }
    recorded("half", channels=["web"], **longer)
    assert [one.number for one in licences.ending_soon(now=soon)] == [licence.number]

    recorded("other half", channels=["api"], **longer)

    assert licences.ending_soon(now=soon) == []
    assert licences.remind_due(now=soon) == 0


def test_without_the_unique_reminder_two_clocks_would_mail_twice():
    """F024: two clocks at once write one reminder."""
    (licence,) = Licence.objects.all()
    soon = licence.valid_until - timedelta(days=80)

    told = at_once([lambda: licences.remind_due(now=soon)] * 4)

    assert sorted(told) == [0, 0, 0, 1]
    assert licence.reminders.count() == 1
