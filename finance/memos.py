"""What a movement of the wallet was for, in words.

This room knows deposits and withdrawals. What was bought or won only higher rooms can say: at
start-up they register a describer for the references they book under (the word before the colon):

    memos.register("purchase", describe)   # describe(lines) -> {(reference, position): Memo(…), …}

It is asked once for all lines of a page, so it can answer with one query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib import sentences

from . import bank_accounts
from .ledger import EntryKind, Line
from .models import Deposit, DepositReturn, Withdrawal
from .providers import ProviderUnknown, known


@dataclass(frozen=True)
class Memo:
    """A line in words: what it was, a detail, and the page that tells more."""

    title: str
    detail: str = ""
    url: str = ""


Key = tuple[str, int]
Describe = Callable[[Sequence[Line]], Mapping[Key, Memo]]

WORDS: dict[str, str | Promise] = {
    EntryKind.DEPOSIT: gettext_lazy("Deposit"),
    EntryKind.DEPOSIT_RETURNED: gettext_lazy("Deposit returned to its source"),
    EntryKind.PURCHASE: gettext_lazy("Tickets bought"),
    EntryKind.REFUND: gettext_lazy("Stake returned"),
    EntryKind.PRIZE: gettext_lazy("Prize"),
    EntryKind.WITHDRAWAL_HOLD: gettext_lazy("Withdrawal"),
    EntryKind.WITHDRAWAL_RELEASE: gettext_lazy("Withdrawal returned"),
    EntryKind.WITHDRAWAL_PAID: gettext_lazy("Withdrawal paid"),
    EntryKind.PLAN_HOLD: gettext_lazy("Set aside for a plan"),
    EntryKind.PLAN_RELEASE: gettext_lazy("Released from a plan"),
    EntryKind.CHARGEBACK: gettext_lazy("Deposit taken back by the bank"),
    EntryKind.RECOVERY: gettext_lazy("Debt paid"),
    EntryKind.BONUS: gettext_lazy("Bonus"),
    EntryKind.BONUS_LAPSED: gettext_lazy("Bonus lapsed"),
    EntryKind.EVENT_FEE: gettext_lazy("Fee of an event"),
    EntryKind.ADJUSTMENT: gettext_lazy("Correction"),
    EntryKind.REVERSAL: gettext_lazy("Reversal"),
}
_DESCRIBERS: dict[str, Describe] = {}


def register(prefix: str, describe: Describe) -> None:
    """Let `describe` speak for all references that begin with `prefix` and a colon."""
    if _DESCRIBERS.get(prefix, describe) is not describe:
        raise RuntimeError(f"Two rooms describe {prefix}.")
    _DESCRIBERS[prefix] = describe


def describe(lines: Sequence[Line]) -> list[Memo]:
    """The words of each line, in the order of the lines."""
    by_prefix: dict[str, list[Line]] = {}
    for line in lines:
        by_prefix.setdefault(line.reference.partition(":")[0], []).append(line)
    found: dict[Key, Memo] = {}
    for prefix, group in by_prefix.items():
        if describer := _DESCRIBERS.get(prefix):
            found.update(describer(group))
    return [found.get((line.reference, line.position)) or _plain(line) for line in lines]


def stage(withdrawal: Withdrawal) -> str:
    """Where a withdrawal stands, in a player's word; what nobody looked at was not approved."""
    if withdrawal.state == Withdrawal.State.APPROVED and not withdrawal.approval_code:
        return _("On its way")
    return str(withdrawal.get_state_display())


PURSES: Mapping[str, str | Promise] = {
    "wallet": gettext_lazy("Money brought in"),
    "winnings": gettext_lazy("Winnings"),
    "bonus": gettext_lazy("Bonus"),
}


def purse(line: Line) -> str:
    """The purse a line moved, as the wallet page calls it."""
    return str(PURSES.get(line.account.partition(":")[0], ""))


def _plain(line: Line) -> Memo:
    return Memo(title=str(WORDS.get(line.kind, line.kind)))


def _code(line: Line) -> str:
    return line.reference.split(":")[1]


def _deposits(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    rows = Deposit.objects.in_bulk([_code(line) for line in lines], field_name="code")
    memos = {}
    for line in lines:
        deposit = rows.get(_code(line))
        if deposit is not None:
            memos[line.reference, line.position] = Memo(
                title=str(WORDS[line.kind]),
                detail=_provider(deposit.provider),
                url=reverse("finance:deposit_state", args=[deposit.code]),
            )
    return memos


def _returns(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    rows = DepositReturn.objects.select_related("deposit", "plan").in_bulk(
        [_code(line) for line in lines], field_name="code"
    )
    memos = {}
    for line in lines:
        row = rows.get(_code(line))
        if row is not None:
            is_back = line.reference.endswith(":back")
            memos[line.reference, line.position] = Memo(
                title=_("Refund came back") if is_back else str(WORDS[line.kind]),
                detail=row.plan.reason,
                url=reverse("finance:deposit_state", args=[row.deposit.code]),
            )
    return memos


def _withdrawals(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    rows = Withdrawal.objects.select_related("bank_account").in_bulk(
        [_code(line) for line in lines], field_name="code"
    )
    memos = {}
    for line in lines:
        withdrawal = rows.get(_code(line))
        if withdrawal is None:
            continue
        title, detail = str(WORDS[line.kind]), sentences.shown(withdrawal.reason)
        if line.kind == EntryKind.WITHDRAWAL_HOLD:
            bank = bank_accounts.shown(withdrawal.bank_account)
            title = _("Withdrawal to %(bank)s") % {"bank": bank}
            detail = stage(withdrawal)
        memos[line.reference, line.position] = Memo(
            title=title,
            detail=detail,
            url=reverse("finance:withdrawal", args=[withdrawal.code]),
        )
    return memos


def _provider(name: str) -> str:
    try:
        return str(known(name).title)
    except ProviderUnknown:
        return name


register("deposit", _deposits)
register("chargeback", _deposits)
register("return", _returns)
register("withdrawal", _withdrawals)
