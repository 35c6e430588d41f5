"""What tickets won, handed up to the pages that show tickets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet

from games import claim_days
from sales import ticket_facts
from sales.ticket_facts import Fact

from .models import Prize, TierOutcome


def facts(ticket_ids: Collection[int]) -> Mapping[int, Fact]:
    """The prizes of those of these tickets that won."""
    prizes = list(Prize.objects.filter(ticket_id__in=ticket_ids).select_related("draw__rule"))
    per_line = {
        (row.draw_id, row.tier): row.prize
        for row in TierOutcome.objects.filter(draw__in={prize.draw_id for prize in prizes})
    }
    return {
        prize.ticket_id: Fact(
            prize_fen=prize.amount,
            settled_at=prize.settled_at,
            paid_at=prize.settled_at if prize.route == Prize.Route.WALLET else None,
            claim_until=claim_days.last_day(prize.draw),
            line_prizes={tier: per_line[prize.draw_id, tier] for tier in prize.tiers()},
        )
        for prize in prizes
    }


def won_by(player_id: int) -> QuerySet[Any, Any]:
    """The primary keys of all tickets the player won with."""
    return Prize.objects.filter(owner_id=player_id).values("ticket_id")


ticket_facts.register(ticket_facts.Source(facts=facts, won_by=won_by))
