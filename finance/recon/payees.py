"""Who money of the house may go to, and the bank accounts of the house itself (F117, F129).

Both registers are written by the word of others only. Other registers of this room that also know
accounts money may go to hand them up with `also_listed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from finance import ledger
from finance.ledger import AccountKind
from finance.models import Account, HouseBank, ListedPayee
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

HOUSE_KIND = "finance.house_bank"
PAYEE_KIND = "finance.listed_payee"
NUMBER = re.compile(r"[0-9A-Z@._]{6,40}")
WORD = re.compile(r"[a-z0-9_-]{2,20}")
Purpose = ListedPayee.Purpose
Listed = Callable[[Collection[bytes]], Collection[bytes]]
_ALSO: list[Listed] = []


class NumberMalformed(Refused):
    """Not the number of an account."""

    code, status = "payee_number_wrong", 400
    message = _("This is not an account number.")


class WordMalformed(Refused):
    """Not a short name for the books."""

    code, status = "house_bank_word_wrong", 400
    message = _("The short name has 2 to 20 small letters, digits, - or _.")


class ClearingUnknown(Refused):
    """No such provider in the books."""

    code, status = "payee_clearing_unknown", 400
    message = _("Please name the clearing account of the provider.")


class RegisteredAlready(Refused):
    """This account stands in the register."""

    code = "payee_registered_already"
    message = _("This account is registered already.")


class PayeeUnknown(Refused):
    """Not in the register."""

    code, status = "payee_unknown", 404
    message = _("There is no such entry in the register.")


_REFUSALS: dict[str, type[Refused]] = {
    "house_bank_number_once": RegisteredAlready,
    "finance_housebank_account_id_key": RegisteredAlready,
    "listed_payee_once": RegisteredAlready,
    "listed_payee_of_a_provider_names_it": ClearingUnknown,
}


def also_listed(source: Listed) -> None:
    """Let another register say which of these numbers (blind indexes) it lists."""
    if source not in _ALSO:
        _ALSO.append(source)


def index_of(number: str) -> bytes:
    """The blind index of an account number, however it is spaced."""
    return blind_index("bank", plain(number))


def plain(number: str) -> str:
    """A number without spaces and dashes, in upper case."""
    return re.sub(r"[\s-]", "", number).upper()


def listed(indexes: Collection[bytes]) -> set[bytes]:
    """Which of these numbers money may go to."""
    asked = set(indexes)
    known = {
        bytes(index)
        for index in ListedPayee.objects.filter(
            number_index__in=asked, removed_at__isnull=True
        ).values_list("number_index", flat=True)
    } | {
        bytes(index)
        for index in HouseBank.objects.filter(
            number_index__in=asked, closed_at__isnull=True, purpose=HouseBank.Purpose.SALES
        ).values_list("number_index", flat=True)
    }
    for source in _ALSO:
        known |= set(source(asked))
    return known & asked


def clearing_of(indexes: Collection[bytes]) -> Mapping[bytes, str]:
    """The clearing account of each of these numbers that is a provider's."""
    rows = ListedPayee.objects.filter(
        number_index__in=set(indexes), removed_at__isnull=True, clearing__isnull=False
    ).values_list("number_index", "clearing__code")
    return {bytes(index): code for index, code in rows}


@door
def ask_house_bank(
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
    digits = _checked(number)
    if HouseBank.objects.filter(number_index=index_of(digits)).exists():
        raise RegisteredAlready
    return approvals.request(
        kind=HOUSE_KIND,
        payload={
            "house_bank": new_code(),
            "word": word,
            "bank_name": bank_name.strip(),
            "number": digits,
            "number_index": index_of(digits).hex(),
            "holder": holder.strip(),
            "purpose": purpose,
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def register_house_bank(
    *, payload: Mapping[str, Any], approval_code: str, now: datetime
) -> HouseBank:
    """What the last decision performs: the account stands in the register and in the books."""
    kind = AccountKind.ESCROW if payload["purpose"] == "SALES" else AccountKind.OWNBANK
    account = f"{kind.lower()}:{payload['word']}"
    ledger.open_account(code=account, kind=kind)
    try:
        bank = HouseBank.objects.create(
            code=payload["house_bank"],
            bank_name=payload["bank_name"],
            number=payload["number"],
            number_index=index_of(payload["number"]),
            last_digits=payload["number"][-4:],
            holder=payload["holder"],
            purpose=payload["purpose"],
            account=Account.objects.get(code=account),
            approval_code=approval_code,
            opened_at=now,
        )
    except IntegrityError as exc:
        raise _refusal(exc) from exc
    trail.record(
        action="finance.house_bank_registered",
        actor=None,
        object_type="house_bank",
        object_code=bank.code,
        body={"account": account, "last_digits": bank.last_digits, "approval": approval_code},
    )
    return bank


@door
def ask_payee(
    *,
    holder: str,
    bank_name: str,
    number: str,
    purpose: str,
    clearing: str = "",
    maker: Any,
    now: datetime,
) -> approvals.Request:
    """Ask that an account be listed as one that money may go to."""
    digits = _checked(number)
    if ListedPayee.objects.filter(number_index=index_of(digits), removed_at__isnull=True).exists():
        raise RegisteredAlready
    is_provider = purpose == Purpose.PROVIDER
    known = Account.objects.filter(code=clearing, kind=AccountKind.CLEARING, is_shadow=False)
    if is_provider != bool(clearing) or (is_provider and not known.exists()):
        raise ClearingUnknown(fields=["clearing"])
    return approvals.request(
        kind=PAYEE_KIND,
        payload={
            "payee": new_code(),
            "holder": holder.strip(),
            "bank_name": bank_name.strip(),
            "number": digits,
            "number_index": index_of(digits).hex(),
            "purpose": purpose,
            "clearing": clearing,
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def list_payee(*, payload: Mapping[str, Any], approval_code: str, now: datetime) -> ListedPayee:
    """What the last decision performs: money may go there from now on."""
    clearing = payload["clearing"]
    try:
        payee = ListedPayee.objects.create(
            code=payload["payee"],
            holder=payload["holder"],
            bank_name=payload["bank_name"],
            number=payload["number"],
            number_index=index_of(payload["number"]),
            last_digits=payload["number"][-4:],
            purpose=payload["purpose"],
            clearing=Account.objects.get(code=clearing) if clearing else None,
            approval_code=approval_code,
            listed_at=now,
        )
    except IntegrityError as exc:
        raise _refusal(exc) from exc
    trail.record(
        action="finance.listed_payee_added",
        actor=None,
        object_type="listed_payee",
        object_code=payee.code,
        body={
            "purpose": payee.purpose,
            "last_digits": payee.last_digits,
            "approval": approval_code,
        },
    )
    return payee


@door
def unlist(*, code: str, actor: Any, now: datetime) -> None:
    """Take a payee off the list at once; that needs nobody's word."""
    if not ListedPayee.objects.filter(code=code, removed_at__isnull=True).update(removed_at=now):
        raise PayeeUnknown
    trail.record(
        action="finance.listed_payee_removed",
        actor=actor,
        object_type="listed_payee",
        object_code=code,
        body={},
    )


def _checked(number: str) -> str:
    digits = plain(number)
    if not digits.isascii() or not NUMBER.fullmatch(digits):
        raise NumberMalformed(fields=["number"])
    return digits


def _refusal(exc: IntegrityError) -> Exception:
    refusal = _REFUSALS.get(violated(exc))
    return refusal() if refusal else exc
