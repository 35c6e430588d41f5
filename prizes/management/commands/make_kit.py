"""The regulator's kit of a draw, for operators: made now, or found as it was made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from games import draws
from lottery_portal.lib.errors import Refused
from prizes import kits


class Command(BaseCommand):
    """Makes the kit of a published draw; again, it says which one there is."""

    help = "Make the regulator's kit of a published draw and say where it lies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("draw", help="the draw's code, like ssq-2026110")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            draw = draws.find(options["draw"])
            kit = kits.make(draw=draw, now=timezone.now())
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{kits.file_of(kit)}")
        self.stdout.write(f"edition {kit.edition}, {kit.size:,} bytes, SHA-256 {kit.digest}")
        self.stdout.write("Check it anywhere: python -I verify.py KIT (verify.py lies in the kit)")
