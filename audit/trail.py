"""The trail: who did what to which thing, when, in which transaction. Written by one function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time, door, inside_transaction

from . import canonical, people
from .models import TrailRecord

SYSTEM = "system"
_TITLES: dict[str, str | Promise] = {}
_OBJECTS: dict[str, str | Promise] = {}


@dataclass(frozen=True)
class Filters:
    """What a reader wants to see; an empty field asks for everything. Times are half-open."""

    since: datetime | None = None
    until: datetime | None = None
    action: str = ""
    actor: str = ""
    object_type: str = ""
    object_code: str = ""


@inside_transaction
def record(
    *,
    action: str,
    actor: Any,
    object_type: str,
    object_code: str,
    body: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> int:
    """Write one deed into the trail, in the transaction of the deed, and return its number.

    `actor` is a user with the roles he has at this moment, or None for the house's own clock.
    Never put personal data into `body`: the trail is kept for ever.
    """
    roles = "" if actor is None else ",".join(sorted(people.roles_of(actor, database_time())))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_record(%s, %s, %s, %s, %s, %s, %s)",
            [
                SYSTEM if actor is None else actor.get_username(),
                roles,
                action,
                object_type,
                object_code,
                request_id,
                canonical.text(body or {}),
            ],
        )
        (number,) = cursor.fetchone()
    return int(number)


def read(filters: Filters) -> QuerySet[TrailRecord]:
    """The records that match, newest first. `action` may be the beginning of a deed."""
    found = TrailRecord.objects.order_by("-pk")
    if filters.since:
        found = found.filter(at__gte=filters.since)
    if filters.until:
        found = found.filter(at__lt=filters.until)
    if filters.action:
        found = found.filter(action__startswith=filters.action)
    if filters.actor:
        found = found.filter(actor__in=_accounts(filters.actor))
    if filters.object_type:
        found = found.filter(object_type=filters.object_type)
    if filters.object_code:
        found = found.filter(object_code__in={filters.object_code, _stored(filters.object_code)})
    return found


def _accounts(said: str) -> set[str]:
    """Whom a reader means: an account, a name used at work, or the portal itself."""
    meant = {said, _stored(said), *people.accounts_named(said)}
    return meant | {SYSTEM} if said == str(_("The portal itself")) else meant


def _stored(said: str) -> str:
    """A code as it is kept, when `said` is one as it is printed; anything else as it is."""
    code = codes.typed(said)
    return code if codes.is_valid(code) else said


def name_deeds(
    titles: Mapping[str, str | Promise], objects: Mapping[str, str | Promise] | None = None
) -> None:
    """Say what deeds and kinds of objects are called; each room does so in its `deeds.py`."""
    for known, more in ((_TITLES, titles), (_OBJECTS, objects or {})):
        for key, title in more.items():
            if known.setdefault(key, title) != title:
                message = f"Two titles for {key}."
                raise RuntimeError(message)


def title(action: str) -> str:
    """What a deed is called on pages; a deed nobody named keeps its own word."""
    return str(_TITLES.get(action, action))


def titles() -> Mapping[str, str | Promise]:
    """Every deed that has a name."""
    return _TITLES


def object_title(object_type: str) -> str:
    """What a kind of object is called on pages."""
    return str(_OBJECTS.get(object_type, object_type))


def object_titles() -> Mapping[str, str | Promise]:
    """Every kind of object that has a name."""
    return _OBJECTS


def actor_name(actor: str, names: Mapping[str, str]) -> str:
    """What an actor is called on pages: staff by name, the clock by its word, others by code."""
    return str(_("The portal itself")) if actor == SYSTEM else names.get(actor, actor)


@door
def make_partitions() -> int:
    """Make sure that the partition after the one in use exists; how many were made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_partitions()")
        (made,) = cursor.fetchone()
    return int(made)
