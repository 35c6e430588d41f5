"""Time-stamps for seals by an authority of its own: RFC 3161, off until policy names one (N03).

We send the SHA-256 of the statement, the authority answers with a token that says when it saw it.
A token is kept only if it was signed by the authority whose certificate policy names, over this
very digest, in answer to this very question. The token then proves without us that the statement
is not younger than it says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import Request, build_opener

from cryptography import x509
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _
from rfc3161_client import (
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.base import HashAlgorithm

from audit import trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import seals
from .models import SealStatement
from .seal_models import SealTimeStamp
from .seals import Authority

PATIENCE_SECONDS = 15
LARGEST_ANSWER = 256_000
CLOCKS_DIFFER = timedelta(minutes=5)
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"

Send = Callable[[str, bytes], bytes]


class AuthoritySilent(Refused):
    """The authority cannot be reached, or gives no answer of this protocol; try again."""

    code, status = "timestamp_authority_silent", 503
    message = _("The time-stamping authority does not answer.")


class TokenWrong(Refused):
    """The answer is not this authority's word on this statement."""

    code = "timestamp_wrong"
    message = _("The time-stamp does not fit: %(why)s")


def over_http(url: str, query: bytes) -> bytes:
    """Ask an authority over the network."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise AuthoritySilent
    request = Request(url, data=query, headers={"Content-Type": QUERY, "Accept": REPLY})  # noqa: S310 - the scheme was looked at
    try:
        with build_opener().open(request, timeout=PATIENCE_SECONDS) as answer:
            raw: bytes = answer.read(LARGEST_ANSWER + 1)
    except (OSError, HTTPException) as exc:
        raise AuthoritySilent from exc
    if len(raw) > LARGEST_ANSWER:
        raise AuthoritySilent
    return raw


def stamp(*, statement_id: int, now: datetime, send: Send = over_http) -> SealTimeStamp | None:
    """Have one statement stamped by the authority in force, once; None where there is none."""
    authority = seals.authority(at=now)
    if authority is None:
        return None
    statement = SealStatement.objects.select_related("draw").get(pk=statement_id)
    known = statement.time_stamps.filter(authority=authority.url).first()
    if known is not None:
        return known
    query = query_for(statement)
    raw = send(authority.url, query.as_bytes())
    response = _decoded(raw)
    _verify(response, statement.statement.encode(), authority, nonce=query.nonce)
    if response.tst_info.gen_time < statement.sealed_at - CLOCKS_DIFFER:
        raise TokenWrong(why="it is older than the seal")
    return _keep(statement, authority, response, now=now)


def query_for(statement: SealStatement) -> TimeStampRequest:
    """The question: the SHA-256 of the statement, a number used once, and the certificate asked."""
    return (
        TimestampRequestBuilder()
        .data(statement.statement.encode())
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )


def verify(row: SealTimeStamp, *, authority: Authority) -> datetime:
    """The moment that a kept token proves for its statement, or `TokenWrong`."""
    response = _decoded(bytes(row.token))
    _verify(response, row.statement.statement.encode(), authority, nonce=None)
    return response.tst_info.gen_time


def _decoded(raw: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(raw)
    except ValueError as exc:
        raise TokenWrong(why="it cannot be read") from exc
    if response.status not in {0, 1}:
        raise TokenWrong(why="the authority did not grant it")
    return response


def _verify(
    response: TimeStampResponse, message: bytes, authority: Authority, *, nonce: int | None
) -> None:
    builder = VerifierBuilder()
    for certificate in x509.load_pem_x509_certificates(authority.certificate.encode()):
        builder = builder.add_root_certificate(certificate)
    if authority.policy:
        builder = builder.policy_id(x509.ObjectIdentifier(authority.policy))
    if nonce is not None:
        builder = builder.nonce(nonce)
    try:
        builder.build().verify_message(response, message)
    except (VerificationError, ValueError) as exc:
        raise TokenWrong(why=str(exc)) from exc


@door
def _keep(
    statement: SealStatement, authority: Authority, response: TimeStampResponse, *, now: datetime
) -> SealTimeStamp:
    draw = statement.draw.code
    try:
        row = SealTimeStamp.objects.create(
            statement=statement,
            authority=authority.url,
            serial=str(response.tst_info.serial_number),
            token=response.as_bytes(),
            stamped_at=response.tst_info.gen_time,
            received_at=now,
        )
    except IntegrityError as exc:
        if violated(exc) == "seal_stamped_once_per_authority":
            raise TokenWrong(why="there is one already") from exc
        raise
    trail.record(
        action="games.seal_stamped",
        actor=None,
        object_type="draw",
        object_code=draw,
        body={"authority": authority.url, "serial": row.serial, "at": row.stamped_at},
    )
    return row
