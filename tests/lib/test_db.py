"""Who owns a transaction."""

import pytest
from django.db import IntegrityError, connection, transaction

from lottery_portal.lib import db


@db.inside_transaction
def step() -> str:
    return "done"


@db.door
def deed() -> str:
    return step()


@pytest.mark.django_db
def test_a_step_demands_the_transaction_of_its_door():
    with pytest.raises(RuntimeError, match="needs the transaction"):
        step()

    assert deed() == "done"


@pytest.mark.django_db
def test_doors_do_not_nest():
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        deed()


@pytest.mark.django_db
def test_a_broken_constraint_is_known_by_name():
    with (
        pytest.raises(IntegrityError) as broken,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO jobs_job (kind, key, payload, state, attempts, error, enqueued_at,"
            " available_at) VALUES ('a', 'b', '{}', 'LOST', 0, '', now(), now())"
        )

    assert db.violated(broken.value) == "job_state_known"


@pytest.mark.django_db
def test_tests_run_as_the_role_of_the_application():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, session_user,"
            " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
        )
        assert cursor.fetchone() == ("lottery_app", "lottery_app", False)
