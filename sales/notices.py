"""Telling players about their purchases."""

from __future__ import annotations

from datetime import datetime

from accounts import messages
from lottery_portal.lib.db import door

from .models import Purchase


@door
def send_receipt(*, purchase_id: int, now: datetime) -> None:
    """Leave the message about a purchase, once however often it is called (F053).

    Shadow players get none: nobody reads it.
    """
    purchase = Purchase.objects.select_related("player__user").get(pk=purchase_id)
    if purchase.player.is_shadow:
        return
    tickets = purchase.sold()
    messages.send(
        user=purchase.player.user,
        kind="sales.purchased",
        params={
            "game": tickets[0].draw.game.name,
            "issue": tickets[0].draw.issue,
            "price_fen": purchase.price,
            "tickets": [ticket.code for ticket in tickets],
            "bought": [
                {
                    "game": ticket.draw.game.name,
                    "issue": ticket.draw.issue,
                    "price_fen": ticket.price,
                    "code": ticket.code,
                }
                for ticket in tickets
            ]
            if len({ticket.draw_id for ticket in tickets}) > 1
            else [],
        },
        natural_key=f"purchase:{purchase.code}",
        now=now,
    )
