"""Looking at what is kept masked: with a reason, recorded before anything is decrypted (F016)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused

from . import confidentiality, login_names, who
from .models import LoginName, Player, User

ROLES = frozenset({"support", "compliance"})
SHORTEST_REASON = 6
FIELDS = ("name", "citizen_id", "birth", "logins")


class NotForThisRole(Refused):
    """The post does not include a look at personal data."""

    code, status = "reveal_forbidden", 403
    message = _("Your post does not allow you to see personal data.")


class ReasonMissing(Refused):
    """No reason, or none that says anything."""

    code, status = "reason_required", 400
    message = _("Please say why you need to see this; it is recorded with your name.")


@dataclass(frozen=True)
class Revealed:
    """What was asked for, in the clear; fields that were not asked for stay empty."""

    name: str = ""
    citizen_id: str = ""
    birth: str = ""
    logins: tuple[str, ...] = ()


def player(
    target: Player, *, fields: frozenset[str], reason: str, actor: User, now: datetime
) -> Revealed:
    """The named fields of a player in the clear; the trail is written first, in one transaction.

    Refused to other posts, without a signature on confidentiality (that attempt is on record), and
    without a reason.
    """
    if not who.roles(actor, now) & ROLES:
        raise NotForThisRole
    signed_or_recorded(target, actor=actor, now=now)
    return _player(target, fields, reason, actor)


def signed_or_recorded(target: Player, *, actor: User, now: datetime) -> None:
    """Refuse who has not signed on confidentiality, and leave the attempt in the trail (F099)."""
    try:
        confidentiality.demand(actor, now)
    except confidentiality.NotSigned:
        _note_unsigned(target, actor)
        raise


def opened(target: Player, fields: frozenset[str]) -> Revealed:
    """Decrypt. Whoever calls it has written down that he does, in the same transaction."""
    shown = {}
    if person := target.person:
        for name in fields & {"name", "citizen_id", "birth"}:
            shown[name] = getattr(person, name).reveal()
    logins: tuple[str, ...] = ()
    if "logins" in fields:
        rows = LoginName.objects.filter(user_id=target.user_id).order_by("pk")
        logins = tuple(login_names.of(row).value for row in rows)
    return Revealed(**shown, logins=logins)


@door
def _player(target: Player, fields: frozenset[str], reason: str, actor: User) -> Revealed:
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonMissing(fields=["reason"])
    if not fields or not fields <= set(FIELDS):
        raise ReasonMissing(fields=["fields"])
    trail.record(
        action="accounts.personal_data_revealed",
        actor=actor,
        object_type="player",
        object_code=target.code,
        body={"fields": sorted(fields), "reason": reason.strip()},
    )
    return opened(target, fields)


@door
def _note_unsigned(target: Player, actor: User) -> None:
    trail.record(
        action="accounts.look_refused",
        actor=actor,
        object_type="player",
        object_code=target.code,
        body={"reason": confidentiality.NotSigned.code},
    )
