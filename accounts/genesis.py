"""The first rows of this room: one post for every role, version 1 of every text people accept."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from audit import policies, trail
from lottery_portal.lib.db import door

from . import confidentiality, legal_texts, staff
from .models import Post


@door
def load(*, now: datetime) -> None:
    """Write them once; a second run changes nothing."""
    is_new = not Post.objects.exists()
    staff.write_posts()
    legal_texts.write_first(now=now)
    confidentiality.write_first(now=now)
    policies.set_genesis(
        key=confidentiality.DAYS_POLICY,
        value=confidentiality.DAYS,
        reason=gettext_noop("Genesis: confidentiality is signed anew every year"),
        now=now,
    )
    if is_new:
        trail.record(
            action="accounts.genesis",
            actor=None,
            object_type="house",
            object_code="accounts",
            body={
                "posts": [code for code, _title in staff.POSTS],
                "texts": ["TERMS-1", "PRIVACY-1", "FUNDS-1", "CONFIDENTIALITY-1"],
            },
        )
