"""The file of an export: CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lottery_portal.lib.dates import in_shanghai

# A cell that begins so is a formula to a spreadsheet, full-width forms included.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = b"\xef\xbb\xbf"
CHUNK = 1000


@dataclass(frozen=True)
class Column:
    """One column: a key that never changes, a title for people, and a kind.

    Kinds: "text", "count" (int), "money" (int of fen), "moment" (aware), "day" (date).
    """

    key: str
    title: str | Promise
    kind: str = "text"


@dataclass(frozen=True)
class Written:
    """What was written, and its two digests: of the whole file, and of columns and rows alone."""

    digest: str
    content_digest: str
    size: int
    rows: int


def text_cell(value: str) -> str:
    """Text as a cell that stays text: what begins like a formula gets an apostrophe in front."""
    return f"'{value}" if value.startswith(FORMULA_BEGINS) else value


def _text(value: Any) -> str:
    if not isinstance(value, str | Promise):
        message = f"A text column holds text, not {type(value).__name__}."
        raise TypeError(message)
    return text_cell(str(value))


def _count(value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"A number column holds whole numbers, not {type(value).__name__}."
        raise TypeError(message)
    return str(value)


def _money(value: Any) -> str:
    fen = int(_count(value))
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def _moment(value: datetime) -> str:
    return in_shanghai(value).isoformat(sep=" ", timespec="milliseconds")


def _day(value: date) -> str:
    return value.isoformat()


_FORMS: Mapping[str, Callable[[Any], str]] = {
    "text": _text,
    "count": _count,
    "money": _money,
    "moment": _moment,
    "day": _day,
}


def folder() -> Path:
    """Where exports are kept; made when it is first needed, closed to other accounts."""
    place = Path(settings.STATE_DIR) / "exports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def place_of(code: str) -> Path:
    """The file of the export with this code."""
    return folder() / f"{code}.csv"


def digest_of(path: Path) -> str:
    """SHA-256 of the file as it lies there now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(
    path: Path,
    *,
    schema: str,
    columns: Sequence[Column],
    head: Iterable[tuple[str, str]],
    rows: Iterator[Sequence[Any]],
    told: Callable[[int], None],
) -> Written:
    """Write beside the place and move it there whole; `told` hears how many rows are done."""
    part = path.with_suffix(".part")
    whole, content, done = hashlib.sha256(), hashlib.sha256(), 0
    forms = [_FORMS[column.kind] for column in columns]
    with part.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)

        def out(data: bytes) -> None:
            whole.update(data)
            file.write(data)

        content.update(_lines([[schema, *(column.key for column in columns)]]))
        out(BOM)
        out(_lines([[text_cell(cell) for cell in pair] for pair in head]))
        out(_lines([[], [text_cell(str(column.title)) for column in columns]]))
        for chunk in _chunks(rows):
            data = _lines(_formed(row, forms) for row in chunk)
            content.update(data)
            out(data)
            done += len(chunk)
            told(done)
        if not done:
            out(_lines([[_("No Activity")]]))
        out(_lines([[], [_("End of report"), _("Rows"), str(done)]]))
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    part.replace(path)
    return Written(whole.hexdigest(), content.hexdigest(), size, done)


def write_sidecar(path: Path, *, digest: str, file_name: str) -> None:
    """The line `sha256sum -c` reads, beside the file."""
    part = path.with_suffix(".sha256.part")
    part.write_text(f"{digest}  {file_name}\n", encoding="utf-8")
    part.replace(path.with_suffix(".csv.sha256"))


def _chunks(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    chunk: list[Sequence[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _formed(row: Sequence[Any], forms: Sequence[Callable[[Any], str]]) -> list[str]:
    return ["" if value is None else form(value) for value, form in zip(row, forms, strict=True)]


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8")
