"""The confidentiality agreement of staff: read, signed by version, renewed (F099; S1 七(二)1).

Who takes part in redemption signs it before he sees the data of a winner. A new version wants a new
signature, and so does an old signature after the days that the policy names. Whether somebody has
signed is asked of one function of the database, which also guards the looks at winners' records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import legal_texts, who
from .models import ConfidentialityAgreement, ConfidentialitySignature, StaffMember, User

DAYS_POLICY, DAYS = "confidentiality.signature_days", 365  # until a policy says otherwise
FIRST_TEXTS = Path(__file__).parent / "texts"
READERS = frozenset({"claims_clerk", "claims_officer", "support", "compliance"})


class NotSigned(Refused):
    """No signature on the version in force: nothing is opened."""

    code, status = "confidentiality_not_signed", 403
    message = _(
        "Personal data opens after you have signed the confidentiality agreement in force. Please "
        "read and sign it first."
    )


class AgreementChanged(Refused):
    """Something other than the text in force was signed."""

    code = "confidentiality_changed"
    message = _("The agreement has changed meanwhile. Please read the present text.")


@dataclass(frozen=True)
class Standing:
    """Where a member of staff stands: `signed_at` and version of his last signature, if any."""

    member: StaffMember
    roles: frozenset[str]
    version: int
    signed_at: datetime | None
    is_signed: bool

    @property
    def must_sign(self) -> bool:
        """Whether his posts let him see winners' data while his signature is missing."""
        return not self.is_signed and bool(self.roles & READERS)


def in_force(*, language: str, now: datetime) -> ConfidentialityAgreement:
    """The agreement in force, in `language` or else in Chinese."""
    found = (
        ConfidentialityAgreement.objects.filter(
            published_at__lte=now, language__in={language, legal_texts.LANGUAGES[0]}
        )
        .order_by("-version", "language" if language == "en" else "-language")
        .first()
    )
    if found is None:
        raise ConfidentialityAgreement.DoesNotExist("No agreement is published.")
    return found


def digest(text: ConfidentialityAgreement) -> str:
    """SHA-256 of the very words, in hex: what a signature names."""
    words = f"{text.version}\n{text.language}\n{text.title}\n{text.body}"
    return hashlib.sha256(words.encode()).hexdigest()


def has_signed(user: User, at: datetime) -> bool:
    """Whether the person behind `user` signed the version in force at `at`, not too long ago."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_has_signed(%s, %s)", [user.pk, at])
        (is_signed,) = cursor.fetchone()
    return bool(is_signed)


def demand(user: User, at: datetime) -> None:
    """Refuse who has not signed; before anything is opened."""
    if not has_signed(user, at):
        raise NotSigned


def sign(*, user: User, language: str, version: int, digest_read: str, now: datetime) -> None:
    """Sign the version in force, in the words that were read; signing again renews it.

    Staff only. The words are named by their digest; any others are refused.
    """
    try:
        _sign(user, language, version, digest_read, now)
    except IntegrityError as exc:
        if violated(exc) in {"confidentiality_signed_in_force", "confidentiality_signed_as_read"}:
            raise AgreementChanged from exc
        raise


@door
def _sign(user: User, language: str, version: int, digest_read: str, now: datetime) -> None:
    member = who.staff(user)
    text = in_force(language=language, now=now)
    if (text.version, digest(text)) != (version, digest_read):
        raise AgreementChanged
    ConfidentialitySignature.objects.create(
        person=member.person, user=user, agreement=text, digest=digest_read, signed_at=now
    )
    trail.record(
        action="accounts.confidentiality_signed",
        actor=user,
        object_type="staff",
        object_code=user.username,
        body={"version": version, "language": text.language, "digest": digest_read},
    )


@door
def publish(words: Mapping[str, legal_texts.Words], *, actor: User, now: datetime) -> int:
    """Publish the next version in every language; older signatures open nothing any more."""
    if set(words) != set(legal_texts.LANGUAGES):
        raise ValueError("A text is published in every language at once.")
    newest = ConfidentialityAgreement.objects.aggregate(newest=Max("version"))["newest"] or 0
    _write(newest + 1, words, now=now)
    trail.record(
        action="accounts.confidentiality_published",
        actor=actor,
        object_type="legal_text",
        object_code=f"CONFIDENTIALITY-{newest + 1}",
        body={"version": newest + 1},
    )
    return int(newest) + 1


@inside_transaction
def write_first(*, now: datetime) -> None:
    """Genesis: version 1, once."""
    if not ConfidentialityAgreement.objects.exists():
        _write(1, first(), now=now)


def first() -> dict[str, legal_texts.Words]:
    """Version 1 in every language, with the name of the operator of this house."""
    words = {}
    for language in legal_texts.LANGUAGES:
        text = (FIRST_TEXTS / f"confidentiality-1.{language}.txt").read_text(encoding="utf-8")
        title, _blank, body = text.replace("{operator}", settings.OPERATOR).partition("\n")
        words[language] = legal_texts.Words(title=title.strip(), body=body.strip())
    return words


def last_signature(user: User) -> ConfidentialitySignature | None:
    """The last signature of the person behind `user`."""
    mine = ConfidentialitySignature.objects.filter(person=who.staff(user).person)
    return mine.select_related("agreement").order_by("-pk").first()


def standings(now: datetime) -> list[Standing]:
    """Everybody who holds a post, those first who must sign and have not."""
    roles: dict[int, set[str]] = {}
    for posting in who.postings_held(now):
        roles.setdefault(posting.person_id, set()).update(posting.post.roles)
    signatures = {
        signature.person_id: signature
        for signature in ConfidentialitySignature.objects.select_related("agreement").order_by("pk")
    }
    signed = _signed(now)
    found = [
        Standing(
            member=member,
            roles=frozenset(roles[member.person_id]),
            version=last.agreement.version if last else 0,
            signed_at=last.signed_at if last else None,
            is_signed=member.user_id in signed,
        )
        for member in StaffMember.objects.select_related("user").filter(person_id__in=roles)
        for last in [signatures.get(member.person_id)]
    ]
    return sorted(
        found, key=lambda one: (not one.must_sign, one.is_signed, one.member.display_name)
    )


def _signed(now: datetime) -> set[int]:
    """The accounts of staff that have signed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM accounts_staffmember WHERE accounts_has_signed(user_id, %s)", [now]
        )
        return {user_id for (user_id,) in cursor.fetchall()}


def _write(version: int, words: Mapping[str, legal_texts.Words], *, now: datetime) -> None:
    for language, text in words.items():
        ConfidentialityAgreement.objects.create(
            version=version,
            language=language,
            title=text.title,
            body=text.body,
            published_at=now,
        )
