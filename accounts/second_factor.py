"""The second factor: secrets are encrypted, codes open once, staff never lose their last one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import segno
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from lottery_portal.lib.encryption import decrypt, encrypt

from . import login_names, tries
from .models import CodeStep, LoginName, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

PLACE = "mfa_authenticator|data"
WRONG_CODES, WITHIN = 3, timedelta(minutes=30)
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class HouseMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library has no types
    """What the second-factor library asks of the house."""

    def encrypt(self, text: str) -> str:
        return encrypt(text, purpose="second_factor", place=PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, purpose="second_factor", place=PLACE)

    def build_totp_svg(self, url: str) -> str:
        return segno.make(url, error="m", micro=False).svg_inline(
            scale=4,
            border=0,
            dark="#000",
            light="#fff",
            omitsize=True,
            svgclass=None,
            lineclass=None,
        )

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "", "name": settings.BRAND}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 - its name
        number = 1 + Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey") if number == 1 else _("Passkey %(number)s") % {"number": number}

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return may_remove(authenticator)

    def _get_user_identifier(self, user: Any) -> str:
        named = LoginName.objects.filter(user_id=user.pk).order_by("pk").first()
        return login_names.of(named).masked if named else str(user.get_username())


def is_enrolled(user: User) -> bool:
    """Whether the user has a device or a passkey; recovery codes alone do not count."""
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def accept(user: User, code: str) -> Authenticator | None:
    """The factor whose `code` this is, spent by this call; None for a wrong or a spent one.

    Failures count: too many raise the library's `ValidationError`. Every way in asks here. The
    library counts in the cache, by address too; the database counts by user, cache or no cache.
    """
    forget = check_rate_limit(user)
    counted = {"what": "second_factor", "whose": str(user.pk)}
    if tries.count(**counted, within=WITHIN) > WRONG_CODES:
        raise get_adapter().validation_error("too_many_login_attempts")
    for factor in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN):
        if spend(factor, code):
            forget()
            tries.forget(**counted)
            return factor
    return None


def spend(factor: Authenticator, code: str) -> bool:
    """True for exactly one caller per code; then neither it nor an older one opens again.

    The database keeps what is spent: the library's own mark lies in the cache, which may fail.
    """
    if factor.type != Authenticator.Type.TOTP:
        return bool(factor.wrap().validate_code(code))
    secret = decrypt(factor.data["secret"], purpose="second_factor", place=PLACE)
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return CodeStep.reach(user_id=factor.user_id, step=step)
    return False


def was_used(request: HttpRequest, user: User | AnonymousUser) -> bool:
    """Whether this session was opened, or since confirmed, with a second factor."""
    records = get_authentication_records(request, user)
    return any(record.get("method") == "mfa" for record in records)


def may_remove(authenticator: Authenticator) -> bool:
    """Staff keep at least one factor; a player may do without."""
    user = User.objects.get(pk=authenticator.user_id)
    if not user.is_staff or authenticator.type not in FACTORS:
        return True
    others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
    return bool(others.exists())
