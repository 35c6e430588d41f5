"""Closing sales: behind the gate, by Postgres's clock (D8, F037)."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import OperationalError
from django.db.models.functions import Now

from games import draws
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction

logger = logging.getLogger(__name__)


def close_due(*, now: datetime) -> list[Draw]:
    """Close every draw whose time has come by Postgres's clock; the ones this call closed.

    A draw that is closed already gets its sealing asked for again: that is harmless, and one that
    was forgotten by a crash is so found.
    """
    due = Draw.objects.filter(state=Draw.State.OPEN, closes_at__lte=Now())
    closed = [draw for draw in due.order_by("closes_at", "pk") if _closed(draw, now=now)]
    _ask_for_seals()
    return closed


def _closed(draw: Draw, *, now: datetime) -> bool:
    """Close one; a gate that somebody keeps shut is reported and holds up no other draw."""
    try:
        return close(draw=draw, now=now)
    except OperationalError:
        logger.exception("A draw could not be closed in time", extra={"draw": draw.code})
        return False


@door
def close(*, draw: Draw, now: datetime) -> bool:
    """Close `draw` once all sales in flight are done; True for exactly one caller.

    Holds the gate exclusively: sales that come after it see the closed state. Raises
    `games.draws.DrawNotReady` before its time.
    """
    draws.hold_gate(draw.pk)
    is_closed = draws.advance(draw_id=draw.pk, to=Draw.State.CLOSED, actor=None, now=now)
    if is_closed:
        _ask_for_seal(draw)
    return is_closed


@door
def _ask_for_seals() -> None:
    for draw in Draw.objects.filter(state=Draw.State.CLOSED):
        _ask_for_seal(draw)


@inside_transaction
def _ask_for_seal(draw: Draw) -> None:
    jobs.enqueue("sales.seal_draw", key=f"seal:{draw.code}", draw_id=draw.pk)
