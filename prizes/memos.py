"""What a prize in the statement of a wallet was for: the ticket and its draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext as _

from finance import memos
from finance.ledger import Line
from finance.memos import Key, Memo

from .models import Prize


def _prizes(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """The prizes of a chunk are booked in the order of their tickets: so a place names a ticket."""
    rows = (
        Prize.objects.filter(entry_reference__in={line.reference for line in lines})
        .annotate(
            place=Window(
                RowNumber(), partition_by=F("entry_reference"), order_by=F("ticket_id").asc()
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


memos.register("prize", _prizes)
