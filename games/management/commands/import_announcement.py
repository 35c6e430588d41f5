"""An issuer's signed announcement, for operators: looked into, and stored when told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from games import announced, draws
from games.announced_table import Comparison
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan


class Command(BaseCommand):
    """Says what a signed file says, who signed it and how it compares; `--store` keeps it."""

    help = "Show an issuer's signed announcement of a draw; with --store, take it in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("draw", help="the draw's code, like ssq-2026133")
        parser.add_argument("file", type=Path, help="the file as the issuer sent it")
        parser.add_argument("--store", action="store_true", help="take it in")
        parser.add_argument("--official", help="log-in name of the draw official who takes it in")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if options["store"] and not options["official"]:
            raise CommandError("Name the draw official who takes it in: --official NAME")
        try:
            raw = path.read_bytes()
        except OSError as exc:
            raise CommandError(f"{path} cannot be read: {exc.strerror}") from exc
        now = timezone.now()
        try:
            draw = draws.find(options["draw"])
            seen = announced.look(draw=draw, raw=raw, now=now)
            self._show(seen.comparison)
            self.stdout.write(f"signed by {seen.key_id}, SHA-256 {seen.told.digest}")
            if not options["store"]:
                self.stdout.write("Nothing is stored. Add --store to take it in.")
                return
            official = User.objects.filter(username=options["official"]).first()
            if official is None:
                raise CommandError(f"There is no account {options['official']}.")
            stored = announced.import_file(
                draw=draw, raw=raw, file_name=path.name, actor=official, now=now
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"stored as edition {stored.edition}")
        if stored.differences:
            self.stdout.write("It differs from the rules: two people decide before it is settled.")

    def _show(self, comparison: Comparison) -> None:
        self.stdout.write("amount  winning lines  by the rules  announced  outcome")
        for row in comparison.rows:
            amounts = (
                "-" if fen is None else yuan(fen) for fen in (row.ours_fen, row.announced_fen)
            )
            lines = "-" if row.winners is None else f"{row.winners:,}"
            said = "  ".join((row.mark or row.what, lines, *amounts, row.verdict))
            self.stdout.write(said)
