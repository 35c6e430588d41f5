"""Statements as files, in the language asked for; each that is taken is on record."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from django.utils import translation

from audit import trail
from lottery_portal.lib.db import door

from . import figures, paper, workbook
from .layout import Statement

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Written:
    """A file that was made, open at its beginning."""

    file: IO[bytes]
    name: str
    content_type: str
    digest: str


def write(make: Callable[[], Statement], *, form: str, language: str, name: str) -> Written:
    """Make a statement of one moment and write it as `form` (xlsx, pdf), whole, to a file."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the reader closes it
    with translation.override(language), figures.snapshot():
        statement = make()
        if form == "pdf":
            file.write(paper.render(statement))
        else:
            workbook.write(statement, file)
    return Written(file, f"{name}.{form}", TYPES[form], _digest(file))


@door
def note_taken(written: Written, *, by: Any) -> None:
    """Record who took which file."""
    trail.record(
        action="finance.report_taken",
        actor=by,
        object_type="report",
        object_code=written.name,
        body={"digest": written.digest},
    )


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    found = hashlib.sha256()
    while part := file.read(_CHUNK):
        found.update(part)
    file.seek(0)
    return found.hexdigest()
