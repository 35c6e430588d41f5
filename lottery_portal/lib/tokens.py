"""Tokens for programs: kept as digests, ended after 30 days. Knows no web framework."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.utils import timezone

from .encryption import blind_index

TOKEN_LIFE = timedelta(days=30)


def digest(key: str) -> str:
    """What is stored of a token."""
    return blind_index("token", key).hex()[:40]


def end(user: Any) -> None:
    """End the token of an account, if it has one."""
    apps.get_model("authtoken", "Token")._default_manager.filter(user=user).delete()  # noqa: SLF001 - Django's way, from a place without models


def owner_of(request: HttpRequest) -> Any:
    """The user of the request's token, kept with it; None when the token opens nothing."""
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "token" or not key.strip():
        return None
    rows = apps.get_model("authtoken", "Token")._default_manager.select_related("user")  # noqa: SLF001 - Django's way, from a place without models
    token = rows.filter(key=digest(key.strip())).first()
    if token is None or not token.user.is_active or timezone.now() - token.created > TOKEN_LIFE:
        return None
    request.user_by_token = token.user, token  # type: ignore[attr-defined]  # kept for this request
    request.token_made_at = token.created  # type: ignore[attr-defined]  # kept for this request
    return token.user
