"""What every page may show: the name of the house, who is here, what lies in the wallet."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts import login, permission, who
from finance import wallets


def house(request: HttpRequest) -> dict[str, Any]:
    """Asked lazily, so that a page without a bar costs no query."""
    user = getattr(request, "user", None)
    known = user if user is not None and user.is_authenticated else None
    staff = known if known is not None and known.is_staff else None
    player = who.player_or_none(known) if known is not None and staff is None else None
    return {
        "brand": settings.BRAND,
        "operator": settings.OPERATOR,
        "support_contact": settings.SUPPORT_CONTACT,
        "player": player,
        "balance_fen": cache(lambda: wallets.available(player)) if player else None,
        "staff_name": SimpleLazyObject(lambda: who.staff(staff).display_name) if staff else "",
        "may_open": SimpleLazyObject(lambda: _may_open(staff)) if staff else frozenset(),
        "work_url": SimpleLazyObject(lambda: login.home_of(staff)) if staff else "",
        "staff_posts": SimpleLazyObject(lambda: _posts(staff)) if staff else [],
    }


def _may_open(staff: Any) -> frozenset[str]:
    """The names of all pages that this member of staff may open now."""
    return permission.open_to(staff, timezone.now())


def _posts(staff: Any) -> list[str]:
    """The titles of the posts held today, in the language of the page."""
    return [_(posting.post.title) for posting in permission.postings(staff, timezone.now())]
