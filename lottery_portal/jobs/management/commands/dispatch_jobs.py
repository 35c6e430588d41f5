"""The dispatcher: finds due jobs every 200 ms and rings Celery about them."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.db.utils import DatabaseError
from kombu.exceptions import OperationalError

from lottery_portal.celery import app
from lottery_portal.jobs import queue

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 0.2


class Command(BaseCommand):
    """Runs until it is told to stop; several may run side by side."""

    help = "Ring workers about jobs that are due."

    def handle(self, *_args: Any, **_options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("Dispatching jobs.")
        while not stop.wait(PAUSE_SECONDS):
            try:
                self._ring_due()
            except (OperationalError, ConnectionError, TimeoutError):
                logger.warning("The broker does not answer; due jobs stay in the table")
            except DatabaseError:
                logger.warning("The database does not answer; trying again")
                connection.close()
            close_old_connections()

    def _ring_due(self) -> None:
        for job_id, _kind in queue.due():
            app.send_task("jobs.ring", kwargs={"job_id": job_id})
