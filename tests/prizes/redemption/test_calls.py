"""A winner calls: a clerk books, moves and cancels his appointment for him (F083)."""

from __future__ import annotations

import json

import pytest

from accounts.models import Message
from audit.models import TrailRecord
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import database_time
from prizes.centre_models import Appointment
from prizes.redemption import appointments, looks, withdrawal
from tests import make_claims as make
from tests import people

from . import hands
from .test_appointments import book, figure, free_times

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Appointment.State
CALLS = "/desk/claims/calls/"


def test_a_clerk_books_moves_and_cancels_for_a_winner_who_calls(won):
    """F083, F099: found by claim or ticket; bound by no notice; the winner reads it in his message
    and has the file for his calendar; the trail says who booked for whom, and who looked."""
    prize, clerk = won.prize(won.bob), won.staff["claims_clerk"]
    claim, client = make.opened(won, prize), people.in_english(clerk)
    at = f"{CALLS}{prize.ticket.code}/"
    assert "A winner calls" in people.text(client.get("/desk/claims/visits/"))
    for number in (codes.shown(claim.code), prize.ticket.code.lower()):
        assert client.get(CALLS, {"number": number})["Location"] == at
    assert client.get(CALLS, {"number": "S7K2-9QMF"}).status_code == 400
    assert client.get(f"{CALLS}NEVER/").status_code == 404
    figure(appointments.NOTICE_HOURS, 24 * 90)  # he himself could book nothing
    assert not free_times(won, prize)
    (place,) = appointments.centres(prize, at=database_time())
    days = appointments.times(place, now=database_time(), prize=prize, by_staff=True)
    _soonest, first, *_more, last = [one for times in days.values() for one in times]
    on = f"{at}?day={dates.in_shanghai(first.starts_at).date()}"
    page = people.text(client.get(on))
    assert first.starts_at.isoformat() in page
    assert codes.shown(claim.code) in page
    assert won.bob.person.name.reveal() not in page

    assert client.post(at, {"starts_at": "2020-01-01T00:00:00+00:00"}).status_code == 400
    assert client.post(on, {"starts_at": first.starts_at.isoformat()})["Location"] == at
    booked = Appointment.objects.get()
    assert (booked.state, booked.booked_by, booked.starts_at) == (
        State.BOOKED, clerk, first.starts_at,
    )  # fmt: skip
    told = Message.objects.get(user=won.bob.user, kind=appointments.BOOKED)
    assert told.params["clock"] == f"{dates.in_shanghai(first.starts_at):%H:%M}"
    his = people.in_english(won.bob.user)
    assert f"/prizes/{prize.ticket.code}/appointment.ics" in people.text(
        his.get(f"/prizes/{prize.ticket.code}/")
    )
    assert b"BEGIN:VEVENT" in his.get(f"/prizes/{prize.ticket.code}/appointment.ics").content

    day = dates.in_shanghai(last.starts_at).date()
    page = people.text(client.get(f"{at}?day={day}"))
    assert "Move it to this time" in page
    moved = client.post(
        f"{at}?day={day}", {"starts_at": last.starts_at.isoformat(), "instead_of": booked.code}
    )
    assert moved.status_code == 302
    booked.refresh_from_db()
    assert (booked.state, booked.ended_by) == (State.MOVED, clerk)
    assert client.post(at, {"action": "cancel"})["Location"] == at
    assert client.post(at, {"action": "cancel"})["Location"] == at
    assert not Appointment.objects.booked().exists()
    assert Message.objects.filter(user=won.bob.user, kind=appointments.CANCELLED).count() == 1
    rows = TrailRecord.objects.filter(action__startswith="prizes.appointment").order_by("pk")
    assert [(row.action, row.actor) for row in rows] == [
        (action, clerk.username)
        for action in (appointments.BOOKED, appointments.BOOKED, appointments.CANCELLED)
    ]
    assert {json.loads(row.body)["owner"] for row in rows} == {won.bob.code}
    assert not TrailRecord.objects.filter(action=looks.SHOWN).exists()  # his claim stands

    withdrawal.withdraw(code=claim.code, actor=won.bob.user, now=database_time())
    client.get(at)
    (row,) = TrailRecord.objects.filter(action=looks.SHOWN)
    assert (row.actor, row.object_code) == (clerk.username, "prizes:desk_call")
    assert json.loads(row.body) == {"tickets": [prize.ticket.code]}


@pytest.mark.thorough
def test_nobody_books_for_himself_and_no_other_post_at_all(won):
    """F083, F097: his own prize is a colleague's; a claim by another way and a full time are said;
    nothing is booked."""
    prize, clerk = won.prize(won.bob), won.staff["claims_clerk"]
    at = f"{CALLS}{prize.ticket.code}/"
    time = free_times(won, prize)[0].starts_at
    for post in ("cashier", "compliance", "outlet_operator"):
        other = people.in_english(won.staff[post])
        assert {other.get(CALLS).status_code, other.get(at).status_code} <= {302, 403, 404}
        assert other.post(at, {"starts_at": time.isoformat()}).status_code in {302, 403, 404}
    assert people.in_english(won.bob.user).get(at).status_code in {302, 403, 404}
    figure(appointments.SEATS, 1)
    book(won, won.prize(won.carol), time)
    client = people.in_english(clerk)
    assert client.post(at, {"starts_at": time.isoformat()}).status_code == 400
    remote = make.opened(won, prize, "REMOTE", actor=won.bob.user, claimant=None)
    free = free_times(won)[0].starts_at
    refused = client.post(at, {"starts_at": free.isoformat()})
    assert refused.status_code == 409
    assert "being claimed another way" in people.text(refused)
    assert remote.prize == prize
    mine = hands.becomes(clerk, won.bob)
    own = people.in_english(mine)
    assert own.get(at).status_code == own.post(at, {"action": "cancel"}).status_code == 403
    assert Appointment.objects.count() == 1
    over = make.paid(won, make.approved(won, make.opened(won, won.prize(won.alice)))).prize
    officer = people.in_english(won.staff["claims_officer"])
    assert officer.get(CALLS, {"number": over.ticket.code}).status_code == 400
    assert "nothing to come for" in people.text(officer.get(f"{CALLS}{over.ticket.code}/"))
