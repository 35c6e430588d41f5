"""What a movement of the wallet for a ticket was: game, draw, end of the ticket number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from finance import memos
from finance.ledger import Line
from finance.memos import Key, Memo

from .models import Ticket


def _purchases(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """One query for all lines; an entry's positions are those of its tickets."""
    codes = {line.reference.partition(":")[2] for line in lines}
    rows = Ticket.objects.filter(purchase__code__in=codes)
    found = {
        (f"purchase:{row.purchase.code}", row.position): row
        for row in rows.select_related("draw__game", "purchase")
    }
    described = {}
    for line in lines:
        key = (line.reference, line.position)
        if ticket := found.get(key):
            described[key] = Memo(
                title=_("Bought %(game)s %(issue)s")
                % {"game": _(ticket.draw.game.name), "issue": ticket.draw.issue},
                detail=_("Ticket %(tail)s") % {"tail": f"…{ticket.code[-4:]}"},
                url=reverse("sales:ticket", args=[ticket.code]),
            )
    return described


memos.register("purchase", _purchases)
