"""The log: nothing is passed by, nothing gets two places, and no row changes unseen (F210, N13)."""

from __future__ import annotations

import os
import re
import signal
import threading
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.utils import Error

from audit import (
    alarms,
    approvals,
    keys,
    log,
    notes,
    policies,
    sequencing,
    tree,
    witnesses,
)
from audit.models import Alarm, Checkpoint, LogEntry, SequencedEntry
from lottery_portal.lib.db import database_time
from tests import make, owner
from tests.at_once import at_once
from tests.audit.colleagues import employ
from tests.audit.noted import add, sequenced_notes
from tests.crash import killed_at, steps_of

pytestmark = pytest.mark.django_db(transaction=True)


def caught_up() -> Checkpoint:
    """The log with everything in it, cosigned."""
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    newest = log.latest()
    assert newest is not None
    return newest


def named(**asked) -> set[tuple[str, str]]:
    return {(one.kind, one.what) for one in log.differences(now=database_time(), **asked)}


@pytest.mark.thorough
def test_every_place_is_given_once_when_many_sequence_at_the_same_time():
    """F210: sequencers in several processes take turns; the root is that of one list."""
    with owner.as_owner() as one:
        for number in range(600):
            add(one, f"n{number}")

    def run() -> int:
        return sum(sequencing.run_once(most=50).given for _turn in range(12))

    results = at_once([run, run, run])
    sequencing.run_all()

    assert not [one for one in results if isinstance(one, Exception)]
    places = list(SequencedEntry.objects.order_by("seq").values_list("seq", "entry_id", "leaf"))
    assert [place for place, _entry, _leaf in places] == list(range(LogEntry.objects.count()))
    assert len({entry for _place, entry, _leaf in places}) == len(places)
    newest = log.latest()
    assert newest is not None
    assert newest.root == tree.root_of(bytes(leaf) for *_others, leaf in places).hex()
    assert named() == {("note", "unwatched")}  # what these tests add has no rows


def test_without_the_advisory_lock_the_primary_key_is_the_fence():
    """Two sequencers that both believe to be alone: one of them is refused, nothing is doubled."""
    with owner.as_owner() as one:
        sequencing.run_all()
        add(one, "once")
        (source,) = one.execute(
            "SELECT pg_get_functiondef('audit_sequence'::regproc)"
        ).fetchone() or ("",)
        assert "pg_try_advisory_xact_lock" in source
        one.execute(
            source.replace(
                "IF NOT pg_try_advisory_xact_lock(hashtext('audit_sequence'))", "IF false"
            )
        )
        with owner.as_owner() as other, one.transaction():
            one.execute("SELECT audit_sequence(1000)")
            waiting = threading.Thread(target=lambda: results.append(_refused(other)))
            results: list[bool] = []
            waiting.start()
            one.execute("SELECT pg_sleep(0.2)")
        waiting.join()
        one.execute(source)

    assert results == [True]
    assert sequenced_notes() == ["once"]


def _refused(other: psycopg.Connection) -> bool:
    try:
        other.execute("SELECT audit_sequence(1000)")
    except psycopg.errors.UniqueViolation:
        return True
    return False


@pytest.mark.thorough
def test_killed_at_every_statement_a_sequencer_leaves_all_or_nothing():
    """F210: after each kill the next run goes on; no place is lost and none is given twice."""
    make.alice(wallet=10_00)
    caught_up()
    with owner.as_owner() as one:
        add(one, "warm")
    steps = steps_of(sequencing.run_once)
    assert steps >= 4

    for step in range(1, steps + 1):
        for before in (True, False):
            with owner.as_owner() as one:
                for number in range(300):
                    add(one, f"{step}-{before}-{number}")
            killed_at(step, before=before, deed=sequencing.run_once)
            size = SequencedEntry.objects.count()
            newest = log.latest()
            assert newest is not None
            assert newest.size == size
            sequencing.run_all()

    assert SequencedEntry.objects.count() == LogEntry.objects.count()
    assert named() == {("note", "unwatched")}


def test_the_application_may_read_the_log_and_write_nothing_into_it():
    """N13: entries come from functions that the application cannot call by itself."""
    caught_up()
    for forbidden in (
        "SELECT audit_log_add('note', 'x', sha256('x'))",
        (
            "INSERT INTO audit_entry (epoch, xid, at, kind, key, hash)"
            " VALUES (1, 1, now(), 'note', 'x', sha256('x'))"
        ),
        "UPDATE audit_entry SET hash = sha256('x')",
        "DELETE FROM audit_entry",
        (
            "INSERT INTO audit_sequenced SELECT 10000, epoch, xid, entry_id, name, leaf"
            " FROM audit_sequenced LIMIT 1"
        ),
        "UPDATE audit_sequenced SET leaf = sha256('x')",
        "DELETE FROM audit_treehash",
        "UPDATE audit_checkpoint SET text = 'x'",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_signingkey SET public_key = ''",
        "DELETE FROM audit_alarm",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(forbidden)
    with (
        pytest.raises(Error, match="covers the log as it is"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO audit_checkpoint VALUES (99999, 'r', 't', now(), NULL, NULL)")


FORGERIES = {
    "a trail record": (
        "audit_trail",
        "UPDATE audit_trail SET actor = 'nobody' WHERE id = (SELECT min(id) FROM audit_trail)",
        ("trail", "changed"),
    ),
    "a trail record that is gone": (
        "audit_trail",
        "DELETE FROM audit_trail WHERE id = (SELECT max(id) FROM audit_trail)",
        ("trail", "missing"),
    ),
    "a trail record nobody wrote": (
        "audit_trail",
        (
            "INSERT INTO audit_trail (epoch, format_version, xid, at, db_user, actor, actor_roles,"
            " action, object_type, object_code, request_id, body)"
            " SELECT epoch, format_version, xid, at, db_user, actor, actor_roles, action,"
            " object_type, object_code, request_id, body FROM audit_trail LIMIT 1"
        ),
        ("trail", "unlogged"),
    ),
    "a transfer's amount": (
        "finance_transfer",
        (
            "UPDATE finance_transfer SET amount = amount + 1 WHERE id = (SELECT max(id) FROM"
            " finance_transfer)"
        ),
        ("entry", "changed"),
    ),
    "a transfer that is gone": (
        "finance_transfer",
        "DELETE FROM finance_transfer WHERE id = (SELECT max(id) FROM finance_transfer)",
        ("entry", "changed"),
    ),
    "a back-dated entry": (
        "finance_entry",
        "UPDATE finance_entry SET posted_at = posted_at - interval '1 day'",
        ("entry", "changed"),
    ),
    "whose account it is": (
        "finance_account",
        "UPDATE finance_account SET code = code || 'x' WHERE kind = 'WALLET'",
        ("account", "missing"),
    ),
    "a post": (
        "accounts_posting",
        "UPDATE accounts_posting SET valid_from = valid_from - interval '1 year'",
        ("posting", "changed"),
    ),
    "an approval": (
        "audit_approvalrequest",
        "UPDATE audit_approvalrequest SET amount_fen = 1",
        ("approval", "changed"),
    ),
    "a decision": (
        "audit_approvaldecision",
        "UPDATE audit_approvaldecision SET checker_person = 'another'",
        ("decision", "changed"),
    ),
    "a policy": (
        "audit_policyparameter",
        "UPDATE audit_policyparameter SET value = '7' WHERE key = 'approvals.checkers_needed'",
        ("policy", "changed"),
    ),
    "a rule sheet": (
        "games_rulesheet",
        "UPDATE games_rulesheet SET line_price = 1",
        ("rule_sheet", "changed"),
    ),
    "a ticket": (
        "sales_ticket",
        "UPDATE sales_ticket SET price = price + 1, sold_at = sold_at - interval '1 hour'",
        ("ticket", "changed"),
    ),
    "a ticket that is gone": (
        "sales_ticket",
        "DELETE FROM sales_ticket",
        ("ticket", "missing"),
    ),
    "the numbers on a ticket": (
        "sales_selection",
        "UPDATE sales_selection SET mask_2 = 126",
        ("ticket", "changed"),
    ),
    "a key": (
        "audit_signingkey",
        "UPDATE audit_signingkey SET public_key = repeat('A', 43) || '=' WHERE role = 'OPERATIONS'",
        ("signing_key", "changed"),
    ),
    "the hash of an entry": (
        "audit_entry",
        "UPDATE audit_entry SET hash = sha256('x') WHERE kind = 'rule_sheet'",
        ("rule_sheet", "leaf"),
    ),
    "an entry that is gone": (
        "audit_entry",
        "DELETE FROM audit_entry WHERE kind = 'account' AND key LIKE 'wallet:%'",
        ("?", "leaf"),
    ),
    "an entry put in later": (
        "audit_entry",
        (
            "INSERT INTO audit_entry (epoch, xid, at, kind, key, hash)"
            " SELECT epoch, xid, at, 'note', 'late', hash FROM audit_entry"
            " ORDER BY id LIMIT 1"
        ),
        ("note", "leaf"),
    ),
    "the place of an entry": (
        "audit_sequenced",
        "UPDATE audit_sequenced SET leaf = sha256('x') WHERE seq = 3",
        None,
    ),
    "a checkpoint": (
        "audit_checkpoint",
        "UPDATE audit_checkpoint SET root = encode(sha256('x'), 'hex')",
        ("checkpoint", "signature"),
    ),
}


# The others alter rows as these do, and as the attacks of `tests.tamper` do to every table.
ONE_OF_EACH_SORT = {
    "a transfer's amount", "a ticket that is gone", "a trail record nobody wrote", "a key",
    "the hash of an entry", "an entry that is gone", "an entry put in later",
    "the place of an entry", "a checkpoint",
}  # fmt: skip


def busy() -> None:
    """Things have happened: a purchase, an approval, everything logged."""
    maker, checker = employ("maker", "compliance"), employ("checker", "administrator")
    asked = policies.request_change(
        key="approvals.checkers_needed",
        value=2,
        reason="more eyes",
        maker=maker.user,
        now=database_time(),
    )
    approvals.decide(code=asked.code, checker=checker.user, approve=True, now=database_time())
    make.ticket(make.alice(wallet=100_00), make.draw())
    caught_up()
    assert log.differences(now=database_time()) == []


@pytest.fixture
def busy_house(begin) -> None:
    """A house in which things have happened."""
    begin(busy)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(what, marks=() if what in ONE_OF_EACH_SORT else pytest.mark.thorough)
        for what in FORGERIES
    ],
)
def test_the_owner_with_triggers_off_changes_nothing_unseen(busy_house, what):
    """F210, N13: edited, deleted, back-dated, forged: named by the object, as an alarm."""
    table, statement, expected = FORGERIES[what]
    with owner.as_owner() as one:
        partitions = one.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            [table],
        ).fetchall()
        tables = [table, *(name for (name,) in partitions)]
        referring = one.execute(
            "SELECT DISTINCT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE confrelid = %s::regclass AND conparentid = 0",
            [table],
        ).fetchall()
        for name, constraint in referring:
            one.execute(f'ALTER TABLE {name} DROP CONSTRAINT "{constraint}"')
        for name in tables:
            one.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
            one.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        done = one.execute(statement)
        assert done.rowcount
        for name in tables:
            one.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
            for (trigger,) in one.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
                " AND tgparentid = 0",
                [name],
            ).fetchall():
                one.execute(f'ALTER TABLE {name} ENABLE ALWAYS TRIGGER "{trigger}"')

    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_log", "--alarm", stdout=said)

    *found, _count = [line.split() for line in said.getvalue().splitlines()]
    if expected is not None:
        kind, what = expected
        assert [words for words in found if words[0] == kind and what in words[1:3]]
    assert found
    assert {alarm.kind for alarm in alarms.open_now()} >= {"audit.log_differs"}


@pytest.mark.thorough
def test_a_trigger_that_was_put_to_sleep_is_named(busy_house):
    said = StringIO()
    with owner.as_owner() as one:
        one.execute("ALTER TABLE games_rulesheet DISABLE TRIGGER audit_log_row")
        with pytest.raises(SystemExit):
            call_command("verify_log", stdout=said)
        assert re.search("^trigger .* unwatched", said.getvalue(), re.MULTILINE)
        one.execute("DROP TRIGGER audit_log_row ON games_rulesheet")
        assert ("rule_sheet", "unwatched") in named()


@pytest.mark.thorough
def test_a_forger_who_rewrites_rows_entries_places_and_tree_meets_the_signed_roots(busy_house):
    """N13: without the log's key nothing fits; with it, the witness remembers."""
    with owner.as_owner() as one:
        for table in ("audit_policyparameter", "audit_entry", "audit_sequenced"):
            one.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        one.execute("SET timezone = 'UTC'")
        one.execute("UPDATE audit_policyparameter SET value = '9' WHERE key LIKE 'approvals.%'")
        one.execute(
            "UPDATE audit_entry e SET hash = audit_row_hash(to_jsonb(p))"
            " FROM audit_policyparameter p WHERE e.kind = 'policy' AND e.key = p.id::text"
        )
        one.execute(
            "UPDATE audit_sequenced s SET leaf = audit_leaf(e.kind, e.key, e.hash)"
            " FROM audit_entry e WHERE e.id = s.entry_id"
        )
        for table in ("audit_policyparameter", "audit_entry", "audit_sequenced"):
            one.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    found = log.differences(now=database_time(), ask_witness=False)
    assert ("policy", "root") in {(one.kind, one.what) for one in found}

    with owner.as_owner() as one:  # now with the log's own key: a new list of checkpoints
        for table in ("audit_checkpoint", "audit_treehash"):
            one.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            one.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            one.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    sequencing.run_once()
    found = log.differences(now=database_time(), ask_witness=False)
    assert {(one.kind, one.what) for one in found} <= {
        ("trigger", "unwatched"), ("catalogue", "changed"),
    }  # fmt: skip
    assert ("log", "witness") in named()
    with pytest.raises(witnesses.WitnessRefuses) as refused:
        sequencing.cosign_latest(now=database_time())
    assert refused.value.difference in {
        "another log of the same size",
        "the log did not only grow",
    }


@pytest.mark.thorough
def test_a_database_put_back_to_an_older_state_is_noticed_by_the_witness(busy_house, witness):
    """N13: rows, log and checkpoints of a backup fit together; the witness knows more."""
    older = log.latest()
    assert older is not None
    with owner.as_owner() as one:
        add(one, "later")
    caught_up()
    with owner.as_owner() as one:
        for table in ("audit_entry", "audit_sequenced", "audit_checkpoint"):
            one.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        one.execute("DELETE FROM audit_checkpoint WHERE size > %s", [older.size])
        one.execute("DELETE FROM audit_sequenced WHERE seq >= %s", [older.size])
        one.execute("DELETE FROM audit_entry WHERE kind = 'note'")
        one.execute(
            "DELETE FROM audit_entry e WHERE NOT EXISTS (SELECT FROM audit_sequenced s"
            " WHERE s.entry_id = e.id)"
        )
        for table in ("audit_entry", "audit_sequenced", "audit_checkpoint"):
            one.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    assert ("log", "witness") in named()

    assert Alarm.objects.filter(kind="audit.witness_refuses").exists()
    kept = (witness.directory / "witness.jsonl").read_text()
    assert "the log went back" in kept
    assert older.text.split("\n")[2] in kept


def test_transaction_ids_that_begin_anew_stop_the_sequencer_until_an_epoch_is_begun():
    """After a logical restore ids are small again: nothing may be sequenced into the past."""
    caught_up()
    with owner.as_owner() as one:
        one.execute("ALTER TABLE audit_sequenced DISABLE TRIGGER USER")
        one.execute(
            "UPDATE audit_sequenced SET xid = xid + 1000000000000"
            " WHERE seq = (SELECT max(seq) FROM audit_sequenced)"
        )
        add(one, "before the epoch")
    with pytest.raises(Error, match="begin a new epoch"):
        sequencing.run_once()

    with owner.as_owner() as one:
        one.execute("INSERT INTO audit_epoch VALUES (2, clock_timestamp())")
        add(one, "in the new epoch")
    sequencing.run_all()

    assert sequenced_notes()[-1] == "in the new epoch"


def test_a_long_write_holds_the_log_up_and_that_is_an_alarm(monkeypatch):
    """A lag of more than five seconds is said, with who causes it; it settles by itself."""
    monkeypatch.setattr(sequencing, "LAG_ALARM_SECONDS", 0.0)
    caught_up()
    watch = sequencing.Watch()
    with owner.as_owner() as slow, slow.transaction():
        add(slow, "slow")
        with owner.as_owner() as quick:
            add(quick, "waiting")
        sequencing.run_all()
        assert sequencing.waiting_seconds() > 0
        watch.look(now=database_time())
        alarm = Alarm.objects.get(kind="audit.log_lags")
        assert alarm.cleared_at is None
        assert alarm.facts["oldest_transactions"]
    sequencing.run_all()
    monkeypatch.setattr(sequencing, "LAG_ALARM_SECONDS", 5.0)
    sequencing.Watch().look(now=database_time())

    alarm.refresh_from_db()
    assert alarm.cleared_at is not None


def test_the_log_proves_an_entry_to_who_has_the_keys_and_nothing_else(busy_house):
    """F210: row, hash, leaf, path, root, signature of the log, cosignature of the witness."""
    proof = log.inclusion("policy", LogEntry.objects.filter(kind="policy")[0].key)

    leaf = tree.leaf(f"entry/1\t{proof['kind']}\t{proof['key']}\t{proof['hash']}".encode())
    assert tree.check_inclusion(
        leaf_hash=leaf,
        index=proof["seq"],
        size=proof["size"],
        path=[bytes.fromhex(one) for one in proof["path"]],
        root=bytes.fromhex(proof["root"]),
    )
    import hashlib  # noqa: PLC0415

    assert hashlib.sha256(proof["row"].encode()).hexdigest() == proof["hash"]
    assert notes.is_signed_by_log(proof["checkpoint"], public=keys.own("LOG").public)
    witness_key = witnesses.key()
    assert notes.cosigned_at(proof["checkpoint"], public=witness_key.public, name=witness_key.name)
    with pytest.raises(log.NotInTheLog):
        log.inclusion("policy", "no such key")


def test_proofs_of_several_things_stand_in_checkpoints_that_only_grow(busy_house):
    first = LogEntry.objects.filter(kind="rule_sheet")[0]
    with owner.as_owner() as one:
        add(one, "later")
    caught_up()

    said = log.proofs([("seal", "rule_sheet", first.key), ("other", "note", "later")])

    small, large = said["checkpoints"]
    root = [bytes.fromhex(Checkpoint.objects.get(size=one["size"]).root) for one in (small, large)]
    assert small["consistency"] == []
    assert tree.check_consistency(
        old=small["size"],
        old_root=root[0],
        new=large["size"],
        new_root=root[1],
        path=[bytes.fromhex(one) for one in large["consistency"]],
    )
    assert [one["size"] for one in said["entries"]] == [small["size"], large["size"]]


def test_a_running_sequencer_ends_when_told_and_has_done_its_work():
    connections.close_all()  # whoever closes them after the fork ends those of both
    pid = os.fork()
    if pid == 0:
        try:
            call_command("sequence")
            os._exit(0)
        finally:
            os._exit(1)
    try:
        with owner.as_owner() as one:
            add(one, "for the process")
        until = 100
        while "for the process" not in sequenced_notes() and until:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.1)")
            until -= 1
    finally:
        os.kill(pid, signal.SIGTERM)
        _pid, status = os.waitpid(pid, 0)

    assert os.WEXITSTATUS(status) == 0
    assert sequenced_notes() == ["for the process"]
