"""A forgotten password: a code to the phone or mailbox of the account, then a new password.

Whether a name has an account is told to its owner only: every name is answered alike, and who has
no account, or one of staff, gets a note instead of a code. Staff passwords are not reset here.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from axes.utils import reset as forget_failures
from django.utils.translation import gettext as _

from audit import trail
from lottery_portal.lib import tokens
from lottery_portal.lib.db import door

from . import login_names, messages, registration, verification
from .models import LoginName, User


@dataclass(frozen=True)
class Wish:
    """Somebody says that he forgot the password of this name."""

    login: login_names.Typed
    ip: str
    language: str


def begin(
    session: MutableMapping[str, Any], *, login: str, ip: str, language: str, now: datetime
) -> verification.Pending[Wish]:
    """Send a code, or a note; or refuse: `LoginNameMalformed`, `TooManyCodes`."""
    wish = Wish(login=login_names.contact(login), ip=ip, language=language)
    return ERRAND.begin(session, wish, now=now)


def finish(session: MutableMapping[str, Any], *, code: str, password: str, now: datetime) -> None:
    """Set the new password of the account whose code this is; all its sessions and tokens end.

    Refuses: `PasswordWeak`, which costs no try, `CodeWrong`, `CodeSpent`.
    """
    registration.check_password_strength(password)
    wish = ERRAND.confirm(session, code, now=now)
    user = _owner(wish.login)
    if user is None:
        raise verification.CodeSpent
    _reset(user=user, password=password, now=now)


@door
def _reset(*, user: User, password: str, now: datetime) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    tokens.end(user)
    for row in LoginName.objects.filter(user=user):
        forget_failures(username=hashlib.sha256(bytes(row.index)).hexdigest())
    messages.send(
        user=user,
        kind="accounts.security_changed",
        params={"what": "password_reset", "at": now.isoformat()},
        natural_key=f"security:password_reset:{now.isoformat()}",
        now=now,
    )
    trail.record(
        action="accounts.password_reset",
        actor=user,
        object_type="user",
        object_code=user.username,
        body={"by": "code"},
    )


def _owner(login: login_names.Typed) -> User | None:
    named = LoginName.objects.select_related("user").filter(index=login.index).first()
    if named is None or named.user.is_staff or not named.user.is_active:
        return None
    return named.user


def _note(login: login_names.Typed) -> str:
    if _owner(login) is not None:
        return ""
    return _(
        "Somebody asked for a new password with this number or address. No password can be set "
        "with it here, so nothing was changed. Members of staff ask an administrator."
    )


ERRAND = verification.Errand(session_key="reset", note=_note, read=lambda kept: Wish(**kept))
