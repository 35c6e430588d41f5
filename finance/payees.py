"""Who money may go to out of an escrow account: one list, kept by the word of others (F129, F265).

A payee is asked for by one and listed by the word of others, who sign the very number. The
database takes a payment order to nobody else, and what left an account to somebody who is not on
the list raises an alarm and stops payouts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from .models import Payee, Purpose
from .remittance_models import OF_A_PARTY

KIND = "finance.payee"
NUMBER = re.compile(r"[0-9]{8,32}")
LONGEST_REASON = 200
CLEARING = "clearing:"

State = Payee.State


class PayeeNumberWrong(Refused):
    """Not the number of a bank account."""

    code, status = "payee_number_wrong", 400
    message = _("The number of a bank account has 8 to 32 digits.")


class PayeeNeedsParty(Refused):
    """A commission or a settlement goes to somebody."""

    code, status = "payee_party_missing", 400
    message = _("Please say which partner, organiser or institution this account belongs to.")


class PayeeOfNoProvider(Refused):
    """The books know no such institution."""

    code, status = "payee_provider_unknown", 400
    message = _("The books have no clearing account of this institution.")


class PayeeKnown(Refused):
    """The number is on the list, or somebody asked for it already."""

    code = "payee_known"
    message = _("This account is already on the list, or waits for approval.")


class PayeeUnknown(Refused):
    """No such payee."""

    code, status = "payee_unknown", 404
    message = _("There is no such payee.")


class PayeeNotListed(Refused):
    """He is not on the list, or not for this purpose."""

    code = "payee_not_listed"
    message = _("Money goes to payees who are listed for that purpose, and to nobody else.")


class PayeeReasonMissing(Refused):
    """Taken off the list without a reason."""

    code, status = "payee_reason_missing", 400
    message = _("Please say why this payee comes off the list.")


@door
def ask(
    *,
    purpose: str,
    party: str,
    name: str,
    bank_name: str,
    number: str,
    maker: Any,
    now: datetime,
) -> Payee:
    """Ask that an account be listed; others decide. Nothing is paid to it until they have."""
    digits = checked(number)
    known, party = Purpose(purpose), party.strip()
    if known in OF_A_PARTY and not party:
        raise PayeeNeedsParty(fields=["party"])
    code, index = new_code(), index_of(digits)
    asked = approvals.request(
        kind=KIND,
        payload={
            "payee": code,
            "purpose": known.value,
            "party": party,
            "name": name.strip(),
            "bank_name": bank_name.strip(),
            "last_digits": digits[-4:],
            "number_index": index.hex(),
        },
        maker=maker,
        now=now,
    )
    try:
        return Payee.objects.create(
            code=code,
            purpose=known.value,
            party=party,
            name=name.strip(),
            bank_name=bank_name.strip(),
            number=digits,
            number_index=index,
            last_digits=digits[-4:],
            approval_code=asked.code,
            asked_at=now,
        )
    except IntegrityError as exc:
        name = violated(exc)
        if name in {"payee_once", "payee_of_one_provider"}:
            raise PayeeKnown(fields=["number"]) from exc
        if name == "payee_of_a_known_provider":
            raise PayeeOfNoProvider(fields=["party"]) from exc
        raise


@inside_transaction
def enlist(*, code: str, approval_code: str, now: datetime) -> None:
    """Put a payee on the list; what the last decision performs."""
    payee = _locked(code)
    if payee.approval_code != approval_code:
        raise PayeeUnknown
    _move(payee, State.LISTED, actor=None, listed_at=now)


@inside_transaction
def refuse(*, code: str, reason: str, now: datetime) -> None:
    """What a refused or expired request leads to: the account is not listed."""
    _move(_locked(code), State.REFUSED, actor=None, reason=reason[:LONGEST_REASON], ended_at=now)


@door
def retire(*, code: str, reason: str, actor: Any, now: datetime) -> Payee:
    """Take a payee off the list, at once; what was paid to him stays as it is."""
    if not reason.strip():
        raise PayeeReasonMissing
    payee = _locked(code)
    if payee.state != State.LISTED:
        raise PayeeNotListed
    reason = reason.strip()[:LONGEST_REASON]
    _move(payee, State.RETIRED, actor=actor, reason=reason, ended_at=now)
    return payee


def find(code: str) -> Payee:
    """One payee, listed or not, or `PayeeUnknown`."""
    found = Payee.objects.filter(code=code).first()
    if found is None:
        raise PayeeUnknown
    return found


def every() -> Sequence[Payee]:
    """All payees there are or were, by what they are paid for."""
    return list(Payee.objects.order_by("purpose", "party", "-asked_at", "-pk"))


def listed_for(account: str) -> Sequence[Payee]:
    """The payees to whom what lies in `account` may be paid."""
    kind, _colon, party = account.partition(":")
    return list(
        Payee.objects.filter(
            purpose=kind.upper(), party__in={"", party}, state=State.LISTED
        ).order_by("-party", "listed_at", "pk")
    )


def is_listed(number: str) -> bool:
    """Whether an account number is on the list, for whatever purpose (F129)."""
    return bool(listed([index_of(number)]))


def listed(indexes: Collection[bytes]) -> set[bytes]:
    """Which of these numbers (blind indexes) are on the list, for whatever purpose (F129)."""
    rows = Payee.objects.filter(number_index__in=set(indexes), state=State.LISTED)
    return {bytes(index) for index in rows.values_list("number_index", flat=True)}


def clearing_of(indexes: Collection[bytes]) -> Mapping[bytes, str]:
    """The clearing account in the books of each of these numbers that is an institution's."""
    rows = Payee.objects.filter(
        number_index__in=set(indexes), state=State.LISTED, purpose=Purpose.PROVIDER
    )
    found = rows.values_list("number_index", "party")
    return {bytes(index): f"{CLEARING}{party}" for index, party in found}


def index_of(number: str) -> bytes:
    """The blind index of an account number, however it is spaced."""
    return blind_index("bank", _plain(number))


def checked(number: str) -> str:
    """The digits of an account number, or `PayeeNumberWrong`."""
    digits = _plain(number)
    if not NUMBER.fullmatch(digits):
        raise PayeeNumberWrong(fields=["number"])
    return digits


def shown(payee: Payee) -> str:
    """How a payee is named on pages: name, bank and the last digits."""
    return f"{payee.name}, {payee.bank_name} …{payee.last_digits}"


def _plain(number: str) -> str:
    return re.sub(r"[\s-]", "", number).upper()


def _locked(code: str) -> Payee:
    found = Payee.objects.select_for_update(no_key=True).filter(code=code).first()
    if found is None:
        raise PayeeUnknown
    return found


def _move(payee: Payee, state: Payee.State, *, actor: Any, **changes: Any) -> None:
    change(payee, state=state, **changes)
    trail.record(
        action=f"finance.payee_{state.lower()}",
        actor=actor,
        object_type="payee",
        object_code=payee.code,
        body={
            "purpose": payee.purpose, "party": payee.party, "name": payee.name,
            "bank_name": payee.bank_name, "last_digits": payee.last_digits,
            "approval": payee.approval_code, "reason": payee.reason,
        },
    )  # fmt: skip
