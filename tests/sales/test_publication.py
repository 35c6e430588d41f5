"""From the close to a published seal: two signatures, serials, proofs, the witness's word."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.models import Model
from psycopg import sql

from audit import alarms, catalogue, keys, tree, witnesses
from games import draws, seals
from games.models import Draw, SealStatement
from games.seal_models import SealPublication, SealSignature
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.lanes import one_moment
from sales import canonical, rolling, sealed_export, sealing
from tests import make, make_draws, owner
from tests.at_once import at_once
from tests.sales.test_sealing import sold_out_draw

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_place(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def test_a_seal_is_signed_by_two_keys_and_published_before_the_draw():
    """F057: statement, two signatures, publication; each step once, however often it is asked."""
    draw = make.shadow_draw(closes_in=timedelta(seconds=3), draws_in=timedelta(hours=1))
    make.ticket(make.shadow_player(wallet=2_00), draw)
    make.closed(draw)

    first = sealing.complete(draw=draw, now=database_time())
    again = sealing.complete(draw=draw, now=database_time())

    assert first == again
    statement = SealStatement.objects.get(draw=draw)
    signed = {row.role: row for row in statement.signatures.all()}
    assert set(signed) == {"OPERATIONS", "INDEPENDENT"}
    for row in signed.values():
        found = keys.check(
            key=row.key_id,
            signature=base64.b64decode(row.signature),
            message=statement.statement.encode(),
            at=row.signed_at,
        )
        assert found.role == row.role
    assert signed["OPERATIONS"].signed_at < signed["INDEPENDENT"].signed_at < first.published_at
    assert first.published_at < draw.draws_at
    assert seals.problems(statement) == []


def test_the_statement_names_serials_kinds_of_bets_and_the_software():
    """F057, F229: what was sold, by kind, from which serial to which, sealed by which release."""
    draw, _sold = sold_out_draw()

    make_draws.publicly_sealed(draw)

    said = json.loads(SealStatement.objects.get(draw=draw).statement)
    assert (said["first_serial"], said["last_serial"], said["tickets"]) == (1, 3, 3)
    assert set(said["by_bet_type"]) == {"single", "multiple", "banker"}
    assert len(said["software_manifest"]) == 64


def test_serials_are_without_a_gap_and_every_ticket_has_a_proof():
    """F051, N01: count = last - first + 1; each leaf leads to the published root."""
    draw, sold = sold_out_draw()
    assert sealing.serial_of(sold[0]) is None
    assert sealing.proof_of(sold[0]) is None

    make_draws.publicly_sealed(draw)

    serials = [sealing.serial_of(one) for one in sold]
    assert serials == list(range(1, len(sold) + 1))
    lines = sealing.file_of(SealStatement.objects.get(draw=draw)).read_bytes().splitlines()[1:]
    for ticket in sold:
        proof = sealing.proof_of(ticket)
        assert proof is not None
        line = lines[proof.serial - 1]
        assert line.split(b"\t")[2].decode() == ticket.code
        assert tree.check_inclusion(
            leaf_hash=canonical.leaf(line),
            index=proof.serial - 1,
            size=proof.size,
            path=proof.path,
            root=proof.root,
        )
        assert not tree.check_inclusion(
            leaf_hash=canonical.leaf(line.replace(b"+07", b"+08", 1)),
            index=proof.serial - 1,
            size=proof.size,
            path=proof.path,
            root=proof.root,
        )


def test_what_stands_under_a_seal_never_changes():
    """F049, F057: as the owner too; without its trigger the row could be changed."""
    draw, _sold = sold_out_draw()
    make_draws.publicly_sealed(draw)

    for table in ("sales_sealblock", "games_sealsignature", "games_sealpublication"):
        with owner.as_owner() as hand:
            change, removal = (
                sql.SQL(deed).format(sql.Identifier(table))
                for deed in ("UPDATE {} SET id = id", "DELETE FROM {}")
            )
            for said in (change, removal):
                with pytest.raises(psycopg.errors.RestrictViolation):
                    hand.execute(said)
            hand.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table))
            )
            assert hand.execute(removal).rowcount > 0


@pytest.mark.thorough
def test_a_draw_is_sealed_also_when_a_guard_is_down_and_the_trail_says_so():
    """F057, F210: what was sold is fixed above all; who drops a guard stops no draw by it."""
    draw, _sold = sold_out_draw()
    with owner.as_owner() as hand:
        hand.execute("DROP TRIGGER prizes_batch_goes_forward ON prizes_batch")

    sealing.complete(draw=draw, now=database_time())

    assert SealPublication.objects.exists()
    (alarm,) = [one for one in alarms.open_now() if one.kind == catalogue.ALARM]
    assert alarm.object_code == "trigger prizes_batch.prizes_batch_goes_forward"
    noted = catalogue.last()
    assert noted is not None
    assert noted.first == ("trigger prizes_batch.prizes_batch_goes_forward: missing",)
    assert noted.at < SealStatement.objects.get(draw=draw).sealed_at


def test_a_row_edited_after_the_draw_is_found_in_its_stretch():
    """F049, F239: triggers off, one column changed; the check of all seals names where."""
    draw = make_draws.drawn(make_draws.sealed(make_draws.sold([make.single()], [make.single()])))
    call_command("verify_seals", stdout=io.StringIO())
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_ticket SET salt = sha256(salt) WHERE position = 1")
    told = io.StringIO()

    with pytest.raises(CommandError):
        call_command("verify_seals", draw.code, stdout=told)

    assert "the rows have another root, in serials 1-2" in told.getvalue()


def test_a_sealed_file_that_was_replaced_is_found():
    """F239: restored from somewhere else, or edited."""
    draw, _sold = sold_out_draw()
    make_draws.publicly_sealed(draw)
    statement = SealStatement.objects.get(draw=draw)
    path = sealing.file_of(statement)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"x1", b"x2", 1))

    assert sealing.check(statement, with_rows=False) == ["the sealed file has another digest"]


def test_the_witness_does_not_sign_what_it_was_not_told(witness):
    """F057: a ticket put in past the sale is in the file, and nobody told the witness of it."""
    draw, sold = sold_out_draw()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_ticket SET salt = sha256(salt) WHERE id = %s", [sold[1].pk])
    sealing.seal(draw=draw, now=database_time())

    with pytest.raises(witnesses.WitnessRefuses) as refusal:
        sealing.countersign(draw=draw, now=database_time())
    with pytest.raises(seals.SignaturesMissing):
        sealing.publish(draw=draw, now=database_time())

    assert sold[1].code in refusal.value.difference
    assert [alarm.kind for alarm in alarms.open_now() if alarm.object_code == draw.code] == [
        "sales.seal_refused"
    ]
    assert not SealPublication.objects.exists()
    assert [row.role for row in SealSignature.objects.all()] == ["OPERATIONS"]


def test_a_witness_that_is_away_is_asked_again(settings):
    """F057: the seal stands, the publication waits, the next attempt goes on from there."""
    draw, _sold = sold_out_draw()
    url = settings.WITNESS_URL
    settings.WITNESS_URL = "http://127.0.0.1:1"
    with pytest.raises(Refused):
        sealing.complete(draw=draw, now=database_time())
    assert draws.find(draw.code).state == "SEALED"
    assert not SealPublication.objects.exists()

    settings.WITNESS_URL = url
    sealing.complete(draw=draw, now=database_time())

    assert SealPublication.objects.count() == 1


@pytest.mark.thorough
@pytest.mark.race
def test_ten_who_seal_at_once_publish_once():
    """F057."""
    draw, _sold = sold_out_draw()

    done = at_once([lambda: sealing.complete(draw=draw, now=database_time())] * 10)

    sealing.complete(draw=draw, now=database_time())
    assert not [one for one in done if isinstance(one, Exception) and not isinstance(one, Refused)]
    assert SealStatement.objects.count() == SealPublication.objects.count() == 1
    assert SealSignature.objects.count() == 2
    connections.close_all()


@pytest.mark.thorough
@pytest.mark.race
@pytest.mark.parametrize("is_signed", [False, True])
def test_who_comes_while_another_is_at_it_waits_and_finds_it_done(is_signed, monkeypatch):
    """F057: without the lock the second fails on the unique key of the first."""
    draw, _sold = sold_out_draw()
    statement = sealing.seal(draw=draw, now=database_time())
    step: Callable[[], Model]
    if is_signed:
        sealing.countersign(draw=draw, now=database_time())
        step = partial(seals.publish, statement=statement, now=database_time())
    else:
        rolling.close(draw=draw, now=database_time())
        signed = witnesses.countersign(
            statement_text=statement.statement, file=sealing.file_of(statement)
        )
        step = partial(
            seals.record_countersignature,
            statement=statement,
            key=signed.key_id,
            algorithm=signed.algorithm,
            signature=signed.signature,
        )

    record, is_at_it = seals._record, threading.Event()  # the last of a step

    def record_when_the_other_waits(*said: Any) -> None:
        is_at_it.set()
        _until_somebody_waits()
        record(*said)

    monkeypatch.setattr(seals, "_record", record_when_the_other_waits)
    with ThreadPoolExecutor(2) as people:
        first = people.submit(_by_another, step)
        assert is_at_it.wait(20)
        second = people.submit(_by_another, step)
        assert first.result() == second.result()


def _by_another(step: Callable[[], Model]) -> Model:
    try:
        return step()
    finally:
        connections.close_all()


def _until_somebody_waits() -> None:
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT pg_sleep(0.01), count(*) FROM pg_locks WHERE NOT granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone()[1]:
                return
    raise AssertionError("nobody waits")


def test_a_draw_of_many_blocks_is_read_by_two_connections_alike(monkeypatch):
    """F057: the file, the tree and the sums do not depend on how many read."""
    draw, _sold = sold_out_draw()
    whole, file, tree_file = _written(draw)
    monkeypatch.setattr(sealed_export, "BLOCK", 1)

    by_lanes, file_by_lanes, tree_by_lanes = _written(draw)

    assert [block.tickets for block in by_lanes.blocks] == [1, 1, 1]
    assert (file_by_lanes, tree_by_lanes) == (file, tree_file)
    assert by_lanes.file_digest == whole.file_digest == hashlib.sha256(file).hexdigest()
    assert by_lanes.file_size == whole.file_size == len(file)
    assert by_lanes.by_bet_type == whole.by_bet_type
    counted = sealing.recount(draw)
    assert (counted.root, counted.blocks) == (by_lanes.root, by_lanes.blocks)
    assert counted.root == whole.root


def _written(draw: Draw) -> tuple[sealed_export.Sold, bytes, bytes]:
    file, tree_file = io.BytesIO(), io.BytesIO()
    with one_moment():
        sold = sealed_export.write(draw, file, tree_file)
    return sold, file.getvalue(), tree_file.getvalue()
