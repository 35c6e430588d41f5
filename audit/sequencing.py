"""The sequencer: entries get their places, the tree grows, a checkpoint is signed and cosigned.

Whoever adds an entry waits for nobody. `run_once` gives places to what is below the horizon of
running transactions (`audit_sequence`), grows the kept tree and signs a checkpoint, all in one
short transaction: killed at any point, either all of it stands or nothing. Several sequencers may
run; one at a time does something. The witness is asked afterwards, outside.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from lottery_portal.lib.db import database_time, door

from . import alarms, keys, notes, tree, witnesses
from .models import Checkpoint

MOST_AT_ONCE = 10_000
FRESH = timedelta(minutes=10)  # how far our clock and the witness's may be apart
LAG_ALARM_SECONDS = 5.0
WITNESS_ALARM_SECONDS = 60.0
_LOG = ("log", "main")
_WITNESS = ("witness", "main")


@dataclass(frozen=True)
class Ran:
    """What one run did: how many entries got a place, and whether more may be waiting."""

    given: int
    has_more: bool


class Stored:
    """The kept tree in the database: leaves are the sequenced entries."""

    def hashes(self, level: int, start: int, stop: int, /) -> Sequence[bytes]:
        """The hashes of a level."""
        if start >= stop:
            return []
        sql = (
            "SELECT leaf FROM audit_sequenced WHERE seq >= %s AND seq < %s ORDER BY seq"
            if level == 0
            else "SELECT hash FROM audit_treehash WHERE place >= %s AND place < %s AND level = %s"
            " ORDER BY place"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [start, stop] if level == 0 else [start, stop, level])
            found = [bytes(row[0]) for row in cursor.fetchall()]
        if len(found) != stop - start:
            raise LookupError("the kept tree lacks hashes")
        return found


@door
def run_once(*, most: int = MOST_AT_ONCE) -> Ran:
    """Give places to at most `most` entries and sign the checkpoint over all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_sequence(%s)", [most])
        (given,) = cursor.fetchone()
        if given < 0:
            return Ran(0, has_more=False)
        newest = Checkpoint.objects.order_by("-size").values_list("size", "text").first()
        covered, before = newest or (0, None)
        cursor.execute("SELECT leaf FROM audit_sequenced WHERE seq >= %s ORDER BY seq", [covered])
        leaves = [bytes(row[0]) for row in cursor.fetchall()]
    if leaves:
        _sign(covered, leaves, before=notes.digest_of(before))
    return Ran(given, has_more=given == most)


def _sign(covered: int, leaves: Sequence[bytes], *, before: str) -> None:
    grower = tree.Grower(covered, Stored())
    completed = list(grower.extend(leaves))
    root = grower.root()
    text = notes.checkpoint_text(size=grower.size, root=root, before=before)
    with connection.cursor() as cursor:
        if completed:
            cursor.executemany(
                "INSERT INTO audit_treehash (level, place, hash) VALUES (%s, %s, %s)", completed
            )
        cursor.execute(
            "INSERT INTO audit_checkpoint (size, root, text, at) VALUES (%s, %s, %s, now())",
            [grower.size, root.hex(), notes.signed(text, key=keys.own(keys.Role.LOG))],
        )


def run_all(*, most: int = MOST_AT_ONCE) -> int:
    """Run until nothing is waiting below the horizon; how many entries got a place."""
    total = 0
    while True:
        ran = run_once(most=most)
        total += ran.given
        if not ran.has_more:
            return total


def cosign_latest(*, now: datetime) -> bool:
    """Have the witness cosign the newest checkpoint, unless it has; whether it stands cosigned.

    A witness that is behind (it was killed, or we were, between its answer and our row) is asked
    again from the size it knows. Refusals of the witness raise an alarm and `WitnessRefuses`.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None or newest.cosigned_text is not None:
        return newest is not None
    known = _last_cosigned(newest.size)
    line = _ask(known, newest, now)
    _keep(newest.size, notes.with_line(newest.text, line))
    alarms.settle(
        kind="audit.witness_away", object_type=_WITNESS[0], object_code=_WITNESS[1], now=now
    )
    return True


def confirm_latest(*, now: datetime) -> None:
    """Ask the witness about the newest checkpoint even if it is cosigned: does it still agree?

    After a restore of an older state the rows look right to themselves; the witness knows more.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is not None:
        _ask(_last_cosigned(newest.size), newest, now)


def _last_cosigned(limit: int) -> int:
    found = Checkpoint.objects.filter(cosigned_text__isnull=False, size__lte=limit)
    return found.order_by("-size").values_list("size", flat=True).first() or 0


def _ask(known: int, newest: Checkpoint, now: datetime) -> str:
    try:
        line = _asked_from(known, newest)
        _check(newest, line)
    except witnesses.WitnessRefuses as refusal:
        alarms.raise_alarm(
            kind="audit.witness_refuses",
            object_type=_WITNESS[0],
            object_code=_WITNESS[1],
            facts={"difference": refusal.difference, "size": newest.size, "root": newest.root},
            now=now,
        )
        raise
    return line


def _check(newest: Checkpoint, line: str) -> None:
    """Who answers is our witness, and answers now: a row once cosigned stays as it is.

    Somebody else at its address has not its key; what it signed before stands in our own rows, so
    that an old line would say "agreed" of a log that was put back.
    """
    known = keys.public_of(keys.Role.INDEPENDENT)
    if not known:  # the house is being set up: its key is registered in a moment
        raise witnesses.WitnessUnreachable
    now, note = database_time(), notes.with_line(newest.text, line)
    at = [notes.cosigned_at(note, public=public, name=f"witness/{key}") for key, public in known]
    if not any(found is not None and abs(now - found) <= FRESH for found in at):
        raise witnesses.WitnessRefuses(difference="the answer is not signed by its key, now")


def _asked_from(known: int, newest: Checkpoint) -> str:
    for _attempt in range(3):
        proof = tree.consistency_path(old=known, new=newest.size, levels=Stored())
        try:
            return witnesses.cosign(note=newest.text, old_size=known, proof=proof)
        except witnesses.WitnessRefuses as refusal:
            size = refusal.facts.get("size")
            begins_elsewhere = refusal.difference == "the proof begins elsewhere"
            if not begins_elsewhere or not isinstance(size, int) or not 0 <= size <= newest.size:
                raise
            known = size
    raise witnesses.WitnessUnreachable


@door
def _keep(size: int, note: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_checkpoint SET cosigned_text = %s, cosigned_at = now()"
            " WHERE size = %s AND cosigned_at IS NULL",
            [note, size],
        )


def waiting_seconds() -> float:
    """How long the oldest entry without a place has been waiting; 0.0 when none is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(extract(epoch FROM clock_timestamp() - min(w.at)), 0)::float8
              FROM (SELECT e.at FROM audit_entry e
                     WHERE (e.epoch, e.xid, e.id) > (
                           SELECT coalesce(max(l.epoch), 0::smallint), coalesce(max(l.xid), 0),
                                  coalesce(max(l.entry_id), 0)
                             FROM (SELECT * FROM audit_sequenced ORDER BY seq DESC LIMIT 1) l)
                     ORDER BY e.epoch, e.xid, e.id LIMIT 100000) w
            """
        )
        (seconds,) = cursor.fetchone()
    return float(seconds)


class Watch:
    """Raises and settles the alarms of a running sequencer, looking once a second at most."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        self._away_since: float | None = None

    def look(self, *, now: datetime) -> None:
        """Raise an alarm while the log lags; it settles by itself when the log has caught up."""
        if time.monotonic() - self._looked_at < 1:
            return
        self._looked_at = time.monotonic()
        lag = waiting_seconds()
        if lag > LAG_ALARM_SECONDS:
            alarms.raise_alarm(
                kind="audit.log_lags",
                object_type=_LOG[0],
                object_code=_LOG[1],
                facts={"seconds": round(lag), "oldest_transactions": oldest_transactions()},
                now=now,
            )
        else:
            alarms.settle(kind="audit.log_lags", object_type=_LOG[0], object_code=_LOG[1], now=now)

    def witness_is(self, *, away: bool, now: datetime) -> None:
        """Raise an alarm when the witness has been away for a minute."""
        if not away:
            self._away_since = None
            return
        self._away_since = self._away_since or time.monotonic()
        if time.monotonic() - self._away_since > WITNESS_ALARM_SECONDS:
            alarms.raise_alarm(
                kind="audit.witness_away",
                object_type=_WITNESS[0],
                object_code=_WITNESS[1],
                facts={},
                now=now,
            )


def oldest_transactions() -> list[str]:
    """Who holds the horizon back: application and age of the oldest writing transactions."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(nullif(application_name, ''), usename, '?') || ' '
                   || extract(epoch FROM clock_timestamp() - xact_start)::integer || ' s'
              FROM pg_stat_activity
             WHERE backend_xid IS NOT NULL AND datname = current_database()
               AND pid <> pg_backend_pid()
             ORDER BY xact_start LIMIT 3
            """
        )
        return [row[0] for row in cursor.fetchall()]
