"""What waits at the desk of people: first posts, to be given again by approval."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import waiting

from . import first_posts


def _count(_user: Any, now: datetime) -> int:
    return len(first_posts.in_force(now=now))


def _text(_user: Any, _now: datetime) -> str:
    return _("Take each back and give it again, with another person's approval.")


waiting.register(
    waiting.Waiting(
        name="accounts.first_posts",
        title=gettext_lazy("First posts without an approval"),
        count=_count,
        text=_text,
        url_name="accounts:desk_staff",
        roles=frozenset({"administrator", "compliance"}),
        tone="attention",
        sign="alert",
    )
)
