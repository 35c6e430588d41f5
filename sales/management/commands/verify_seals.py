"""Checks every seal against its file, its rows and its signatures; after a restore above all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from games.models import Draw, SealStatement
from sales import sealing


class Command(BaseCommand):
    """Ends with 1 and says what differs, draw by draw."""

    help = "Check every seal: the sealed file, the rows of the draw, both signatures."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("draws", nargs="*", help="codes of draws; all when none is named")

    def handle(self, *_args: Any, **options: Any) -> None:
        statements = SealStatement.objects.select_related("draw__rule", "draw__game")
        if options["draws"]:
            statements = statements.filter(draw__code__in=options["draws"])
        is_sound = True
        for statement in statements.order_by("pk"):
            # Article 22: the rows of a draw that is still to be held are read by nobody.
            with_rows = statement.draw.state != Draw.State.SEALED
            found = sealing.check(statement, with_rows=with_rows)
            is_sound = is_sound and not found
            looked_at = "file, rows, signatures" if with_rows else "file, signatures"
            said = "; ".join(found) or f"fits ({looked_at})"
            self.stdout.write(f"{statement.draw.code}  {statement.root}  {said}")
        if not is_sound:
            raise CommandError("Not every seal fits.")
