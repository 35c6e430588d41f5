"""Regions of persons who were written down before regions were kept, for operators."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts import regions


class Command(BaseCommand):
    """Reads the first two digits of each encrypted citizen id once; a second run finds nothing."""

    help = "Keep the region (first two digits of the citizen id) of persons who have none yet."

    def handle(self, *_args: Any, **_options: Any) -> None:
        done = regions.record_missing(now=timezone.now())
        self.stdout.write(f"Regions recorded: {done}")
