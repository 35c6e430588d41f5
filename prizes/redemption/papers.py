"""The papers of a claim: encrypted, bound to their row, counted before it is paid and filed (F101).

Which kinds must be there is a policy by way of claim, judged by that of the day it was opened:
`prizes.papers_to_pay` before the figures are settled, `prizes.papers_to_file` before it is filed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from audit import policies
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.encryption import decrypt_bytes, encrypt_bytes
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, ClaimPaper

from . import steps
from .claim_refusals import NotTheOwner, PapersMissing, in_words

IDENTITY, TICKET, PERSON = "IDENTITY", "TICKET", "PERSON"
CONFIRMATION, SIGNATURE, VOUCHER = "CONFIRMATION", "SIGNATURE", "VOUCHER"
STAFF = frozenset({"claims_clerk", "claims_officer", "outlet_operator"})
FILERS = frozenset({"claims_clerk", "claims_officer"})
PURPOSE = "claim_paper"
TO_PAY, TO_FILE = "prizes.papers_to_pay", "prizes.papers_to_file"
GENESIS: Mapping[str, Mapping[str, list[str]]] = {
    TO_PAY: {"OUTLET": [], "CENTRE": [IDENTITY], "REMOTE": [IDENTITY, TICKET, PERSON]},
    TO_FILE: {
        "OUTLET": [CONFIRMATION],
        "CENTRE": [IDENTITY, CONFIRMATION],
        "REMOTE": [IDENTITY, TICKET, PERSON, CONFIRMATION],
    },
}


def add(
    *, code: str, kind: str, content: bytes, media_type: str, actor: Any, now: datetime
) -> ClaimPaper:
    """Add a paper to a claim that is not filed yet; the same paper twice is one.

    The winner adds his own, staff those of the winner before them.
    """
    with in_words():
        return _add(code, kind, content, media_type, actor=actor, now=now)


@inside_transaction
def keep(
    claim: Claim, kind: str, content: bytes, media_type: str, *, actor: Any, now: datetime
) -> ClaimPaper:
    """Put a paper into the file of a claim, inside the deed it belongs to; once."""
    digest = hashlib.sha256(content).hexdigest()
    known = ClaimPaper.objects.filter(claim=claim, kind=kind, digest=digest).first()
    if known is not None:
        return known
    row = uuid7()
    place = f"{ClaimPaper._meta.db_table}|content|{row}"  # noqa: SLF001 - Django's way
    return ClaimPaper.objects.create(
        row_uuid=row,
        claim=claim,
        kind=kind,
        media_type=media_type,
        size=len(content),
        digest=digest,
        content=encrypt_bytes(content, purpose=PURPOSE, place=place),
        added_by=actor,
        added_at=now,  # the database writes its own clock over it
    )


def content_of(paper: ClaimPaper) -> bytes:
    """The paper in the clear. Callers write the trail before they ask."""
    place = f"{ClaimPaper._meta.db_table}|content|{paper.row_uuid}"  # noqa: SLF001 - Django's way
    return decrypt_bytes(bytes(paper.content), purpose=PURPOSE, place=place)


def missing(claim: Claim, policy: str) -> list[str]:
    """The kinds of paper this claim still lacks, to be paid (`TO_PAY`) or filed (`TO_FILE`)."""
    wanted = policies.read(policy, at=claim.opened_at, scope=claim.way)
    there = set(ClaimPaper.objects.filter(claim=claim).values_list("kind", flat=True))
    return [kind for kind in wanted if kind not in there]


@contextmanager
def named(code: str, policy: str) -> Iterator[None]:
    """Say with the refusal of a deed which papers the claim lacks; outside of its transaction."""
    try:
        yield
    except PapersMissing as refusal:
        raise PapersMissing(missing(steps.find(code), policy)) from refusal


def archive(*, code: str, actor: Any, now: datetime) -> Claim:
    """File a paid claim whose papers are all there; nothing is added to it afterwards (F101)."""
    with named(code, TO_FILE), in_words():
        return _archive(code, actor, now)


@door
def _add(
    code: str, kind: str, content: bytes, media_type: str, *, actor: Any, now: datetime
) -> ClaimPaper:
    claim = steps.locked(code)
    if actor.is_staff:
        steps.in_post(actor, STAFF, now)
    elif claim.owner.user_id != actor.pk:
        raise NotTheOwner
    try:
        return keep(claim, kind, content, media_type, actor=actor, now=now)
    except IntegrityError as exc:
        if violated(exc) == "claim_paper_kind_is_a_word":
            raise ValueError("A kind of paper is a word in capitals.") from exc
        raise


@door
def _archive(code: str, actor: Any, now: datetime) -> Claim:
    claim = steps.locked(code)
    steps.in_post(actor, FILERS, now)
    papers = claim.papers.order_by("pk").values_list("kind", "digest")
    return steps.move(
        claim, Claim.State.ARCHIVED, actor=actor, body={"papers": [list(one) for one in papers]}
    )
