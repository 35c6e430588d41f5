"""What `audit`, which stands below this room, must know about people: told once, at start-up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from audit import people

from . import login_names, staff, step_up, who
from .models import StaffMember, User


def make() -> None:
    """Introduce ourselves."""
    people.introduce(
        people.Introduction(
            roles=_roles,
            names=_names,
            named=_named,
            person=who.person_code,
            role_titles=dict(staff.POSTS),
            has_confirmed=step_up.is_recent,
            where_to_confirm=step_up.address,
        )
    )


def _roles(user: Any, now: datetime) -> frozenset[str]:
    return who.roles(user, now) if isinstance(user, User) else frozenset()


def _names(usernames: Collection[str]) -> Mapping[str, str]:
    rows = StaffMember.objects.filter(user__username__in=usernames)
    return dict(rows.values_list("user__username", "display_name"))


def _named(name: str) -> Collection[str]:
    found = StaffMember.objects.filter(
        Q(display_name__iexact=name) | Q(user__login_names__index=login_names.typed(name).index)
    )
    return list(found.values_list("user__username", flat=True))
