"""Publishing what a settled draw paid, and telling those who took part (F073, F053)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from accounts import messages
from accounts.models import User
from games import announcements, draws
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.db import door
from sales.models import Ticket

from .models import Chunk, Prize, PrizeSheet, TierOutcome

T = TypeVar("T")

WON, RESULT = "prizes.won", "prizes.result"
# Messages in one transaction: short enough never to hold anybody up.
BATCH = 100


def spelt(numbers: Sequence[Sequence[int]]) -> str:
    """Drawn numbers in a sentence: 06 11 13 14 20 28 + 16."""
    return " + ".join(" ".join(f"{number:02d}" for number in zone) for zone in numbers)


@door
def publish(*, draw: Draw, now: datetime) -> bool:
    """Publish the result of a settled draw; True for exactly one caller."""
    if not draws.advance(draw_id=draw.pk, to=Draw.State.PUBLISHED, actor=None, now=now):
        return False
    sheet = PrizeSheet.objects.get(draw=draw)
    announcements.publish(
        draw=draw,
        numbers=draw.result.numbers,
        sales_fen=sheet.sales,
        pool_fen=sheet.pool_after,
        tiers=[
            {"tier": outcome.tier, "winners": outcome.winners, "prize_fen": outcome.prize}
            for outcome in TierOutcome.objects.filter(draw=draw).order_by("tier")
        ],
        now=now,
    )
    jobs.enqueue("prizes.tell_result", key=f"result:{draw.code}", draw_id=draw.pk)
    return True


def tell_winners(*, chunk_id: int, now: datetime) -> int:
    """Tell the winners of one chunk, each ticket once; how many prizes were told of."""
    part = Chunk.objects.select_related("settlement").get(pk=chunk_id)
    prizes = (
        Prize.objects.filter(part.tickets(), draw=part.settlement.draw_id)
        .select_related("ticket", "owner__user", "draw__game")
        .order_by("pk")
    )
    return sum(_tell_batch(batch, now=now) for batch in _batches(prizes.iterator()))


def tell_result(*, draw: Draw, now: datetime) -> int:
    """Leave the result with everybody who holds a ticket, once a draw; how many people that are."""
    owners = User.objects.filter(
        pk__in=Ticket.objects.filter(draw=draw).values("owner__user")
    ).order_by("pk")
    told = 0
    for batch in _batches(owners.iterator()):
        told += _tell_result(draw, batch, now=now)
    return told


@door
def _tell_batch(prizes: list[Prize], *, now: datetime) -> int:
    for prize in prizes:
        messages.send(
            user=prize.owner.user,
            kind=WON,
            params={
                "ticket": prize.ticket.code,
                "game": prize.draw.game.name,
                "issue": prize.draw.issue,
                "amount_fen": prize.amount,
                "route": prize.route,
            },
            natural_key=f"won:{prize.ticket.code}",
            now=now,
        )
    return len(prizes)


@door
def _tell_result(draw: Draw, users: list[User], *, now: datetime) -> int:
    for user in users:
        messages.send(
            user=user,
            kind=RESULT,
            params={
                "game": draw.game.name,
                "game_code": draw.game.code,
                "issue": draw.issue,
                "spelt": spelt(draw.result.numbers),
            },
            natural_key=f"result:{draw.code}",
            now=now,
        )
    return len(users)


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
