"""Demo people, wallets and tickets, so that the first minute shows a living house."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lottery_portal.lib.errors import Refused


class Command(BaseCommand):
    """Calls `demo.load(now=…)` of every room, lowest first; refused unless DEMO is set.

    A second run changes nothing.
    """

    help = "Load the demo data, once."

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data is only for a house that says DEMO=1.")
        now = timezone.now()
        for config in apps.get_app_configs():
            if find_spec(f"{config.name}.demo") is None:
                continue
            try:
                import_module(f"{config.name}.demo").load(now=now)
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
            if options["verbosity"] > 0:
                self.stdout.write(f"Demo of {config.label} is loaded.")
