"""A player's own bank accounts: money leaves the house to one of these and nowhere else (F006)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _
from stdnum import luhn

from accounts import identity, tries
from accounts.models import Player
from audit import trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from . import bank_checks
from .models import BankAccount, Withdrawal
from .payers import IdentityRequired

NUMBER = re.compile(r"\d{16,19}")
MOST = 5
MOST_TRIES, TRIES_WITHIN = 10, timedelta(days=1)
UNDER_WAY = ("HELD", "WAITING", "APPROVED", "SENDING", "UNKNOWN")


class NumberWrong(Refused):
    """Not the number of a bank card or account."""

    code, status = "bank_number_wrong", 400
    message = _("This is not a valid account number. Please check every digit.")


class NotOwnName(Refused):
    """The holder is somebody else than the verified person."""

    code, status = "bank_holder_differs", 409
    message = _("The account must be in your own name, the one your identity was confirmed with.")


class BankAccountTaken(Refused):
    """The number is on file already."""

    code = "bank_account_taken"
    message = _("This bank account is already registered.")


class TooManyBankAccounts(Refused):
    """The player has as many bank accounts as one may have."""

    code = "too_many_bank_accounts"
    message = _("You may register %(most)s bank accounts. Please remove one first.")


class TooManyTries(Refused):
    """Whoever tries numbers learns whose they are; the bank is asked about each."""

    code, status = "bank_accounts_tried", 429
    message = _("You may register at most %(most)s bank accounts a day. Please try tomorrow.")


class BankAccountUnknown(Refused):
    """No such bank account of this player."""

    code, status = "bank_account_unknown", 404
    message = _("There is no such bank account.")


class BankAccountInUse(Refused):
    """A withdrawal is on its way to it."""

    code = "bank_account_in_use"
    message = _("A withdrawal to this account is on its way. You can remove it afterwards.")


def add(*, player: Player, bank_name: str, number: str, holder: str, now: datetime) -> BankAccount:
    """Register a bank account in the player's own name, or say why not."""
    digits = re.sub(r"[\s-]", "", number)
    if not NUMBER.fullmatch(digits) or not digits.isascii() or not luhn.is_valid(digits):
        raise NumberWrong(fields=["number"])
    if player.person is None:
        raise IdentityRequired
    if identity.written_name(holder) != player.person.name.reveal():
        raise NotOwnName(fields=["holder"])
    if tries.count(what="bank_account", whose=player.code, within=TRIES_WITHIN) > MOST_TRIES:
        raise TooManyTries(most=MOST_TRIES)
    try:
        return _add(player, bank_name.strip(), digits, now)
    except IntegrityError as exc:
        if violated(exc) == "bank_account_once":
            raise BankAccountTaken(fields=["number"]) from exc
        raise


@door
def remove(*, player: Player, code: str, now: datetime) -> None:
    """Take a bank account off the player's list; past withdrawals keep it."""
    account = (
        BankAccount.objects.select_for_update(no_key=True)
        .filter(player_code=player.code, code=code, removed_at__isnull=True)
        .first()
    )
    if account is None:
        raise BankAccountUnknown
    if Withdrawal.objects.filter(bank_account=account, state__in=UNDER_WAY).exists():
        raise BankAccountInUse
    BankAccount.objects.filter(pk=account.pk).update(removed_at=now)
    _record("finance.bank_account_removed", player, account)


def of(player: Player) -> list[BankAccount]:
    """The bank accounts the player may withdraw to, oldest first."""
    return list(
        BankAccount.objects.filter(player_code=player.code, removed_at__isnull=True).order_by("pk")
    )


def find(player: Player, code: str) -> BankAccount:
    """One of the player's bank accounts, or `BankAccountUnknown`."""
    account = BankAccount.objects.filter(
        player_code=player.code, code=code, removed_at__isnull=True
    ).first()
    if account is None:
        raise BankAccountUnknown
    return account


def sharers(players: Sequence[str]) -> dict[str, set[str]]:
    """For each of these players, by code, the others who have or had the same bank account."""
    numbers: dict[bytes, set[str]] = {}
    theirs = BankAccount.objects.filter(player_code__in=players)
    for index, player in BankAccount.objects.filter(
        number_index__in=theirs.values("number_index")
    ).values_list("number_index", "player_code"):
        numbers.setdefault(bytes(index), set()).add(player)
    return {
        player: set().union(*(codes for codes in numbers.values() if player in codes)) - {player}
        for player in players
    }


def shown(account: BankAccount) -> str:
    """How a bank account is named on pages: 建设银行 …6021."""
    return f"{account.bank_name} …{account.last_digits}"


@door
def _add(player: Player, bank_name: str, digits: str, now: datetime) -> BankAccount:
    Player.objects.select_for_update(no_key=True).get(
        pk=player.pk
    )  # two adds at once count each other
    if len(of(player)) >= MOST:
        raise TooManyBankAccounts(most=MOST)
    person = player.person
    if person is None:
        raise IdentityRequired
    account = BankAccount.objects.create(
        player_code=player.code,
        bank_name=bank_name,
        number=digits,
        number_index=blind_index("bank", digits),
        last_digits=digits[-4:],
        holder=person.name.reveal(),
        added_at=now,
    )
    bank_checks.begin(account=account, now=now)
    _record("finance.bank_account_added", player, account)
    return account


def _record(action: str, player: Player, account: BankAccount) -> None:
    trail.record(
        action=action,
        actor=player.user,
        object_type="bank_account",
        object_code=account.code,
        body={"player": player.code, "last_digits": account.last_digits},
    )
