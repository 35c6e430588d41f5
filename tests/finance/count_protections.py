"""How many protections the tables of finance have, as the catalogue of a database says.

    python -m tests.finance.count_protections            prints them
    python -m tests.finance.count_protections --write    and writes them into docs/integrity.md

The database is the configured one, migrated and with its rights given; nothing in it is changed.
"""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from . import protections

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "integrity.md"


def counted(owner: protections.Owner, role: str) -> dict[str, int]:
    """How many of each kind, under the name that the document gives it."""
    triggers = protections.triggers(owner)
    plain = sum(protections.is_plain(one) for one in triggers)
    return {
        "CHECK, UNIQUE, keys, foreign keys": len(protections.constraints(owner)),
        "guards that keep evidence or log it": plain,
        "guards with a rule of their own": len(triggers) - plain,
        "rights the application's role lacks: tables, columns, functions": len(
            protections.withheld(owner, role)
        ),
    }


def written(text: str, counts: dict[str, int], day: str) -> str:
    """The document with these counts, read on this day; fails if a line of them is gone."""
    for name, number in counts.items():
        text, found = re.subn(
            rf"^(\| {re.escape(name)} \| )\d+( \|)",
            rf"\g<1>{number}\g<2>",
            text,
            flags=re.MULTILINE,
        )
        if found != 1:
            raise RuntimeError(f"{DOCUMENT.name} has no line of {name}.")
    return re.sub(r"Read on \d{4}-\d\d-\d\d\.", f"Read on {day}.", text)


def main() -> None:
    """Count, print, and write if asked to."""
    role = urlsplit(os.environ["DATABASE_URL"]).username or ""
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        counts = counted(owner, role)
    for name, number in counts.items():
        print(f"{number:>5} {name}")  # noqa: T201 - what it is for
    if "--write" in sys.argv:
        day = datetime.now(UTC).date().isoformat()
        DOCUMENT.write_text(written(DOCUMENT.read_text(), counts, day))


if __name__ == "__main__":
    main()
