"""Reports of this room: the tickets that were sold; no picks, and nothing of a draw under seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit import reports
from audit.reports import Column

from . import read_ban
from .models import Ticket


def _sold(params: Mapping[str, Any]) -> QuerySet[Ticket]:
    since, until = reports.period(params)
    return Ticket.objects.filter(sold_at__gte=since, sold_at__lt=until, is_shadow=False)


def _found(params: Mapping[str, Any]) -> QuerySet[Ticket]:
    return _sold(params).exclude(draw__state=read_ban.SEALED)


def _left_out(params: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """For the head of the file: which draws are left out, and by which law."""
    draws = read_ban.withheld(_sold(params))
    if not draws:
        return ()
    law = _now(
        "sealed and not yet held; nobody may look at what was sold"
        " (Regulations on Lottery Management, article 22)"
    )
    return (
        (
            _now("Left out"),
            _now("%(name)s: %(text)s") % {"name": _now(", ").join(draws), "text": law},
        ),
    )


def _ordered(params: Mapping[str, Any], by: Any) -> None:
    read_ban.note_attempt(
        actor=by, where="export sales.tickets", draws=read_ban.withheld(_sold(params))
    )


def _count(params: Mapping[str, Any]) -> int:
    return _found(params).count()


def _rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """Tickets in the order in which they were sold; those of a sealed draw are left out."""
    rows = _found(params).order_by("pk").values_list(
        "code", "draw__code", "rule__code", "purchase__code", "owner__code", "lines", "price",
        "channel", "outlet_code", "province", "sold_at", "cancellation__cancelled_at",
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
            Column("cancelled_at", pgettext_lazy("of a ticket", "Taken back"), "moment"),
        ],
        rows=_rows,
        count=_count,
        notes=_left_out,
        ordered=_ordered,
        roles=frozenset({"compliance", "auditor", "regulator", "treasurer"}),
    )
)
