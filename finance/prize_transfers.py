"""A prize on its way to the winner's bank: a withdrawal of the very money that was just credited.

It is held, sent, asked about and given back as every withdrawal is. What makes it one is its
`origin`: the entry that credited the money in the same transaction; who agreed to that entry agreed
to this. The ceilings are those of the way of payment, and one of its own for each winner (F094).
"""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import trail
from lottery_portal.lib.db import inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import (
    bank_accounts,
    bank_checks,
    channels,
    debts,
    failures,
    ledger,
    payment_methods,
    wallets,
    withdrawal_limits,
    withdrawals,
)
from .ledger import EntryKind, Move
from .models import BankAccount, Way, Withdrawal

__all__ = ["State", "check", "of", "send"]

State = Withdrawal.State


class PrizesOfTheDay(Refused):
    """More than is transferred to one winner on one day."""

    code = "prize_transfer_daily_ceiling"
    message = _("%(left_fen)s yuan of prizes can still be transferred to this winner today.")


class DebtFirst(Refused):
    """The winner owes money: a prize goes to his balance, and pays it."""

    code = "prize_transfer_debt"
    message = _(
        "This player owes %(owed_fen)s yuan. A prize of his can be paid to his balance only."
    )


class NotOriginal(Refused):
    """The money was not credited by this entry, in this transaction."""

    code = "prize_transfer_not_original"
    message = _("Only the money of a prize that is being paid is transferred without further word.")


def check(*, player: Player, amount: int, bank_account: str, now: datetime) -> None:
    """Refuse what could not be transferred to this account now; moves nothing."""
    account = bank_accounts.find(player, bank_account)
    bank_checks.payer_of(account, now=now)
    failures.check(player.code, now=now)
    if debt := debts.owed(player):
        raise DebtFirst(owed_fen=debt)
    payment_methods.must_be_possible(
        Way.TRANSFER,
        amount,
        place_kind="",
        now=now,
        transferred_today=withdrawal_limits.prizes_today(),
    )
    if amount > (left := withdrawal_limits.prizes_left_today(player, now)):
        raise PrizesOfTheDay(left_fen=max(left, 0))


@inside_transaction
def send(
    *, player: Player, origin: str, amount: int, bank_account: str, now: datetime
) -> Withdrawal:
    """Send `amount` on, which the entry `origin` credited in this transaction, once per `origin`.

    Refused as `check` refuses, and by the database for any other money.
    """
    check(player=player, amount=amount, bank_account=bank_account, now=now)
    account = BankAccount.objects.select_for_update(no_key=True).get(code=bank_account)
    try:
        withdrawal = Withdrawal.objects.create(
            player_code=player.code,
            bank_account=account,
            provider=bank_checks.payer_of(account, now=now),
            amount=amount,
            request_key=uuid5(NAMESPACE_OID, origin),
            origin=origin,
            requested_by=player.user,
            requested_at=now,  # the database writes its own clock over it
        )
        withdrawal.refresh_from_db(fields=["requested_at"])
        ledger.post(
            reference=f"withdrawal:{withdrawal.code}:hold",
            kind=EntryKind.WITHDRAWAL_HOLD,
            moves=[Move(wallets.winnings_of(player), wallets.hold_of(player), amount)],
        )
        trail.record(
            action="finance.withdrawal_requested",
            actor=None,
            object_type="withdrawal",
            object_code=withdrawal.code,
            body={"amount_fen": amount, "bank_account": account.code, "origin": origin},
        )
        withdrawals.approve_at_once(withdrawal, now=now)
    except IntegrityError as exc:
        name = violated(exc)
        if name == "withdrawal_of_a_prize":
            raise NotOriginal from exc
        if name == "withdrawal_below_the_ceiling":
            raise payment_methods.TransferCeilingPassed(
                most_fen=payment_methods.transfer_ceiling(now=now), amount_fen=amount
            ) from exc
        if name == "prizes_below_the_ceiling_of_the_day":  # others were faster
            raise payment_methods.DailyCeilingPassed(
                most_fen=payment_methods.transfers_of_a_day(now=now),
                moved_fen=withdrawal_limits.prizes_today(),
                amount_fen=amount,
            ) from exc
        if name == "withdrawal_provider_in_force":
            raise channels.NoWayOut from exc
        if name == "withdrawal_to_checked_account":
            raise bank_checks.NotConfirmed from exc
        raise
    return withdrawal


def of(origin: str) -> Withdrawal | None:
    """The transfer of the money that this entry credited, if there is one."""
    return Withdrawal.objects.select_related("bank_account").filter(origin=origin).first()
