"""The horizon: the log passes nothing by that commits late, and waits for nobody else (F210)."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from audit import sequencing
from tests import owner
from tests.audit.noted import add, sequenced_notes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cursor_over_ids_passes_by_what_commits_late_and_the_horizon_does_not():
    """F210: the negative control and the real thing, over the same two transactions."""
    seen: list[str] = []
    last = 0
    with owner.as_owner() as slow, owner.as_owner() as quick:

        def naive() -> None:
            nonlocal last
            found = quick.execute(
                "SELECT id, key FROM audit_entry WHERE kind = 'note' AND id > %s ORDER BY id",
                [last],
            ).fetchall()
            seen.extend(key for _id, key in found)
            last = max([last, *(pk for pk, _key in found)])

        with slow.transaction():
            add(slow, "first")
            add(quick, "second")
            naive()
            sequencing.run_all()
            assert sequenced_notes() == []
        naive()
    sequencing.run_all()

    assert seen == ["second"]  # the naive cursor lost the first for ever
    assert sequenced_notes() == ["first", "second"]


def test_what_is_rolled_back_is_not_waited_for():
    with owner.as_owner() as one, one.transaction(force_rollback=True):
        add(one, "never")
    with owner.as_owner() as one:
        add(one, "after")

    sequencing.run_all()

    assert sequenced_notes() == ["after"]


def test_a_transaction_of_another_database_does_not_hold_the_log_back():
    """F210: transaction ids are of the whole server; what runs elsewhere adds nothing here."""
    with (
        owner.as_owner() as one,
        owner.as_owner(of="postgres") as elsewhere,
        elsewhere.transaction(force_rollback=True),
    ):
        elsewhere.execute("CREATE TEMP TABLE written ON COMMIT DROP AS SELECT 1")
        add(one, "meanwhile")
        assert is_in_our_snapshot(elsewhere)

        sequencing.run_all()

        assert sequenced_notes() == ["meanwhile"]


def test_a_transaction_of_this_database_holds_the_log_back_until_it_is_over():
    """F210: even one that has added nothing, for it still may."""
    with owner.as_owner() as one, owner.as_owner() as slow:
        with slow.transaction(force_rollback=True):
            slow.execute("CREATE TEMP TABLE written ON COMMIT DROP AS SELECT 1")
            add(one, "meanwhile")
            assert is_in_our_snapshot(slow)

            sequencing.run_all()
            assert sequenced_notes() == []

        sequencing.run_all()

    assert sequenced_notes() == ["meanwhile"]


def is_in_our_snapshot(of: psycopg.Connection) -> bool:
    """Whether the transaction that connection is in counts as running for us."""
    (number,) = of.execute("SELECT pg_current_xact_id_if_assigned()::text").fetchone() or ("",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT xid::text FROM pg_snapshot_xip(pg_current_snapshot()) AS r (xid)")
        return (number,) in cursor.fetchall()
