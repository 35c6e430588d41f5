"""Several connections read one moment, in order, and end with whoever reads."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection

from accounts.models import User
from lottery_portal.lib import lanes
from tests import make
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def _players(_part: object = None) -> int:
    return User.objects.count()


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "lane"]


def test_parts_come_in_their_order_from_connections_of_their_own():
    """F057: as many lanes as asked for, and none that is left behind."""

    def read(part: int) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return part, cursor.fetchone()[0]

    with lanes.one_moment(), lanes.read_ahead(range(20), read, lanes=3) as parts:
        got = list(parts)

    assert [part for part, _backend in got] == list(range(20))
    assert len({backend for _part, backend in got}) == 3
    assert not _threads()


def test_lanes_read_the_moment_of_who_asks():
    """F057, F072: what is committed meanwhile is seen by none of them."""
    make.shadow_player()
    with lanes.one_moment():
        before = _players()
        with as_owner() as owner:
            _insert_one(owner)
        with (
            lanes.alongside(_players) as there,
            lanes.read_ahead(range(4), _players) as parts,
        ):
            assert [*parts, there()] == [before] * 5
    assert _players() == before + 1


def _insert_one(owner):
    owner.execute(
        "INSERT INTO accounts_user SELECT (jsonb_populate_record(NULL::accounts_user,"
        ' to_jsonb(u) || \'{"id": 777000777, "username": "late"}\')).*'
        " FROM accounts_user u ORDER BY u.id LIMIT 1"
    )


@pytest.mark.parametrize("wrong", [3, 9])
def test_what_goes_wrong_in_a_lane_goes_wrong_for_who_waits(wrong):
    """F057: half of what was asked for is never taken for the whole."""

    def read(part: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / %s", [part - wrong])
        return part

    with (
        pytest.raises(DatabaseError),
        lanes.one_moment(),
        lanes.read_ahead(range(10), read) as parts,
    ):
        list(parts)
    assert not _threads()


def test_a_lane_of_a_moment_that_is_over_reads_nothing():
    """F057: a snapshot that nobody holds is refused, not replaced by the present one."""
    lane = lanes.Lane([1, 2], _players, "00000000-00000000-1")

    with pytest.raises(DatabaseError):
        lane.next()

    lane.stop()


def test_who_stops_early_leaves_no_lane_behind():
    """F072: a settlement that fails half-way does not go on reading."""
    with lanes.one_moment(), lanes.read_ahead(range(1_000), _players) as parts:
        next(parts)

    assert not _threads()
