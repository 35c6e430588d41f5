"""Print every invariant of the books with its figure; 1 if one is broken."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from finance import invariants
from finance.models import InvariantRun


class Command(BaseCommand):
    """Names what breaks an invariant, one line each."""

    help = "Check everything that must hold in the books, from the first entry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--alarm", action="store_true", help="also keep the result, raise alarms, stop payouts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["alarm"]:
            run = invariants.check(extent=InvariantRun.Extent.FULL, now=timezone.now())
            found = invariants.of_run(run)
        else:
            found, _upto = invariants.look()
        for one in found:
            word = "holds" if one.holds else "broken"
            self.stdout.write(f"{one.code:<6} {one.name:<34} {word:<7} {one.shown()}")
            for where in one.broken_by:
                self.stdout.write(f"       {where}")
        broken = sum(not one.holds for one in found)
        self.stdout.write(f"{len(found)} invariants, {broken} broken.")
        if broken:
            sys.exit(1)
