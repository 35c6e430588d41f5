"""Checkpoints name each other: none is taken out unseen (F210)."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit import keys, log, notes, sequencing, trail
from audit.models import Checkpoint
from lottery_portal.lib.db import database_time
from tests import owner
from tests.audit.test_log import caught_up

pytestmark = pytest.mark.django_db(transaction=True)


def grown(times: int) -> None:
    """So many checkpoints more."""
    for _time in range(times):
        with transaction.atomic():
            trail.record(action="x.y", actor=None, object_type="x", object_code="y")
        sequencing.run_all()


@pytest.mark.thorough
def test_an_older_checkpoint_that_is_gone_is_missed_by_the_one_after_it(monkeypatch):
    """F210: each names the one before, so that of thousands none is taken out unseen.

    The signatures of all but the newest are left aside here: the chain says it without them.
    """
    monkeypatch.setattr(log, "SIGNATURES", 1)
    caught_up()
    with owner.as_owner() as one:
        grown(2)
        sizes = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))
        assert len(sizes) == 3
        one.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
        one.execute("DELETE FROM audit_checkpoint WHERE size = %s", [sizes[1]])
        one.execute("ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_stands")
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())  # the witness has nothing against it

    (found,) = log.differences(now=database_time())

    assert (found.kind, found.key, found.what) == ("checkpoint", str(sizes[2]), "chain")

    with owner.as_owner() as one:
        one.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
        one.execute("DELETE FROM audit_checkpoint WHERE size = %s", [sizes[0]])
        one.execute("ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_stands")
    (found,) = log.differences(now=database_time())
    assert (found.key, found.what) == (str(sizes[2]), "chain")


def test_who_has_the_logs_key_too_cannot_close_the_chain_over_the_gap():
    """F210: the witness does not sign another text for the size it has seen."""
    caught_up()
    grown(2)
    caught_up()
    with owner.as_owner() as one:
        first, gone, last = Checkpoint.objects.order_by("size")
        text = notes.checkpoint_text(
            size=last.size, root=bytes.fromhex(last.root), before=notes.digest_of(first.text)
        )
        one.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
        one.execute("DELETE FROM audit_checkpoint WHERE size = %s", [gone.size])
        one.execute(
            "UPDATE audit_checkpoint SET text = %s, cosigned_text = NULL, cosigned_at = NULL"
            " WHERE size = %s",
            [notes.signed(text, key=keys.own(keys.Role.LOG)), last.size],
        )
        one.execute("ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_stands")

    found = {(one.kind, one.what, one.detail) for one in log.differences(now=database_time())}

    assert found == {("log", "witness", "another checkpoint of the same size")}
