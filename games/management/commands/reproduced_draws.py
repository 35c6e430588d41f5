"""Print which announced draws come out of the rules to the fen, and why others do not."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from games import reproduced


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            default=Path(settings.BASE_DIR) / "tests" / "data",
            help="where the announced draws lie, GAME_safe_draws.csv and GAME_other_draws.csv",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not any(folder.glob("*_safe_draws.csv")):
            raise CommandError(f"There are no announced draws in {folder}.")
        for line in reproduced.lines(folder):
            self.stdout.write(line)
