"""Putting work into the queue, and doing it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from lottery_portal.lib.db import inside_transaction

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(minutes=10)
KEPT_TICKS = timedelta(days=1)


@dataclass(frozen=True)
class Handler:
    """What to call for one kind of job, how often at most, and how many at once (0: no limit)."""

    kind: str
    act: Callable[..., None]
    max_attempts: int
    limit: int
    lease: timedelta


HANDLERS: dict[str, Handler] = {}


def handler(
    kind: str, *, max_attempts: int = 20, limit: int = 0, lease: timedelta = LEASE
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the function for `kind`. It may run twice or be cut off, and then does no harm."""

    def register(act: Callable[..., None]) -> Callable[..., None]:
        if kind in HANDLERS:
            raise RuntimeError(f"Two handlers for {kind}.")
        HANDLERS[kind] = Handler(kind, act, max_attempts, limit, lease)
        return act

    return register


@inside_transaction
def enqueue(kind: str, /, *, key: str, delay: timedelta = timedelta(0), **payload: Any) -> None:
    """Ask for work under a natural key, in the caller's transaction; a repeat changes nothing."""
    if kind not in HANDLERS:
        raise RuntimeError(f"No handler for {kind}.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT jobs_enqueue(%s, %s, %s::jsonb, %s)",
            [kind, key, json.dumps(payload), delay.total_seconds()],
        )


@inside_transaction
def enqueue_again(kind: str, /, *, key: str, after: timedelta, **payload: Any) -> bool:
    """Ask for work, and again `after` it was given up; True if it had been given up at all.

    For clocks that ask until a thing is done: a job that failed too often stays failed otherwise.
    """
    enqueue(kind, key=key, **payload)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT available_at + make_interval(secs => %s) < clock_timestamp() FROM jobs_job"
            " WHERE kind = %s AND key = %s AND state = 'FAILED' FOR NO KEY UPDATE",
            [after.total_seconds(), kind, key],
        )
        row = cursor.fetchone()
        if row is not None and row[0]:
            cursor.execute(
                "UPDATE jobs_job SET state = 'WAITING', attempts = 0,"
                " available_at = clock_timestamp() WHERE kind = %s AND key = %s",
                [kind, key],
            )
    return row is not None


def due(*, most: int = 200) -> list[tuple[int, str]]:
    """Ids and kinds of jobs that are due and were not rung lately; each is marked as rung."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE jobs_job SET rung_at = clock_timestamp()
             WHERE id IN (
                SELECT id FROM jobs_job
                 WHERE available_at <= clock_timestamp()
                   AND (state = 'WAITING'
                        OR (state = 'RUNNING' AND lease_until < clock_timestamp()))
                   AND (rung_at IS NULL OR rung_at < clock_timestamp() - interval '5 seconds'
                        OR rung_at < available_at)
                 ORDER BY available_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id, kind
            """,
            [most],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def run_one(job_id: int) -> bool:
    """Lease the job, do it, mark it done. False when it was not to be had or its kind is full."""
    leased = _lease(job_id)
    if leased is None:
        return False
    kind, payload, attempts = leased
    known = HANDLERS[kind]
    try:
        known.act(**payload)
    except Exception as exc:
        logger.exception("Job failed", extra={"kind": kind, "job": job_id, "attempts": attempts})
        _put_back(job_id, attempts=attempts, last=attempts >= known.max_attempts, error=repr(exc))
        if settings.JOBS_RAISE:
            raise
        return False
    _finish(job_id, attempts=attempts)
    return True


def hold(kind: str, *, key: str, lease: timedelta) -> None:
    """Keep a job that takes longer than its lease from being taken by another; for its handler."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET lease_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE kind = %s AND key = %s AND state = 'RUNNING'",
            [lease.total_seconds(), kind, key],
        )


def _lease(job_id: int) -> tuple[str, dict[str, Any], int] | None:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM jobs_job WHERE id = %s", [job_id])
        row = cursor.fetchone()
        if row is None or row[0] not in HANDLERS:
            return None
        known = HANDLERS[row[0]]
        if known.limit:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"jobs:{known.kind}"])
        cursor.execute(
            """
            UPDATE jobs_job SET state = 'RUNNING', attempts = attempts + 1,
                   lease_until = clock_timestamp() + make_interval(secs => %s)
             WHERE id = %s AND available_at <= clock_timestamp()
               AND (state = 'WAITING' OR (state = 'RUNNING' AND lease_until < clock_timestamp()))
               AND (%s = 0 OR %s > (SELECT count(*) FROM jobs_job AS other
                     WHERE other.kind = jobs_job.kind AND other.state = 'RUNNING'
                       AND other.lease_until >= clock_timestamp() AND other.id <> jobs_job.id))
            RETURNING kind, payload, attempts
            """,
            [known.lease.total_seconds(), job_id, known.limit, known.limit],
        )
        leased = cursor.fetchone()
        if leased is None:
            return None
        kind, payload, attempts = leased
        return kind, json.loads(payload) if isinstance(payload, str) else payload, attempts


def _finish(job_id: int, *, attempts: int) -> None:
    """Mark done, unless the lease ran out meanwhile and another worker took it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET state = 'DONE', done_at = clock_timestamp(), lease_until = NULL,"
            " error = '' WHERE id = %s AND state = 'RUNNING' AND attempts = %s",
            [job_id, attempts],
        )


def _put_back(job_id: int, *, attempts: int, last: bool, error: str) -> None:
    wait = min(timedelta(seconds=2**attempts), LONGEST_WAIT)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET state = %s, lease_until = NULL, error = %s,"
            " available_at = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND state = 'RUNNING' AND attempts = %s",
            ["FAILED" if last else "WAITING", error[:2000], wait.total_seconds(), job_id, attempts],
        )


def tick(kind: str, *, every: timedelta) -> None:
    """Write the row of one tick: however many clocks ring, one row a slot."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT floor(extract(epoch FROM clock_timestamp()) / %s)::bigint",
                [every.total_seconds()],
            )
            (slot,) = cursor.fetchone()
        enqueue(kind, key=f"tick:{slot}")


def sweep() -> int:
    """Drop what is done and no longer needed as a key: ticks after a day; the number dropped."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM jobs_job WHERE state = 'DONE' AND key LIKE 'tick:%%'"
            " AND done_at < clock_timestamp() - make_interval(secs => %s)",
            [KEPT_TICKS.total_seconds()],
        )
        return int(cursor.rowcount)


def run_pending(*, kinds: frozenset[str] | None = None) -> int:
    """Do every job that is due, here and now, until none is left; the number done."""
    done = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, kind FROM jobs_job"
                " WHERE state = 'WAITING' AND available_at <= clock_timestamp()"
                " ORDER BY available_at, id LIMIT 100"
            )
            found = [pk for pk, kind in cursor.fetchall() if kinds is None or kind in kinds]
        progressed = sum(run_one(pk) for pk in found)
        done += progressed
        if not progressed:
            return done
