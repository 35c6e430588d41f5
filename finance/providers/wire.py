"""What providers on the open network have in common: one HTTPS call, RSA signatures, amounts."""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from . import MessageMalformed, ProviderSilent

TIMEOUT = 8
LONGEST = 100_000
WITH_TWO_DECIMALS = re.compile(r"\d{1,12}(\.\d{1,2})?")


class _NoWayOn(urllib.request.HTTPRedirectHandler):
    """A signed order goes to the provider's own address or nowhere."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoWayOn)


def call(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """One request; status, headers and body of the answer, or `OSError` when there is none."""
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's own setting
        url, data=body, method=method, headers=dict(headers)
    )
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.headers, answer.read(LONGEST)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, dict(exc.headers), exc.read(LONGEST)
    except http.client.HTTPException as exc:
        raise ProviderSilent("The answer broke off.") from exc


def signed(private_key: str, message: bytes) -> str:
    """SHA256withRSA over a message, in base64."""
    raw = _private(private_key).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(raw).decode()


def is_signed(public_key: str, message: bytes, signature: str) -> bool:
    """Whether the holder of the key signed the message."""
    try:
        raw = base64.b64decode(signature, validate=True)
        public(public_key).verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=32)
def public(text: str) -> rsa.RSAPublicKey:
    """The public key in a PEM text, a certificate, or bare base64."""
    if "BEGIN CERTIFICATE" in text:
        key: Any = x509.load_pem_x509_certificate(text.encode()).public_key()
    elif text.lstrip().startswith("-----"):
        key = serialization.load_pem_public_key(text.encode())
    else:
        key = serialization.load_der_public_key(base64.b64decode(text))
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("Providers sign with RSA.")
    return key


def fen(yuan: object) -> int:
    """An amount written in yuan as fen; anything else is malformed."""
    if not isinstance(yuan, str) or not WITH_TWO_DECIMALS.fullmatch(yuan):
        raise MessageMalformed
    return int(Decimal(yuan) * 100)


def as_object(raw: bytes | str) -> dict[str, Any]:
    """A JSON object; anything else is malformed."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise MessageMalformed from exc
    if not isinstance(content, dict):
        raise MessageMalformed
    return content


def word(value: object, longest: int) -> str:
    """A short printable text; anything else is malformed."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise MessageMalformed
    return value


@lru_cache(maxsize=32)
def _private(text: str) -> rsa.RSAPrivateKey:
    if text.lstrip().startswith("-----"):
        key: Any = serialization.load_pem_private_key(text.encode(), password=None)
    else:
        key = serialization.load_der_private_key(base64.b64decode(text), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("Orders are signed with RSA.")
    return key
