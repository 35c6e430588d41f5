"""Exports of this room: the money of draws, what tickets won, and what lapsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from audit import reports
from audit.reports import Column

from .claim_models import PrizeEnd
from .models import Prize, PrizeSheet
from .redemption import forfeiture, winner_reports  # noqa: F401 - the second registers its own


def _sheets(params: Mapping[str, Any]) -> QuerySet[PrizeSheet]:
    since, until = reports.period(params)
    return (
        PrizeSheet.objects.filter(
            draw__is_shadow=False, computed_at__gte=since, computed_at__lt=until
        )
        .select_related("draw__game")
        .order_by("computed_at", "pk")
    )


def _sheet_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for sheet in _sheets(params).iterator(chunk_size=500):
        won = Prize.objects.filter(draw_id=sheet.draw_id).aggregate(fen=Sum("amount"))["fen"]
        yield (
            sheet.draw.code,
            sheet.computed_at,
            sheet.sales,
            sheet.prize_money,
            won or 0,
            sheet.pool_before,
            sheet.pool_after,
            sheet.fund_paid,
            sheet.rounding_to_fund,
        )


def _prizes(params: Mapping[str, Any]) -> QuerySet[Prize]:
    since, until = reports.period(params)
    return (
        Prize.objects.filter(draw__is_shadow=False, settled_at__gte=since, settled_at__lt=until)
        .select_related("ticket", "draw", "owner", "end")
        .order_by("settled_at", "pk")
    )


def _prize_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """Of what waits for its winner neither ticket nor owner: that list is opened by a reason."""
    for prize in _prizes(params).iterator(chunk_size=2000):
        is_known = prize.route == Prize.Route.WALLET or hasattr(prize, "end")
        yield (
            prize.draw.code,
            prize.ticket.code if is_known else "",
            prize.owner.code if is_known else "",
            prize.amount,
            ", ".join(str(tier) for tier in prize.tiers()),
            prize.route,
            prize.entry_reference,
            prize.settled_at,
        )


def _forfeited(params: Mapping[str, Any]) -> QuerySet[PrizeEnd]:
    since, until = reports.period(params)
    return forfeiture.register_of(since=since, until=until)


def _forfeited_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for end in _forfeited(params).iterator(chunk_size=2000):
        draw = end.prize.draw
        yield (
            draw.game.code,
            draw.code,
            end.prize.ticket.code,
            end.amount,
            end.ended_at,
            end.entry_reference,
        )


reports.register(
    reports.Report(
        name="prizes.forfeited",
        title=_("Register of abandoned prizes"),
        about=_("Prizes that nobody claimed in time, and the entry that brought each to the fund."),
        columns=[
            Column("game", _("Game")),
            Column("draw", _("Draw")),
            Column("ticket", _("Ticket")),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("lapsed_at", _("Lapsed at"), "moment"),
            Column("entry", _("Entry in the books")),
        ],
        rows=_forfeited_rows,
        count=lambda params: _forfeited(params).count(),
        roles=frozenset({"treasurer", "compliance", "auditor", "regulator"}),
    )
)
reports.register(
    reports.Report(
        name="prizes.draws",
        title=_("Prize money of draws"),
        about=_("Sales, prizes, pool and fund of every draw settled in the interval."),
        columns=[
            Column("draw", _("Draw")),
            Column("priced_at", _("Worked out"), "moment"),
            Column("sales", _("Sales (yuan)"), "money"),
            Column("prize_money", _("Prize money (yuan)"), "money"),
            Column("prizes", _("Prizes (yuan)"), "money"),
            Column("pool_before", _("Pool before (yuan)"), "money"),
            Column("pool_after", _("Pool after (yuan)"), "money"),
            Column("fund_paid", _("Fund paid (yuan)"), "money"),
            Column("rounding", _("Rounding to the fund (yuan)"), "money"),
        ],
        rows=_sheet_rows,
        count=lambda params: _sheets(params).count(),
        roles=frozenset({"treasurer", "compliance", "auditor", "regulator"}),
    )
)
reports.register(
    reports.Report(
        name="prizes.prizes",
        title=_("Prizes"),
        about=_("What every ticket won that was settled in the interval; owners by their number."),
        columns=[
            Column("draw", _("Draw")),
            Column("ticket", _("Ticket")),
            Column("owner", _("Player")),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("tiers", _("Tiers")),
            Column("route", _("Paid by")),
            Column("entry", _("Entry in the books")),
            Column("settled_at", _("Settled"), "moment"),
        ],
        rows=_prize_rows,
        count=lambda params: _prizes(params).count(),
        roles=frozenset({"treasurer", "compliance", "auditor"}),
    )
)
