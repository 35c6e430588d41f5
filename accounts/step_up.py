"""Step-up: deeds with money, and a look at personal data, ask who it is once more (D19).

Staff confirm with their second factor, and so does a player who has one (F007); other players with
their password. A confirmation, the log-in itself included, holds for five minutes of this session.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import second_factor
from .models import User

P = ParamSpec("P")
HOLDS = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

_PURPOSES: dict[str, Promise] = {}


class StepUpNeeded(Refused):
    """The last confirmation is too old for this deed."""

    code, status = "step_up_required", 403
    message = _("Please confirm once more that it is you.")


def is_recent(request: HttpRequest) -> bool:
    """Whether the user confirmed in the last five minutes, in the way his account asks for."""
    user = request.user
    if not isinstance(user, User):
        return False
    token_made = getattr(request, "token_made_at", None)
    if token_made is not None:
        return bool(time.time() - token_made.timestamp() < HOLDS)
    records: list[dict[str, Any]] = get_authentication_records(request, user)
    if user.is_staff or second_factor.is_enrolled(user):
        records = [record for record in records if record.get("method") == "mfa"]
    return any(time.time() - record["at"] < HOLDS for record in records)


def check(request: HttpRequest) -> None:
    """For views that answer in JSON: refuse unless the confirmation is recent."""
    if not is_recent(request):
        raise StepUpNeeded


def required(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Ask for a confirmation before this page; afterwards the person is back where he was.

    What he posted is not kept meanwhile: it may be secret, and sessions lie in the database.
    """

    @functools.wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_recent(request):
            return view(request, *args, **kwargs)
        if getattr(request.resolver_match, "namespace", "") == "api":
            return JsonResponse(StepUpNeeded().as_json(), status=StepUpNeeded.status)
        return HttpResponseRedirect(address(request.user, _way_back(request)))

    return checked


def before_deed(request: HttpRequest, *, may: bool) -> HttpResponse | None:
    """On a page that more people look at than act on: what stands before the deed, if anything.

    Who may not is refused; who has not confirmed lately does so first, and is back here then.
    """
    if not may:
        raise PermissionDenied
    if not is_recent(request):
        return HttpResponseRedirect(address(request.user, request.path))
    return None


def address(user: Any, goes_to: str) -> str:
    """The page where `user` confirms, leading on to `goes_to`."""
    methods = get_adapter().get_reauthentication_methods(user)
    first = next(iter(methods), {"url": settings.LOGIN_URL})
    return f"{first['url']}?{urlencode({'next': goes_to})}"


def name_purposes(words: Mapping[str, Promise]) -> None:
    """Say what people do on pages that ask for a confirmation, by the names of their addresses."""
    _PURPOSES.update(words)


def purpose(goes_to: str) -> str:
    """What a person will do at the address that follows a confirmation; "" where nothing is said.

    The words are ours, whatever stands in the address: it only chooses among them.
    """
    try:
        name = resolve(urlsplit(goes_to).path).view_name
    except (Resolver404, ValueError):
        return ""
    return str(_PURPOSES.get(name, ""))


def _way_back(request: HttpRequest) -> str:
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc == request.get_host():
        return came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return request.path
