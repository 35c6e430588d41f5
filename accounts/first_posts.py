"""The posts of the first hour: given by nobody's approval, so they must not stay.

Whoever sets the house up gives the first posts without a second person's decision. In earnest each
is taken back and given again by approval; what is still in force waits on the desk, and is an
alarm once the first of them is older than `MAY_STAND`. A demonstration keeps them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, Q
from django.utils.translation import gettext_lazy as _

from audit import alarms

from .models import Posting
from .staff import GENESIS

MAY_STAND = timedelta(days=7)
ALARM = "accounts.first_posts_stand"


def in_force(*, now: datetime) -> list[str]:
    """The posts that are held now without an approval, one word for each that is held."""
    if settings.DEMO:
        return []
    held = Posting.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=now),
        approval_code=GENESIS,
        valid_from__lte=now,
    )
    return list(held.order_by("post__code", "pk").values_list("post__code", flat=True))


def watch(*, now: datetime) -> None:
    """Raise the alarm while first posts stand too long; settle it when the last is replaced.

    The time runs from the first one ever given: who gives himself a new one gains none.
    """
    held = in_force(now=now)
    since = Posting.objects.filter(approval_code=GENESIS).aggregate(at=Min("valid_from"))["at"]
    if held and since is not None and now - since > MAY_STAND:
        alarms.raise_alarm(
            kind=ALARM,
            object_type="house",
            object_code="accounts",
            facts={"posts": held},
            now=now,
        )
    elif not held:
        alarms.settle(kind=ALARM, object_type="house", object_code="accounts", now=now)


alarms.register(kind=ALARM, title=_("First posts are still held without an approval"))
