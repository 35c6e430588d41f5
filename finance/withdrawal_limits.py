"""How much may leave, and how many must agree: the ceilings of one withdrawal and of a day (F109).

The database dates each request and keeps the same ceilings, by its own day in Shanghai; what is
asked here says it beforehand, with figures. `now` is for the figures in force.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import DateTimeField, Func, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import policies
from lottery_portal.lib.errors import Refused

from . import debts, failures, wallets
from .models import Withdrawal

PEOPLE = "withdrawal.people"
PRIZE_DAILY = "prize_transfer.daily_max_fen"
MIDNIGHT = Func(  # with which the day of the database's clock began in Shanghai
    template="date_trunc('day', statement_timestamp(), 'Asia/Shanghai')",
    output_field=DateTimeField(),
)

State = Withdrawal.State


class WithdrawalTooSmall(Refused):
    """Less than the smallest withdrawal."""

    code, status = "withdrawal_too_small", 400
    message = _("The smallest withdrawal is %(min_fen)s yuan.")


class WithdrawalTooLarge(Refused):
    """More than the largest single withdrawal."""

    code, status = "withdrawal_too_large", 400
    message = _("The largest single withdrawal is %(max_fen)s yuan.")


class DailyCeilingReached(Refused):
    """Today's withdrawals and this one are more than a day allows."""

    code = "withdrawal_daily_ceiling"
    message = _("You can withdraw %(max_fen)s yuan a day. %(left_fen)s yuan are left today.")


def automatic_up_to(now: datetime) -> int:
    """Up to this many fen a day a player's withdrawals need nobody's word."""
    return int(policies.read("withdrawal.automatic_up_to_fen", at=now))


def automatic_left(player: Player, now: datetime) -> int:
    """How much of that is left to the player on this Shanghai day, in fen."""
    gone = _of_the_day(player).filter(origin="", approval_code="", approved_at__isnull=False)
    return max(automatic_up_to(now) - _sum(gone), 0)


def least(now: datetime) -> int:
    """The smallest withdrawal, in fen."""
    return int(policies.read("withdrawal.min_fen", at=now))


def most(now: datetime) -> int:
    """The largest single withdrawal, in fen."""
    return int(policies.read("withdrawal.max_fen", at=now))


def people(amount: int, *, now: datetime) -> int:
    """How many people must agree to a withdrawal of `amount`; none up to the automatic tier."""
    if amount <= automatic_up_to(now):
        return 0
    return max(policies.people_for(amount, key=PEOPLE, at=now), 1)


def check(*, player: Player, amount: int, now: datetime) -> None:
    """Refuse what no withdrawal of this player may be now, whatever his balance."""
    if amount < (smallest := least(now)):
        raise WithdrawalTooSmall(min_fen=smallest)
    if amount > (largest := most(now)):
        raise WithdrawalTooLarge(max_fen=largest)
    failures.check(player.code, now=now)
    if debt := debts.owed(player):
        raise debts.DebtOpen(owed_fen=debt)


def foresee(*, player: Player, amount: int, now: datetime) -> int:
    """What would be available after a withdrawal of `amount`, or what would surely refuse it.

    Moves nothing; `request` judges again, by what stands then.
    """
    check(player=player, amount=amount, now=now)
    available = wallets.purses(player).withdrawable_fen
    if amount > available:
        raise wallets.NotEnoughMoney(available_fen=available, asked_fen=amount)
    left = left_today(player, now)
    if amount > left:
        raise DailyCeilingReached(max_fen=daily(now), left_fen=left)
    return available - amount


def left_today(player: Player, now: datetime) -> int:
    """How much the player may still withdraw on this Shanghai day, in fen."""
    return daily(now) - _sum(_of_the_day(player).filter(origin=""))


def daily(now: datetime) -> int:
    """The most that leaves one wallet on one day, in fen."""
    return int(policies.read("withdrawal.daily_max_fen", at=now))


def prizes_today() -> int:
    """What was transferred as prizes to all winners on this Shanghai day, in fen (F094)."""
    return _sum(_asked_for_today().exclude(origin=""))


def prizes_left_today(player: Player, now: datetime) -> int:
    """How much of his prizes may still be transferred to the player on this day, in fen (F094)."""
    sent = _of_the_day(player).exclude(origin="")
    return int(policies.read(PRIZE_DAILY, at=now)) - _sum(sent)


def _of_the_day(player: Player) -> QuerySet[Withdrawal]:
    """What the player asked for on this Shanghai day and did not get back."""
    return _asked_for_today().filter(player_code=player.code)


def _asked_for_today() -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(requested_at__gte=MIDNIGHT).exclude(
        state__in=[State.FAILED, State.REFUSED, State.RECALLED, State.RETURNED]
    )


def _sum(rows: QuerySet[Withdrawal]) -> int:
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)
