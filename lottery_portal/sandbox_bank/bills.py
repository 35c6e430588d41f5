"""What the bank tells its merchant at the end of a day: every movement and the balance after it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from lottery_portal.lib.dates import SHANGHAI, in_shanghai

from .models import Payment, Payout

TITLES = ("date", "amount", "balance", "reference", "order", "kind", "memo")
Row = tuple[datetime, int, str, str, str]  # when, fen, trade, order, kind


def of_day(day: date) -> str:
    """The bill of one Shanghai day as CSV; the balance begins with what all days before left."""
    first = datetime.combine(day, time.min, SHANGHAI)
    last = first + timedelta(days=1)
    rows = sorted(_movements())
    left = sum(fen for when, fen, *_rest in rows if when < first)
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(TITLES)
    for when, fen, trade, order, kind in rows:
        if first <= when < last:
            left += fen
            writer.writerow(
                (in_shanghai(when).date(), _yuan(fen), _yuan(left), trade, order, kind, "")
            )
    return held.getvalue()


def _movements() -> Iterator[Row]:
    """Payments in, payments taken back, payouts: the bank keeps the last moment of each."""
    for one in Payment.objects.filter(state__in=["PAID", "REFUNDED"], ended_at__isnull=False):
        when = one.ended_at or one.opened_at
        yield when, one.amount, one.trade, one.order_code, "PAYMENT"
        if one.state == Payment.State.REFUNDED:
            yield when, -one.amount, f"{one.trade}R", one.order_code, "REFUND"
    for paid in Payout.objects.filter(state=Payout.State.PAID):
        yield paid.made_at, -paid.amount, paid.trade, paid.order_code, "PAYOUT"


def _yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
