"""Money for the demo players: deposits paid at the sandbox bank, a withdrawal for staff to decide.

Order, payment and callback are the real ones; only the customer's click at the bank is ours. The
bank's own announcement follows when its queue runs, and finds everything done.
"""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.urls import reverse

from accounts import demo as people
from accounts.models import Player
from lottery_portal.sandbox_bank import banking, signing
from lottery_portal.sandbox_bank.models import Payment

from . import bank_accounts, bank_checks, deposits, inbox, withdrawals
from .models import Deposit, Withdrawal

BROUGHT_IN = (500_00, 2_000_00, 8_000_00)
TAKEN_OUT = 6_000_00  # above the automatic tier, so that the desk has something to do
CARD = "6225880123456710021"
CLOSED_CARD = "6225880123450014040"  # of an account that the sandbox bank says is closed
BANK = "建设银行"


def load(*, now: datetime) -> None:
    """Fill the wallets of the demo players, once; without the sandbox bank there is no money."""
    if not settings.SANDBOX_BANK_KEY:
        return
    players = people.players()
    for player, fen in zip(players, BROUGHT_IN, strict=False):
        bring_in(player, fen, key=_key("deposit", player), now=now)
    if len(players) == len(BROUGHT_IN):
        _take_out(players[-1], now)


def bring_in(player: Player, fen: int, *, key: UUID, now: datetime) -> Deposit:
    """One deposit, paid at the sandbox bank; once per key."""
    deposit = deposits.order(
        player=player, amount=fen, provider="sandbox", request_key=key, now=now
    )
    if deposit.state != Deposit.State.BEGUN:
        return deposit
    notify_url = settings.PUBLIC_URL + reverse("finance:callback", args=["sandbox"])
    payment = banking.open_payment(
        {
            "merchant": banking.MERCHANT,
            "currency": banking.CURRENCY,
            "order": deposit.code,
            "amount_fen": deposit.amount,
            "notify_url": notify_url,
            "return_url": settings.PUBLIC_URL
            + reverse("finance:deposit_state", args=[deposit.code]),
        },
        now=now,
    )
    banking.end_payment(payment.trade, Payment.State.PAID, now=now)
    body = json.dumps(banking.announcement(payment, Payment.State.PAID, 0), sort_keys=True).encode()
    path = urlsplit(notify_url).path
    inbox.take_callback(
        provider="sandbox",
        headers=signing.headers("POST", path, body, now=now),
        path=path,
        body=body,
        now=now,
    )
    deposit.refresh_from_db()
    return deposit


def _take_out(player: Player, now: datetime) -> None:
    if Withdrawal.objects.filter(player_code=player.code).exists() or player.person is None:
        return
    known = bank_accounts.of(player)
    account = (
        known[0]
        if known
        else bank_accounts.add(
            player=player,
            bank_name=BANK,
            number=CARD,
            holder=player.person.name.reveal(),
            now=now,
        )
    )
    if not bank_checks.is_confirmed(account):
        bank_checks.conclude(
            code=account.name_check.code, outcome=bank_checks.Outcome.MATCHES, now=now
        )
    withdrawals.request(
        player=player,
        amount=TAKEN_OUT,
        bank_account=account.code,
        request_key=_key("withdrawal", player),
        now=now,
    )


def _key(what: str, player: Player) -> UUID:
    return uuid5(NAMESPACE_URL, f"demo:{what}:{player.code}")
