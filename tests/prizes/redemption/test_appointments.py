"""Appointments at the centre: its times, one seat for one prize, never one too many (F083)."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from accounts.models import Message
from audit import policies
from audit.models import TrailRecord
from games import claim_days
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import database_time
from prizes.centre_models import Appointment
from prizes.redemption import appointments, calendar_file, claim_refusals, limits, visits
from tests import make_claims as make
from tests import people
from tests.owner import as_owner, guards_up

from . import hands
from .test_guards import fact

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

no = appointments
State = Appointment.State


def free_times(won, prize=None) -> list[appointments.Time]:
    """The times of the centre that can be booked, in their order."""
    (place,) = appointments.centres(prize or won.prize(won.bob), at=database_time())
    days = appointments.times(place, now=database_time(), prize=prize)
    return [one for times in days.values() for one in times if one.free]


def book(won, prize, starts_at, **changes):
    fields = {
        "prize": prize, "place": won.centre.code, "starts_at": starts_at,
        "actor": prize.owner.user, "now": database_time(), **changes,
    }  # fmt: skip
    return appointments.book(**fields)


def asked(won, its, starts_at, **changes) -> str:
    """What the function of the database says when it is called past the door."""
    said = {
        "prize": its.pk, "place": won.centre.code, "starts_at": starts_at.isoformat(),
        "account": its.owner.user_id, "code": new_code(), "instead_of": "", **changes,
    }  # fmt: skip
    return fact("SELECT prizes_appointment_book(%s::jsonb)", json.dumps(said))


def figure(key: str, value: int, scope: str = "") -> None:
    """A dated figure that holds from now on, by the owner's hand."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE audit_policyparameter DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO audit_policyparameter"
            " (key, scope, value, valid_from, approval_code, reason, recorded_at) VALUES"
            " (%s, %s, %s, clock_timestamp(), 'GENESIS', 'Tests', clock_timestamp())",
            [key, scope, str(value)],
        )
        guards_up(hand)


def test_a_winner_books_moves_and_cancels(won):
    """F083: one appointment per prize; told with address and papers; refusals move nothing."""
    prize = won.prize(won.bob)
    first, second, *_others, last = free_times(won, prize)

    made = book(won, prize, first.starts_at)

    assert (made.state, made.seat, made.ends_at) == (State.BOOKED, 1, first.ends_at)
    assert book(won, prize, first.starts_at).pk == made.pk
    with pytest.raises(no.BookedAlready):
        book(won, prize, second.starts_at)
    with pytest.raises(no.NotYours):
        book(won, prize, second.starts_at, actor=won.carol.user)
    with pytest.raises(no.NotYours):
        book(won, prize, first.starts_at, actor=won.carol.user)
    with pytest.raises(no.NotOpen):
        book(won, prize, second.starts_at, instead_of=new_code())
    assert appointments.of(prize, now=database_time()) == made
    told = Message.objects.get(user=won.bob.user, kind=appointments.BOOKED)
    assert told.params["place"] == won.centre.name
    assert won.centre.address in told.params["address"]

    moved = book(won, prize, last.starts_at, instead_of=made.code)
    made.refresh_from_db()
    assert (made.state, moved.state) == (State.MOVED, State.BOOKED)
    assert made.ended_by == won.bob.user
    with pytest.raises(no.NotYours):
        appointments.cancel(appointment=moved, actor=won.carol.user, now=database_time())
    assert appointments.cancel(
        appointment=moved, actor=won.bob.user, now=database_time()
    ).state == (State.CANCELLED)
    with pytest.raises(no.NotOpen):
        appointments.cancel(appointment=moved, actor=won.bob.user, now=database_time())
    assert appointments.of(prize, now=database_time()) is None

    with pytest.raises(claim_refusals.NotYourPost):
        book(won, prize, first.starts_at, actor=won.staff["outlet_operator"])
    figure(appointments.NOTICE_HOURS, 800)
    clerk = won.staff["claims_clerk"]
    by_phone = book(won, prize, last.starts_at, actor=clerk)
    with pytest.raises(no.TooLateToChange):
        appointments.cancel(appointment=by_phone, actor=won.bob.user, now=database_time())
    appointments.cancel(appointment=by_phone, actor=clerk, now=database_time())
    with pytest.raises(claim_refusals.OwnClaim):  # his own prize, free of the notice
        book(won, prize, last.starts_at, actor=hands.becomes(clerk, won.bob))
    assert [row.action for row in TrailRecord.objects.filter(action__contains="appointment")] == [
        appointments.BOOKED, appointments.BOOKED, appointments.CANCELLED, appointments.BOOKED,
        appointments.CANCELLED,
    ]  # fmt: skip


def test_the_database_refuses_every_other_time(won):
    """F083: past the door, too: off the grid, closed, too soon, too far, elsewhere, another's; a
    prize that is over or claimed otherwise; nothing is booked."""
    prize, now = won.prize(won.bob), database_time()
    good = free_times(won, prize)[0].starts_at
    midnight = datetime.combine(
        dates.in_shanghai(good).date() + timedelta(days=2), datetime.min.time(), dates.SHANGHAI
    )
    ahead = dates.in_shanghai(now).date() + timedelta(days=30)
    soon = datetime.combine(ahead, datetime.min.time(), dates.SHANGHAI)

    for starts, changes, why in (
        (good + timedelta(minutes=10), {}, "appointment_at_an_open_time"),
        (good + timedelta(seconds=1), {}, "appointment_at_an_open_time"),
        (midnight - timedelta(minutes=30), {}, "appointment_at_an_open_time"),  # closes at 23:30
        (good - timedelta(days=1), {}, "appointment_neither_too_soon_nor_too_late"),
        (soon + timedelta(days=1), {}, "appointment_neither_too_soon_nor_too_late"),
        (good, {"place": won.outlet.code}, "appointment_at_a_centre"),
        (good, {"account": won.carol.user_id}, "appointment_by_its_owner"),
        (good, {"prize": 0}, "appointment_of_a_prize_that_waits"),
        (good, {"instead_of": new_code()}, "appointment_is_open"),
    ):
        assert asked(won, prize, starts, **changes) == why
    figure(appointments.NOTICE_HOURS, 400)
    assert asked(won, prize, good) == "appointment_neither_too_soon_nor_too_late"
    figure(appointments.NOTICE_HOURS, 2)
    figure(appointments.DAYS_AHEAD, 1)
    late = [one for one in free_times(won) if one.starts_at > midnight]
    assert late == []
    figure(appointments.DAYS_AHEAD, 90)
    deadline = limits.of(prize)
    assert deadline is not None
    assert deadline.until is not None
    assert asked(won, prize, deadline.until) == "appointment_before_the_last_day"
    assert max(one.starts_at for one in free_times(won, prize)) < deadline.until
    assert asked(won, prize, deadline.until - timedelta(hours=1)) == ""
    assert not Appointment.objects.exists()
    for said in (
        "UPDATE prizes_appointment SET seat = 9",
        "DELETE FROM prizes_appointment",
        "INSERT INTO prizes_appointment DEFAULT VALUES",
    ):
        assert "permission denied" in fact(said)

    remote = make.opened(won, won.prize(won.carol), "REMOTE", actor=won.carol.user, claimant=None)
    with pytest.raises(no.ClaimedOtherwise):
        book(won, remote.prize, good)
    made = make.opened(won, won.prize(won.alice))
    assert asked(won, made.prize, good) == ""


def test_seats_are_counted_by_overlap_and_a_missed_time_frees_its_prize(won):
    """F083: a new length of the times lets nobody sit on two laps; the figure is that of the
    centre; threshold: seats -1, =, +1; who did not come may book anew."""
    figure(appointments.SEATS, 2, won.centre.code)
    first = free_times(won)[0]
    prizes = [won.prize(one) for one in (won.alice, won.bob, won.carol)]
    one, two, three = prizes
    assert first.free == 2
    book(won, one, first.starts_at)
    assert free_times(won)[0].free == 1
    book(won, two, first.starts_at)
    assert first.starts_at not in [time.starts_at for time in free_times(won)]
    with pytest.raises(no.Full):
        book(won, three, first.starts_at)
    figure(appointments.MINUTES, 15, won.centre.code)
    inside = first.starts_at + timedelta(minutes=15)
    assert asked(won, three, inside) == "appointment_seat_is_free"
    assert inside not in [time.starts_at for time in free_times(won)]
    assert asked(won, three, first.ends_at) == ""
    figure(appointments.SEATS, 3, won.centre.code)
    assert inside in [time.starts_at for time in free_times(won)]

    assert appointments.mark_missed() == 0
    with as_owner() as hand:
        hand.execute(
            "UPDATE prizes_appointment SET starts_at = starts_at - interval '9 days',"
            " ends_at = ends_at - interval '9 days' WHERE prize_id = %s",
            [one.pk],
        )
    again = book(won, one, free_times(won)[-1].starts_at)
    assert set(Appointment.objects.filter(prize=one).values_list("state", flat=True)) == {
        State.MISSED, State.BOOKED,
    }  # fmt: skip
    with as_owner() as hand:
        hand.execute(
            "UPDATE prizes_appointment SET starts_at = starts_at - interval '40 days',"
            " ends_at = ends_at - interval '40 days' WHERE code = %s",
            [again.code],
        )
    assert appointments.mark_missed() == 1
    again.refresh_from_db()
    assert again.state == State.MISSED


def test_no_time_lies_on_a_holiday(won):
    """F083: the calendar of the State Council and closures of the market close the centre, whoever
    books past the door; weekends follow its hours."""
    prize = won.prize(won.bob)
    (place,) = appointments.centres(prize, at=database_time())
    eve = datetime(2026, 9, 20, 4, tzinfo=dates.SHANGHAI)

    days = appointments.times(place, now=eve)

    assert not [day for day in days if working_days.is_holiday(day)]
    assert date(2026, 10, 1) not in days
    assert date(2026, 10, 10) in days
    assert len(days[date(2026, 9, 21)]) == 47
    figure(appointments.DAYS_AHEAD, 400)
    opened = make.opened(won, prize)  # in time, so that he may come after the last day
    today = dates.in_shanghai(database_time()).date()
    closed = [
        day for day in (today + timedelta(days=n) for n in range(1, 400))
        if claim_days.why_free(day, now=database_time())
    ]  # fmt: skip
    assert {claim_days.why_free(day, now=database_time()) for day in closed} == {
        claim_days.HOLIDAY, claim_days.CLOSURE,
    }  # fmt: skip
    for day in closed:
        assert asked(won, opened.prize, _noon(day)) == "appointment_on_an_open_day"
    with pytest.raises(no.ClosedThen):
        book(won, prize, _noon(closed[-1]))
    assert not Appointment.objects.exists()
    day = next(day for day in closed if day + timedelta(days=1) not in closed)
    assert asked(won, prize, _noon(day + timedelta(days=1))) == ""


@pytest.mark.thorough
def test_the_pages_of_a_booking(won):
    """F083: the winner sees days and times, books by his page, has it as a file, moves, cancels;
    for everybody else there is no such page; within the notice it stands."""
    prize = won.prize(won.bob)
    at = f"/prizes/{prize.ticket.code}/"
    client = people.in_english(won.bob.user)
    stranger = people.in_english(won.carol.user)
    assert "Book a time" in people.text(client.get(at))
    first, *_more, last = free_times(won, prize)
    page = people.text(client.get(f"{at}appointment/"))
    assert first.starts_at.isoformat() in page
    assert "3 seats free" in page
    assert "Later days" in page
    for method in (stranger.get, stranger.post):
        assert method(f"{at}appointment/").status_code == 404
    assert stranger.post(f"{at}appointment/cancel/").status_code == 404
    assert client.get(f"{at}appointment.ics").status_code == 404
    assert client.post(f"{at}appointment/", {"starts_at": "2020-01-01"}).status_code == 400

    sent = client.post(f"{at}appointment/", {"starts_at": first.starts_at.isoformat()})
    assert (sent.status_code, sent["Location"]) == (302, f"{at}appointment/")
    shown = people.text(client.get(f"{at}appointment/"))
    for word in (won.centre.name, won.centre.address, "Please bring", "Choose another time"):
        assert word in shown
    assert won.centre.name in people.text(client.get(at))
    file = client.get(f"{at}appointment.ics")
    assert file["Content-Type"].startswith("text/calendar")
    assert stranger.get(f"{at}appointment.ics").status_code == 404
    day = dates.in_shanghai(last.starts_at).date()
    page = people.text(client.get(f"{at}appointment/?move=1&day={day}"))
    booked = Appointment.objects.get()
    assert f'value="{booked.code}"' in page
    moved = client.post(
        f"{at}appointment/?move=1&day={day}",
        {"starts_at": last.starts_at.isoformat(), "instead_of": booked.code},
    )
    assert moved.status_code == 302
    figure(appointments.NOTICE_HOURS, 24 * 60)
    fixed = people.text(client.get(f"{at}appointment/"))
    assert "can be changed here no more" in fixed
    assert "Cancel the appointment" not in fixed
    assert client.get(f"{at}appointment/?move=1").status_code == 302
    client.post(f"{at}appointment/cancel/")
    assert Appointment.objects.filter(state=State.BOOKED).count() == 1
    figure(appointments.NOTICE_HOURS, 2)
    assert client.post(f"{at}appointment/cancel/")["Location"] == at
    assert not Appointment.objects.filter(state=State.BOOKED).exists()
    make.checked(won, make.opened(won, prize))
    kept = visits.present(prize)
    assert kept is not None
    assert kept.appointment is None


def test_a_calendar_reads_the_file():
    """F083: CRLF, UTC, escaped, folded at 75 octets without tearing a character."""
    starts = datetime(2026, 11, 24, 10, tzinfo=dates.SHANGHAI)
    content = calendar_file.event(
        uid="A@b", starts_at=starts, ends_at=starts + timedelta(minutes=30), title="预约, 兑奖",
        place="兑奖中心；" * 12, about="一\n二; 三", written_at=starts,
    )  # fmt: skip

    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert max(map(len, lines)) <= 75
    text = content.decode().replace("\r\n ", "")
    assert "DTSTART:20261124T020000Z\r\nDTEND:20261124T023000Z" in text
    assert "SUMMARY:预约\\, 兑奖\r\n" in text
    assert "DESCRIPTION:一\\n二\\; 三\r\n" in text
    assert f"LOCATION:{'兑奖中心；' * 12}\r\n" in text


def test_the_figures_are_policies(won):
    """F083: dated, by centre; nothing that was never set lets anybody in."""
    now = database_time()
    assert appointments.figures("", at=now) == appointments.Figures(
        minutes=30, seats=3, days_ahead=30, notice_hours=2
    )
    for key in appointments.GENESIS:
        assert policies.title(key) != key
    figure(appointments.SEATS, 0)
    assert free_times(won) == []
    assert asked(won, won.prize(won.bob), _next_half_hour()) == "appointment_seat_is_free"


def _next_half_hour() -> datetime:
    """A time of the centre in three days, at noon."""
    return _noon(dates.in_shanghai(database_time()).date() + timedelta(days=3))


def _noon(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), dates.SHANGHAI) + timedelta(hours=12)
