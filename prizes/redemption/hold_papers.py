"""The papers of a hold: encrypted, bound to their row, opened on record (F087, F099)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts import reveal
from accounts.models import User
from audit import people, trail
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.encryption import decrypt_bytes, encrypt_bytes
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7
from prizes.deadline_models import Hold, HoldPaper

from . import steps

PURPOSE = "hold_paper"
READERS = frozenset({"claims_officer", "compliance", "approver", "treasurer"})


class PaperUnknown(Refused):
    """No such paper."""

    code, status = "hold_paper_unknown", 404
    message = _("There is no such paper.")


@door
def add(
    *, hold: Hold, kind: str, content: bytes, media_type: str, actor: User, now: datetime
) -> HoldPaper:
    """Put a paper on the file of a hold; the same paper twice is one."""
    return keep(hold=hold, kind=kind, content=content, media_type=media_type, actor=actor, now=now)


@inside_transaction
def keep(
    *, hold: Hold, kind: str, content: bytes, media_type: str, actor: User, now: datetime
) -> HoldPaper:
    """The same as a step of another door."""
    digest = hashlib.sha256(content).hexdigest()
    known = HoldPaper.objects.filter(hold=hold, kind=kind, digest=digest).first()
    if known is not None:
        return known
    row = uuid7()
    made = HoldPaper.objects.create(
        row_uuid=row,
        hold=hold,
        kind=HoldPaper.Kind(kind),
        media_type=media_type,
        size=len(content),
        digest=digest,
        content=encrypt_bytes(content, purpose=PURPOSE, place=_place(row)),
        added_by=actor,
        added_at=now,  # the database writes its own clock over it
    )
    _note("prizes.hold_paper_added", made, actor)
    return made


def open_paper(*, code: str, paper: UUID, actor: Any, now: datetime) -> tuple[HoldPaper, bytes]:
    """A paper of a hold in the clear, for who decides on it and has signed on confidentiality.

    The look is in the trail before anything is decrypted. Refuses `claim_refusals.OwnClaim`: nobody
    opens a paper of his own prize at the desk (F223).
    """
    row = (
        HoldPaper.objects.select_related("hold__prize__owner__person", "hold__prize__ticket")
        .filter(hold__code=code, row_uuid=paper)
        .first()
    )
    if row is None:
        raise PaperUnknown
    if not people.roles_of(actor, now) & READERS:
        raise reveal.NotForThisRole
    steps.not_ones_own(row.hold.prize, actor)
    reveal.signed_or_recorded(row.hold.prize.owner, actor=actor, now=now)
    _look(row, actor)
    content = decrypt_bytes(bytes(row.content), purpose=PURPOSE, place=_place(row.row_uuid))
    return row, content


def _place(row: UUID) -> str:
    return f"{HoldPaper._meta.db_table}|content|{row}"  # noqa: SLF001 - Django's way


@door
def _look(row: HoldPaper, actor: Any) -> None:
    _note("prizes.hold_paper_opened", row, actor)


def _note(action: str, row: HoldPaper, actor: Any) -> None:
    trail.record(
        action=action,
        actor=actor,
        object_type="prize",
        object_code=row.hold.prize.ticket.code,
        body={"hold": row.hold.code, "kind": row.kind, "digest": row.digest},
    )
