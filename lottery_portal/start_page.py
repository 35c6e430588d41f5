"""The admin's first page: the same work that waits on the desk, and the way to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import who
from audit import waiting


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the template of the admin's first page shows besides the tables."""
    now = timezone.now()
    roles = who.roles(request.user, now)
    return {
        **context,
        "waiting": waiting.for_person(request.user, roles, now),
        "watched": waiting.watched_by(roles, now),
    }
