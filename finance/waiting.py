"""What of this room waits for staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import waiting

from .models import Deposit, Withdrawal

SILENT_FOR = timedelta(minutes=10)


def _to_prepare(_user: Any, _now: datetime) -> int:
    return Withdrawal.objects.filter(state=Withdrawal.State.HELD).count()


def _set_aside(_user: Any, _now: datetime) -> int:
    return Deposit.objects.filter(state=Deposit.State.QUARANTINED).count()


def _unanswered(_user: Any, now: datetime) -> int:
    return Withdrawal.objects.filter(
        state__in=[Withdrawal.State.SENDING, Withdrawal.State.UNKNOWN],
        sent_at__lte=now - SILENT_FOR,
    ).count()


waiting.register(
    waiting.Waiting(
        name="finance.to_prepare",
        title=_("Withdrawals to prepare"),
        count=_to_prepare,
        url_name="finance:desk_withdrawals",
        roles=frozenset({"cashier"}),
        sign="wallet",
    )
)
waiting.register(
    waiting.Waiting(
        name="finance.set_aside",
        title=_("Deposits set aside"),
        count=_set_aside,
        url_name="finance:desk_deposits",
        roles=frozenset({"treasurer"}),
        tone="attention",
        sign="alert",
    )
)
waiting.register(
    waiting.Waiting(
        name="finance.unanswered",
        title=_("Payouts the bank has not answered for 10 minutes"),
        count=_unanswered,
        url_name="finance:desk_withdrawals",
        roles=frozenset({"cashier", "treasurer"}),
        tone="attention",
        sign="bank",
    )
)
