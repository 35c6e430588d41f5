"""What of this room waits for staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import people, waiting
from lottery_portal.lib import dates

from . import cases, cash_requests, dues, tax_returns, treasury_receipts
from .models import (
    Case,
    CashDesk,
    CashRequest,
    Deposit,
    DepositReturn,
    PaymentOrder,
    PayoutStop,
    Provider,
    Withdrawal,
)

SILENT_FOR = timedelta(minutes=10)
SOON = timedelta(days=30)


def _to_prepare(_user: Any, _now: datetime) -> int:
    return Withdrawal.objects.filter(state=Withdrawal.State.HELD).count()


def _set_aside(_user: Any, _now: datetime) -> int:
    return Deposit.objects.filter(state=Deposit.State.QUARANTINED).count()


def _unanswered(_user: Any, now: datetime) -> int:
    return Withdrawal.objects.filter(
        state__in=[Withdrawal.State.SENDING, Withdrawal.State.UNKNOWN],
        sent_at__lte=now - SILENT_FOR,
    ).count()


def _late(_user: Any, now: datetime) -> int:
    return len(dues.late(dates.in_shanghai(now).date()))


def _to_order(_user: Any, now: datetime) -> int:
    today = dates.in_shanghai(now).date()
    return (
        dues.unpaid().filter(order__isnull=True, due_on__range=(today, today + dues.SOON)).count()
    )


def _to_pay(_user: Any, _now: datetime) -> int:
    return PaymentOrder.objects.filter(state=PaymentOrder.State.APPROVED).count()


def _without_receipt(_user: Any, _now: datetime) -> int:
    return len(treasury_receipts.missing())


def _cases(user: Any, now: datetime) -> int:
    open_ones = cases.open_now(roles=people.roles_of(user, now))
    return open_ones.filter(owner__isnull=True).count() + open_ones.filter(owner=user).count()


def _overdue(_user: Any, _now: datetime) -> int:
    return Case.objects.filter(state=Case.State.OPEN, escalated_at__isnull=False).count()


def _to_review(_user: Any, now: datetime) -> int:
    today = dates.in_shanghai(now).date()
    return (
        Provider.objects.filter(is_on=True)
        .filter(
            Q(review_on__lte=today)
            | Q(licence_until__lte=today + SOON)
            | Q(contract_until__lte=today + SOON)
        )
        .count()
    )


def _returns_unanswered(_user: Any, now: datetime) -> int:
    return DepositReturn.objects.filter(
        state__in=[DepositReturn.State.SENDING, DepositReturn.State.UNKNOWN],
        sent_at__lte=now - SILENT_FOR,
    ).count()


waiting.register(
    waiting.Waiting(
        name="finance.providers_to_review",
        title=_("Payment institutions to be reviewed"),
        count=_to_review,
        url_name="finance:desk_providers",
        roles=frozenset({"treasurer"}),
        tone="attention",
        sign="bank",
    )
)
waiting.register(
    waiting.Waiting(
        name="finance.returns_unanswered",
        title=_("Refunds the bank has not answered for 10 minutes"),
        count=_returns_unanswered,
        url_name="finance:desk_returns",
        roles=frozenset({"treasurer"}),
        tone="attention",
        sign="bank",
    )
)
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
        query="?state=bank",
        roles=frozenset({"cashier", "treasurer"}),
        tone="attention",
        sign="bank",
    )
)
for name, title, count, url_name, query, tone in (
    ("late", _("Dues in arrears"), _late, "finance:desk_remittances", "", "wrong"),
    (
        "due_soon",
        _("Dues to be paid within 5 days"),
        _to_order,
        "finance:desk_remittances",
        "",
        "waiting",
    ),
    (
        "to_pay",
        _("Payment orders to bring to the bank"),
        _to_pay,
        "finance:desk_payments",
        "",
        "waiting",
    ),
    (
        "without_receipt",
        _("Payments without a treasury receipt"),
        _without_receipt,
        "finance:desk_payments",
        "?state=receipt",
        "waiting",
    ),
):
    waiting.register(
        waiting.Waiting(
            name=f"finance.{name}",
            title=title,
            count=count,
            url_name=url_name,
            query=query,
            roles=frozenset({"treasurer"}),
            tone=tone,
            sign="bank",
        )
    )
waiting.register(
    waiting.Waiting(
        name="finance.cases",
        title=_("Cases that are yours or nobody's"),
        count=_cases,
        url_name="finance:desk_cases",
        roles=frozenset({"cashier", "treasurer", "risk", "compliance"}),
        sign="list",
    )
)
waiting.register(
    waiting.Waiting(
        name="finance.cases_overdue",
        title=_("Cases past their day"),
        count=_overdue,
        url_name="finance:desk_cases",
        query="?show=late",
        roles=frozenset({"treasurer", "auditor"}),
        tone="wrong",
        sign="alert",
    )
)


def _stops(_user: Any, _now: datetime) -> int:
    return PayoutStop.objects.filter(lifted_at__isnull=True).count()


waiting.register(
    waiting.Waiting(
        name="finance.payouts_stopped",
        title=_("Payouts are stopped"),
        count=_stops,
        url_name="finance:desk_checks",
        roles=frozenset({"treasurer", "compliance"}),
        tone="wrong",
        sign="alert",
    )
)


def _to_file(_user: Any, now: datetime) -> int:
    today = dates.in_shanghai(now).date()
    soon = today + tax_returns.SOON
    return sum(month.due_on <= soon for month in tax_returns.open_now())


def _to_bring(user: Any, _now: datetime) -> int:
    found = CashRequest.objects.filter(state=CashRequest.State.APPROVED)
    return found.exclude(asked_by=user).count()


def _to_count(user: Any, _now: datetime) -> int:
    return CashDesk.objects.filter(state=CashDesk.State.TO_COUNT, holder=user).count()


def _offered(user: Any, _now: datetime) -> int:
    return CashDesk.objects.filter(hand_overs__outcome="OFFERED", hand_overs__given_to=user).count()


for _name, _title, _count, _url_name, _roles, _tone in (
    (
        "to_file",
        _("Withholding reports to be filed"),
        _to_file,
        "finance:desk_tax_returns",
        frozenset({"treasurer"}),
        "attention",
    ),
    (
        "cash_to_bring",
        _("Cash to bring to a desk or back"),
        _to_bring,
        "finance:desk_cash_desks",
        cash_requests.CARRIERS,
        "waiting",
    ),
    (
        "cash_to_count",
        _("Your cash desk waits to be counted"),
        _to_count,
        "finance:desk_cash_desks",
        frozenset({"cashier", "treasurer", "outlet_operator"}),
        "attention",
    ),
    (
        "cash_offered",
        _("A cash desk is handed over to you"),
        _offered,
        "finance:desk_cash_desks",
        frozenset({"cashier", "treasurer", "outlet_operator"}),
        "waiting",
    ),
):
    waiting.register(
        waiting.Waiting(
            name=f"finance.{_name}",
            title=_title,
            count=_count,
            url_name=_url_name,
            roles=_roles,
            tone=_tone,
            sign="bank",
        )
    )
