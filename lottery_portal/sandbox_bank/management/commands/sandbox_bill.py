"""Prints the sandbox bank's bill of one day, to be taken in on the desk."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lottery_portal.sandbox_bank import bills


class Command(BaseCommand):
    """The bill of one Shanghai day as CSV."""

    help = "Print the sandbox bank's bill of a day (2026-11-21) as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("day", help="the day, as 2026-11-21")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            day = date.fromisoformat(options["day"])
        except ValueError as exc:
            raise CommandError(f"{options['day']} is not a day.") from exc
        self.stdout.write(bills.of_day(day), ending="")
