"""The log, read: its newest checkpoint, proofs out of it, and everything in which it and the rows
differ.

`differences` compares the rows behind it (`logged_rows`), in one moment, with the entries,
the entries with their places, the places with every signed checkpoint, the newest checkpoint with
what the witness remembers, and what the database is made of with what was released. An edited,
deleted or back-dated row, a row nobody logged, a forged entry and a log that was put back are each
named.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.sentences import sentence

from . import (
    alarms,
    catalogue,
    keys,
    logged_rows,
    notes,
    sequencing,
    trail,
    tree,
    witnesses,
)
from .models import Checkpoint

logger = logging.getLogger(__name__)

NAMED = 200  # differences of one kind that are named one by one
FETCH = 20_000
SIGNATURES = 2_000  # newest checkpoints whose signatures are checked each time
ALARMS = 20
SLACK = "10 seconds"  # between the clocks of two rows that were written one after the other


READABLE = sentence(gettext_noop("may be read under seal"))
PASSED_BY = sentence(gettext_noop("passed by"))
PLACE = sentence(gettext_noop("place %(place)s"))
OUT_OF_ORDER = sentence(gettext_noop("place %(place)s out of order"))
GAP = sentence(gettext_noop("a place is missing"))
GONE = sentence(gettext_noop("entries of this checkpoint are gone"))
ONE_OF = sentence(gettext_noop("one of places %(first)s to %(last)s"))
NOT_OF_THE_LOG = sentence(gettext_noop("not the log's"))
NOT_OF_THE_WITNESS = sentence(gettext_noop("not the witness's"))
NO_ANSWER = sentence(gettext_noop("the witness does not answer"))
NO_TREE = sentence(gettext_noop("the newest checkpoint has no tree to prove"))


class NotInTheLog(Refused):
    """No such entry has a place yet."""

    code, status = "log_entry_unknown", 404
    message = _("The log does not hold this yet. New entries take a second.")


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was logged. `what` is a word, `detail` says more.

    The words: changed, missing, unlogged, relogged (what never changes has another hash now), late
    (a ticket after the sale), unwatched, leaf, time, root, signature, chain, witness, unreadable;
    of the objects of the database those of `catalogue.Difference`.
    """

    kind: str
    key: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.key, self.what, self.detail) if part)


_CHECKS: dict[str, Callable[[], Iterator[Difference]]] = {}


def register_check(name: str, check: Callable[[], Iterator[Difference]]) -> None:
    """Say how a room compares what has no hash of its own in the log but follows from what has."""
    if name in _CHECKS:
        message = f"Two checks named {name}."
        raise RuntimeError(message)
    _CHECKS[name] = check


def latest() -> Checkpoint | None:
    """The newest checkpoint, cosigned or not yet; None while the log is empty."""
    return Checkpoint.objects.order_by("-size").first()


def latest_cosigned() -> Checkpoint | None:
    """The newest checkpoint that the witness has cosigned."""
    return Checkpoint.objects.filter(cosigned_at__isnull=False).order_by("-size").first()


def lag() -> float:
    """Seconds for which the oldest entry has been waiting for its place."""
    return sequencing.waiting_seconds()


def place_of(kind: str, key: str) -> int:
    """The place of the newest entry of this thing, or `NotInTheLog`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.seq FROM audit_sequenced s
              JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
             WHERE s.name = hashtextextended(%s || E'\\t' || %s, 0) AND e.kind = %s AND e.key = %s
             ORDER BY s.seq DESC LIMIT 1
            """,
            [kind, key, kind, key],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotInTheLog
    return int(row[0])


def first_logged(kind: str, things: Sequence[str]) -> dict[str, datetime]:
    """When each of these things came into the log, of those that have their place."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.key, min(e.at) FROM unnest(%s::text[]) AS k (key)
              JOIN audit_sequenced s ON s.name = hashtextextended(%s || E'\\t' || k.key, 0)
              JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
             WHERE e.kind = %s AND e.key = k.key GROUP BY k.key
            """,
            [list(things), kind, kind],
        )
        return dict(cursor.fetchall())


def inclusion(kind: str, key: str) -> dict[str, Any]:
    """The proof that the newest entry of this thing is in a signed checkpoint, as plain facts.

    In the newest checkpoint the witness has cosigned that holds it, else in the newest of all.
    """
    seq = place_of(kind, key)
    checkpoint = latest_cosigned()
    if checkpoint is None or checkpoint.size <= seq:
        checkpoint = latest()
    if checkpoint is None or checkpoint.size <= seq:
        raise NotInTheLog
    entry = _entry(kind, key, seq, checkpoint.size)
    return {
        "format": "log-proof/1",
        **entry,
        "root": checkpoint.root,
        "checkpoint": checkpoint.cosigned_text or checkpoint.text,
    }


def proofs(evidence: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """`log-proofs/1` for things (what it is evidence of, kind, key), in cosigned checkpoints.

    Each is proved in the first cosigned checkpoint that holds it; the checkpoints ascend, each with
    the proof that it only continues the one before.
    """
    held = []
    for of, kind, key in evidence:
        seq = place_of(kind, key)
        checkpoint = (
            Checkpoint.objects.filter(size__gt=seq, cosigned_at__isnull=False)
            .order_by("size")
            .first()
        )
        if checkpoint is None:
            raise NotInTheLog
        held.append((of, kind, key, seq, checkpoint))
    by_size = {checkpoint.size: checkpoint for *_others, checkpoint in held}
    chain, before = [], 0
    for size in sorted(by_size):
        path = tree.consistency_path(old=before, new=size, levels=sequencing.Stored())
        text = by_size[size].cosigned_text
        chain.append({"size": size, "text": text, "consistency": [one.hex() for one in path]})
        before = size
    return {
        "format": "log-proofs/1",
        "checkpoints": chain,
        "entries": [
            {"of": of, **_entry(kind, key, seq, checkpoint.size)}
            for of, kind, key, seq, checkpoint in held
        ],
    }


def _entry(kind: str, key: str, seq: int, size: int) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(e.hash, 'hex') FROM audit_sequenced s JOIN audit_entry e"
            " ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id) WHERE s.seq = %s",
            [seq],
        )
        (hashed,) = cursor.fetchone()
    path = tree.inclusion_path(index=seq, size=size, levels=sequencing.Stored())
    return {
        "kind": kind,
        "key": key,
        "hash": hashed,
        "row": logged_rows.row_text(kind, key),
        "seq": seq,
        "size": size,
        "path": [one.hex() for one in path],
    }


def differences(*, now: datetime, ask_witness: bool = True) -> list[Difference]:
    """Everything that is not as it was logged; an empty list is the proof that all is well."""
    found: list[Difference] = []
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL TimeZone = 'UTC'")
            cursor.execute("SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off")
        for kind, source in sorted(logged_rows.sources().items()):
            found += _rows_that_differ(kind, source)
        found += _logged_twice()
        found += _kinds_nobody_watches()
        found += _places_that_differ()
        found += _times_that_differ()
        found += _roots_that_differ()
        found += _chain_that_differs()
        found += _signatures_that_differ()
    for name, check in sorted(_CHECKS.items()):
        found += _checked(name, check)
    found += [
        Difference(catalogue.OBJECT, f"{one.kind} {one.name}", one.what, one.detail)
        for one in catalogue.look().differences[:NAMED]
    ]
    if ask_witness:
        found += _what_the_witness_says(now)
    return found


def _checked(name: str, check: Callable[[], Iterator[Difference]]) -> list[Difference]:
    """What a room's own check finds; rows that make it break off are a difference as well."""
    found: list[Difference] = []
    try:
        for one in islice(check(), NAMED):
            found.append(one)  # noqa: PERF402 - what was found before it broke off is kept
    except Exception as exc:
        logger.exception("A check of the log broke off", extra={"check": name})
        found.append(Difference(name, "", "unreadable", type(exc).__name__))
    return found


def _rows_that_differ(kind: str, source: logged_rows.Source) -> list[Difference]:
    unreadable = f"AND key NOT IN ({source.unreadable})" if source.unreadable else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH logged AS (
                SELECT DISTINCT ON (e.key) e.key, e.hash FROM audit_entry e
                 WHERE e.kind = %s ORDER BY e.key, e.epoch DESC, e.id DESC),
            rows (key, hash) AS ({source.sql})
            SELECT key, CASE WHEN r.hash IS NULL THEN 'missing'
                             WHEN l.hash IS NULL THEN 'unlogged' ELSE 'changed' END
              FROM logged l FULL JOIN rows r USING (key)
             WHERE l.hash IS DISTINCT FROM r.hash {unreadable}
             ORDER BY key LIMIT %s
            """,  # noqa: S608 - SQL of the rooms and of the catalogue
            [kind, NAMED],
        )
        return [Difference(kind, key, what) for key, what in cursor.fetchall()]


def unlike_logged(things: Sequence[tuple[str, str]]) -> list[Difference]:
    """Which of these things (kind, key), that never change, are not as they were logged, once.

    Quick: for those who are about to rely on them, and cannot wait for the night.
    """
    found, known = [], logged_rows.sources()
    for kind in sorted({kind for kind, _key in things}):
        wanted = [key for of, key in things if of == kind]
        with logged_rows.as_logged(), connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT w.key, CASE WHEN r.hash IS NULL THEN 'missing' WHEN l.first IS NULL
                              THEN 'unlogged' WHEN l.hashes > 1 THEN 'relogged' ELSE 'changed' END
                  FROM unnest(%s::text[]) AS w (key)
                  LEFT JOIN (SELECT e.key, min(e.hash) AS first, count(DISTINCT e.hash) AS hashes
                               FROM audit_entry e WHERE e.kind = %s AND e.key = ANY (%s)
                              GROUP BY e.key) l USING (key)
                  LEFT JOIN ({known[kind].sql}) r (key, hash) USING (key)
                 WHERE l.first IS DISTINCT FROM r.hash OR l.hashes > 1
                """,  # noqa: S608 - SQL of the rooms and of the catalogue
                [wanted, kind, wanted],
            )
            found += [Difference(kind, key, what) for key, what in cursor.fetchall()]
    return found


def _logged_twice() -> list[Difference]:
    """What never changes has one hash: who edits it and logs the new one as well is named by it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT split_part(encode(g.tgargs, 'escape'), '\\000', 1) FROM pg_trigger g
             WHERE g.tgfoid = 'audit_log_row'::regproc AND NOT g.tgisinternal AND EXISTS (
                SELECT FROM pg_trigger n WHERE n.tgrelid = g.tgrelid AND NOT n.tgisinternal
                   AND n.tgfoid = 'evidence_never_changes'::regproc AND n.tgtype & 16 <> 0)
            """
        )
        kinds = {row[0] for row in cursor.fetchall()} | logged_rows.registered()
        cursor.execute(
            """
            SELECT e.kind, e.key FROM audit_entry e WHERE e.kind = ANY (%s)
             GROUP BY e.kind, e.key HAVING count(DISTINCT e.hash) > 1
             ORDER BY e.kind, e.key LIMIT %s
            """,
            [sorted(kinds), NAMED],
        )
        return [Difference(kind, key, "relogged") for kind, key in cursor.fetchall()]


def _kinds_nobody_watches() -> list[Difference]:
    """A trigger that was dropped leaves entries of a kind that nothing can be compared with.

    One that was put to sleep, whatever it guards, and a ban on reading that was lifted, are named.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT kind FROM audit_entry")
        kinds = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            """
            SELECT c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
             WHERE c.relnamespace = 'public'::regnamespace AND (g.tgenabled = 'D'
                   OR g.tgfoid = 'audit_log_row'::regproc AND g.tgenabled <> 'A')
             GROUP BY c.relname ORDER BY c.relname
            """
        )
        asleep = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
               AND (c.oid = to_regclass('sales_selection') OR c.oid IN (
                    SELECT i.inhrelid FROM pg_inherits i
                     WHERE i.inhparent = to_regclass('sales_selection')))
            """
        )
        open_tables = [row[0] for row in cursor.fetchall()]
    return [
        *(Difference(kind, "", "unwatched") for kind in sorted(kinds - set(logged_rows.sources()))),
        *(Difference("trigger", table, "unwatched") for table in asleep),
        *(Difference("table", table, "unwatched", READABLE.of()) for table in open_tables),
    ]


def _places_that_differ() -> list[Difference]:
    """Each place has its entry, in order, and each entry before the last place has a place."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH placed AS (
                SELECT s.*, (s.epoch, s.xid, s.entry_id) > (lag(s.epoch) OVER places,
                             lag(s.xid) OVER places, lag(s.entry_id) OVER places) AS in_order
                  FROM audit_sequenced s WINDOW places AS (ORDER BY s.seq)),
            last AS (
                SELECT p.epoch, p.xid, p.entry_id FROM placed p
                 ORDER BY p.epoch DESC, p.xid DESC, p.entry_id DESC LIMIT 1)
            SELECT coalesce(p.seq, -1), coalesce(e.kind, '?'), coalesce(e.key, '?'),
                   p.leaf IS NOT DISTINCT FROM audit_leaf(e.kind, e.key, e.hash)
              FROM placed p
              FULL JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (p.epoch, p.xid, p.entry_id)
             WHERE (p.seq IS NOT NULL
                    OR (e.epoch, e.xid, e.id) <= (SELECT l.epoch, l.xid, l.entry_id FROM last l))
               AND (p.leaf IS DISTINCT FROM audit_leaf(e.kind, e.key, e.hash) OR NOT p.in_order)
             ORDER BY 1 LIMIT %s
            """,
            [NAMED],
        )
        return [
            Difference(
                kind,
                key,
                "leaf",
                PASSED_BY.of() if seq < 0 else (OUT_OF_ORDER if fits else PLACE).of(place=seq),
            )
            for seq, kind, key, fits in cursor.fetchall()
        ]


def _times_that_differ() -> list[Difference]:
    """Entries are numbered as they come, and a checkpoint is later than what it holds.

    Of two entries that stand the wrong way round in time both are named.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT unnest(ARRAY[x.kind, x.kind_before]), unnest(ARRAY[x.key, x.key_before]) FROM (
                SELECT e.id, e.kind, e.key, e.at, lag(e.at) OVER entries AS before,
                       lag(e.kind) OVER entries AS kind_before,
                       lag(e.key) OVER entries AS key_before
                  FROM audit_entry e WINDOW entries AS (ORDER BY e.epoch, e.id)) x
             WHERE x.at < x.before - %(slack)s::interval
             ORDER BY x.id LIMIT %(named)s
            """,
            {"slack": SLACK, "named": NAMED},
        )
        found = [Difference(kind, key, "time") for kind, key in cursor.fetchall()]
        cursor.execute(
            """
            SELECT c.size FROM (
                SELECT c.size, c.at, c.cosigned_at, lag(c.at) OVER (ORDER BY c.size) AS before
                  FROM audit_checkpoint c) c
              LEFT JOIN audit_sequenced s ON s.seq = c.size - 1
              LEFT JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
             WHERE c.at < e.at - %(slack)s::interval OR c.at < c.before - %(slack)s::interval
                OR c.cosigned_at < c.at - %(slack)s::interval
             ORDER BY c.size LIMIT %(named)s
            """,
            {"slack": SLACK, "named": NAMED},
        )
        found += [Difference("checkpoint", str(size), "time") for (size,) in cursor.fetchall()]
    return found


def _leaves() -> Iterator[tuple[int, bytes]]:
    """Place and leaf, computed again from the entries."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            """
            SELECT s.seq, audit_leaf(e.kind, e.key, e.hash) FROM audit_sequenced s
              LEFT JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
             ORDER BY s.seq
            """
        )
        while rows := cursor.fetchmany(FETCH):
            for seq, leaf in rows:
                yield seq, bytes(leaf) if leaf is not None else b""


def _roots_that_differ() -> list[Difference]:
    """The first signed root that the entries do not give, with what was added for it."""
    signed = iter(Checkpoint.objects.order_by("size").values_list("size", "root").iterator(FETCH))
    expected = next(signed, None)
    growing, before = tree.Root(), 0
    for place, (seq, leaf) in enumerate(_leaves()):
        if seq != place:
            return [Difference("log", str(place), "root", GAP.of())]
        growing.add(leaf)
        if expected is not None and growing.size == expected[0]:
            if growing.digest().hex() != expected[1]:
                return _suspects(before, expected[0])
            before, expected = expected[0], next(signed, None)
    if expected is not None:
        return [Difference("log", str(expected[0]), "root", GONE.of())]
    return []


def _suspects(start: int, stop: int) -> list[Difference]:
    """Between the last right root and the first wrong one stand few entries: one of them it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.kind, e.key FROM audit_sequenced s JOIN audit_entry e"
            " ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)"
            " WHERE s.seq >= %s AND s.seq < %s ORDER BY s.seq LIMIT %s",
            [start, stop, NAMED],
        )
        return [
            Difference(kind, key, "root", ONE_OF.of(first=start, last=stop - 1))
            for kind, key in cursor.fetchall()
        ]


def _chain_that_differs() -> list[Difference]:
    """Each checkpoint names the one before it: where one is gone, or another, its follower says so.

    All of them are read: the newest, whose signatures are checked, speaks for every older one.
    """
    found: list[Difference] = []
    before: str | None = None
    for size, root, text, cosigned in (
        Checkpoint.objects.order_by("size")
        .values_list("size", "root", "text", "cosigned_text")
        .iterator(FETCH)
    ):
        said = text.partition("\n\n")[0] + "\n"
        digest = notes.digest_of(before)
        if said != notes.checkpoint_text(size=size, root=bytes.fromhex(root), before=digest):
            is_itself = said.startswith(notes.head(size=size, root=bytes.fromhex(root)))
            found.append(
                Difference("checkpoint", str(size), "chain", "the one before it is gone or another")
                if is_itself
                else Difference("checkpoint", str(size), "signature", "its text says other things")
            )
        if cosigned is not None and not cosigned.startswith(text):
            found.append(Difference("checkpoint", str(size), "signature", "not the witness's"))
        before = text
        if len(found) >= NAMED:
            break
    return found


def _signatures_that_differ() -> list[Difference]:
    log_keys = keys.public_of(keys.Role.LOG)
    witness_keys = keys.public_of(keys.Role.INDEPENDENT)
    found = []
    for row in Checkpoint.objects.order_by("-size")[:SIGNATURES].iterator():
        right = row.text.startswith(
            notes.head(size=row.size, root=bytes.fromhex(row.root))
        ) and any(notes.is_signed_by_log(row.text, public=public) for _key, public in log_keys)
        if not right:
            found.append(Difference("checkpoint", str(row.size), "signature", NOT_OF_THE_LOG.of()))
        if row.cosigned_text is not None and not (
            row.cosigned_text.startswith(row.text)
            and any(
                notes.cosigned_at(row.cosigned_text, public=public, name=f"witness/{key}")
                for key, public in witness_keys
            )
        ):
            whose = NOT_OF_THE_WITNESS.of()
            found.append(Difference("checkpoint", str(row.size), "signature", whose))
    return found


def _what_the_witness_says(now: datetime) -> list[Difference]:
    """The witness remembers what the log was, whatever the database has been put back to."""
    try:
        sequencing.confirm_latest(now=now)
    except witnesses.WitnessRefuses as refusal:
        known = refusal.facts.get("size", "")
        return [Difference("log", str(known), "witness", refusal.difference)]
    except witnesses.WitnessUnreachable:
        return [Difference("log", "", "witness", NO_ANSWER.of())]
    except LookupError:
        return [Difference("log", "", "witness", NO_TREE.of())]
    return []


def verify(*, now: datetime) -> list[Difference]:
    """Compare everything, leave it in the trail, and raise an alarm for each thing that differs."""
    found = differences(now=now)
    catalogue.check(now=now, occasion="verification")  # has alarms of its own
    for one in [one for one in found if one.kind != catalogue.OBJECT][:ALARMS]:
        alarms.raise_alarm(
            kind="audit.log_differs",
            object_type=one.kind,
            object_code=one.key or one.kind,
            facts={"what": one.what, "detail": one.detail},
            now=now,
        )
    newest = latest()
    _note(newest.size if newest else 0, found)
    return found


@door
def _note(size: int, found: Sequence[Difference]) -> None:
    trail.record(
        action="audit.log_verified",
        actor=None,
        object_type="log",
        object_code="main",
        body={"entries": size, "differences": len(found), "first": [str(one) for one in found[:5]]},
    )
