"""What waits at the desk of people: first posts to be given again, signatures that are missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import waiting

from . import confidentiality, first_posts


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


def _unsigned_myself(user: Any, now: datetime) -> int:
    return 0 if confidentiality.has_signed(user, now) else 1


def _unsigned_text(_user: Any, _now: datetime) -> str:
    return _("Until you sign, no record of a winner opens for you.")


def _unsigned_others(_user: Any, now: datetime) -> int:
    return sum(one.must_sign for one in confidentiality.standings(now))


waiting.register(
    waiting.Waiting(
        name="accounts.confidentiality",
        title=gettext_lazy("Confidentiality agreement to sign"),
        count=_unsigned_myself,
        text=_unsigned_text,
        url_name="accounts:desk_confidentiality",
        roles=confidentiality.READERS,
        sign="signature",
    )
)
waiting.register(
    waiting.Waiting(
        name="accounts.confidentiality_missing",
        title=gettext_lazy("Staff without a signature on confidentiality"),
        count=_unsigned_others,
        url_name="accounts:desk_confidentiality_register",
        roles=frozenset({"compliance"}),
        sign="signature",
    )
)
