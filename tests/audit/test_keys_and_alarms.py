"""Keys count from when two people say so until they are withdrawn; alarms stand until cleared."""

from __future__ import annotations

import base64
from datetime import timedelta

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db.utils import Error

from audit import alarms, approvals, keys, trail
from audit.models import Alarm, LogEntry, SigningKey
from lottery_portal.lib.db import database_time
from tests import owner
from tests.at_once import at_once
from tests.audit.colleagues import employ

pytestmark = pytest.mark.django_db(transaction=True)

NEW = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
PUBLIC = NEW.public_key().public_bytes_raw()


def test_genesis_registers_the_four_keys_in_force_and_the_log_has_them(witness):
    now = database_time()
    rows = {row["role"]: row for row in keys.published()}

    assert set(rows) == {"OPERATIONS", "INDEPENDENT", "LOG", "RECEIPT"}
    assert rows["INDEPENDENT"]["key_id"] == witness.book.key_id
    for role in (keys.Role.OPERATIONS, keys.Role.LOG, keys.Role.RECEIPT):
        own = keys.own(role)
        assert keys.in_force(role, now).key_id == own.key_id == rows[role]["key_id"]
        assert base64.b64decode(rows[role]["public_key"]) == own.public
    logged = LogEntry.objects.filter(kind="signing_key").values_list("key", flat=True)
    assert set(logged) == {row["key_id"] for row in rows.values()}


def test_a_signature_is_judged_by_the_row_of_its_key():
    own, now = keys.own(keys.Role.OPERATIONS), database_time()
    signature = own.sign(b"said")

    row = keys.check(key=own.key_id, signature=signature, message=b"said", at=now)
    assert row.key_id == own.key_id
    with pytest.raises(keys.SignatureWrong):
        keys.check(key=own.key_id, signature=signature, message=b"other", at=now)
    with pytest.raises(keys.KeyUnknown):
        keys.check(key="operations-00000000", signature=signature, message=b"said", at=now)
    assert not keys.is_signed(
        algorithm="SM2", public=own.public, signature=signature, message=b"said"
    )


def test_a_key_is_changed_by_two_people_and_the_old_one_judges_the_past():
    maker, checker = employ("maker", "compliance"), employ("checker", "auditor")
    old, before = keys.own(keys.Role.OPERATIONS), database_time()
    asked = keys.request_change(
        role="OPERATIONS", public=PUBLIC, revoke=old.key_id, maker=maker.user, now=before
    )
    approvals.decide(code=asked.code, checker=checker.user, approve=True, now=database_time())
    later = database_time() + timedelta(seconds=1)

    new = keys.in_force("OPERATIONS", later)
    assert new.key_id == keys.key_id("OPERATIONS", PUBLIC)
    assert new.approval_code == asked.code
    row = keys.check(key=old.key_id, signature=old.sign(b"then"), message=b"then", at=before)
    assert row.key_id == old.key_id
    with pytest.raises(keys.KeyNotInForce):
        keys.check(key=old.key_id, signature=old.sign(b"now"), message=b"now", at=later)
    deeds = trail.read(trail.Filters(object_type="signing_key", actor="maker"))
    assert set(deeds.values_list("action", flat=True)) == {
        "audit.key_registered",
        "audit.key_revoked",
    }


def test_what_is_no_key_is_refused_before_anybody_is_asked():
    maker = employ("maker", "compliance")
    with pytest.raises(keys.KeyUnusable):
        keys.request_change(
            role="LOG", public=b"short", revoke="", maker=maker.user, now=database_time()
        )
    with pytest.raises(keys.KeyUnknown):
        keys.request_change(
            role="LOG", public=b"", revoke="log-00000000", maker=maker.user, now=database_time()
        )


@pytest.mark.parametrize("approval", ["GENESIS", "NOBODYSAIDSO"])
def test_the_database_refuses_a_key_nobody_approved(approval):
    with pytest.raises(Error):
        SigningKey.objects.create(
            key_id=keys.key_id("OPERATIONS", PUBLIC),
            role="OPERATIONS",
            algorithm=keys.ED25519,
            public_key=base64.b64encode(PUBLIC).decode(),
            valid_from=database_time(),
            approval_code=approval,
        )
    assert SigningKey.objects.count() == 4


def test_a_withdrawn_key_stays_withdrawn():
    now = database_time()
    SigningKey.objects.filter(role="RECEIPT").update(revoked_at=now)
    with owner.as_owner() as one:
        for statement in (
            "UPDATE audit_signingkey SET revoked_at = NULL WHERE role = 'RECEIPT'",
            "UPDATE audit_signingkey SET public_key = '' WHERE role = 'LOG'",
            "DELETE FROM audit_signingkey",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                one.execute(statement)


def raised(code: str = "7", **facts: object) -> Alarm:
    return alarms.raise_alarm(
        kind="tests.fire", object_type="draw", object_code=code, facts=facts, now=database_time()
    )


def test_an_alarm_is_raised_once_while_open_whoever_sees_it_first():
    results = at_once([raised, raised, raised, raised])

    assert len({alarm.code for alarm in results}) == 1
    assert Alarm.objects.count() == 1
    assert trail.read(trail.Filters(action="audit.alarm_raised")).count() == 1
    assert raised("8").code != results[0].code


def test_an_alarm_is_cleared_by_the_right_post_with_a_note_and_may_come_back():
    auditor, cashier = employ("auditor", "auditor"), employ("cashier", "cashier")
    alarm, now = raised(tickets=["X"]), database_time()
    with pytest.raises(alarms.NoteMissing):
        alarms.clear(code=alarm.code, actor=auditor.user, note=" ", now=now)
    with pytest.raises(alarms.MayNotClear):
        alarms.clear(code=alarm.code, actor=cashier.user, note="fine", now=now)
    assert [one.code for one in alarms.open_now()] == [alarm.code]

    alarms.clear(code=alarm.code, actor=auditor.user, note="a false alarm", now=now)

    assert alarms.open_now() == []
    with pytest.raises(alarms.UnknownAlarm):
        alarms.clear(code=alarm.code, actor=auditor.user, note="again", now=now)
    assert raised().code != alarm.code


def test_an_alarm_settles_by_itself_when_the_thing_is_right_again():
    alarm = raised()
    alarms.settle(kind="tests.fire", object_type="draw", object_code="7", now=database_time())
    alarms.settle(kind="tests.fire", object_type="draw", object_code="7", now=database_time())

    alarm.refresh_from_db()
    assert alarm.cleared_at is not None
    assert alarm.cleared_by is None


def test_what_an_alarm_said_stands():
    raised()
    with owner.as_owner() as one:
        for statement in (
            "UPDATE audit_alarm SET facts = '{}', kind = 'x'",
            "DELETE FROM audit_alarm",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                one.execute(statement)
