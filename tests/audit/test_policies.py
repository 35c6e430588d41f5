"""Policy parameters: read at a moment, written by genesis, changed under four eyes (D12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction

from audit import approvals, policies, trail
from lottery_portal.lib.db import database_time, violated

from .colleagues import NOW, employ

pytestmark = pytest.mark.django_db
KEY = "tests.cap_fen"


def _genesis(value=100, *, scope="", now=NOW):
    with transaction.atomic():
        policies.set_genesis(key=KEY, scope=scope, value=value, reason="First figure", now=now)


def _change(value, *, valid_from=None, scope=""):
    """Asked for by the treasurer and signed by the approver, at the clock's own time."""
    request = policies.request_change(
        key=KEY, scope=scope, value=value, reason="Decision 7",
        maker=employ("shenyan", "treasurer").user, now=database_time(), valid_from=valid_from,
    )  # fmt: skip
    approvals.decide(
        code=request.code,
        checker=employ("luping", "approver").user,
        approve=True,
        now=database_time(),
    )
    return request


def test_a_genesis_figure_holds_for_every_moment():
    _genesis()

    assert policies.read(KEY, at=datetime(2024, 1, 1, tzinfo=UTC)) == 100
    assert policies.read(KEY, at=NOW) == 100


def test_a_scope_has_its_own_figure_or_the_general_one():
    _genesis()
    _genesis(70, scope="ssq")

    assert policies.read(KEY, at=NOW, scope="ssq") == 70
    assert policies.read(KEY, at=NOW, scope="dlt") == 100
    assert policies.read(KEY, at=NOW) == 100


def test_a_figure_nobody_set_is_a_mistake():
    with pytest.raises(LookupError):
        policies.read("tests.unknown", at=NOW)


def test_genesis_says_a_thing_once():
    _genesis()
    _genesis()

    assert [row.value for row in policies.history(KEY)] == [100]
    assert trail.read(trail.Filters(action="audit.policy_set", object_code=KEY)).count() == 1


def test_a_change_holds_from_its_moment_on_and_the_past_keeps_its_figure():
    _genesis()
    later = database_time() + timedelta(days=1)

    request = _change(250, valid_from=later)

    assert policies.read(KEY, at=later - timedelta(microseconds=1)) == 100
    assert policies.read(KEY, at=later) == 250
    newest = policies.history(KEY)[0]
    assert (newest.approval_code, newest.reason) == (request.code, "Decision 7")


def test_a_change_without_a_date_holds_from_the_signature_on():
    _genesis()

    _change(250)

    assert policies.read(KEY, at=NOW) == 100
    assert policies.read(KEY, at=database_time()) == 250


def test_a_change_waits_for_another_person():
    _genesis()
    request = policies.request_change(
        key=KEY, value=250, reason="Decision 7", maker=employ("shenyan", "treasurer").user, now=NOW
    )

    assert request.payload["instead_of"] == 100
    assert policies.read(KEY, at=database_time()) == 100


@pytest.mark.parametrize(
    ("key", "value", "days", "refusal"),
    [
        ("tests.unknown", 1, 1, policies.UnknownPolicy),
        (KEY, "250", 1, policies.WrongPolicyValue),
        (KEY, True, 1, policies.WrongPolicyValue),
        (KEY, 250, -1, policies.PolicyInThePast),
    ],
)
def test_a_change_that_makes_no_sense_is_not_even_asked_for(key, value, days, refusal):
    _genesis()

    with pytest.raises(refusal):
        policies.request_change(
            key=key, value=value, reason="Decision 7", maker=employ("shenyan", "treasurer").user,
            now=NOW, valid_from=NOW + timedelta(days=days),
        )  # fmt: skip

    assert not trail.read(trail.Filters(action="audit.approval_requested")).exists()


INSERT = (
    "INSERT INTO audit_policyparameter (key, scope, value, valid_from, approval_code, reason,"
    " recorded_at) VALUES (%s, '', %s, %s, %s, 'forged', now())"
)


@pytest.mark.parametrize("change", ["value", "moment", "code"])
def test_the_application_cannot_write_a_figure_nobody_approved(change):
    _genesis()
    later = database_time() + timedelta(days=1)
    code = _change(250, valid_from=later).code
    forged = {
        "value": [KEY, "999", later + timedelta(days=1), code],
        "moment": [KEY, "250", later + timedelta(days=1), code],
        "code": [KEY, "250", later, "NONE"],
    }[change]

    with (
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(INSERT, forged)

    assert violated(caught.value) == "policy_as_approved"
    assert [row.value for row in policies.history(KEY)] == [250, 100]


def test_one_approval_sets_one_figure():
    _genesis()
    later = database_time() + timedelta(days=1)
    code = _change(250, valid_from=later).code

    with (
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(INSERT, [KEY, "250", later, code])

    assert violated(caught.value) == "policy_once_per_moment"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_genesis_is_over_when_a_ticket_exists():
    _genesis()
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE sales_ticket RENAME TO sales_ticket_real")
        cursor.execute("CREATE TABLE sales_ticket AS SELECT 1 AS id")

    _genesis()
    with pytest.raises(policies.GenesisIsOver):
        _genesis(999)

    assert [row.value for row in policies.history(KEY)] == [100]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "said", ["UPDATE audit_policyparameter SET reason = 'x'", "DELETE FROM audit_policyparameter"]
)
def test_not_even_the_owner_changes_a_figure(said):
    _genesis()

    with pytest.raises(IntegrityError) as caught, connections["owner"].cursor() as cursor:
        cursor.execute(said)

    assert violated(caught.value) == "audit_policyparameter_never_changes"
