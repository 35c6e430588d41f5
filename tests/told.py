"""What a program of ours says when it refuses, read off its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings


def said(path: str, calls: dict[str, int]) -> Iterator[str]:
    """Every literal sentence given to one of these calls, at its place, figures as `7`."""
    tree = ast.parse(Path(settings.BASE_DIR, path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if name not in calls or len(node.args) <= calls[name]:
            continue
        given = node.args[calls[name]]
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            yield given.value
        elif isinstance(given, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "7" for part in given.values
            )
