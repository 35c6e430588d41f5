"""The room in JSON: who am I, and tokens for programs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from audit import trail
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.tokens import TOKEN_LIFE, digest

from . import login, login_names, messages, second_factor, who
from .models import LoginName, User


class StaffUseTheDesk(Refused):
    """Staff work in sessions with a second factor, never by token."""

    code, status = "staff_use_the_desk", 403
    message = _("Staff accounts have no tokens. Please use the desk.")


class CodeNeeded(Refused):
    """The account has a second factor; its code is missing or wrong."""

    code, status = "second_factor_required", 401
    message = _("This account has a second factor. Please send its code as well.")


class LoginThrottle(SimpleRateThrottle):
    """Twenty log-ins a minute from one address; the lock after three failures comes on top."""

    scope = "tokens"
    rate = "20/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"throttle:{self.scope}:{blind_index('ip', login.client_ip(request._request)).hex()}"  # noqa: SLF001 - as below


class Me(serializers.Serializer[dict[str, Any]]):
    """The player's account."""

    code = serializers.CharField()
    state = serializers.CharField()
    is_verified = serializers.BooleanField()
    name = serializers.CharField(help_text="Masked; empty before the identity check.")
    logins = serializers.ListField(child=serializers.CharField(), help_text="Masked.")
    language = serializers.CharField()
    unread_messages = serializers.IntegerField()


class MeView(APIView):
    """Who am I?"""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: Me})
    def get(self, request: Request) -> Response:
        """The account behind the session or token."""
        user = request.user
        assert isinstance(user, User)  # noqa: S101 - narrows for the type checker
        player = who.player(user)
        rows = LoginName.objects.filter(user=user).order_by("pk")
        return Response(
            {
                "code": player.code,
                "state": player.state,
                "is_verified": player.is_verified,
                "name": str(player.person.name) if player.person else "",
                "logins": [login_names.of(row).masked for row in rows],
                "language": user.language,
                "unread_messages": messages.unread(user),
            }
        )


class TokenGiven(serializers.Serializer[dict[str, Any]]):
    """A new token; it is shown once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TokenView(APIView):
    """Log in and out by token."""

    @extend_schema_serializer(component_name="LogIn")
    class Input(serializers.Serializer[dict[str, Any]]):
        """What is needed to log in."""

        login = serializers.CharField(max_length=254)
        password = serializers.CharField(max_length=128, trim_whitespace=False)
        code = serializers.CharField(
            max_length=12, required=False, default="", help_text="For accounts with two factors."
        )

    def get_permissions(self) -> Any:
        return [AllowAny()] if self.request.method == "POST" else [IsAuthenticated()]

    def get_authenticators(self) -> Any:
        asked = getattr(self, "request", None)  # none while the schema is being written
        if asked is not None and asked.method == "POST":
            return []  # logging in needs no proof that one is logged in, nor a session's CSRF
        return super().get_authenticators()

    def get_throttles(self) -> Any:
        return [LoginThrottle()] if self.request.method == "POST" else []

    @extend_schema(
        request=Input,
        responses={
            201: TokenGiven,
            401: OpenApiResponse(description="login_failed, second_factor_required"),
            429: OpenApiResponse(description="login_locked"),
        },
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Log in by login name and password; the account's earlier token ends."""
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        user = login.check(
            request._request,  # noqa: SLF001 - the log-in lock counts Django's requests
            login=given.validated_data["login"],
            password=given.validated_data["password"],
        )
        if user.is_staff:
            raise StaffUseTheDesk
        if second_factor.is_enrolled(user):
            _check_code(user, given.validated_data["code"])
        key = Token.generate_key()
        with transaction.atomic(durable=True):
            Token.objects.filter(user=user).delete()
            token = Token.objects.create(user=user, key=digest(key))
            trail.record(
                action="accounts.token_given",
                actor=user,
                object_type="user",
                object_code=user.username,
                body={},
            )
        answer = {"token": key, "expires_at": token.created + TOKEN_LIFE}
        return Response(TokenGiven(answer).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """End the account's token."""
        user = request.user
        assert isinstance(user, User)  # noqa: S101 - narrows for the type checker
        with transaction.atomic(durable=True):
            Token.objects.filter(user=user).delete()
            trail.record(
                action="accounts.token_ended",
                actor=user,
                object_type="user",
                object_code=user.get_username(),
                body={},
            )
        return Response(status=status.HTTP_204_NO_CONTENT)


def _check_code(user: User, code: str) -> None:
    try:
        factor = second_factor.accept(user, code)
    except ValidationError as exc:
        raise login.Locked from exc
    if factor is None:
        raise CodeNeeded
    factor.record_usage()


routes = [
    path("me/", MeView.as_view(), name="me"),
    path("tokens/", TokenView.as_view(), name="tokens"),
]
