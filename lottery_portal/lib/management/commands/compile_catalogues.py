"""Compiles the translations in pure Python, so that no gettext need be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Writes a `.mo` beside every `.po` of the house."""

    help = "Compile the translations."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for root in settings.LOCALE_PATHS:
            for source in sorted(Path(root).glob("*/LC_MESSAGES/*.po")):
                polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
                self.stdout.write(f"Compiled {source.parent.parent.name}.")
