"""The first figures of this room, written once."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from lottery_portal.lib.db import door

from . import policies


@door
def load(*, now: datetime) -> None:
    """How many checkers a deed needs where its kind has no rule of its own."""
    policies.set_genesis(
        key="approvals.checkers_needed",
        value=1,
        reason=gettext_noop("Genesis: one other person"),
        now=now,
    )
