"""Terms and privacy notice: published in versions, accepted by version (F005).

How money is protected is a text of its own: nobody needs it to look or to play, and nobody brings
money in before he has acknowledged the version in force (F119).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from .models import Consent, LegalText, User

OUR_TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("zh-hans", "en")
FOR_ALL = (LegalText.Kind.TERMS, LegalText.Kind.PRIVACY)
FUNDS = LegalText.Kind.FUNDS


class NotTheLatest(Refused):
    """Something other than the latest texts was accepted."""

    code, status = "consent_required", 400
    message = _("Please accept the current terms of use and the current privacy notice.")


class DisclosureOutdated(Refused):
    """Something other than the latest text on the protection of money was acknowledged."""

    code, status = "disclosure_outdated", 409
    message = _("This text has changed meanwhile. Please read the present one.")


class VersionPublished(Refused):
    """That version of the text exists; a version never changes."""

    code = "version_published"
    message = _("Version %(version)s of this text is already published.")


@dataclass(frozen=True)
class Words:
    """One text in one language."""

    title: str
    body: str


def latest(now: datetime) -> dict[str, int]:
    """Kind and version of the texts in force that everybody accepts."""
    published = LegalText.objects.filter(kind__in=FOR_ALL, published_at__lte=now)
    rows = published.values_list("kind").annotate(newest=Max("version")).order_by("kind")
    return {str(kind): int(version) for kind, version in rows}


def lacking(user: User, now: datetime) -> dict[str, int]:
    """Kind and version of the texts in force that `user` has not accepted."""
    have = dict(
        Consent.objects.filter(user=user).values_list("kind").annotate(newest=Max("version"))
    )
    return {kind: version for kind, version in latest(now).items() if have.get(kind, 0) < version}


def unaccepted(now: datetime) -> QuerySet[LegalText]:
    """For a query over rows with `user_id`: texts in force which that user has not accepted."""
    accepted = Consent.objects.filter(
        user_id=OuterRef(OuterRef("user_id")),
        kind=OuterRef("kind"),
        version__gte=OuterRef("version"),
    )
    return LegalText.objects.filter(~Exists(accepted), kind__in=FOR_ALL, published_at__lte=now)


def undisclosed(user: User, now: datetime) -> int | None:
    """The version of the text on the protection of money that `user` has yet to acknowledge."""
    known = Consent.objects.filter(user=user, kind=FUNDS, version=OuterRef("version"))
    newest = (
        LegalText.objects.filter(kind=FUNDS, published_at__lte=now)
        .order_by("-version")
        .values_list("version", Exists(known))
        .first()
    )
    if newest is None:
        return 0
    version, is_known = newest
    return None if is_known else int(version)


@door
def acknowledge(user: User, version: int, *, now: datetime, ip: str) -> None:
    """Record that `user` has read how his money is protected; only the text in force counts."""
    text = read(FUNDS, language=LANGUAGES[0], now=now)
    if text.version != version:
        raise DisclosureOutdated
    _consent(user, [(FUNDS, version)], now=now, ip=ip)
    trail.record(
        action="accounts.disclosure_acknowledged",
        actor=user,
        object_type="user",
        object_code=user.username,
        body={"version": version},
    )


def read(kind: str, *, language: str, now: datetime, version: int | None = None) -> LegalText:
    """A text in force, or an older version of it, in `language` or else in Chinese."""
    published = LegalText.objects.filter(kind=kind, published_at__lte=now)
    if version is not None:
        published = published.filter(version=version)
    text = (
        published.filter(Q(language=language) | Q(language=LANGUAGES[0]))
        .order_by("-version", "language" if language == "en" else "-language")
        .first()
    )
    if text is None:
        raise LegalText.DoesNotExist(f"No text {kind} {version}.")
    return text


@door
def publish(kind: str, words: Mapping[str, Words], *, actor: User, now: datetime) -> int:
    """Publish the next version in every language; nobody goes on without accepting it."""
    if set(words) != set(LANGUAGES):
        raise ValueError("A text is published in every language at once.")
    version = 1 + (
        LegalText.objects.filter(kind=kind).aggregate(newest=Max("version"))["newest"] or 0
    )
    _write(kind, version, words, now=now)
    trail.record(
        action="accounts.legal_text_published",
        actor=actor,
        object_type="legal_text",
        object_code=f"{kind}-{version}",
        body={"kind": kind, "version": version},
    )
    return version


@door
def accept(user: User, accepted: Collection[tuple[str, int]], *, now: datetime, ip: str) -> None:
    """Record that `user` accepted the texts in force; anything less than all of them is refused."""
    record(user, accepted, now=now, ip=ip)


@inside_transaction
def record(user: User, accepted: Collection[tuple[str, int]], *, now: datetime, ip: str) -> None:
    """The same as a step of another door. Accepting twice changes nothing."""
    check(accepted, now=now)
    _consent(user, accepted, now=now, ip=ip)
    trail.record(
        action="accounts.legal_texts_accepted",
        actor=user,
        object_type="user",
        object_code=user.username,
        body={"accepted": [f"{kind}-{version}" for kind, version in sorted(accepted)]},
    )


def check(accepted: Collection[tuple[str, int]], *, now: datetime) -> None:
    """Refuse everything but the versions in force."""
    if set(accepted) != set(latest(now).items()):
        raise NotTheLatest(fields=["accepted"])


@inside_transaction
def write_ours(*, now: datetime) -> list[str]:
    """Genesis: our own texts in their newest version; which were written ("PRIVACY-2").

    A house that began with an older version gets the newer beside it, and players accept it before
    they go on. Where a version of that number, or a later one, was published, nothing is written.
    """
    written = []
    for kind in LegalText.Kind.values:
        version = newest_of_ours(kind)
        if not LegalText.objects.filter(kind=kind, version__gte=version).exists():
            _write(kind, version, ours(kind, version), now=now)
            written.append(f"{kind}-{version}")
    return written


def newest_of_ours(kind: str) -> int:
    """The newest version of a text that comes with the house."""
    found = OUR_TEXTS.glob(f"{kind.lower()}-*.{LANGUAGES[0]}.txt")
    return max(int(file.name.split(".")[0].rpartition("-")[2]) for file in found)


def ours(kind: str, version: int) -> dict[str, Words]:
    """A text that comes with the house, in every language, with the name of its operator."""
    words = {}
    for language in LANGUAGES:
        file = OUR_TEXTS / f"{kind.lower()}-{version}.{language}.txt"
        text = file.read_text(encoding="utf-8").replace("{operator}", settings.OPERATOR)
        title, _blank, body = text.partition("\n")
        words[language] = Words(title=title.strip(), body=body.strip())
    return words


def _consent(user: User, accepted: Collection[tuple[str, int]], *, now: datetime, ip: str) -> None:
    Consent.objects.bulk_create(
        [
            Consent(
                user=user,
                kind=kind,
                version=version,
                accepted_at=now,
                ip_digest=blind_index("ip", ip),
            )
            for kind, version in sorted(accepted)
        ],
        ignore_conflicts=True,
    )


def _write(kind: str, version: int, words: Mapping[str, Words], *, now: datetime) -> None:
    for language, text in words.items():
        LegalText.objects.create(
            kind=kind,
            version=version,
            language=language,
            title=text.title,
            body=text.body,
            published_at=now,
        )
