"""A line says that money came back and not which payout it was: a person says which (F109, F113).

Such a line was booked as unknown money, or waits because its number is nobody's. Others agree that
it is a payout; then what was booked for it gives way to the payout that is given back, in the same
amount on the same account, and its difference ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from finance import ledger
from finance.ledger import AccountKind, Move
from finance.models import Difference, StatementLine, Withdrawal
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import differences, matching

MOST_OFFERED = 20
KINDS = (Difference.Kind.UNKNOWN, Difference.Kind.NOT_BOOKED)


class LineDoesNotFit(Refused):
    """Another account or amount, or the line is settled."""

    code = "payout_line_does_not_fit"
    message = _("This line is settled, or it is of another account or amount than this payout.")


def fitting(difference: Difference) -> Sequence[Withdrawal]:
    """The payouts that an open difference's line may have brought back, the likeliest first.

    Of its amount, by its institution, paid by that day; those to the account the line names lead.
    """
    line = difference.line
    if line is None or difference.state != Difference.State.OPEN or not _may_tell(difference):
        return []
    until = datetime.combine(line.booked_on + timedelta(days=1), time.min, dates.SHANGHAI)
    found = Withdrawal.objects.filter(
        state=Withdrawal.State.PAID,
        provider=line.account.code.partition(":")[2],
        amount=line.amount,
        ended_at__lt=until,
    ).select_related("bank_account")
    latest = list(found.order_by("-ended_at", "-pk")[:MOST_OFFERED])
    return sorted(latest, key=lambda one: not names(line, one))


def unnamed(withdrawal: Withdrawal) -> Sequence[Difference]:
    """The open differences whose lines may be this payout, and do not name it."""
    found = Difference.objects.filter(
        state=Difference.State.OPEN,
        kind__in=KINDS,
        account__code=f"clearing:{withdrawal.provider}",
        line__amount=withdrawal.amount,
    ).exclude(line__order_code=withdrawal.code)
    return list(found.select_related("line").order_by("line__booked_on", "pk")[:MOST_OFFERED])


def names(line: StatementLine, withdrawal: Withdrawal) -> bool:
    """Whether the line names the very account that the payout went to."""
    index = bytes(line.party_index) if line.party_index else None
    return index == bytes(withdrawal.bank_account.number_index)


def checked(line: str, withdrawal: Withdrawal) -> StatementLine:
    """The line of an open difference that this payout may be, or `LineDoesNotFit`."""
    found = StatementLine.objects.select_related("account", "statement").filter(code=line).first()
    if found is None or not _same_money(found, withdrawal) or _open_difference(found) is None:
        raise LineDoesNotFit
    return found


def booked_for(line: StatementLine) -> Sequence[Move]:
    """The moves that take away what was booked for the line as unknown; none if nothing was."""
    entry = ledger.entry_of(_unknown(line))
    return ledger.back(entry) if entry else ()


@inside_transaction
def held(line: str, withdrawal: Withdrawal) -> StatementLine:
    """The same as `checked`, and until the end of the transaction nobody else settles it."""
    found = checked(line, withdrawal)
    matching.one_at_a_time(found.account)
    if _open_difference(found, is_locked=True) is None:
        raise LineDoesNotFit
    return found


@inside_transaction
def settle(line: StatementLine, withdrawal: Withdrawal, *, actor: Any, now: datetime) -> None:
    """The line is the payout that was just given back; the caller `held` it before."""
    returned = f"withdrawal:{withdrawal.code}:returned"
    if ledger.entry_of(_unknown(line)) is None:
        matching.matched(line, returned, actor, now)
        return
    ledger.reverse(reference=f"{_unknown(line)}:returned", of_reference=_unknown(line))
    difference = _open_difference(line)
    if difference is None:
        raise LineDoesNotFit
    differences.settled(
        difference,
        why=_now("It is the payout %(code)s, which came back.")
        % {"code": codes.shown(withdrawal.code)},
        correction=returned,
        now=now,
    )


def _may_tell(difference: Difference) -> bool:
    return (
        difference.kind in KINDS
        and difference.account.kind == AccountKind.CLEARING
        and difference.stated > 0
    )


def _same_money(line: StatementLine, withdrawal: Withdrawal) -> bool:
    wanted = (f"clearing:{withdrawal.provider}", withdrawal.amount)
    return (line.account.code, line.amount) == wanted


def _open_difference(line: StatementLine, *, is_locked: bool = False) -> Difference | None:
    rows = Difference.objects.filter(line=line, state=Difference.State.OPEN, kind__in=KINDS)
    return (rows.select_for_update(no_key=True) if is_locked else rows).first()


def _unknown(line: StatementLine) -> str:
    """What a line is booked under that nobody could explain."""
    return f"statement:{line.code}"
