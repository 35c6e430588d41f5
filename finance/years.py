"""The end of a year in the books: what it brought in and cost goes to the surplus.

By the word of others, in the moves they saw, on the last day of the year, while its December is
still open. December closes only after it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import ledger
from .ledger import AccountKind, EntryKind, Move
from .models import Period
from .statements import figures

KIND = "finance.year_end"
SURPLUS = "surplus:operator"


class YearUnknown(Refused):
    """The books have no month of that year."""

    code, status = "year_unknown", 404
    message = _("The books have no such year.")


class YearNotOver(Refused):
    """The year still runs."""

    code = "year_not_over"
    message = _("This year is not over yet.")


class YearAtItsEnd(Refused):
    """Nothing of the year is left in income and expenses."""

    code = "year_nothing_left"
    message = _("Nothing of this year is left in income and expenses.")


class EarlierYearOpen(Refused):
    """A year before it is not carried forward yet."""

    code = "year_not_in_order"
    message = _("An earlier month is still open. Close it first.")


class YearClosed(Refused):
    """Its December is closed: nothing more is booked on its last day."""

    code = "year_closed"
    message = _("December of this year is closed already.")


class YearChanged(Refused):
    """Something was booked in the year after the request."""

    code = "year_changed"
    message = _("Something was booked in this year since it was asked for. Ask again.")


def moves_of(year: int) -> list[Move]:
    """What carries the year forward: every account of income and expenses to nothing."""
    end = date(year, 12, 31)
    span = figures.Span(first=date(year, 1, 1), last=end)
    moves = []
    for one in figures.standing(span):
        if one.kind not in {AccountKind.INCOME, AccountKind.EXPENSE}:
            continue
        if one.closing > 0:
            moves.append(Move(source=one.account, target=SURPLUS, amount=one.closing))
        elif one.closing < 0:
            moves.append(Move(source=SURPLUS, target=one.account, amount=-one.closing))
    return sorted(moves, key=lambda move: (move.source, move.target))


@door
def ask(*, year: int, maker: Any, now: datetime) -> approvals.Request:
    """Ask that the year be carried forward; others decide. Refuses what cannot be booked anyway."""
    if dates.in_shanghai(now).year <= year:
        raise YearNotOver
    if not Period.objects.filter(code__startswith=f"{year:04d}-").exists():
        raise YearUnknown
    december = Period.objects.filter(first_day=date(year, 12, 1))
    if december.filter(state=Period.State.CLOSED).exists():
        raise YearClosed
    if Period.objects.filter(state=Period.State.OPEN, last_day__lt=date(year, 12, 1)).exists():
        raise EarlierYearOpen
    moves = moves_of(year)
    if not moves:
        raise YearAtItsEnd
    return approvals.request(
        kind=KIND,
        payload={"year": year, "moves": _rows(moves)},
        maker=maker,
        now=now,
        amount_fen=sum(move.amount for move in moves),
    )


@inside_transaction
def carry_forward(*, request: approvals.Request) -> None:
    """Book what was approved; what the last decision performs."""
    year = int(request.payload["year"])
    moves = moves_of(year)
    if _rows(moves) != [list(row) for row in request.payload["moves"]]:
        raise YearChanged
    ledger.open_account(code=SURPLUS, kind=AccountKind.SURPLUS)
    ledger.post(
        reference=f"closing:{request.code}",
        kind=EntryKind.CLOSING,
        moves=moves,
        day=date(year, 12, 31),
    )
    trail.record(
        action="finance.year_ended",
        actor=None,
        object_type="year",
        object_code=str(year),
        body={"approval": request.code, "moves": _rows(moves)},
    )


def _rows(moves: list[Move]) -> list[list[Any]]:
    return [[move.source, move.target, move.amount] for move in moves]
