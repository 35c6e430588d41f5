"""What the number board's script is told about the zones, in the language of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _


def _needs(name: str) -> tuple[str, str]:
    if name == "red":
        return _("{} more red ball needed"), _("{} more red balls needed")
    return _("{} more blue ball needed"), _("{} more blue balls needed")


def zones(rows: Sequence[Mapping[str, Any]]) -> str:
    """JSON for the board: name, matrix, bankers allowed, and the words for what is missing."""
    told = []
    for row in rows:
        one, many = _needs(row["name"])
        told.append(
            {key: row[key] for key in ("name", "of", "take", "bankers", "spoken")}
            | {"needOne": one, "needMany": many}
        )
    return json.dumps(told, ensure_ascii=False)
