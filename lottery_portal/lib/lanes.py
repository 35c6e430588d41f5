"""Reading much, of one moment, through several connections at once and in small memory.

A single connection keeps one core of the server busy. Here parts of what is read are asked for by
lanes: threads with a connection each that share the snapshot of whoever asks, read a little ahead
of their use, and hand over in order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

from django.db import connection, transaction

T = TypeVar("T")
R = TypeVar("R")

LANES = 2
_WAITING = 2  # parts that a lane may be ahead
_PATIENCE = 0.2  # seconds after which a lane looks whether anybody still waits for it


@contextmanager
def one_moment(snapshot: str = "") -> Iterator[None]:
    """A transaction that reads one moment, however long it takes: its own, or that of another."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if snapshot:
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


@contextmanager
def read_ahead(
    parts: Sequence[T], read: Callable[[T], R], *, lanes: int = LANES
) -> Iterator[Iterator[R]]:
    """What `read` gives for each part, in the order of the parts; inside `one_moment`.

    Through lanes of their own, each given every second part (third, …), as soon as there is more
    than one; what goes wrong in a lane goes wrong where its part is waited for.
    """
    if len(parts) <= 1:
        yield (read(part) for part in parts)
        return
    snapshot = _snapshot()
    going = [Lane(parts[lane::lanes], read, snapshot) for lane in range(lanes)]
    try:
        yield (going[number % lanes].next() for number in range(len(parts)))
    finally:
        for lane in going:
            lane.stop()


@contextmanager
def alongside(read: Callable[[], R], *, is_much: bool = True) -> Iterator[Callable[[], R]]:
    """Let a lane read while the caller reads something else; called, it gives what was read.

    Inside `one_moment`. What is not much is read when it is called for, without a lane.
    """
    if not is_much:
        yield read
        return
    lane = Lane([read], lambda given: given(), _snapshot())
    try:
        yield lane.next
    finally:
        lane.stop()


def _snapshot() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    return str(snapshot)


class Lane(Generic[T, R]):
    """A connection of its own, in a thread, that reads its parts ahead of their use."""

    def __init__(self, parts: Sequence[T], read: Callable[[T], R], snapshot: str) -> None:
        self._given = parts, read, snapshot
        self._ready: Queue[R | BaseException] = Queue(maxsize=_WAITING)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="lane", daemon=True)
        self._thread.start()

    def next(self) -> R:
        """The next part of this lane; what went wrong in it goes wrong here."""
        got = self._ready.get()
        if isinstance(got, BaseException):
            raise got
        return got

    def stop(self) -> None:
        """End it, whether all was read or not."""
        self._is_stopped.set()
        while self._thread.is_alive():
            try:
                self._ready.get_nowait()
            except Empty:
                self._thread.join(_PATIENCE)

    def _work(self) -> None:
        parts, read, snapshot = self._given
        try:
            with one_moment(snapshot):
                for part in parts:
                    if not self._hand_over(read(part)):
                        return
        except BaseException as exc:  # noqa: BLE001 - raised again where the part is waited for
            self._hand_over(exc)
        finally:
            connection.close()

    def _hand_over(self, got: R | BaseException) -> bool:
        while not self._is_stopped.is_set():
            try:
                self._ready.put(got, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False
