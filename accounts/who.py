"""Who is this user: a player, a member of staff, in which roles, and which person?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from .models import Player, Posting, StaffMember, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

PLAYER = "player"
STAFF_ROLES = (
    "draw_official",
    "cashier",
    "treasurer",
    "approver",
    "risk",
    "support",
    "compliance",
    "auditor",
    "regulator",
    "administrator",
    "claims_clerk",
    "claims_officer",
    "outlet_operator",
)
OUTLET_OPERATOR = "outlet_operator"
# Roles of people who work at a terminal somewhere else: they log in as staff do, and the word
# "staff" of the permission table never means them.
ELSEWHERE = frozenset({OUTLET_OPERATOR})


class NotAPlayer(Refused):
    """The user has no player's account."""

    code, status = "not_a_player", 403
    message = _("Only players can do this.")


class NotStaff(Refused):
    """The user is not a member of staff."""

    code, status = "not_staff", 403
    message = _("Only staff can do this.")


def player(user: User | AnonymousUser) -> Player:
    """The player's account of `user`, or `NotAPlayer`."""
    if not isinstance(user, User):
        raise NotAPlayer
    try:
        return user.player
    except Player.DoesNotExist:
        raise NotAPlayer from None


def player_or_none(user: User | AnonymousUser) -> Player | None:
    """The player's account of `user`, if he has one."""
    try:
        return player(user)
    except NotAPlayer:
        return None


def staff(user: User | AnonymousUser) -> StaffMember:
    """The member of staff behind `user`, or `NotStaff`."""
    if not isinstance(user, User):
        raise NotStaff
    try:
        return user.staff_member
    except StaffMember.DoesNotExist:
        raise NotStaff from None


def postings_held(now: datetime) -> QuerySet[Posting]:
    """Every post that anybody holds at `now`, in the order in which they were given."""
    return (
        Posting.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now
        )
        .select_related("post")
        .order_by("valid_from", "pk")
    )


def postings(user: User, now: datetime) -> list[Posting]:
    """The posts that the person behind `user` holds at `now`."""
    return list(postings_held(now).filter(person__staff_members__user=user))


def roles(user: User | AnonymousUser, now: datetime) -> frozenset[str]:
    """What `user` may act as at `now`: "player", or the roles of the posts he holds."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    if not user.is_staff:
        return frozenset({PLAYER}) if player_or_none(user) else frozenset()
    return roles_of(postings(user, now))


def roles_of(held: Iterable[Posting]) -> frozenset[str]:
    """What the posts that somebody holds let him act as."""
    return frozenset(role for posting in held for role in posting.post.roles)


def is_elsewhere(roles: frozenset[str]) -> bool:
    """Whether somebody with just these roles works at a terminal, and not at the desk."""
    return bool(roles) and roles <= ELSEWHERE


def person_code(user: User) -> str:
    """The human being behind `user`, the same for all his accounts; "" while nobody knows him."""
    try:
        return str(staff(user).person.row_uuid)
    except NotStaff:
        person = player(user).person
        return str(person.row_uuid) if person else ""
