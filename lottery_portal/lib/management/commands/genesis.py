"""The first rows of the house: rules, policies, posts, texts, opening balances, written once."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lottery_portal.lib.errors import Refused


class Command(BaseCommand):
    """Calls `genesis.load(now=…)` of every room, lowest first. A second run changes nothing."""

    help = "Write the first rows of the house, once."

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        for config in apps.get_app_configs():
            if find_spec(f"{config.name}.genesis") is None:
                continue
            try:
                import_module(f"{config.name}.genesis").load(now=now)
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
            if options["verbosity"] > 0:
                self.stdout.write(f"Genesis of {config.label} stands.")
