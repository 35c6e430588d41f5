"""Whether the Chinese catalogue is complete: every string, none empty, none fuzzy (D18)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

LEFT_OUT = (".venv", ".portal", "node_modules", "tests", "benchmarks", "docs")


class Command(BaseCommand):
    """Extracts the strings anew (needs gettext's `xgettext`) and compares."""

    help = "Check that the zh-Hans catalogue is complete."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if shutil.which("xgettext") is None:
            raise CommandError("This check needs xgettext: install the package gettext.")
        catalogue = polib.pofile(str(settings.LOCALE_PATHS[0] / "zh_Hans/LC_MESSAGES/django.po"))
        known = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
        missing = []
        for entry in self._strings_of_the_code():
            translated = known.get((entry.msgctxt, entry.msgid))
            if translated is None or not translated.translated() or translated.fuzzy:
                place = entry.occurrences[0] if entry.occurrences else ("?", "")
                missing.append(f"{place[0]}:{place[1]} {entry.msgid!r}")
        if missing:
            raise CommandError("Not translated:\n" + "\n".join(missing))
        self.stdout.write("The Chinese catalogue is complete.")

    def _strings_of_the_code(self) -> polib.POFile:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "house"
            shutil.copytree(
                settings.BASE_DIR,
                copy,
                ignore=shutil.ignore_patterns(
                    *LEFT_OUT, "*.mo", "*.po", ".git", "static", "data", "*.csv"
                ),
            )
            (copy / "locale/zh_Hans/LC_MESSAGES").mkdir(parents=True, exist_ok=True)
            subprocess.run(
                ["django-admin", "makemessages", "-l", "zh_Hans", "--no-wrap"],  # noqa: S607 - found where Python's programs are
                cwd=copy,
                check=True,
                capture_output=True,
                env={**_environment(), "DJANGO_SETTINGS_MODULE": ""},
            )
            return polib.pofile(str(copy / "locale/zh_Hans/LC_MESSAGES/django.po"))


def _environment() -> dict[str, str]:
    import os  # noqa: PLC0415 - only this command needs the plain environment
    import sys  # noqa: PLC0415 - as above

    beside = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": beside + os.pathsep + os.environ.get("PATH", "")}
