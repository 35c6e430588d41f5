"""Telling those who hold tickets of a draw: that it was cancelled, that its times changed (F025).

A telling is a row that knows how far it has come; each person is told once, whatever cuts it off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Sum

from accounts import messages
from accounts.models import Player
from games import calendar
from games.models import CalendarNotice, Draw
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction

from .models import HolderNotice, Ticket, TicketQuerySet, TicketRefund

CANCELLED = "sales.draw_cancelled"
TIMES = "sales.draw_times"
AT_ONCE = 200
AGAIN_AFTER = timedelta(minutes=10)
# Draws whose drawing is this long past have nobody any more who must know.
OLD = timedelta(days=7)


@inside_transaction
def ask(*, key: str, draw: Draw, kind: str, params: Mapping[str, Any], now: datetime) -> None:
    """Ask for everybody who holds a ticket of `draw` to be told, once per key."""
    HolderNotice.objects.get_or_create(
        key=key,
        defaults={"draw": draw, "kind": kind, "params": dict(params), "asked_at": now},
    )
    jobs.enqueue("sales.tell_holders", key=f"tell:{key}", notice_key=key)


def ask_due(*, now: datetime) -> int:
    """Ask for what is not told yet: published notices of times, and what was cut off."""
    asked = 0
    fresh = calendar.notices(now=now).filter(published_at__gt=now - OLD)
    for notice in fresh:
        if not HolderNotice.objects.filter(key=_key(notice)).exists():
            _ask_about(notice, now)
            asked += 1
    for waiting in HolderNotice.objects.filter(done_at__isnull=True):
        _ask_again(waiting)
        asked += 1
    return asked


def tell(*, key: str, now: datetime) -> int:
    """Tell everybody who was not told yet; how many people this call told."""
    told = 0
    while (count := _tell_some(key, now)) is not None:
        told += count
        jobs.hold("sales.tell_holders", key=f"tell:{key}", lease=timedelta(minutes=2))
    return told


@door
def _tell_some(key: str, now: datetime) -> int | None:
    """Tell the holders of the next tickets, each person at his first; None when it is over."""
    row = HolderNotice.objects.select_for_update(no_key=True, of=("self",)).get(key=key)
    if row.done_at is not None:
        return None
    sold = _standing(row)
    chunk = list(
        sold.filter(pk__gt=row.last_ticket).order_by("pk").values_list("pk", "owner_id")[:AT_ONCE]
    )
    if not chunk:
        HolderNotice.objects.filter(pk=row.pk).update(done_at=now)
        return None
    owners = {owner for _pk, owner in chunk}
    owners -= set(
        sold.filter(owner_id__in=owners, pk__lte=row.last_ticket).values_list("owner_id", flat=True)
    )
    figures = _figures(row, owners)
    players = Player.objects.filter(pk__in=figures, is_shadow=False).select_related("user")
    draw = Draw.objects.select_related("game").get(pk=row.draw_id)
    for player in players.order_by("pk"):
        messages.send(
            user=player.user,
            kind=row.kind,
            params={
                "game": draw.game.name,
                "issue": draw.issue,
                **row.params,
                **figures[player.pk],
            },
            natural_key=key,
            now=now,
        )
    HolderNotice.objects.filter(pk=row.pk).update(
        last_ticket=chunk[-1][0], told=row.told + len(players)
    )
    return len(players)


def _figures(row: HolderNotice, owners: Collection[int]) -> dict[int, dict[str, Any]]:
    """What concerns each of them alone: how many tickets, and what came back."""
    mine = _standing(row).filter(owner_id__in=owners).values("owner_id")
    if row.kind != CANCELLED:
        return {one["owner_id"]: {"tickets": one["n"]} for one in mine.annotate(n=Count("pk"))}
    back = (
        TicketRefund.objects.filter(draw_id=row.draw_id, ticket__owner_id__in=owners)
        .values("ticket__owner_id")
        .annotate(n=Count("pk"), fen=Sum("amount"))
    )
    return {
        one["ticket__owner_id"]: {"tickets": one["n"], "refunded_fen": one["fen"]} for one in back
    }


def _standing(row: HolderNotice) -> TicketQuerySet:
    """The tickets that are in the draw: what its owner took back is his no more."""
    return Ticket.objects.filter(draw_id=row.draw_id, cancellation__isnull=True)


def _key(notice: CalendarNotice) -> str:
    return f"times:{notice.pk}"


@door
def _ask_about(notice: CalendarNotice, now: datetime) -> None:
    ask(
        key=_key(notice),
        draw=notice.draw,
        kind=TIMES,
        params={
            "reason": notice.reason,
            "closes_at": dates.written(notice.closes_after, "full"),
            "draws_at": dates.written(notice.draws_after, "full"),
        },
        now=now,
    )


@door
def _ask_again(row: HolderNotice) -> None:
    jobs.enqueue_again(
        "sales.tell_holders", key=f"tell:{row.key}", after=AGAIN_AFTER, notice_key=row.key
    )
