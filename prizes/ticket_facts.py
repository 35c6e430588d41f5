"""What tickets won, handed up to the pages that show tickets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from games import claim_days
from sales import ticket_facts
from sales.ticket_facts import Fact

from .claim_models import Claim, PrizeEnd
from .models import Prize, TierOutcome
from .redemption import limits


def facts(ticket_ids: Collection[int]) -> Mapping[int, Fact]:
    """The prizes of those of these tickets that won."""
    prizes = list(
        Prize.objects.filter(ticket_id__in=ticket_ids).select_related("draw__rule", "ticket")
    )
    per_line = {
        (row.draw_id, row.tier): row.prize
        for row in TierOutcome.objects.filter(draw__in={prize.draw_id for prize in prizes})
    }
    waiting = [prize.pk for prize in prizes if prize.route == Prize.Route.CENTRE]
    ends = {end.prize_id: end for end in PrizeEnd.objects.filter(prize__in=waiting)}
    claims = {
        claim.prize_id: claim for claim in Claim.objects.filter(prize__in=waiting).order_by("pk")
    }  # of several the last: those before it were refused
    until = limits.last_days(waiting)
    return {
        prize.ticket_id: Fact(
            prize_fen=prize.amount,
            settled_at=prize.settled_at,
            paid_at=_paid_at(prize, ends.get(prize.pk)),
            lapsed_at=_lapsed_at(ends.get(prize.pk)),
            claim_code=claims[prize.pk].code if prize.pk in claims else "",
            claim_state=claims[prize.pk].state if prize.pk in claims else "",
            claim_until=until.get(prize.pk) or claim_days.last_day(prize.draw),
            claim_url=_claim_url(prize),
            prize_url=reverse("prizes:prize", args=[prize.ticket.code]),
            line_prizes={tier: per_line[prize.draw_id, tier] for tier in prize.tiers()},
        )
        for prize in prizes
    }


def _claim_url(prize: Prize) -> str:
    """Where its owner reads how the last day was worked out."""
    if prize.route == Prize.Route.WALLET:
        return ""
    return reverse("prizes:deadline", args=[prize.ticket.code])


def _paid_at(prize: Prize, end: PrizeEnd | None) -> datetime | None:
    if prize.route == Prize.Route.WALLET:
        return prize.settled_at
    return end.ended_at if end is not None and end.kind == PrizeEnd.Kind.PAID else None


def _lapsed_at(end: PrizeEnd | None) -> datetime | None:
    return end.ended_at if end is not None and end.kind == PrizeEnd.Kind.FORFEITED else None


def won_by(player_id: int) -> QuerySet[Any, Any]:
    """The primary keys of all tickets the player won with."""
    return Prize.objects.filter(owner_id=player_id).values("ticket_id")


ticket_facts.register(ticket_facts.Source(facts=facts, won_by=won_by))
