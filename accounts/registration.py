"""Opening a player's account: the one door is `register`.

Who may ask whether a phone number has an account? Only its owner. So the page never answers that:
it always says that a code was sent, and sends a code to a free number but a note ("you already
have an account") to a taken one (`verification`). `register` itself refuses a taken name by name;
the page reaches it only with a code in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import legal_texts, login_names
from .models import LoginName, Player, User

# What other rooms do for a new player, in the same transaction: finance opens the wallet.
# They append their step when their app is ready; steps are called in that order.
on_registered: list[Callable[[Player], None]] = []


class FieldsMissing(Refused):
    """Something that is required was left out; `fields` names it."""

    code, status = "fields_required", 400
    message = _("Please fill in what is missing.")


class PasswordWeak(Refused):
    """The password is too easy to guess; `reasons` says why."""

    code, status = "password_weak", 400
    message = _("This password is too easy to guess.")


class NotAdult(Refused):
    """The age statement was not made."""

    code, status = "age_required", 400
    message = _("Only people of 18 years or more may have an account.")


class LoginTaken(Refused):
    """The login name has an account. Pages do not pass this on."""

    code = "login_taken"
    message = _("This phone number or e-mail address already has an account.")


@dataclass(frozen=True)
class Application:
    """A checked request for an account; the password is already a hash."""

    login: login_names.Typed
    password_hash: str
    accepted: tuple[tuple[str, int], ...]
    ip: str
    language: str = "zh-hans"


def register(
    *,
    login: str,
    password: str,
    accepted: Collection[tuple[str, int]],
    is_adult: bool,
    now: datetime,
    ip: str,
    language: str = "zh-hans",
) -> Player:
    """Open an account, or raise a `Refused` that names the fields. Nothing is left of a refusal."""
    application = apply(
        login=login,
        password=password,
        accepted=accepted,
        is_adult=is_adult,
        now=now,
        ip=ip,
        language=language,
    )
    return admit(application, now=now)


def apply(
    *,
    login: str,
    password: str,
    accepted: Collection[tuple[str, int]],
    is_adult: bool,
    now: datetime,
    ip: str,
    language: str = "zh-hans",
) -> Application:
    """Check everything but whether the name is free; the work is the same for taken names."""
    given = {"login": login.strip(), "password": password, "accepted": accepted}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise FieldsMissing(fields=missing)
    if not is_adult:
        raise NotAdult(fields=["is_adult"])
    named = login_names.contact(login)
    check_password_strength(password)
    legal_texts.check(accepted, now=now)
    return Application(
        login=named,
        password_hash=make_password(password),
        accepted=tuple(sorted(accepted)),
        ip=ip,
        language=language,
    )


def check_password_strength(password: str, *, user: User | None = None) -> None:
    """Refuse a password that the house's rules call weak."""
    try:
        validate_password(password, user)
    except ValidationError as exc:
        raise PasswordWeak(
            fields=["password"], reasons=[str(text) for text in exc.messages]
        ) from exc


def admit(application: Application, *, now: datetime) -> Player:
    """Open the account of a checked application; a taken name or an outdated text is refused."""
    try:
        return _admit(application, now=now)
    except IntegrityError as exc:
        if violated(exc) == "login_name_taken_once":
            raise LoginTaken(fields=["login"]) from exc
        raise


def has_account(login: login_names.Typed) -> bool:
    """Whether the name is taken; for choosing which message is sent, never for an answer."""
    return LoginName.objects.filter(index=login.index).exists()


@door
def _admit(application: Application, *, now: datetime) -> Player:
    user = User.objects.create(
        username=new_code(),
        password=application.password_hash,
        language=application.language,
        created_at=now,
    )
    LoginName.objects.create(
        user=user,
        kind=application.login.kind,
        index=application.login.index,
        value=application.login.value,
        added_at=now,
    )
    player = Player.objects.create(user=user, registered_at=now)
    legal_texts.record(user, application.accepted, now=now, ip=application.ip)
    for step in on_registered:
        step(player)
    trail.record(
        action="accounts.registered",
        actor=user,
        object_type="player",
        object_code=player.code,
        body={"by": str(application.login.kind)},
    )
    return player


@door
def open_shadow_account(*, now: datetime) -> Player:
    """A player of the shadow books (F020): verified without a person, never able to log in."""
    user = User(username=new_code(), created_at=now, is_active=False)
    user.set_unusable_password()
    user.save(force_insert=True)
    player = Player.objects.create(user=user, is_shadow=True, verified_at=now, registered_at=now)
    for step in on_registered:
        step(player)
    trail.record(
        action="accounts.shadow_account_opened",
        actor=None,
        object_type="player",
        object_code=player.code,
        body={},
    )
    return player
