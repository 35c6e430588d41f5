"""What the bank does: take payments, make payouts, tell its merchant."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from lottery_portal import jobs

from . import signing
from .models import Payment, Payout, Refund

MERCHANT, CURRENCY = "portal", "CNY"
TIMEOUT = 8
SILENT_FEN, TALKATIVE_FEN = 13, 22
CLOSED_CARD_FEN, LOST_REFUND_FEN = 44, 55
CLOSED_TAIL, LOST_TAIL, BUSY_TAIL = "4040", "5050", "6060"
OTHER_NAME_TAIL, SILENT_TAIL = "7070", "8080"
FIRST_STATE = {CLOSED_TAIL: Payout.State.FAILED, BUSY_TAIL: Payout.State.ASKED}


class NotAgreed(ValueError):
    """The message is signed but is not what the bank takes."""


class AnswerLost(Exception):
    """For demonstrations: it is done, and the answer gets lost on its way."""


class Busy(Exception):
    """For demonstrations: it is not done, and may be asked for again."""


def open_payment(content: dict[str, Any], *, now: datetime) -> Payment:
    """Open a payment, or find the one of the same order."""
    order, amount = _order(content)
    urls = [str(content.get(name, "")) for name in ("notify_url", "return_url")]
    if not all(_is_merchants(url) for url in urls):
        raise NotAgreed("Only the merchant's own addresses are called.")
    payment, _is_new = Payment.objects.get_or_create(
        order_code=order,
        defaults={
            "amount": amount,
            "notify_url": urls[0],
            "return_url": urls[1],
            "opened_at": now,
        },
    )
    if payment.amount != amount:
        raise NotAgreed("This order was opened with another amount.")
    return payment


def end_payment(trade: str, state: Payment.State, *, now: datetime) -> bool:
    """Pay, cancel or refund; True for exactly one caller, and then the merchant is told."""
    before = Payment.State.PAID if state == Payment.State.REFUNDED else Payment.State.OPEN
    with transaction.atomic(durable=True):
        won = Payment.objects.filter(trade=trade, state=before).update(state=state, ended_at=now)
        if won:
            amount = Payment.objects.values_list("amount", flat=True).get(trade=trade)
            for number in range(_announcements(amount)):
                jobs.enqueue(
                    "sandbox_bank.notify",
                    key=f"{trade}:{state}:{number}",
                    trade=trade,
                    state=state,
                    number=number,
                )
    return bool(won)


def notify(*, trade: str, state: str, number: int, now: datetime) -> None:
    """Tell the merchant; anything but his 200 raises, and the queue comes back to it."""
    payment = Payment.objects.get(trade=trade)
    body = json.dumps(announcement(payment, state, number), sort_keys=True).encode()
    path = urlsplit(payment.notify_url).path
    request = urllib.request.Request(  # noqa: S310 - checked to be the merchant's own address
        settings.PUBLIC_URL + path,
        data=body,
        headers={
            "Content-Type": "application/json",
            **signing.headers("POST", path, body, now=now),
        },
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
        answer.read(1000)


def pay_out(content: dict[str, Any], *, now: datetime) -> Payout:
    """Pay to an account, or find what became of the same order."""
    order, amount = _order(content)
    number, holder = str(content.get("account_number", "")), str(content.get("holder", ""))
    if not number.isdigit() or not holder:
        raise NotAgreed("A payout needs an account and its holder.")
    tail = number[-4:]
    payout, is_new = Payout.objects.get_or_create(
        order_code=order,
        defaults={
            "amount": amount,
            "account_tail": tail,
            "account_digest": signing.account_digest(number, holder),
            "state": FIRST_STATE.get(tail, Payout.State.PAID),
            "reason": "The account is closed." if tail == CLOSED_TAIL else "",
            "made_at": now,
        },
    )
    if payout.amount != amount:
        raise NotAgreed("This order was paid out with another amount.")
    if is_new and tail == BUSY_TAIL:
        raise Busy
    if is_new and tail == LOST_TAIL:
        raise AnswerLost
    if payout.state == Payout.State.ASKED:
        Payout.objects.filter(pk=payout.pk).update(state=Payout.State.PAID)
        payout.state = Payout.State.PAID
    return payout


def refund(content: dict[str, Any], *, now: datetime) -> Refund:
    """Return money of a payment to its card, or find what became of the same order."""
    order, amount = _order(content)
    with transaction.atomic(durable=True):
        payment = (
            Payment.objects.select_for_update(no_key=True)
            .filter(order_code=str(content.get("payment", "")))
            .first()
        )
        known = Refund.objects.filter(order_code=order).first()
        if payment is None or (known and (known.amount, known.payment_id) != (amount, payment.pk)):
            raise NotAgreed("This refund is not of that payment.")
        if known:
            return known
        returned = payment.refunds.filter(state=Payout.State.PAID).aggregate(sum=Sum("amount"))
        left = payment.amount - (returned["sum"] or 0)
        if payment.state != Payment.State.PAID or amount > left:
            raise NotAgreed("No more is returned than was paid.")
        is_closed = amount % 100 == CLOSED_CARD_FEN
        made = Refund.objects.create(
            order_code=order,
            payment=payment,
            amount=amount,
            state=Payout.State.FAILED if is_closed else Payout.State.PAID,
            reason="The account is closed." if is_closed else "",
            made_at=now,
        )
        if not is_closed and amount == left:
            Payment.objects.filter(pk=payment.pk).update(state=Payment.State.REFUNDED, ended_at=now)
    if amount % 100 == LOST_REFUND_FEN:
        raise AnswerLost
    return made


def is_in_name(content: dict[str, Any]) -> bool:
    """Whether an account is in a name; the bank believes everybody, but for two tails."""
    number, holder = str(content.get("account_number", "")), str(content.get("holder", ""))
    if content.get("merchant") != MERCHANT or not number.isdigit() or not holder:
        raise NotAgreed("An account and the name it should be in are asked for.")
    if number.endswith(SILENT_TAIL):
        raise Busy
    return not number.endswith(OTHER_NAME_TAIL)


def announcement(payment: Payment, state: str, number: int) -> dict[str, Any]:
    """What the merchant is told when a payment has reached a state."""
    return {**said_of(payment), "state": state, "event": f"{payment.trade}:{state}:{number}"}


def said_of(payment: Payment) -> dict[str, Any]:
    """What the bank says of a payment."""
    return {
        "merchant": MERCHANT,
        "currency": CURRENCY,
        "order": payment.order_code,
        "trade": payment.trade,
        "amount_fen": payment.amount,
        "state": payment.state,
        "pay_url": f"{settings.PUBLIC_URL}/bank/pay/{payment.trade}/",
    }


def said_of_payout(payout: Payout | Refund) -> dict[str, Any]:
    """What the bank says of a payout or a refund."""
    return {
        "merchant": MERCHANT,
        "currency": CURRENCY,
        "order": payout.order_code,
        "trade": payout.trade,
        "amount_fen": payout.amount,
        "state": payout.state,
        "reason": payout.reason,
    }


def _order(content: dict[str, Any]) -> tuple[str, int]:
    order, amount = content.get("order"), content.get("amount_fen")
    if (
        content.get("merchant") != MERCHANT
        or content.get("currency") != CURRENCY
        or not isinstance(order, str)
        or not 0 < len(order) <= 40  # noqa: PLR2004 - as long as the column
        or type(amount) is not int
        or amount <= 0
    ):
        raise NotAgreed("Merchant, currency, order or amount are not what was agreed.")
    return order, amount


def _is_merchants(url: str) -> bool:
    return url.startswith(settings.PUBLIC_URL + "/")


def _announcements(amount: int) -> int:
    return {SILENT_FEN: 0, TALKATIVE_FEN: 3}.get(amount % 100, 1)
