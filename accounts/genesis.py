"""The first rows of this room: one post for every role, version 1 of terms and privacy notice."""

from __future__ import annotations

from datetime import datetime

from audit import trail
from lottery_portal.lib.db import door

from . import legal_texts, staff
from .models import Post


@door
def load(*, now: datetime) -> None:
    """Write them once; a second run changes nothing."""
    is_new = not Post.objects.exists()
    staff.write_posts()
    legal_texts.write_first(now=now)
    if is_new:
        trail.record(
            action="accounts.genesis",
            actor=None,
            object_type="house",
            object_code="accounts",
            body={
                "posts": [code for code, _title in staff.POSTS],
                "texts": ["TERMS-1", "PRIVACY-1", "FUNDS-1"],
            },
        )
