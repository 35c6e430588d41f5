"""The sequencer: gives log entries their places several times a second, until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.db.utils import DatabaseError
from django.utils import timezone

from audit import alarms, sequencing, witnesses
from lottery_portal.lib.db import violated

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 0.2
COSIGN_SECONDS = 5.0


class Command(BaseCommand):
    """Several may run side by side: one at a time does something, and none does it twice."""

    help = "Sequence the log, sign its checkpoints, have the witness cosign them."

    def handle(self, *_args: Any, **_options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("Sequencing the log.")
        watch = sequencing.Watch()
        asking = threading.Thread(target=self._have_cosigned, args=(stop, watch), daemon=True)
        asking.start()
        while not stop.wait(PAUSE_SECONDS):
            try:
                sequencing.run_all()
                watch.look(now=timezone.now())
            except DatabaseError as exc:
                self._say(exc)
            close_old_connections()
        asking.join(timeout=witnesses.PATIENCE_SECONDS)

    def _say(self, exc: DatabaseError) -> None:
        logger.warning("The log cannot be sequenced now; trying again: %s", exc)
        connection.close()
        if violated(exc):  # the database refuses: it will not pass by itself
            try:
                alarms.raise_alarm(
                    kind="audit.log_stands_still",
                    object_type="log",
                    object_code="main",
                    facts={"refused_by": violated(exc)},
                    now=timezone.now(),
                )
            except DatabaseError:
                logger.exception("The alarm could not be raised")
                connection.close()

    def _have_cosigned(self, stop: threading.Event, watch: sequencing.Watch) -> None:
        """In a thread of its own: a witness that hangs must not hold the log up."""
        while not stop.is_set():
            began = time.monotonic()
            try:
                sequencing.cosign_latest(now=timezone.now())
                watch.witness_is(away=False, now=timezone.now())
            except witnesses.WitnessUnreachable:
                logger.warning("The witness does not answer; asking again")
                self._note_away(watch)
            except witnesses.WitnessRefuses as refusal:
                logger.error("The witness refuses: %s", refusal.difference)  # noqa: TRY400
            except DatabaseError:
                logger.warning("The database does not answer; trying again")
                connection.close()
            close_old_connections()
            stop.wait(max(0.0, COSIGN_SECONDS - (time.monotonic() - began)))
        connection.close()

    def _note_away(self, watch: sequencing.Watch) -> None:
        try:
            watch.witness_is(away=True, now=timezone.now())
        except DatabaseError:
            connection.close()
