"""What a prize in the statement of a wallet was for: the ticket and its draw."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext as _

from finance import memos
from finance.ledger import Line
from finance.memos import Key, Memo

from .claim_models import Claim
from .models import Batch, Prize


def _prizes(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """The prizes of a batch are booked by owner and ticket: so a place in it names a ticket.

    What is worth nothing is not booked.
    """
    rows = (
        Prize.objects.filter(_of_batches({line.reference for line in lines}), amount__gt=0)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=F("entry_reference"),
                order_by=[F("owner_id").asc(), F("ticket_id").asc()],
            )
        )
        .filter(place__in={line.position for line in lines})
        .values_list("entry_reference", "place", "ticket__code", "draw__game__name", "draw__issue")
    )
    return {
        (reference, place): Memo(
            title=_("Won %(game)s %(issue)s") % {"game": _(game), "issue": issue},
            detail=_("Ticket %(tail)s") % {"tail": f"…{ticket[-4:]}"},
            url=reverse("sales:ticket", args=[ticket]),
        )
        for reference, place, ticket, game, issue in rows
    }


def _of_batches(references: Collection[str]) -> Q:
    """The prizes booked under these references, found by the owners of their batches."""
    found = Q(pk__in=[])
    for reference in references:
        _prize, _colon, place = reference.partition(":")
        draw, _colon, number = place.rpartition(":")
        runs = Batch.objects.select_related("run")
        for batch in runs.filter(run__draw__code=draw, number=int(number)):
            found |= Q(
                draw=batch.run.draw_id,
                owner__gte=batch.first_owner,
                owner__lte=batch.last_owner,
                entry_reference=reference,
            )
    return found


def _claims(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """What was paid by a claim, or owed again when it was taken back."""
    by_code = {line.reference.partition(":")[2]: line for line in lines}
    claims = Claim.objects.select_related("prize__ticket", "prize__draw__game")
    found = {}
    for claim in claims.filter(code__in=by_code):
        line, prize = by_code[claim.code], claim.prize
        about = {"game": _(prize.draw.game.name), "issue": prize.draw.issue}
        found[line.reference, line.position] = Memo(
            title=_("Prize of %(game)s %(issue)s") % about,
            detail=_("Ticket %(tail)s") % {"tail": f"…{prize.ticket.code[-4:]}"},
            url=reverse("sales:ticket", args=[prize.ticket.code]),
        )
    return found


memos.register("prize", _prizes)
memos.register("claim", _claims)
memos.register("recalled", _claims)
