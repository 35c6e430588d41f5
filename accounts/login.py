"""Logging in: by phone, e-mail or staff name, found by blind index; locked after three failures.

A wrong password and an unknown name cost the same work and get the same answer, the lock included:
it counts names as typed, whether they exist or not (F008).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from axes.utils import reset as forget_failures
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib import tokens
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import language, login_names, messages, second_factor, who
from .models import LoginName, User

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

FAILURES = 3
TERMINAL = "/terminal/"


class WrongLogin(Refused):
    """Name and password do not belong together; which of them is wrong stays unsaid."""

    code, status = "login_failed", 401
    message = _(
        "Login name and password do not match. After three failures we lock the name for "
        "30 minutes."
    )


class Locked(Refused):
    """Too many failures for this name."""

    code, status = "login_locked", 429
    message = _("This name is locked for 30 minutes after three failures.")


class LightArgon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: a log-in storm does not stop sales."""

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1


class LoginNameBackend(ModelBackend):
    """Finds the user by the blind index of his login name; rights come from posts."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_kwargs: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        index = login_names.typed(username).index
        named = LoginName.objects.select_related("user").filter(index=index).first()
        if named is None:
            User().set_password(password)  # the same work as for a known name
            return None
        if named.user.check_password(password) and self.user_can_authenticate(named.user):
            return named.user
        return None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """What the admin asks: may this user look at that table?"""
        from . import permission  # noqa: PLC0415 - the permission table needs this room's log-in

        app, _dot, right = perm.partition(".")
        deed, _line, model = right.partition("_")
        return deed == "view" and permission.may(user_obj, f"admin:{app}_{model}_changelist")

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        from . import permission  # noqa: PLC0415 - as above

        return permission.may_any(user_obj, f"admin:{app_label}_")


class HouseAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """What the login library asks of the house."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url(home_of(request.user))

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        request = self.request
        self.pre_authenticate(request, username=f"again:{user.pk}")
        if not user.check_password(password):
            return False
        self._rollback_login_failed_rl_usage()
        return True

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if second_factor.is_enrolled(user):
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        now = timezone.now()
        request.session["since"] = request.session["seen"] = now.timestamp()
        language.set_cookie(response, user.language)
        if user.is_staff:
            with transaction.atomic(durable=True):
                trail.record(
                    action="accounts.staff_logged_in",
                    actor=user,
                    object_type="staff",
                    object_code=user.username,
                    body={"second_factor": second_factor.was_used(request, user)},
                )
        return response

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: Any = None, email: str | None = None
    ) -> None:
        tell_of_change(user, template_prefix.rpartition("/")[2])


def home_of(user: Any) -> str:
    """Where a user begins his work: staff at the desk, an outlet operator at his terminal."""
    if not user.is_staff:
        return str(settings.LOGIN_REDIRECT_URL)
    return TERMINAL if who.is_elsewhere(who.roles(user, timezone.now())) else "/desk/"


def enter(request: HttpRequest, *, login: str, password: str, goes_to: str | None) -> HttpResponse:
    """Check name and password; on to the second factor, or in. Or `WrongLogin`, or `Locked`."""
    user = check(request, login=login, password=password)
    answer: HttpResponse = perform_password_login(
        request, {}, Login(user=user, redirect_url=goes_to)
    )
    return answer


def check(request: HttpRequest, *, login: str, password: str) -> User:
    """The user whose name and password these are, or `WrongLogin`, or `Locked`; failures count."""
    user = authenticate(request, username=login, password=password)
    if not isinstance(user, User):
        if getattr(request, "axes_locked_out", False):
            _tell_of_lock(request, login)
            raise Locked
        raise WrongLogin
    forget_failures(username=counted_name(request, {"username": login}))
    return user


def counted_name(_request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The name failures are counted under: a digest, so that none lies in the clear."""
    typed = str((credentials or {}).get("username") or "")
    return hashlib.sha256(login_names.typed(typed).index).hexdigest()


def locked_out(
    request: HttpRequest, original: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """The answer while a name is locked, the same for names that do not exist."""
    if original is not None and original.status_code == Locked.status:
        return original
    if request.path.startswith("/api/"):
        return JsonResponse(Locked().as_json(), status=Locked.status)
    return locked_page(request, str((credentials or {}).get("username") or ""))


def locked_page(request: HttpRequest, login: str) -> HttpResponse:
    """The page that says until when a name is locked; the count knows no accounts, only names."""
    page = {"until": locked_until(login, timezone.now())}
    return render(request, "accounts/locked.html", page, status=Locked.status)


def locked_until(login: str, now: datetime) -> datetime:
    """When so many failures of a name are forgotten that it can be tried again."""
    counted = 0
    rows = AccessAttempt.objects.filter(username=counted_name(None, {"username": login}))
    for attempt in rows.order_by("-attempt_time"):
        counted += attempt.failures_since_start
        if counted >= FAILURES:
            opens: datetime = attempt.attempt_time + get_cool_off()
            return max(opens, now)
    return now


def client_ip(request: HttpRequest) -> str:
    """Where a request comes from: behind our own proxy the last address it wrote down."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and not settings.EMBEDDED:
        return forwarded.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def _tell_of_lock(request: HttpRequest, login: str) -> None:
    """Once, at the failure that locks a name: its owner is told, and the trail records it."""
    if getattr(request, "axes_failures_since_start", None) != FAILURES:
        return
    index = login_names.typed(login).index
    named = LoginName.objects.select_related("user").filter(index=index).first()
    if named is None:
        return
    now = timezone.now()
    with transaction.atomic(durable=True):
        messages.send(
            user=named.user,
            kind="accounts.locked",
            params={"at": now.isoformat(), "can_reset": not named.user.is_staff},
            natural_key=f"locked:{now.isoformat()}",
            now=now,
        )
        trail.record(
            action="accounts.login_locked",
            actor=None,
            object_type="staff" if named.user.is_staff else "user",
            object_code=named.user.username,
            body={"failures": FAILURES},
        )


@door
def change_password(*, user: User, password: str, now: datetime) -> None:
    """Set another password; sessions and tokens that the old one opened end, and he is told."""
    user.set_password(password)
    user.save(update_fields=["password"])
    tokens.end(user)
    _record_change(user, "password_changed", now)


@door
def tell_of_change(user: User, what: str) -> None:
    """Tell the owner, and the trail, that the keys of an account changed."""
    _record_change(user, what, timezone.now())


@inside_transaction
def _record_change(user: User, what: str, now: datetime) -> None:
    messages.send(
        user=user,
        kind="accounts.security_changed",
        params={"what": what, "at": now.isoformat()},
        natural_key=f"security:{what}:{now.isoformat()}",
        now=now,
    )
    trail.record(
        action="accounts.security_changed",
        actor=user,
        object_type="staff" if user.is_staff else "user",
        object_code=user.username,
        body={"what": what},
    )
