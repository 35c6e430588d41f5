"""The vault of winners' data: opened one record at a time, by those who need it (F099; S1 七(二)).

A winner's record opens for a post that takes part in redemption, after a signature on the agreement
in force, on account of a thing under way ("claim:…") or for a reason in words. The look is a row of
its own, written before anything is decrypted; the database refuses it to who has not signed.

Higher rooms say which references there are (`register_reference`), and join the looks with what
happened afterwards (`looks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import confidentiality, reveal, who
from .models import Player, User, WinnerLook

ROLES = frozenset({"claims_clerk", "claims_officer", "compliance"})


class ReferenceUnknown(Refused):
    """Nothing under way of that number concerns this winner."""

    code, status = "vault_reference_unknown", 409
    message = _("Nothing under this number concerns this winner. His record stays closed.")


class OwnRecord(Refused):
    """Nobody opens his own record as staff."""

    code, status = "vault_own_record", 403
    message = _("You cannot open your own record here. Another member of staff does it.")


_REFUSALS: dict[str, type[Refused]] = {
    "winner_look_after_signature": confidentiality.NotSigned,
    "winner_look_at_another": OwnRecord,
}
_REFERENCES: dict[str, Callable[[str, Player, User], bool]] = {}


def register_reference(kind: str, concerns: Callable[[str, Player, User], bool]) -> None:
    """Say what "kind:code" is: whether that code is under way, of this winner and this reader.

    Called once for each kind, at start-up, by the room that knows.
    """
    if _REFERENCES.setdefault(kind, concerns) is not concerns:
        raise RuntimeError(f"Two rooms say what {kind} is.")


def open_winner(
    winner: Player,
    *,
    fields: frozenset[str],
    actor: User,
    now: datetime,
    reference: str = "",
    reason: str = "",
) -> reveal.Revealed:
    """The named fields of a winner in the clear, or a `Refused` before anything is decrypted.

    Refused: another post, no signature (on record), neither a reference that concerns this winner
    nor a reason, one's own record.
    """
    if not who.roles(actor, now) & ROLES:
        raise reveal.NotForThisRole
    reveal.signed_or_recorded(winner, actor=actor, now=now)
    if not fields or not fields <= set(reveal.FIELDS):
        raise reveal.ReasonMissing(fields=["fields"])
    if reference:
        kind, _colon, code = reference.partition(":")
        concerns = _REFERENCES.get(kind)
        if concerns is None or not concerns(code, winner, actor):
            raise ReferenceUnknown(fields=["reference"])
    elif len(reason.strip()) < reveal.SHORTEST_REASON:
        raise reveal.ReasonMissing(fields=["reason"])
    try:
        return _open(winner, fields, actor, now=now, why=(reference, reason.strip()))
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


def looks(
    *, since: datetime, until: datetime, winners: Collection[int] | None = None
) -> QuerySet[WinnerLook]:
    """Who opened which records in `[since, until)`, oldest first; of these players, or of all."""
    found = WinnerLook.objects.filter(looked_at__gte=since, looked_at__lt=until)
    if winners is not None:
        found = found.filter(winner_id__in=winners)
    return found.select_related("winner", "reader").order_by("pk")


@door
def _open(
    winner: Player, fields: frozenset[str], actor: User, *, now: datetime, why: tuple[str, str]
) -> reveal.Revealed:
    reference, reason = why
    look = WinnerLook.objects.create(
        winner=winner,
        reader=actor,
        fields=sorted(fields),
        reference=reference,
        reason=reason,
        looked_at=now,  # the database writes its own clock over it
    )
    trail.record(
        action="accounts.winner_record_opened",
        actor=actor,
        object_type="player",
        object_code=winner.code,
        body={
            "look": look.code,
            "fields": sorted(fields),
            "reference": reference,
            "reason": reason,
        },
    )
    return reveal.opened(winner, fields)
