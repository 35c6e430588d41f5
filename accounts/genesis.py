"""The first rows of this room: one post for every role, the texts people accept."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from audit import policies, trail
from lottery_portal.lib.db import door

from . import confidentiality, legal_texts, staff
from .models import Post


@door
def load(*, now: datetime) -> None:
    """Write them once; a second run changes nothing, but publishes texts that became newer."""
    is_new = not Post.objects.exists()
    staff.write_posts()
    texts = legal_texts.write_ours(now=now)
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
                "texts": [*texts, "CONFIDENTIALITY-1"],
            },
        )
        return
    for text in texts:  # a house that began with an older version
        kind, _dash, version = text.rpartition("-")
        trail.record(
            action="accounts.legal_text_published",
            actor=None,
            object_type="legal_text",
            object_code=text,
            body={"kind": kind, "version": int(version)},
        )
