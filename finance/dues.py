"""What is owed to others, month by month, and until when (F265).

What was allocated to the welfare fund, the issue fee, tax and partners in a month of the books
becomes due once the month is over. What is booked into the month afterwards makes another due of
the same month, so that the dues of a month are always what was allocated in it, to the fen. Of the
issue fee a share is remitted; the rest is set aside as business fee.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from audit import alarms, policies, trail
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import database_time, door, inside_transaction

from . import ledger, periods
from .ledger import AccountKind, EntryKind, Move
from .models import Account, Due, PaymentOrder

WHOLE = 10_000
MONTHLY = (
    AccountKind.WELFARE,
    AccountKind.FEE,
    AccountKind.TAX,
    AccountKind.PARTNER,
    AccountKind.ISSUER,
)
# Entries that pay out or divide what was allocated, and so do not change how much it was.
SPENDING = (
    EntryKind.REMITTANCE,
    EntryKind.SET_ASIDE,
    EntryKind.FEE_DRAWN,
    EntryKind.PARTNER_PAID,
    EntryKind.ORGANISER_PAID,
)
DUE_DAY = "remittance.due_day"
FEE_SHARE = "remittance.fee_share"
LATE = "finance.due_late"
SOON = timedelta(days=5)

alarms.register(kind=LATE, title=_("A due was not paid in time"))


@dataclass(frozen=True)
class Position:
    """How one account stands: allocated = remitted + kept back + owed, to the fen."""

    account: str
    kind: str
    allocated_fen: int
    remitted_fen: int
    kept_fen: int
    due_fen: int  # in dues that are not paid, those in an order included
    in_order_fen: int
    not_yet_due_fen: int

    @property
    def owed_fen(self) -> int:
        """What is still to be paid or kept back, due or not."""
        return self.due_fen + self.not_yet_due_fen


@inside_transaction
def lock(account: str) -> None:
    """Who makes, takes or lets go dues of an account does it alone until his transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dues:{account}"])


def make(*, now: datetime) -> int:
    """Make the dues of every month that is over; how many are new."""
    accounts = Account.objects.filter(kind__in=MONTHLY, is_shadow=False).order_by("code")
    return sum(_make(code, kind, now) for code, kind in accounts.values_list("code", "kind"))


@inside_transaction
def add(*, account: str, subject: str, amount: int, kept: int, due_on: date, now: datetime) -> Due:
    """Write a due of `account` as the next one of its subject; the caller holds `lock`."""
    position = Due.objects.filter(account=account, subject=subject).count() + 1
    due = Due.objects.create(
        code=new_code(),
        account=account,
        subject=subject,
        position=position,
        amount=amount,
        kept=kept,
        due_on=due_on,
        made_at=now,
    )
    trail.record(
        action="finance.due_made",
        actor=None,
        object_type="due",
        object_code=due.code,
        body={
            "account": account, "subject": subject, "amount_fen": amount, "kept_fen": kept,
            "due_on": due_on.isoformat(),
        },
    )  # fmt: skip
    return due


def unordered(account: str) -> Sequence[Due]:
    """The dues of an account that no order pays yet, oldest first."""
    found = Due.objects.filter(account=account, order__isnull=True).exclude(amount=0)
    return list(found.order_by("due_on", "subject", "position"))


def unpaid() -> QuerySet[Due]:
    """Every due that is not paid, the longest due first."""
    return (
        Due.objects.exclude(amount=0)
        .filter(Q(order__isnull=True) | ~Q(order__state=PaymentOrder.State.PAID))
        .select_related("order")
        .order_by("due_on", "account", "subject", "position")
    )


def late(today: date) -> Sequence[Due]:
    """The arrears: what is still owed of an account after its day (F265).

    A later month that came out negative is paid by what is owed, so that an account of which
    nothing more is owed has no arrears.
    """
    found = list(unpaid().filter(due_on__lt=today, amount__gt=0))
    owed = _sum_of(unpaid(), {due.account for due in found})
    return [due for due in found if owed[due.account] > 0]


def notice_late(*, now: datetime) -> int:
    """Raise an alarm for every due that is late, clear those of dues that are not; how many."""
    today = dates.in_shanghai(now).date()
    found = late(today)
    for due in found:
        alarms.raise_alarm(
            kind=LATE,
            object_type="due",
            object_code=due.code,
            facts={
                "account": due.account, "subject": due.subject, "amount_fen": due.amount,
                "due_on": due.due_on.isoformat(),
            },
            now=now,
        )  # fmt: skip
    codes = {due.code for due in found}
    for alarm in alarms.open_now():
        if alarm.kind == LATE and alarm.object_code not in codes:
            alarms.settle(kind=LATE, object_type="due", object_code=alarm.object_code, now=now)
    return len(found)


def positions() -> Sequence[Position]:
    """How every account stands that something is owed out of; shadow books owe nothing."""
    kinds = [*MONTHLY, AccountKind.ORGANISER]
    accounts = Account.objects.filter(kind__in=kinds, is_shadow=False).order_by("kind", "code")
    return [_position(code, kind) for code, kind in accounts.values_list("code", "kind")]


def position(account: str) -> Position:
    """How one account stands; an unknown code is a `LookupError`."""
    found = ledger.kinds_of([account])
    if account not in found:
        raise LookupError(f"No account {account}.")
    return _position(account, found[account])


def allocated_by_month(account: str) -> Mapping[date, int]:
    """What was allocated to an account in each month of the books, by its first day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT date_trunc('month', e.booked_on)::date,
                   sum(CASE WHEN t.target_id = a.id THEN t.amount ELSE -t.amount END)::bigint
              FROM finance_account a
             CROSS JOIN LATERAL (
                   SELECT x.entry_id, x.source_id, x.target_id, x.amount FROM finance_transfer x
                    WHERE x.source_id = a.id
                   UNION ALL
                   SELECT x.entry_id, x.source_id, x.target_id, x.amount FROM finance_transfer x
                    WHERE x.target_id = a.id) t
              JOIN finance_entry e ON e.id = t.entry_id
              LEFT JOIN finance_entry o ON o.id = e.reversal_of_id
             WHERE a.code = %s AND coalesce(o.kind, e.kind) <> ALL (%s)
             GROUP BY 1 ORDER BY 1
            """,
            [account, list(SPENDING)],
        )
        return dict(cursor.fetchall())


def due_day(kind: str, month: date, *, now: datetime) -> date:
    """The day on which what was allocated in `month` must be paid, as the policy of now says.

    A day on which nobody works moves to the next working day.
    """
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    wanted = int(policies.read(DUE_DAY, at=now, scope=kind))
    last = monthrange(following.year, following.month)[1]
    return working_days.on_or_after(following.replace(day=max(1, min(wanted, last))))


@door
def _make(account: str, kind: str, now: datetime) -> int:
    lock(account)
    today = dates.in_shanghai(now).date()
    made = 0
    for month, allocated in allocated_by_month(account).items():
        subject = f"{month:%Y-%m}"
        if subject >= f"{today:%Y-%m}":
            continue
        known = Due.objects.filter(account=account, subject=subject).aggregate(
            amount=Sum("amount"), kept=Sum("kept")
        )
        rest = allocated - int(known["amount"] or 0) - int(known["kept"] or 0)
        if not rest:
            continue
        is_first = known["amount"] is None
        kept = _kept_back(rest, now) if kind == AccountKind.FEE else 0
        due = add(
            account=account,
            subject=subject,
            amount=rest - kept,
            kept=kept,
            due_on=due_day(kind, month if is_first else today, now=now),
            now=now,
        )
        _set_aside(due, month)
        made += 1
    return made


def _kept_back(fen: int, now: datetime) -> int:
    """The part of the issue fee that is not remitted; what division leaves over is remitted."""
    kept_share = WHOLE - int(policies.read(FEE_SHARE, at=now))
    part = abs(fen) * kept_share // WHOLE
    return part if fen > 0 else -part


def _set_aside(due: Due, month: date) -> None:
    if not due.kept:
        return
    business = f"business:{due.account.partition(':')[2]}"
    ledger.open_account(code=business, kind=AccountKind.BUSINESS)
    last = month.replace(day=monthrange(month.year, month.month)[1])
    is_past = last < dates.in_shanghai(database_time()).date()  # the books go by its clock
    source, target = (due.account, business) if due.kept > 0 else (business, due.account)
    ledger.post(
        reference=f"set_aside:{due.code}",
        kind=EntryKind.SET_ASIDE,
        moves=[Move(source, target, abs(due.kept))],
        day=last if is_past and periods.open_on(last) else None,
    )


def _position(account: str, kind: str) -> Position:
    dues = Due.objects.filter(account=account)
    sums = dues.aggregate(all=Sum("amount"), kept=Sum("kept"))
    paid = dues.filter(order__state=PaymentOrder.State.PAID)
    remitted = int(paid.aggregate(sum=Sum("amount"))["sum"] or 0)
    ordered = dues.filter(order__state__in=[PaymentOrder.State.ASKED, PaymentOrder.State.APPROVED])
    made, kept = int(sums["all"] or 0), int(sums["kept"] or 0)
    allocated = sum(allocated_by_month(account).values())
    return Position(
        account=account,
        kind=kind,
        allocated_fen=allocated,
        remitted_fen=remitted,
        kept_fen=kept,
        due_fen=made - remitted,
        in_order_fen=int(ordered.aggregate(sum=Sum("amount"))["sum"] or 0),
        not_yet_due_fen=allocated - made - kept,
    )


def _sum_of(rows: QuerySet[Due], accounts: Collection[str]) -> dict[str, int]:
    found = rows.filter(account__in=accounts).order_by().values_list("account")
    return {account: int(fen) for account, fen in found.annotate(fen=Sum("amount"))}
