"""Who asks for a page, and when."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from audit import people


def roles_and_now(request: HttpRequest) -> tuple[frozenset[str], datetime]:
    """The roles of the person who asks, at this moment."""
    now = timezone.now()
    return people.roles_of(request.user, now), now
