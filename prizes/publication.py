"""Publishing what a settled draw paid, and telling those who took part (F073, F053)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import messages
from accounts.models import User
from games import announced, announcements, draws, minutes, rules, words
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.sentences import BETWEEN, sentence
from sales.models import Ticket

from . import settlement
from .models import Batch, Prize, PrizeSheet, Settlement, TierOutcome

T = TypeVar("T")

CORRECTED = sentence(
    gettext_noop("The issuer corrected his announcement. Edition %(edition)s counts.")
)
DECIDED = sentence(
    gettext_noop("Paid as announced, by decision of two people: the rules give other amounts.")
)
WON, RESULT = "prizes.won", "prizes.result"
# Messages in one transaction: short enough never to hold anybody up.
BATCH = 100


class MinutesMissing(Refused):
    """The last edition of the draw's minutes is not signed."""

    code = "publish_with_minutes"
    message = _("Draw %(draw)s waits for signed minutes and is published with them.")


def publish_due(*, now: datetime) -> int:
    """Publish every settled draw that lacks nothing, each for itself; how many were published."""
    settled = Draw.objects.filter(state=Draw.State.SETTLED).select_related("game", "rule")
    return sum(
        publish(draw=draw, now=now)
        for draw in settled.order_by("issue")
        if not minutes.is_missing(draw)
    )


def publish(*, draw: Draw, now: datetime) -> bool:
    """Publish the result of a settled draw; True for exactly one caller.

    Refuses with `MinutesMissing` while a real draw has no signed minutes.
    """
    try:
        return _publish(draw=draw, now=now)
    except draws.DrawNotReady as refusal:
        if minutes.signed(draw) is None and not draw.is_shadow:
            raise MinutesMissing(draw=draw.code) from refusal
        raise


@door
def _publish(*, draw: Draw, now: datetime) -> bool:
    if not draws.advance(draw_id=draw.pk, to=Draw.State.PUBLISHED, actor=None, now=now):
        return False
    sheet = PrizeSheet.objects.get(draw=draw)
    if announced.is_announced(draw):
        _pass_on(draw, now=now)
    else:
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
    jobs.enqueue("sales.remember_popular", key=f"popular:{draw.code}", draw_id=draw.pk)
    return True


def _pass_on(draw: Draw, *, now: datetime) -> None:
    """Publish the issuer's own figures: of all operators together, under his name."""
    told = announced.told_by(announced.counting(draw))
    announcements.publish(
        draw=draw,
        numbers=told.numbers,
        sales_fen=told.sales_fen,
        pool_fen=told.pool_after_fen,
        tiers=[
            {"tier": tier.number, "winners": tier.winners, "prize_fen": tier.prize_fen}
            for tier in told.tiers
        ],
        source=announced.issuer_name(draw),
        note=_note(draw),
        now=now,
    )


def _note(draw: Draw) -> str:
    """What the public is told beside the figures: corrections, and a decision (F074)."""
    said = announced.counting(draw)
    told = []
    if said.edition > 1:
        told.append(CORRECTED.of(edition=said.edition))
    if announced.decision_of(said) is not None:
        told.append(DECIDED.of())
    return BETWEEN.join(told)


def tell_winners(*, batch_id: int, now: datetime) -> int:
    """Tell the winners of one batch, each ticket once; how many prizes were told of."""
    batch = Batch.objects.select_related("run__draw").get(pk=batch_id)
    prizes = (
        Prize.objects.filter(
            draw=batch.run.draw,
            owner__gte=batch.first_owner,
            owner__lte=batch.last_owner,
            entry_reference=settlement.prize_reference(batch),
        )
        .select_related("ticket", "owner__user", "draw__game")
        .order_by("pk")
    )
    settled = Settlement.objects.get(draw=batch.run.draw)
    return sum(_tell_batch(some, settled, now=now) for some in _batches(prizes.iterator()))


def tell_result(*, draw: Draw, now: datetime) -> int:
    """Leave the result with everybody who holds a ticket, once a draw; how many people that are."""
    holding = Ticket.objects.filter(draw=draw, cancellation__isnull=True)
    owners = User.objects.filter(pk__in=holding.values("owner__user")).order_by("pk")
    told = 0
    for batch in _batches(owners.iterator()):
        told += _tell_result(draw, batch, now=now)
    return told


@door
def _tell_batch(prizes: list[Prize], settled: Settlement, *, now: datetime) -> int:
    """Tell of each what was won; where only the sum keeps it from the wallet, by which figure."""
    for prize in prizes:
        by_the_sum = prize.route == Prize.Route.CENTRE and prize.amount <= settled.wallet_up_to
        messages.send(
            user=prize.owner.user,
            kind=WON,
            params={
                "ticket": prize.ticket.code,
                "game": prize.draw.game.name,
                "issue": prize.draw.issue,
                "amount_fen": prize.amount,
                "route": prize.route,
                "taxed_above_fen": settled.taxed_above if by_the_sum else None,
            },
            natural_key=f"won:{prize.ticket.code}",
            now=now,
        )
    return len(prizes)


@door
def _tell_result(draw: Draw, users: list[User], *, now: datetime) -> int:
    held = (
        Ticket.objects.filter(draw=draw, cancellation__isnull=True, owner__user__in=users)
        .values_list("owner__user")
        .annotate(n=Count("pk"))
    )
    won = (
        Prize.objects.filter(draw=draw, owner__user__in=users)
        .values_list("owner__user")
        .annotate(n=Count("pk"), fen=Sum("amount"))
    )
    version = rules.by_code(draw.rule.code)
    tickets, prizes = dict(held), {user: (n, fen) for user, n, fen in won}
    for user in users:
        winning, won_fen = prizes.get(user.pk, (0, 0))
        messages.send(
            user=user,
            kind=RESULT,
            params={
                "game": draw.game.name,
                "game_code": draw.game.code,
                "issue": draw.issue,
                "spelt": words.spelt(version, draw.result.numbers),
                "tickets": tickets[user.pk],
                "winning": winning,
                "won_fen": won_fen,
            },
            natural_key=f"result:{draw.code}",
            now=now,
        )
    return len(users)


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
