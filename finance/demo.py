"""Money for the demo players: deposits like any other, paid by the sandbox bank's own message."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.urls import reverse

from accounts import demo as people
from accounts.models import Player
from lottery_portal.sandbox_bank import signing

from . import deposits
from .providers.sandbox import CURRENCY, MERCHANT, SandboxBank

DEPOSIT_FEN = 500_00


def load(*, now: datetime) -> None:
    """One paid deposit for each verified demo player. A second run changes nothing."""
    if not settings.SANDBOX_BANK_KEY:
        return
    for player in people.players():
        _fund(player, now=now)


def _fund(player: Player, *, now: datetime) -> None:
    deposit = deposits.order(
        player=player,
        amount=DEPOSIT_FEN,
        provider=SandboxBank.name,
        request_key=uuid5(NAMESPACE_URL, f"demo:deposit:{player.code}"),
        now=now,
    )
    path = reverse("finance:callback", args=[SandboxBank.name])
    body = json.dumps(
        {
            "event": f"demo:{deposit.code}",
            "merchant": MERCHANT,
            "currency": CURRENCY,
            "order": deposit.code,
            "trade": f"DEMO{deposit.code[:12]}",
            "amount_fen": deposit.amount,
            "state": "PAID",
        }
    ).encode()
    deposits.take_callback(
        provider=SandboxBank.name,
        headers=signing.headers("POST", path, body, now=now),
        path=path,
        body=body,
        now=now,
    )
