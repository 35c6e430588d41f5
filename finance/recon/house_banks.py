"""The bank accounts of the house itself: each is one account in the books (F117).

An account is registered by the word of others. What is kept for players and dues is an escrow
account in the books, what is the operator's own an account of his own; never both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from finance import ledger, payees
from finance.ledger import AccountKind
from finance.models import Account, HouseBank
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

KIND = "finance.house_bank"
WORD = re.compile(r"[a-z0-9_-]{2,20}")
Purpose = HouseBank.Purpose


class WordMalformed(Refused):
    """Not a short name for the books."""

    code, status = "house_bank_word_wrong", 400
    message = _("The short name has 2 to 20 small letters, digits, - or _.")


class RegisteredAlready(Refused):
    """This account stands in the register."""

    code = "house_bank_registered_already"
    message = _("This account is registered already.")


class BankUnknown(Refused):
    """Not in the register, or closed."""

    code, status = "house_bank_unknown", 404
    message = _("There is no such bank account of the house.")


class StillHoldsMoney(Refused):
    """Money lies there, or ought to."""

    code = "house_bank_holds_money"
    message = _("The books still have %(balance_fen)s yuan on this account.")


_REFUSALS: dict[str, type[Refused]] = {
    "house_bank_number_once": RegisteredAlready,
    "finance_housebank_account_id_key": RegisteredAlready,
}


def of_sales(indexes: Collection[bytes]) -> set[bytes]:
    """Which of these numbers (blind indexes) are open accounts for money of players and dues."""
    rows = HouseBank.objects.filter(
        number_index__in=set(indexes), closed_at__isnull=True, purpose=Purpose.SALES
    )
    return {bytes(index) for index in rows.values_list("number_index", flat=True)}


def is_own(index: bytes | None) -> bool:
    """Whether this number (blind index) is an open account for the operator's own money."""
    if not index:
        return False
    rows = HouseBank.objects.filter(number_index=index, closed_at__isnull=True, purpose=Purpose.OWN)
    return rows.exists()


@door
def ask(
    *,
    word: str,
    bank_name: str,
    number: str,
    holder: str,
    purpose: str,
    maker: Any,
    now: datetime,
) -> approvals.Request:
    """Ask that a bank account of the house be registered; `word` is its short name in the books."""
    if not WORD.fullmatch(word):
        raise WordMalformed(fields=["word"])
    digits = payees.checked(number)
    if HouseBank.objects.filter(number_index=payees.index_of(digits)).exists():
        raise RegisteredAlready
    return approvals.request(
        kind=KIND,
        payload={
            "house_bank": new_code(),
            "word": word,
            "bank_name": bank_name.strip(),
            "number": digits,
            "number_index": payees.index_of(digits).hex(),
            "holder": holder.strip(),
            "purpose": purpose,
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def register(*, payload: Mapping[str, Any], approval_code: str, now: datetime) -> HouseBank:
    """What the last decision performs: the account stands in the register and in the books."""
    kind = AccountKind.ESCROW if payload["purpose"] == Purpose.SALES else AccountKind.OWNBANK
    account = f"{kind.lower()}:{payload['word']}"
    ledger.open_account(code=account, kind=kind)
    try:
        bank = HouseBank.objects.create(
            code=payload["house_bank"],
            bank_name=payload["bank_name"],
            number=payload["number"],
            number_index=payees.index_of(payload["number"]),
            last_digits=payload["number"][-4:],
            holder=payload["holder"],
            purpose=payload["purpose"],
            account=Account.objects.get(code=account),
            approval_code=approval_code,
            opened_at=now,
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    trail.record(
        action="finance.house_bank_registered",
        actor=None,
        object_type="house_bank",
        object_code=bank.code,
        body={"account": account, "last_digits": bank.last_digits, "approval": approval_code},
    )
    return bank


@door
def close(*, code: str, actor: Any, now: datetime) -> HouseBank:
    """Write down that an account was closed at the bank; that needs nobody's word.

    Refuses with `StillHoldsMoney` while the books have money on it. Money that goes there
    afterwards goes to a stranger.
    """
    bank = (
        HouseBank.objects.select_for_update(no_key=True, of=("self",))
        .select_related("account")
        .filter(code=code, closed_at__isnull=True)
        .first()
    )
    if bank is None:
        raise BankUnknown
    if balance := ledger.balance(bank.account.code):
        raise StillHoldsMoney(balance_fen=-balance)
    HouseBank.objects.filter(pk=bank.pk).update(closed_at=now)
    bank.closed_at = now
    trail.record(
        action="finance.house_bank_closed",
        actor=actor,
        object_type="house_bank",
        object_code=bank.code,
        body={"account": bank.account.code, "last_digits": bank.last_digits},
    )
    return bank
