"""What people type to log in: a phone number, an e-mail address or a staff name, in one form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.encryption import blind_index, masked
from lottery_portal.lib.errors import Refused

from .models import LoginName

HOME_REGION = "CN"
LONGEST = 254
STAFF_NAME = re.compile(r"[a-z][a-z0-9._-]{2,30}")
MOBILE = frozenset(
    {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)


class LoginNameMalformed(Refused):
    """Neither a mobile number nor an e-mail address."""

    code, status = "login_malformed", 400
    message = _(
        "This is neither a mobile number nor an e-mail address. A mobile number from outside "
        "mainland China begins with + and the country code."
    )


@dataclass(frozen=True)
class Typed:
    """A login name in the form it is stored and looked up in."""

    kind: LoginName.Kind
    value: str

    @property
    def index(self) -> bytes:
        """The blind index by which its row is found."""
        return blind_index("login", f"{self.kind}|{self.value}")

    @property
    def masked(self) -> str:
        """So much of it as its owner recognises."""
        return mask(self.kind, self.value)


def mask(kind: str, value: str) -> str:
    """A login name as it may stand on a page."""
    if kind == LoginName.Kind.STAFF:
        return value
    if kind == LoginName.Kind.EMAIL:
        return masked("email", value)
    return masked("phone", value.removeprefix("+86"))


def of(row: LoginName) -> Typed:
    """The login name a row keeps; reading it decrypts."""
    return Typed(LoginName.Kind(row.kind), row.value.reveal())


def contact(text: str) -> Typed:
    """A mobile number or an e-mail address that reaches a player, or `LoginNameMalformed`.

    Numbers without a country code are read as mainland numbers.
    """
    cleaned = _cleaned(text)
    found = _email(cleaned) if "@" in cleaned else _phone(cleaned)
    if found is None:
        raise LoginNameMalformed(fields=["login"])
    return found


def typed(text: str) -> Typed:
    """Whatever was typed at log-in. Nothing is refused here: an unknown name is looked up too."""
    cleaned = _cleaned(text)
    found = _email(cleaned) if "@" in cleaned else _phone(cleaned)
    return found or Typed(LoginName.Kind.STAFF, cleaned.lower())


def staff(name: str) -> Typed:
    """A staff name; the person who makes the account chooses it."""
    cleaned = _cleaned(name).lower()
    if not STAFF_NAME.fullmatch(cleaned):
        raise ValueError(f"Not a staff name: {name}")
    return Typed(LoginName.Kind.STAFF, cleaned)


def _cleaned(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()[:LONGEST]


def _email(text: str) -> Typed | None:
    try:
        validate_email(text)
    except ValidationError:
        return None
    return Typed(LoginName.Kind.EMAIL, text.lower())


def _phone(text: str) -> Typed | None:
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.number_type(number) not in MOBILE:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Typed(LoginName.Kind.PHONE, written)
