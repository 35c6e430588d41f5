"""Time-stamps by an authority made in the test: RFC 3161 tokens that verify without us (N03)."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import TimestampRequestBuilder

from games import seals, timestamps
from games.models import SealStatement
from games.seal_models import SealTimeStamp
from lottery_portal.lib.db import database_time
from tests import make, make_draws, owner

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the authority is openssl's"),
]
URL = "https://tsa.example/stamp"
POLICY = "1.2.3.4.1"


@dataclass(frozen=True)
class Tsa:
    """A time-stamping authority of our own: openssl, under a root of our own."""

    place: Path

    @property
    def root(self) -> str:
        return (self.place / "root.pem").read_text()

    def answer(self, _url: str, query: bytes) -> bytes:
        (self.place / "query.tsq").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa",
                      "-queryfile", "query.tsq", "-out", "answer.tsr")  # fmt: skip
        return (self.place / "answer.tsr").read_bytes()

    def vouches(self, data: bytes, token: bytes) -> bool:
        """What openssl itself says about a token."""
        (self.place / "data").write_bytes(data)
        (self.place / "kept.tsr").write_bytes(token)
        said = self._openssl("ts", "-verify", "-data", "data", "-in", "kept.tsr",
                             "-CAfile", "root.pem", check=False)  # fmt: skip
        return said.returncode == 0

    def _openssl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command = [str(shutil.which("openssl")), *words]
        return subprocess.run(  # noqa: S603 - openssl and words of ours
            command, cwd=self.place, check=check, capture_output=True
        )


CONFIG = f"""
[tsa]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = {POLICY}
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _authority(place: Path) -> Tsa:
    place.mkdir()
    root_key, key = (rsa.generate_private_key(65537, 2048) for _two in range(2))
    now = datetime.now(UTC)
    common = {"before": now - timedelta(days=1), "after": now + timedelta(days=30)}

    def certificate(subject, public, issuer, signer, extensions):
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(issuer))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(common["before"])
            .not_valid_after(common["after"])
        )
        for extension, critical in extensions:
            made = made.add_extension(extension, critical=critical)
        return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root_id = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    (place / "root.pem").write_bytes(
        certificate(
            "Test root",
            root_key.public_key(),
            "Test root",
            root_key,
            [
                (x509.BasicConstraints(ca=True, path_length=None), True),
                (
                    x509.KeyUsage(
                        digital_signature=False, key_cert_sign=True, crl_sign=True, **usage
                    ),
                    True,
                ),
                (root_id, False),
            ],
        )
    )
    (place / "tsa.pem").write_bytes(
        certificate(
            "Test authority",
            key.public_key(),
            "Test root",
            root_key,
            [
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (
                    x509.KeyUsage(
                        digital_signature=True, key_cert_sign=False, crl_sign=False, **usage
                    ),
                    True,
                ),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
                (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
                (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_id), False),
            ],
        )
    )
    (place / "tsa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (place / "serial").write_text("01\n")
    (place / "tsa.cnf").write_text(CONFIG)
    return Tsa(place)


@pytest.fixture
def tsa(tmp_path):
    return _authority(tmp_path / "tsa")


@pytest.fixture(autouse=True)
def _own_place(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def _statement(tsa: Tsa | None) -> SealStatement:
    draw = make_draws.sealed(make_draws.sold([make.single()]))
    if tsa is not None:
        value = {"url": URL, "certificate": tsa.root, "policy": POLICY}
        with owner.as_owner() as hand:
            hand.execute("ALTER TABLE audit_policyparameter DISABLE TRIGGER USER")
            hand.execute(
                "UPDATE audit_policyparameter SET value = %s WHERE key = %s",
                [json.dumps(value), seals.AUTHORITY_POLICY],
            )
    return SealStatement.objects.get(draw=draw)


def _stamp(statement, send):
    return timestamps.stamp(statement_id=statement.pk, now=database_time(), send=send)


def test_a_seal_is_stamped_once_and_the_token_verifies_without_us(tsa):
    """N03: our verification and openssl's agree; another statement does not fit the token."""
    statement = _statement(tsa)

    first = _stamp(statement, tsa.answer)
    again = _stamp(statement, tsa.answer)

    assert first == again
    authority = seals.authority(at=database_time())
    assert authority is not None
    assert timestamps.verify(first, authority=authority) == first.stamped_at
    assert abs(first.stamped_at - statement.sealed_at) < timedelta(minutes=5)
    assert tsa.vouches(statement.statement.encode(), bytes(first.token))
    assert not tsa.vouches(b"another statement", bytes(first.token))


def test_without_an_authority_nobody_is_asked():
    """N03: off until policy names one."""
    statement = _statement(None)

    def never(_url, _query):
        raise AssertionError("nobody is to be asked")

    assert _stamp(statement, never) is None


@pytest.mark.thorough
def test_a_token_of_another_authority_is_refused(tsa, tmp_path):
    """N03: the certificate that policy names decides, not the one that comes along."""
    statement = _statement(tsa)
    stranger = _authority(tmp_path / "stranger")

    with pytest.raises(timestamps.TokenWrong):
        _stamp(statement, stranger.answer)

    assert not SealTimeStamp.objects.exists()


def test_a_token_over_other_bytes_or_of_another_question_is_refused(tsa):
    """N03: a replayed answer, a torn one, and one over something else."""
    statement = _statement(tsa)
    old = tsa.answer(URL, timestamps.query_for(statement).as_bytes())
    other = TimestampRequestBuilder().data(b"else").build().as_bytes()

    for send in (
        lambda _url, _query: old,
        lambda url, _query: tsa.answer(url, other),
        lambda url, query: tsa.answer(url, query)[:-40],
        lambda _url, _query: b"",
    ):
        with pytest.raises(timestamps.TokenWrong):
            _stamp(statement, send)

    assert not SealTimeStamp.objects.exists()


def test_a_stamp_older_than_its_seal_is_refused(tsa):
    """N03: who says he sealed later than he was stamped is back-dated or forged."""
    statement = _statement(tsa)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_sealstatement DISABLE TRIGGER USER")
        hand.execute("UPDATE games_sealstatement SET sealed_at = now() + interval '1 day'")

    with pytest.raises(timestamps.TokenWrong, match="older"):
        _stamp(statement, tsa.answer)

    assert not SealTimeStamp.objects.exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:1/"])
def test_an_authority_that_cannot_be_reached_is_asked_again_later(url):
    """N03: and no address but of the web is opened."""
    with pytest.raises(timestamps.AuthoritySilent):
        timestamps.over_http(url, b"query")
