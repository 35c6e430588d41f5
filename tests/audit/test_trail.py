"""The trail: written by one function, in the transaction of the deed, and never changed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from audit import people, trail
from lottery_portal.lib.db import database_time, violated

from .colleagues import employ

pytestmark = pytest.mark.django_db


def _record(**said):
    facts = {"action": "tests.noted", "actor": None, "object_type": "note", "object_code": "N1"}
    with transaction.atomic():
        return trail.record(**facts | said)


def test_a_record_says_who_in_which_role_did_what():
    cashier = employ("hejing", "cashier")

    number = _record(actor=cashier.user, body={"b": 1, "a": "好"}, request_id="R1")

    row = trail.read(trail.Filters()).get(pk=number)
    assert (row.actor, row.actor_roles) == (cashier.user.username, "cashier")
    assert (row.action, row.object_type, row.object_code) == ("tests.noted", "note", "N1")
    assert (row.request_id, row.body) == ("R1", '{"a":"好","b":1}')


def test_time_transaction_and_database_user_come_from_the_database():
    """F210, D21."""
    before = database_time()

    row = trail.read(trail.Filters()).get(pk=_record())

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint, session_user")
        assert (row.xid, row.db_user) == cursor.fetchone()
    assert before <= row.at <= database_time()
    assert (row.epoch, row.format_version) == (1, 1)


def test_the_house_clock_has_no_roles():
    row = trail.read(trail.Filters()).get(pk=_record())

    assert (row.actor, row.actor_roles) == (trail.SYSTEM, "")


def test_a_record_needs_the_transaction_of_its_deed():
    with pytest.raises(RuntimeError, match="needs the transaction of its caller"):
        trail.record(action="tests.noted", actor=None, object_type="note", object_code="N1")

    assert not trail.read(trail.Filters(action="tests.")).exists()


def test_a_record_goes_with_its_deed():
    def noted_and_failed():
        with transaction.atomic():
            trail.record(action="tests.noted", actor=None, object_type="note", object_code="N1")
            raise LookupError

    with pytest.raises(LookupError):
        noted_and_failed()

    assert not trail.read(trail.Filters(action="tests.")).exists()


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": object()}, {1: "a"}, {"a": "x\x00y"}])
def test_a_body_holds_only_what_has_one_canonical_form(body):
    with pytest.raises(ValueError, match=r"canonical|Keys|NUL"):
        _record(body=body)

    assert not trail.read(trail.Filters(action="tests.")).exists()


COLUMNS = (
    "epoch, format_version, xid, at, db_user, actor, actor_roles, action, object_type, object_code,"
    " request_id, body"
)
FORGED = "1, 1, 1, '2020-01-01', 'x', 'a', '', 'tests.forged', 'note', 'N1', '', '{}'"


@pytest.mark.parametrize(
    "said",
    [
        f"INSERT INTO audit_trail ({COLUMNS}) VALUES ({FORGED})",  # noqa: S608 - our own words
        (
            f"INSERT INTO audit_trail_0 (id, {COLUMNS})"  # noqa: S608 - our own words
            f" OVERRIDING SYSTEM VALUE VALUES (7, {FORGED})"
        ),
        "UPDATE audit_trail SET body = '{}'",
        "DELETE FROM audit_trail",
        "UPDATE audit_trail_0 SET body = '{}'",
        "TRUNCATE audit_trail",
        "INSERT INTO audit_epoch VALUES (2, now())",
        "ALTER TABLE audit_trail DISABLE TRIGGER ALL",
        "SELECT setval('audit_trail_id_seq', 1)",
        "SELECT nextval('audit_trail_id_seq')",
        "SET session_replication_role = replica",
        "SET SESSION AUTHORIZATION postgres",
    ],
)
def test_the_application_cannot_write_the_trail_past_its_function(said):
    """F210."""
    _record()

    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(said)

    assert trail.read(trail.Filters(action="tests.")).count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("table", ["audit_trail", "audit_trail_0"])
@pytest.mark.parametrize("said", ["UPDATE {} SET body = '{{}}'", "DELETE FROM {}"])
def test_not_even_the_owner_changes_the_trail(table, said):
    """F210."""
    _record(body={"amount_fen": 1})

    with pytest.raises(IntegrityError) as caught, connections["owner"].cursor() as cursor:
        cursor.execute(said.format(table))

    assert violated(caught.value).endswith("_never_changes")
    assert json.loads(trail.read(trail.Filters(action="tests.")).get().body) == {"amount_fen": 1}


def test_the_database_takes_no_body_that_is_not_an_object():
    with (
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT audit_record('a', '', 'tests.noted', 'note', 'N1', '', '[1]')")

    assert violated(caught.value) == "trail_body_is_json"


def test_readers_filter_by_time_deed_actor_and_object():
    cashier = employ("hejing", "cashier")
    first = _record(object_code="N1")
    second = _record(object_code="N2", actor=cashier.user, action="tests.noted_again")
    at = trail.read(trail.Filters()).get(pk=second).at

    def found(**wanted):
        return list(trail.read(trail.Filters(**wanted)).values_list("pk", flat=True))

    assert found(action="tests.") == [second, first]
    assert found(action="tests.noted_again") == [second]
    assert found(actor=cashier.user.username, object_type="note") == [second]
    assert found(object_type="note", object_code="N1") == [first]
    assert found(action="tests.", since=at) == [second]
    assert found(action="tests.", until=at) == [first]
    assert found(action="tests.", since=at + timedelta(seconds=1)) == []


def test_the_partition_after_the_one_in_use_is_there_before_it_is_needed():
    assert trail.make_partitions() == 0

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'audit_trail'::regclass ORDER BY 1"
        )
        assert [row[0] for row in cursor.fetchall()] == [
            "audit_trail_0",
            "audit_trail_1",
            "audit_trail_rest",
        ]


def test_names_are_asked_of_the_room_that_knows_people():
    cashier = employ("hejing", "cashier")
    names = people.names_of([cashier.user.username])

    assert trail.actor_name(cashier.user.username, names) == "Hejing"
    assert trail.actor_name("somebody", names) == "somebody"
    assert trail.actor_name(trail.SYSTEM, names) != trail.SYSTEM
