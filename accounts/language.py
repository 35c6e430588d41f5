"""The language of pages: Chinese, unless this browser or its user chose another (D18)."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from lottery_portal.lib.db import door

from .models import User

YEAR_SECONDS = 365 * 24 * 3600
KNOWN = frozenset(code for code, _name in settings.LANGUAGES)


class LanguageMiddleware:
    """Speaks the language of the cookie; what the browser says it accepts is not asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = chosen(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        return response


def remember(request: HttpRequest, response: HttpResponse, language: str) -> None:
    """Keep a choice in the browser's cookie and, for somebody logged in, with his account."""
    set_cookie(response, language)
    if isinstance(request.user, User):
        choose(request.user, language)


def set_cookie(response: HttpResponse, language: str) -> None:
    """Let this browser speak `language` from now on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def chosen(request: HttpRequest) -> str:
    """The language of this browser's cookie, or Chinese."""
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return language if language in KNOWN else settings.LANGUAGE_CODE


@door
def choose(user: User, language: str) -> None:
    """Remember the choice with the account, for messages and for the next browser."""
    if language not in KNOWN:
        raise ValueError(f"Not a language of the house: {language}")
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language
