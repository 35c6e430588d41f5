"""Exports of this room: draws with their states and seals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import reports
from audit.reports import Column

from .models import Draw, SealStatement


def _draws(params: Mapping[str, Any]) -> QuerySet[Draw]:
    since, until = reports.period(params)
    return (
        Draw.objects.real()
        .filter(draws_at__gte=since, draws_at__lt=until)
        .select_related("game", "rule", "seal")
        .order_by("draws_at", "pk")
    )


def _rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for draw in _draws(params).iterator(chunk_size=500):
        try:
            seal: SealStatement | None = draw.seal
        except SealStatement.DoesNotExist:
            seal = None
        yield (
            draw.code,
            draw.game.code,
            draw.issue,
            draw.rule.code,
            draw.state,
            draw.opens_at,
            draw.closes_at,
            draw.draws_at,
            seal.root if seal else "",
            seal.tickets if seal else 0,
            seal.lines if seal else 0,
            seal.stake if seal else 0,
        )


def _count(params: Mapping[str, Any]) -> int:
    return _draws(params).count()


reports.register(
    reports.Report(
        name="games.draws",
        title=_("Draws and seals"),
        about=_("Every draw held in the interval, with its times, its state and its seal."),
        columns=[
            Column("draw", _("Draw")),
            Column("game", _("Game")),
            Column("issue", _("Issue")),
            Column("rule", _("Rule version")),
            Column("state", _("State")),
            Column("opens_at", _("Opens"), "moment"),
            Column("closes_at", _("Closes"), "moment"),
            Column("draws_at", _("Drawn"), "moment"),
            Column("root", _("Root")),
            Column("tickets", _("Tickets"), "count"),
            Column("lines", _("Lines"), "count"),
            Column("stake", _("Stakes (yuan)"), "money"),
        ],
        rows=_rows,
        count=_count,
        roles=frozenset({"draw_official", "treasurer", "compliance", "auditor", "regulator"}),
    )
)
