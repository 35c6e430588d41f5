"""The bank's word on a bank account: only what is the verified person's takes money (F006, R18).

A name typed by the player proves nothing. A provider that can is asked whether number and name
belong together; one that compares them with every payout is taken at that. Until one of them has
said yes the database refuses a withdrawal to the account.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol, runtime_checkable

from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import trail
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import channels, providers
from .models import BankAccount, BankAccountCheck

logger = logging.getLogger(__name__)

Outcome = BankAccountCheck.Outcome
GOOD = (Outcome.MATCHES, Outcome.AT_PAYOUT)


class NotConfirmed(Refused):
    """The bank has not said yet that the account is the player's."""

    code = "bank_account_not_confirmed"
    message = _("The bank has not yet confirmed that this account is in your name.")


@runtime_checkable
class ChecksAccounts(Protocol):
    """A provider that says whether an account is in a name."""

    def check_account(self, *, number: str, holder: str) -> bool:
        """Whether the account `number` is in the name `holder`."""
        ...


@inside_transaction
def begin(*, account: BankAccount, now: datetime) -> BankAccountCheck:
    """Have an account checked that was just registered; the queue asks until there is an answer.

    Who would send money to it is asked; with nobody in force for that, `NoWayOut`.
    """
    provider = channels.way_out(now=now)
    check = BankAccountCheck.objects.create(bank_account=account, provider=provider, asked_at=now)
    jobs.enqueue("finance.check_bank_account", key=check.code, code=check.code)
    return check


def ask(*, code: str, now: datetime) -> str:
    """Ask the provider whether an account is its player's; what is known then.

    A provider that does not answer is an `OSError`: the account waits, and the queue asks again.
    """
    check = BankAccountCheck.objects.select_related("bank_account").filter(code=code).first()
    if check is None or check.outcome != Outcome.ASKED:
        return "" if check is None else check.outcome
    bank = providers.named(check.provider)
    if not isinstance(bank, ChecksAccounts):
        return conclude(code=code, outcome=Outcome.AT_PAYOUT, now=now).outcome
    account = check.bank_account
    fits = bank.check_account(number=account.number.reveal(), holder=account.holder.reveal())
    outcome = Outcome.MATCHES if fits else Outcome.DIFFERS
    return conclude(code=code, outcome=outcome, now=now).outcome


@door
def conclude(*, code: str, outcome: str, now: datetime) -> BankAccountCheck:
    """Write down what a provider said, once; an account in another name is taken off the list."""
    check = (
        BankAccountCheck.objects.select_for_update(no_key=True, of=("self",))
        .select_related("bank_account")
        .get(code=code)
    )
    if check.outcome != Outcome.ASKED:
        return check
    BankAccountCheck.objects.filter(pk=check.pk).update(outcome=outcome, answered_at=now)
    check.outcome, check.answered_at = outcome, now
    account = check.bank_account
    if outcome == Outcome.DIFFERS:
        BankAccount.objects.filter(pk=account.pk, removed_at__isnull=True).update(removed_at=now)
    trail.record(
        action=f"finance.bank_account_{'confirmed' if outcome in GOOD else 'differs'}",
        actor=None,
        object_type="bank_account",
        object_code=account.code,
        body={"player": account.player_code, "provider": check.provider, "outcome": outcome},
    )
    return check


def confirmed(player: Player) -> list[BankAccount]:
    """The bank accounts money may go to now, oldest first."""
    rows = BankAccount.objects.filter(
        player_code=player.code, removed_at__isnull=True, name_check__outcome__in=GOOD
    )
    return list(rows.order_by("pk"))


def is_confirmed(account: BankAccount) -> bool:
    """Whether a provider has said that the account is its player's, or says so with each payout."""
    return BankAccountCheck.objects.filter(bank_account=account, outcome__in=GOOD).exists()


def payer_of(account: BankAccount, *, now: datetime, usual: str = "") -> str:
    """The institution that would send money to this account now; the `usual` one if it may.

    Where the account was not confirmed once and for all, only the one that compares its holder with
    each payout may. `NotConfirmed`, or `NoWayOut` when the one that may is not in force.
    """
    check = BankAccountCheck.objects.filter(bank_account=account, outcome__in=GOOD).first()
    if check is None:
        raise NotConfirmed
    only = check.provider if check.outcome == Outcome.AT_PAYOUT else ""
    return channels.way_out(now=now, only=only, usual=usual)
