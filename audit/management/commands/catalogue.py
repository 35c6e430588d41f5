"""The catalogue of the database: print it, compare it with the release, or write the release's."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from audit import catalogue as checks
from lottery_portal.lib import catalogue


class Command(BaseCommand):
    """Prints a line for every object; with `--check` ends with 1 if one is not as released."""

    help = "Print what the database is made of, object by object, and one hash over all."

    def add_arguments(self, parser: CommandParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--check", action="store_true", help="compare with the release; alarms as at night"
        )
        only.add_argument(
            "--write",
            action="store_true",
            help=f"write {catalogue.FILE} from this database; review what changed in it",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        elif options["write"]:
            self._write()
        else:
            found = catalogue.of_database()
            self.stdout.write(found.text, ending="")
            self.stdout.write(f"# {found.digest}")

    def _check(self) -> None:
        seen = checks.check(now=timezone.now(), occasion="order")
        for one in seen.differences:
            self.stdout.write(str(one))
        if seen.differences:
            raise CommandError("The database is not what was released.")
        self.stdout.write(f"All {seen.objects} objects are as released: {seen.digest}.")

    def _write(self) -> None:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("Apply the migrations of this release first.")
        found = catalogue.of_database()
        catalogue.path().write_text(found.text, encoding="ascii")
        self.stdout.write(f"{catalogue.FILE}: {len(found.lines)} objects, {found.digest}.")
