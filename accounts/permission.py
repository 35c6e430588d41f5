"""Who may open what: one reviewed table, `permissions.toml`, and everything else is closed (F223).

Every URL name stands in the table with the roles that may open it:

    "public"     everybody            "player"   players
    "anonymous"  nobody logged in     "staff"    any member of staff with a post at the desk
    and the roles of posts: draw_official, cashier, treasurer, approver, risk, support, compliance,
    auditor, regulator, administrator, claims_clerk, claims_officer, outlet_operator

An outlet operator works at his terminal: "staff" never means him, only lines that name his role.
Staff reach nothing at all without a second factor in their session, except the way to it.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import tokens
from lottery_portal.lib.errors import Refused

from . import legal_texts, reach, second_factor, step_up, who
from .models import Player, Posting, User

TABLE = settings.BASE_DIR / "lottery_portal" / "permissions.toml"
PUBLIC, ANONYMOUS, PLAYER, STAFF = "public", "anonymous", "player", "staff"
WORDS = frozenset({PUBLIC, ANONYMOUS, PLAYER, STAFF, *who.STAFF_ROLES})

STAFF_IDLE = timedelta(minutes=15)
STAFF_LONGEST = timedelta(hours=8)
SEEN_EVERY = timedelta(seconds=30)

# What stays open to a player who has yet to accept new terms.
WITHOUT_CONSENT = frozenset(
    {"accounts:consent", "accounts:logout", "account_logout", "accounts:text"}
    | {"set_language", "set_theme"}
)
# What stays open to staff on the way to their second factor.
TO_ENROL = frozenset(
    {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes"}
    | {"account_reauthenticate", "account_logout", "accounts:logout", "accounts:security"}
    | {"set_language", "set_theme"}
)
TO_CONFIRM = frozenset(
    {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_logout", "accounts:logout"}
    | {"mfa_view_recovery_codes", "set_language", "set_theme"}
)


class NotLoggedIn(Refused):
    """Nobody is logged in."""

    code, status = "not_logged_in", 401
    message = _("Please log in.")


class Forbidden(Refused):
    """The role does not open this."""

    code, status = "forbidden", 403
    message = _("Your account does not open this page.")


class ConsentNeeded(Refused):
    """New terms wait to be accepted."""

    code, status = "consent_required", 403
    message = _("Our terms have changed. Please read and accept them first.")


class Undeclared(RuntimeError):
    """A URL name without a line in a table: a mistake, found by the tests."""


@cache
def table() -> dict[str, frozenset[str]]:
    """URL name, or pattern of the admin, and who may open it."""
    rules = {
        name: frozenset(roles)
        for name, roles in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()
    }
    for name, roles in rules.items():
        if not roles <= WORDS:
            raise ValueError(f"{name}: nobody is called {sorted(roles - WORDS)}.")
        if "*" in name and not (name.startswith("admin:") and name.endswith("_*")):
            raise ValueError(f"{name}: only tables of the admin may share a line.")
    return rules


@cache
def rule(name: str) -> frozenset[str] | None:
    """Who may open the URL of this name; None when the table does not know it."""
    rules = table()
    if name in rules:
        return rules[name]
    for pattern, roles in rules.items():
        if "*" in pattern and fnmatch.fnmatchcase(name, pattern):
            return roles
    return None


@cache
def _lines(prefix: str) -> tuple[str, ...]:
    """The lines of the table that begin so; the admin asks for each of its tables, twice a page."""
    return tuple(name for name in table() if name.startswith(prefix))


def may(user: Any, name: str, now: datetime | None = None) -> bool:
    """Whether `user` may open the URL of this name; factors are the middleware's business."""
    allowed = rule(name) or frozenset()
    return PUBLIC in allowed or not allowed.isdisjoint(_words(user, now or timezone.now()))


def open_to(user: User, now: datetime) -> frozenset[str]:
    """The lines of the table that `may` allows this user."""
    return _open_to(_roles(user, now), is_staff=user.is_staff)


@cache
def _open_to(roles: frozenset[str], *, is_staff: bool) -> frozenset[str]:
    known = _words_for(roles, is_staff=is_staff)
    return frozenset(name for name, allowed in table().items() if known & allowed)


def _words(user: Any, now: datetime) -> frozenset[str]:
    """The words of the table that mean this user, or nobody in particular."""
    if not isinstance(user, User):
        return frozenset({PUBLIC, ANONYMOUS})
    return _words_for(_roles(user, now), is_staff=user.is_staff)


@cache
def _words_for(roles: frozenset[str], *, is_staff: bool) -> frozenset[str]:
    """The words of the table that mean somebody with these roles: the one place that says so."""
    is_at_the_desk = is_staff and bool(roles) and not who.is_elsewhere(roles)
    return roles | {PUBLIC} | ({STAFF} if is_at_the_desk else frozenset())


def works_elsewhere(user: User) -> bool:
    """Whether this member of staff has a terminal somewhere, and nothing to do at the desk."""
    return user.is_staff and who.is_elsewhere(_roles(user, timezone.now()))


def may_any(user: Any, prefix: str) -> bool:
    """Whether any line of the table that begins so is open to `user`."""
    return any(may(user, name) for name in _lines(prefix))


def postings(user: User, now: datetime) -> list[Posting]:
    """The posts of this member of staff in this request, asked for once."""
    known: list[Posting] | None = getattr(user, "postings_of_request", None)
    if known is None:
        known = who.postings(user, now)
        user.postings_of_request = known  # type: ignore[attr-defined]  # kept for this request
    return known


def _roles(user: User, now: datetime) -> frozenset[str]:
    """The roles of this request, asked for once."""
    known: frozenset[str] | None = getattr(user, "roles_of_request", None)
    if known is None:
        is_working = user.is_active and user.is_staff
        known = who.roles_of(postings(user, now)) if is_working else who.roles(user, now)
        user.roles_of_request = known  # type: ignore[attr-defined]  # kept for this request
    return known


class PermissionMiddleware:
    """Stands before every view: table, second factor, limits of staff sessions, consent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_somebodys = (
            "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES
        )
        if is_somebodys and "Cache-Control" not in response:
            add_never_cache_headers(response)  # who asks decides what stands there
        return response

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """None lets the view answer."""
        assert request.resolver_match is not None  # noqa: S101 - narrows: views run after resolving
        name, now = request.resolver_match.view_name, timezone.now()
        allowed, lacks = rule(name), reach.is_lacking(request.resolver_match)
        if (allowed is None or lacks) and (
            settings.DEBUG or getattr(settings, "UNDECLARED_URLS_RAISE", False)
        ):
            table_ = "objects" if lacks else "permissions"
            raise Undeclared(f"{table_}.toml has no line for {name}.")
        user = _user(request)
        if isinstance(user, User):
            if ended := _session_ended(request, user, now):
                return ended
            if held := _held_up(request, user, name, now):
                return held
        if not lacks and may(user, name, now) and _finds(user, name, now):
            return None
        return _denied(request, user)


def _finds(user: Any, name: str, now: datetime) -> bool:
    """Whether the address names no object of a line, or the line names who asks."""
    return reach.is_open(name, ()) or reach.is_open(name, _words(user, now))


def _user(request: HttpRequest) -> Any:
    """Who asks: by session, or at the API by token."""
    if _is_api(request) and "Authorization" in request.headers:
        return tokens.owner_of(request)
    user = request.user
    return user if user.is_authenticated else None


def _session_ended(request: HttpRequest, user: User, now: datetime) -> HttpResponse | None:
    """Staff sessions end after 15 idle minutes, and after 8 hours in any case (F224)."""
    if not user.is_staff or hasattr(request, "token_made_at"):
        return None
    moment = now.timestamp()
    since, seen = request.session.setdefault("since", moment), request.session.get("seen", 0)
    seen = max(seen, since)
    if (
        moment - since < STAFF_LONGEST.total_seconds()
        and moment - seen < STAFF_IDLE.total_seconds()
    ):
        # A page that asks for its own parts again is not a person at work.
        is_person = "X-Fragment" not in request.headers
        if is_person and moment - seen >= SEEN_EVERY.total_seconds():
            request.session["seen"] = moment
        return None
    logout(request)
    return _to_login(request)


def _held_up(request: HttpRequest, user: User, name: str, now: datetime) -> HttpResponse | None:
    """What must come first: a second factor for staff, consent for players."""
    if user.is_staff:
        return _factor_first(request, user, name)
    player = (
        Player.objects.filter(user=user)
        .annotate(lacks_consent=Exists(legal_texts.unaccepted(now)))
        .first()
    )
    if player is None:
        return None
    player.user = user  # and so `who.player` asks no second time
    user.roles_of_request = frozenset({PLAYER})  # type: ignore[attr-defined]  # kept for this request
    if not player.lacks_consent or name in WITHOUT_CONSENT:
        return None
    if _is_api(request):
        return JsonResponse(ConsentNeeded().as_json(), status=ConsentNeeded.status)
    return HttpResponseRedirect(f"{reverse('accounts:consent')}?{_next(request)}")


def _factor_first(request: HttpRequest, user: User, name: str) -> HttpResponse | None:
    if hasattr(request, "token_made_at") or second_factor.was_used(request, user):
        return None
    if not second_factor.is_enrolled(user):
        if name in TO_ENROL:
            return None
        return _confirm_first(request, reverse("mfa_index"))
    if name in TO_CONFIRM:
        return None
    return _confirm_first(request, step_up.address(user, request.get_full_path()))


def _confirm_first(request: HttpRequest, address: str) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(step_up.StepUpNeeded().as_json(), status=step_up.StepUpNeeded.status)
    return HttpResponseRedirect(address)


def _denied(request: HttpRequest, user: Any) -> HttpResponse:
    refusal: Refused = NotLoggedIn() if user is None else Forbidden()
    if _is_api(request):
        response = JsonResponse(refusal.as_json(), status=refusal.status)
        if user is None:
            response["WWW-Authenticate"] = "Token"
        return response
    if user is None:
        return _to_login(request)
    return render(request, "403.html", {"refusal": refusal}, status=refusal.status)


def _to_login(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(NotLoggedIn().as_json(), status=NotLoggedIn.status)
    return HttpResponseRedirect(f"{reverse('accounts:login')}?{_next(request)}")


def _next(request: HttpRequest) -> str:
    is_page = request.method in {"GET", "HEAD"}
    return urlencode({"next": request.get_full_path() if is_page else "/"})


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
