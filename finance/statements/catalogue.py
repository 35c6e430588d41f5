"""Which statements there are, and how one is made by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import position, results, trial
from .figures import Span
from .layout import Statement


class StatementUnknown(Refused):
    """No such statement."""

    code, status = "statement_unknown", 404
    message = _("There is no such statement.")


@dataclass(frozen=True)
class Kind:
    """One kind of statement: its title, what it says, and what makes it."""

    name: str
    title: str | Promise
    about: str | Promise
    make: Callable[[Span], Statement]


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "trial",
            _("Trial balance"),
            _("Every subject and account: before, moved, after. Debit and credit are one sum."),
            trial.trial,
        ),
        Kind(
            "balance",
            _("Balance sheet"),
            _("What there is, what is owed, and whose the rest is, on the last day."),
            position.balance_sheet,
        ),
        Kind(
            "income",
            _("Income statement"),
            _("Business fee drawn and other income, less expenses."),
            results.income,
        ),
        Kind(
            "cash-flow",
            _("Cash flow statement"),
            _("Money in and out by what it was for; what only changed places is no flow."),
            results.cash_flow,
        ),
        Kind(
            "liabilities",
            _("Liability report"),
            _("Balances of players and open prizes on the last day, and what stands against them."),
            position.liabilities,
        ),
        Kind(
            "sales",
            _("Sales and their allocation"),
            _("What was staked, where every fen of it went, prizes, pool and fund."),
            results.sales,
        ),
    )
}


def make(name: str, span: Span) -> Statement:
    """The statement of this name for these days, or `StatementUnknown`."""
    kind = KINDS.get(name)
    if kind is None:
        raise StatementUnknown
    return kind.make(span)
