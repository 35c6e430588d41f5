"""The manifest of this release: print it, compare it, or put it into service."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit import releases
from lottery_portal.lib import manifest


class Command(BaseCommand):
    """Prints the hash of every file; with `--check` ends with 1 if one differs."""

    help = "Print the hash of every file of this release and one over all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="compare with the release that is in service"
        )
        parser.add_argument(
            "--record", action="store_true", help="put these files into service as they are"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        found = manifest.of_release()
        if options["record"]:
            releases.record(found=found)
            self.stdout.write(f"In service: {found.digest}, {len(found.files)} files.")
        elif options["check"]:
            self._check(found)
        else:
            self.stdout.write(found.text, ending="")
            self.stdout.write(f"# {found.digest}")

    def _check(self, found: manifest.Manifest) -> None:
        difference = releases.check(now=timezone.now(), found=found)
        for word, paths in (
            ("changed", difference.changed),
            ("added", difference.added),
            ("missing", difference.missing),
        ):
            for path in paths:
                self.stdout.write(f"{word}  {path}")
        if difference:
            raise CommandError("These files are not those that were put into service.")
        self.stdout.write(f"All {len(found.files)} files are as recorded: {found.digest}.")
