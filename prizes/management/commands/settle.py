"""Settling a draw by hand, for operators: what is left of it is done here, nothing twice."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from games import draws
from lottery_portal.lib.errors import Refused
from prizes import publication, settlement


class Command(BaseCommand):
    """Does whatever is left of the settlement of a draw; safe beside workers, and again."""

    help = "Do what is left of the settlement of a draw."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("draw", help="the draw's code, like ssq-2026110")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            draw = draws.find(options["draw"])
            settled = settlement.run(draw=draw, now=now)
            publication.publish(draw=draw, now=now)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{draw.code}: {settled.get_state_display()}.")
