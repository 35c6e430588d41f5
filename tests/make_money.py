"""Money for tests, made by the doors: a real deposit, a signed callback, a real withdrawal."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from accounts import demo
from accounts.models import Player
from audit import approvals, policies
from audit.models import ApprovalRequest
from finance import (
    adjustments,
    bank_accounts,
    bank_checks,
    channels,
    deposits,
    inbox,
    ledger,
    wallets,
    withdrawals,
)
from finance.ledger import Move
from finance.models import (
    Adjustment,
    BankAccount,
    Deposit,
    Entry,
    EntryKind,
    Provider,
    ProviderEvent,
    Withdrawal,
)

NOW = datetime(2030, 6, 3, 4, 0, tzinfo=UTC)  # after genesis, whenever the tests run
NAME = "陈小雨"
_numbers = itertools.count(100)


def player(name: str = NAME, *, verified: bool = True, now: datetime = NOW) -> Player:
    """A registered player, verified under `name` unless told otherwise."""
    number = next(_numbers)
    return demo.make_player(
        login=f"138{number:08d}",
        password="a-long-enough-password",
        name=name if verified else "",
        citizen_id=_citizen_id(date(1990, 1, 1), number) if verified else "",
        now=now,
    )


def _citizen_id(birthday: date, number: int) -> str:
    """A number of its own for each person; one day has room for a thousand births."""
    return demo.citizen_id(birthday + timedelta(days=number // 1000), number % 1000)


def staff(staff_name: str, post: str, *, now: datetime = NOW) -> demo.StaffLogin:
    """A member of staff with one post and a second factor."""
    number = next(_numbers)
    return demo.make_staff(
        staff_name=staff_name,
        display_name=staff_name,
        post=post,
        name="何静",
        citizen_id=_citizen_id(date(1985, 5, 5), number),
        password="a-long-enough-password",
        now=now,
    )


def order(who: Player, fen: int, *, key: UUID | None = None, now: datetime = NOW) -> Deposit:
    """A deposit that was begun; no bank was asked yet."""
    return deposits.order(
        player=who, amount=fen, provider="sandbox", request_key=key or uuid4(), now=now
    )


def message(
    deposit: Deposit | None = None, *, now: datetime = NOW, **changes: object
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a callback, as the bank signs it; `changes` alter what it says."""
    said: dict[str, object] = {
        "merchant": "portal",
        "currency": "CNY",
        "state": "PAID",
        **(
            {
                "order": deposit.code,
                "trade": f"T{deposit.code[:12]}",
                "amount_fen": deposit.amount,
                "event": f"{deposit.code}:PAID",
            }
            if deposit
            else {}
        ),
        **changes,
    }
    body = json.dumps(said).encode()
    return signed(body, now=now), body


def signed(
    body: bytes, *, now: datetime = NOW, path: str = "/wallet/callbacks/sandbox/"
) -> dict[str, str]:
    """The headers of a body, made as the protocol says."""
    stamp = str(int(now.timestamp()))
    text = f"POST\n{path}\n{stamp}\n".encode() + body
    return {
        "Bank-Timestamp": stamp,
        "Bank-Signature": hmac.new(settings.SANDBOX_BANK_KEY, text, hashlib.sha256).hexdigest(),
    }


def told(
    deposit: Deposit | None = None, *, now: datetime = NOW, **changes: object
) -> ProviderEvent:
    """The bank says something, by its callback."""
    headers, body = message(deposit, now=now, **changes)
    return inbox.take_callback(
        provider="sandbox", headers=headers, path="/wallet/callbacks/sandbox/", body=body, now=now
    )


def fund(who: Player, fen: int, *, now: datetime = NOW) -> Deposit:
    """Bring `fen` into the wallet by deposits and the bank's word that they were paid; the last.

    Each is below what the house asks the bank about before it believes it.
    """
    most = int(policies.read(inbox.QUERY_FROM, at=now)) - 1_00
    while True:
        deposit = order(who, min(fen, most), now=now)
        told(deposit, now=now)
        fen -= deposit.amount
        if not fen:
            return deposit


def put(who: Player, fen: int) -> None:
    """Put `fen` into the wallet by one posting, where a test asks nothing of deposits.

    No deposit stands behind it: an invariant that counts deposits would name it as a fault.
    """
    with transaction.atomic():
        ledger.post(
            reference=f"put:{uuid4()}",
            kind=EntryKind.DEPOSIT,
            moves=[Move("clearing:sandbox", wallets.wallet_of(who), fen)],
        )


def card(tail: str = "6021", *, stem: str = "62258801234") -> str:
    """A well-formed card number of 19 digits that ends in `tail`."""
    for middle in range(10_000):
        number = f"{stem}{middle:04d}{tail}"
        if _luhn(number):
            return number
    raise AssertionError("There is always one.")


def bank_account(
    who: Player, tail: str = "6021", *, holder: str = NAME, now: datetime = NOW
) -> BankAccount:
    """A bank account in the player's own name, confirmed by the bank."""
    number = card(tail, stem=f"622588{next(_numbers):05d}")
    account = bank_accounts.add(
        player=who, bank_name="建设银行", number=number, holder=holder, now=now
    )
    confirm(account, now=now)
    return account


def confirm(account: BankAccount, *, outcome: str = "MATCHES", now: datetime = NOW) -> None:
    """The bank's word on an account."""
    bank_checks.conclude(code=account.name_check.code, outcome=outcome, now=now)


def withdraw(
    who: Player, fen: int, account: BankAccount, *, key: UUID | None = None, now: datetime = NOW
) -> Withdrawal:
    """Ask for a withdrawal."""
    return withdrawals.request(
        player=who, amount=fen, bank_account=account.code, request_key=key or uuid4(), now=now
    )


def decided(adjustment: Adjustment, *, now: datetime = NOW) -> Adjustment:
    """The word of as many people as a correction needs; the last word books it."""
    for _person in range(ApprovalRequest.objects.get(code=adjustment.approval_code).needed):
        checker = staff(f"checker{next(_numbers)}", "approver", now=now).member.user
        approvals.decide(code=adjustment.approval_code, checker=checker, approve=True, now=now)
    adjustment.refresh_from_db()
    return adjustment


def adjustment(*moves: Move, reason: str = "账实不符", now: datetime = NOW) -> Adjustment:
    """A correction that was asked for and awaits its decision."""
    maker = staff(f"maker{next(_numbers)}", "treasurer", now=now).member.user
    return adjustments.ask(moves=moves, reason=reason, maker=maker, now=now)


def reversal(of_reference: str, *, now: datetime = NOW) -> Adjustment:
    """A reversal that was asked for and awaits its decision."""
    maker = staff(f"maker{next(_numbers)}", "treasurer", now=now).member.user
    return adjustments.ask_reversal(
        of_reference=of_reference, reason="重复入账", maker=maker, now=now
    )


def reversed_entry(of_reference: str, *, now: datetime = NOW) -> Entry:
    """The entry that reversed another, by the word of others."""
    done = decided(reversal(of_reference, now=now), now=now)
    return Entry.objects.get(reference=f"adjustment:{done.code}")


def open_accounts(*accounts: tuple[str, str], is_shadow: bool = False) -> None:
    """Open accounts by code and kind."""
    with transaction.atomic():
        for code, kind in accounts:
            ledger.open_account(code=code, kind=kind, is_shadow=is_shadow)


ENTRY: dict[str, Any] = {
    "code": "alipay",
    "institution": "支付宝（中国）网络技术有限公司",
    "licence_number": "Z2003331000016",
    "licence_until": date(2090, 1, 1),
    "contract_until": date(2090, 1, 1),
    "review_on": date(2090, 1, 1),
    "accepts": ["DEPOSIT", "PAYOUT", "REFUND"],
    "rank": 2,
    "fee_points": 0,
    "fee_least": 0,
    "fee_most": 0,
    "fee_borne_by": "OPERATOR",
    "is_on": True,
}


def entered(*, now: datetime = NOW, **changes: object) -> Provider:
    """An institution in the register, by the word of two people."""
    fields = {**ENTRY, **changes}
    maker = staff(f"maker{next(_numbers)}", "treasurer", now=now).member.user
    checker = staff(f"checker{next(_numbers)}", "approver", now=now).member.user
    asked = channels.ask(fields=fields, maker=maker, now=now)
    approvals.decide(code=asked.code, checker=checker, approve=True, now=now)
    return Provider.objects.get(code=fields["code"])


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(digit * 2, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
