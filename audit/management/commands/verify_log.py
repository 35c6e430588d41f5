"""Compare the log with rows, places, roots, signatures and witness; 1 if anything differs."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from audit import log, sequencing


class Command(BaseCommand):
    """Names what differs, one line each."""

    help = "Verify the log from its rows to the witness."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--alarm", action="store_true", help="also raise alarms and note it in the trail"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        found = log.verify(now=now) if options["alarm"] else log.differences(now=now)
        for one in found:
            self.stdout.write(str(one))
        newest = log.latest()
        entries = newest.size if newest else 0
        if found:
            self.stdout.write(f"{len(found)} differences in a log of {entries} entries.")
            sys.exit(1)
        waiting = sequencing.waiting_seconds()
        self.stdout.write(f"{entries} entries, all as logged; the last waits {waiting:.1f} s.")
