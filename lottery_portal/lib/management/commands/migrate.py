"""Django's `migrate`, as the owner's role, and after it the reviewed grants (D2)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate

from lottery_portal.lib import grants


class Command(DjangoMigrate):
    """Migrates the alias `owner` unless told otherwise."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if (
            not options.get("plan")
            and not options.get("check_unapplied")
            and not options.get("app_label")
        ):
            grants.apply(using=options["database"])
