"""Reports of this room: the tickets that were sold; no picks, and nothing of a draw under seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import reports
from audit.reports import Column
from games.models import Draw

from .models import Ticket

# From the seal until the draw is held nobody looks at sales data (regulations art. 22).
WITHHELD = Draw.State.SEALED


def _found(params: Mapping[str, Any]) -> QuerySet[Ticket]:
    since, until = reports.period(params)
    return Ticket.objects.filter(sold_at__gte=since, sold_at__lt=until, is_shadow=False).exclude(
        draw__state=WITHHELD
    )


def _count(params: Mapping[str, Any]) -> int:
    return _found(params).count()


def _rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """Tickets in the order in which they were sold; those of a sealed draw are left out."""
    rows = _found(params).order_by("pk").values_list(
        "code", "draw__code", "rule__code", "purchase__code", "owner__code", "lines", "price",
        "channel", "outlet_code", "province", "sold_at",
    )  # fmt: skip
    yield from rows.iterator(chunk_size=2000)


reports.register(
    reports.Report(
        name="sales.tickets",
        title=_("Tickets sold"),
        about=_(
            "Every ticket of the real books sold in the interval. Tickets of a draw that is sealed"
            " and not yet held are withheld, as the law demands; order the report again after the"
            " draw."
        ),
        columns=[
            Column("ticket", _("Ticket")),
            Column("draw", _("Draw")),
            Column("rule", _("Rule version")),
            Column("purchase", _("Purchase")),
            Column("player", _("Player")),
            Column("lines", _("Lines"), "count"),
            Column("price", _("Price (yuan)"), "money"),
            Column("channel", _("Channel")),
            Column("outlet", _("Outlet")),
            Column("province", _("Province")),
            Column("sold_at", _("Sold"), "moment"),
        ],
        rows=_rows,
        count=_count,
        roles=frozenset({"compliance", "auditor", "regulator", "treasurer"}),
    )
)
