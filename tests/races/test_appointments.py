"""Twenty want one of the three seats of a time at the centre: three get it (F083)."""

from __future__ import annotations

from functools import partial

import pytest

from lottery_portal.lib.db import database_time
from prizes.centre_models import Appointment
from prizes.models import Prize
from prizes.redemption import appointments
from tests import make_claims as make
from tests.at_once import at_once

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def many() -> make.Won:
    """Carol has twenty prizes that wait."""
    return make.counting_as_real(make.settled(further=19))


@pytest.mark.thorough
def test_twenty_want_the_three_seats_of_one_time(begin):
    """F083: capacity is never exceeded concurrently; seventeen are told so, and may book beside."""
    won = begin(many)
    prizes = list(Prize.objects.filter(owner=won.carol, route="CENTRE").order_by("pk")[:20])
    (place,) = appointments.centres(prizes[0], at=database_time())
    days = appointments.times(place, now=database_time())
    first, second = next(times for times in days.values() if len(times) > 1)[:2]

    def book(prize, at=first):
        return appointments.book(
            prize=prize, place=place.code, starts_at=at.starts_at, actor=won.carol.user,
            now=database_time(),
        )  # fmt: skip

    outcomes = at_once([partial(book, prize) for prize in prizes])

    assert len(outcomes) == 20
    assert sum(isinstance(one, Appointment) for one in outcomes) == 3
    assert sum(isinstance(one, appointments.Full) for one in outcomes) == 17
    seats = Appointment.objects.filter(starts_at=first.starts_at).values_list("seat", flat=True)
    assert sorted(seats) == [1, 2, 3]
    left = prizes[[isinstance(one, appointments.Full) for one in outcomes].index(True)]
    assert book(left, second).seat == 1
